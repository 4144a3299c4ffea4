"""Find decorators above ``@app.route``, which have no effect there, and enforce them anyway."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from flask import Flask

from flask_cognito.authorization.decoration import guards_around, guards_in
from flask_cognito.authorization.decorators import guard
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_demand import require_no_contradiction
from flask_cognito.state import app_state, the_current_app

_log = logging.getLogger("flask_cognito.config")

_FOUND = "cognito_auth.misplaced"
_LOOKED = "cognito_auth.looked_at_routes"


def guard_misplaced() -> None:
    """Run as the app's first ``before_request`` function, and check once, at the first request.

    Raises:
        ConfigurationError: If a route contradicts the app's requirements. Each request raises this until it is fixed.
    """
    app = the_current_app()
    if _LOOKED not in app.extensions:
        misplaced_in(app)
        # A context in a test or script may have asked earlier, while the app was still being set up.
        app_state().route_demands.clear()
        require_no_contradiction(app)
        app.extensions[_LOOKED] = True


def misplaced_in(app: Flask) -> frozenset[str]:
    """Wrap views and hooks in their misplaced guards, and return the endpoints of those views.

    ``@app.route`` returns the function that it registered. A decorator above it guards a copy that no URL reaches.
    """
    known: frozenset[str] | None = app.extensions.get(_FOUND)
    if known is None:
        known = frozenset(_guard_all(app))
        app.extensions[_FOUND] = known
    return known


def _guard_all(app: Flask) -> Iterator[str]:
    hooks = app.before_request_funcs
    registered = Registered(chain(app.view_functions.values(), *hooks.values()))
    for endpoint, view in list(app.view_functions.items()):
        missing = registered.missing(view)
        if missing:
            _log.warning(
                "view %s: a decorator (%s) stands above its route, which registered the function without it."
                " It is enforced anyway; move the route's decorator to the top",
                endpoint,
                _joined(missing),
            )
            app.view_functions[endpoint] = _with_all(view, missing)
            yield endpoint
        elif unused := registered.unused(view):
            _log.warning(
                "view %s: its function was also put behind a decorator (%s), and no route has the result;"
                " if the route is meant to be protected, register what the decorator returns",
                endpoint,
                _joined(unused),
            )
    for scope in hooks:
        for place, hook in enumerate(hooks[scope]):
            missing = registered.missing(hook)
            if missing:
                _log.warning(
                    "hook %s: a decorator (%s) stands above before_request, which registered the function without it."
                    " It is enforced anyway; move before_request to the top",
                    getattr(hook, "__name__", "before_request"),
                    _joined(missing),
                )
                hooks[scope][place] = _with_all(hook, missing)


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


def _joined(accesses: list[Access]) -> str:
    return " + ".join(sorted(map(str, accesses)))


def _with_all(function: Callable[..., Any], accesses: list[Access]) -> Callable[..., Any]:
    for access in accesses:
        function = guard(function, access)
    return function
