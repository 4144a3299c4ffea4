"""One local Cognito for the whole session, and an app with an empty database for each test."""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.browser import browser  # noqa: F401  a fixture
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from todo_api import create_app
from todo_api.local_cognito import USERS, LocalCognito, local_cognito
from todo_api.models import db

Ask = Callable[..., Any]
Sign = Callable[..., str]


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
def fresh_tokens(cognito: LocalCognito) -> Mapping[str, str]:
    """Tokens of users who have signed in just now, for what requires a recent sign-in."""
    return {user.name: cognito.sign_in(user) for user in USERS}


@pytest.fixture(scope="session")
def sign(cognito: LocalCognito) -> Sign:
    """Sign what moto cannot be asked for (scopes, several groups, the past), with the key that its pools sign with.

    `sign(scope="todo/stats")` is a token of some user, valid but for the claims that you give.
    """
    packed = (files("moto.cognitoidp") / "resources" / "jwks-private.json.gz").read_bytes()
    key = RSAKey.import_key(json.loads(gzip.decompress(packed)))

    def token(**claims: object) -> str:
        now = int(time.time())
        standard = {
            "iss": f"https://cognito-idp.eu-central-1.amazonaws.com/{cognito.user_pool_id}",
            "sub": "00000000-0000-4000-8000-000000000000",
            "client_id": cognito.client_id,
            "token_use": "access",
            "iat": now,
            "exp": now + 3600,
        }
        return jwt.encode({"alg": "RS256", "kid": "dummy"}, {**standard, **claims}, key)

    return token


@pytest.fixture(scope="session")
def login_and_environ(cognito: LocalCognito) -> Iterator[tuple[LocalManagedLogin, Mapping[str, str]]]:
    """The sign-in page for an app at Flask's test URL, and the environment of that app."""
    with cognito.managed_login("http://localhost") as running:
        yield running


@pytest.fixture
def login(login_and_environ: tuple[LocalManagedLogin, Mapping[str, str]]) -> LocalManagedLogin:
    """The sign-in page."""
    return login_and_environ[0]


@pytest.fixture
def app(login_and_environ: tuple[LocalManagedLogin, Mapping[str, str]], tmp_path: Path) -> Iterator[Flask]:
    """The app, on the local Cognito and an empty database."""
    app = create_app({**login_and_environ[1], "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ask(client: FlaskClient, tokens: Mapping[str, str]) -> Ask:
    """Send a request: `ask("bob", "GET", "/api/me")`; None sends no token, another text is taken for a token itself."""

    def send(user: str | None, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens.get(user, user)}"} if user else {}
        return client.open(path, method=method, headers=headers, buffered=True, **request)

    return send


@pytest.fixture
def add(ask: Ask) -> Callable[..., int]:
    """Add a todo and return its id: `add("bob", title="Buy milk")`."""

    def send(user: str, **todo: Any) -> int:
        answer = ask(user, "POST", "/api/todos", json={"title": "Buy milk", **todo})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    return send
