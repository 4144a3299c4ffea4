"""Interleaved measurement: in every round each contestant works once, in another order; ratios are taken in the round.

A disturbance of the machine then meets all contestants, and the median of many short rounds leaves it out. Times are
processor time of this thread, without other processes. This module imports only the standard library, because the
apps of other environments use it.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import thread_time
from typing import TypeVar

T = TypeVar("T")


def seconds_each(work: Callable[[T], object], inputs: Iterable[T]) -> float:
    """Return the seconds of one call. The first quarter of the calls warms the caches and is not counted."""
    every = list(inputs)
    warming, counted = every[: len(every) // 4], every[len(every) // 4 :]
    for given in warming:
        work(given)
    begin = thread_time()
    for given in counted:
        work(given)
    return (thread_time() - begin) / len(counted)


def refused(work: Callable[[T], object], refusals: tuple[type[Exception], ...]) -> Callable[[T], None]:
    """Return the same work, for inputs that it must refuse."""

    def attempt(given: T) -> None:
        try:
            work(given)
        except refusals:
            return
        raise AssertionError("accepted what must be refused")

    return attempt


@dataclass(frozen=True)
class Timings:
    """Seconds of one call, by contestant and round."""

    rounds: Mapping[str, list[float]]

    def micros(self, name: str) -> float:
        return statistics.median(self.rounds[name]) * 1e6

    def ratio(self, name: str, base: str) -> float:
        """Return the median of the ratios of all rounds."""
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        return statistics.median(seconds / of for seconds, of in pairs)


def interleave(contestants: Mapping[str, Callable[[int], float]], rounds: int) -> Timings:
    """Call each contestant with the number of each round; it returns its seconds. The first round is not counted."""
    order = list(contestants)
    found: dict[str, list[float]] = {name: [] for name in order}
    shuffle = random.Random(1).shuffle  # noqa: S311  the same orders in every run
    gc.collect()
    gc.freeze()  # so that the garbage collection of one contestant does not go through the modules of the others
    try:
        for number in range(rounds + 1):
            shuffle(order)
            for name in order:
                seconds = contestants[name](number)
                if number:
                    found[name].append(seconds)
    finally:
        gc.unfreeze()
    return Timings(found)
