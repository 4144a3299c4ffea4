"""Refresh a session's tokens: one refresh at a time, with one result for all requests that need it."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cognito_jwt_core import Clock, RevocationsUnavailableError, SignInError, TokenRevokedError
from cognito_jwt_core.integration import REAL_TIME, PerProcess
from cognito_jwt_core.oauth import OAuthClient, TokenSet

from flask_cognito.sign_in.cookies.memory import BoundedMemory
from flask_cognito.sign_in.sessions.keeper import Held, Keeper, StoreDownError
from flask_cognito.sign_in.sessions.revocation import SessionRevocations
from flask_cognito.sign_in.sessions.session import Session

_log = logging.getLogger("flask_cognito.sign_in")

# Requests sent with the old cookie keep arriving for a while after the refresh.
_SUCCESSOR_SECONDS = 60
_POLL_SECONDS = 0.05
# A store that never replaces its own record, as a replica that lags behind, must not be asked forever.
_MAX_WRITES = 5
# Errors that end a session. Any other is an outage or a configuration error, and may pass.
_FINAL = ("session_expired", "token_rejected")
REVOKED = "token_revoked"
"""The code of a session that ended because the app's revocations name it."""


class SessionEndedError(Exception):
    """The session has ended: Cognito rejects its refresh token, or it was ended here meanwhile.

    Args:
        code: The reason.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(repr=False)
class _Flight:
    """A running refresh."""

    done: threading.Event = field(default_factory=threading.Event)
    result: Held | None = None
    tokens: TokenSet | None = None
    error: Exception | None = None


class _InProcess:
    """State that a forked child must not share: a lock that may be held, and refreshes whose threads do not exist."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.flights: dict[str, _Flight] = {}


