"""The logout: ends a session here, then at Cognito."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import SignInError
from flask import Request, make_response, redirect, url_for

from flask_cognito.authentication.csrf import is_forged
from flask_cognito.responses.refusals import refusal
from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, PoolSignIn, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.flask_session import clear_flask_session
from flask_cognito.sign_in.views.navigation import has_fetch_metadata, is_navigation, prefers_html
from flask_cognito.sign_in.views.session_of_request import (
    SIGNED_OUT,
    SessionOfRequest,
    cookies_of,
    marker_name,
    session_of,
)
from flask_cognito.signals import signed_out
from flask_cognito.state import current_request, the_current_app


def logout(pool: PoolSignIn | None) -> Any:
    """Return the response to the logout route: a button for a GET, and for a POST the way to Cognito's logout."""
    request, settings = current_request(), app_sign_in().first.app.settings
    if request.method != "POST":
        path = url_for(f"{BLUEPRINT}.logout" if pool is None else pool.endpoint("logout"))
        answer = pages.page(200, *pages.texts_of("sign_out"), logout_path=path)
        # With "no-referrer", a browser sends the form with `Origin: null`. Old ones send no `Sec-Fetch-Site` either.
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer
    # Independent of COGNITO_CSRF_PROTECTION, because another site must not sign users out.
    if is_forged(request, settings.trusted_origins):
        raise refusal("cross_site_request", settings.challenge)
    location = end_current_session(request, app_sign_in(), pool)
    if is_navigation(request) or request.headers.get("Sec-Fetch-Mode") == "navigate" or _is_form(request):
        return pages.with_page_headers(make_response(redirect(location, 303)))
    return pages.json_answer(200, {"location": location})


def _is_form(request: Request) -> bool:
    """Return whether an old browser without `Sec-Fetch-Mode` sent a form."""
    return not has_fetch_metadata(request) and prefers_html(request) and "X-Requested-With" not in request.headers


def end_current_session(request: Request, sign_in: AppSignIn, pool: PoolSignIn | None = None) -> str:
    """End the session of a request, here first and then at Cognito.

    Args:
        request: The request.
        sign_in: The app's sign-in.
        pool: Pool whose session at Cognito ends if there is none here; by default the only one.

    Returns:
        The URL that ends the session at Cognito.
    """
    found = _ended_here(request, sign_in)
    own = sign_in.first if found is None else found.pool
    names = own.rules.session_names(cookies_of(request))
    carry(request.environ, map(own.rules.deleted, [*names, own.rules.trail_name]))
    marker = own.rules.written(marker_name(own), SIGNED_OUT, own.settings.session_lifetime, samesite="Lax")
    carry(request.environ, [marker])
    clear_flask_session()
    if found is not None:
        _revoke(own, found.held.session)
        if signed_out.receivers:
            signed_out.send(the_current_app(), sub=found.held.session.token_identity.sub)
        pool = own
    return _logout_at_cognito(pool or sign_in.only)


def _ended_here(request: Request, sign_in: AppSignIn) -> SessionOfRequest | None:
    try:
        found = session_of(request, sign_in)
        if found is not None:
            found.pool.keeper.end(found.held)
    except StoreDownError as error:
        sign_in.first.log(store_down(error), "session not ended in the store")
        return None
    return found


def _revoke(pool: PoolSignIn, session: Session) -> None:
    """Revoke a session in the app's revocation list, if it has one, and at Cognito."""
    failure = pool.revocations.revoke_session(session)  # first, because Cognito may take seconds to answer
    if not pool.revoke(session.refresh_token):  # it can then produce more tokens until the session ends
        failure = pool.revocations.revoke_session(session, until=session.ends_at)
    if failure is not None:
        pool.log(SignInError(failure, code="sign_in_unavailable"), "session not revoked everywhere")


def _logout_at_cognito(pool: PoolSignIn | None) -> str:
    if pool is None or pool.settings.logout_uri is None:
        return START
    try:
        return pool.oauth.logout_url(pool.settings.logout_uri)
    except SignInError as error:
        pool.log(error, "Cognito's session not ended")
        return pool.settings.logout_uri
