"""How fast it is, beside other libraries and beside the bare RSA verification: `hatch run bench`.

    hatch run bench [--quick] [--strict]

A full run takes a few minutes and puts its tables and charts into the documentation. `--quick` measures with fewer
rounds, and writes nothing. `--strict` exits with 1 when a bound is missed; without it, slow is no failure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import core_speed as core
import elsewhere
import peers_speed as peers
import road
import servers
from elsewhere import NODE_PEER, FlaskSide, UnavailableError
from material import MEMORY, Material
from measuring import Timings
from peers_speed import FLOOR, OURS
from report import Figure, chart, machine, skipped, table, times, write

GROWTH = 1.15  # what counts as none, since a machine does other things, too
SECTIONS = {
    "A new token, and one seen before": "peers_side_by_side",
    "Where the time goes": "where_the_time_goes",
    "Refusals": "refusals",
    "Growth": "growth",
    "Memory": "memory",
    "Threads": "threads",
    "Start-up": "start_up",
    "Flask": "flask",
    "Under a server": "under_a_server",
}


@dataclass
class Bench:
    """One run. Each method measures one section of the report."""

    material: Material
    folder: Path
    quick: bool
    charts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rounds = len(self.material.batches)
        self.sides: dict[str, FlaskSide] = {}

    def peers_side_by_side(self) -> Iterator[Figure]:
        new = peers.time_new_tokens(self.material, self.rounds)
        seen = peers.time_seen_tokens(self.material, self.rounds)
        versions = peers.versions()
        yield Figure(FLOOR, 1, f"{new.micros(FLOOR):.1f} µs = 1")
        yield Figure(f"{OURS}, a new token", new.ratio(OURS, FLOOR), both(new, OURS), 1.45)
        forgetful = new.ratio(peers.FORGETFUL, FLOOR)
        yield Figure("— where none is remembered (`cache_size=0`)", forgetful, both(new, peers.FORGETFUL), 1.45)
        yield Figure(f"{OURS}, a token seen before", seen.ratio(OURS, FLOOR), both(seen, OURS), 0.15)
        again_and_again = seen.ratio(peers.AGAIN, FLOOR)
        yield Figure("— the same one each time", again_and_again, both(seen, peers.AGAIN), 0.15)
        ratios = {OURS: new.ratio(OURS, FLOOR)}
        again = {OURS: seen.ratio(OURS, FLOOR)}
        for name in sorted(peers.PEERS, key=lambda name: new.ratio(name, FLOOR)):
            ratios[name], again[name] = new.ratio(name, FLOOR), seen.ratio(name, FLOOR)
            yield Figure(
                f"{name} ({versions[name]})", ratios[name], f"{both(new, name)}; seen before {times(again[name])}"
            )
        try:
            node = elsewhere.time_node(self.material, self.folder, self.rounds)
        except UnavailableError as reason:
            yield skipped(NODE_PEER, reason)
        else:
            ratios[NODE_PEER] = again[NODE_PEER] = node["ratio"]
            shown = f"{times(node['ratio'])} of Node's own {node['floor']:.1f} µs: {node['micros']:.1f} µs"
            yield Figure(f"{NODE_PEER} ({node['version']}, Node {node['node']})", node["ratio"], shown)
        self.charts["new-token.svg"] = chart("A new token, in RSA verifications", ratios, OURS)
        self.charts["seen-token.svg"] = chart("A token seen before, in RSA verifications", again, OURS)

    def where_the_time_goes(self) -> Iterator[Figure]:
        timings = road.time_ways(self.material, self.rounds, peers.Newcomers(self.material))
        before = 0.0
        for step in road.WAYS:
            until = timings.ratio(step, FLOOR)
            added = until - before
            yield Figure(step, added, f"{times(added)}: {added * timings.micros(FLOOR):.1f} µs")
            before = until

    def refusals(self) -> Iterator[Figure]:
        timings = core.time_refusals(self.material, self.rounds)
        for name in (core.INVENTED, core.MALFORMED, core.EXPIRED):
            ratio = timings.ratio(name, core.NEW)
            yield Figure(
                f"{name}, in acceptances of a new token", ratio, f"{times(ratio)}: {timings.micros(name):.1f} µs", 1
            )
        after, grown = core.flood(self.material, self.rounds // 2)
        count = core.FLOOD * 2
        yield Figure(
            f"memory that {count:,} refusals more add", grown / 1024, f"{grown / 1024:.1f} KiB", 64, unit=" KiB"
        )
        ratio = after.ratio(core.FLOODED, FLOOR)
        yield Figure("a token seen before that flood, after it", ratio, both(after, core.FLOODED), 0.15)

    def growth(self) -> Iterator[Figure]:
        for what, timings in core.time_growth(self.material, self.rounds // 2).items():
            first, *_, last = (str(size) for size in core.SIZES[what])
            for prefix, kind in (("", "seen before"), ("new ", "new")):
                if prefix + last in timings.rounds:
                    ratio = timings.ratio(prefix + last, prefix + first)
                    sizes = " → ".join(f"{size:,}" for size in core.SIZES[what])
                    micros = " → ".join(f"{timings.micros(f'{prefix}{size}'):.1f}" for size in core.SIZES[what])
                    yield Figure(f"{what}, {sizes}; a token {kind}", ratio, f"{times(ratio)}: {micros} µs", GROWTH)

    def memory(self) -> Iterator[Figure]:
        kib = core.bytes_per_token(self.material) / 1024
        size = len(self.material.seen[0])
        yield Figure(f"a remembered token, of {size:,} characters", kib, f"{kib:.2f} KiB", 3, unit=" KiB")
        yield Figure(f"all {MEMORY:,} that are remembered by default", kib, f"{kib * MEMORY / 1024:.1f} MiB")

    def threads(self) -> Iterator[Figure]:
        rounds = 4 if self.quick else 12
        floor = core.floor_throughput(self.material, rounds)[2]
        yield Figure(f"{FLOOR}, 2 threads, in what 1 does", floor, times(floor))
        for seen, kind in ((False, "new tokens"), (True, "tokens seen before")):
            found = core.throughput(self.material, rounds, seen)
            for count in core.THREADS[1:]:
                ratio = found[count]
                yield Figure(f"{kind}, {count} threads, in what 1 does", ratio, f"{times(ratio)}", 0.9, at_least=True)

    def start_up(self) -> Iterator[Figure]:
        ratio, millis = elsewhere.time_imports(5 if self.quick else 15)
        yield Figure(
            "import, beside the modules of jwcrypto that it uses", ratio, f"{times(ratio)}: {millis:.0f} ms", 1.15
        )
        cold = elsewhere.time_cold_start(self.material, self.folder, 5 if self.quick else 15)
        shown = f"{cold.wall:.0f} ms: {cold.processor:.0f} of work, {cold.bare:.0f} of them Python's own"
        yield Figure("cold start to the first verified token, keys in a file", cold.wall, shown, 100, unit=" ms")

    def flask(self) -> Iterator[Figure]:
        self.sides["flask-cognito"] = elsewhere.this_flask(self.material, self.folder)
        rounds = self.rounds // 2
        found = self.sides["flask-cognito"].time_requests(self.material, rounds)
        yield Figure("an open request", 1, f"{found['open_micros']:.1f} µs = 1")
        yield Figure("added by a bare RSA verification in the view", found["rsa"], times(found["rsa"]))
        yield Figure("added for a token seen before", found["seen"], f"{times(found['seen'])}", 0.30)
        yield Figure("added for a new token", found["new"], f"{times(found['new'])}", 0.90)
        try:
            old = self.sides["Flask-Cognito 1.21"] = elsewhere.old_flask(self.material, self.folder)
        except UnavailableError as reason:
            yield skipped("Flask-Cognito 1.21", reason)
            return
        found = old.time_requests(self.material, rounds)
        shown = f"{times(found['seen'])} and {times(found['new'])}, of {found['open_micros']:.1f} µs"
        yield Figure("Flask-Cognito 1.21 adds, seen and new", found["new"], shown)

    def under_a_server(self) -> Iterator[Figure]:
        try:
            seconds, rounds = (1, 1) if self.quick else (2, 5)
            found = servers.requests_per_second(self.material, self.sides, self.folder, seconds, rounds)
        except UnavailableError as reason:
            yield skipped("gunicorn under wrk", reason)
            return
        for name, rate in found.items():
            share = rate / found[f"{name.partition(',')[0]}, open"]
            yield Figure(name, rate, f"{rate:,.0f} requests per second, {share:.0%} of open")


def both(timings: Timings, name: str) -> str:
    return f"{times(timings.ratio(name, FLOOR))}: {timings.micros(name):.1f} µs"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; the documentation stays as it is")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bound is missed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the peers' own
    report, missed = [f"Measured on {machine()}.", ""], []
    print(*report, sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Material(30 if options.quick else 200), Path(folder), options.quick)
        for title, method in SECTIONS.items():
            figures = list(getattr(bench, method)())
            missed += [figure for figure in figures if figure.missed]
            lines = [f"### {title}", "", *table(figures), ""]
            print(*lines, sep="\n", flush=True)
            report += lines
    print(*(f"missed: {figure.what}: {figure.shown}" for figure in missed), sep="\n")
    if not options.quick:
        write(report, bench.charts)
    return int(options.strict and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
