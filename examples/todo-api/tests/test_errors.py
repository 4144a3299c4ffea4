"""Every error is JSON, of one shape."""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.redis_server import RedisServer, required_redis_program
from flask import Flask
from flask_cognito.testing import sign_in
from todo_api import create_app
from todo_api.local_cognito import LocalCognito

Ask = Callable[..., Any]

SHAPE = {"error", "description", "code"}

REFUSED_REQUESTS: Mapping[str, tuple[str, str, Mapping[str, Any], int]] = {
    "not_found": ("GET", "/nowhere", {}, 404),
    "method_not_allowed": ("PUT", "/api/todos", {}, 405),
    "unsupported_media_type": ("POST", "/api/todos", {"data": "title=Buy"}, 415),
    "bad_request": ("POST", "/api/todos", {"data": "{", "content_type": "application/json"}, 400),
    "unprocessable_entity": ("POST", "/api/todos", {"json": {"title": ""}}, 422),
    "request_entity_too_large": ("POST", "/api/todos", {"json": {"title": "a" * 70_000}}, 413),
}


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", None])
def test_json_that_does_not_say_that_it_is_json_is_refused(ask: Ask, content_type: str | None) -> None:
    answer = ask("bob", "POST", "/api/todos", data='{"title": "Buy milk"}', content_type=content_type)

    assert answer.status_code == 415


def test_null_is_not_an_empty_change(ask: Ask, add: Callable[..., int]) -> None:
    todo = add("bob")

    answer = ask("bob", "PATCH", f"/api/todos/{todo}", data="null", content_type="application/json")

    assert (answer.status_code, answer.json["code"]) == (422, "unprocessable_entity")


@pytest.mark.parametrize("code", REFUSED_REQUESTS)
def test_a_refused_request_is_answered_in_json(ask: Ask, code: str) -> None:
    method, path, request, status = REFUSED_REQUESTS[code]

    answer = ask("bob", method, path, **request)

    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert set(answer.json) == SHAPE
    assert answer.json["code"] == code


def test_a_wrong_method_is_told_the_right_ones(ask: Ask) -> None:
    assert set(ask("bob", "PUT", "/api/todos").allow) >= {"GET", "POST"}


def test_an_exception_that_nobody_handles_is_answered_in_json_and_tells_nothing(app: Flask) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a secret of the inside")

    answer: Any = app.test_client().get("/broken")

    assert (answer.status_code, answer.json["code"]) == (500, "internal_server_error")
    assert "secret" not in answer.text


WRONG_BODIES = {
    "no_object": [],
    "title_missing": {},
    "title_blank": {"title": "  "},
    "title_too_long": {"title": "a" * 201},
    "title_of_two_lines": {"title": "a\nb"},
    "title_with_nul": {"title": "a\0b"},
    "title_of_another_type": {"title": 1},
    "done_of_another_type": {"title": "a", "published": "yes"},
    "unknown_member": {"title": "a", "owner_id": 1},
}


@pytest.mark.parametrize("body", WRONG_BODIES.values(), ids=WRONG_BODIES)
def test_a_todo_that_is_none_is_refused(ask: Ask, body: object) -> None:
    assert ask("bob", "POST", "/api/todos", json=body).status_code == 422


def test_a_refusal_says_which_member_is_wrong(ask: Ask) -> None:
    answer = ask("bob", "POST", "/api/todos", json={"title": "a", "published": "yes"})

    assert answer.json["description"] == "published: Input should be a valid boolean"


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "page=99999999999", "show=some", "order=title"])
def test_a_query_that_makes_no_sense_is_refused(ask: Ask, query: str) -> None:
    assert ask("bob", "GET", f"/api/todos?{query}").status_code == 422


def test_a_body_nested_beyond_reason_is_refused(ask: Ask) -> None:
    answer = ask("bob", "POST", "/api/todos", data="[" * 60_000, content_type="application/json")

    assert answer.status_code == 400


def test_a_title_of_brackets_is_no_nesting(ask: Ask) -> None:
    assert ask("bob", "POST", "/api/todos", json={"title": "[{" * 100}).status_code == 201


