"""Threads that get into each other's way as often as they can."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 8


def race(work: Callable[[int], None]) -> None:
    """Call `work` in eight threads at once, each with its number. Raise what the first one that failed raised."""
    ready = threading.Barrier(THREADS)

    def run(number: int) -> None:
        ready.wait()
        work(number)

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(run, range(THREADS)))
    finally:
        sys.setswitchinterval(switching)
