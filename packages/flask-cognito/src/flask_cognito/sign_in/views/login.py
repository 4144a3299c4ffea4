"""The login route: sends a browser to Cognito."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import ConfigurationError, RevocationsUnavailableError, SignInError, TokenRevokedError
from flask import Request, Response, make_response, redirect, url_for

from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.login.login_cookie import Login
from flask_cognito.sign_in.login.next_url import START, safe_next
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.state import AppSignIn, PoolSignIn, app_sign_in
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.demand import open_demand, seal_demand
from flask_cognito.sign_in.views.failure import failed
from flask_cognito.sign_in.views.login_links import login_path, page_of_choice, routes_of_sign_in
from flask_cognito.sign_in.views.navigation import has_fetch_metadata, is_navigation, is_prefetch
from flask_cognito.sign_in.views.session_of_request import cookies_of, marker_name, session_of
from flask_cognito.state import current_request

_FIXED = frozenset(("redirect_uri", "scopes"))


def choice(sign_in: AppSignIn) -> Any:
    """Return the page that lists the pools, or a redirect to the login at the only one."""
    request = current_request()
    refused = _not_by_a_user(request)
    if refused is not None:
        return refused
    target = safe_next(request.args.get("next"), routes_of_sign_in(sign_in))
    demand = seal_demand(sign_in.first, open_demand(sign_in.first, request.args.get("demand", "")))
    if sign_in.only is not None:
        path = login_path(target, demand, pool=sign_in.only)
        return pages.with_page_headers(make_response(redirect(path, 302)))
    return page_of_choice(sign_in, "choose", 200, target, demand)


def login(pool: PoolSignIn) -> Any:
    """Return a redirect to Cognito that begins a login."""
    request = current_request()
    refused = _not_by_a_user(request)
    if refused is not None:
        return refused
    try:
        pool.check_host(request)
        return _begin(request, pool)
    except SignInError as error:
        return failed(pool, error, START)


def _not_by_a_user(request: Request) -> Response | None:
    """Return the response to a request that must not begin a login, or None."""
    if is_prefetch(request):  # the user has not decided yet
        return pages.json_answer(503, {"error": "prefetch"})
    if request.method == "HEAD" or (has_fetch_metadata(request) and not is_navigation(request)):
        return pages.with_page_headers(make_response("", 204 if request.method == "HEAD" else 403))
    return None


def _begin(request: Request, pool: PoolSignIn) -> Response:
    cookies = cookies_of(request)
    demand = open_demand(pool, request.args.get("demand", ""))
    # After a sign-out or revocation, a session at Cognito must not sign the user in automatically.
    if marker_name(pool) in cookies or _has_ended_early(request, pool):
        demand = demand.with_prompt()
    params = demand.all_params()
    target = safe_next(request.args.get("next"), routes_of_sign_in(app_sign_in()))
    redirect_uri = pool.settings.redirect_uri or url_for(pool.endpoint("callback"), _external=True)
    try:
        if fixed := _FIXED & params.keys():
            raise ConfigurationError(f"redirect_to_login: {sorted(fixed)} come from the app's configuration only")
        asked = pool.oauth.authorization_request(
            redirect_uri, scopes=pool.settings.scopes, **{"resource": pool.app.settings.resource, **params}
        )
    except ConfigurationError as error:  # for example http behind a proxy that the app does not know
        raise SignInError(str(error), code="sign_in_misconfigured") from error
    begun = Login(
        state=asked.state,
        nonce=asked.nonce,
        code_verifier=asked.code_verifier,
        redirect_uri=asked.redirect_uri,
        next=target,
        begun_at=pool.clock.time(),
        params=dict(demand.params),
        step_up=demand.step_up,
    )
    carry(request.environ, pool.logins.begin(begun, cookies, pool.clock.time()))
    return pages.with_page_headers(make_response(redirect(asked.url, 302)))


def _has_ended_early(request: Request, pool: PoolSignIn) -> bool:
    """Return whether the browser's session is revoked, or ended early in an app with revocations."""
    if not (pool.revocations.are_asked and pool.keeper.id_in(cookies_of(request))):
        return False
    try:
        found = session_of(request, app_sign_in())
        if found is not None:
            found.pool.revocations.check(found.held.session)
    except TokenRevokedError:
        return True
    except (StoreDownError, RevocationsUnavailableError):  # the callback checks again
        return False
    return found is None
