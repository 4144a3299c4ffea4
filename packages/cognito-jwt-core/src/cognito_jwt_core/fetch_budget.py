"""How many fetches unknown `kid`s may cause: a bucket of `burst` that refills with one per `cooldown_seconds`."""

from __future__ import annotations

from .clock import Moment


class FetchBudget:
    """A token bucket. Not locked: its owner is."""

    def __init__(self, burst: int, cooldown_seconds: float, now: Moment) -> None:
        self._burst = burst
        self._cooldown_seconds = cooldown_seconds
        self._left = float(burst)
        self._counted_at = now

    def take(self, now: Moment) -> bool:
        """Whether one more fetch is within the budget; it is then taken from it."""
        refilled = max(0.0, now.since(self._counted_at)) / self._cooldown_seconds
        left = min(float(self._burst), self._left + refilled)
        if left < 1.0:  # nothing is written down: a flood of small additions would not add up to exactly one
            return False
        self._left, self._counted_at = left - 1.0, now
        return True
