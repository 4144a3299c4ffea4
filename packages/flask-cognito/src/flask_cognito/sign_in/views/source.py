"""Sessions as a source of tokens, and the responses to requests without one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from cognito_jwt_core import InsufficientAuthenticationError, SignInError, UnavailableError
from flask import Request, make_response, redirect, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response

from flask_cognito.authentication.session import CurrentSession, is_session_in_use
from flask_cognito.config.challenge import Challenge
from flask_cognito.config.sign_in import ROUTES
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.refusals import no_token, refusal_of
from flask_cognito.sign_in.cookies.carrier import carry, is_answered, received
from flask_cognito.sign_in.login.next_url import START, safe_next
from flask_cognito.sign_in.login.step_up import StepUp
from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError
from flask_cognito.sign_in.sessions.refresh import REVOKED, SessionEndedError
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, SignInState, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.demand import Demand, seal_demand
from flask_cognito.sign_in.views.navigation import (
    has_fetch_metadata,
    is_from_another_site,
    is_navigation,
    path_of_referer,
    path_of_request,
)
from flask_cognito.signals import session_ended
from flask_cognito.state import the_current_app

_FOUND = "_cognito_found_session"
_NOT_ASKED: Any = object()
# Values of the marker cookie that remains after a session. With either, the next login carries `prompt=login`.
SIGNED_OUT = "1"
_MUST_SIGN_IN = "2"
_LATE = "flask_cognito: tokens were refreshed after the headers had been sent; with rotation the session may end"


class LoginRedirect(HTTPException, RoutingException):
    """Redirect a browser to sign in. Flask returns a `RoutingException` without calling the app's handlers."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)
        self.code: int | None = answer.status_code


class LoginRequiredError(CognitoAuthError):
    """The 401 for a program, with the path where its user can sign in."""

    def __init__(self, refused: CognitoAuthError, login_path: str) -> None:
        super().__init__(
            refused.error, str(refused.description), refused.status_code, refused.headers, refused.error_code
        )
        self.data["login"] = login_path

    def get_body(self, environ: object = None, scope: object = None) -> str:
        """Return the JSON of the response."""
        return json.dumps(self.data)


def session_of(request: Request, sign_in: AppSignIn) -> SessionOfRequest | None:
    """Return the session that a request's cookies identify, loaded once per request.

    Raises:
        StoreDownError: If the store is down.
    """
    found: SessionOfRequest | None = getattr(request, _FOUND, _NOT_ASKED)
    if found is _NOT_ASKED:
        cookies = cookies_of(request)
        pool = sign_in.pool_in(cookies)
        held = None if pool is None else pool.keeper.find(cookies)
        found = None if pool is None or held is None else SessionOfRequest(pool, held)
        setattr(request, _FOUND, found)
    return found


def cookies_of(request: Request) -> dict[str, str]:
    """Return sign-in's cookies in a request. `request.cookies` would cost twice as much."""
    return received(request.environ)


