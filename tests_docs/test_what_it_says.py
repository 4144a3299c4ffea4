"""The page "Messages by situation" against real apps that make each mistake."""

from __future__ import annotations

import os

import pytest
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.mistakes import MISTAKES, Mistake, said, table

PAGE = ROOT / "docs" / "reference" / "what-it-says.md"
HEAD = "| Mistake |"


def on_the_page() -> list[str]:
    return [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]


def test_the_table_is_what_the_library_says() -> None:
    """Run with UPDATE_SNAPSHOT=1 to write it anew, and read what changed."""
    found = list(table())
    if os.environ.get("UPDATE_SNAPSHOT"):
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(HEAD)
        after = rest.partition("\n\n")[2]
        PAGE.write_text(before + "\n".join(found) + "\n\n" + after, encoding="utf-8")

    assert on_the_page() == found


def test_there_are_thirty_mistakes_and_more() -> None:
    assert len(MISTAKES) >= 30
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_every_mistake_is_refused_logged_and_explained(mistake: Mistake) -> None:
    found = said(mistake)

    assert found.answer.split()[0] in ("401", "403", "503")
    assert found.log or mistake.header is None
    assert found.advice or mistake.pasted is None
