"""Calls that must type-check, and with `type: ignore` calls that must not: mypy judges, nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from cognito_jwt_core import Claims, CognitoVerifier, MultiPoolVerifier
from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoJWTException,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_check_groups,
    cognito_group_permissions,
    cognito_public,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
    current_user,
    openapi_security_schemes,
    token_verified,
    verify_cognito_jwt,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type

app = Flask("app")
cogauth = CognitoAuth(app)


class User:
    name: str


def setting_up(blueprint: Blueprint) -> None:
    CognitoAuth()
    CognitoAuth(app, identity_handler=lambda payload: payload["username"])
    CognitoAuth().init_app(app)
    cogauth.protect(app)
    cogauth.protect(blueprint, groups="admin", scopes=["todo/read"])
    assert_type(cogauth.verifier, CognitoVerifier | MultiPoolVerifier)
    assert_type(openapi_security_schemes(app), dict[str, dict[str, str]])
    CognitoAuth("app")  # type: ignore[arg-type]
    cogauth.protect("app")  # type: ignore[arg-type]
    cogauth.protect(app, "admin", 7)  # type: ignore[arg-type]


@cogauth.identity_handler
def look_up(payload: Claims) -> User | None:
    return User() if payload.username else None


def look_up_in_a_dict(payload: dict[str, Any]) -> User:
    return User()


async def look_up_later(payload: Mapping[str, object]) -> User:
    return User()


def look_up_a_name(payload: str) -> User:
    return User()


def handlers() -> None:
    assert_type(look_up(Claims()), User | None)
    cogauth.identity_handler(look_up_in_a_dict)
    cogauth.identity_handler(look_up_later)
    cogauth.identity_handler(look_up_a_name)  # type: ignore[type-var]
    cogauth.error_handler(problem)
    cogauth.error_handler(look_up_a_name)  # type: ignore[type-var]


def problem(error: CognitoAuthError) -> ResponseReturnValue:
    return {"title": error.error, "code": error.error_code}, error.status_code, error.headers or {}


@cognito_auth_required
def required(number: int, *, name: str = "x") -> str:
    return f"{name} {number}"


@cognito_group_permissions(["admin"])
@cognito_scope_permissions("todo/read", require="all")
async def scoped(number: int) -> int:
    return number


@cognito_step_up(max_age=300, acr_values=["urn:cognito:loa:4"])
def recent(number: int) -> str:
    return str(number)


@cognito_public
@cognito_auth_optional
def public() -> ResponseReturnValue:
    return jsonify(current_cognito_jwt)


def takes_a_plain_view(view: Callable[[int], str]) -> None: ...


def takes_a_coroutine(view: Callable[[int], Coroutine[Any, Any, int]]) -> None: ...


def views_keep_their_types() -> None:
    assert_type(required(1, name="y"), str)
    takes_a_plain_view(required)
    takes_a_coroutine(scoped)
    takes_a_plain_view(scoped)  # type: ignore[arg-type]
    assert_type(public(), ResponseReturnValue)
    required("1")  # type: ignore[arg-type]
    required(1, names="y")  # type: ignore[call-arg]
    scoped()  # type: ignore[call-arg,unused-coroutine]


def decorators() -> None:
    cognito_group_permissions("admin")
    cognito_check_groups(("admin", "staff"), require="any")
    cognito_scope_permissions({"todo/read"})
    cognito_group_permissions(None)  # type: ignore[arg-type]
    cognito_group_permissions(["admin"], require="none")  # type: ignore[arg-type]
    cognito_scope_permissions([1])  # type: ignore[list-item]
    cognito_auth_required("view")  # type: ignore[call-overload]
    cognito_public(7)  # type: ignore[type-var]


class Todo(MethodView):
    decorators = [cognito_auth_required, cognito_group_permissions(["admin"])]  # noqa: RUF012 - as Flask has it

    @cognito_scope_permissions("todo/read")
    def get(self, number: int) -> ResponseReturnValue:
        return {"number": number}


def who_is_asking() -> None:
    assert_type(current_cognito_jwt, Claims)
    assert_type(current_cognito_jwt.username, str | None)
    user: User = current_user
    assert user
    assert_type(verify_cognito_jwt(), Claims)
    assert_type(verify_cognito_jwt(optional=False), Claims)
    assert_type(verify_cognito_jwt(optional=True), Claims | None)
    verify_cognito_jwt(optional="yes")  # type: ignore[call-overload]


class Own(CognitoAuth):
    def get_token(self) -> str | None:
        return super().get_token() or "x"

    def get_user(self, payload: Claims) -> User:
        return User()

    def decode_token(self, token: str) -> dict[str, Any]:
        raise CognitoJWTException("no")


class Wrong(CognitoAuth):
    def get_token(self) -> int:  # type: ignore[override]
        return 7


def errors() -> None:
    error = CognitoAuthError("Not Authorized", "No.", status_code=403, headers={"X-A": "1"}, error_code="no")
    assert_type(error.error, str)
    assert_type(error.status_code, int)
    assert_type(error.error_code, str | None)
    CognitoAuthError("Not Authorized")  # type: ignore[call-arg]
    CognitoAuthError("Not Authorized", "No.", "403")  # type: ignore[arg-type]


def signals() -> None:
    token_verified.connect(lambda sender, **details: None)
