"""`HeldKeys`: a snapshot of keys with the time for which they are trusted, read by verification without a lock."""

from __future__ import annotations

from .clock import Moment
from .jwks import KeySet


class HeldKeys:
    """The keys in use. Never changes: a refresh puts another one in its place, so that readers need no lock.

    Attributes:
        keys: By `kid`; empty before the first fetch.
        asked_at: When the source was asked for them: its answer may be as old as that.
        lifetime_seconds: How long from then they are fresh.
        fresh_until_wall: The end of that on one clock.
        fresh_until_monotonic: And on the other; the earlier one counts.
    """

    __slots__ = ("asked_at", "fresh_until_monotonic", "fresh_until_wall", "keys", "lifetime_seconds")

    def __init__(self, keys: KeySet, asked_at: Moment, lifetime_seconds: float) -> None:
        self.keys = keys
        self.asked_at = asked_at
        self.lifetime_seconds = lifetime_seconds
        # Apart, and not as a `Moment`: every token asks for them.
        self.fresh_until_wall = asked_at.wall + lifetime_seconds
        self.fresh_until_monotonic = asked_at.monotonic + lifetime_seconds

    def age(self, now: Moment) -> float:
        """Seconds since they were asked for."""
        return now.since(self.asked_at)

    def past_lifetime(self, now: Moment) -> float:
        """Seconds since they stopped being fresh; below zero while they are."""
        return self.age(now) - self.lifetime_seconds
