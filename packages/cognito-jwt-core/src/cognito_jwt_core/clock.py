"""Two clocks: wall time for claims; wall and monotonic time together for ages."""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """A source of time, such as the `time` module."""

    def time(self) -> float:
        """Return seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment. This clock is never set back."""


class Moment(NamedTuple):
    """A moment on both clocks."""

    wall: float
    monotonic: float

    @classmethod
    def now(cls, clock: Clock) -> Moment:
        return cls(clock.time(), clock.monotonic())

    def shifted(self, began: Moment, ended: Moment) -> Moment:
        """Return this moment plus the time between two others, computed separately on each clock.

        A single difference would copy a jump of the wall clock to the monotonic clock.
        """
        return Moment(self.wall + ended.wall - began.wall, self.monotonic + ended.monotonic - began.monotonic)

    def since(self, earlier: Moment) -> float:
        """Return the seconds since `earlier`, by the clock that shows more.

        The monotonic clock stops in a frozen Lambda function, and the wall clock can be set back. The larger difference
        never makes old keys look fresh.
        """
        return max(self.wall - earlier.wall, self.monotonic - earlier.monotonic)


class _SystemTime:
    """The system's own clocks, which tools that freeze time in tests do not replace."""

    def time(self) -> float:
        return time.clock_gettime(time.CLOCK_REALTIME)

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)


REAL_TIME: Clock = _SystemTime() if hasattr(time, "clock_gettime") else time
"""The system's clock, for deadlines of I/O. Tools that freeze `time` in tests do not affect it.

Without `clock_gettime`, as on Windows, it is the `time` module, which such tools do affect.
"""
