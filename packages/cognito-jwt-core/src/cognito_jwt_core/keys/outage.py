"""Decide which keys serve while fetching fails, and which error other lookups get.

Every method is a function of its arguments and `KeySettings`, without a clock, a lock or state.
"""

from __future__ import annotations

import logging

from cognito_jwt_core.clock import Moment
from cognito_jwt_core.errors import CognitoJWTError, InvalidIssuerError, shown
from cognito_jwt_core.keys.freshness import CachedKeySet, Failure, consequence, one_line, unavailable
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError, KeySource, source_name

_log = logging.getLogger("cognito_jwt_core.keys")


class OutagePolicy:
    """Rules for one source while it cannot be reached.

    Args:
        source: Where the keys come from.
        settings: How long keys serve, and how long to back off.
        optional_issuer: An issuer that the pool may not use. It is rejected if its keys answer 403 or 404.
    """

    def __init__(self, source: KeySource, settings: KeySettings, optional_issuer: str | None) -> None:
        self._source = source
        self._settings = settings
        self._optional_issuer = optional_issuer

    def is_usable(self, cached: CachedKeySet, now: Moment) -> bool:
        """Return whether these keys may serve at all."""
        return cached.is_usable(now, self._settings.max_stale_seconds)

    def may_serve_meanwhile(self, cached: CachedKeySet, failure: Failure | None, now: Moment) -> bool:
        """Return whether usable keys serve during a refresh. After an idle time, a refresh must have been tried."""
        idle = self._settings.max_idle_seconds
        past = cached.past_lifetime(now)
        return past <= idle or (failure is not None and now.since(failure.at) < min(idle, past - idle))

    def next_failure(self, error: BaseException, previous: Failure | None, cached: CachedKeySet, at: Moment) -> Failure:
        """Return the record of a failed attempt, with the backoff that follows it."""
        status = error.status if isinstance(error, JWKSFetchError) else None
        times = previous.times + 1 if previous else 1
        is_unused = self._is_issuer_unused(status, cached, at)
        backoff = self._settings.unused_issuer_seconds if is_unused else self._settings.backoff(times)
        return Failure(one_line(error), status, times, at, backoff)

    def error(self, failure: Failure, cached: CachedKeySet, now: Moment, retry_seconds: float) -> CognitoJWTError:
        """Return the error for a lookup without keys after this failure."""
        if self._is_issuer_unused(failure.status, cached, now):
            return InvalidIssuerError(
                f"iss: expected an issuer that the pool uses, found {shown(self._optional_issuer)},"
                f" whose key endpoint answers {failure.status}",
                claim="iss",
            )
        return unavailable(self._source, failure, retry_seconds)

    def log_not_started(self, failure: Failure, cached: CachedKeySet) -> None:
        """Log that a fetch could not start."""
        level = self._level(failure, cached)
        _log.log(level, "keys of %s cannot be fetched: %s", source_name(self._source), failure.message)

    def log_failed(self, failure: Failure, cached: CachedKeySet) -> None:
        """Log that a fetch failed, and the effect on tokens."""
        source = source_name(self._source)
        if self._is_issuer_unused(failure.status, cached, failure.at):
            _log.info("%s answers %s: the pool does not use this issuer", source, failure.status)
            return
        _log.log(
            self._level(failure, cached),
            "keys of %s could not be fetched: %s; %s, next attempt in %.0f s",
            source,
            failure.message,
            consequence(len(cached.keys) if self.is_usable(cached, failure.at) else 0, self._optional_issuer),
            failure.backoff_seconds,
        )

    def _is_issuer_unused(self, status: int | None, cached: CachedKeySet, now: Moment) -> bool:
        return self._optional_issuer is not None and status in (403, 404) and not self.is_usable(cached, now)

    def _level(self, failure: Failure, cached: CachedKeySet) -> int:
        """Return the log level of a failure.

        Unverified tokens can cause fetches of an optional issuer's keys, so anyone can cause such failures. Unless the
        pool is known to use that issuer, log one warning per outage.
        """
        is_repeated = self._optional_issuer is not None and not cached.keys and failure.times > 1
        return logging.INFO if is_repeated else logging.WARNING
