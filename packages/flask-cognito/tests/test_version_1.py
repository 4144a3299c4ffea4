"""What the README and the tests of Flask-Cognito 1.21 promise, as real requests to real apps."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoJWTException,
    _cog,
    _cognito_auth_required,
    _cognito_check_groups,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)
from flask_cognito.testing import as_user

MakeApp = Callable[..., Flask]
Get = Callable[..., Any]

README_POOL_ID = "eu-central-1c3fea2"


@pytest.fixture
def get_token(make_app: MakeApp) -> Callable[[str | None, dict[str, str]], str | None]:
    """Return what the extension finds in a request's headers, for a header prefix."""

    def found(prefix: str | None, headers: dict[str, str]) -> str | None:
        app = make_app(COGNITO_JWT_HEADER_PREFIX=prefix)
        with app.test_request_context(headers=headers):
            token: str | None = _cog.get_token()
            return token

    return found


class TestHeaderPrefix:
    def test_valid_header_prefix(self, get_token: Get) -> None:
        assert get_token("Bearer", {"Authorization": "Bearer Test"}) == "Test"

    def test_incorrect_header_prefix(self, get_token: Get) -> None:
        with pytest.raises(CognitoAuthError):
            get_token("Bearer", {"Authorization": "Something Test"})

    def test_malformed_header(self, get_token: Get) -> None:
        with pytest.raises(CognitoAuthError):
            get_token("Bearer", {"Authorization": "Something To Fail"})

    def test_with_prefix_empty_string(self, get_token: Get) -> None:
        assert get_token("", {"Authorization": "Something"}) == "Something"

    def test_with_prefix_none(self, get_token: Get) -> None:
        assert get_token(None, {"Authorization": "Something"}) == "Something"

    def test_without_prefix_malformed(self, get_token: Get) -> None:
        with pytest.raises(CognitoAuthError):
            get_token(None, {"Authorization": "Something Else"})

    def test_without_prefix_missing(self, get_token: Get) -> None:
        assert get_token(None, {}) is None


@pytest.fixture
def status_in_groups(app: Flask, pool: LocalUserPool, bearer: Callable[[str], dict[str, str]]) -> Callable[[Any], int]:
    """Return how a view for ``admin`` answers a token with this claim of groups."""

    @app.get("/groups")
    @cognito_auth_required
    @cognito_group_permissions(["admin"])
    def some_func() -> str:
        return "True"

    def status(groups: Any) -> int:
        token = pool.access_token(claims={"cognito:groups": groups, "cognito:name": "Something"})
        return app.test_client().get("/groups", headers=bearer(token)).status_code

    return status


class TestGroups:
    def test_group_permissions_decorator(self, status_in_groups: Callable[[Any], int]) -> None:
        assert status_in_groups(["admin", "other"]) == 200

    def test_group_permissions_fail_if_not_in_group(self, status_in_groups: Callable[[Any], int]) -> None:
        assert status_in_groups(["other"]) == 403

    def test_group_permissions_fail_if_no_groups(self, status_in_groups: Callable[[Any], int]) -> None:
        assert status_in_groups([]) == 403

    def test_group_permissions_fail_if_groups_is_none(self, status_in_groups: Callable[[Any], int]) -> None:
        assert status_in_groups(None) == 403

    def test_group_permissions_fail_if_no_group_attribute(self, status_in_groups: Callable[[Any], int]) -> None:
        assert status_in_groups(ABSENT) == 403


class TestIdentityHandler:
    def test_identity_handler_late_init(self) -> None:
        ca = CognitoAuth()

        @ca.identity_handler
        def handler(payload: Any) -> None:
            return None

        assert ca.identity_callback == handler

    def test_a_handler_registered_before_init_app_is_used(self, settings: dict[str, Any], pool: LocalUserPool) -> None:
        ca = CognitoAuth()
        ca.identity_handler(lambda payload: payload["username"].upper())
        app = Flask("app")
        app.config.update(settings)
        ca.init_app(app)
        app.add_url_rule("/", view_func=cognito_auth_required(lambda: str(current_user)))

        response = app.test_client().get("/", headers={"Authorization": f"Bearer {pool.access_token('alice')}"})

        assert response.text == "ALICE"

    def test_a_second_handler_is_refused(self, messages: Messages, auth: CognitoAuth) -> None:
        auth.identity_handler(str)

        with messages.raises(RuntimeError):
            auth.identity_handler(repr)


