"""Marks on views with the requirements of their decorators, for `protect` and ``flask cognito routes``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask_cognito.authorization.requirement import Access

PUBLIC = "public"

_MARK = "__cognito_access__"


def mark(view: Any, demand: Access | str) -> None:
    """Mark `view` with this requirement, in addition to those of the view inside it.

    ``functools.wraps`` copies marks, so they survive decorators above. A decorator without ``functools.wraps`` loses
    them; the view is then protected, not open.
    """
    setattr(view, _MARK, (demand, *demands_of(view)))


def demands_of(view: Any) -> tuple[Access | str, ...]:
    """Return the marks of a function, or of a class itself, without those of its base classes.

    A `partial` has those of its function, and an object with `__call__` those of that method.
    """
    found: tuple[Access | str, ...] = vars(view).get(_MARK, ()) if hasattr(view, "__dict__") else ()
    inner = view.func if isinstance(view, partial) else getattr(type(view), "__call__", None)  # noqa: B004
    return found + demands_of(inner) if isinstance(inner, FunctionType) else found


def all_demands(view: Any, method: str) -> list[Access | str]:
    """Return the marks of a view, of its class, and of the method of the class that answers this HTTP method."""
    return [demand for part in _parts(view, method) for demand in demands_of(part)]


def is_public(view: Any, method: str) -> bool:
    """Return whether `cognito_public` decorates the view, its class or its method."""
    return PUBLIC in all_demands(view, method)


def _parts(view: Any, method: str) -> Iterator[Any]:
    """Yield the objects that can carry a mark, innermost first."""
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        handler = getattr(view_class, method.lower(), None)
        if handler is None and method == "HEAD":  # like MethodView
            handler = getattr(view_class, "get", None)
        yield handler
        yield getattr(view_class, "dispatch_request", None)
        yield from _method_decorators(view_class, method)
        yield view_class
    yield view


def _method_decorators(view_class: Any, method: str) -> Iterator[Any]:
    """Yield the decorators that Flask-RESTX and Flask-RESTful apply to the method on each request."""
    decorators = getattr(view_class, "method_decorators", ())
    yield from decorators.get(method.lower(), ()) if isinstance(decorators, dict) else decorators
