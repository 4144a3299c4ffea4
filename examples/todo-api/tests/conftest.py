"""One local Cognito for the whole session, and an app with an empty database for each test."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from todo_api import create_app
from todo_api.local_cognito import USERS, LocalCognito, local_cognito

Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def cognito() -> Iterator[LocalCognito]:
    """moto's server, with a pool and its users."""
    with local_cognito() as running:
        yield running


@pytest.fixture(scope="session")
def tokens(cognito: LocalCognito) -> Mapping[str, str]:
    """A real access token of each user, by name."""
    return {user.name: cognito.sign_in(user) for user in USERS}


@pytest.fixture
def app(cognito: LocalCognito, tmp_path: Path) -> Flask:
    """The app, on the local Cognito and an empty database."""
    return create_app({**cognito.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ask(client: FlaskClient, tokens: Mapping[str, str]) -> Ask:
    """Send a request: `ask("bob", "GET", "/api/me")`; the user None has no token."""

    def send(user: str | None, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        return client.open(path, method=method, headers=headers, **request)

    return send


@pytest.fixture
def add(ask: Ask) -> Callable[..., int]:
    """Add a todo and return its id: `add("bob", title="Buy milk")`."""

    def send(user: str, **todo: Any) -> int:
        answer = ask(user, "POST", "/api/todos", json={"title": "Buy milk", **todo})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    return send
