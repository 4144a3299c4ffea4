"""The app as a Lambda function, called as API Gateway calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from todo_api.local_cognito import LocalCognito

PROGRAM = """
import json, sys
from todo_api.lambda_handler import handle
answers = [handle(event, None) for event in json.load(sys.stdin)]
with open(sys.argv[1], "w") as file:  # the log goes to standard output, also from other threads
    json.dump(answers, file)
"""


def event(path: str, token: str | None = None) -> dict[str, Any]:
    """Return an event of an HTTP API (payload format 2.0)."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example.com", **({"authorization": f"Bearer {token}"} if token else {})},
        "requestContext": {"http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"}},
        "isBase64Encoded": False,
    }


@pytest.fixture
def bundled(cognito: LocalCognito, tmp_path: Path) -> Mapping[str, str]:
    """The environment of a function that brings the pool's keys with it and cannot reach the network."""
    keys = tmp_path / "jwks.json"
    keys.write_bytes(requests.get(cognito.environ["COGNITO_JWKS_URI"], timeout=5).content)
    environ = {name: value for name, value in cognito.environ.items() if name != "COGNITO_JWKS_URI"}
    return {**os.environ, **environ, "COGNITO_BUNDLED_JWKS": str(keys), "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"}


def test_it_answers_with_the_keys_it_brings(
    bundled: Mapping[str, str], tokens: Mapping[str, str], tmp_path: Path
) -> None:
    events = [event("/api/me", tokens["alice"]), event("/api/me"), event("/healthz")]

    function = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM, str(tmp_path / "answers.json")],
        input=json.dumps(events),
        env=bundled,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )

    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    logged = [json.loads(line) for line in function.stdout.splitlines()]
    assert [answer["statusCode"] for answer in answers] == [200, 401, 200]
    assert json.loads(answers[0]["body"])["groups"] == ["admin"]
    assert [line["status"] for line in logged if line["logger"] == "todo_api.access"] == [200, 401, 200]
