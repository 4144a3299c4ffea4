"""The app on a real PostgreSQL server, which these tests start for themselves."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cognito_test_kit.postgresql_server import PostgreSQLServer, postgresql_programs
from flask import Flask
from flask_migrate import downgrade, upgrade  # type: ignore[import-untyped]
from sqlalchemy import inspect
from todo_api import create_app
from todo_api.demo import running
from todo_api.demo_table import show_table
from todo_api.local_cognito import LocalCognito
from todo_api.models import User, db

HOW_TO_GET_ONE = "these tests need PostgreSQL's programs: `apt install postgresql`"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    """A new server."""
    programs = postgresql_programs()
    if programs is None:
        # Where a server is promised (REQUIRE_POSTGRESQL), its absence is a failure.
        (pytest.fail if os.environ.get("REQUIRE_POSTGRESQL") else pytest.skip)(HOW_TO_GET_ONE)
    with PostgreSQLServer(*programs) as running_server:
        yield running_server


@pytest.fixture
def app(cognito: LocalCognito, server: PostgreSQLServer) -> Iterator[Flask]:
    """The app, on a new database with its tables."""
    with psycopg.connect(host=server.folder, user="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS todo")
        connection.execute("CREATE DATABASE todo")
    app = create_app({**cognito.environ, "DATABASE_URL": server.url("todo")})
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_path_that_is_too_long_for_the_audit_is_cut_there(app: Flask, tokens: Mapping[str, str]) -> None:
    client = app.test_client()
    bob, alice = ({"Authorization": f"Bearer {tokens[name]}"} for name in ("bob", "alice"))
    todo = client.post("/api/todos", json={"title": "Buy milk"}, headers=bob).get_json()["id"]
    path = f"/api/todos/{todo:0300}"

    changed = client.patch(path, json={"done": True}, headers=bob)

    noted = client.get("/api/admin/audit", headers=alice).get_json()["items"][0]["path"]
    assert (changed.status_code, noted) == (200, path[:256])


def test_everybody_gets_what_they_get_on_sqlite(app: Flask, fresh_tokens: Mapping[str, str]) -> None:
    with running(app, 0) as url:
        assert show_table(url, fresh_tokens)


def test_many_first_requests_at_once_create_one_row(app: Flask, tokens: Mapping[str, str]) -> None:
    def first_request(_number: int) -> Any:
        return app.test_client().get("/api/me", headers={"Authorization": f"Bearer {tokens['bob']}"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(first_request, range(24)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["user"]["id"] for answer in answers}) == 1
    with app.app_context():
        assert db.session.query(User).count() == 1


def test_the_migrations_make_what_the_models_describe_and_can_be_undone(app: Flask) -> None:
    with app.app_context():
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]


def test_a_title_of_any_characters_that_are_allowed_comes_back(app: Flask, tokens: Mapping[str, str]) -> None:
    title = "Ünïcödé 🎉 'quoted' \\ %s"
    client: Any = app.test_client()

    added = client.post("/api/todos", json={"title": title}, headers={"Authorization": f"Bearer {tokens['bob']}"})

    assert (added.status_code, added.json["title"]) == (201, title)
