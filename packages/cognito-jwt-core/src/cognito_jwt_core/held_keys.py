"""`HeldKeys`: a snapshot of keys with the time for which they are trusted, read by verification without a lock."""

from __future__ import annotations

from .clock import Moment
from .jwks import KeySet

_SPREAD = 0.1  # of the lifetime: so much ahead of its end a refresh may be due


class HeldKeys:
    """The keys in use. Never changes: a refresh puts another one in its place, so that readers need no lock.

    Attributes:
        keys: By `kid`; empty before the first fetch.
        asked_at: When the source was asked for them: its answer may be as old as that.
        lifetime_seconds: How long from then they may go without a refresh.
        fresh_until_wall: When a refresh is due, on one clock.
        fresh_until_monotonic: And on the other; the earlier one counts.
    """

    __slots__ = ("_fresh_seconds", "asked_at", "fresh_until_monotonic", "fresh_until_wall", "keys", "lifetime_seconds")

    def __init__(self, keys: KeySet, asked_at: Moment, lifetime_seconds: float) -> None:
        self.keys = keys
        self.asked_at = asked_at
        self.lifetime_seconds = lifetime_seconds
        # Workers that asked in the same second would ask in the same second for ever. The fraction of the second, which
        # each of them has another, spreads them over the end of the lifetime.
        self._fresh_seconds = lifetime_seconds * (1 - _SPREAD * (asked_at.monotonic % 1))
        # Apart, and not as a `Moment`: every token asks for them.
        self.fresh_until_wall = asked_at.wall + self._fresh_seconds
        self.fresh_until_monotonic = asked_at.monotonic + self._fresh_seconds

    def age(self, now: Moment) -> float:
        """Seconds since they were asked for."""
        return now.since(self.asked_at)

    def refresh_due_in(self, now: Moment) -> float:
        """Seconds until a refresh is due; zero or less when it is."""
        return self._fresh_seconds - self.age(now)

    def past_lifetime(self, now: Moment) -> float:
        """Seconds since the end of their lifetime; below zero before it."""
        return self.age(now) - self.lifetime_seconds
