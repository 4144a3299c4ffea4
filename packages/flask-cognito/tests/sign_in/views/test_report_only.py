"""Sessions are never report-only."""

from collections.abc import Callable
from typing import Any

from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito import (
    MemorySessionStore,
    Record,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
)

from ..conftest import signed_in

JSON = {"Accept": "application/json"}


class FailingStore(MemorySessionStore):
    """A store that can be switched off."""

    is_down = False

    def load(self, key: str) -> Record | None:
        if self.is_down:
            raise OSError("down")
        return super().load(key)


@cognito_group_permissions("a-group-of-no-user")
def guarded_by_a_group() -> dict[str, str]:
    return {}


@cognito_auth_required(token_use="id")
def guarded_by_token_use() -> dict[str, str]:
    return {}


@cognito_auth_required
def reads_claims() -> dict[str, str]:
    return {"sub": current_cognito_jwt.sub}


def get(client: FlaskClient, url: str) -> tuple[int, Any]:
    answer = client.get(url, headers=JSON)
    return answer.status_code, answer.get_json()


def test_demand_that_the_token_of_a_session_fails_is_enforced(
    make_app: Callable[..., Flask], login: LocalManagedLogin
) -> None:
    app = make_app(COGNITO_REPORT_ONLY=True)

    @app.extensions["cognito_auth"].error_handler  # type: ignore[untyped-decorator]
    def shape(error: Any) -> Any:
        return {"code": error.error_code}, error.status_code

    app.add_url_rule("/nobodys-group", "nobodys-group", guarded_by_a_group)
    client = signed_in(app, login)

    assert get(client, "/nobodys-group") == (403, {"code": "group_required"})
    with app.app_context():
        assert app.extensions["cognito_auth"].reported == {}


def test_session_that_cannot_be_refreshed_or_found_is_refused(
    make_app: Callable[..., Flask], login: LocalManagedLogin, clock: ManualClock
) -> None:
    store = FailingStore()
    app = make_app(COGNITO_REPORT_ONLY=True, COGNITO_SESSION_STORE=store)
    client = signed_in(app, login)
    login.behave("token", status=500)
    clock.advance(3601)
    refused = get(client, "/reports")[0]
    store.is_down = True
    down = get(client, "/reports")[0]

    assert (refused, down) == (503, 503)


def test_token_of_a_session_that_the_app_refuses_is_refused(
    make_app: Callable[..., Flask], login: LocalManagedLogin
) -> None:
    app = make_app(COGNITO_REPORT_ONLY=True)
    app.add_url_rule("/id", "id", guarded_by_token_use)
    client = signed_in(app, login)

    assert get(client, "/id")[0] == 401


def test_program_without_a_session_goes_on(make_app: Callable[..., Flask]) -> None:
    app = make_app(COGNITO_REPORT_ONLY=True)

    assert get(app.test_client(), "/reports") == (200, {"username": None, "token": None, "session": False})


def test_view_that_needs_a_user_sends_a_browser_to_sign_in(make_app: Callable[..., Flask]) -> None:
    app = make_app(COGNITO_REPORT_ONLY=True)
    app.add_url_rule("/mine", "mine", reads_claims)
    client = app.test_client()

    browser = client.get("/mine", headers={"Accept": "text/html"})
    program = client.get("/mine", headers=JSON)

    assert (browser.status_code, browser.headers["Location"]) == (302, "/auth/login?next=/mine")
    assert (program.status_code, program.get_json()["code"]) == (401, "authorization_required")
