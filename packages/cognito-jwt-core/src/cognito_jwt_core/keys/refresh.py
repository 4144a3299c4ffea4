"""Decide when to fetch: at most one fetch at a time, and none during backoff. Keep the newest result."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import CognitoJWTError
from cognito_jwt_core.jose.algorithms import Algorithm
from cognito_jwt_core.jose.key_set import KeySet, load_key_set
from cognito_jwt_core.keys.fetch import Fetch, Fetcher
from cognito_jwt_core.keys.freshness import CachedKeySet, Failure
from cognito_jwt_core.keys.outage import OutagePolicy
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError, KeySource, source_name

_log = logging.getLogger("cognito_jwt_core.keys")


class Refresher:
    """Fetches the keys of one source.

    Call its methods under `lock`. Read `cached` without the lock, since it is replaced as a whole.

    Args:
        source: Where the keys come from.
        algorithms: Algorithms of the issuer that publishes the keys.
        settings: Time limit of a fetch and lifetime of keys.
        clock: Clock for the times in `settings`.
        outage: Rules for a failed fetch.
        bundled: Initial keys. They count as past their lifetime.
        is_bounded: Whether the source itself enforces the time limit of a fetch.

    Attributes:
        cached: The newest keys.
        failure: The latest attempt, if it failed.
        failed_count: Number of failed attempts.
    """

    def __init__(
        self,
        source: KeySource,
        algorithms: Mapping[str, Algorithm],
        settings: KeySettings,
        clock: Clock,
        *,
        outage: OutagePolicy,
        bundled: KeySet | None,
        is_bounded: bool,
    ) -> None:
        self._source = source
        self._algorithms = algorithms
        self._settings = settings
        self._outage = outage
        self.cached: CachedKeySet = CachedKeySet(bundled or KeySet({}), Moment.now(clock), 0.0)
        self.failure: Failure | None = None
        self.failed_count: int = 0
        self._fetcher = Fetcher(
            self._read,
            self._settle,
            timeout_seconds=settings.timeout_seconds,
            clock=clock,
            is_bounded=is_bounded,
        )

    @property
    def lock(self) -> threading.RLock:
        """Return the lock of this process."""
        return self._fetcher.lock

    @property
    def count(self) -> int:
        """Return the number of fetches started so far."""
        return self._fetcher.count

    def may_start(self, now: Moment) -> bool:
        """Return whether the next `fetch` would start one."""
        return self._fetcher.current is None and self.backoff_left(now) <= 0

    def backoff_left(self, now: Moment) -> float:
        """Return the seconds until the next attempt, or zero or less if it is due."""
        return self.failure.backoff_left(now) if self.failure else 0.0

    def fetch(self, now: Moment) -> Fetch | None:
        """Return the running fetch, or start one. Return None during backoff."""
        if self.may_start(now):
            try:
                return self._fetcher.start(now)
            except (JWKSFetchError, RuntimeError) as error:  # earlier fetches hang, or no thread is available
                self.failure = failure = self._outage.next_failure(error, self.failure, self.cached, now)
                self.failed_count += 1
                self._outage.log_not_started(failure, self.cached)
        return self._fetcher.current

    def require_fetch(self, now: Moment) -> Fetch:
        """Return the running fetch, or start one.

        Raises:
            JWKSUnavailableError: During backoff.
            InvalidIssuerError: During backoff, if the pool does not use the issuer.
        """
        fetch = self.fetch(now)
        if fetch is None:
            raise self.error(now)
        return fetch

    def error(self, now: Moment, due_in: float = 0.0) -> CognitoJWTError:
        """Return the error for a lookup after the latest attempt returned no keys.

        Args:
            now: Time of the lookup.
            due_in: Seconds until this lookup may cause a fetch, if other lookups may cause one earlier.
        """
        failure = self.failure
        assert failure is not None  # the keys are missing because an attempt failed
        return self._outage.error(failure, self.cached, now, max(due_in, failure.backoff_left(now)))

    # Both outcomes of a fetch are handled in its worker thread.

    def _read(self, fetch: Fetch) -> CachedKeySet:
        response = self._source.fetch(self._settings.timeout_seconds)
        keys = load_key_set(response.jwks, self._algorithms, self.cached.keys)
        return CachedKeySet(keys, fetch.asked_at, self._settings.lifetime(response.max_age_seconds))

    def _settle(self, fetch: Fetch, ended_at: Moment, outcome: CachedKeySet | BaseException | None) -> None:
        with self.lock:
            self._fetcher.end()
            if isinstance(outcome, CachedKeySet):
                self.cached, self.failure, fetch.succeeded = outcome, None, True
            elif outcome is not None:
                self.failure = self._outage.next_failure(outcome, self.failure, self.cached, ended_at)
                self.failed_count += 1
                fetch.succeeded = False
            cached, failure = self.cached, self.failure
        try:
            self._log_end(fetch, cached, failure)  # outside the lock, because a log handler may be slow
        finally:
            fetch.release()

    def _log_end(self, fetch: Fetch, cached: CachedKeySet, failure: Failure | None) -> None:
        source = source_name(self._source)
        if fetch.succeeded:
            _log.info("keys of %s fetched: %d, fresh for %.0f s", source, len(cached.keys), cached.lifetime_seconds)
        elif fetch.succeeded is None or failure is None:
            _log.info("keys of %s: the process was paused during a fetch, which is repeated", source)
        else:
            self._outage.log_failed(failure, cached)
