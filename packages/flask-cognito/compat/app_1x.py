"""Apps as they were written for Flask-Cognito 1.21. This file runs unchanged on 1.21 and on the present version.

A line of JSON on standard input is a request, a line on standard output is its answer.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoJWTException,
    _cog,
    _cognito_auth_required,
    cognito_auth_required,
    cognito_check_groups,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)

POOL = {
    "COGNITO_REGION": "eu-central-1",
    "COGNITO_USERPOOL_ID": "eu-central-1_testpool",
    "COGNITO_APP_CLIENT_ID": "abcdef123456",
}


def create_app(extension: type[CognitoAuth] = CognitoAuth, **config: Any) -> Flask:
    app = Flask("app")
    app.config.update({**POOL, **config})
    cogauth = extension()
    cogauth.init_app(app)

    @cogauth.identity_handler
    def lookup_cognito_user(payload: dict[str, Any]) -> dict[str, str] | None:
        name = payload.get("username", payload.get("cognito:username"))
        return None if name == "unknown" else {"id": f"id of {name}"}

    add_views_of_users(app)
    add_views_of_groups(app)
    add_other_views(app)
    return app


def add_views_of_users(app: Flask) -> None:
    @app.route("/api/private")
    @cognito_auth_required
    def api_private() -> ResponseReturnValue:
        return jsonify({"sub": current_cognito_jwt["sub"], "use": current_cognito_jwt["token_use"]})

    @app.route("/api/name")
    @cognito_auth_required
    def api_name() -> ResponseReturnValue:
        return jsonify({"cognito_username": current_cognito_jwt["username"], "user_id": current_user["id"]})

    @app.route("/api/user")
    @cognito_auth_required
    def api_user() -> ResponseReturnValue:
        return jsonify(current_user["id"] if current_user else None)

    @app.route("/api/claims")
    @cognito_auth_required
    def api_claims() -> ResponseReturnValue:
        return jsonify(dict(current_cognito_jwt))


def add_views_of_groups(app: Flask) -> None:
    @app.route("/api/foo")
    @cognito_auth_required
    @cognito_group_permissions(["admin", "developer"])
    def api_foo() -> ResponseReturnValue:
        return jsonify({"foo": "bar"})

    @app.route("/api/checked")
    @cognito_auth_required
    @cognito_check_groups(["admin"])
    def api_checked() -> ResponseReturnValue:
        return jsonify({"groups": current_cognito_jwt.get("cognito:groups")})

    @app.route("/api/group-alone")
    @cognito_group_permissions(["admin"])
    def api_group_alone() -> ResponseReturnValue:
        return jsonify({"foo": "bar"})

    @app.route("/api/group-string")
    @cognito_auth_required
    @cognito_group_permissions("admin")
    def api_group_string() -> ResponseReturnValue:
        return jsonify({"foo": "bar"})


def add_other_views(app: Flask) -> None:
    @app.route("/api/by-hand")
    def api_by_hand() -> ResponseReturnValue:
        if request.headers.get(_cog.jwt_header_name) is None:
            return jsonify({"anonymous": True})
        _cognito_auth_required()
        return jsonify({"anonymous": not current_cognito_jwt})

    @app.route("/api/raised")
    @cognito_auth_required
    def api_raised() -> ResponseReturnValue:
        raise CognitoAuthError("Not Authorized", "Not on Sundays", status_code=403, headers={"X-Why": "Sunday"})

    @app.route("/api/posted", methods=["POST"])
    @cognito_auth_required
    def api_posted() -> ResponseReturnValue:
        return jsonify({"posted": True})

    @app.route("/api/async")
    @cognito_auth_required
    async def api_async() -> ResponseReturnValue:
        return jsonify({"sub": current_cognito_jwt["sub"]})

    @app.route("/api/open")
    def api_open() -> ResponseReturnValue:
        return jsonify({"anonymous": not current_cognito_jwt})


class Picky(CognitoAuth):
    """Overrides the hooks that 1.x documents by their docstrings."""

    def get_token(self) -> str | None:
        return request.args.get("token") or super().get_token()

    def get_user(self, jwt_payload: Any) -> Any:
        user = super().get_user(jwt_payload)
        return {**user, "id": user["id"].upper()} if user else None

    def decode_token(self, token: str) -> Any:
        try:
            payload = super().decode_token(token)
        except CognitoJWTException as error:
            raise CognitoJWTException("Not for Picky") from error
        if payload.get("username") == "banned":
            raise CognitoJWTException("Banned")
        return payload


apps = {
    "plain": create_app(),
    "any client": create_app(COGNITO_APP_CLIENT_ID=None),
    "two clients": create_app(COGNITO_APP_CLIENT_ID=["other", "abcdef123456"]),
    "unexpiring": create_app(COGNITO_CHECK_TOKEN_EXPIRATION=False),
    "header": create_app(COGNITO_JWT_HEADER_NAME="X-MyApp-Authorization", COGNITO_JWT_HEADER_PREFIX="JWT"),
    "cookie": create_app(COGNITO_JWT_HEADER_NAME="Cookie"),
    "picky": create_app(Picky),
}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    client = apps[asked["app"]].test_client()
    for name, value in asked["cookies"].items():
        client.set_cookie(name, value)
    response = client.open(asked["path"], method=asked["method"], headers=asked["headers"])
    return {"status": response.status_code, "body": response.get_json(silent=True), "headers": dict(response.headers)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
