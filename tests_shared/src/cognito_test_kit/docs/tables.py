"""The tables of a Markdown page, as rows by the name of their column."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ROW = re.compile(r"^\|(.+)\|$")
_CELL = re.compile(r"(?<!\\)\|")


def rows(text: str, column: str) -> Iterator[dict[str, str]]:
    """Every row of every table whose first column is called `column`."""
    header: list[str] = []
    for line in text.splitlines():
        found = _ROW.match(line)
        if not found:
            header = []
            continue
        cells = [cell.strip() for cell in _CELL.split(found[1])]
        if not header:
            header = cells
        elif header[0] == column and not set(line) <= set("|-: "):
            yield dict(zip(header, cells, strict=True))


def code(cell: str) -> str:
    """Return the text between backticks."""
    found = re.fullmatch(r"`(.+)`", cell)
    assert found, f"expected `code`, found {cell}"
    return found[1]
