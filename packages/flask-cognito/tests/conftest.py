"""A local user pool with real keys, and apps whose views say who they think is asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import messages  # noqa: F401  a fixture
from flask import Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    current_cognito_jwt,
    current_user,
)

POOL_ID = "eu-central-1_testpool"


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool(POOL_ID, client_id="abcdef123456")


@pytest.fixture
def other_pool() -> LocalUserPool:
    return LocalUserPool("us-east-1_otherpool", client_id="fedcba654321")


@pytest.fixture
def settings(pool: LocalUserPool) -> dict[str, Any]:
    """A configuration with every check on."""
    return {
        "COGNITO_REGION": pool.region,
        "COGNITO_USERPOOL_ID": pool.id,
        "COGNITO_APP_CLIENT_ID": pool.client_id,
        "COGNITO_TOKEN_USE": "access",
        "COGNITO_JWKS": pool.jwks,
    }


@pytest.fixture
def make_app(settings: dict[str, Any]) -> Callable[..., Flask]:
    """An app with every check on, but for the settings given; ``extension`` is the class of its `CognitoAuth`."""

    def make(extension: type[CognitoAuth] = CognitoAuth, **config: Any) -> Flask:
        app = Flask("app")
        app.config.update({**settings, **config})
        extension(app)
        add_views(app)
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def auth(app: Flask) -> CognitoAuth:
    found: CognitoAuth = app.extensions["cognito_auth"]
    return found


def add_views(app: Flask) -> None:
    def who() -> ResponseReturnValue:
        return {"claims": dict(current_cognito_jwt), "user": current_user._get_current_object()}  # noqa: SLF001

    for url, decorator in {
        "/required": cognito_auth_required,
        "/optional": cognito_auth_optional,
        "/admin": cognito_group_permissions(["admin", "developer"]),
        "/write": cognito_scope_permissions("todo/write"),
    }.items():
        app.add_url_rule(url, url.strip("/"), decorator(who), methods=["GET", "POST"])
    app.add_url_rule("/open", "open", who)


@pytest.fixture
def bearer() -> Callable[[str], dict[str, str]]:
    return lambda token: {"Authorization": f"Bearer {token}"}
