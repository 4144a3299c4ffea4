"""From a token to a row."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session
from todo_api.models import User, db

Ask = Callable[..., Any]


def rows(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(User)).all())


def test_the_first_request_creates_the_row_and_the_next_ones_find_it(app: Flask, ask: Ask) -> None:
    assert rows(app) == 0

    first, second = (ask("bob", "GET", "/api/me").json for _ in range(2))

    assert first["user"] == second["user"]
    assert rows(app) == 1


def test_me_is_what_the_row_and_the_token_say(ask: Ask) -> None:
    me = ask("alice", "GET", "/api/me").json

    assert me["user"]["username"] == "alice"
    assert me["groups"] == ["admin"]
    assert me["scopes"] == ["aws.cognito.signin.user.admin"]
    assert me["expires_at"].endswith("Z")


def test_a_refused_token_leaves_no_row(app: Flask, client: FlaskClient, tokens: Mapping[str, str]) -> None:
    client.get("/api/me", headers={"Authorization": f"Bearer {tokens['bob'][:-5]}AAAAA"})

    assert rows(app) == 0


def test_a_first_request_that_loses_the_race_gets_the_winners_row(app: Flask, ask: Ask) -> None:
    def another_worker_is_faster(session: Session, *_: object) -> None:
        (mine,) = session.new
        with db.engine.begin() as other_worker:
            other_worker.execute(insert(User).values(id=7, sub=mine.sub, username=mine.username))

    event.listen(db.session, "before_flush", another_worker_is_faster, once=True)

    answer = ask("bob", "GET", "/api/me")

    assert (answer.status_code, answer.json["user"]) == (200, {"id": 7, "username": "bob"})
    assert rows(app) == 1


def test_many_first_requests_at_once_create_one_row(app: Flask, tokens: Mapping[str, str]) -> None:
    def first_request(_number: int) -> Any:
        return app.test_client().get("/api/me", headers={"Authorization": f"Bearer {tokens['bob']}"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(first_request, range(24)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["user"]["id"] for answer in answers}) == 1
    assert rows(app) == 1
