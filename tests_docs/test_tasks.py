"""The tasks that the documentation names are those of hatch.toml, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cognito_test_kit.docs.page import PAGES, ROOT
from cognito_test_kit.docs.promises import check_script, environments


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_task_that_a_page_names_exists(path: Path) -> None:
    for task in re.findall(r"hatch run ([\w:-]+)", (ROOT / path).read_text(encoding="utf-8")):
        check_script(task)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/quickstart/development.md"])
def test_every_task_is_named(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    assert [task for task in environments()["default"]["scripts"] if f"hatch run {task}" not in text] == []
