"""Read the tables of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ROW = re.compile(r"^\|(.+)\|$")
_CELL = re.compile(r"(?<!\\)\|")


def rows(text: str, column: str) -> Iterator[dict[str, str]]:
    """Yield the rows of all tables whose first column has this name. A row maps column names to cells.

    Args:
        text: The Markdown text.
        column: Name of the first column.
    """
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
    """Return the text between the backticks of a cell.

    Raises:
        AssertionError: If the cell is not one code span.
    """
    found = re.fullmatch(r"`(.+)`", cell)
    assert found, f"expected `code`, found {cell}"
    return found[1]
