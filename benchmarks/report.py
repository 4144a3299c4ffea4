"""Figures as Markdown tables and as charts, and where they stand in the documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "explanation" / "performance.md"
CHARTS = DOCS / "assets" / "bench"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
WIDTH, ROW, LABELS, VALUES, TOP = 760, 26, 250, 130, 10


@dataclass(frozen=True)
class Figure:
    """One row of a table.

    Attributes:
        what: What was measured.
        value: The figure that is compared with the bound.
        shown: How it reads.
        bound: The most that it may be (the least, if `at_least`); None where nothing is promised.
    """

    what: str
    value: float
    shown: str
    bound: float | None = None
    at_least: bool = False
    unit: str = ""

    @property
    def missed(self) -> bool:
        if self.bound is None:
            return False
        return self.value < self.bound if self.at_least else self.value > self.bound

    def row(self) -> str:
        if self.bound is None:
            return f"| {self.what} | {self.shown} | | |"
        limit = f"{'≥' if self.at_least else '≤'} {self.bound:,g}{self.unit}"
        return f"| {self.what} | {self.shown} | {limit} | {'**missed**' if self.missed else 'within'} |"


def times(ratio: float) -> str:
    return f"{ratio:.2f} \N{MULTIPLICATION SIGN}"


def skipped(what: str, reason: object) -> Figure:
    return Figure(what, 0.0, f"skipped: {reason}")


def table(figures: Iterable[Figure]) -> Iterator[str]:
    yield "| | measured | bound | |"
    yield "|---|---|---|---|"
    yield from (figure.row() for figure in figures)


def machine() -> str:
    """Processor, cores, Python and OpenSSL; nothing that names the machine itself."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}, {backend.openssl_version_text()}"
    )


def chart(title: str, ratios: Mapping[str, float], highlighted: str) -> str:
    """Bars, shortest first, in the colours of the page. It has no empty line, which would end it in Markdown."""
    longest = max(ratios.values())
    height = TOP + ROW * len(ratios) + 6
    bars = []
    for number, (name, ratio) in enumerate(sorted(ratios.items(), key=lambda item: item[1])):
        y = TOP + ROW * number
        width = (WIDTH - LABELS - VALUES) * ratio / longest
        own = name == highlighted
        colour = 'fill="var(--md-typeset-a-color, #4051b5)"' if own else 'fill="currentColor" opacity=".35"'
        weight = ' font-weight="bold"' if own else ""
        bars += [
            f'<text x="{LABELS - 8}" y="{y + 16}" text-anchor="end"{weight}>{name}</text>',
            f'<rect x="{LABELS}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" rx="2" {colour}/>',
            f'<text x="{LABELS + width + 8:.1f}" y="{y + 16}"{weight}>{times(ratio)}</text>',
        ]
    return "\n".join(
        [
            f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}"'
            ' xmlns="http://www.w3.org/2000/svg">',
            '<g fill="currentColor" stroke="none" font-size="13" font-family="inherit">',
            *bars,
            "</g>",
            "</svg>\n",
        ]
    )


def write(lines: Iterable[str], charts: Mapping[str, str]) -> None:
    """Put the tables between the marks of the page, and the charts beside the other pictures."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]), encoding="utf-8")
    CHARTS.mkdir(exist_ok=True)
    for name, svg in charts.items():
        (CHARTS / name).write_text(svg, encoding="utf-8")
