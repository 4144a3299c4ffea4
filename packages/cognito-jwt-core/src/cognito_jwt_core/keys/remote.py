"""Look up keys of a remote source, from the cache or by waiting for a fetch.

A lookup is a loop. Under the lock, `_decide` returns the key or the fetch to wait for, or raises. Reading fresh keys
takes no lock. `refresh` decides when to fetch, `outage` which keys serve while fetching fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.jose.algorithms import Algorithm, load_backend
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jose.key_set import KeySet
from cognito_jwt_core.keys.fetch import Fetch
from cognito_jwt_core.keys.freshness import FetchBudget, MissingKids
from cognito_jwt_core.keys.outage import OutagePolicy
from cognito_jwt_core.keys.refresh import Refresher
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import KeySource, source_name
from cognito_jwt_core.keys.store import KeyStatus, unknown_key


class RemoteKeyStore:
    """The keys of a `KeySource`, fetched on first need and cached.

    Args:
        source: Where the keys come from.
        algorithms: Algorithms of the issuer that publishes the keys.
        settings: When to fetch and how long to trust.
        clock: Clock for the times in `settings`.
        bundled: Initial keys. They count as past their lifetime.
        optional_issuer: An issuer that the pool may not use. It is rejected if its keys answer 403 or 404.
        is_bounded: Whether the source itself enforces the time limit of a fetch.
        outage: Rules for a failed fetch; None for the default rules.
        admit: Called before a fetch for a lookup that no usable key can serve. It raises to reject the lookup.
    """

    def __init__(
        self,
        source: KeySource,
        algorithms: Mapping[str, Algorithm],
        settings: KeySettings,
        clock: Clock,
        *,
        bundled: KeySet | None = None,
        optional_issuer: str | None = None,
        is_bounded: bool = False,
        outage: OutagePolicy | None = None,
        admit: Callable[[Moment], None] | None = None,
    ) -> None:
        self.algorithms = algorithms
        self._source = source
        self._clock = clock
        self._outage = outage or OutagePolicy(source, settings, optional_issuer)
        self._admit = admit
        self._refresher = Refresher(
            source, algorithms, settings, clock, outage=self._outage, bundled=bundled, is_bounded=is_bounded
        )
        self._budget = FetchBudget(settings.unknown_kid_burst, settings.cooldown_seconds, Moment.now(clock))
        self._missing = MissingKids(settings.cooldown_seconds)
        load_backend()

    # Called by verification

    def get_fresh(self, kid: str) -> VerificationKey | None:
        cached, clock = self._refresher.cached, self._clock
        if clock.time() < cached.fresh_until_wall and clock.monotonic() < cached.fresh_until_monotonic:
            return cached.keys.get(kid)
        return None

    def get(self, kid: str) -> VerificationKey:
        arrival, awaited = self._refresher.count, None
        while not isinstance(found := self._decide(kid, arrival, awaited), VerificationKey):
            found.wait()
            awaited = found
        return found

    async def get_async(self, kid: str) -> VerificationKey:
        arrival, awaited = self._refresher.count, None
        while not isinstance(found := self._decide(kid, arrival, awaited), VerificationKey):
            await found.wait_async()
            awaited = found
        return found

    def cached(self, kid: str) -> VerificationKey | None:
        cached = self._refresher.cached
        return cached.keys.get(kid) if self._outage.is_usable(cached, Moment.now(self._clock)) else None

    # Called by operators

    def prefetch(self) -> None:
        refresher = self._refresher
        fetch: Fetch | None = None
        while fetch is None or fetch.succeeded is None:
            with refresher.lock:
                fetch = refresher.require_fetch(Moment.now(self._clock))
            fetch.wait()
        with refresher.lock:
            if not fetch.succeeded and refresher.failure is not None:  # and no later fetch brought them
                raise refresher.error(Moment.now(self._clock))

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        refresher = self._refresher
        with refresher.lock:
            now = Moment.now(self._clock)
            cached, failure = refresher.cached, refresher.failure
            return KeyStatus(
                source=source_name(self._source),
                issuers=issuers,
                kids=tuple(cached.keys),
                left_out=cached.keys.left_out,
                age_seconds=cached.age(now) if cached.keys else None,
                next_refresh_seconds=max(0.0, cached.refresh_due_in(now), refresher.backoff_left(now)),
                is_usable=self._outage.is_usable(cached, now),
                fetches=refresher.count,
                failed_fetches=refresher.failed_count,
                failures=failure.times if failure else 0,
                last_error=failure.message if failure else None,
            )

    # The decision (under the lock)

    def _decide(self, kid: str, arrival: int, awaited: Fetch | None) -> VerificationKey | Fetch:
        """Return the key, or the fetch to wait for.

        Args:
            kid: The key that is needed.
            arrival: How many fetches had begun when the lookup did.
            awaited: The fetch that this lookup waited for last.
        """
        refresher, outage = self._refresher, self._outage
        with refresher.lock:
            now = Moment.now(self._clock)
            # A fetch can prove that the token's key does not exist only if it began after the token arrived. An earlier
            # one may have been answered before the key was published. No newer answer is possible, so no request waits
            # twice.
            if awaited is not None and awaited.succeeded is not None and awaited.number > arrival:
                return self._decide_at_last(kid, now)
            cached = refresher.cached
            if not outage.is_usable(cached, now):
                if self._admit is not None and refresher.may_start(now):
                    self._admit(now)
                return refresher.require_fetch(now)
            if cached.refresh_due_in(now) <= 0:
                fetch = refresher.fetch(now)
                if fetch is not None and not outage.may_serve_meanwhile(cached, refresher.failure, now):
                    return fetch
            key = cached.keys.get(kid)
            return key if key is not None else self._decide_unknown(kid, now)

    def _decide_at_last(self, kid: str, now: Moment) -> VerificationKey:
        cached = self._refresher.cached
        key = cached.keys.get(kid)
        if self._refresher.failure is not None and (key is None or not self._outage.is_usable(cached, now)):
            raise self._refresher.error(now)
        if key is None:
            self._missing.add(kid, now)
            raise unknown_key(kid)
        return key

    def _decide_unknown(self, kid: str, now: Moment) -> Fetch:
        refresher = self._refresher
        if self._missing.has(kid, now):
            raise unknown_key(kid)
        # Invented `kid`s must not cause one fetch each, so a lookup that would start a fetch takes it from the budget.
        if refresher.may_start(now) and not self._budget.take(now):
            raise unknown_key(kid) if refresher.failure is None else refresher.error(now, self._budget.due_in(now))
        return refresher.require_fetch(now)
