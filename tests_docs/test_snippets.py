"""The small apps of examples/snippets: each is configured by the environment only, and gets real tokens."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from cognito_jwt_core.testing import LocalLoadBalancer, LocalManagedLogin, LocalUserPool, hostile_tokens
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import code, rows
from fastapi.testclient import TestClient
from flask.testing import FlaskClient
from flask_cognito.testing import as_user, assert_rejects_hostile, sign_in

SNIPPETS = ROOT / "examples" / "snippets"
README = (SNIPPETS / "README.md").read_text(encoding="utf-8")
LIST = list(rows(README, "File"))
COMMANDS = [code(row["Run it"]) for row in LIST]
SERVERS = [command for command in COMMANDS if not command.startswith("python ")]
ORIGIN = "http://localhost"
HTML = {"Accept": "text/html"}


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalUserPool]:
    """A pool whose keys are served at the URL in the environment."""
    pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
    monkeypatch.setenv("COGNITO_REGION", "eu-central-1")
    monkeypatch.setenv("COGNITO_USERPOOL_ID", pool.id)
    monkeypatch.setenv("COGNITO_APP_CLIENT_ID", pool.client_id)
    with pool.serve() as url:
        monkeypatch.setenv("COGNITO_JWKS_URI", url)
        yield pool


@pytest.fixture
def balancer(pool: LocalUserPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalLoadBalancer]:
    with LocalLoadBalancer(pool) as balancer:
        monkeypatch.setenv("COGNITO_ALB_ARN", balancer.arn)
        monkeypatch.setenv("COGNITO_ALB_KEYS_URL", balancer.keys_url)
        yield balancer


@pytest.fixture
def login(pool: LocalUserPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalManagedLogin]:
    login = LocalManagedLogin(
        pool,
        users={"alice": "correct horse"},
        authenticate=lambda username, _: {"sub": "5a1c0e7b", "email": "<b>@example.com"} if username == "eve" else None,
        callback_urls=[f"{ORIGIN}/auth/callback"],
        logout_urls=[f"{ORIGIN}/"],
    )
    with login.serve():
        monkeypatch.setenv("SECRET_KEY", "a key for tests, which is long enough for one")
        monkeypatch.setenv("COGNITO_ISSUER", login.user_pool.issuer or "")
        monkeypatch.setenv("COGNITO_DOMAIN", login.domain)
        monkeypatch.setenv("COGNITO_REDIRECT_URI", f"{ORIGIN}/auth/callback")
        monkeypatch.setenv("COGNITO_LOGOUT_URI", f"{ORIGIN}/")
        yield login


def snippet(name: str) -> ModuleType:
    """Import a snippet anew, so that it reads the environment of this test."""
    spec = importlib.util.spec_from_file_location(f"snippet_{name}", SNIPPETS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# The API in Flask


def test_the_api_rejects_hostile_tokens(pool: LocalUserPool) -> None:
    client: FlaskClient = snippet("api").app.test_client()

    assert_rejects_hostile(client, "/me", pool)


def test_the_api_lets_requests_without_a_token_reach_public_routes_only(pool: LocalUserPool) -> None:
    client: FlaskClient = snippet("api").app.test_client()

    assert [client.get(path).status_code for path in ("/me", "/reports", "/health")] == [401, 401, 200]


def test_the_api_requires_a_group_for_reports(pool: LocalUserPool) -> None:
    client: FlaskClient = snippet("api").app.test_client()

    with as_user(client, "bob", pool=pool, sub="5a1c0e7b"):
        assert client.get("/me").get_json() == {"sub": "5a1c0e7b"}
        assert client.get("/reports").status_code == 403
    with as_user(client, "alice", pool=pool, groups=["analyst"]):
        assert client.get("/reports").status_code == 200


# Sign-in


def test_a_browser_signs_in_and_out(login: LocalManagedLogin) -> None:
    client: FlaskClient = snippet("sign_in").app.test_client()

    assert client.get("/profile").status_code == 401
    assert client.get("/profile", headers=HTML).status_code == 302
    sign_in(client, "alice", "correct horse", login)
    assert "alice@example.com" in client.get("/profile").text
    assert 'href="/profile"' in client.get("/").text
    assert client.post("/auth/logout").status_code == 200
    assert client.get("/profile").status_code == 401


def test_a_wrong_password_opens_no_session(login: LocalManagedLogin) -> None:
    client: FlaskClient = snippet("sign_in").app.test_client()

    with pytest.raises(RuntimeError):
        sign_in(client, "alice", "wrong", login)
    assert client.get("/profile").status_code == 401


def test_an_email_is_no_markup(login: LocalManagedLogin) -> None:
    client: FlaskClient = snippet("sign_in").app.test_client()

    sign_in(client, "eve", "any", login)

    assert "<p>&lt;b&gt;@example.com</p>" in client.get("/profile").text


# Behind a load balancer


def test_the_app_behind_a_load_balancer_rejects_hostile_tokens(
    pool: LocalUserPool, balancer: LocalLoadBalancer
) -> None:
    client: FlaskClient = snippet("load_balancer").app.test_client()

    assert_rejects_hostile(client, "/me", pool, load_balancer=balancer)


def test_the_app_behind_a_load_balancer_knows_its_users(balancer: LocalLoadBalancer) -> None:
    client: FlaskClient = snippet("load_balancer").app.test_client()

    assert client.get("/me").status_code == 401
    assert client.get("/health").status_code == 200
    with as_user(client, "alice", load_balancer=balancer, sub="5a1c0e7b"):
        assert client.get("/me").get_json() == {"sub": "5a1c0e7b", "email": "alice@example.com"}


def test_the_app_behind_a_load_balancer_reads_no_other_token(pool: LocalUserPool, balancer: LocalLoadBalancer) -> None:
    client: FlaskClient = snippet("load_balancer").app.test_client()

    assert client.get("/me", headers=bearer(pool.access_token("alice"))).status_code == 401


# FastAPI and Lambda


def test_the_fastapi_app_rejects_hostile_tokens(pool: LocalUserPool) -> None:
    with TestClient(snippet("fastapi_app").app) as client:
        accepted = [
            name
            for name, token, _ in hostile_tokens(pool)
            if client.get("/me", headers={"Authorization": b"Bearer " + token.encode()}).status_code not in (401, 403)
        ]

    assert accepted == []


def test_the_fastapi_app_knows_its_users(pool: LocalUserPool) -> None:
    with TestClient(snippet("fastapi_app").app) as client:
        anonymous = client.get("/me")
        alice = client.get("/me", headers=bearer(pool.access_token("alice", sub="5a1c0e7b")))

    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "authorization_required")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    assert alice.json() == {"sub": "5a1c0e7b"}


def test_the_lambda_function_rejects_hostile_tokens(pool: LocalUserPool) -> None:
    handler = snippet("lambda_function").lambda_handler
    answers = {name: handler(event(f"Bearer {token}"), None) for name, token, _ in hostile_tokens(pool)}

    assert {name: answer for name, answer in answers.items() if answer["statusCode"] not in (401, 403)} == {}


def test_the_lambda_function_knows_its_users(pool: LocalUserPool) -> None:
    handler = snippet("lambda_function").lambda_handler
    token = pool.access_token("alice", sub="5a1c0e7b")

    answer = handler(event(f"bearer {token}"), None)

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"sub": "5a1c0e7b"})
    for value in (token, f"Basic {token}", f"Bearer {token},Bearer {token}"):
        assert handler(event(value), None)["statusCode"] == 401


def test_the_lambda_function_answers_503_while_keys_cannot_be_fetched(pool: LocalUserPool) -> None:
    handler = snippet("lambda_function").lambda_handler
    pool.server.behave(status=500)

    answer = handler(event(f"Bearer {pool.access_token()}"), None)

    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0


def event(authorization: str) -> dict[str, Any]:
    return {"version": "2.0", "headers": {"authorization": authorization}}


# All of them


@pytest.mark.parametrize("path", sorted(SNIPPETS.glob("*.py")), ids=lambda path: path.name)
def test_no_snippet_starts_without_its_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    required = set(re.findall(r'os\.environ\["(\w+)"\]', path.read_text(encoding="utf-8")))
    assert {"COGNITO_USERPOOL_ID", "COGNITO_APP_CLIENT_ID"} <= required
    for name in required:
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(KeyError):
        snippet(path.stem)


@pytest.mark.parametrize("path", sorted(SNIPPETS.glob("*.py")), ids=lambda path: path.name)
def test_a_snippet_is_at_most_40_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40


def test_every_snippet_is_listed_and_no_other() -> None:
    assert [row["File"] for row in LIST] == [f"[`{name}`]({name})" for name in re.findall(r"\[`(\w+\.py)`\]", README)]
    assert {row["File"] for row in LIST} == {f"[`{path.name}`]({path.name})" for path in SNIPPETS.glob("*.py")}


def test_every_setting_of_a_snippet_is_named() -> None:
    named = set(re.findall(r"\b[A-Z][A-Z_]+\b", README))
    read = {
        name
        for path in SNIPPETS.glob("*.py")
        for name in re.findall(r'os\.environ(?:\.get\(|\[)"(\w+)"', path.read_text(encoding="utf-8"))
    }

    assert read - named == set()


@pytest.mark.parametrize("command", SERVERS)
@pytest.mark.usefixtures("balancer", "login")
def test_the_command_starts_the_app(command: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command), "--port", "0"],
        cwd=SNIPPETS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            urls = (re.search(r" on (http://127\.0\.0\.1:\d+)", line) for line in process.stdout)
            url = next(found[1] for found in urls if found)
            answer = requests.get(f"{url}/{'profile' if 'sign_in' in command else 'me'}", timeout=10)
        finally:
            process.terminate()

    assert answer.status_code == 401


@pytest.mark.usefixtures("pool")
def test_the_command_calls_the_lambda_function() -> None:
    (command,) = set(COMMANDS) - set(SERVERS)
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], cwd=SNIPPETS, capture_output=True, text=True, check=True
    )

    assert "'statusCode': 401" in done.stdout
