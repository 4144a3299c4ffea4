"""The first Flask example that a reader meets, wherever it is: four keys, and users by `sub`."""

from __future__ import annotations

import re
from pathlib import Path

import flask_cognito
import pytest
from cognito_test_kit.docs.page import PAGES, ROOT

KEYS = ("COGNITO_REGION", "COGNITO_USERPOOL_ID", "COGNITO_APP_CLIENT_ID", "COGNITO_TOKEN_USE")
_BLOCK = re.compile(r"```(?:python|py)[^\n]*\n(.*?)```", re.DOTALL)
FIRST_PAGES = [
    *("README.md", "packages/flask-cognito/README.md", "examples/todo-api/README.md"),
    *("docs/quickstart/flask.md", "docs/quickstart/sign-in.md"),
]


def first_example(path: Path) -> str:
    blocks = _BLOCK.findall((ROOT / path).read_text(encoding="utf-8"))
    return next((block for block in blocks if "COGNITO_USERPOOL_ID" in block), "")


@pytest.mark.parametrize("page", FIRST_PAGES)
def test_the_first_example_sets_all_four_keys(page: str) -> None:
    assert [key for key in KEYS if key not in first_example(Path(page))] == []


@pytest.mark.parametrize("page", [page for page in PAGES if first_example(page)], ids=str)
def test_a_first_example_finds_users_by_sub(page: Path) -> None:
    if page.name != "migrate-from-1x.md":  # it quotes 1.x
        assert not re.search(r"filter.*username", first_example(page))


def test_the_docstring_of_the_extension_finds_users_by_sub() -> None:
    assert 'payload["sub"]' in (flask_cognito.CognitoAuth.__doc__ or "")
