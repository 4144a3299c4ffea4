"""Find decorators that have no effect where they stand, such as above ``@app.route``, and enforce them anyway."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from itertools import chain
from typing import Any

from flask import Flask

from flask_cognito.authorization.decoration import guards_around, guards_behind_a_cache, guards_in, without_cache
from flask_cognito.authorization.decorators import guard
from flask_cognito.authorization.marks import as_called, class_of, demands_of, unapplied_decorators
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.suspicious import joined, methods_of, report_suspicious
from flask_cognito.state import current_request, the_current_app

_log = logging.getLogger("flask_cognito.config")

_FOUND = "cognito_auth.misplaced"

_CACHED = "a cache stands above the decorator: move it below"


@dataclass
class _Found:
    """What has been found in an app.

    Attributes:
        remarks: By endpoint, what the audit of routes says of its view.
        by_method: By endpoint, the view that guards some methods of a class.
        unused: Endpoints whose functions have a guard that no route uses.
        suspicious: What has been reported already.
    """

    remarks: dict[str, str] = field(default_factory=dict)
    by_method: dict[str, Callable[..., Any]] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)
    suspicious: set[str] = field(default_factory=set)


def misplaced_in(app: Flask) -> dict[str, str]:
    """Wrap views and hooks in their misplaced guards. Return remarks about those views, by endpoint.

    ``@app.route`` returns the function that it registered. A decorator above it guards a copy that no URL reaches. The
    app may still be being set up, so each call looks at all views again.
    """
    found: _Found = app.extensions.setdefault(_FOUND, _Found())
    hooks = app.before_request_funcs
    registered = Registered(chain(app.view_functions.values(), *hooks.values()))
    for endpoint in list(app.view_functions):
        _guard_above_route(app, endpoint, registered, found)
        _guard_behind_cache(app, endpoint, found)
        _guard_methods(app, endpoint, found)
    report_suspicious(app, found.suspicious)
    for scope in hooks:
        for place, hook in enumerate(hooks[scope]):
            missing = registered.missing(hook)
            if missing:
                _log.warning(
                    "hook %s: a decorator (%s) stands above before_request, which registered the function without it."
                    " It is enforced anyway; move before_request to the top",
                    _name_of(hook),
                    joined(missing),
                )
                hooks[scope][place] = _with_all(hook, missing)
            hooks[scope][place] = _before_cache(f"hook {_name_of(hook)}", hooks[scope][place])
    return found.remarks


def _guard_above_route(app: Flask, endpoint: str, registered: Registered, found: _Found) -> None:
    view = app.view_functions[endpoint]
    missing = registered.missing(view)
    if missing:
        _log.warning(
            "view %s: a decorator (%s) stands above its route, which registered the function without it."
            " It is enforced anyway; move the route's decorator to the top",
            endpoint,
            joined(missing),
        )
        app.view_functions[endpoint] = _with_all(view, missing)
        found.remarks[endpoint] = "a decorator stands above the route: move it below"
    elif endpoint not in found.unused and (unused := registered.unused(view)):
        _log.warning(
            "view %s: its function was also put behind a decorator (%s), and no route has the result;"
            " if the route is meant to be protected, register what the decorator returns",
            endpoint,
            joined(unused),
        )
        found.unused.add(endpoint)


def _guard_behind_cache(app: Flask, endpoint: str, found: _Found) -> None:
    view = app.view_functions[endpoint]
    repaired = _before_cache(f"view {endpoint}", view)
    if repaired is not view:
        app.view_functions[endpoint] = repaired
        found.remarks[endpoint] = _CACHED


def _before_cache(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view or hook whose guards no cache can skip."""
    behind = guards_behind_a_cache(function)
    if not behind:
        return function
    uncached: Callable[..., Any] = without_cache(function)
    shared = guards_behind_a_cache(uncached)  # another decorator stands above the cache
    _report_cache(name, behind, is_used=bool(shared))
    return _with_all(uncached, shared)


def _guard_methods(app: Flask, endpoint: str, found: _Found) -> None:
    view = app.view_functions[endpoint]
    view_class = class_of(view)
    if view_class is None or found.by_method.get(endpoint) is view:
        return
    guarded: dict[str, Callable[..., Any]] = {}
    cached: list[Access] = []
    unapplied: list[Access] = []
    for method in methods_of(app, endpoint):
        behind = guards_behind_a_cache(as_called(view_class, method))
        decorators = unapplied_decorators(view_class, method)
        ignored = [demand for each in decorators for demand in demands_of(each) if isinstance(demand, Access)]
        if behind or ignored:
            guarded[method] = _with_all(view, [*ignored, *behind])
            cached += behind
            unapplied += ignored
    if cached:
        _report_cache(f"view {endpoint}", cached, is_used=True)
        found.remarks[endpoint] = _CACHED
    if unapplied:
        _log.warning(
            "view %s: its class does not apply a decorator (%s) in method_decorators to each method."
            " It is enforced anyway; write it above the method, or in decorators",
            endpoint,
            joined(unapplied),
        )
        found.remarks[endpoint] = "the class does not apply method_decorators: write it above the method"
    if guarded:
        app.view_functions[endpoint] = found.by_method[endpoint] = _by_method(view, guarded)


def _report_cache(name: str, behind: list[Access], *, is_used: bool) -> None:
    _log.warning(
        "%s: a cache stands above a decorator (%s), and would answer without it. %s; move the cache below the"
        " decorator, with a key for each user",
        name,
        joined(behind),
        "The decorator is enforced anyway, but users get each other's responses" if is_used else "It is not used",
    )


class Registered:
    """The guards among the functions that an app has registered."""

    def __init__(self, functions: Iterable[Callable[..., Any]]) -> None:
        self._guarded = {guard.function_id for function in functions for guard in guards_in(function)}

    @staticmethod
    def missing(function: Callable[..., Any]) -> list[Access]:
        """Return what decorators above the function require, if it was registered without them."""
        inside = {(guard.function_id, guard.access) for guard in guards_in(function)}
        around = [guard for guard in guards_around(function) if guard.is_syntax]
        return [guard.access for guard in around if (guard.function_id, guard.access) not in inside]

    def unused(self, function: Callable[..., Any]) -> list[Access]:
        """Return what guards created by calls require, if no route uses any of the results."""
        return [guard.access for guard in guards_around(function) if guard.function_id not in self._guarded]


def _name_of(hook: Callable[..., Any]) -> str:
    return str(getattr(hook, "__name__", "before_request"))


def _with_all(function: Callable[..., Any], accesses: list[Access]) -> Callable[..., Any]:
    for access in accesses:
        function = guard(function, access, is_repair=True)
    return function


def _by_method(view: Callable[..., Any], guarded: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return a view that passes each request to the guarded view of its method, or else to `view`."""

    @wraps(view)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        answering = guarded.get(current_request().method, view)
        return the_current_app().ensure_sync(answering)(*args, **kwargs)

    return chosen
