"""The callback: turns a code into a session."""

from __future__ import annotations

from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl

from cognito_jwt_core import AccessDeniedError, InvalidTokenError, SignInError, UnavailableError
from cognito_jwt_core.oauth import TokenSet
from flask import Request, Response, current_app, make_response, redirect

from flask_cognito.authentication.claims import RequestClaims
from flask_cognito.authentication.identity import is_unknown
from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.login.login_cookie import Login
from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import PoolSignIn, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.callback_flights import CallbackFlights, Completed
from flask_cognito.sign_in.views.demand import NO_DEMAND, Demand
from flask_cognito.sign_in.views.failure import failed
from flask_cognito.sign_in.views.navigation import is_prefetch
from flask_cognito.sign_in.views.session_of_request import cookies_of, session_of
from flask_cognito.sign_in.views.welcome import claims_for_hook, is_in_a_loop, welcome
from flask_cognito.state import current_request


def callback(pool: PoolSignIn, flights: CallbackFlights) -> Any:
    """Return the response to a browser that comes back from Cognito."""
    request = current_request()
    if is_prefetch(request):
        return pages.json_answer(503, {"error": "prefetch"})
    if request.method == "HEAD":
        return pages.with_page_headers(make_response("", 204))
    query = request.query_string.decode("ascii", "replace")
    target, demand = START, NO_DEMAND
    try:
        pool.check_host(request)
        login = _login_of(request, pool, state_of_query(query))
        if login is None:
            return pages.with_page_headers(make_response(redirect(START, 303)))
        target, demand = login.next, Demand(login.params, login.step_up)
        if login.is_late(pool.clock.time(), pool.settings.login_lifetime):
            raise SignInError("login: expected its callback in time, found it late", code="login_expired")
        completed = flights.answer(login, lambda: _complete(request, pool, login, query))
        if completed.error is not None:
            demand = demand.with_prompt()  # the same as after the errors of `_NEEDS_PROMPT`
            raise completed.error
        return welcome(request, pool, completed, target)
    except StoreDownError as error:
        return failed(pool, store_down(error), target, demand)
    except SignInError as error:
        return failed(pool, error, target, demand)


def state_of_query(query: str) -> str:
    """Return the `state` of a callback.

    Raises:
        SignInError: ``state_mismatch`` unless it occurs exactly once (RFC 6749 section 3.1).
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:  # too many
        pairs = []
    values = [value for name, value in pairs if name == "state"]
    if len(values) != 1 or not values[0]:
        raise SignInError(f"state: expected it once, found {len(values)} of it", code="state_mismatch")
    return values[0]


def _login_of(request: Request, pool: PoolSignIn, value: str) -> Login | None:
    """Return a callback's login and consume it. None for a finished one of a user who is signed in."""
    cookies = cookies_of(request)
    found = pool.logins.find(cookies, value, pool.clock.time())
    if found is not None:
        name, login = found
        carry(request.environ, [pool.rules.deleted(name)])
        del cookies[name]  # takes no more space
        return login
    try:
        is_signed_in = session_of(request, app_sign_in()) is not None
    except StoreDownError as error:
        raise store_down(error) from error
    if is_signed_in:  # a reload, or the back button
        return None
    raise SignInError(
        "login: expected its cookie, found none that can be read; did it begin in another browser, or on another host"
        " (localhost and 127.0.0.1 differ)?",
        code="state_missing",
    )


def _complete(request: Request, pool: PoolSignIn, login: Login, query: str) -> Completed:
    tokens = redeem(pool, login, query)
    try:
        check_token(pool, tokens.access_token)
        if login.step_up is not None:
            login.step_up.check(tokens.claims, begun_at=login.begun_at, now=pool.clock.time(), leeway=pool.leeway)
        answer = _checked(request, pool, tokens)
        if answer is not None and answer.status_code >= 400:
            pool.revoke(tokens.refresh_token)
            return Completed(answer=answer)
        lifetime = pool.settings.session_lifetime
        session = Session.begin(tokens, pool.clock.time(), lifetime, pool=pool.settings.name)
        return Completed(session=session, cookies=pool.keeper.begin(session), answer=answer, tokens=tokens)
    except StoreDownError as error:
        pool.revoke(tokens.refresh_token)
        return Completed(error=store_down(error))
    except SignInError as error:
        pool.revoke(tokens.refresh_token)
        return Completed(error=error)
    except BaseException:
        # Whatever stops the sign-in after the exchange, revoke the tokens that no session uses.
        pool.revoke(tokens.refresh_token)
        raise


def redeem(pool: PoolSignIn, login: Login, query: str) -> TokenSet:
    """Return the verified tokens of a callback.

    Raises:
        SignInError: If no tokens can be verified.
    """
    code = pool.oauth.read_callback(query, state=login.state)
    return pool.oauth.exchange_code(
        code, redirect_uri=login.redirect_uri, code_verifier=login.code_verifier, nonce=login.nonce
    )


def check_token(pool: PoolSignIn, token: str) -> None:
    """Check that the app accepts a new access token. Otherwise, every request of the session would be rejected.

    Raises:
        SignInError: If the app rejects it.
    """
    try:
        pool.verify(token)
    except (InvalidTokenError, AccessDeniedError) as error:
        raise SignInError(f"access token: {error}", code="token_rejected") from error
    except UnavailableError as error:
        raise SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after) from error


def _checked(request: Request, pool: PoolSignIn, tokens: TokenSet) -> Response | None:
    """Check what may still reject a user: a loop, the app's users, its `on_sign_in`."""
    if is_in_a_loop(request, pool):
        raise SignInError(
            "session: expected the browser to send it back, found it missing after each sign-in", code="login_loop"
        )
    app = current_app
    if pool.app.settings.identity_required:
        user = pool.app.hooks.get_user(RequestClaims(tokens.claims))
        if isawaitable(user):
            user = app.async_to_sync(_awaited)(user)
        if is_unknown(user):
            raise SignInError("user: expected one of the app, found none", code="unknown_user")
    if pool.handlers.on_sign_in is None:
        return None
    claims, id_claims = claims_for_hook(tokens)
    answer = app.ensure_sync(pool.handlers.on_sign_in)(claims=claims, id_claims=id_claims)
    return None if answer is None else app.make_response(answer)


async def _awaited(user: Awaitable[Any]) -> Any:
    return await user
