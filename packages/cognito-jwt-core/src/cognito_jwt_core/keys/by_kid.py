"""Fetch keys that a load balancer publishes one by one, each at a URL that ends in its `kid`.

Each key has its own `RemoteKeyStore`, so it is fetched, refreshed and kept through an outage like a set. This module
decides which keys may be fetched, and which are cached.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import CognitoJWTError, JWKSUnavailableError, UnknownKeyError, shown
from cognito_jwt_core.http import HTTPRequestError, Request
from cognito_jwt_core.jose.algorithms import Algorithm, UnfitKeyError, read_p256_pem
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.keys.fork import PerProcess
from cognito_jwt_core.keys.freshness import CachedKeySet, Failure, FetchBudget, MissingKids
from cognito_jwt_core.keys.outage import OutagePolicy
from cognito_jwt_core.keys.remote import RemoteKeyStore
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError, JWKSResponse, max_age

if TYPE_CHECKING:
    from requests import Session

_log = logging.getLogger("cognito_jwt_core.keys")

MAX_KEYS: Final = 16
_MAX_PEM_BYTES: Final = 4096
_NO_SUCH_KEY: Final = (403, 404)  # S3 answers 403 for an object that does not exist


class KeysByKid:
    """Public P-256 keys in PEM, fetched by `kid` on first need.

    Anyone can invent a `kid`, so each first fetch uses up a budget. If the key then verifies a token, the fetch is
    returned to the budget.

    Args:
        base_url: Base of a key's URL, which is followed by a slash and the `kid`.
        algorithms: The algorithms of these keys.
        settings: When to fetch, how long to trust.
        session: Session for requests.
        clock: Clock for the times in `settings`.

    Attributes:
        fetches: Number of attempts.
        failed_fetches: Number of failed attempts. A response that the key does not exist is not a failure.
    """

    def __init__(
        self,
        base_url: str,
        algorithms: Mapping[str, Algorithm],
        settings: KeySettings,
        *,
        session: Session | None,
        clock: Clock,
    ) -> None:
        self.base_url = base_url
        self.algorithms = algorithms
        self.settings = settings
        self.session = session
        self.fetches: int = 0
        self.failed_fetches: int = 0
        self._clock = clock
        self._budget = FetchBudget(settings.unknown_kid_burst, settings.cooldown_seconds, Moment.now(clock))
        self._missing = MissingKids(settings.cooldown_seconds)
        # `_fetching` contains a slot until its key arrives. Both are read without the lock, and changed under it.
        self._fetching: dict[str, Slot] = {}
        self._held: dict[str, Slot] = {}
        self._uses = count()
        self._lock = PerProcess(threading.Lock)

    def lookup(self) -> KeyLookup:
        """Return the lookup for the key of one token."""
        return KeyLookup(self)

    def held(self, kid: str) -> Slot | None:
        """Return the slot of a cached key. Takes no lock, so that lookups of invented keys cannot delay it."""
        return self._held.get(kid)

    def mark_used(self, kid: str) -> None:
        """Record that a key has verified another token."""
        slot = self._held.get(kid)
        if slot is not None:
            slot.used = next(self._uses)

    def slot_for(self, kid: str) -> Slot:
        """Return the slot of a key, which may need a fetch.

        Raises:
            UnknownKeyError: If the key is known to be missing.
            JWKSUnavailableError: If the budget does not allow its first fetch.
        """
        with self._lock.get():
            now = Moment.now(self._clock)
            slot = self._held.get(kid) or self._fetching.get(kid)
            if slot is not None and slot.source.is_missing:  # withdrawn, as a refresh has shown
                self._forget(slot, now)
            if self._missing.has(kid, now):
                raise unknown_kid(kid)
            if slot is not None:
                return slot
            self._take(now, kid)
            if len(self._fetching) >= MAX_KEYS:  # the requests that wait for it continue to wait
                del self._fetching[next(iter(self._fetching))]
            slot = self._fetching[kid] = Slot(self, kid, self._clock)
            return slot

    def admit(self, slot: Slot, now: Moment) -> None:
        """Take a fetch from the budget, unless the slot already has one.

        Raises:
            JWKSUnavailableError: If the budget is used up.
        """
        with self._lock.get():
            if slot.is_prepaid:
                slot.is_prepaid = False
            else:
                self._take(now, slot.kid)
                slot.is_charged = True

    def keep(self, slot: Slot) -> None:
        """Cache a fetched key, if there is room beside those that have verified a token."""
        if self._held.get(slot.kid) is slot:
            return
        with self._lock.get():
            self._fetching.pop(slot.kid, None)
            self._hold(slot)

    def confirm(self, slot: Slot) -> None:
        """Record that a key has verified a token: cache it, and return its fetch to the budget."""
        with self._lock.get():
            slot.is_confirmed = True
            if slot.is_charged:
                slot.is_charged = False
                self._budget.give_back()
            self._hold(slot)

    def forget(self, slot: Slot) -> None:
        """Remember that the key does not exist."""
        with self._lock.get():
            self._forget(slot, Moment.now(self._clock))

    def count(self, *, is_failure: bool) -> None:
        """Count a fetch."""
        with self._lock.get():
            self.fetches += 1
            self.failed_fetches += is_failure

    # The methods below run under the lock.

    def _take(self, now: Moment, kid: str) -> None:
        if not self._budget.take(now):
            seconds = max(1, math.ceil(self._budget.due_in(now)))
            raise JWKSUnavailableError(
                f"key {shown(kid)} of {self.base_url}: expected a fetch within the budget, found too many"
                f" for unknown keys; next attempt in {seconds} s",
                retry_after=seconds,
            )

    def _hold(self, slot: Slot) -> None:
        slot.used = next(self._uses)
        self._held[slot.kid] = slot
        while len(self._held) > MAX_KEYS:
            # Anyone can cause a fetch of a key that verifies no token, so it must not replace one that has.
            last = min(self._held.values(), key=lambda held: (held.is_confirmed, held.used))
            del self._held[last.kid]

    def _forget(self, slot: Slot, now: Moment) -> None:
        for slots in (self._held, self._fetching):
            if slots.get(slot.kid) is slot:
                del slots[slot.kid]
        self._missing.add(slot.kid, now)


class Slot:
    """One key, or its pending fetch.

    Attributes:
        kid: Id of the key.
        source: Where the key is published.
        store: Fetches and caches the key.
        used: Sequence number of its last use.
        is_confirmed: Whether it has verified a token.
        is_charged: Whether its fetch is returned to the budget once it verifies a token.
        is_prepaid: Whether its first fetch has been taken from the budget.
    """

    def __init__(self, keys: KeysByKid, kid: str, clock: Clock) -> None:
        self.kid: str = kid
        self.source: PEMKeySource = PEMKeySource(keys, kid)
        self.store: RemoteKeyStore = RemoteKeyStore(
            self.source,
            keys.algorithms,
            keys.settings,
            clock,
            is_bounded=True,
            outage=_OneKeyOutage(self.source, keys.settings),
            admit=partial(keys.admit, self),
        )
        self.used: int = 0
        self.is_confirmed: bool = False
        self.is_charged: bool = True
        self.is_prepaid: bool = True


class KeyLookup:
    """Finds the key of one token and remembers it. Call `confirm` after it has verified the signature."""

    def __init__(self, keys: KeysByKid) -> None:
        self._keys = keys
        self._slot: Slot | None = None

    @property
    def algorithms(self) -> Mapping[str, Algorithm]:
        """Return the algorithms of these keys."""
        return self._keys.algorithms

    def get_fresh(self, kid: str) -> VerificationKey | None:
        """Return the key with that `kid` if it is cached and fresh. Never wait."""
        self._slot = slot = self._keys.held(kid)
        return None if slot is None else slot.store.get_fresh(kid)

    def get(self, kid: str) -> VerificationKey:
        """Return the key with that `kid`. Fetch it if it is not cached.

        Raises:
            UnknownKeyError: If the key does not exist.
            JWKSUnavailableError: If the key cannot be fetched, or the budget is used up.
        """
        self._slot = slot = self._keys.slot_for(kid)
        try:
            key = slot.store.get(kid)
        except UnknownKeyError:
            self._keys.forget(slot)
            raise
        self._keys.keep(slot)
        return key

    async def get_async(self, kid: str) -> VerificationKey:
        """Like `get`, without blocking the event loop."""
        self._slot = slot = self._keys.slot_for(kid)
        try:
            key = await slot.store.get_async(kid)
        except UnknownKeyError:
            self._keys.forget(slot)
            raise
        self._keys.keep(slot)
        return key

    def confirm(self) -> None:
        """Record that the key has verified the token."""
        if self._slot is not None:
            self._keys.confirm(self._slot)


class PEMKeySource:
    """One public key in PEM at a URL.

    Attributes:
        is_missing: Whether the latest response said that the key does not exist.
    """

    def __init__(self, keys: KeysByKid, kid: str) -> None:
        self._keys = keys
        self._kid = kid
        self.is_missing: bool = False

    def __repr__(self) -> str:
        return f"{self._keys.base_url}/{self._kid}"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        """Return a JWK Set that contains only this key.

        Raises:
            JWKSFetchError: If the key cannot be fetched.
        """
        try:
            response = self._response(timeout_seconds)
        except JWKSFetchError as error:
            self.is_missing = error.status in _NO_SUCH_KEY
            self._keys.count(is_failure=not self.is_missing)
            raise
        self.is_missing = False
        self._keys.count(is_failure=False)
        return response

    def _response(self, timeout_seconds: float) -> JWKSResponse:
        request = Request(
            "GET",
            repr(self),
            timeout_seconds=timeout_seconds,
            max_bytes=_MAX_PEM_BYTES,
            session=self._keys.session,
            error_body=False,
        )
        try:
            answer = request.send()
            if answer.status != 200:
                raise JWKSFetchError(f"expected status 200, found {answer.status}", status=answer.status)
            members = read_p256_pem(answer.body)
        except (HTTPRequestError, UnfitKeyError) as error:
            raise JWKSFetchError(str(error)) from error
        jwk = {"kid": self._kid, "use": "sig", **members}
        return JWKSResponse({"keys": [jwk]}, max_age(answer.headers.get("cache-control", "")))


class _OneKeyOutage(OutagePolicy):
    """Rules for one key while it cannot be fetched. A response that the key does not exist is not a failure."""

    def __init__(self, source: PEMKeySource, settings: KeySettings) -> None:
        super().__init__(source, settings, None)
        self._key_source = source

    def error(self, failure: Failure, cached: CachedKeySet, now: Moment, retry_seconds: float) -> CognitoJWTError:
        """Return the error for a lookup without a key after this failure."""
        if failure.status in _NO_SUCH_KEY:
            return unknown_kid(repr(self._key_source).rpartition("/")[2])
        seconds = max(1, math.ceil(retry_seconds))
        return JWKSUnavailableError(
            f"{self._key_source!r}: expected a public key, found none ({failure.message}); next attempt in {seconds} s",
            retry_after=seconds,
        )

    def log_failed(self, failure: Failure, cached: CachedKeySet) -> None:
        """Log that a fetch failed. Anyone can request a key that does not exist, so that is not a warning."""
        if failure.status in _NO_SUCH_KEY:
            _log.info("%r answers %s: this key does not exist", self._key_source, failure.status)
        else:
            super().log_failed(failure, cached)


def unknown_kid(kid: str) -> UnknownKeyError:
    """Return the error for a key that does not exist."""
    return UnknownKeyError(f"kid: expected the id of a load balancer's key, found {shown(kid)}")
