"""A revocation list that several processes share, and the copy of it in one process."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, Protocol

from cognito_jwt_core import workers
from cognito_jwt_core.clock import REAL_TIME, Clock, Moment
from cognito_jwt_core.errors import RevocationsUnavailableError
from cognito_jwt_core.jwt.revocations.entries import RevocationEntries
from cognito_jwt_core.jwt.revocations.entry import Revocation
from cognito_jwt_core.keys.fetch import Fetch
from cognito_jwt_core.keys.fork import PerProcess

_log = logging.getLogger("cognito_jwt_core.revocations")

_PATIENCE_SECONDS = 3.0
_MAX_READS = 3  # at a time, if earlier ones hang


class Changes(NamedTuple):
    """The entries of a shared list, or those added to it.

    Attributes:
        entries: The entries.
        cursor: Position of the next read; None for a list without entries.
        is_whole: Whether these are all entries, and not only those after the given cursor.
    """

    entries: tuple[Revocation, ...]
    cursor: str | None
    is_whole: bool


class RevocationSource(Protocol):
    """A list that several processes share. Its methods may block, and may raise anything."""

    def read(self, after: str | None) -> Changes:
        """Return the entries after a cursor. Return the whole list without one, or if it belongs to another list."""

    def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries."""


class _InProcess:
    """State that a forked child must not share."""

    def __init__(self) -> None:
        self.loading: Fetch | None = None
        self.hung: list[Fetch] = []


