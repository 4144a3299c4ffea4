"""The first example of flask-cognito, in a Python that has nothing but the package: no test tool, no repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, jsonify
from flask_cognito import (
    CognitoAuth,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)


@dataclass
class User:
    id: int
    cognito_username: str
    everybody: ClassVar[dict[str, User]] = {}


User.everybody["alice"] = User(7, "alice")
pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
app = Flask(__name__)
app.config.update(
    {
        "COGNITO_REGION": "eu-central-1",
        "COGNITO_USERPOOL_ID": "eu-central-1_c3fea2",
        "COGNITO_APP_CLIENT_ID": "abcdef123456",
        "COGNITO_CHECK_TOKEN_EXPIRATION": True,
        "COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization",
        "COGNITO_JWT_HEADER_PREFIX": "Bearer",
        "COGNITO_JWKS": pool.jwks,
    }
)
cogauth = CognitoAuth(app)


@cogauth.identity_handler
def lookup_cognito_user(payload: dict[str, Any]) -> User | None:
    return User.everybody.get(payload["username"])


@app.route("/api/private")
@cognito_auth_required
def api_private():  # type: ignore[no-untyped-def]
    return jsonify({"cognito_username": current_cognito_jwt["username"], "user_id": current_user.id})


@app.route("/api/foo")
@cognito_auth_required
@cognito_group_permissions(["admin", "developer"])
def api_foo():  # type: ignore[no-untyped-def]
    return jsonify({"foo": "bar"})


def main() -> None:
    client = app.test_client()
    for path, groups, status in (
        ("/api/private", None, 401),
        ("/api/private", [], 200),
        ("/api/foo", [], 403),
        ("/api/foo", ["developer"], 200),
    ):
        token = None if groups is None else pool.access_token(username="alice", groups=groups)
        headers = {"X-MyApp-Authorization": f"Bearer {token}"} if token else {}
        response = client.get(path, headers=headers)
        print(path, groups, response.status, response.get_json())
        assert response.status_code == status


if __name__ == "__main__":
    main()
