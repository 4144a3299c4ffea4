"""Two clocks: wall time for claims, wall and monotonic time together for how old a thing is."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Where time comes from; the `time` module is one."""

    def time(self) -> float:
        """Seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds since some moment, never set back."""


class Moment(NamedTuple):
    """A moment on both clocks."""

    wall: float
    monotonic: float

    @classmethod
    def now(cls, clock: Clock) -> Moment:
        return cls(clock.time(), clock.monotonic())

    def since(self, earlier: Moment) -> float:
        """Seconds from `earlier` to this, by the clock that says more.

        The monotonic clock stands still in a frozen Lambda, the wall clock can be set back: together they never
        make old keys young.
        """
        return max(self.wall - earlier.wall, self.monotonic - earlier.monotonic)
