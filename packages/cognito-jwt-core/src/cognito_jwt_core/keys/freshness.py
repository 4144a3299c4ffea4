"""Compute age, backoff and fetch budget, without a clock or a lock."""

from __future__ import annotations

import math
from typing import NamedTuple

from cognito_jwt_core.clock import Moment
from cognito_jwt_core.errors import JWKSUnavailableError
from cognito_jwt_core.jose.key_set import KeySet
from cognito_jwt_core.keys.source import JWKSFetchError, KeySource, source_name

_SPREAD = 0.1  # fraction of the lifetime by which a refresh may be due early
_MAX_CHARACTERS = 200
_MAX_MISSING_KIDS = 1024
_SET_BACK_SECONDS = 3600.0


class CachedKeySet:
    """A key set and its lifetime. It is immutable, so readers need no lock; a refresh creates a new one.

    Attributes:
        keys: By `kid`; empty before the first fetch.
        asked_at: When the request to the source was sent. The response may be as old as that.
        lifetime_seconds: How long the keys are fresh, from `asked_at`.
        fresh_until_wall: When a refresh is due on the wall clock.
        fresh_until_monotonic: When a refresh is due on the monotonic clock. The earlier one counts.
    """

    __slots__ = ("_fresh_seconds", "asked_at", "fresh_until_monotonic", "fresh_until_wall", "keys", "lifetime_seconds")

    def __init__(self, keys: KeySet, asked_at: Moment, lifetime_seconds: float) -> None:
        self.keys: KeySet = keys
        self.asked_at: Moment = asked_at
        self.lifetime_seconds: float = lifetime_seconds
        # Without this, workers that fetched in the same second would always fetch in the same second. The fraction of
        # that second differs between workers, so it spreads them over the end of the lifetime.
        self._fresh_seconds = lifetime_seconds * (1 - _SPREAD * (asked_at.monotonic % 1))
        # Two numbers instead of a `Moment`, because they are read for every token.
        self.fresh_until_wall: float = asked_at.wall + self._fresh_seconds
        self.fresh_until_monotonic: float = asked_at.monotonic + self._fresh_seconds

    def age(self, now: Moment) -> float:
        """Return the seconds since the request for these keys was sent."""
        return now.since(self.asked_at)

    def refresh_due_in(self, now: Moment) -> float:
        """Return the seconds until a refresh is due, or zero or less if it is due."""
        return self._fresh_seconds - self.age(now)

    def past_lifetime(self, now: Moment) -> float:
        """Return the seconds since the end of the lifetime. Negative before the end."""
        return self.age(now) - self.lifetime_seconds

    def is_usable(self, now: Moment, max_stale_seconds: float) -> bool:
        return bool(self.keys) and self.past_lifetime(now) <= max_stale_seconds


class Failure(NamedTuple):
    """A failed latest attempt.

    Attributes:
        message: Reason, in one line.
        status: HTTP status of the response; None without a response.
        times: Number of consecutive failed attempts.
        at: Time of the attempt.
        backoff_seconds: Wait before the next attempt.
    """

    message: str
    status: int | None
    times: int
    at: Moment
    backoff_seconds: float

    def backoff_left(self, now: Moment) -> float:
        """Return the seconds until the next attempt, or zero or less if it is due."""
        passed = now.since(self.at)
        # If both clocks were set back, for example by a tool that freezes time in tests, the elapsed time is unknown.
        return 0.0 if passed < -_SET_BACK_SECONDS else min(self.backoff_seconds, self.backoff_seconds - passed)


def consequence(usable_keys: int, issuer: str | None = None) -> str:
    """Return the effect of a failure on tokens, for the log.

    Args:
        usable_keys: Number of keys that still serve.
        issuer: Issuer whose tokens they verify, if the pool has others.
    """
    if usable_keys:
        return f"cached keys stay in use: {usable_keys}"
    tokens = f"no token of {issuer}" if issuer else "no token"
    return f"no usable keys are cached, so {tokens} can be verified"


def one_line(error: BaseException) -> str:
    """Return the text of any exception as one line of ASCII, with its class."""
    name = type(error).__name__
    try:
        text = " ".join(str(error).split()).encode("ascii", "backslashreplace").decode()
    except Exception:  # noqa: BLE001  an exception of the user's own may fail to describe itself
        return name
    # Sources are told to raise these two with a message that needs no class name.
    return (text if type(error) in (JWKSFetchError, ValueError) else f"{name}: {text}")[:_MAX_CHARACTERS]


def unavailable(source: KeySource, failure: Failure, retry_seconds: float) -> JWKSUnavailableError:
    """Return the error for a lookup without keys."""
    seconds = max(1, math.ceil(retry_seconds))
    return JWKSUnavailableError(
        f"keys of {source_name(source)}: expected a JWK Set, found none ({failure.message});"
        f" next attempt in {seconds} s",
        retry_after=seconds,
    )


class FetchBudget:
    """A budget of fetches for unknown `kid`s: a burst, then one per cooldown (a token bucket)."""

    def __init__(self, burst: int, cooldown_seconds: float, now: Moment) -> None:
        self._burst = burst
        self._cooldown_seconds = cooldown_seconds
        self._left = float(burst)
        self._counted_at = now

    def take(self, now: Moment) -> bool:
        """Take one fetch from the budget. Return whether one was available."""
        refilled = max(0.0, now.since(self._counted_at)) / self._cooldown_seconds
        left = min(float(self._burst), self._left + refilled)
        if left < 1.0:  # Nothing is stored here, because many small additions would not add up to exactly one.
            return False
        self._left, self._counted_at = left - 1.0, now
        return True

    def give_back(self) -> None:
        """Return one fetch to the budget, because its key has verified a token."""
        self._left = min(float(self._burst), self._left + 1.0)

    def due_in(self, now: Moment) -> float:
        """Return the seconds until a fetch is available again."""
        return max(0.0, (1.0 - self._left) * self._cooldown_seconds - max(0.0, now.since(self._counted_at)))


class MissingKids:
    """The `kid`s missing from the newest set, each remembered for one cooldown. Their number is bounded."""

    def __init__(self, cooldown_seconds: float) -> None:
        self._cooldown_seconds = cooldown_seconds
        self._since: dict[int, Moment] = {}  # stored as hashes, because an invented `kid` may be as long as a token

    def add(self, kid: str, now: Moment) -> None:
        if len(self._since) >= _MAX_MISSING_KIDS:
            self._since.pop(next(iter(self._since)))
        self._since[hash(kid)] = now

    def has(self, kid: str, now: Moment) -> bool:
        since = self._since.get(hash(kid))
        return since is not None and now.since(since) < self._cooldown_seconds