@dataclass(eq=False)
class SessionOfRequest:
    """A `FoundSession`: the session that a request's cookies identify.

    Attributes:
        pool: The pool that the user signed in at.
        held: The session, with the newest tokens that this request knows.
    """

    pool: SignInState
    held: Held

    def use(self, request: Request) -> CurrentSession:
        """Return the session, and refresh its tokens first if they are due."""
        state, challenge = self.pool, self.pool.app.settings.challenge
        keep = partial(self._carry, request)
        try:
            held = self.held if self._is_too_late(request) else state.refresher.fresh(self.held, keep)
            if not held.is_newest:  # it was sealed with an older SECRET_KEY
                held = state.keeper.renew(held, held.session) or held
            if held is not self.held:  # another request has refreshed it, or it was sealed again
                keep(held)
        except SessionEndedError as error:
            if error.code == REVOKED:
                self._end(request)
            raise no_token(challenge) from error
        except StoreDownError as error:
            raise unavailable(store_down(error), challenge) from error
        except SignInError as error:
            if error.code == "sign_in_misconfigured":  # it no longer fits into cookies
                state.log(error, "session ended")
                raise no_token(challenge) from error
            raise unavailable(error, challenge) from error
        session = held.session
        return CurrentSession(
            session.access_token, session.id_claims, signed_in_at=session.signed_in_at, expires_at=session.ends_at
        )

    def end_as_revoked(self, request: Request) -> None:
        """End the session, because the app's revocations name its token. The next login asks for the password again."""
        if self._end(request) and session_ended.receivers:
            session_ended.send(the_current_app(), sub=self.held.session.token_identity.sub, code=REVOKED)

    def _end(self, request: Request) -> bool:
        """End a revoked session. Return whether this request was the first to do so.

        Its cookies stay, because this response may be late and the browser may already have a new session's cookies.
        """
        state = self.pool
        try:
            is_first = not state.keeper.has_ended(self.held.session)
            state.keeper.end(self.held)
        except StoreDownError as error:  # it stays revoked
            state.log(store_down(error), "revoked session not ended in the store")
            is_first = False
        setattr(request, _FOUND, None)
        marker = state.rules.written(marker_name(state), _MUST_SIGN_IN, state.settings.session_lifetime, samesite="Lax")
        carry(request.environ, [marker])
        return is_first

    def _is_too_late(self, request: Request) -> bool:
        """Return whether the response could not carry new tokens while the old ones are still valid."""
        if not is_answered(request.environ):
            return False
        return not self.pool.keeper.is_shared and not self.held.session.is_expired(self.pool.clock.time())

    def _carry(self, request: Request, held: Held) -> None:
        self.held = held
        state, cookies = self.pool, cookies_of(request)
        written = state.keeper.cookies_of(held)
        crowded_out = state.logins.crowded_out(cookies, written, state.clock.time()) if written else []
        if not carry(request.environ, [*map(state.rules.deleted, crowded_out), *written]) and written:
            state.log(SignInError(_LATE, code="sign_in_misconfigured"), "session not written")


class Sessions:
    """The `SessionSource` of an app.

    Args:
        sign_in: The app's sign-in.
    """

    def __init__(self, sign_in: AppSignIn) -> None:
        self._sign_in = sign_in

    @property
    def cookie_name(self) -> str:
        """Return the name of the session cookie."""
        return self._sign_in.first.rules.name

    def find(self, request: Request) -> SessionOfRequest | None:
        """Return the session that a request's cookies identify."""
        try:
            return session_of(request, self._sign_in)
        except StoreDownError as error:
            raise unavailable(store_down(error), self._sign_in.first.app.settings.challenge) from error

    def challenge(self, request: Request, refused: CognitoAuthError) -> HTTPException:
        """Return the response to a request that needs a sign-in."""
        settings = self._sign_in.first.app.settings
        # a new session would not be read, which would cause an endless loop of logins
        if "session" not in settings.locations:
            return refused
        return self._sent_to_sign_in(request, refused, self._sign_in.only)

    def step_up(
        self, request: Request, refused: CognitoAuthError, error: InsufficientAuthenticationError
    ) -> HTTPException:
        """Return the response to a request whose session's sign-in is too old or too weak."""
        found: SessionOfRequest = getattr(request, _FOUND)  # its token was verified
        step_up = StepUp(found.held.session.token_identity.sub, error.max_age, error.acr_values)
        demand = seal_demand(found.pool, Demand(step_up=step_up))
        return self._sent_to_sign_in(request, refused, found.pool, demand)

    def _sent_to_sign_in(
        self, request: Request, refused: CognitoAuthError, pool: SignInState | None, demand: str | None = None
    ) -> HTTPException:
        sign_in, state = self._sign_in, self._sign_in.first
        if not is_navigation(request) or state.settings.unauthenticated == "401":
            return self._for_program(request, refused, pool, demand)
        is_safe = request.method in ("GET", "HEAD")
        target = path_of_request(request) if is_safe else path_of_referer(request)
        target = safe_next(target, routes_of_sign_in(sign_in))
        if cookies_of(request).get(marker_name(state)) == SIGNED_OUT:
            return LoginRedirect(page_of_choice(sign_in, "signed_out", 401, target, demand))
        if state.settings.cookie_samesite == "Strict" and is_from_another_site(request):
            # A strict session's cookies come with the second request, which this page triggers.
            here = safe_next(path_of_request(request))
            if is_safe and here == path_of_request(request):
                return LoginRedirect(pages.page(200, *pages.texts_of("on_the_way"), go_to=here))
        if pool is None:
            answer = page_of_choice(sign_in, "choose", 401, target)
        else:
            path = login_path(target, demand, pool=pool)
            answer = pages.with_page_headers(make_response(redirect(path, 302 if is_safe else 303)))
        answer.vary.update(("Cookie", "Sec-Fetch-Mode", "Accept"))
        return LoginRedirect(answer)

    def page(self, request: Request, refused: CognitoAuthError) -> Response | None:
        """Return a page for a browser whose request is rejected, or None if JSON is appropriate."""
        if not is_navigation(request) or isinstance(refused, LoginRequiredError):
            return None
        cause = refused.__cause__
        if isinstance(cause, StoreDownError):
            cause = store_down(cause)
        if isinstance(cause, SignInError):  # the session's state is unknown now
            return pages.page(refused.status_code, *pages.texts_of_error(cause), code=cause.code)
        if not is_session_in_use(request):
            return None
        return pages.page(
            refused.status_code,
            refused.error,
            str(refused.description),
            code=refused.error_code,
            logout_path=url_for(f"{BLUEPRINT}.logout"),
        )

    def finish(self, request: Request, answer: Response) -> Response:
        """Return the response to a rejected request, with the headers that a browser needs."""
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers.add("Vary", "Cookie, Sec-Fetch-Mode, Accept")
        if has_fetch_metadata(request):  # a browser could open its own dialogue for a challenge
            answer.headers.pop("WWW-Authenticate", None)
        return answer

    def _for_program(
        self, request: Request, refused: CognitoAuthError, pool: SignInState | None, demand: str | None
    ) -> CognitoAuthError:
        target = safe_next(path_of_referer(request), routes_of_sign_in(self._sign_in))
        answer = LoginRequiredError(refused, login_path(target, demand, pool=pool))
        answer.__cause__ = refused.__cause__
        return answer


