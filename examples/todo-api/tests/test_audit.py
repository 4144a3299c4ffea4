"""Who changed something, and which tokens were refused."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from todo_api import audit
from todo_api.models import db

Ask = Callable[..., Any]
Add = Callable[..., int]
Sign = Callable[..., str]


def entries(ask: Ask) -> list[tuple[str, str | None, str, str]]:
    found = ask("alice", "GET", "/api/admin/audit").json["items"]
    return [(entry["event"], entry["username"], entry["method"], entry["path"]) for entry in found]


def test_a_change_is_noted_with_who_made_it_and_the_newest_comes_first(ask: Ask, add: Add) -> None:
    todo = f"/api/todos/{add('bob')}"
    ask("mo", "POST", f"{todo}/close")

    assert entries(ask) == [("changed", "mo", "POST", f"{todo}/close"), ("changed", "bob", "POST", "/api/todos")]


def test_what_changed_nothing_is_not_noted(ask: Ask, add: Add) -> None:
    todo = f"/api/todos/{add('bob')}"
    before = entries(ask)

    ask("bob", "GET", todo)
    ask("mo", "DELETE", todo)
    ask("bob", "POST", f"{todo}/close")
    ask("bob", "POST", "/api/todos", json={})

    assert entries(ask) == before


def test_an_expired_token_is_noted(ask: Ask, sign: Sign) -> None:
    refused = ask(sign(exp=int(time.time()) - 1), "GET", "/api/me")

    assert (refused.status_code, refused.json["code"]) == (401, "token_expired")
    assert entries(ask) == [("token_expired", None, "GET", "/api/me")]


def test_a_token_that_anybody_can_make_up_is_not_noted(ask: Ask, tokens: dict[str, str]) -> None:
    ask("made.up.entirely", "GET", "/api/me")
    ask(tokens["bob"][:-8] + "AAAAAAAA", "GET", "/api/me")

    assert entries(ask) == []


def test_only_the_newest_refusals_are_kept(app: Flask, ask: Ask, sign: Sign) -> None:
    with app.app_context():
        db.session.execute(
            text(
                "INSERT INTO audit_entry (id, at, event, method, path)"
                " VALUES (:id, '2026-01-01 00:00:00', 'old', 'GET', '/')"
            ),
            [{"id": 1}, {"id": 2}, {"id": audit.KEPT_ENTRIES + 1}],
        )
        db.session.commit()

    ask(sign(exp=1), "GET", "/api/me")

    assert [event for event, *_ in entries(ask)] == ["token_expired", "old"]


def test_a_note_that_cannot_be_written_changes_no_answer(app: Flask, ask: Ask, sign: Sign) -> None:
    with app.app_context():
        db.session.execute(text("DROP TABLE audit_entry"))
        db.session.commit()

    assert ask(sign(exp=1), "GET", "/api/me").status_code == 401


@pytest.mark.parametrize("groups", [["admin"], ["moderator"]])
def test_one_role_alone_cannot_clear_it(ask: Ask, add: Add, sign: Sign, groups: list[str]) -> None:
    add("bob")

    assert ask(sign(**{"cognito:groups": groups}), "DELETE", "/api/admin/audit").status_code == 403
    assert len(entries(ask)) == 1


def test_both_roles_together_clear_it(ask: Ask, add: Add, sign: Sign) -> None:
    add("bob")

    cleared = ask(sign(**{"cognito:groups": ["moderator", "admin"]}), "DELETE", "/api/admin/audit")

    assert (cleared.status_code, cleared.json["deleted"]) == (200, 2)
    assert entries(ask) == []
