"""Who changed something, and which tokens were refused."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from todo_api import audit
from todo_api.models import AuditEntry, db

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


def test_refused_tokens_cause_one_note_a_minute_for_each_code(ask: Ask, sign: Sign) -> None:
    for _ in range(5):
        ask(sign(exp=1), "GET", "/api/me")
        ask(sign(token_use="id"), "GET", "/api/me")

    assert sorted(event for event, *_ in entries(ask)) == ["invalid_token_use", "token_expired"]


def test_refusals_never_push_out_a_change(ask: Ask, add: Add, sign: Sign) -> None:
    add("bob")

    for number in range(20):
        ask(sign(exp=number + 1), "GET", "/api/me")

    assert ("changed", "bob", "POST", "/api/todos") in entries(ask)


def test_entries_are_kept_for_90_days_and_no_count_shortens_that(app: Flask, ask: Ask, add: Add) -> None:
    now = datetime.now(timezone.utc)
    with app.app_context():
        old = [AuditEntry(event="old", method="GET", path="/", at=now - audit.KEPT_FOR - timedelta(minutes=1))]
        young = [AuditEntry(event="young", method="GET", path="/", at=now - timedelta(days=89)) for _ in range(1_500)]
        db.session.add_all([*old, *young])
        db.session.commit()

    add("bob")

    with app.app_context():
        events = db.session.scalars(select(AuditEntry.event)).all()
    assert Counter(events) == {"young": 1_500, "changed": 1}


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

    assert (cleared.status_code, cleared.json["deleted"]) == (200, 1)
    assert [entry[::2] for entry in entries(ask)] == [("changed", "DELETE")]