def unavailable(error: SignInError, challenge: Challenge) -> CognitoAuthError:
    """Return the 503 for a session whose state is unknown now."""
    answer = refusal_of(UnavailableError("", retry_after=error.retry_after or 1), challenge)
    answer.headers = {**dict(answer.headers or {}), "Cache-Control": "private, no-store"}
    answer.error_code = error.code
    answer.data = {**answer.data, "code": error.code}
    answer.__cause__ = error
    return answer


def login_path(target: str = START, demand: str | None = None, *, pool: SignInState | None) -> str:
    """Return the path of a pool's login route, with the path to go to afterwards. None means the list of pools."""
    query = [] if target == START else [f"next={quote(target, safe='/')}"]
    query += [] if demand is None else [f"demand={demand}"]
    endpoint = f"{BLUEPRINT}.login" if pool is None else pool.endpoint("login")
    return url_for(endpoint) + ("?" + "&".join(query) if query else "")


def page_of_choice(sign_in: AppSignIn, code: str, status: int, target: str, demand: str | None = None) -> Response:
    """Return a page with a link to sign in, at each pool."""
    title, text = pages.texts_of(code)
    if sign_in.only is not None:
        return pages.page(status, title, text, link=(login_path(target, demand, pool=sign_in.only), "Sign in"))
    choices = [(login_path(target, demand, pool=pool), pool.settings.name) for pool in sign_in.pools]
    return pages.page(status, title, text, choices=choices)


def routes_of_sign_in(sign_in: AppSignIn) -> frozenset[str]:
    """Return the paths of sign-in itself."""
    of_pools = {url_for(pool.endpoint(name)) for pool in sign_in.pools for name in ROUTES}
    of_all = {url_for(f"{BLUEPRINT}.{name}") for name in ROUTES if name != "callback"}
    return frozenset(of_pools | of_all)


def marker_name(state: SignInState) -> str:
    """Return the name of the cookie that records that the user signed out, or that the session was revoked."""
    return f"{state.rules.name}_out"
