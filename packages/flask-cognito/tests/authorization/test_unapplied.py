"""A decorator that a view calls like a function: it checks nothing, so the view answers no request."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth, cognito_auth_optional, cognito_auth_required, cognito_group_permissions


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    app = Flask("app")
    app.config.update(settings)
    CognitoAuth(app)
    return app


def called(view: Callable[[], object]) -> Callable[[], str]:
    def secret() -> str:
        view()
        return "secret"

    return secret


def by_condition() -> None:
    if not cognito_group_permissions("admin"):  # type: ignore[truthy-function]
        raise AssertionError


def by_name() -> None:
    guard = cognito_group_permissions("admin")
    assert guard is not None


@pytest.mark.parametrize(
    "call",
    [cognito_auth_required, cognito_auth_optional, lambda: cognito_group_permissions("admin"), by_condition, by_name],
)
def test_nothing_of_the_view_gets_out(app: Flask, call: Callable[[], object]) -> None:
    app.add_url_rule("/x", "x", called(call))

    response = app.test_client().get("/x")

    assert response.status_code == 500
    assert "secret" not in response.text


def test_the_error_names_the_view(app: Flask) -> None:
    app.testing = True
    app.add_url_rule("/x", "x", called(cognito_auth_required))

    with pytest.raises(RuntimeError, match="view x: a decorator"):
        app.test_client().get("/x")


def test_one_that_is_applied_in_a_view_is_enforced(
    app: Flask, pool: LocalUserPool, bearer: Callable[[str], dict[str, str]]
) -> None:
    @app.get("/x")
    def view() -> str:
        guarded = cognito_group_permissions("admin")(lambda: "secret")
        return guarded()

    client = app.test_client()

    assert client.get("/x", headers=bearer(pool.access_token(groups=["admin"]))).text == "secret"
    assert client.get("/x", headers=bearer(pool.access_token())).status_code == 403


def test_one_that_a_module_keeps_is_no_mistake(app: Flask) -> None:
    """The request may have imported that module."""
    kept = []
    app.add_url_rule("/x", "x", called(lambda: kept.append(cognito_auth_required())))

    assert app.test_client().get("/x").text == "secret"
