"""Marks on views: what the decorators have said about them, for `protect` and ``flask cognito routes``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask_cognito.access import Access

PUBLIC = "public"

_MARK = "__cognito_access__"


def mark(view: Any, demand: Access | str) -> None:
    """Note on `view` that it makes this demand, beside those of the view inside it.

    ``functools.wraps`` hands marks on, so that one survives the decorators above it. A decorator that is no good
    citizen loses it; then the view is protected, not open.
    """
    setattr(view, _MARK, (demand, *demands_of(view)))


def demands_of(view: Any) -> tuple[Access | str, ...]:
    """The marks of a function, or of a class itself: what a class has said holds for its subclasses no longer."""
    found: tuple[Access | str, ...] = vars(view).get(_MARK, ()) if hasattr(view, "__dict__") else ()
    return found


def all_demands(view: Callable[..., Any] | None, method: str) -> list[Access | str]:
    """What is said about a view, its class, and the method of the class that answers this HTTP method."""
    return [demand for part in _parts(view, method) for demand in demands_of(part)]


def is_public(view: Callable[..., Any] | None, method: str) -> bool:
    """Whether `cognito_public` is said of it."""
    return PUBLIC in all_demands(view, method)


def _parts(view: Callable[..., Any] | None, method: str) -> Iterator[Any]:
    yield view
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        yield view_class
        handler = getattr(view_class, method.lower(), None)
        if handler is None and method == "HEAD":  # as MethodView does
            handler = getattr(view_class, "get", None)
        yield handler
        yield from _method_decorators(view_class, method)


def _method_decorators(view_class: Any, method: str) -> Iterator[Any]:
    """Those of Flask-RESTX and Flask-RESTful, which are put around the method with each request."""
    decorators = getattr(view_class, "method_decorators", ())
    yield from decorators.get(method.lower(), ()) if isinstance(decorators, dict) else decorators
