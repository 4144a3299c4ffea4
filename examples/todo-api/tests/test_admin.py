"""The routes of the group `admin`."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Ask = Callable[..., Any]
Add = Callable[..., int]


def test_an_admin_lists_everybodys_todos(ask: Ask, add: Add) -> None:
    add("bob")
    add("mo")

    listed = ask("alice", "GET", "/api/admin/todos").json

    assert [todo["owner"]["username"] for todo in listed["items"]] == ["mo", "bob"]


def test_an_admin_clears_everybodys_todos(ask: Ask, add: Add, fresh_tokens: Mapping[str, str]) -> None:
    add("bob")
    add("mo")

    assert ask(fresh_tokens["alice"], "DELETE", "/api/admin/todos").json == {"deleted": 2}

    assert ask("bob", "GET", "/api/todos").json["total"] == 0


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("user", ["bob", "mo"])
def test_nobody_else_may(ask: Ask, add: Add, user: str, method: str) -> None:
    add("bob")

    refused = ask(user, method, "/api/admin/todos")

    assert (refused.status_code, refused.json["error"]) == (403, "Not Authorized")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert ask("bob", "GET", "/api/todos").json["total"] == 1
