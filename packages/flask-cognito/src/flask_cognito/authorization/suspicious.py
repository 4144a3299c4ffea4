"""Warn of views that look protected and are not, if the app may have meant it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from flask import Flask

from flask_cognito.authorization.decoration import opened_by_call
from flask_cognito.authorization.marks import PUBLIC, all_demands, class_of, demands_of, overridden_demands
from flask_cognito.authorization.protect import Guard
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_demand import hooks_before

_log = logging.getLogger("flask_cognito.config")


def report_suspicious(app: Flask, said: set[str]) -> None:
    """Log a warning for each such view.

    Args:
        app: The app.
        said: What has been reported already. It grows.
    """
    for endpoint in app.view_functions:
        _report_overrides(app, endpoint, said)
    _report_opened(app, said)


def _report_overrides(app: Flask, endpoint: str, said: set[str]) -> None:
    view = app.view_functions[endpoint]
    view_class = class_of(view)
    if view_class is None or endpoint in said:
        return
    lost: list[Access] = []
    for method in methods_of(app, endpoint):
        present = all_demands(view, method)
        present += [demand for hook in hooks_before(app, endpoint) for demand in demands_of(hook)]
        demands = overridden_demands(view_class, method)
        lost += [each for each in demands if isinstance(each, Access) and each not in present and PUBLIC not in present]
    if lost:
        said.add(endpoint)
        _log.warning(
            "view %s: its class overrides a method or list that has a decorator (%s), which is not enforced;"
            " repeat it, or write cognito_public above the method",
            endpoint,
            joined(lost),
        )


def _report_opened(app: Flask, said: set[str]) -> None:
    by_function: dict[int, list[str]] = {}
    for endpoint, view in app.view_functions.items():
        function_id = opened_by_call(view)
        if function_id is not None and any(isinstance(hook, Guard) for hook in hooks_before(app, endpoint)):
            by_function.setdefault(function_id, []).append(endpoint)
    for endpoints in by_function.values():
        names = ", ".join(sorted(endpoints))
        # A blueprint that is registered twice has two endpoints that end alike, for one and the same route.
        if len({endpoint.rpartition(".")[2] for endpoint in endpoints}) > 1 and names not in said:
            _log.warning(
                "views %s: a call of cognito_public has opened all of them, because they are one function; to open only"
                " one, call cognito_public(functools.partial(view)) for it",
                names,
            )
            said.add(names)


def methods_of(app: Flask, endpoint: str) -> set[str]:
    """Return the HTTP methods of a view."""
    return {method for rule in app.url_map.iter_rules(endpoint) for method in rule.methods or ()}


def joined(accesses: Iterable[Access]) -> str:
    """Return requirements as text."""
    return " + ".join(sorted({str(access) for access in accesses}))
