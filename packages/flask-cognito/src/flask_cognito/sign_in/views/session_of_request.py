"""The session of a request: found by its cookies, refreshed, and carried by the response if it changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from cognito_jwt_core import SignInError, UnavailableError
from flask import Request

from flask_cognito.authentication.session import CurrentSession
from flask_cognito.config.challenge import Challenge
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.refusals import no_token, refusal_of
from flask_cognito.responses.vary import keep_from_caches
from flask_cognito.sign_in.cookies.carrier import carry, is_answered, received
from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError
from flask_cognito.sign_in.sessions.refresh import REVOKED, SessionEndedError
from flask_cognito.sign_in.state import AppSignIn, PoolSignIn, store_down
from flask_cognito.signals import session_ended
from flask_cognito.state import the_current_app

_FOUND = "_cognito_found_session"
_NOT_ASKED: Any = object()
# Values of the marker cookie that remains after a session. With either, the next login carries `prompt=login`.
SIGNED_OUT = "1"
_MUST_SIGN_IN = "2"
_LATE = "flask_cognito: tokens were refreshed after the headers had been sent; with rotation the session may end"


def session_of(request: Request, sign_in: AppSignIn) -> SessionOfRequest | None:
    """Return the session that a request's cookies identify, loaded once per request.

    Raises:
        StoreDownError: If the store is down.
    """
    found: SessionOfRequest | None = getattr(request, _FOUND, _NOT_ASKED)
    if found is _NOT_ASKED:
        cookies = received(request.environ)
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

    pool: PoolSignIn
    held: Held

    def use(self, request: Request) -> CurrentSession:
        """Return the session, and refresh its tokens first if they are due. Keep the response out of caches."""
        held = self.held
        if not held.is_newest or held.session.is_due(self.pool.clock.time()):
            held = self._renewed(request)
        keep_from_caches(request)
        return CurrentSession(held.session)

    def _renewed(self, request: Request) -> Held:
        pool, challenge = self.pool, self.pool.app.settings.challenge
        keep = partial(self._carry, request)
        try:
            held = self.held if self._is_too_late(request) else pool.refresher.fresh(self.held, keep)
            if not held.is_newest:  # it was sealed with an older SECRET_KEY
                held = pool.keeper.renew(held, held.session) or held
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
                pool.log(error, "session ended")
                raise no_token(challenge) from error
            raise unavailable(error, challenge) from error
        return held

    def end_as_revoked(self, request: Request) -> None:
        """End the session, because the app's revocations name its token. The next login asks for the password again."""
        if self._end(request) and session_ended.receivers:
            session_ended.send(the_current_app(), sub=self.held.session.token_identity.sub, code=REVOKED)

    def _end(self, request: Request) -> bool:
        """End a revoked session. Return whether this request was the first to do so.

        Its cookies stay, because this response may be late and the browser may already have a new session's cookies.
        """
        pool = self.pool
        try:
            is_first = not pool.keeper.has_ended(self.held.session)
            pool.keeper.end(self.held)
        except StoreDownError as error:  # it stays revoked
            pool.log(store_down(error), "revoked session not ended in the store")
            is_first = False
        setattr(request, _FOUND, None)
        marker = pool.rules.written(marker_name(pool), _MUST_SIGN_IN, pool.settings.session_lifetime, samesite="Lax")
        carry(request.environ, [marker])
        return is_first

    def _is_too_late(self, request: Request) -> bool:
        """Return whether the response could not carry new tokens while the old ones are still valid."""
        if not is_answered(request.environ):
            return False
        return not self.pool.keeper.is_shared and not self.held.session.is_expired(self.pool.clock.time())

    def _carry(self, request: Request, held: Held) -> None:
        self.held = held
        pool, cookies = self.pool, cookies_of(request)
        written = pool.keeper.cookies_of(held)
        crowded_out = pool.logins.crowded_out(cookies, written, pool.clock.time()) if written else []
        if not carry(request.environ, [*map(pool.rules.deleted, crowded_out), *written]) and written:
            pool.log(SignInError(_LATE, code="sign_in_misconfigured"), "session not written")


def unavailable(error: SignInError, challenge: Challenge) -> CognitoAuthError:
    """Return the 503 for a session whose state is unknown now."""
    answer = refusal_of(UnavailableError("", retry_after=error.retry_after or 1), challenge)
    answer.headers = {**dict(answer.headers or {}), "Cache-Control": "private, no-store"}
    answer.error_code = error.code
    answer.data = {**answer.data, "code": error.code}
    answer.__cause__ = error
    return answer


def marker_name(pool: PoolSignIn) -> str:
    """Return the name of the cookie that records that the user signed out, or that the session was revoked."""
    return f"{pool.rules.name}_out"
