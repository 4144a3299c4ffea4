"""A clock that a test moves by hand."""


class ManualClock:
    """A clock for `LocalUserPool(clock=…)` and `CognitoVerifier(clock=…)`.

    Args:
        now: Initial wall-clock time, in seconds since the epoch.

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
        """Move both clocks forward, like passing time."""
        if seconds < 0:
            raise ValueError("time does not run backwards: use set_time() to put a wall clock back")
        self._now += seconds
        self._monotonic += seconds

    def set_time(self, now: float) -> None:
        """Set only the wall clock and not the monotonic one, like an operator or NTP."""
        self._now = float(now)
