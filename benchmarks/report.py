"""Figures with their bounds, as lines of a report, and the tables of the site that a run replaces."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend

DOCS = Path(__file__).resolve().parents[1] / "docs"


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Attributes:
        what: What was measured.
        value: The figure that is compared with the bound.
        shown: The text of the figure.
        bound: The most that the value may be; None for no bound.
    """

    what: str
    value: float
    shown: str
    bound: float | None = None

    @property
    def is_missed(self) -> bool:
        return self.bound is not None and self.value > self.bound

    def __str__(self) -> str:
        line = f"  {self.what:<58} {self.shown}"
        if self.bound is None:
            return line
        return f"{line}  (at most {self.bound:g}: {'MISSED' if self.is_missed else 'met'})"


def times(ratio: float) -> str:
    return f"{ratio:.2f} \N{MULTIPLICATION SIGN}"


def ratio(what: str, value: float, bound: float | None = None) -> Figure:
    return Figure(what, value, times(value), bound)


def machine() -> str:
    """Describe processor, cores, Python and OpenSSL, and nothing that names the machine itself."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}, {backend.openssl_version_text()}"
    )


def put(page: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what the page has between its marks of that name."""
    text, begin, end = page.read_text(encoding="utf-8"), f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    replaced = "\n".join([text.partition(begin)[0] + begin, "", *lines, "", end + text.partition(end)[2]])
    page.write_text(replaced, encoding="utf-8")
