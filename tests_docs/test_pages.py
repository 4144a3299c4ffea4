"""Every fenced block of the site and of the READMEs is run, or is output that is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from cognito_test_kit.docs.page import PAGES, ROOT, Page


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_block_of_the_page_does_what_it_shows(path: Path, tmp_path: Path) -> None:
    Page(ROOT / path, tmp_path).run()
