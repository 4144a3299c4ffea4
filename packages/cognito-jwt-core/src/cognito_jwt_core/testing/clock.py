"""A clock that a test moves by hand."""


class ManualClock:
    """A clock for `LocalUserPool(clock=…)` and `CognitoVerifier(clock=…)`, which only the test moves.

    Args:
        now: Initial wall-clock time, in seconds since 1970.

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
        """Return the wall-clock time in seconds since 1970."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic time in seconds since an arbitrary moment."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward.

        Args:
            seconds: How far to move them.

        Raises:
            ValueError: If `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("time does not run backwards: use set_time() to put a wall clock back")
        self._now += seconds
        self._monotonic += seconds

    def set_time(self, now: float) -> None:
        """Set the wall clock and not the monotonic one, as an operator or NTP does.

        Args:
            now: The new time, in seconds since 1970. It may be earlier than before.
        """
        self._now = float(now)
