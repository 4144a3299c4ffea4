"""A managed login and a Redis server on this machine, and apps that sign their users in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from cognito_test_kit.redis_server import redis_url  # noqa: F401  a fixture
from flask import Flask, Response
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoSignIn,
    MemorySessionStore,
    RedisSessionStore,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    current_session,
)
from flask_cognito.state import app_state
from flask_cognito.testing import sign_in

PASSWORD = "correct horse"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time())


@pytest.fixture
def pool(clock: ManualClock) -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=clock)


@pytest.fixture(params=["cookies", "memory", "redis"])
def kept(request: pytest.FixtureRequest, clock: ManualClock) -> dict[str, Any]:
    """Return the keys of the configuration that say where sessions are kept."""
    if request.param == "cookies":
        return {}
    if request.param == "memory":
        return {"COGNITO_SESSION_STORE": MemorySessionStore(clock=clock)}
    return {"COGNITO_SESSION_STORE": RedisSessionStore(request.getfixturevalue("redis_url"))}


@pytest.fixture
def make_login(pool: LocalUserPool) -> Iterator[Callable[..., LocalManagedLogin]]:
    """Serves a managed login with the settings given."""
    with ExitStack() as stack:

        def make(**settings: Any) -> LocalManagedLogin:
            values: dict[str, Any] = {
                "users": {"alice": PASSWORD, "bob": PASSWORD},
                "groups": {"alice": ["admin"]},
                "callback_urls": ["http://localhost/auth/callback", "https://app.example/auth/callback"],
                "logout_urls": ["http://localhost/", "https://app.example/"],
            }
            login = LocalManagedLogin(pool, **{**values, **settings})
            stack.enter_context(login.serve())
            return login

        yield make


@pytest.fixture
def rotating(make_login: Callable[..., LocalManagedLogin]) -> LocalManagedLogin:
    """A managed login that gives a new refresh token each time."""
    return make_login(rotation=True)


@pytest.fixture
def login(make_login: Callable[..., LocalManagedLogin]) -> LocalManagedLogin:
    return make_login()


@pytest.fixture
def make_app(pool: LocalUserPool, clock: ManualClock, login: LocalManagedLogin) -> Callable[..., Flask]:
    """An app with sign-in, with the keys given. `login` is the managed login, `extension` a class of yours."""

    def make(
        login: LocalManagedLogin = login,
        extension: type[CognitoAuth] = CognitoAuth,
        prepare: Callable[[Flask, CognitoAuth], None] | None = None,
        **config: Any,
    ) -> Flask:
        app = Flask("app")
        app.secret_key = "k" * 32
        app.config.update(
            {
                "COGNITO_REGION": pool.region,
                "COGNITO_USERPOOL_ID": pool.id,
                "COGNITO_APP_CLIENT_ID": pool.client_id,
                "COGNITO_TOKEN_USE": "access",
                "COGNITO_ISSUER": login.user_pool.issuer,
                "COGNITO_DOMAIN": login.domain,
                "COGNITO_LOGOUT_URI": "http://localhost/",
                **config,
            }
        )
        auth = extension(app)
        with_clock(app, login, clock)
        if prepare is not None:
            prepare(app, auth)
        CognitoSignIn(app)
        add_pages(app)
        return app

    return make


def with_clock(app: Flask, login: LocalManagedLogin, clock: ManualClock, **options: Any) -> None:
    """Give the app a verifier whose clock the test moves. No key of the configuration is about clocks."""
    with app.app_context():
        state = app_state()
    pool = state.settings.pools[0]
    state.verifier = CognitoVerifier(
        login.user_pool,
        client_id=pool.app_client_id,
        token_use=pool.token_use,
        audience=pool.audience,
        require_audience=bool(pool.require_audience),
        clock=clock,
        revocations=pool.revocations,
        **{"key_settings": KeySettings(timeout_seconds=10), **options},  # a busy machine is not what fails here
    )


def add_pages(app: Flask) -> None:
    def who() -> ResponseReturnValue:
        return {
            "username": current_cognito_jwt.get("username") if current_cognito_jwt else None,
            "token": current_session.access_token if current_session else None,
            "session": bool(current_session),
        }

    def fail() -> ResponseReturnValue:
        raise LookupError("a view that fails")

    def stream() -> ResponseReturnValue:
        return Response(iter(("one", "two")), mimetype="text/plain")

    for url, view, decorator in (
        ("/reports", who, cognito_auth_required),
        ("/optional", who, cognito_auth_optional),
        ("/admin", who, cognito_group_permissions("admin")),
        ("/fail", fail, cognito_auth_required),
        ("/stream", stream, cognito_auth_required),
    ):
        app.add_url_rule(url, url.strip("/"), decorator(view), methods=["GET", "POST"])
    app.add_url_rule("/", "home", who)
    app.add_url_rule("/open", "open", who)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def user(client: FlaskClient, login: LocalManagedLogin) -> FlaskClient:
    """The client, signed in as alice."""
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    return client


def signed_in(app: Flask, login: LocalManagedLogin) -> FlaskClient:
    """A new client that is signed in as alice."""
    client = app.test_client()
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    return client


def cookies_in(client: FlaskClient) -> dict[str, str]:
    """The cookies that a client would send to the app."""
    return {cookie.key: cookie.value for cookie in (client._cookies or {}).values()}  # noqa: SLF001  no other way


def token_requests(login: LocalManagedLogin) -> int:
    """Return how many requests the token endpoint got."""
    return sum(request.route == "/oauth2/token" for request in login.requests)


def revoked(login: LocalManagedLogin) -> list[str]:
    """The refresh tokens that were revoked."""
    return [request.form["token"] for request in login.requests if request.route == "/oauth2/revoke"]


def header_of(client: FlaskClient) -> str:
    """The `Cookie` header of a browser."""
    return "; ".join(f"{name}={value}" for name, value in cookies_in(client).items())


def refreshes(login: LocalManagedLogin) -> int:
    """Return how many token requests followed the sign-in."""
    return token_requests(login) - 1


class WordlessError(Exception):
    """An exception that fails to describe itself."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class SecretiveError(Exception):
    """An exception with a password in its text, and a line that looks like one of the log."""

    def __str__(self) -> str:
        return "redis://:hunter2@host is down\nan invented line"
