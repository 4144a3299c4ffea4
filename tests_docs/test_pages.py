"""Every fenced block of the site and of the READMEs is run, or is output that is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from page import ROOT, Page

PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_block_of_the_page_does_what_it_shows(path: Path, tmp_path: Path) -> None:
    Page(ROOT / path, tmp_path).run()
