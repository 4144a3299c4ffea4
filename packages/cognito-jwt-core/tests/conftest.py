import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import JWKSServer, LocalManagedLogin, LocalUserPool, ManualClock
from cognito_test_kit.login_walk import App
from cognito_test_kit.messages import messages  # noqa: F401  a fixture
from cognito_test_kit.scripted_login import ScriptedLogin
from hypothesis import settings

settings.register_profile("quick", max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", action="store_true", help="sign in with a real user pool, by hand")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000)


@pytest.fixture
def pool(clock: ManualClock) -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=clock)


@pytest.fixture
def verifier(pool: LocalUserPool, clock: ManualClock) -> CognitoVerifier:
    return CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=pool.jwks, clock=clock)


@pytest.fixture
def server(pool: LocalUserPool) -> Iterator[JWKSServer]:
    with JWKSServer(pool) as server:
        yield server


class MakeLogin(Protocol):
    def __call__(self, **settings: Any) -> LocalManagedLogin: ...


@pytest.fixture
def make_login(pool: LocalUserPool) -> MakeLogin:
    """Return a function that makes a managed login with the settings of a test."""

    def make(**settings: Any) -> LocalManagedLogin:
        defaults: dict[str, Any] = {
            "users": {"alice": "correct horse", "bob": "battery staple"},
            "groups": {"alice": ["admin", "staff"]},
            "callback_urls": [App.callback, "https://app.example/cb?tenant=1"],
            "logout_urls": ["http://localhost/", "https://app.example/bye"],
        }
        return LocalManagedLogin(pool, **(defaults | settings))

    return make


@pytest.fixture
def login_settings() -> dict[str, Any]:
    """Settings of the managed login, to be overridden with `parametrize`."""
    return {}


@pytest.fixture
def login(make_login: MakeLogin, login_settings: dict[str, Any]) -> Iterator[LocalManagedLogin]:
    managed_login = make_login(**login_settings)
    with managed_login.serve():
        yield managed_login


@pytest.fixture
def app(login: LocalManagedLogin) -> App:
    return App(login.domain, login.client_id)


@pytest.fixture
def scripted(clock: ManualClock) -> Iterator[ScriptedLogin]:
    """A managed login that answers with whatever a test scripts."""
    with ScriptedLogin(clock).serve() as served:
        yield served


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call a method of an `OAuthClient`, or its asynchronous twin: every promise holds for both."""

    def called(client: object, method: str, *args: Any, **options: Any) -> Any:
        if request.param == "sync":
            return getattr(client, method)(*args, **options)
        return asyncio.run(getattr(client, f"{method}_async")(*args, **options))

    return called
