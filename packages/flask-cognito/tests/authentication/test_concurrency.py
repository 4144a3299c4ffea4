"""No request ever sees another's claims or user: under threads, in event loops, and under gevent."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_cognito import CognitoAuth, cognito_auth_required, current_cognito_jwt, current_user

THREADS, USERS, ROUNDS = 32, 200, 5


@pytest.fixture
def tokens(pool: LocalUserPool) -> dict[str, str]:
    return {f"user{number}": pool.access_token(f"user{number}") for number in range(USERS)}


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_threads(
    app: Flask, auth: CognitoAuth, tokens: dict[str, str], bearer: Callable[[str], dict[str, str]], kind: str
) -> None:
    @auth.identity_handler
    def look_up(payload: dict[str, Any]) -> dict[str, str]:
        return {"name": payload["username"]}

    def seen() -> list[Any]:
        return [current_cognito_jwt["username"], current_user["name"], current_cognito_jwt.username]

    @app.get("/plain")
    @cognito_auth_required
    def plain() -> ResponseReturnValue:
        before = seen()
        sum(range(500))  # time for other threads
        return jsonify(before + seen())

    @app.get("/async")
    @cognito_auth_required
    async def in_a_loop() -> ResponseReturnValue:
        before = seen()
        await asyncio.sleep(0)
        return jsonify(before + seen())

    def ask(name: str) -> tuple[str, set[str]]:
        return name, set(app.test_client().get(f"/{kind}", headers=bearer(tokens[name])).get_json())

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(ask, [*tokens] * (ROUNDS if kind == "plain" else 1)))

    assert [name for name, names in found if names != {name}] == []
    assert len(found) >= USERS


GEVENT = """
from gevent import monkey
monkey.patch_all()

import gevent
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, jsonify
from flask_cognito import CognitoAuth, cognito_auth_required, current_cognito_jwt, current_user

pool = LocalUserPool()
with pool.serve() as url:
    app = Flask("app")
    app.config.update(COGNITO_REGION=pool.region, COGNITO_USERPOOL_ID=pool.id, COGNITO_JWKS_URI=url)
    CognitoAuth(app, identity_handler=lambda payload: payload["username"])

    @app.get("/")
    @cognito_auth_required
    def view():
        before = [current_cognito_jwt["username"], str(current_user)]
        gevent.sleep(0.001)
        return jsonify(before + [current_cognito_jwt["username"], str(current_user)])

    tokens = {f"user{number}": pool.access_token(f"user{number}") for number in range(200)}

    def ask(name):
        response = app.test_client().get("/", headers={"Authorization": "Bearer " + tokens[name]})
        return name, response.status_code, set(response.get_json())

    found = [job.get() for job in [gevent.spawn(ask, name) for name in tokens]]
    print(len(found), [entry for entry in found if entry[1:] != (200, {entry[0]})], pool.server.requests)
"""


@pytest.mark.slow
def test_gevent() -> None:
    printed = subprocess.run(  # noqa: S603 - in a process of its own, since patching cannot be undone
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(GEVENT)], capture_output=True, text=True, check=False
    )

    assert printed.stdout.split() == ["200", "[]", "1"], printed.stderr
