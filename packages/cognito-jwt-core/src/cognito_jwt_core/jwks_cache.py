"""Keys from a remote source: when to fetch them, who waits, and what holds while fetching fails.

A lookup is a loop: `_decide` says, under the lock, either the key, or an error, or which fetch to wait for. Reading
keys that are fresh takes no lock. The numbers are those of `KeySettings`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping

from . import fork
from .clock import Clock, Moment
from .errors import InvalidIssuerError, JWKSUnavailableError, shown
from .fetch_budget import FetchBudget
from .fetch_failure import Failure, described, what_it_means
from .held_keys import HeldKeys
from .jwks import KeySet, load_key_set
from .jwks_fetcher import Fetch, Fetcher
from .jwks_sources import JWKSFetchError, KeySource
from .key_settings import KeySettings
from .key_store import KeyStatus, unknown_key
from .signature import Algorithm, VerificationKey

_log = logging.getLogger(__name__)

_MAX_MISSING_KIDS = 1024


class RemoteKeys:
    """The keys of a `KeySource`, fetched on first need and kept.

    Args:
        source: Where they come from.
        allowed: The algorithm table of who verifies with them.
        settings: When to fetch and how long to trust.
        clock: The time that the settings count in.
        bundled: Keys to begin with; they count as past their lifetime.
        optional_issuer: An issuer that the pool may not use. Where its keys answer 403 or 404 it is refused.
    """

    def __init__(
        self,
        source: KeySource,
        allowed: Mapping[str, Algorithm],
        settings: KeySettings,
        clock: Clock,
        *,
        bundled: KeySet | None = None,
        optional_issuer: str | None = None,
    ) -> None:
        self._source = source
        self._allowed = allowed
        self._settings = settings
        self._clock = clock
        self._optional_issuer = optional_issuer
        now = Moment.now(clock)
        self._held = HeldKeys(bundled or KeySet({}), now, 0.0)
        self._fetcher = Fetcher(self._read, self._settle, settings.timeout_seconds)
        self._failure: Failure | None = None
        self._budget = FetchBudget(settings.unknown_kid_burst, settings.cooldown_seconds, now)
        self._missing: dict[int, Moment] = {}
        self._lock = threading.RLock()  # reentrant: a log handler may ask about the keys
        fork.register(self)

    def renew_after_fork(self) -> None:
        self._lock = threading.RLock()
        self._fetcher.renew_after_fork()

    # Asked by verification

    def at_hand(self, kid: str) -> VerificationKey | None:
        held, clock = self._held, self._clock
        if clock.time() < held.fresh_until_wall and clock.monotonic() < held.fresh_until_monotonic:
            return held.keys.get(kid)
        return None

    def find(self, kid: str) -> VerificationKey:
        arrival, awaited = self._fetcher.count, None
        while not isinstance(found := self._decide(kid, arrival, awaited), VerificationKey):
            found.wait()
            awaited = found
        return found

    async def find_async(self, kid: str) -> VerificationKey:
        arrival, awaited = self._fetcher.count, None
        while not isinstance(found := self._decide(kid, arrival, awaited), VerificationKey):
            await found.wait_async()
            awaited = found
        return found

    def held(self, kid: str) -> VerificationKey | None:
        held = self._held
        return held.keys.get(kid) if self._is_usable(held, Moment.now(self._clock)) else None

    # Asked by operators

    def prefetch(self) -> None:
        fetch: Fetch | None = None
        while fetch is None or fetch.succeeded is None:
            self._fetcher.end_overdue()
            with self._lock:
                fetch = self._fetch_or_refusal(Moment.now(self._clock))
            fetch.wait()
            self._fetcher.end_overdue()
        if not fetch.succeeded:
            with self._lock:
                raise self._unavailable(Moment.now(self._clock))

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        self._fetcher.end_overdue()
        with self._lock:
            now = Moment.now(self._clock)
            held, failure = self._held, self._failure
            return KeyStatus(
                source=repr(self._source),
                issuers=issuers,
                kids=tuple(held.keys),
                left_out=held.keys.left_out,
                age_seconds=held.age(now) if held.keys else None,
                next_refresh_seconds=max(0.0, held.refresh_due_in(now), self._backoff_left(now)),
                fetches=self._fetcher.count,
                failures=failure.times if failure else 0,
                last_error=failure.message if failure else None,
            )

    # Deciding (under the lock)

    def _decide(self, kid: str, arrival: int, awaited: Fetch | None) -> VerificationKey | Fetch:
        """The key, or the fetch to wait for.

        Args:
            kid: The key that is looked for.
            arrival: How many fetches had begun when the lookup did.
            awaited: The fetch that this lookup waited for last.
        """
        self._fetcher.end_overdue()
        with self._lock:
            now = Moment.now(self._clock)
            # Only a fetch that began after the token arrived can say that its key is not there: an earlier one may
            # have been answered before the key was published. Nothing newer is to be had, so nobody waits twice.
            if awaited is not None and awaited.succeeded is not None and awaited.number > arrival:
                return self._decide_at_last(kid, now)
            held = self._held
            if not self._is_usable(held, now):
                return self._fetch_or_refusal(now)
            if held.refresh_due_in(now) <= 0:
                fetch = self._fetch(now)
                if fetch is not None and not self._may_serve(held, now):
                    return fetch
            key = held.keys.get(kid)
            return key if key is not None else self._decide_unknown(kid, now)

    def _decide_at_last(self, kid: str, now: Moment) -> VerificationKey:
        key = self._held.keys.get(kid)
        if self._failure is not None and (key is None or not self._is_usable(self._held, now)):
            raise self._unavailable(now)
        if key is None:
            self._remember_missing(kid, now)
            raise unknown_key(kid)
        return key

    def _decide_unknown(self, kid: str, now: Moment) -> Fetch:
        missing_since = self._missing.get(hash(kid))
        if missing_since is not None and now.since(missing_since) < self._settings.cooldown_seconds:
            raise unknown_key(kid)
        if self._fetcher.current is None and self._backoff_left(now) <= 0 and not self._budget.take(now):
            raise unknown_key(kid) if self._failure is None else self._unavailable(now)
        return self._fetch_or_refusal(now)

    def _remember_missing(self, kid: str, now: Moment) -> None:
        # By its hash: an invented kid may be as long as a token.
        if len(self._missing) >= _MAX_MISSING_KIDS:
            self._missing.pop(next(iter(self._missing)))
        self._missing[hash(kid)] = now

    def _is_usable(self, held: HeldKeys, now: Moment) -> bool:
        return bool(held.keys) and held.past_lifetime(now) <= self._settings.max_stale_seconds

    def _may_serve(self, held: HeldKeys, now: Moment) -> bool:
        """Whether keys past their lifetime serve during a refresh: not after idling without having tried one."""
        idle = self._settings.max_idle_seconds
        past = held.past_lifetime(now)
        return past <= idle or (self._failure is not None and now.since(self._failure.at) < min(idle, past - idle))

    def _fetch_or_refusal(self, now: Moment) -> Fetch:
        fetch = self._fetch(now)
        if fetch is None:
            raise self._unavailable(now)
        return fetch

    def _fetch(self, now: Moment) -> Fetch | None:
        """The fetch on its way, else a new one; None while backing off, or while too many hang."""
        if self._fetcher.current is None and self._backoff_left(now) <= 0:
            try:
                return self._fetcher.start(now)
            except RuntimeError as error:  # the system gives no thread, or the interpreter shuts down
                self._failure = self._failed(described(error), None, now)
                _log.warning("keys of %r cannot be fetched: %s", self._source, self._failure.message)
        return self._fetcher.current

    def _backoff_left(self, now: Moment) -> float:
        return self._failure.backoff_left(now) if self._failure else 0.0

    def _unavailable(self, now: Moment) -> JWKSUnavailableError | InvalidIssuerError:
        failure = self._failure
        if failure and self._is_unused(failure.status, now):
            return InvalidIssuerError(
                f"iss: expected an issuer that the pool uses, found {shown(self._optional_issuer)},"
                f" whose key endpoint answers {failure.status}",
                claim="iss",
            )
        seconds = max(1, math.ceil(self._backoff_left(now)))
        reason = failure.message if failure else "earlier fetches still hang"
        return JWKSUnavailableError(
            f"keys of {self._source!r}: expected a JWK Set, found none ({reason}); next attempt in {seconds} s",
            retry_after=seconds,
        )

    def _is_unused(self, status: int | None, now: Moment) -> bool:
        return self._optional_issuer is not None and status in (403, 404) and not self._is_usable(self._held, now)

    # What comes of a fetch

    def _read(self, fetch: Fetch) -> HeldKeys:
        response = self._source.fetch(self._settings.timeout_seconds)
        keys = load_key_set(response.jwks, self._allowed, self._held.keys)
        return HeldKeys(keys, fetch.asked_at, self._settings.lifetime(response.max_age_seconds))

    def _settle(self, fetch: Fetch, outcome: HeldKeys | BaseException | None) -> None:
        message = described(outcome) if isinstance(outcome, BaseException) else ""
        status = outcome.status if isinstance(outcome, JWKSFetchError) else None
        with self._lock:
            if not self._fetcher.close(fetch):  # another thread was first
                return
            if isinstance(outcome, HeldKeys):
                self._held, self._failure, fetch.succeeded = outcome, None, True
            elif outcome is not None:
                self._failure, fetch.succeeded = self._failed(message, status, Moment.now(self._clock)), False
            held, failure = self._held, self._failure
        try:
            self._tell(fetch, held, failure)
        finally:
            fetch.release()

    def _failed(self, message: str, status: int | None, now: Moment) -> Failure:
        times = self._failure.times + 1 if self._failure else 1
        is_unused = self._is_unused(status, now)
        backoff = self._settings.unused_issuer_seconds if is_unused else self._settings.backoff(times)
        return Failure(message, status, times, now, backoff)

    def _tell(self, fetch: Fetch, held: HeldKeys, failure: Failure | None) -> None:
        """One log record an event, outside the lock: a handler may take its time."""
        if fetch.succeeded:
            _log.info("keys of %r fetched: %d, fresh for %.0f s", self._source, len(held.keys), held.lifetime_seconds)
        elif fetch.succeeded is None or failure is None:
            _log.info("keys of %r: the process stood still during a fetch, which says nothing", self._source)
        elif self._is_unused(failure.status, failure.at):
            _log.info("%r answers %s: the pool does not use this issuer", self._source, failure.status)
        else:
            _log.warning(
                "keys of %r could not be fetched: %s; %s, next attempt in %.0f s",
                self._source,
                failure.message,
                what_it_means(len(held.keys) if self._is_usable(held, failure.at) else 0),
                failure.backoff_seconds,
            )
