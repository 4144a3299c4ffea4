"""What a fleet of workers does to the key endpoint: an afternoon of 10,000 of them, simulated.

Each worker is one process with one verifier. The times are those of `KeySettings`; a test holds the model of a worker
against a real verifier. Run it to print the numbers; `--svg FILE` draws the chart of the documentation.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cognito_jwt_core import KeySettings

SETTINGS = KeySettings()
SPREAD = 0.1  # the part of the lifetime over whose end refreshes are spread, by the fraction of the second


@dataclass(frozen=True)
class Afternoon:
    """What happens, in seconds since the beginning. A pair is a span of time."""

    outage: tuple[float, float] = (math.inf, math.inf)
    flood: tuple[float, float] = (math.inf, math.inf)
    """Tokens of invented keys, one a second to each worker."""


def fetches_of_a_worker(
    start: float,
    end: float,
    next_token: Callable[[float], float],
    afternoon: Afternoon,
    new_key_seen: float = math.inf,
) -> Iterator[float]:
    """When a worker asks for keys, if the endpoint says nothing about how long they may be kept.

    Args:
        start: When it begins to serve.
        end: When to stop looking.
        next_token: When the first token at or after a time comes.
        afternoon: What happens.
        new_key_seen: When the first token comes that is signed with a new key.
    """
    budget = Budget()
    failures = 0
    now = next_token(start)
    while now < end:
        yield now
        if afternoon.outage[0] <= now < afternoon.outage[1]:
            failures += 1
            now = next_token(now + SETTINGS.backoff(failures))
            continue
        failures = 0
        due = [next_token(now + SETTINGS.lifetime(None) * (1 - SPREAD * (now % 1)))]
        if now < new_key_seen:
            due.append(new_key_seen)
        due += budget.next_fetch(now, min(due), afternoon.flood)
        now = min(due)


class Budget:
    """How often invented keys make a worker ask: a burst, then once per cooldown."""

    def __init__(self) -> None:
        self.left = float(SETTINGS.unknown_kid_burst)
        self.counted_at = 0.0

    def next_fetch(self, now: float, until: float, flood: tuple[float, float]) -> list[float]:
        """When one of them is next granted a fetch, if that is before `until`."""
        invented = flood[0] if now < flood[0] else flood[0] + math.floor(now - flood[0]) + 1.0
        while invented < min(until, flood[1]):
            refilled = (invented - self.counted_at) / SETTINGS.cooldown_seconds
            self.left = min(SETTINGS.unknown_kid_burst, self.left + refilled)
            self.counted_at = invented
            if self.left >= 1.0:
                self.left -= 1.0
                return [invented]
            invented += 1.0
        return []


WORKERS = 10_000
TOKENS_PER_SECOND = 1.0  # that each worker gets
TOKEN_LIFETIME = 3600.0
MINUTE = 60
END = 180 * MINUTE
DEPLOYMENT = 10 * MINUTE
ROTATION = 60 * MINUTE
OUTAGE = (105 * MINUTE, 120 * MINUTE)
FLOOD = (150 * MINUTE, 152 * MINUTE)


def fetches_of_the_fleet(workers: int = WORKERS) -> Counter[int]:
    """How many fetches there are in each second."""
    chance = random.Random(1)  # noqa: S311  the same numbers in every run
    per_second: Counter[int] = Counter()
    for _ in range(workers):
        # Sessions get tokens of the new key one by one, over the lifetime of a token: more and more of what comes in.
        seen = ROTATION + math.sqrt(2 * TOKEN_LIFETIME / TOKENS_PER_SECOND * chance.expovariate(1))
        times = fetches_of_a_worker(
            chance.random() * DEPLOYMENT,
            END,
            lambda at: at + chance.expovariate(TOKENS_PER_SECOND),
            Afternoon(outage=OUTAGE, flood=(FLOOD[0] + chance.random(), FLOOD[1])),
            seen,
        )
        per_second.update(int(time) for time in times)
    return per_second


SPANS = (
    ("deployment, 10 minutes", 0, DEPLOYMENT),
    ("the hour after it", DEPLOYMENT, ROTATION),
    ("rotation, the first 3 minutes", ROTATION, ROTATION + 180),
    ("until the outage", ROTATION + 180, 105 * MINUTE),
    ("outage, 15 minutes", 105 * MINUTE, 120 * MINUTE),
    ("until the invented keys", 120 * MINUTE, 150 * MINUTE),
    ("invented keys, first 10 s", 150 * MINUTE, 150 * MINUTE + 10),
    ("invented keys, after that", 150 * MINUTE + 10, 152 * MINUTE),
    ("the half hour after them", 152 * MINUTE + 1, END),
)


def table(per_second: Counter[int]) -> str:
    lines = [f"{'fetches per second':<32}{'mean':>8}{'peak':>8}"]
    for name, begin, end in SPANS:
        counts = [per_second[second] for second in range(int(begin), int(end))]
        lines.append(f"{name:<32}{sum(counts) / len(counts):>8.1f}{max(counts):>8}")
    return "\n".join(lines)


WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 320, 56, 28, 36
BIN = 20
DECADES = (0.1, 1, 10, 100, 1000, 10_000)
LABELS = (("deployment", 0), ("rotation", 60), ("outage", 105), ("invented keys", 150))


def x_of(seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - 8) * seconds / END


def y_of(rate: float) -> float:
    lowest, highest = math.log10(DECADES[0]), math.log10(DECADES[-1])
    share = (math.log10(max(rate, DECADES[0])) - lowest) / (highest - lowest)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def svg(per_second: Counter[int]) -> str:
    """A chart that takes its colours from the page, and has no empty line, which would end it in Markdown."""
    points = []
    for begin in range(0, END, BIN):
        rate = max(per_second[second] for second in range(begin, begin + BIN))
        points.append(f"{x_of(begin):.1f},{y_of(rate):.1f} {x_of(begin + BIN):.1f},{y_of(rate):.1f}")
    grid = [
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y_of(rate):.1f}" y2="{y_of(rate):.1f}" opacity=".15"/>'
        for rate in DECADES
    ]
    rates = [f'<text x="{LEFT - 8}" y="{y_of(rate) + 4:.1f}" text-anchor="end">{rate:,g}</text>' for rate in DECADES]
    hours = [
        f'<text x="{x_of(minute * 60):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{minute} min</text>'
        for minute in range(0, 180, 30)
    ]
    events = [
        f'<line x1="{x_of(minute * 60):.1f}" x2="{x_of(minute * 60):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
        f' opacity=".4" stroke-dasharray="3 3"/><text x="{x_of(minute * 60) + 4:.1f}" y="{TOP - 8}">{name}</text>'
        for name, minute in LABELS
    ]
    return "\n".join(
        [
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Fetches per second of 10,000'
            ' workers over three hours" xmlns="http://www.w3.org/2000/svg">',
            '<g fill="currentColor" stroke="none" font-size="12" font-family="inherit">',
            f'<g stroke="currentColor">{"".join(grid)}</g>',
            *rates,
            *hours,
            *(event.replace("<line", '<line stroke="currentColor"') for event in events),
            "</g>",
            f'<polyline fill="none" stroke="var(--md-typeset-a-color, #4051b5)" stroke-width="1.5" points="'
            f'{" ".join(points)}"/>',
            "</svg>\n",
        ]
    )


def main(*arguments: str) -> None:
    per_second = fetches_of_the_fleet()
    print(table(per_second))
    if arguments[:1] == ("--svg",):
        Path(arguments[1]).write_text(svg(per_second), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
