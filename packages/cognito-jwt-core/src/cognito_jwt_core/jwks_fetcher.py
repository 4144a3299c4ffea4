"""Fetches: each in a thread of its own, bounded in time, and waited for by threads and tasks alike.

When to fetch, and what comes of it, is decided elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from . import fork
from .clock import Clock, Moment
from .jwks_sources import JWKSFetchError

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_MAX_HUNG_FETCHES = 3


class Fetch:
    """One fetch on its way, and those who wait for it. Its deadline is real time, whatever the clock of the policy.

    Args:
        number: The how many-th it is.
        asked_at: When it began, by the clock of the policy.
        timeout_seconds: The deadline, from now.
        clock: Real time.

    Attributes:
        succeeded: Whether it brought keys; None until it ended, and for ever where it says nothing.
    """

    def __init__(self, number: int, asked_at: Moment, timeout_seconds: float, clock: Clock = time) -> None:
        self.number = number
        self.asked_at = asked_at
        self.succeeded: bool | None = None
        self.thread: threading.Thread | None = None
        with fork.importing:  # on the first fetch: who has the keys at hand should not pay for it
            from concurrent.futures import Future
        self._ended: Future[None] = Future()
        # A running future cannot be cancelled: one task that gives up must not take the others with it.
        self._ended.set_running_or_notify_cancel()
        self._clock = clock
        self._started_at = Moment.now(clock)
        self._timeout_seconds = timeout_seconds

    def is_overdue(self) -> bool:
        return self._seconds_left() <= 0

    def has_stood_still(self) -> bool:
        """Whether the process stood still meanwhile: then it says nothing about the endpoint now.

        The monotonic clock of a frozen Lambda may stand still or run on, so either can tell.
        """
        patience = 2 * self._timeout_seconds if self.is_overdue() else self._timeout_seconds
        return Moment.now(self._clock).since(self._started_at) > patience

    def release(self) -> None:
        """Let those who wait go on. Once."""
        self._ended.set_result(None)

    def wait(self) -> None:
        """Until it ended or is overdue."""
        from concurrent.futures import wait

        wait([self._ended], max(0.0, self._seconds_left()))

    async def wait_async(self) -> None:
        """Like `wait`, in a task."""
        import asyncio  # here, since those who never await should not pay for its import

        waiting = asyncio.wrap_future(self._ended)
        try:
            await asyncio.wait([waiting], timeout=max(0.0, self._seconds_left()))
        finally:
            waiting.cancel()  # this waiting alone: `_ended` runs on

    def _seconds_left(self) -> float:
        return self._timeout_seconds - (self._clock.monotonic() - self._started_at.monotonic)


class Fetcher(Generic[T]):
    """Fetches, one at a time. Not locked: `current`, `count`, `start` and `close` are for its owner, under its lock.

    Args:
        read: Fetches; may raise anything. Called in the thread of the fetch.
        settle: Told what came of a fetch: what `read` answered or raised, or None where the fetch says nothing. It
            is to `close` the fetch and then to `release` those who wait; another thread may tell it the same again.
        timeout_seconds: For one whole fetch. Nothing but leaving its thread alone bounds a name lookup.
    """

    def __init__(
        self,
        read: Callable[[Fetch], T],
        settle: Callable[[Fetch, T | BaseException | None], None],
        timeout_seconds: float,
    ) -> None:
        self._read = read
        self._settle = settle
        self._timeout_seconds = timeout_seconds
        self._hung: list[threading.Thread] = []
        self.current: Fetch | None = None
        self.count = 0

    def renew_after_fork(self) -> None:
        self.current = None
        self._hung = []

    def start(self, now: Moment) -> Fetch | None:
        """Begin a fetch; None while too many hang.

        Raises:
            RuntimeError: The system has no thread to give, or the interpreter shuts down.
        """
        self._hung = [thread for thread in self._hung if thread.is_alive()]
        if len(self._hung) >= _MAX_HUNG_FETCHES:
            return None
        self.count += 1
        fetch = Fetch(self.count, now, self._timeout_seconds)
        fetch.thread = _in_background(self._run, fetch, "cognito-jwks-fetch")
        self.current = fetch
        with suppress(RuntimeError):  # without it the fetch ends with the next that asks
            _in_background(self._watch, fetch, "cognito-jwks-watch")
        return fetch

    def close(self, fetch: Fetch) -> bool:
        """Whether `fetch` was on its way, which it no longer is; a thread that still works on it is left alone."""
        if self.current is not fetch:
            return False
        self.current = None
        if fetch.thread is not None and fetch.thread is not threading.current_thread():
            self._hung.append(fetch.thread)
        return True

    def end_overdue(self) -> None:
        """End the current fetch if its time is over. Not under the owner's lock."""
        fetch = self.current
        if fetch is not None and (fetch.is_overdue() or fetch.has_stood_still()):
            self._end(fetch, None)

    def _watch(self, fetch: Fetch) -> None:
        """End it in time, although nobody may wait for it: a refresh in the background that hangs is a failed one."""
        while self.current is fetch:
            fetch.wait()
            self.end_overdue()

    def _run(self, fetch: Fetch) -> None:
        outcome: T | BaseException
        try:
            outcome = self._read(fetch)
        except BaseException as error:  # noqa: BLE001  a source by somebody else may raise anything: all of it is a failed fetch
            outcome = error
        fork.announce_end()  # before those who wait go on: they may be about to fork
        self._end(fetch, outcome)

    def _end(self, fetch: Fetch, outcome: T | BaseException | None) -> None:
        if fetch.has_stood_still():
            outcome = None
        elif fetch.is_overdue():
            outcome = JWKSFetchError(f"no whole answer within {self._timeout_seconds:g} s")
        self._settle(fetch, outcome)


def _in_background(work: Callable[[Fetch], None], fetch: Fetch, name: str) -> threading.Thread:
    thread = threading.Thread(target=work, args=(fetch,), name=name, daemon=True)
    thread.start()
    return thread
