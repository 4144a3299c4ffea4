"""A signed-in user and their own todos."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from todo_api.models import Todo, db
from todo_api.todos import UNDO_PERIOD

Ask = Callable[..., Any]
Add = Callable[..., int]


def test_a_new_todo_is_answered_with_its_owner(ask: Ask) -> None:
    answer = ask("bob", "POST", "/api/todos", json={"title": "Buy milk"})

    assert answer.status_code == 201
    todo = answer.json
    assert (todo["title"], todo["done"], todo["published"], todo["owner"]["username"]) == (
        "Buy milk",
        False,
        False,
        "bob",
    )


def test_a_user_lists_only_their_own_todos(ask: Ask, add: Add) -> None:
    mine = add("bob", title="Mine")
    add("alice", title="Hers")

    listed = ask("bob", "GET", "/api/todos").json

    assert [todo["id"] for todo in listed["items"]] == [mine]
    assert listed["total"] == 1


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("other", ["mo", "alice"])
def test_somebody_elses_todo_is_not_found(ask: Ask, add: Add, method: str, other: str) -> None:
    todo = f"/api/todos/{add('bob', title='Mine')}"

    answer = ask(other, method, todo, json={"title": "Theirs"})

    assert answer.status_code == 404
    assert ask("bob", "GET", todo).json["title"] == "Mine"


def test_a_change_changes_what_it_names_and_nothing_else(ask: Ask, add: Add) -> None:
    todo = f"/api/todos/{add('bob', title='Buy milk')}"

    assert ask("bob", "PATCH", todo, json={"done": True}).status_code == 200
    assert ask("bob", "PATCH", todo, json={"title": "Buy oat milk", "done": None}).status_code == 200

    changed = ask("bob", "GET", todo).json
    assert (changed["title"], changed["done"]) == ("Buy oat milk", True)


def test_a_deleted_todo_is_gone(ask: Ask, add: Add) -> None:
    todo = f"/api/todos/{add('bob')}"

    deleted = ask("bob", "DELETE", todo)

    assert (deleted.status_code, deleted.data) == (204, b"")
    assert ask("bob", "GET", todo).status_code == 404
    assert ask("bob", "DELETE", todo).status_code == 404


def test_a_deleted_todo_comes_back_with_its_id_to_its_owner_only(ask: Ask, add: Add) -> None:
    todo, other = add("bob", title="Water the plants", published=True), add("bob")
    before = ask("bob", "GET", f"/api/todos/{todo}").json
    ask("bob", "DELETE", f"/api/todos/{todo}")

    for user in (None, "mo", "alice"):
        assert ask(user, "POST", f"/api/todos/{todo}/restore").status_code == (404 if user else 401)
    assert ask("mo", "POST", f"/api/todos/{todo}/close").status_code == 404
    assert ask("bob", "PATCH", f"/api/todos/{todo}", json={"done": True}).status_code == 404
    assert [each["id"] for each in ask("alice", "GET", "/api/admin/todos").json["items"]] == [other]
    assert (ask("bob", "GET", "/api/todos").json["total"], ask(None, "GET", "/api/board").json["total"]) == (1, 0)

    restored = ask("bob", "POST", f"/api/todos/{todo}/restore")

    assert (restored.status_code, restored.json) == (200, before)
    assert ask("bob", "GET", "/api/todos").json["total"] == 2


def test_a_todo_that_was_deleted_an_hour_ago_is_gone_for_good(app: Flask, ask: Ask, add: Add) -> None:
    old, new = add("bob"), add("bob")
    ask("bob", "DELETE", f"/api/todos/{old}")
    with app.app_context():
        db.session.execute(
            update(Todo).values(deleted_at=datetime.now(timezone.utc) - UNDO_PERIOD).where(Todo.id == old)
        )
        db.session.commit()

    ask("bob", "DELETE", f"/api/todos/{new}")

    assert ask("bob", "POST", f"/api/todos/{old}/restore").status_code == 404
    assert ask("bob", "POST", f"/api/todos/{new}/restore").status_code == 200


def test_pages_hold_every_todo_once_and_the_newest_first(ask: Ask, add: Add) -> None:
    ids = [add("bob", title=f"Todo {number}") for number in range(5)][::-1]

    pages = [ask("bob", "GET", f"/api/todos?per_page=2&page={page}").json for page in (1, 2, 3, 4)]

    assert [[todo["id"] for todo in page["items"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert {page["total"] for page in pages} == {5}


def test_open_and_done_todos_can_be_listed_apart(ask: Ask, add: Add) -> None:
    open_todo, done_todo = add("bob"), add("bob")
    ask("bob", "PATCH", f"/api/todos/{done_todo}", json={"done": True})

    listed = {
        show: [todo["id"] for todo in ask("bob", "GET", f"/api/todos?show={show}").json["items"]]
        for show in ("all", "open", "done")
    }

    assert listed == {"all": [done_todo, open_todo], "open": [open_todo], "done": [done_todo]}


@pytest.mark.parametrize("moderator", ["mo", "alice"])
def test_a_moderator_and_an_admin_may_close_anybodys_todo(ask: Ask, add: Add, moderator: str) -> None:
    todo = f"/api/todos/{add('bob')}"

    closed = ask(moderator, "POST", f"{todo}/close")

    assert (closed.status_code, closed.json["done"]) == (200, True)
    assert ask("bob", "GET", todo).json["done"] is True


def test_somebody_without_a_group_may_not_close_even_their_own_by_that_route(ask: Ask, add: Add) -> None:
    todo = f"/api/todos/{add('bob')}"

    refused = ask("bob", "POST", f"{todo}/close")

    assert (refused.status_code, refused.json["code"]) == (403, "group_required")
    assert ask("bob", "GET", todo).json["done"] is False


def test_closing_what_is_not_there_is_not_found(ask: Ask) -> None:
    assert ask("mo", "POST", "/api/todos/1/close").status_code == 404


def test_an_id_beyond_the_databases_integers_is_not_found(ask: Ask) -> None:
    assert ask("bob", "GET", "/api/todos/2147483647").status_code == 404
    assert ask("bob", "GET", f"/api/todos/{10**30}").status_code == 404


def test_a_moderator_who_closes_a_private_todo_does_not_read_it(ask: Ask, add: Add) -> None:
    todo = add("bob", title="a private matter")

    closed = ask("mo", "POST", f"/api/todos/{todo}/close")

    assert closed.json == {"id": todo, "done": True}
