"""Views and handlers that are coroutine functions."""

import asyncio
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from cognito_jwt_core import Claims
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, copy_current_request_context
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    @app.get("/async")
    @cognito_auth_required
    @cognito_group_permissions(["admin"])
    async def view() -> ResponseReturnValue:
        await asyncio.sleep(0)
        return {"claims": dict(current_cognito_jwt), "user": str(current_user)}

    @app.get("/async/optional")
    @cognito_auth_optional
    async def for_anybody() -> ResponseReturnValue:
        await asyncio.sleep(0)
        return dict(current_cognito_jwt)

    @app.get("/async/name")
    @cognito_auth_required
    async def name() -> str:
        await asyncio.sleep(0)
        return str(current_cognito_jwt["email"])

    return app.test_client()


def test_a_coroutine_function_stays_one() -> None:
    async def view(number: int) -> int:
        return number

    for decorator in (cognito_auth_required, cognito_auth_optional, cognito_group_permissions("a")):
        decorated: Any = decorator(view)

        assert inspect.iscoroutinefunction(decorated)
        assert inspect.signature(decorated) == inspect.signature(view)


def test_it_is_guarded_like_any_other(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    assert client.get("/async").status_code == 401
    assert client.get("/async", headers=bearer(pool.expired_token())).status_code == 401
    assert client.get("/async", headers=bearer(pool.access_token())).status_code == 403
    response = client.get("/async", headers=bearer(pool.access_token("alice", groups=["admin"])))
    assert response.get_json()["claims"]["username"] == "alice"
    assert list(response.vary) == ["Authorization"]
    assert client.get("/async/optional").get_json() == {}
    assert client.get("/async/optional", headers=bearer(pool.access_token())).get_json() != {}


def test_a_missing_claim_is_answered_403(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    response = client.get("/async/name", headers=bearer(pool.access_token()))

    assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")


def test_others_decorators_can_await_it(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    def awaiting(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await view(*args, **kwargs)

        return awaited

    @app.get("/awaited")
    @awaiting
    @cognito_auth_required
    async def view() -> str:
        return str(current_cognito_jwt["username"])

    assert app.test_client().get("/awaited", headers=bearer(pool.access_token("alice"))).text == "alice"


def test_methods_of_a_class_can_be_coroutines(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    class Todo(MethodView):
        decorators = [cognito_auth_required]  # noqa: RUF012 - as Flask has it

        async def get(self) -> ResponseReturnValue:
            return dict(current_cognito_jwt)

        @cognito_group_permissions("admin")
        async def post(self) -> ResponseReturnValue:
            return dict(current_cognito_jwt)

    app.add_url_rule("/todo", view_func=Todo.as_view("todo"))
    client = app.test_client()

    assert client.get("/todo").status_code == 401
    assert client.get("/todo", headers=bearer(pool.access_token())).status_code == 200
    assert client.post("/todo", headers=bearer(pool.access_token())).status_code == 403
    assert client.post("/todo", headers=bearer(pool.access_token(groups=["admin"]))).status_code == 200


class TestIdentityHandlers:
    @pytest.fixture(autouse=True)
    def asked(self, auth: CognitoAuth) -> list[str]:
        asked: list[str] = []

        @auth.identity_handler
        async def look_up(payload: Claims) -> Any:
            await asyncio.sleep(0)
            asked.append(str(payload["username"]))
            if payload["username"] == "locked":
                raise CognitoAuthError("Not Authorized", "Locked.", status_code=403, error_code="locked")
            if payload["username"] == "broken":
                raise ZeroDivisionError
            return payload["username"]

        return asked

    @pytest.mark.parametrize("path", ["/admin", "/async"])
    def test_are_awaited_in_any_view(
        self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str, asked: list[str]
    ) -> None:
        response = client.get(path, headers=bearer(pool.access_token("alice", groups=["admin"])))

        assert (response.get_json()["user"], asked) == ("alice", ["alice"])

    @pytest.mark.parametrize("path", ["/admin", "/async"])
    def test_can_refuse(self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str) -> None:
        response = client.get(path, headers=bearer(pool.access_token("locked", groups=["admin"])))

        assert (response.status_code, response.get_json()["code"]) == (403, "locked")

    @pytest.mark.parametrize("path", ["/admin", "/async"])
    def test_can_count_on_a_claim(self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str) -> None:
        response = client.get(path, headers=bearer(pool.client_credentials_token()))

        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")

    @pytest.mark.parametrize("path", ["/admin", "/async"])
    def test_have_exceptions_of_their_own(
        self, app: Flask, client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str
    ) -> None:
        app.testing = True

        with pytest.raises(ZeroDivisionError):
            client.get(path, headers=bearer(pool.access_token("broken", groups=["admin"])))

    def test_a_cookie_that_lacks_a_claim_counts_as_none(
        self, make_app: Callable[..., Flask], pool: LocalUserPool
    ) -> None:
        app = make_app(COGNITO_JWT_HEADER_NAME="Cookie")

        @app.extensions["cognito_auth"].identity_handler  # type: ignore[untyped-decorator]
        async def look_up(payload: Claims) -> Any:
            return payload["email"]

        client = app.test_client()
        client.set_cookie("session_token", pool.access_token())

        assert client.get("/optional").get_json() == {"claims": {}, "user": None}

    def test_are_awaited_under_protection(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer, asked: list[str]
    ) -> None:
        auth.protect(app)

        response = app.test_client().get("/open", headers=bearer(pool.access_token("alice")))

        assert (response.get_json()["user"], asked) == ("alice", ["alice"])

    def test_are_awaited_by_hand_in_a_coroutine(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, asked: list[str]
    ) -> None:
        @app.get("/by-hand")
        async def by_hand() -> ResponseReturnValue:
            verify_cognito_jwt()
            return {"user": str(current_user)}

        client = app.test_client()

        assert client.get("/by-hand", headers=bearer(pool.access_token("alice"))).get_json() == {"user": "alice"}
        assert client.get("/by-hand", headers=bearer(pool.access_token("locked"))).status_code == 403
        assert client.get("/by-hand").status_code == 401
        assert asked == ["alice", "locked"]


def test_a_method_of_a_subclass_can_be_one(make_app: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer) -> None:
    class Looking(CognitoAuth):
        async def get_user(self, payload: Claims) -> Any:
            await asyncio.sleep(0)
            return payload["username"]

    response = make_app(Looking).test_client().get("/required", headers=bearer(pool.access_token("alice")))

    assert response.get_json()["user"] == "alice"


def test_tasks_of_a_view_know_who_is_asking(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    @app.get("/tasks")
    @cognito_auth_required
    async def tasks() -> ResponseReturnValue:
        async def name() -> str:
            await asyncio.sleep(0)
            return str(current_cognito_jwt["username"])

        in_thread = copy_current_request_context(lambda: str(verify_cognito_jwt()["username"]))
        return list(await asyncio.gather(name(), name(), asyncio.to_thread(in_thread)))

    response = app.test_client().get("/tasks", headers=bearer(pool.access_token("alice")))

    assert response.get_json() == ["alice"] * 3


def test_it_can_be_called_by_hand_in_a_coroutine(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    @app.get("/by-hand")
    async def by_hand() -> str:
        return str(verify_cognito_jwt()["username"])

    assert app.test_client().get("/by-hand", headers=bearer(pool.access_token("alice"))).text == "alice"
