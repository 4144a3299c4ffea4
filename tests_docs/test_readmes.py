"""The READMEs of the packages, as PyPI shows them: narrow, and without the files that are beside them."""

from __future__ import annotations

import re

import pytest
from cognito_test_kit.docs.page import ROOT

SITE = "https://flask-cognito.github.io/flask-cognito/"
PYPI_COLUMNS = 88  # more are cut off at the width of a description
README = pytest.mark.parametrize("package", ["cognito-jwt-core", "flask-cognito"])


def text_of(package: str) -> str:
    text = (ROOT / "packages" / package / "README.md").read_text(encoding="utf-8")
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


@README
def test_pictures_and_links_are_on_the_site_or_elsewhere(package: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", text_of(package))
    missing = []
    for link in links:
        path = link.removeprefix(SITE)
        page = f"docs/{path.rstrip('/') or 'index'}.md"
        if path != link and not any((ROOT / name).is_file() for name in (f"docs/{path}", page)):
            missing.append(link)

    assert [link for link in links if not link.startswith("https://")] == []
    assert missing == []
    assert f"{SITE}assets/explain.svg" in links


@README
def test_code_fits_the_page_of_pypi(package: str) -> None:
    blocks = re.findall(r"```\w+\n(.*?)```", text_of(package), re.DOTALL)

    assert blocks
    assert [line for block in blocks for line in block.splitlines() if len(line) > PYPI_COLUMNS] == []
