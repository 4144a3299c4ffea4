"""Interleaved measurement: every round lets each contestant work once, in another order, and compares within the round.

What disturbs the machine for a while then disturbs all of them, and a median over many short rounds leaves it out.
Time is that of the processor in this thread: what other processes take is not counted.
Nothing but the standard library is imported here, since the apps of other environments measure with it, too.
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
    """How long one call takes, once the processor has this work at hand again: the first calls are not counted."""
    every = list(inputs)
    warming, counted = every[: len(every) // 4], every[len(every) // 4 :]
    for given in warming:
        work(given)
    begin = thread_time()
    for given in counted:
        work(given)
    return (thread_time() - begin) / len(counted)


def refused(work: Callable[[T], object], refusals: tuple[type[Exception], ...]) -> Callable[[T], None]:
    """The same work, where it must fail."""

    def attempt(given: T) -> None:
        try:
            work(given)
        except refusals:
            return
        raise AssertionError("accepted what must be refused")

    return attempt


@dataclass(frozen=True)
class Timings:
    """What each contestant took, round by round, in seconds for one call."""

    rounds: Mapping[str, list[float]]

    def micros(self, name: str) -> float:
        return statistics.median(self.rounds[name]) * 1e6

    def ratio(self, name: str, base: str) -> float:
        """The median of what the rounds say, each for itself."""
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        return statistics.median(seconds / of for seconds, of in pairs)


def interleave(contestants: Mapping[str, Callable[[int], float]], rounds: int) -> Timings:
    """Let each contestant answer its seconds for one call in round 0, 1, 2 ...; the first round is not counted."""
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
