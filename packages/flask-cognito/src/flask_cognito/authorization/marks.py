"""Marks on views with the requirements of their decorators, for `protect` and ``flask cognito routes``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial, wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any

from flask.views import MethodView

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
    view_class = class_of(view)
    if view_class is not None:
        yield handler_of(view_class, method)
        yield getattr(view_class, "dispatch_request", None)
        yield from method_decorators(view_class, _answering(view_class, method))
        yield view_class
    yield view


def class_of(view: Any) -> type | None:
    """Return the class of a class-based view."""
    view_class = getattr(view, "view_class", None)
    return view_class if isinstance(view_class, type) else None


def handler_of(view_class: type, method: str) -> Any:
    """Return the method of a `MethodView` that answers this HTTP method. Other classes decide that themselves."""
    return getattr(view_class, _answering(view_class, method), None) if issubclass(view_class, MethodView) else None


def method_decorators(view_class: type, handler_name: str) -> tuple[Any, ...]:
    """Return the decorators that Flask-RESTX and Flask-RESTful apply to this method on each request."""
    decorators: Any = getattr(view_class, "method_decorators", ())
    found = decorators.get(handler_name, ()) if isinstance(decorators, Mapping) else decorators
    return tuple(found) if isinstance(found, (list, tuple)) else ()


def unapplied_decorators(view_class: type, method: str) -> list[Any]:
    """Return the `method_decorators` that this method of the class does not get.

    Flask itself ignores the attribute. If it is a dict, Flask-RESTful answers HEAD with ``get`` without its decorators.
    """
    expected = method_decorators(view_class, _answering(view_class, method))
    applied = _applied_decorators(view_class, method)
    return [decorator for decorator in expected if decorator not in applied]


def as_called(view_class: type, method: str) -> Any:
    """Return what Flask-RESTX and Flask-RESTful call for this method: the handler in all its decorators."""
    handler = handler_of(view_class, method)
    decorators = _applied_decorators(view_class, method)
    if handler is None or not any(demands_of(decorator) for decorator in decorators):
        return handler
    called: Any = wraps(handler)(partial(handler))  # subclasses share the handler, which must not get these marks
    for decorator in decorators:
        called = decorator(called)
    return called


def overridden_demands(view_class: type, method: str) -> list[Access | str]:
    """Return the marks that base classes put on this method or on all methods, and that an override does not repeat.

    An override that calls `super` is left out, because the method of the base class still checks the request.
    """
    name = _answering(view_class, method) if issubclass(view_class, MethodView) else "dispatch_request"
    handlers = _definitions(view_class, name)
    if not handlers:  # Flask answers OPTIONS
        return []
    lists = [each for each in _definitions(view_class, "decorators")[1:] if isinstance(each, (list, tuple))]
    overridden = [decorator for each in lists for decorator in each]
    if "super" not in getattr(getattr(handlers[0], "__code__", None), "co_names", ()):
        overridden += handlers[1:]
    return [demand for each in overridden for demand in demands_of(each)]


def _definitions(view_class: type, name: str) -> list[Any]:
    """Return what a class and its base classes call by this name, the effective one first."""
    return [vars(each)[name] for each in view_class.__mro__ if name in vars(each)]


def _applied_decorators(view_class: type, method: str) -> tuple[Any, ...]:
    dispatchers = _definitions(view_class, "dispatch_request")
    if any("method_decorators" in each.__code__.co_names for each in dispatchers if isinstance(each, FunctionType)):
        return method_decorators(view_class, method.lower())
    return ()


def _answering(view_class: type, method: str) -> str:
    is_get = method == "HEAD" and getattr(view_class, "head", None) is None  # like MethodView
    return "get" if is_get else method.lower()
