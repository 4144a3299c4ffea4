"""The requirements on a token from a route's decorators and `protect`, which override the app's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cognito_jwt_core import ConfigurationError
from flask import Flask, Request

from flask_cognito.authentication.demand import NO_DEMAND, TokenDemand
from flask_cognito.authorization.marks import PUBLIC, all_demands, demands_of
from flask_cognito.state import app_state, the_current_app


def demand_of_route(request: Request) -> TokenDemand:
    """Return the requirements of the current route: those of the view, else of its blueprint, else of the app.

    They are computed once per method of a route, because Flask's set-up ends with the first request. A view that
    replaces another one has its own requirements.
    """
    rule = request.url_rule
    if rule is None:
        return NO_DEMAND
    app, endpoint, method = the_current_app(), rule.endpoint, request.method
    view = app.view_functions.get(endpoint)
    known = app_state().route_demands.get((endpoint, method))
    if known is not None and known[0] is view:
        return known[1]
    demand = _worked_out(app, endpoint, view, method)
    # otherwise the client chooses the method, and this cache would have no size limit
    if method in (rule.methods or ()):
        app_state().route_demands[endpoint, method] = view, demand
    return demand


def _worked_out(app: Flask, endpoint: str, view: Any, method: str) -> TokenDemand:
    said = all_demands(view, method)
    for hook in hooks_before(app, endpoint):
        said += demands_of(hook)
    demand = NO_DEMAND
    for access in said:
        if access != PUBLIC:
            demand = demand.over(access.token)  # type: ignore[union-attr]  # PUBLIC is the one text among them
    return demand


def contradictions_in(app: Flask) -> Iterator[str]:
    """Yield the routes whose demand contradicts what the current app demands of every token, with the reason.

    Such a route could answer no request.
    """
    state = app_state()
    if state.is_overridden("decode_token"):  # it decides, whatever the settings say
        return
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        demands = (_worked_out(app, rule.endpoint, view, method) for method in rule.methods or ("GET",))
        reason = next(filter(None, (demand.contradiction(state.settings) for demand in demands)), "")
        if reason:
            yield f"{rule.rule}: {reason}"


def require_no_contradiction(app: Flask) -> None:
    """Require that every route of the current app can answer a request.

    Raises:
        ConfigurationError: If one cannot.
    """
    for contradiction in contradictions_in(app):
        raise ConfigurationError(f"route {contradiction}")


def hooks_before(app: Flask, endpoint: str) -> Iterator[Callable[..., Any]]:
    """Yield the ``before_request`` functions of a route, innermost blueprint first."""
    parts = endpoint.split(".")[:-1]
    blueprints = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    for name in (*blueprints, None):
        yield from app.before_request_funcs.get(name, ())


def is_automatic_options(request: Request) -> bool:
    """Return whether Flask itself answers OPTIONS, with only the methods of the route."""
    return request.method == "OPTIONS" and getattr(request.url_rule, "provide_automatic_options", False)
