"""The response to a callback with a new session."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import Claims
from cognito_jwt_core.oauth import TokenSet
from flask import Request, make_response, redirect

from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import PoolSignIn, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.callback_flights import Completed
from flask_cognito.sign_in.views.flask_session import claim_flask_session
from flask_cognito.sign_in.views.session_of_request import cookies_of, marker_name, session_of
from flask_cognito.signals import signed_in
from flask_cognito.state import the_current_app

_LOOP_SECONDS = 60
_LOOP_COUNT = 3


def welcome(request: Request, pool: PoolSignIn, completed: Completed, target: str) -> Any:
    """Return the response with the new session's cookies, or the app's own response to a rejected user."""
    session, answer = completed.session, completed.answer
    if session is None:
        return answer
    _end_previous(request, pool, session)
    claim_flask_session(pool, session)
    trail = [*_recent_sign_ins(request, pool), int(pool.clock.time())]  # whole seconds, so that it fits its limit
    surplus = pool.rules.session_names(cookies_of(request))
    surplus += pool.logins.crowded_out(cookies_of(request), completed.cookies, pool.clock.time())
    carry(request.environ, map(pool.rules.deleted, [*surplus, marker_name(pool)]))
    trail_cookie = pool.rules.written(pool.rules.trail_name, pool.trails.seal({"at": trail}), _LOOP_SECONDS)
    carry(request.environ, [*completed.cookies, trail_cookie])
    if completed.tokens is not None and signed_in.receivers:
        claims, id_claims = claims_for_hook(completed.tokens)
        signed_in.send(the_current_app(), claims=claims, id_claims=id_claims)
    if answer is not None:
        return answer
    if pool.settings.cookie_samesite == "Strict":
        # A redirect would be part of Cognito's navigation, with which a browser sends no strict cookies.
        return pages.page(200, *pages.texts_of("signed_in"), link=(target, "Go on"), go_to=target)
    return pages.with_page_headers(make_response(redirect(target, 303)))


def _end_previous(request: Request, pool: PoolSignIn, session: Session) -> None:
    """End the browser's previous session, whose id an attacker may know (session fixation)."""
    try:
        previous = session_of(request, app_sign_in())
        if previous is None or previous.held.session.id == session.id:
            return
        previous.pool.keeper.end(previous.held)
    except StoreDownError as error:
        pool.log(store_down(error), "previous session not ended")
        return
    previous.pool.revoke(previous.held.session.refresh_token)


def is_in_a_loop(request: Request, pool: PoolSignIn) -> bool:
    """Return whether the browser has kept none of the sessions of its recent sign-ins."""
    return len(_recent_sign_ins(request, pool)) >= _LOOP_COUNT - 1


def _recent_sign_ins(request: Request, pool: PoolSignIn) -> list[float]:
    """Return the times of recent sign-ins whose sessions did not come back."""
    cookies = cookies_of(request)
    opened = pool.trails.open(cookies.get(pool.rules.trail_name, ""))
    if opened is None or any(name in cookies for name in (pool.rules.name, pool.rules.id_name)):
        return []
    now = pool.clock.time()
    return [at for at in opened.value["at"] if now - _LOOP_SECONDS < at <= now]


def claims_for_hook(tokens: TokenSet) -> tuple[Claims, Claims]:
    """Return copies of the claims, for the app's code."""
    return tokens.claims.copy(), Claims(tokens.id_claims or {}).copy()
