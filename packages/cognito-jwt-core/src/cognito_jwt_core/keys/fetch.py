"""Run fetches, one at a time and with a time limit. Threads and tasks wait for them alike.

Other modules decide when to fetch, and how to handle an outcome.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from typing import Any, Generic, TypeVar

from cognito_jwt_core import workers
from cognito_jwt_core.clock import REAL_TIME, Clock, Moment
from cognito_jwt_core.event_loop import require_asyncio
from cognito_jwt_core.keys.fork import PerProcess
from cognito_jwt_core.keys.source import JWKSFetchError

T = TypeVar("T")

_MAX_HUNG_CALLS = 3
_MAX_UNTOLD = 2


class Fetch:
    """A running fetch, and the requests that wait for it.

    Args:
        number: Sequence number of this fetch, from 1.
        asked_at: Start time, on the policy's clock.
        patience_seconds: How long a request waits before it checks again.

    Attributes:
        succeeded: Whether it returned keys; None until it ends, and None if its outcome was discarded.
    """

    def __init__(self, number: int, asked_at: Moment, patience_seconds: float) -> None:
        self.number = number
        self.asked_at = asked_at
        self.succeeded: bool | None = None
        self.began_at: Moment = Moment.now(REAL_TIME)
        self._patience_seconds = patience_seconds
        self._ended: Future[None] = Future()
        # A running future cannot be cancelled, so a task that is cancelled does not cancel the others.
        self._ended.set_running_or_notify_cancel()

    def release(self) -> None:
        """Wake the waiting requests, once."""
        self._ended.set_result(None)

    def wait(self, most_seconds: float = math.inf) -> None:
        """Wait until the fetch has ended."""
        wait([self._ended], min(self._patience_seconds, most_seconds))

    async def wait_async(self, most_seconds: float = math.inf) -> None:
        """Wait until the fetch has ended, without blocking the event loop."""
        require_asyncio()
        import asyncio  # already imported by the running event loop

        waiting = asyncio.wrap_future(self._ended)
        try:
            await asyncio.wait([waiting], timeout=min(self._patience_seconds, most_seconds))
        finally:
            waiting.cancel()  # removes only this waiter, because `_ended` runs on


class _InProcess:
    """State that a forked child must not share: a lock that may be held, and threads that do not exist there."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # reentrant, because a log handler may call the owner
        self.current: Fetch | None = None
        self.hung: list[Future[Any]] = []


class Fetcher(Generic[T]):
    """Run fetches, one at a time, each in a worker thread. The owner calls `start` and `end` under `lock`.

    Args:
        read: Function that fetches. It gets the `Fetch` and may raise anything.
        settle: Called at the end of every fetch with the fetch, its end time on the policy's clock, and the result or
            exception of `read`, or None if the outcome was discarded. It must `end` this fetch, and then `release` it.
        timeout_seconds: Time limit of one fetch.
        clock: The policy's clock.
        is_bounded: Whether `read` itself ends in time. Otherwise it runs in a second thread, which is abandoned at the
            limit.
    """

    def __init__(
        self,
        read: Callable[[Fetch], T],
        settle: Callable[[Fetch, Moment, T | BaseException | None], None],
        *,
        timeout_seconds: float,
        clock: Clock,
        is_bounded: bool,
    ) -> None:
        self._read = read if is_bounded else self._read_bounded
        self._read_unbounded = read
        self._settle = settle
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._untold = 0
        self._process = PerProcess(_InProcess)
        self.count: int = 0

    @property
    def lock(self) -> threading.RLock:
        """Return the lock of this process."""
        return self._process.get().lock

    @property
    def current(self) -> Fetch | None:
        """Return the running fetch in this process."""
        return self._process.get().current

    def start(self, now: Moment) -> Fetch:
        """Start a fetch.

        Raises:
            JWKSFetchError: If too many earlier calls still hang.
            RuntimeError: If the system cannot start a thread, or the interpreter is shutting down.
        """
        process = self._process.get()
        process.hung = [call for call in process.hung if not call.done()]
        if len(process.hung) >= _MAX_HUNG_CALLS:
            raise JWKSFetchError(f"{_MAX_HUNG_CALLS} earlier fetches still hang")
        self.count += 1
        fetch = Fetch(self.count, now, 2 * self._timeout_seconds)
        workers.run(partial(self._run, fetch))
        process.current = fetch
        return fetch

    def end(self) -> None:
        """End the current fetch, so that the next one can start."""
        self._process.get().current = None

    def _run(self, fetch: Fetch) -> None:
        # The policy's clock is read twice in this thread, because a tool that freezes time may freeze it in some
        # threads only.
        began_at = Moment.now(self._clock)
        outcome: T | BaseException | None
        try:
            outcome = self._read(fetch)
        except BaseException as error:  # noqa: BLE001  a source of the user's own may raise anything: a failed fetch
            outcome = error
        ended_at = fetch.asked_at.shifted(began_at, Moment.now(self._clock))
        self._settle(fetch, ended_at, self._told(fetch, outcome))

    def _told(self, fetch: Fetch, outcome: T | BaseException) -> T | BaseException | None:
        """Return the outcome, or None if the process was paused meanwhile, because the outcome is out of date."""
        if Moment.now(REAL_TIME).since(fetch.began_at) <= 2 * self._timeout_seconds:
            self._untold = 0
            return outcome
        self._untold += 1
        if self._untold <= _MAX_UNTOLD:
            return None
        self._untold = 0
        return JWKSFetchError(
            "expected a fetch in time, found that the process was paused, or that its clocks disagree"
        )

    def _read_bounded(self, fetch: Fetch) -> T:
        call: Future[T] = Future()
        workers.run(partial(self._call, fetch, call))
        try:
            return call.result(self._timeout_seconds)
        except FutureTimeoutError:
            if call.done():  # the source itself raised it
                raise
            self._process.get().hung.append(call)
            raise JWKSFetchError(f"no whole answer within {self._timeout_seconds:g} s") from None

    def _call(self, fetch: Fetch, call: Future[T]) -> None:
        try:
            call.set_result(self._read_unbounded(fetch))
        except BaseException as error:  # noqa: BLE001  as above
            call.set_exception(error)
