"""Keys from a local source (a mapping, a file): read when built, and again as soon as they change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from . import fork
from .clock import Clock, Moment
from .errors import ConfigurationError, JWKSUnavailableError
from .jwks import load_key_set
from .jwks_sources import JWKSFetchError, LocalKeySource
from .key_settings import KeySettings
from .key_store import KeyStatus, unknown_key
from .signature import Algorithm, VerificationKey

_log = logging.getLogger(__name__)


class LocalKeys:
    """The keys of a `LocalKeySource`, current with every lookup.

    Raises:
        ConfigurationError: When built: the source has no usable JWK Set.
    """

    def __init__(
        self, source: LocalKeySource, allowed: Mapping[str, Algorithm], settings: KeySettings, clock: Clock
    ) -> None:
        self._source = source
        self._allowed = allowed
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._fetches = 0
        self._failing_since: Moment | None = None
        self._last_error: str | None = None
        self._failures = 0
        try:
            self._seen_revision = source.revision()
            self._keys = load_key_set(self._fetch(), allowed)
        except (JWKSFetchError, OSError, ValueError) as error:
            raise ConfigurationError(f"keys of {source!r}: {error}") from error
        self._read_at = Moment.now(clock)
        fork.register(self)

    def renew_after_fork(self) -> None:
        self._lock = threading.Lock()

    def find(self, kid: str) -> VerificationKey:
        self._follow()
        key = self._keys.get(kid)
        if self._failing_since is not None:
            self._check_stale(key)
        if key is None:
            raise unknown_key(kid)
        return key

    async def find_async(self, kid: str) -> VerificationKey:
        return self.find(kid)

    def held(self, kid: str) -> VerificationKey | None:
        self._follow()
        return self._keys.get(kid)

    def prefetch(self) -> None:
        self._follow()
        if self._failing_since is not None:
            raise self._unavailable()

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        self._follow()
        return KeyStatus(
            source=repr(self._source),
            issuers=issuers,
            kids=tuple(self._keys),
            left_out=self._keys.left_out,
            age_seconds=Moment.now(self._clock).since(self._read_at),
            next_refresh_seconds=None,
            fetches=self._fetches,
            failures=self._failures,
            last_error=self._last_error,
        )

    def _follow(self) -> None:
        """Read the source again if it says that it changed."""
        try:
            revision = self._source.revision()
        except OSError as error:
            revision = error.errno  # gone is a revision too: said once, and over as soon as it is back
        if revision != self._seen_revision:
            with self._lock:
                if revision != self._seen_revision:
                    self._reread()
                    self._seen_revision = revision

    def _reread(self) -> None:
        try:
            self._keys = load_key_set(self._fetch(), self._allowed, self._keys)
        except (JWKSFetchError, OSError, ValueError) as error:
            self._failures += 1
            self._last_error = f"{type(error).__name__}: {error}"
            self._failing_since = self._failing_since or Moment.now(self._clock)
            _log.warning(
                "keys of %r could not be read again, %d known keys stay in use: %s",
                self._source,
                len(self._keys),
                error,
            )
        else:
            self._failures, self._last_error, self._failing_since = 0, None, None
            self._read_at = Moment.now(self._clock)
            _log.info("keys of %r read again: %d", self._source, len(self._keys))

    def _fetch(self) -> Mapping[str, object] | bytes | str:
        self._fetches += 1
        return self._source.fetch(self._settings.timeout_seconds).jwks

    def _check_stale(self, key: VerificationKey | None) -> None:
        since = self._failing_since
        if since is None:  # mended by another thread in between
            return
        if key is None or Moment.now(self._clock).since(since) > self._settings.max_stale_seconds:
            raise self._unavailable()

    def _unavailable(self) -> JWKSUnavailableError:
        return JWKSUnavailableError(f"keys of {self._source!r}: expected to read them, found {self._last_error}")
