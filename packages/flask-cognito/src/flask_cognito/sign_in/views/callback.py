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
from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.login.login_cookie import Login
from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import SignInState, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.callback_flights import CallbackFlights, Completed
from flask_cognito.sign_in.views.demand import NO_DEMAND, Demand
from flask_cognito.sign_in.views.failure import failed
from flask_cognito.sign_in.views.navigation import is_prefetch
from flask_cognito.sign_in.views.session_of_request import cookies_of, session_of
from flask_cognito.sign_in.views.welcome import claims_for_hook, is_in_a_loop, welcome
from flask_cognito.state import current_request


def callback(state: SignInState, flights: CallbackFlights) -> Any:
    """Return the response to a browser that comes back from Cognito."""
    request = current_request()
    if is_prefetch(request):
        return pages.json_answer(503, {"error": "prefetch"})
    if request.method == "HEAD":
        return pages.with_page_headers(make_response("", 204))
    query = request.query_string.decode("ascii", "replace")
    target, demand = START, NO_DEMAND
    try:
        state.check_host(request)
        login = _login_of(request, state, state_of_query(query))
        if login is None:
            return pages.with_page_headers(make_response(redirect(START, 303)))
        target, demand = login.next, Demand(login.params, login.step_up)
        if login.is_late(state.clock.time(), state.settings.login_lifetime):
            raise SignInError("login: expected its callback in time, found it late", code="login_expired")
        completed = flights.answer(login, lambda: _complete(request, state, login, query))
        if completed.error is not None:
            demand = demand.with_prompt()  # the same as after the errors of `_NEEDS_PROMPT`
            raise completed.error
        return welcome(request, state, completed, target)
    except StoreDownError as error:
        return failed(state, store_down(error), target, demand)
    except SignInError as error:
        return failed(state, error, target, demand)


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


def _login_of(request: Request, state: SignInState, value: str) -> Login | None:
    """Return a callback's login and consume it. None for a finished one of a user who is signed in."""
    cookies = cookies_of(request)
    found = state.logins.find(cookies, value, state.clock.time())
    if found is not None:
        name, login = found
        carry(request.environ, [state.rules.deleted(name)])
        del cookies[name]  # takes no more space
        return login
    try:
        is_signed_in = session_of(request, app_sign_in()) is not None
    except StoreDownError as error:
        raise store_down(error) from error
    if is_signed_in:  # a reload, or the back button
        return None
    raise SignInError("login: expected its cookie, found none that can be read", code="state_missing")


def _complete(request: Request, state: SignInState, login: Login, query: str) -> Completed:
    tokens = redeem(state, login, query)
    try:
        check_token(state, tokens.access_token)
        if login.step_up is not None:
            login.step_up.check(tokens.claims, begun_at=login.begun_at, now=state.clock.time(), leeway=state.leeway)
        answer = _checked(request, state, tokens)
        if answer is not None and answer.status_code >= 400:
            state.revoke(tokens.refresh_token)
            return Completed(answer=answer)
        lifetime = state.settings.session_lifetime
        session = Session.begin(tokens, state.clock.time(), lifetime, pool=state.settings.name)
        return Completed(session=session, cookies=state.keeper.begin(session), answer=answer, tokens=tokens)
    except StoreDownError as error:
        state.revoke(tokens.refresh_token)
        return Completed(error=store_down(error))
    except SignInError as error:
        state.revoke(tokens.refresh_token)
        return Completed(error=error)
    except BaseException:
        # Whatever stops the sign-in after the exchange, revoke the tokens that no session uses.
        state.revoke(tokens.refresh_token)
        raise


def redeem(state: SignInState, login: Login, query: str) -> TokenSet:
    """Return the verified tokens of a callback.

    Raises:
        SignInError: If no tokens can be verified.
    """
    code = state.oauth.read_callback(query, state=login.state)
    return state.oauth.exchange_code(
        code, redirect_uri=login.redirect_uri, code_verifier=login.code_verifier, nonce=login.nonce
    )


def check_token(state: SignInState, token: str) -> None:
    """Check that the app accepts a new access token. Otherwise, every request of the session would be rejected.

    Raises:
        SignInError: If the app rejects it.
    """
    try:
        state.verify(token)
    except (InvalidTokenError, AccessDeniedError) as error:
        raise SignInError(f"access token: {error}", code="token_rejected") from error
    except UnavailableError as error:
        raise SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after) from error


def _checked(request: Request, state: SignInState, tokens: TokenSet) -> Response | None:
    """Check what may still reject a user: a loop, the app's users, its `on_sign_in`."""
    if is_in_a_loop(request, state):
        raise SignInError(
            "session: expected the browser to send it back, found it missing after each sign-in", code="login_loop"
        )
    app = current_app
    if state.app.settings.identity_required:
        user = state.app.hooks.get_user(RequestClaims(tokens.claims))
        if isawaitable(user):
            user = app.async_to_sync(_awaited)(user)
        if user is None:
            raise SignInError("user: expected one of the app, found none", code="unknown_user")
    if state.handlers.on_sign_in is None:
        return None
    claims, id_claims = claims_for_hook(tokens)
    answer = app.ensure_sync(state.handlers.on_sign_in)(claims=claims, id_claims=id_claims)
    return None if answer is None else app.make_response(answer)


async def _awaited(user: Awaitable[Any]) -> Any:
    return await user
