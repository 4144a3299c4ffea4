"""A hook of MkDocs: name the column of each cell, so that a phone can show a wide table as a list of its rows."""

from __future__ import annotations

import re

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd]( [^>]*)?>(.*?)</t[hd]>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
# A list keeps the roles of a table for screen readers, which its style would take away.
_ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader", "td": "cell"}
_NARROW_COLUMNS = 2  # so many fit a phone


def on_page_content(html: str, **_: object) -> str:
    """Return the page with its wide tables labelled. MkDocs calls it for each page."""
    return _TABLE.sub(lambda table: labelled(table[0]), html)


def labelled(table: str) -> str:
    """Return a table whose cells have `data-label`, the head of their column."""
    first = _ROW.search(table)
    heads = [_TAG.sub("", cell[2]).strip() for cell in _CELL.finditer(first[1])] if first else []
    if len(heads) <= _NARROW_COLUMNS:
        return table
    table = _ROW.sub(lambda row: f"<tr>{_with_labels(row[1], heads)}</tr>", table)
    for tag, role in _ROLES.items():
        table = re.sub(rf"<{tag}\b", f'<{tag} role="{role}"', table)
    return f'<div class="rows">{table}</div>'


def _with_labels(row: str, heads: list[str]) -> str:
    names = iter(heads)
    return re.sub(r"<td\b", lambda _: f'<td data-label="{next(names, "")}"', row)
