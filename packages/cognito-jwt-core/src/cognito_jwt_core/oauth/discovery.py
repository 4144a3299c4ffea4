"""Fetch, check and cache the pool's discovery document."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, NamedTuple

from cognito_jwt_core.clock import REAL_TIME, Clock, Moment
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.errors import SignInError
from cognito_jwt_core.http import HTTPRequestError, Request
from cognito_jwt_core.jose.strict_json import parse_object
from cognito_jwt_core.keys.fetch import Fetch, Fetcher
from cognito_jwt_core.keys.freshness import Failure, one_line
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import max_age
from cognito_jwt_core.oauth.endpoints import Endpoints, endpoints_of_discovery

if TYPE_CHECKING:
    from requests import Session

_log = logging.getLogger("cognito_jwt_core.oauth")

_PATH = "/.well-known/openid-configuration"


class _Kept(NamedTuple):
    """Endpoints of a valid document, and how long they are fresh."""

    endpoints: Endpoints
    asked_at: Moment
    lifetime_seconds: float

    def past_lifetime(self, now: Moment) -> float:
        return now.since(self.asked_at) - self.lifetime_seconds


class Discovery:
    """The endpoints that the discovery document of a pool names.

    The document stays fresh as long as keys do. After that it is fetched again in the background. While it cannot be
    fetched or is invalid, the last valid one serves as long as old keys do.

    Args:
        pool: The pool; its first issuer gives the URL of the document.
        session: The app's own session, or None.
        settings: When to fetch, how long to trust, how much to read.
        clock: Clock for the times in `settings`.
    """

    def __init__(self, pool: UserPool, *, session: Session | None, settings: KeySettings, clock: Clock) -> None:
        self.url: str = next(iter(pool.jwks_uris)).rstrip("/") + _PATH
        self._pool = pool
        self._session = session
        self._settings = settings
        self._clock = clock
        self._kept: _Kept | None = None
        self._refusal: SignInError | None = None
        self._failure: Failure | None = None
        self._fetcher = Fetcher(
            self._read, self._settle, timeout_seconds=settings.timeout_seconds, clock=clock, is_bounded=True
        )

    def get(self, most_seconds: float = math.inf) -> Endpoints:
        """Return the endpoints. Wait for the first document, at most for the time of one fetch.

        Args:
            most_seconds: Wait no longer than until a running fetch has taken this long.

        Raises:
            SignInError: ``sign_in_misconfigured`` or ``sign_in_unavailable``.
        """
        awaited = None
        while not isinstance(found := self._decide(awaited), Endpoints):
            found.wait(self._patience(found, most_seconds))
            awaited = found
        return found

    async def get_async(self, most_seconds: float = math.inf) -> Endpoints:
        """Like `get`, without blocking the event loop."""
        awaited = None
        while not isinstance(found := self._decide(awaited), Endpoints):
            await found.wait_async(self._patience(found, most_seconds))
            awaited = found
        return found

    def _patience(self, fetch: Fetch, most_seconds: float) -> float:
        """Return how long to wait for a fetch.

        Raises:
            SignInError: ``sign_in_unavailable`` if it has taken too long already.
        """
        left = most_seconds - Moment.now(REAL_TIME).since(fetch.began_at)
        if left <= 0:
            raise _refusal(f"expected it within {most_seconds:g} s, found no answer yet", "sign_in_unavailable")
        return left

    def _decide(self, awaited: Fetch | None) -> Endpoints | Fetch:
        """Return the endpoints, or the fetch to wait for."""
        with self._fetcher.lock:
            now = Moment.now(self._clock)
            kept = self._kept
            if kept is not None and kept.past_lifetime(now) < 0:
                return kept.endpoints
            fetch = None if awaited is not None and awaited.succeeded is False else self._fetch(now)
            if kept is not None and kept.past_lifetime(now) <= self._settings.max_stale_seconds:
                return kept.endpoints
            if fetch is None:
                raise self._refused(now)
            return fetch

    def _fetch(self, now: Moment) -> Fetch | None:
        if self._fetcher.current is None and (self._failure is None or self._failure.backoff_left(now) <= 0):
            try:
                return self._fetcher.start(now)
            except RuntimeError as error:  # the system cannot start a thread, or the interpreter is shutting down
                self._fail(_as_refusal(error), now)
                _log.warning("%s could not be used: %s", self.url, self._refusal)
        return self._fetcher.current

    def _refused(self, now: Moment) -> SignInError:
        refusal = self._refusal or _refusal("expected one, found none", "sign_in_unavailable")
        seconds = math.ceil(self._failure.backoff_left(now)) if self._failure else 1
        return SignInError(str(refusal), code=refusal.code, retry_after=seconds)

    def _read(self, fetch: Fetch) -> _Kept:
        settings = self._settings
        response = Request(
            "GET",
            self.url,
            headers={"Accept": "application/json"},
            timeout_seconds=settings.timeout_seconds,
            max_bytes=settings.max_response_bytes,
            session=self._session,
        ).send()
        if response.status in (400, 403, 404):
            raise _refusal(f"found status {response.status}: is this the pool's id?", "sign_in_misconfigured")
        if response.status != 200:
            raise _refusal(f"expected status 200, found {response.status}", "sign_in_unavailable")
        document = parse_object(response.body)
        is_http = self.url.startswith("http:")  # loopback, or allowed by the settings
        endpoints = endpoints_of_discovery(document, self._pool, allow_http=is_http or settings.allow_http)
        return _Kept(endpoints, fetch.asked_at, settings.lifetime(max_age(response.headers.get("cache-control", ""))))

    def _settle(self, fetch: Fetch, ended_at: Moment, outcome: _Kept | BaseException | None) -> None:
        refusal = _as_refusal(outcome) if isinstance(outcome, BaseException) else None
        with self._fetcher.lock:
            self._fetcher.end()
            if isinstance(outcome, _Kept):
                self._kept, self._failure, self._refusal, fetch.succeeded = outcome, None, None, True
            elif refusal is not None:
                self._fail(refusal, ended_at)
                fetch.succeeded = False
        try:
            if refusal is not None:
                _log.warning("%s could not be used: %s", self.url, refusal)
        finally:
            fetch.release()

    def _fail(self, refusal: SignInError, now: Moment) -> None:
        times = self._failure.times + 1 if self._failure else 1
        self._refusal = refusal
        self._failure = Failure(str(refusal), None, times, now, self._settings.backoff(times))


def _as_refusal(outcome: BaseException) -> SignInError:
    if isinstance(outcome, SignInError):
        return outcome
    reason = str(outcome) if isinstance(outcome, (HTTPRequestError, ValueError)) else one_line(outcome)
    return _refusal(reason, "sign_in_unavailable")


def _refusal(message: str, code: str) -> SignInError:
    return SignInError(f"discovery document: {message}", code=code)
