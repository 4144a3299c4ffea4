"""The public board."""

from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]
Add = Callable[..., int]


def test_anybody_sees_what_is_published_and_nothing_else(ask: Ask, add: Add) -> None:
    add("bob", title="Private")
    published = add("bob", title="Published", published=True)

    board = ask(None, "GET", "/api/board").json

    assert [(todo["id"], todo["owner"]["username"], todo["mine"]) for todo in board["items"]] == [
        (published, "bob", False)
    ]


def test_who_is_signed_in_sees_which_ones_are_theirs(ask: Ask, add: Add) -> None:
    add("bob", published=True)
    add("mo", published=True)

    board = ask("bob", "GET", "/api/board").json

    assert {todo["owner"]["username"]: todo["mine"] for todo in board["items"]} == {"bob": True, "mo": False}


def test_what_is_done_leaves_the_board(ask: Ask, add: Add) -> None:
    todo = add("bob", published=True)

    ask("mo", "POST", f"/api/todos/{todo}/close")

    assert ask(None, "GET", "/api/board").json["total"] == 0


def test_a_bad_token_is_refused_although_none_is_needed(ask: Ask, tokens: dict[str, str]) -> None:
    assert ask(tokens["bob"] + "x", "GET", "/api/board").status_code == 401
