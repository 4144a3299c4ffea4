"""List what each route of an app requires, according to decorators, hooks and `CognitoAuth.protect`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import Flask
from werkzeug.routing import Rule

from flask_cognito.authentication.demand import NO_DEMAND, TokenDemand
from flask_cognito.authorization.decoration import is_guard
from flask_cognito.authorization.marks import PUBLIC, all_demands, demands_of
from flask_cognito.authorization.misplaced import misplaced_in
from flask_cognito.authorization.protect import Guard, is_static
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_demand import hooks_before

OPEN = "OPEN"


@dataclass(frozen=True)
class AuditedRoute:
    """A URL, methods with the same requirements, and these requirements.

    Attributes:
        url: The rule, such as ``/todos/<int:id>``, after its host if it has one.
        methods: The methods.
        demand: The requirements as text.
        demands_more: Whether the route can reject a token that the app accepts.
        demands_sign_in: Whether the route can require a newer or stronger sign-in.
        is_closed_to_balancers: Whether the route rejects every load balancer's token.
    """

    url: str
    methods: tuple[str, ...]
    demand: str
    demands_more: bool = False
    demands_sign_in: bool = False
    is_closed_to_balancers: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether nothing restricts who may call the route."""
        return self.demand == OPEN


def audited_routes(app: Flask) -> list[AuditedRoute]:
    """Return every route, by URL.

    A view or hook that decides itself whether to ask for a token looks open here. `cognito_public` marks a view as
    intended.
    """
    return sorted(_audited(app), key=lambda route: (route.url, route.methods))


def url_of(app: Flask, rule: Rule) -> str:
    """Return the rule, after the host or subdomain whose requests it answers, if it names one."""
    if rule.host:
        return f"{rule.host}{rule.rule}"
    if app.url_map.host_matching or not rule.subdomain or rule.subdomain == app.url_map.default_subdomain:
        return rule.rule
    return f"{rule.subdomain}.{app.config['SERVER_NAME'] or '*'}{rule.rule}"


def accesses_of(app: Flask, endpoint: str, method: str) -> list[Access]:
    """Return what a route requires of a request: from `protect`, the app's hooks, and the view's decorators."""
    view = app.view_functions.get(endpoint)
    said = all_demands(view, method)
    is_public = PUBLIC in said or is_static(endpoint, view)
    accesses = [demand for demand in said if isinstance(demand, Access)]
    for hook in hooks_before(app, endpoint):
        if isinstance(hook, Guard):
            accesses += [] if is_public else [hook.access]
        elif is_guard(hook):  # another decorator above it may call it for some routes only
            accesses += [demand for demand in demands_of(hook) if isinstance(demand, Access)]
    return accesses


def token_demand_of(accesses: list[Access]) -> TokenDemand:
    """Return the combined requirements on the token. The one nearest to the view wins."""
    demand = NO_DEMAND
    for access in accesses:
        demand = demand.over(access.token)
    return demand


def _audited(app: Flask) -> Iterator[AuditedRoute]:
    misplaced = misplaced_in(app)
    for rule in app.url_map.iter_rules():
        if rule.build_only or rule.redirect_to is not None:  # it has no view
            continue
        by_demand: dict[str, list[str]] = {}
        for method in _methods(rule):
            by_demand.setdefault(_demand(app, rule.endpoint, method), []).append(method)
        for demand, methods in by_demand.items():
            if "GET" in methods and "HEAD" in methods:  # nearly always, HEAD uses the GET view
                methods.remove("HEAD")
            remark = misplaced.get(rule.endpoint) if demand != OPEN else None
            accesses = accesses_of(app, rule.endpoint, methods[0])
            more = any(access.demands_more for access in accesses)
            sign_in = any(access.sign_in for access in accesses)
            needs_kind = token_demand_of(accesses).token_use in ("access", "id")
            is_closed = needs_kind or any(access.is_closed_to_balancers for access in accesses)
            described = f"{demand} ({remark})" if remark else demand
            yield AuditedRoute(url_of(app, rule), tuple(methods), described, more, sign_in, is_closed)


def _methods(rule: Rule) -> list[str]:
    """Return the methods that a view answers. Flask itself usually answers OPTIONS."""
    automatic = {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else set()
    return sorted(set(rule.methods or ("*",)) - automatic)


def _demand(app: Flask, endpoint: str, method: str) -> str:
    view = app.view_functions.get(endpoint)
    if is_static(endpoint, view):
        return "static files"
    accesses = accesses_of(app, endpoint, method)
    if not all(access.is_optional for access in accesses):  # one that requires a token decides
        accesses = [replace(access, is_optional=False) for access in accesses]
    demands = dict.fromkeys(str(access) for access in accesses)
    if len(demands) > 1:
        demands.pop(str(Access()), None)  # a member of a group is also signed in
    return " + ".join(demands) or ("public" if PUBLIC in all_demands(view, method) else OPEN)
