"""Read keys from a local source, a mapping or a file: when the verifier is built, and after each change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import ConfigurationError
from cognito_jwt_core.jose.algorithms import Algorithm
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jose.key_set import KeySet, load_key_set
from cognito_jwt_core.keys.fork import PerProcess
from cognito_jwt_core.keys.freshness import Failure, consequence, one_line, unavailable
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import LocalKeySource, source_name
from cognito_jwt_core.keys.store import KeyStatus, unknown_key

_log = logging.getLogger("cognito_jwt_core.keys")


class _Reading:
    """The lock of the reading thread, which a forked child must not inherit locked."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # reentrant, because a log handler may look up keys
        self.is_on = False


class LocalKeyStore:
    """The keys of a `LocalKeySource`, up to date at every lookup.

    Args:
        source: Where they come from.
        algorithms: Algorithms of the issuer that publishes the keys.
        settings: How long keys serve while reading fails.
        clock: Clock for the times in `settings`.
        look_every_seconds: How long a known key serves before the source is checked again. An unknown key causes a
            check immediately.

    Raises:
        ConfigurationError: If the source has no usable JWK Set when the store is built.
    """

    def __init__(
        self,
        source: LocalKeySource,
        algorithms: Mapping[str, Algorithm],
        settings: KeySettings,
        clock: Clock,
        look_every_seconds: float,
    ) -> None:
        self._source = source
        self.algorithms = algorithms
        self._settings = settings
        self._clock = clock
        self._reading = PerProcess(_Reading)
        self._fetches = 0
        self._failed_fetches = 0
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
            raise ConfigurationError(f"keys of {source_name(source)}: {one_line(error)}") from error

    def get(self, kid: str) -> VerificationKey:
        self._follow()
        key, failure = self._keys.get(kid), self._failure
        if failure is not None and (key is None or self._is_stale()):
            raise unavailable(self._source, failure, failure.backoff_left(Moment.now(self._clock)))
        if key is None:
            raise unknown_key(kid)
        return key

    def get_fresh(self, kid: str) -> VerificationKey | None:
        if self._clock.monotonic() >= self._next_look:
            self._follow()
        return self._keys.get(kid) if self._failure is None else None

    async def get_async(self, kid: str) -> VerificationKey:
        return self.get(kid)

    def cached(self, kid: str) -> VerificationKey | None:
        return self._keys.get(kid)

    def prefetch(self) -> None:
        self._follow()
        failure = self._failure
        if failure is not None:
            raise unavailable(self._source, failure, failure.backoff_left(Moment.now(self._clock)))

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        self._follow()
        failure = self._failure
        return KeyStatus(
            source=source_name(self._source),
            issuers=issuers,
            kids=tuple(self._keys),
            left_out=self._keys.left_out,
            age_seconds=Moment.now(self._clock).since(self._read_at),
            next_refresh_seconds=None,
            is_usable=bool(self._keys) and not self._is_stale(),
            fetches=self._fetches,
            failed_fetches=self._failed_fetches,
            failures=failure.times if failure else 0,
            last_error=failure.message if failure else None,
        )

    def _follow(self) -> None:
        """Read the source again after a change, or some time after a failed attempt to read it."""
        self._next_look = self._clock.monotonic() + self._look_every_seconds
        revision = self._revision_now()
        if self._is_outdated(revision):
            reading = self._reading.get()
            with reading.lock:
                # Otherwise another thread was first, or this is a log handler's call during a read.
                if self._is_outdated(revision) and not reading.is_on:
                    reading.is_on = True
                    try:
                        self._reread()
                        self._revision = revision
                    finally:
                        reading.is_on = False

    def _is_outdated(self, revision: object) -> bool:
        failure = self._failure
        return not _is_same(revision, self._revision) or (
            failure is not None and failure.backoff_left(Moment.now(self._clock)) <= 0
        )

    def _revision_now(self) -> object:
        try:
            return self._source.revision()
        except Exception as error:  # noqa: BLE001  a source of the user's own may raise anything
            # A missing file has a revision too, so the failure is logged once and ends as soon as the file is back.
            return type(error), getattr(error, "errno", None)

    def _reread(self) -> None:
        now = Moment.now(self._clock)
        try:
            keys = self._read()
        except Exception as error:  # noqa: BLE001  a source of the user's own may raise anything
            times = self._failure.times + 1 if self._failure else 1
            self._failed_fetches += 1
            self._failing_since = self._failing_since or now
            self._failure = Failure(one_line(error), None, times, now, self._settings.backoff(times))
            _log.warning(
                "keys of %s could not be read again: %s; %s",
                source_name(self._source),
                self._failure.message,
                consequence(0 if self._is_stale() else len(self._keys)),
            )
        else:
            is_news = self._failure is not None or set(keys) != set(self._keys)  # a new file is read each time
            self._keys, self._failure, self._failing_since, self._read_at = keys, None, None, now
            if is_news:
                _log.info("keys of %s read again: %d", source_name(self._source), len(keys))

    def _read(self) -> KeySet:
        self._fetches += 1
        return load_key_set(self._source.fetch(self._settings.timeout_seconds).jwks, self.algorithms, self._keys)

    def _is_stale(self) -> bool:
        since = self._failing_since
        return since is not None and Moment.now(self._clock).since(since) > self._settings.max_stale_seconds


def _is_same(revision: object, other: object) -> bool:
    try:
        return bool(revision == other)
    except Exception:  # noqa: BLE001  of a source of the user's own: an array, for instance, is neither true nor false
        return False
