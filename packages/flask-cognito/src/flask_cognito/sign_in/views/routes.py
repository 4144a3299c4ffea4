"""Sign-in's routes: login, callback, logout, session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from flask_cognito.authorization.decorators import cognito_public
from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, PoolSignIn
from flask_cognito.sign_in.views.callback import callback
from flask_cognito.sign_in.views.callback_flights import CallbackFlights
from flask_cognito.sign_in.views.login import choice, login
from flask_cognito.sign_in.views.logout import logout
from flask_cognito.sign_in.views.session_of_request import cookies_of
from flask_cognito.sign_in.views.session_status import session_status
from flask_cognito.state import current_request


def make_blueprint(sign_in: AppSignIn) -> Blueprint:
    """Return the routes of an app's sign-in. They need no session, also below `CognitoAuth.protect`.

    Named pools have the same routes below their names. The routes above then apply to any pool.
    """
    prefix = sign_in.first.settings.url_prefix
    blueprint = Blueprint(BLUEPRINT, __name__, url_prefix=prefix, template_folder="templates", static_folder=None)
    if not sign_in.has_names:
        _add_routes(blueprint, sign_in.first)
        return blueprint
    _add_route(blueprint, sign_in.first, "login", lambda: choice(sign_in))
    _add_route(blueprint, sign_in.first, "logout", lambda: logout(None), "POST")
    _add_route(blueprint, sign_in.first, "session", lambda: session_status(None))
    for pool in sign_in.pools:
        name = pool.settings.name
        of_pool = Blueprint(name, __name__, url_prefix=f"/{name}")
        _add_routes(of_pool, pool)
        blueprint.register_blueprint(of_pool)
    return blueprint


def _add_routes(blueprint: Blueprint, pool: PoolSignIn) -> None:
    timeout_seconds = pool.verifier.transport.settings.timeout_seconds
    flights = CallbackFlights(pool.keeper, pool.clock.monotonic, timeout_seconds)
    _add_route(blueprint, pool, "login", lambda: login(pool))
    _add_route(blueprint, pool, "callback", lambda: callback(pool, flights))
    _add_route(blueprint, pool, "logout", lambda: logout(pool), "POST")
    _add_route(blueprint, pool, "session", lambda: session_status(pool))


def _add_route(blueprint: Blueprint, pool: PoolSignIn, name: str, view: Callable[[], Any], *methods: str) -> None:
    def answer() -> Any:
        request = current_request()
        dead = pool.logins.unreadable(cookies_of(request), pool.clock.time())
        carry(request.environ, map(pool.rules.deleted, dead))
        return view()

    blueprint.add_url_rule(f"/{name}", name, cognito_public(answer), methods=["GET", *methods])