class SharedCopy:
    """Keep entries up to date with a shared list, and add entries to both.

    Args:
        source: The shared list.
        entries: The copy.
        refresh_seconds: How often the shared list is read.
        max_age_seconds: Maximum age of a trusted copy.
        accepts_unknown: Whether to use a copy that is too old.
        clock: Source of time.
    """

    def __init__(
        self,
        source: RevocationSource,
        entries: RevocationEntries,
        *,
        refresh_seconds: float,
        max_age_seconds: float,
        accepts_unknown: bool,
        clock: Clock,
    ) -> None:
        self._source = source
        self._entries = entries
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._accepts_unknown = accepts_unknown
        self._clock = clock
        self._process = PerProcess(_InProcess)

        self._unshared: list[Revocation] = []
        self._cursor: str | None = None
        self._read_at: Moment | None = None
        # Two numbers instead of a `Moment`, because they are read for every token.
        self._fresh_until_wall = self._fresh_until_monotonic = -math.inf
        self._tried_at: Moment | None = None
        self._has_failed = False
        self._loads = 0
        self._newest_read = 0

    def add(self, entry: Revocation) -> None:
        """Add an entry here and to the shared list.

        Raises:
            RevocationsUnavailableError: If it cannot be shared. It is shared later.
        """
        with self._entries.lock:
            self._entries.add([entry], Moment.now(self._clock))
            self._unshared.append(entry)
        try:
            self._share()
        except Exception as error:
            raise RevocationsUnavailableError(
                "the revocation applies in this process, and could not be shared yet: expected the shared list to"
                f" answer, found {type(error).__name__}"
            ) from error

    def _share(self) -> None:
        unshared = tuple(self._unshared)
        if unshared:
            self._source.add(unshared)
            shared = frozenset(unshared)  # a tuple would take quadratic time, under the lock
            with self._entries.lock:
                self._unshared = [entry for entry in self._unshared if entry not in shared]

    @property
    def age(self) -> float | None:
        """Return seconds since the shared list was last read; None before the first read."""
        return None if self._read_at is None else Moment.now(self._clock).since(self._read_at)

    @property
    def is_ready(self) -> bool:
        """Return whether the copy can be trusted."""
        age = self.age
        return age is not None and age <= self._max_age_seconds

    def require_known(self) -> None:
        """Check that the copy can be used, and start reading the shared list if that is due.

        Raises:
            RevocationsUnavailableError: If the copy is too old to be trusted.
        """
        clock = self._clock
        if clock.monotonic() >= self._fresh_until_monotonic or clock.time() >= self._fresh_until_wall:
            self._begin_loading()
            self._require_known()

    def ready(self) -> None:
        """Wait until the shared list has been read, for at most 3 seconds.

        Raises:
            RevocationsUnavailableError: If it could not be read; never with ``when_unknown="accept"``.
        """
        loading = None if self.is_ready else self._begin_loading()
        if loading is not None and not self._has_failed:
            loading.wait()
        self._require_known()

    async def ready_async(self) -> None:
        """Like `ready`, without blocking the event loop."""
        loading = None if self.is_ready else self._begin_loading()
        if loading is not None and not self._has_failed:
            await loading.wait_async()
        self._require_known()

    def _require_known(self) -> None:
        if not self.is_ready and not self._accepts_unknown:
            raise RevocationsUnavailableError(
                f"expected a copy of the shared list of at most {self._max_age_seconds:g} s, found none",
                retry_after=max(1, round(self._refresh_seconds)),
            )

    def _begin_loading(self) -> Fetch | None:
        """Return the running read, or start one if it is due."""
        process, lock = self._process.get(), self._entries.lock
        if not lock.acquire(blocking=False):  # a long list is being merged, and no request waits for it
            return process.loading
        try:
            now = Moment.now(self._clock)
            if process.loading is not None and self._hangs(process.loading) and len(process.hung) + 1 < _MAX_READS:
                process.hung.append(process.loading)
                process.loading = None
            if process.loading is None and (
                self._tried_at is None or now.since(self._tried_at) >= self._refresh_seconds or not self._has_failed
            ):
                self._tried_at = now
                self._loads += 1
                # Set before the worker starts, because one that fails immediately must not end before this.
                process.loading = Fetch(self._loads, now, _PATIENCE_SECONDS)
                try:
                    workers.run(partial(self._load, process.loading))
                except RuntimeError:  # no thread: the interpreter is shutting down, or the system cannot start one
                    process.loading = None
            return process.loading
        finally:
            lock.release()

    def _hangs(self, loading: Fetch) -> bool:
        """Return whether a read takes so long that its copy would be too old. Its source may have no time limit."""
        return Moment.now(REAL_TIME).since(loading.began_at) > self._max_age_seconds

    def _load(self, loading: Fetch) -> None:
        try:
            self._share()
            self._read(loading)
        except Exception as error:  # noqa: BLE001  a source may raise anything: it is down
            if loading.number == self._loads:  # otherwise it hung, and a later read tells how the source is now
                if not self._has_failed:
                    reason = type(error).__name__
                    _log.warning("the shared revocations cannot be read: %s; %s", reason, self._consequence())
                self._has_failed = True
        else:
            if self._has_failed:
                _log.warning("the shared revocations can be read again")
            self._has_failed = False
        finally:
            process = self._process.get()
            with self._entries.lock:
                if process.loading is loading:
                    process.loading = None
                process.hung = [other for other in process.hung if other is not loading]
            loading.release()

    def _consequence(self) -> str:
        what = "tokens are checked against the old copy" if self._accepts_unknown else "tokens get a 503"
        return f"if that lasts longer than {self._max_age_seconds:g} s, {what}"

    def _read(self, loading: Fetch) -> None:
        # The time of the request that began this. Tools that freeze time may leave the time of this thread as it is.
        now = loading.asked_at
        changes = self._source.read(self._cursor)
        with self._entries.lock:
            is_newest = loading.number > self._newest_read  # otherwise it hung, and a later read has ended before it
            lost = self._entries.missing_from(changes.entries, now) if is_newest and changes.is_whole else []
            self._entries.add(changes.entries, now)
            if is_newest:
                self._newest_read = loading.number
                self._cursor = changes.cursor
                self._read_at = now
                self._fresh_until_wall, self._fresh_until_monotonic = (at + self._refresh_seconds for at in now)
        if lost:
            _log.warning(
                "the shared revocations lost %d entries that this process knows; it writes them again", len(lost)
            )
            self._source.add(lost)
