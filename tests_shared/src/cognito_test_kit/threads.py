"""Run threads that interrupt each other as often as possible, to find race conditions."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 8


def race(work: Callable[[int], None]) -> None:
    """Call a function in eight threads at the same time, with a short switching interval.

    If any call raises, raise the exception of the one with the lowest number.

    Args:
        work: Function that gets the number of its thread, from 0 to 7.
    """
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