class Refresher:
    """Keep the tokens of sessions fresh.

    Args:
        oauth: Client for Cognito's token endpoint.
        keeper: Storage of sessions.
        revocations: Revoked sessions, which are never refreshed.
        clock: Source of time.
        timeout_seconds: The deadline of one request to Cognito.
        on_refresh: Called with the new tokens.
        on_end: Called once, with the session and the code, when a session has ended.
    """

    def __init__(
        self,
        oauth: OAuthClient,
        keeper: Keeper,
        *,
        revocations: SessionRevocations,
        clock: Clock,
        timeout_seconds: float,
        on_refresh: Callable[[TokenSet], None],
        on_end: Callable[[Held, str], None],
    ) -> None:
        self._oauth = oauth
        self._keeper = keeper
        self._revocations = revocations
        self._clock = clock
        self._wait_seconds = timeout_seconds
        # Longer than the requests for tokens and keys together.
        self._lock_seconds = 3 * timeout_seconds
        self._on_refresh = on_refresh
        self._on_end = on_end
        self._process = PerProcess(_InProcess)
        self._successors: BoundedMemory[str, Held] = BoundedMemory()
        self._refused: BoundedMemory[str, str] = BoundedMemory()
        self._unsaved: BoundedMemory[str, Session] = BoundedMemory()

    def fresh(self, held: Held, keep: Callable[[Held], None]) -> Held:
        """Return the session with valid tokens.

        While the old access token is valid, one request refreshes and the others use the old token.

        Args:
            held: The session.
            keep: Called with the new session, by the request that refreshes.

        Raises:
            SessionEndedError: If the session has ended.
            SignInError: ``sign_in_unavailable`` if the access token has expired, and Cognito does not answer.
        """
        session, now = held.session, self._clock.time()
        if session.refresh_token is None or not session.is_due(now):
            return held
        digest = _digest(session)
        is_expired = session.is_expired(now)
        process = self._process.get()
        with process.mutex:
            successor = self._successor(digest, held, now)
            if successor is not None:
                return successor
            refused = self._refused.get(digest)
            if refused is not None:
                raise SessionEndedError(refused)
            flight = process.flights.get(digest)
            is_mine = flight is None
            if flight is None:
                flight = process.flights[digest] = _Flight()
        if is_mine:
            self._fly(flight, digest, held, keep)
        elif not is_expired:
            return held
        elif not flight.done.wait(self._wait_seconds):
            raise _unavailable("a refresh in another request")
        # Check again, because a store or Cognito may take seconds to answer.
        return _landed(flight, held, is_expired=session.is_expired(self._clock.time()))

    def _successor(self, digest: str, held: Held, now: float) -> Held | None:
        found = self._successors.get(digest)
        if found is None or found.session.id != held.session.id or found.session.is_due(now):
            return None
        return found if now < found.session.received_at + _SUCCESSOR_SECONDS else None

    def _fly(self, flight: _Flight, digest: str, held: Held, keep: Callable[[Held], None]) -> None:
        try:
            flight.result = self._refreshed(held, flight)
        except (SignInError, StoreDownError, SessionEndedError) as error:
            flight.error = _ended(error)
        finally:
            process = self._process.get()
            with process.mutex:
                process.flights.pop(digest, None)  # a child that was forked meanwhile has none
                if flight.result is not None and flight.result.session.received_at > held.session.received_at:
                    self._successors.put(digest, flight.result)
                if isinstance(flight.error, SessionEndedError):
                    self._refused.put(digest, flight.error.code)
            flight.done.set()
        if flight.result is not None and flight.tokens is not None:
            keep(flight.result)  # first, because the app's receiver may raise, and the old token may be used up
            self._on_refresh(flight.tokens)
        if isinstance(flight.error, SessionEndedError):
            self._on_end(held, flight.error.code)

    def _refreshed(self, held: Held, flight: _Flight) -> Held:
        end = REAL_TIME.monotonic() + self._wait_seconds
        while True:
            with self._keeper.lock(held.key, self._lock_seconds) as is_mine:
                current = self._keeper.reload(held)  # another process may have refreshed it meanwhile
                if current is None:
                    raise SessionEndedError("session_expired")
                now = self._clock.time()
                if not current.session.is_due(now):
                    return current
                if is_mine:
                    return self._renewed(self._caught_up(current), flight)
            if not current.session.is_expired(now):
                return current
            if REAL_TIME.monotonic() >= end:
                raise _unavailable("a refresh in another process")
            time.sleep(_POLL_SECONDS)

    def _caught_up(self, held: Held) -> Held:
        """Store tokens that an earlier request got while the store was down. Their refresh token is used up."""
        unsaved = self._unsaved.pop(_digest(held.session))
        if unsaved is None:
            return held
        self._keep(held, unsaved)
        current = self._keeper.reload(held)
        if current is None:
            raise SessionEndedError("session_expired")
        return current

    def _renewed(self, held: Held, flight: _Flight) -> Held:
        session = held.session
        if not session.is_due(self._clock.time()):
            return held
        self._require_not_revoked(session)
        tokens = self._oauth.refresh(session.refresh_token, previous=session.token_identity)
        if tokens.claims.get("origin_jti") != session.token_claims.get("origin_jti"):
            # Cognito documents it as the same for all tokens of a sign-in, but no standard requires that.
            _log.warning("origin_jti after a refresh: expected the same as before, found another; the session goes on")
        renewed = self._keep(held, session.refreshed(tokens, self._clock.time()))
        flight.tokens = tokens
        return renewed

    def _require_not_revoked(self, session: Session) -> None:
        """Check this before calling Cognito, because a refresh may use up the old refresh token."""
        try:
            self._revocations.check(session)
        except TokenRevokedError as error:
            raise SessionEndedError(REVOKED) from error
        except RevocationsUnavailableError as error:
            raise SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after) from error

    def _keep(self, held: Held, session: Session) -> Held:
        try:
            for _ in range(_MAX_WRITES):
                renewed = self._keeper.renew(held, session)
                current = renewed or self._keeper.reload(held)
                # ended here during the request to Cognito; that logout knew only the old refresh token
                if current is None:
                    self._revoke(session)
                    raise SessionEndedError("session_expired")
                if current is renewed or current.session.refresh_token != held.session.refresh_token:
                    return current
                held = current  # sealed again by another process, after a change of SECRET_KEY
            raise StoreDownError(
                "session store: expected it to replace the record that it returns, found that it does not"
            )
        except StoreDownError:
            self._unsaved.put(_digest(held.session), session)
            raise

    def _revoke(self, session: Session) -> None:
        assert session.refresh_token is not None  # it came from a session
        try:
            self._oauth.revoke(session.refresh_token)
        except SignInError as error:
            _log.warning("the refresh token of a session that has ended is not revoked (%s): %s", error.code, error)


def _digest(session: Session) -> str:
    assert session.refresh_token is not None  # a due session has one
    return hashlib.sha256(session.refresh_token.encode()).hexdigest()


def _ended(error: Exception) -> Exception:
    if isinstance(error.__cause__, TokenRevokedError):  # an entry was added meanwhile, or before this session
        return SessionEndedError(REVOKED)
    if isinstance(error, SignInError) and error.code in _FINAL:
        _log.info("session ended: %s", error)
        return SessionEndedError(error.code)
    return error


def _landed(flight: _Flight, held: Held, *, is_expired: bool) -> Held:
    error = flight.error
    if error is None and flight.result is not None:
        return flight.result
    if isinstance(error, SessionEndedError):
        raise SessionEndedError(error.code)
    if not is_expired:  # the old token is valid until its end
        return held
    if isinstance(error, SignInError) and not error.retryable:
        _log.error("a session cannot be refreshed: %s", error)
    raise _unavailable("an answer of Cognito", error.retry_after if isinstance(error, SignInError) else None) from error


def _unavailable(expected: str, retry_after: int | None = None) -> SignInError:
    return SignInError(
        f"refresh: expected {expected}, found none in time", code="sign_in_unavailable", retry_after=retry_after
    )
