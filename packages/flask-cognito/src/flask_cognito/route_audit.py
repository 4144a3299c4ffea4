"""What each route of an app demands, as far as decorators and `CognitoAuth.protect` say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

from flask_cognito.access import Access
from flask_cognito.marks import PUBLIC, all_demands
from flask_cognito.protection import Guard, is_static

OPEN = "OPEN"


@dataclass(frozen=True)
class AuditedRoute:
    """A URL, the methods that demand the same, and what they demand."""

    url: str
    methods: tuple[str, ...]
    demand: str

    @property
    def is_open(self) -> bool:
        """Whether nobody has said anything about it."""
        return self.demand == OPEN


def audited_routes(app: Flask) -> list[AuditedRoute]:
    """Every route, by URL.

    A view that calls `verify_cognito_jwt` by hand looks open from here; `cognito_public` says that this is meant.
    """
    return sorted(_audited(app), key=lambda route: (route.url, route.methods))


def _audited(app: Flask) -> Iterator[AuditedRoute]:
    for rule in app.url_map.iter_rules():
        if rule.build_only or rule.redirect_to is not None:  # it leads to no view
            continue
        by_demand: dict[str, list[str]] = {}
        for method in _methods(rule):
            by_demand.setdefault(_demand(app, rule.endpoint, method), []).append(method)
        for demand, methods in by_demand.items():
            if "GET" in methods and "HEAD" in methods:  # nearly always: HEAD is the view's GET
                methods.remove("HEAD")
            yield AuditedRoute(rule.rule, tuple(methods), demand)


def _methods(rule: Rule) -> list[str]:
    """The methods that a view answers; most answers to OPTIONS are Flask's own."""
    automatic = {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else set()
    return sorted(set(rule.methods or ("*",)) - automatic)


def _demand(app: Flask, endpoint: str, method: str) -> str:
    view = app.view_functions.get(endpoint)
    if is_static(endpoint, view):
        return "static files"
    said = all_demands(view, method)
    is_public = PUBLIC in said
    accesses = [demand for demand in said if isinstance(demand, Access)]
    if not is_public:
        accesses += _guards(app, endpoint)
    demands = dict.fromkeys(str(access) for access in accesses)
    if len(demands) > 1:
        demands.pop(str(Access()), None)  # whoever is in a group is signed in
    return " + ".join(demands) or ("public" if is_public else OPEN)


def _guards(app: Flask, endpoint: str) -> Iterator[Access]:
    parts = endpoint.split(".")[:-1]
    blueprints = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for name in (None, *blueprints):
        for function in app.before_request_funcs.get(name, ()):
            if isinstance(function, Guard):
                yield function.access
