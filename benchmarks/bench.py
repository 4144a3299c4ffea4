"""Measure this library beside others and beside the bare RSA verification: `hatch run bench [--quick] [--strict]`.

Prints every figure, and whether the project's own bounds are met. A full run takes a few minutes and puts the ratios
to other libraries on the site; `--quick` measures fewer rounds and writes nothing. `--strict` exits with 1 if a bound
is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import processes
import sessions
import speed
from libraries import LIBRARIES, NODE_LIBRARY, UnavailableError, ask_node, versions
from material import Material
from report import DOCS, Figure, machine, put, ratio, times
from speed import FLOOR, OURS

# In RSA verifications, in times of the fastest other Python library, and in what Flask-Cognito 1.21 adds to a request.
NEW_TOKEN, NEW_TOKEN_BESIDE_THE_FASTEST, SEEN_TOKEN = 1.85, 0.80, 0.15
FLASK_NEW, FLASK_SEEN = 0.60, 0.20
COLD_START_MILLIS = 100
# In requests with a bearer token that was seen before.
SESSION = 1.3
# In verifications of the same token by a verifier without them.
REVOCATIONS, INSTRUMENTS = 1.15, 1.05
FLASK_1 = "Flask-Cognito 1.21"


@dataclass
class Bench:
    """One run. Each method of `SECTIONS` measures one section of the report."""

    material: Material
    folder: Path
    is_quick: bool
    published: list[str] = field(default_factory=list)
    published_sessions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rounds = len(self.material.batches)

    def libraries(self) -> Iterator[Figure]:
        new, seen = speed.time_libraries(self.material, self.rounds)
        yield Figure(FLOOR, 1, f"{new.micros(FLOOR):.1f} µs")
        yield ratio("a new token", new.ratio(OURS, FLOOR), NEW_TOKEN)
        yield ratio("a new token, cache_size=0", new.ratio(speed.FORGETFUL, FLOOR), NEW_TOKEN)
        yield ratio("a token seen before", seen.ratio(OURS, FLOOR), SEEN_TOKEN)
        yield ratio("a token seen before, the same one each time", seen.ratio(speed.AGAIN, FLOOR), SEEN_TOKEN)
        version = versions()
        self.published += ["| Library | A new token | A token seen before |", "|---|---|---|", f"| {OURS} | 1 | 1 |"]
        for name in sorted(LIBRARIES, key=lambda name: new.ratio(name, FLOOR)):
            yield ratio(f"{name} {version[name]}", new.ratio(name, FLOOR))
            self.published.append(
                f"| {name} {version[name]} | {times(new.ratio(name, OURS))} | {times(seen.ratio(name, OURS))} |"
            )
        fastest = max(new.ratio(OURS, name) for name in LIBRARIES)
        yield ratio("a new token, in what the fastest takes", fastest, NEW_TOKEN_BESIDE_THE_FASTEST)
        tokens = [token.decode() for batch in self.material.batches for token in batch]
        node = ask_node(self.material.pool, tokens, self.rounds)
        name = f"{NODE_LIBRARY} {version[NODE_LIBRARY]}, in Node's own RSA verification"
        yield ratio(name, node["ratio"])

    def refusals(self) -> Iterator[Figure]:
        timings = speed.time_refusals(self.material, self.rounds)
        for name in (speed.INVENTED, speed.MALFORMED, speed.EXPIRED):
            yield ratio(f"{name}, in acceptances of a new token", timings.ratio(name, speed.ACCEPTED), 1)
        kib = speed.bytes_of_a_flood(self.material) / 1024
        yield Figure(f"memory that {speed.FLOOD:,} more refusals add", kib, f"{kib:.1f} KiB", 64)

    def options(self) -> Iterator[Figure]:
        same, others = speed.time_options(self.material, self.rounds)
        entries = f"{speed.ENTRIES:,} revocations"
        listed, instrumented = (same.ratio(name, speed.PLAIN) for name in (speed.LISTED, speed.INSTRUMENTED))
        yield ratio(f"the same token each time, with {entries}", listed, REVOCATIONS)
        yield ratio("the same token each time, with OpenTelemetry instruments", instrumented, INSTRUMENTS)
        # Without a bound: each token is looked up in another part of memory, which is not in the processor's cache.
        yield ratio(f"another token each time, with {entries}", others.ratio(speed.LISTED, speed.PLAIN))

    def memory(self) -> Iterator[Figure]:
        kib = speed.bytes_per_token(self.material) / 1024
        yield Figure(f"a remembered token, of {len(self.material.seen[0]):,} characters", kib, f"{kib:.2f} KiB", 3)

    def start_up(self) -> Iterator[Figure]:
        millis = processes.time_cold_start(self.material, self.folder, 5 if self.is_quick else 15)
        yield Figure("process start to first token, keys in a file", millis, f"{millis:.0f} ms", COLD_START_MILLIS)

    def flask(self) -> Iterator[Figure]:
        pythons = [sys.executable, processes.python_of_old()]
        own, old = processes.time_flask(self.material, self.folder, self.rounds // 2, pythons)
        yield Figure("an open request", own.open, f"{own.open:.1f} µs; beside {FLASK_1} {old.open:.1f} µs")
        yield Figure(f"{FLASK_1} adds", old.new, f"{old.new:.1f} µs, seen before {old.seen:.1f} µs")
        seen, new = own.seen / old.seen, own.new / old.new
        yield ratio("flask-cognito adds, seen, in what 1.21 adds", seen, FLASK_SEEN)
        yield ratio("flask-cognito adds, new, in what 1.21 adds", new, FLASK_NEW)
        self.published.append(f"| {FLASK_1}, added to a Flask request | {times(1 / new)} | {times(1 / seen)} |")

    def sessions(self) -> Iterator[Figure]:
        costs = sessions.time_sessions(self.folder, self.rounds)
        in_cookies = f"a session of {costs.kib:.1f} KiB in cookies"
        in_store = "a session in a store, without the one round trip"
        yield Figure("a request with a bearer token seen before", 1, f"{costs.micros:.1f} µs")
        yield ratio(f"with {in_cookies}", costs.cookies, SESSION)
        yield ratio(f"with {in_store}", costs.stored, SESSION)
        trips = f"{costs.round_trips:g}"
        yield Figure("commands that Redis processes for a request", costs.round_trips, trips, 1)
        self.published_sessions += [
            "| A request with | Time |",
            "|---|---|",
            "| a bearer token that was seen before | 1 |",
            f"| {in_cookies} | {times(costs.cookies)} |",
            f"| {in_store} | {times(costs.stored)} |",
        ]


SECTIONS = {
    "A new token, and one seen before": Bench.libraries,
    "Refusals": Bench.refusals,
    "A token seen before, and options of the verifier": Bench.options,
    "Memory": Bench.memory,
    "Start-up": Bench.start_up,
    "Flask": Bench.flask,
    "Sessions": Bench.sessions,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; the site stays as it is")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bound is missed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # from the other libraries
    print(f"Measured on {machine()}.")
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Material(30 if options.quick else 200), Path(folder), options.quick)
        environ = dict(os.environ)
        for title, measure in SECTIONS.items():
            print(f"\n{title}", flush=True)
            # One of the other libraries needs a variable that flask-cognito reads as well.
            os.environ.clear()
            os.environ.update(environ)
            try:
                for figure in measure(bench):
                    print(figure, flush=True)
                    missed += [figure] if figure.is_missed else []
            except UnavailableError as reason:
                print(f"  skipped: {reason}")
    print("\nbounds missed:", *missed or ["none"], sep="\n")
    if not options.quick:
        lines = [*bench.published, "", f"Measured on {machine()}."]
        put(DOCS / "explanation" / "performance.md", "bench", lines)
        if bench.published_sessions:
            put(DOCS / "explanation" / "life-of-a-session.md", "sessions", bench.published_sessions)
    return int(options.strict and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