class TestReadme:
    @pytest.fixture
    def pool(self) -> LocalUserPool:
        return LocalUserPool(README_POOL_ID, region="eu-central-1", client_id="abcdef123456")

    @pytest.fixture
    def app(self, pool: LocalUserPool) -> Flask:
        app = Flask("readme")
        app.config.update(
            {
                "COGNITO_REGION": "eu-central-1",
                "COGNITO_USERPOOL_ID": README_POOL_ID,
                "COGNITO_APP_CLIENT_ID": "abcdef123456",
                "COGNITO_CHECK_TOKEN_EXPIRATION": False,
                "COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization",
                "COGNITO_JWT_HEADER_PREFIX": "Bearer",
                "COGNITO_JWKS": pool.jwks,
            }
        )
        cogauth = CognitoAuth(app)

        @cogauth.identity_handler
        def lookup_cognito_user(payload: dict[str, Any]) -> dict[str, Any]:
            return {"id": payload.get("username", payload.get("cognito:username"))}

        @app.route("/api/private")
        @cognito_auth_required
        def api_private() -> ResponseReturnValue:
            return jsonify({"cognito_username": current_cognito_jwt["username"], "user_id": current_user["id"]})

        @app.route("/api/either")
        @cognito_auth_required
        def api_either() -> ResponseReturnValue:
            return jsonify(user_id=current_user["id"])

        return app

    @pytest.mark.parametrize("expires_in", [3600, -3600])
    def test_access_tokens_open_it_and_expiry_can_be_left_unchecked(
        self, app: Flask, pool: LocalUserPool, expires_in: int
    ) -> None:
        headers = {"X-MyApp-Authorization": f"bearer {pool.access_token('alice', expires_in=expires_in)}"}

        response = app.test_client().get("/api/private", headers=headers)

        assert response.get_json() == {"cognito_username": "alice", "user_id": "alice"}

    def test_id_tokens_open_it_too(self, app: Flask, pool: LocalUserPool) -> None:
        headers = {"X-MyApp-Authorization": f"Bearer {pool.id_token('alice')}"}

        assert app.test_client().get("/api/either", headers=headers).get_json() == {"user_id": "alice"}


class TestNames:
    def test_the_defaults_can_be_read_from_the_configuration(self, app: Flask) -> None:
        assert app.config["COGNITO_CHECK_TOKEN_EXPIRATION"] is True
        assert app.config["COGNITO_JWT_HEADER_NAME"] == "Authorization"
        assert app.config["COGNITO_JWT_HEADER_PREFIX"] == "Bearer"

    def test_the_extension_is_found_from_the_app(self, app: Flask) -> None:
        with app.app_context():
            assert _cog.region == "eu-central-1"
            assert _cog == app.extensions["cognito_auth"]

    def test_what_was_kept_on_the_extension_can_be_read_there(self, app: Flask, auth: CognitoAuth) -> None:
        handler = auth.identity_handler(str)

        for place in (app.app_context(), app.test_request_context()):
            with place:
                assert (auth.region, auth.userpool_id) == ("eu-central-1", "eu-central-1_testpool")
        assert (auth.app_client_id, auth.check_expiration) == ("abcdef123456", True)
        assert (auth.jwt_header_name, auth.jwt_header_prefix) == ("Authorization", "Bearer")
        assert auth.identity_callback is handler

    def test_several_clients_are_a_tuple(self, make_app: MakeApp) -> None:
        auth = make_app(COGNITO_APP_CLIENT_ID=["a", "b"]).extensions["cognito_auth"]

        assert auth.app_client_id == ("a", "b")

    def test_authentication_can_be_called_by_hand(self, app: Flask, pool: LocalUserPool, bearer: Any) -> None:
        with app.test_request_context(headers=bearer(pool.access_token("alice", groups=["admin"]))):
            assert _cognito_auth_required() is None  # type: ignore[func-returns-value]
            assert current_cognito_jwt["username"] == "alice"
            assert _cognito_check_groups(["admin"]) is None  # type: ignore[func-returns-value]
            with pytest.raises(CognitoAuthError) as refused:
                _cognito_check_groups(["developer"])
        assert refused.value.status_code == 403
        with app.test_request_context(), pytest.raises(CognitoAuthError):
            _cognito_auth_required()

    def test_a_rejected_token_is_the_exception_of_that_name(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool
    ) -> None:
        with app.app_context():
            assert auth.decode_token(pool.access_token("alice"))["username"] == "alice"
            with pytest.raises(CognitoJWTException):
                auth.decode_token(pool.expired_token())
            with pytest.raises(CognitoJWTException):
                auth.decode_token("x")

    def test_the_error_has_its_attributes_and_texts(self) -> None:
        error = CognitoAuthError("Not Authorized", "no", status_code=403, headers={"X-Why": "because"})

        assert (error.error, error.description, error.status_code) == ("Not Authorized", "no", 403)
        assert error.headers == {"X-Why": "because"}
        assert (str(error), repr(error)) == ("Not Authorized - no", "CognitoAuthError: Not Authorized")


@pytest.mark.parametrize("name", ["_cognito_auth_required", "_cognito_check_groups", "current_cognito_jwt"])
def test_patch_of_a_name_of_the_module_opens_no_route(app: Flask, name: str) -> None:
    """Many tests for 1.x patch `flask_cognito._cognito_auth_required`. The decorators do not look there."""
    app.add_url_rule("/patched", "patched", cognito_group_permissions(["admin"])(lambda: "open"))
    with mock.patch(f"flask_cognito.{name}"):
        answer = app.test_client().get("/patched")

    assert answer.status_code == 401


@pytest.mark.parametrize("groups", [["admin"], ["staff", "admin"]])
def test_lines_that_replace_the_patch_open_it(app: Flask, pool: LocalUserPool, groups: list[str]) -> None:
    app.add_url_rule("/patched", "patched", cognito_group_permissions(["admin"])(lambda: "open"))
    client = app.test_client()
    with as_user(client, "alice", groups=groups, pool=pool):
        assert client.get("/patched").text == "open"
