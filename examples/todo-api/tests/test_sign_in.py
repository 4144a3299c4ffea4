"""Sign-in by a browser: a session cookie in place of a token."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin
from flask.testing import FlaskClient
from flask_cognito.testing import sign_in
from todo_api import create_app
from todo_api.local_cognito import USERS, LocalCognito, LocalUser

Ask = Callable[..., Any]


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_session_and_a_bearer_token_are_the_same_user(
    client: FlaskClient, ask: Ask, login: LocalManagedLogin, user: LocalUser
) -> None:
    by_token = ask(user.name, "GET", "/api/me").json

    sign_in(client, user.name, user.password, login)
    by_session: Any = client.get("/api/me").json

    assert (by_session["user"], by_session["sub"]) == (by_token["user"], by_token["sub"])
    assert by_session["groups"] == list(user.groups)


def test_a_wrong_password_makes_no_session(client: FlaskClient, login: LocalManagedLogin) -> None:
    with pytest.raises(RuntimeError):
        sign_in(client, "bob", "wrong", login)

    refused: Any = client.get("/api/me")
    assert (refused.status_code, refused.json["code"]) == (401, "authorization_required")


def test_a_script_without_a_session_is_told_where_to_sign_in(client: FlaskClient) -> None:
    refused: Any = client.get("/api/me", headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})

    assert (refused.status_code, refused.json["login"]) == (401, "/auth/login")
    assert "WWW-Authenticate" not in refused.headers


def test_sign_out_ends_the_session(client: FlaskClient, login: LocalManagedLogin) -> None:
    sign_in(client, "bob", "Bob-has-1-password", login)

    signed_out: Any = client.post("/auth/logout", headers={"Accept": "application/json"})

    assert signed_out.json["location"].startswith(f"{login.domain}/logout?")
    assert client.get("/api/me").status_code == 401


def test_an_app_without_a_secret_key_takes_bearer_tokens_only(
    cognito: LocalCognito, tokens: Mapping[str, str], tmp_path: Any
) -> None:
    app = create_app({**cognito.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"})
    client = app.test_client()

    bearer = {"Authorization": f"Bearer {tokens['bob']}"}
    assert client.get("/auth/login").status_code == 404
    assert client.post("/api/me/sign-out-everywhere", headers=bearer).status_code == 204
    assert client.get("/api/me", headers=bearer).status_code == 401