DEEP_PROGRAM = """
import threading
from flask import Flask, request
from todo_api.openapi import JsonRequest

app = Flask("app")
app.request_class = JsonRequest
app.add_url_rule("/", "read", lambda: request.get_json(), methods=["POST"])


def ask():
    bodies = ("[" * 60_000, ("[" * 30_000).encode("utf-16"), '{"a":' * 12_000)
    print(*[app.test_client().post("/", data=body, content_type="application/json").status_code for body in bodies])


threading.stack_size(128 * 1024)  # as of Alpine's Python
thread = threading.Thread(target=ask)
thread.start()
thread.join()
"""


def test_a_nested_body_does_not_overflow_the_stack_of_a_thread() -> None:
    ended = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", DEEP_PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "400 400 400\n", "")


def test_who_may_not_ask_is_told_so_before_what_is_wrong_with_the_request(ask: Ask) -> None:
    assert ask(None, "POST", "/api/todos", json={}).status_code == 401
    assert ask("bob", "POST", "/api/todos/1/close").status_code == 403
    assert ask("bob", "GET", "/api/admin/todos?page=0").status_code == 403


PROBLEM = {"Accept": "application/problem+json"}


def test_a_client_that_asks_for_problem_details_gets_them_from_the_app_and_from_the_extension(app: Flask) -> None:
    client: Any = app.test_client()

    missing = client.get("/nowhere", headers=PROBLEM)
    refused = client.get("/api/me", headers=PROBLEM)

    assert {missing.mimetype, refused.mimetype} == {"application/problem+json"}
    assert (missing.json["status"], missing.json["title"], missing.json["code"]) == (404, "Not Found", "not_found")
    assert refused.json == {
        "type": "about:blank",
        "title": "Authorization Required",
        "status": 401,
        "detail": "The request has no access token.",
        "code": "authorization_required",
        "login": "/auth/login",
    }
    assert refused.headers["WWW-Authenticate"].startswith("Bearer realm=")


def test_anybody_else_gets_the_extensions_own_shape(app: Flask) -> None:
    refused: Any = app.test_client().get("/api/me")

    assert refused.json == {
        "error": "Authorization Required",
        "description": "The request has no access token.",
        "code": "authorization_required",
        "login": "/auth/login",
    }


def test_a_database_that_cannot_be_reached_is_a_503_that_says_so(
    cognito: LocalCognito, tokens: Mapping[str, str]
) -> None:
    app = create_app(
        {**cognito.environ, "DATABASE_URL": f"postgresql+psycopg://postgres@127.0.0.1:{closed_port()}/todo"}
    )
    client: Any = app.test_client()

    for path in ("/healthz", "/api/me", "/api/board"):
        answer = client.get(path, headers={"Authorization": f"Bearer {tokens['bob']}"})

        assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
        assert (answer.json["unreachable"], answer.headers["Retry-After"]) == ("The database", "5")
        assert "127.0.0.1" not in answer.text


def test_cognito_that_cannot_be_reached_is_named(
    cognito: LocalCognito, tokens: Mapping[str, str], tmp_path: Path
) -> None:
    keys = {"COGNITO_JWKS_URI": f"http://127.0.0.1:{closed_port()}/jwks.json"}
    app = create_app({**cognito.environ, **keys, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"})
    client: Any = app.test_client()

    answer = client.get("/api/me", headers={"Authorization": f"Bearer {tokens['bob']}"})

    assert (answer.status_code, answer.json["unreachable"]) == (503, "Cognito")


def test_a_store_of_sessions_that_cannot_be_reached_is_named(
    login_and_environ: tuple[LocalManagedLogin, Mapping[str, str]], tmp_path: Path
) -> None:
    login, environ = login_and_environ
    with RedisServer(required_redis_program(), tmp_path) as url:
        app = create_app({**environ, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db", "REDIS_URL": url})
        client: Any = app.test_client()
        sign_in(client, "bob", "Bob-has-1-password", login)
        assert client.get("/api/me").status_code == 200

    answer = client.get("/api/me")

    assert (answer.status_code, answer.json["unreachable"]) == (503, "The session store")
    assert int(answer.headers["Retry-After"]) >= 1


def closed_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
