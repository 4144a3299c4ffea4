"""Keys from a remote source: when to fetch them, who waits, and what holds while fetching fails.

A lookup is a loop: `_decide` says, under the lock, either the key, or an error, or which fetch to wait for. Reading
keys that are fresh takes no lock. The numbers are those of `KeySettings`.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from typing import NamedTuple

from . import fork
from .clock import Clock, Moment
from .errors import InvalidIssuerError, JWKSUnavailableError, shown
from .fetch_budget import FetchBudget
from .jwks import KeySet, load_key_set
from .jwks_sources import JWKSFetchError, KeySource
from .key_settings import KeySettings
from .key_store import KeyStatus, unknown_key
from .signature import Algorithm, VerificationKey

_log = logging.getLogger(__name__)

_MAX_MISSING_KIDS = 1024
_MAX_HUNG_FETCHES = 3


class _Held(NamedTuple):
    """The keys in use. Replaced as a whole, so that readers need no lock."""

    keys: KeySet
    read_at: Moment
    lifetime: float

    def fresh_until(self) -> Moment:
        return Moment(self.read_at.wall + self.lifetime, self.read_at.monotonic + self.lifetime)


class _Failure(NamedTuple):
    """The newest attempt failed."""

    message: str
    status: int | None
    times: int
    at: Moment
    backoff: float


class _Flight:
    """One fetch on its way, and those who wait for it. Its time is real time, whatever the clock of the policy says."""

    def __init__(self, number: int, timeout_seconds: float) -> None:
        self.number = number
        self.succeeded = False
        self.landed: Future[None] = Future()
        # A running future cannot be cancelled: one task that gives up must not take the others with it.
        self.landed.set_running_or_notify_cancel()
        self._started_at = Moment.now(time)
        self._timeout_seconds = timeout_seconds

    def seconds_left(self) -> float:
        return self._timeout_seconds - (time.monotonic() - self._started_at.monotonic)

    def is_overdue(self) -> bool:
        return self.seconds_left() <= 0

    def was_frozen(self) -> bool:
        """Whether the process stood still meanwhile: then the fetch says nothing about the endpoint."""
        return not self.is_overdue() and Moment.now(time).since(self._started_at) > self._timeout_seconds

    def wait(self) -> None:
        wait([self.landed], max(0.0, self.seconds_left()))

    async def wait_async(self) -> None:
        import asyncio  # here, since those who never await should not pay for its import

        waiting = asyncio.wrap_future(self.landed)
        try:
            await asyncio.wait([waiting], timeout=max(0.0, self.seconds_left()))
        finally:
            waiting.cancel()  # this waiting alone: `landed` runs on


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
        self._hold(_Held(bundled or KeySet({}), now, 0.0))
        self._budget = FetchBudget(settings.unknown_kid_burst, settings.cooldown_seconds, now)
        self._missing: dict[str, Moment] = {}
        self._failure: _Failure | None = None
        self._flight: _Flight | None = None
        self._flights = 0
        self._thread: threading.Thread | None = None
        self._hung: list[threading.Thread] = []
        self._lock = threading.Lock()
        fork.register(self)

    def renew_after_fork(self) -> None:
        self._lock = threading.Lock()
        self._flight = None
        self._hung = []

    # Reading

    def find(self, kid: str) -> VerificationKey:
        key = self._fresh(kid)
        if key is not None:
            return key
        arrival, landed = self._flights, None
        while not isinstance(found := self._decide(kid, arrival, landed), VerificationKey):
            found.wait()
            self._give_up(found)
            landed = found
        return found

    async def find_async(self, kid: str) -> VerificationKey:
        key = self._fresh(kid)
        if key is not None:
            return key
        arrival, landed = self._flights, None
        while not isinstance(found := self._decide(kid, arrival, landed), VerificationKey):
            await found.wait_async()
            self._give_up(found)
            landed = found
        return found

    def held(self, kid: str) -> VerificationKey | None:
        held = self._held
        past = Moment.now(self._clock).since(held.read_at) - held.lifetime
        return held.keys.get(kid) if past <= self._settings.max_stale_seconds else None

    def _fresh(self, kid: str) -> VerificationKey | None:
        keys, until = self._fresh_keys
        if self._clock.time() < until.wall and self._clock.monotonic() < until.monotonic:
            return keys.get(kid)
        return None

    def prefetch(self) -> None:
        with self._lock:
            flight = self._flight or self._start(Moment.now(self._clock))
            if flight is None:
                raise self._unavailable(Moment.now(self._clock))
        flight.wait()
        self._give_up(flight)
        if not flight.succeeded:
            raise self._unavailable(Moment.now(self._clock))

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        with self._lock:
            now = Moment.now(self._clock)
            held, failure = self._held, self._failure
            age = now.since(held.read_at)
            due = held.lifetime - age
            return KeyStatus(
                source=repr(self._source),
                issuers=issuers,
                kids=tuple(held.keys),
                left_out=held.keys.left_out,
                age_seconds=age if held.keys else None,
                next_refresh_seconds=max(0.0, due, self._backoff_left(now)),
                fetches=self._flights,
                failures=failure.times if failure else 0,
                last_error=failure.message if failure else None,
            )

    # Deciding (under the lock)

    def _decide(self, kid: str, arrival: int, landed: _Flight | None) -> VerificationKey | _Flight:
        """The key, or the fetch to wait for.

        Args:
            kid: The key that is looked for.
            arrival: How many fetches had been started when the lookup began.
            landed: The fetch that this lookup waited for last.
        """
        self._give_up(self._flight)
        with self._lock:
            now = Moment.now(self._clock)
            held = self._held
            past_lifetime = now.since(held.read_at) - held.lifetime
            if not held.keys or past_lifetime > self._settings.max_stale_seconds:
                return self._flight_or_refusal(now)
            if past_lifetime >= 0:
                flight = self._flight or self._start(now)
                if flight is not None and not self._may_serve(past_lifetime, now):
                    return flight
            key = held.keys.get(kid)
            return key if key is not None else self._decide_unknown(kid, now, arrival, landed)

    def _may_serve(self, past_lifetime: float, now: Moment) -> bool:
        """Whether keys past their lifetime serve during a refresh: not after idling without having tried one."""
        idle = self._settings.max_idle_seconds
        if past_lifetime <= idle:
            return True
        return self._failure is not None and now.since(self._failure.at) < min(idle, past_lifetime - idle)

    def _decide_unknown(self, kid: str, now: Moment, arrival: int, landed: _Flight | None) -> _Flight:
        # Only a fetch that began after the token arrived can say that its key is not there: an earlier one may have
        # been answered before the key was published.
        if landed is not None and landed.succeeded and landed.number > arrival:
            self._remember_missing(kid, now)
            raise unknown_key(kid)
        missing_since = self._missing.get(kid)
        if missing_since is not None and now.since(missing_since) < self._settings.cooldown_seconds:
            raise unknown_key(kid)
        if self._flight is not None:
            return self._flight
        if self._backoff_left(now) <= 0 and not self._budget.take(now):
            raise unknown_key(kid) if self._failure is None else self._unavailable(now)
        return self._flight_or_refusal(now)

    def _remember_missing(self, kid: str, now: Moment) -> None:
        if len(self._missing) >= _MAX_MISSING_KIDS:
            self._missing.pop(next(iter(self._missing)))
        self._missing.pop(kid, None)
        self._missing[kid] = now

    def _flight_or_refusal(self, now: Moment) -> _Flight:
        flight = self._flight or self._start(now)
        if flight is None:
            raise self._unavailable(now)
        return flight

    def _backoff_left(self, now: Moment) -> float:
        return self._failure.backoff - now.since(self._failure.at) if self._failure else 0.0

    def _unavailable(self, now: Moment) -> JWKSUnavailableError | InvalidIssuerError:
        failure = self._failure
        message = failure.message if failure else "earlier fetches that still hang"
        if failure and self._is_unused(failure.status) and not self._held.keys:
            return InvalidIssuerError(
                f"iss: expected an issuer that the pool uses, found {shown(self._optional_issuer)},"
                f" whose key endpoint answers {failure.status}",
                claim="iss",
            )
        seconds = max(1, math.ceil(self._backoff_left(now)))
        return JWKSUnavailableError(
            f"keys of {self._source!r}: expected a JWK Set, found {message}; next attempt in {seconds} s",
            retry_after=seconds,
        )

    def _is_unused(self, status: int | None) -> bool:
        return self._optional_issuer is not None and status in (403, 404)

    # Fetching

    def _start(self, now: Moment) -> _Flight | None:
        """Begin a fetch in a thread of its own; None while backing off. Nothing but leaving it bounds a name lookup."""
        self._hung = [thread for thread in self._hung if thread.is_alive()]
        if self._backoff_left(now) > 0 or len(self._hung) >= _MAX_HUNG_FETCHES:
            return None
        self._flights += 1
        flight = _Flight(self._flights, self._settings.timeout_seconds)
        self._thread = threading.Thread(target=self._fly, args=(flight,), name="cognito-jwks-fetch", daemon=True)
        self._flight = flight
        self._thread.start()
        return flight

    def _fly(self, flight: _Flight) -> None:
        try:
            response = self._source.fetch(self._settings.timeout_seconds)
            keys = load_key_set(response.jwks, self._allowed, self._held.keys)
            outcome = _Held(keys, Moment.now(self._clock), self._settings.lifetime(response.max_age_seconds))
        except Exception as error:  # noqa: BLE001  a source by somebody else may raise anything: all of it is a failed fetch
            self._land(flight, error)
        else:
            self._land(flight, outcome)

    def _give_up(self, flight: _Flight | None) -> None:
        """End a fetch whose time is over; one that was frozen with its process says nothing and is begun again."""
        if flight is None:
            return
        if flight.was_frozen():
            self._land(flight, None)
        elif flight.is_overdue():
            seconds = self._settings.timeout_seconds
            self._land(flight, JWKSFetchError(f"no whole answer within {seconds:g} s"))

    def _land(self, flight: _Flight, outcome: _Held | Exception | None) -> None:
        with self._lock:
            if self._flight is not flight:  # given up: the answer came too late
                return
            self._flight = None
            if self._thread is not None and self._thread is not threading.current_thread():
                self._hung.append(self._thread)
            if isinstance(outcome, _Held):
                self._hold(outcome)
                self._failure = None
                flight.succeeded = True
            elif outcome is not None:
                self._fail(outcome)
        self._tell(outcome)
        flight.landed.set_result(None)

    def _hold(self, held: _Held) -> None:
        self._held = held
        self._fresh_keys = held.keys, held.fresh_until()

    def _fail(self, error: Exception) -> None:
        status = error.status if isinstance(error, JWKSFetchError) else None
        times = self._failure.times + 1 if self._failure else 1
        backoff = self._settings.unused_issuer_seconds if self._is_unused(status) else self._settings.backoff(times)
        message = (
            str(error)
            if isinstance(error, (JWKSFetchError, ValueError))
            else f"{type(error).__name__}: {shown(str(error))}"
        )
        self._failure = _Failure(message, status, times, Moment.now(self._clock), backoff)

    def _tell(self, outcome: _Held | Exception | None) -> None:
        """One log record an event, outside the lock: a handler may take its time."""
        failure = self._failure
        if isinstance(outcome, _Held):
            _log.info("keys of %r fetched: %d, fresh for %.0f s", self._source, len(outcome.keys), outcome.lifetime)
        elif outcome is not None and failure is not None and self._is_unused(failure.status):
            _log.info("%r answers %s: the pool does not use this issuer", self._source, failure.status)
        elif outcome is not None and failure is not None:
            _log.warning(
                "keys of %r could not be fetched: %s; %d known keys stay in use, next attempt in %.0f s",
                self._source,
                failure.message,
                len(self._held.keys),
                failure.backoff,
            )
