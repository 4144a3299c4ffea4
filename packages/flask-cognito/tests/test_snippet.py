"""The three config keys and two decorators that everything begins with."""

from collections.abc import Iterator
from typing import Any

import pytest
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    cognito_auth_required,
    cognito_check_groups,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)
from flask_sqlalchemy import SQLAlchemy


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")


@pytest.fixture
def client(pool: LocalUserPool) -> Iterator[FlaskClient]:
    app = Flask("snippet")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    app.config["COGNITO_JWKS"] = pool.jwks
    db = SQLAlchemy(app)

    class User(db.Model):  # type: ignore[name-defined,misc]
        id = db.Column(db.Integer, primary_key=True)
        cognito_username = db.Column(db.String, unique=True)

    app.config.update(
        {
            "COGNITO_REGION": "eu-central-1",
            "COGNITO_USERPOOL_ID": "eu-central-1_c3fea2",
            # optional
            "COGNITO_APP_CLIENT_ID": "abcdef123456",  # str, or a list of them
            "COGNITO_CHECK_TOKEN_EXPIRATION": True,  # False: for testing only, logged as a warning
            "COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization",
            "COGNITO_JWT_HEADER_PREFIX": "Bearer",
        }
    )

    cogauth = CognitoAuth(app)

    @cogauth.identity_handler
    def lookup_cognito_user(payload: dict[str, Any]) -> Any:
        return User.query.filter(User.cognito_username == payload["username"]).one_or_none()

    @app.route("/api/private")
    @cognito_auth_required
    def api_private() -> ResponseReturnValue:
        return jsonify({"cognito_username": current_cognito_jwt["username"], "user_id": current_user.id})

    @app.route("/api/foo")
    @cognito_auth_required
    @cognito_group_permissions(["admin", "developer"])
    def api_foo() -> ResponseReturnValue:
        return jsonify({"foo": "bar"})

    with app.app_context():
        db.create_all()
        db.session.add(User(id=17, cognito_username="alice"))
        db.session.commit()
        yield app.test_client()
        db.session.remove()
        db.engine.dispose()


def sent(token: str) -> dict[str, str]:
    return {"X-MyApp-Authorization": f"Bearer {token}"}


def test_a_signed_in_user_gets_in(client: FlaskClient, pool: LocalUserPool) -> None:
    response = client.get("/api/private", headers=sent(pool.access_token("alice")))

    assert response.get_json() == {"cognito_username": "alice", "user_id": 17}


def test_one_of_the_groups_is_enough(client: FlaskClient, pool: LocalUserPool) -> None:
    response = client.get("/api/foo", headers=sent(pool.access_token("alice", groups=["developer", "other"])))

    assert response.get_json() == {"foo": "bar"}


def test_nobody_else_gets_in(client: FlaskClient, pool: LocalUserPool) -> None:
    token = pool.access_token("alice")

    assert client.get("/api/private").status_code == 401
    assert client.get("/api/private", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.get("/api/private", headers=sent(token[:-4] + "AAAA")).status_code == 401
    assert client.get("/api/foo", headers=sent(token)).status_code == 403


def test_an_id_token_without_username_is_answered_403(client: FlaskClient, pool: LocalUserPool) -> None:
    response = client.get("/api/private", headers=sent(pool.id_token("alice")))

    assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")
    assert client.get("/api/private", headers=sent(pool.access_token(claims={"username": ABSENT}))).status_code == 403


def test_checking_groups_has_two_names() -> None:
    assert cognito_check_groups is cognito_group_permissions
