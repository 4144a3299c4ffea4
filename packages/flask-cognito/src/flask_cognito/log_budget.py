"""`LogBudget`: limits the log lines per error code."""

from __future__ import annotations

import time
from collections.abc import Callable

_BURST = 20
_MAX_CODES = 100


class LogBudget:
    """Admit a burst of lines per code, 20 by default, and then one per second.

    Anyone can cause rejected requests, so a flood of them must not fill a disk. There is no lock: racing threads may
    write an extra line, and a forked child inherits no held lock.

    Args:
        clock: Function that returns monotonic seconds.
        burst: Number of lines per code in a burst.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, burst: int = _BURST) -> None:
        self._clock = clock
        self._burst = float(burst)
        self._codes: dict[str, tuple[float, float, int]] = {}

    def admit(self, code: str) -> int | None:
        """Return the number of omitted lines of this code since the last one, or None to omit this one too."""
        if code not in self._codes and len(self._codes) >= _MAX_CODES:
            code = "other"
        now = self._clock()
        tokens, since, left_out = self._codes.get(code, (self._burst, now, 0))
        tokens = min(self._burst, tokens + now - since)
        if tokens < 1:
            self._codes[code] = tokens, now, left_out + 1
            return None
        self._codes[code] = tokens - 1, now, 0
        return left_out
