"""Keys from a local source (a mapping, a file): read when built, and again when they changed."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping

from . import fork
from .clock import Clock, Moment
from .errors import ConfigurationError, JWKSUnavailableError
from .fetch_failure import Failure, described, what_it_means
from .jwks import KeySet, load_key_set
from .jwks_sources import LocalKeySource
from .key_settings import KeySettings
from .key_store import KeyStatus, unknown_key
from .signature import Algorithm, VerificationKey

_log = logging.getLogger(__name__)


class LocalKeys:
    """The keys of a `LocalKeySource`, current with every lookup.

    Args:
        source: Where they come from.
        allowed: The algorithm table of who verifies with them.
        settings: How long they serve while reading them fails.
        clock: The time that the settings count in.
        look_every_seconds: For so long a known key serves without a look at the source. One that is not known is
            looked for at once.

    Raises:
        ConfigurationError: When built: the source has no usable JWK Set.
    """

    def __init__(
        self,
        source: LocalKeySource,
        allowed: Mapping[str, Algorithm],
        settings: KeySettings,
        clock: Clock,
        look_every_seconds: float,
    ) -> None:
        self._source = source
        self._allowed = allowed
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()  # reentrant: a log handler may ask about the keys
        self._is_reading = False
        self._fetches = 0
        self._failure: Failure | None = None
        self._failing_since: Moment | None = None
        self._look_every_seconds = look_every_seconds
        self._next_look = clock.monotonic() + look_every_seconds
        self._revision = self._revision_now()
        self._read_at = Moment.now(clock)
        self._keys = KeySet({})
        try:
            self._keys = self._read()
        except Exception as error:
            raise ConfigurationError(f"keys of {source!r}: {described(error)}") from error
        fork.register(self)

    def renew_after_fork(self) -> None:
        self._lock = threading.RLock()
        self._is_reading = False

    def find(self, kid: str) -> VerificationKey:
        self._follow()
        key, failure = self._keys.get(kid), self._failure
        if failure is not None and (key is None or self._is_stale()):
            raise self._unavailable(failure)
        if key is None:
            raise unknown_key(kid)
        return key

    def at_hand(self, kid: str) -> VerificationKey | None:
        if self._clock.monotonic() >= self._next_look:
            self._follow()
        return self._keys.get(kid) if self._failure is None else None

    async def find_async(self, kid: str) -> VerificationKey:
        return self.find(kid)

    def held(self, kid: str) -> VerificationKey | None:
        return self._keys.get(kid)

    def prefetch(self) -> None:
        self._follow()
        if self._failure is not None:
            raise self._unavailable(self._failure)

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        self._follow()
        failure = self._failure
        return KeyStatus(
            source=repr(self._source),
            issuers=issuers,
            kids=tuple(self._keys),
            left_out=self._keys.left_out,
            age_seconds=Moment.now(self._clock).since(self._read_at),
            next_refresh_seconds=None,
            fetches=self._fetches,
            failures=failure.times if failure else 0,
            last_error=failure.message if failure else None,
        )

    def _follow(self) -> None:
        """Read the source again if it says that it changed, or if reading it failed a while ago."""
        self._next_look = self._clock.monotonic() + self._look_every_seconds
        revision = self._revision_now()
        if self._is_outdated(revision):
            with self._lock:
                # Else another thread was first, or a log handler asks in the midst of it.
                if self._is_outdated(revision) and not self._is_reading:
                    self._is_reading = True
                    try:
                        self._reread()
                        self._revision = revision
                    finally:
                        self._is_reading = False

    def _is_outdated(self, revision: object) -> bool:
        failure = self._failure
        return revision != self._revision or (
            failure is not None and failure.backoff_left(Moment.now(self._clock)) <= 0
        )

    def _revision_now(self) -> object:
        try:
            return self._source.revision()
        except Exception as error:  # noqa: BLE001  a source by somebody else may raise anything
            # Gone is a revision too: said once, and over as soon as it is back.
            return type(error), getattr(error, "errno", None)

    def _reread(self) -> None:
        now = Moment.now(self._clock)
        try:
            self._keys = self._read()
        except Exception as error:  # noqa: BLE001  a source by somebody else may raise anything
            times = self._failure.times + 1 if self._failure else 1
            self._failing_since = self._failing_since or now
            self._failure = Failure(described(error), None, times, now, self._settings.backoff(times))
            _log.warning(
                "keys of %r could not be read again: %s; %s",
                self._source,
                self._failure.message,
                what_it_means(0 if self._is_stale() else len(self._keys)),
            )
        else:
            self._failure, self._failing_since, self._read_at = None, None, now
            _log.info("keys of %r read again: %d", self._source, len(self._keys))

    def _read(self) -> KeySet:
        self._fetches += 1
        return load_key_set(self._source.fetch(self._settings.timeout_seconds).jwks, self._allowed, self._keys)

    def _is_stale(self) -> bool:
        since = self._failing_since
        return since is not None and Moment.now(self._clock).since(since) > self._settings.max_stale_seconds

    def _unavailable(self, failure: Failure) -> JWKSUnavailableError:
        seconds = max(1, math.ceil(failure.backoff_left(Moment.now(self._clock))))
        return JWKSUnavailableError(
            f"keys of {self._source!r}: expected a JWK Set, found none ({failure.message});"
            f" next attempt in {seconds} s",
            retry_after=seconds,
        )
