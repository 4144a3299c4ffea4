"""A clock that stands still until a test moves it."""


class ManualClock:
    """A clock for `LocalUserPool(clock=…)` and `CognitoVerifier(clock=…)` alike.

    Args:
        now: The wall-clock time at which it stands, in seconds since the epoch.

    Example:
        ```python
        clock = ManualClock()
        pool = LocalUserPool(clock=clock)
        token = pool.access_token(expires_in=300)
        clock.advance(300)  # the token has expired
        ```
    """

    def __init__(self, now: float = 1_700_000_000) -> None:
        self._now = float(now)
        self._monotonic = 1000.0

    def time(self) -> float:
        """Return the wall-clock time in seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic time in seconds."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward, as time does."""
        if seconds < 0:
            raise ValueError("time does not run backwards: use set_time() for a wall clock that is put back")
        self._now += seconds
        self._monotonic += seconds

    def set_time(self, now: float) -> None:
        """Put the wall clock to another time and leave the monotonic one alone, as an operator or NTP does."""
        self._now = float(now)
