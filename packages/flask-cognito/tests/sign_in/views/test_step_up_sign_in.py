"""A route that asks for a newer or a stronger sign-in than that of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask_restx  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core.testing import ABSENT, LocalManagedLogin, LocalUserPool, ManualClock
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    MemorySessionStore,
    cognito_group_permissions,
    cognito_step_up,
    current_cognito_jwt,
    sign_in_failed,
)
from flask_cognito.testing import as_user, sign_in
from flask_cognito.testing.sign_in import NAVIGATION, callback_of
from werkzeug.test import TestResponse

from ..conftest import PASSWORD, cookies_in, revoked

MakeApp = Callable[..., Flask]

HOUR = 3600
TOTP, PASSKEY = "urn:cognito:loa:4", "urn:cognito:loa:3"
OF_A_PROGRAM = {"Accept": "application/json"}
OF_A_SCRIPT = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def add_transfer(app: Flask) -> None:
    def transfer() -> str:
        return str(current_cognito_jwt["username"])

    app.add_url_rule("/transfer", "transfer", cognito_step_up(max_age=300)(transfer), methods=["GET", "POST"])
    app.add_url_rule("/now", "now", cognito_step_up(max_age=0)(transfer))
    app.add_url_rule("/both", "both", cognito_group_permissions("board")(cognito_step_up(300)(transfer)))
    app.add_url_rule("/wire", "wire", cognito_step_up(acr_values=[TOTP, PASSKEY])(transfer))


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    app = make_app()
    add_transfer(app)
    return app


@pytest.fixture
def old(user: FlaskClient, clock: ManualClock) -> FlaskClient:
    """A client whose user signed in half an hour ago."""
    clock.advance(HOUR / 2)
    return user


@pytest.fixture
def failures(app: Flask) -> Iterator[list[str]]:
    codes: list[str] = []

    def note(sender: Flask, error: Any) -> None:
        codes.append(error.code)

    with sign_in_failed.connected_to(note, app):
        yield codes


def begin(client: FlaskClient, path: str = "/transfer") -> tuple[str, dict[str, list[str]]]:
    """Go to a page, be sent to sign in, and return where Cognito is asked, and what for."""
    refused = client.get(path, headers=NAVIGATION)
    assert refused.status_code == 302
    assert not refused.headers.getlist("Set-Cookie")
    begun = client.get(refused.headers["Location"], headers=NAVIGATION)
    assert begun.status_code == 302
    return begun.headers["Location"], parse_qs(urlsplit(begun.headers["Location"]).query)


def finish(client: FlaskClient, url: str, username: str = "alice") -> TestResponse:
    return client.get(callback_of(url, username, PASSWORD), headers=NAVIGATION)


def code_of(answer: TestResponse) -> str:
    return answer.text.partition("<code>")[2].partition("</code>")[0]


def test_browser_is_sent_to_sign_in_again_and_comes_back(old: FlaskClient) -> None:
    url, asked = begin(old, "/transfer?to=bob")
    assert asked["prompt"] == ["login"]
    assert asked["max_age"] == ["300"]
    assert "acr_values" not in asked

    answer = finish(old, url)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/transfer?to=bob")
    assert old.get("/transfer", headers=NAVIGATION).text == "alice"


def test_recent_session_passes(user: FlaskClient) -> None:
    assert user.get("/transfer", headers=NAVIGATION).status_code == 200


def test_refresh_does_not_make_a_sign_in_newer(old: FlaskClient, clock: ManualClock) -> None:
    clock.advance(HOUR / 2 - 30)  # the access token is about to expire

    assert old.get("/reports").status_code == 200
    assert old.get("/transfer", headers=OF_A_PROGRAM).get_json()["code"] == "insufficient_authentication"


def test_form_comes_back_to_its_page(old: FlaskClient) -> None:
    headers = {**NAVIGATION, "Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/form?a=1"}

    answer = old.post("/transfer", headers=headers)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == ["/form?a=1"]


def test_program_is_told_where_its_user_can_sign_in(old: FlaskClient) -> None:
    answer = old.get("/transfer", headers={**OF_A_PROGRAM, "Referer": "http://localhost/page"})
    assert answer.status_code == 401
    body = answer.get_json()
    assert (body["error"], body["code"]) == ("Not Authorized", "insufficient_authentication")
    assert 'error="insufficient_user_authentication", max_age="300"' in answer.headers["WWW-Authenticate"]

    begun = old.get(body["login"], headers=NAVIGATION)
    asked = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["300"])
    answer = finish(old, begun.headers["Location"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page")


def test_script_of_a_page_gets_no_challenge(old: FlaskClient) -> None:
    answer = old.get("/transfer", headers=OF_A_SCRIPT)

    assert answer.status_code == 401
    assert "WWW-Authenticate" not in answer.headers
    assert answer.get_json()["login"].startswith("/auth/login?demand=")


def test_demand_for_a_script_lives_ten_minutes(old: FlaskClient, clock: ManualClock) -> None:
    path = old.get("/transfer", headers=OF_A_SCRIPT).get_json()["login"]

    clock.advance(600)
    begun = old.get(path, headers=NAVIGATION)
    assert "prompt" not in parse_qs(urlsplit(begun.headers["Location"]).query)


def test_app_that_redirects_nobody_answers_browsers_as_programs(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
) -> None:
    app = make_app(COGNITO_UNAUTHENTICATED="401")
    add_transfer(app)
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    clock.advance(HOUR / 2)

    answer = client.get("/transfer", headers=NAVIGATION)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "insufficient_authentication")
    assert answer.get_json()["login"].startswith("/auth/login?demand=")


def test_token_from_elsewhere_gets_the_plain_answer(
    old: FlaskClient, login: LocalManagedLogin, pool: LocalUserPool
) -> None:
    token = pool.access_token("alice", auth_time=ABSENT, iss=login.user_pool.issuer)
    headers = {"Authorization": f"Bearer {token}", **NAVIGATION}

    answer = old.get("/transfer", headers=headers)
    assert answer.status_code == 401
    assert "login" not in answer.get_json()


def test_refusal_that_no_sign_in_changes_is_the_usual_page(old: FlaskClient) -> None:
    assert old.get("/both", headers=NAVIGATION).status_code == 403


class TestCallback:
    def test_another_user_is_refused_and_the_old_session_stays(
        self, old: FlaskClient, login: LocalManagedLogin, failures: list[str]
    ) -> None:
        url, _ = begin(old)
        before = {name: value for name, value in cookies_in(old).items() if "login" not in name}

        answer = finish(old, url, "bob")
        assert (answer.status_code, code_of(answer)) == (403, "step_up_failed")
        assert "Location" not in answer.headers
        assert failures == ["step_up_failed"]
        assert before.items() <= cookies_in(old).items()
        assert old.get("/reports").get_json()["username"] == "alice"
        assert revoked(login)

    @pytest.mark.parametrize(("seconds", "status"), [(61, 403), (58, 303)])
    def test_sign_in_of_before_is_refused(
        self, old: FlaskClient, clock: ManualClock, seconds: int, status: int
    ) -> None:
        """Cognito ignores `prompt`, and its own session answers. Clocks may differ by a minute."""
        url, _ = begin(old)
        clock.set_time(clock.time() - seconds)
        callback = callback_of(url, "alice", PASSWORD)
        clock.set_time(clock.time() + seconds)

        answer = old.get(callback, headers=NAVIGATION)
        assert answer.status_code == status
        assert code_of(answer) == ("step_up_failed" if status == 403 else "")

    def test_second_attempt_keeps_the_demand(self, old: FlaskClient) -> None:
        url, _ = begin(old, "/wire")
        answer = finish(old, url)
        assert (answer.status_code, code_of(answer)) == (403, "step_up_failed")

        link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        begun = old.get(link, headers=NAVIGATION)
        asked = parse_qs(urlsplit(begun.headers["Location"]).query)
        assert (asked["acr_values"], asked["prompt"]) == ([f"{TOTP} {PASSKEY}"], ["login"])

    def test_cancelled_login_keeps_the_session(self, old: FlaskClient) -> None:
        _, asked = begin(old)
        query = {"error": "access_denied", "state": asked["state"][0]}

        answer = old.get("/auth/callback", query_string=query, headers=NAVIGATION)
        assert (answer.status_code, code_of(answer)) == (403, "sign_in_denied")
        assert old.get("/reports").get_json()["username"] == "alice"

    def test_age_that_no_sign_in_can_have_is_no_endless_loop(self, old: FlaskClient, clock: ManualClock) -> None:
        url, _ = begin(old, "/now")
        callback = callback_of(url, "alice", PASSWORD)
        clock.advance(2)

        answer = old.get(callback, headers=NAVIGATION)
        assert (answer.status_code, code_of(answer)) == (403, "step_up_failed")


class TestLevels:
    @pytest.fixture
    def levels(self) -> dict[str, Any]:
        """The claims of Carol's sign-ins."""
        return {"acr": "urn:cognito:loa:1", "amr": ["pwd"]}

    @pytest.fixture
    def login(self, make_login: Callable[..., LocalManagedLogin], levels: dict[str, Any]) -> LocalManagedLogin:
        return make_login(authenticate=lambda username, password: levels if username == "carol" else None)

    def test_stronger_sign_in_passes(
        self, app: Flask, client: FlaskClient, login: LocalManagedLogin, levels: dict[str, Any]
    ) -> None:
        sign_in(client, "carol", PASSWORD, login)
        url, asked = begin(client, "/wire")
        assert (asked["acr_values"], asked["prompt"]) == ([f"{TOTP} {PASSKEY}"], ["login"])
        assert "max_age" not in asked

        levels.update(acr=PASSKEY, amr=["pwd", "sms", "mfa"])
        assert finish(client, url, "carol").status_code == 303
        assert client.get("/wire", headers=NAVIGATION).text == "carol"

    def test_level_that_is_not_met_is_refused(self, app: Flask, client: FlaskClient, login: LocalManagedLogin) -> None:
        sign_in(client, "carol", PASSWORD, login)
        url, _ = begin(client, "/wire")

        answer = finish(client, url, "carol")
        assert (answer.status_code, code_of(answer)) == (403, "step_up_failed")


def test_client_of_the_testing_kit_is_sent_to_sign_in(
    app: Flask, login: LocalManagedLogin, pool: LocalUserPool
) -> None:
    client = app.test_client()
    with as_user(client, "alice", pool=pool, auth_time=ABSENT, iss=login.user_pool.issuer):
        assert client.get("/transfer", headers=NAVIGATION).status_code == 302


def test_session_in_a_store_steps_up(make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock) -> None:
    app = make_app(COGNITO_SESSION_STORE=MemorySessionStore(clock=clock))
    add_transfer(app)
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    clock.advance(HOUR / 2)

    url, _ = begin(client)
    assert finish(client, url, "bob").status_code == 403
    assert client.get("/reports").get_json()["username"] == "alice"
    url, _ = begin(client)
    assert finish(client, url).status_code == 303
    assert client.get("/transfer", headers=NAVIGATION).text == "alice"


def test_strict_session_steps_up(make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock) -> None:
    app = make_app(COGNITO_SESSION_COOKIE_SAMESITE="Strict")
    add_transfer(app)
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    clock.advance(HOUR / 2)

    url, _ = begin(client)
    answer = finish(client, url)
    assert answer.status_code == 200  # a redirect would not carry strict cookies
    assert "url=/transfer" in answer.text
    assert client.get("/transfer", headers=NAVIGATION).text == "alice"


def test_resource_of_flask_restx_steps_up(make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock) -> None:
    app = make_app()
    api = flask_restx.Api(app, doc=False)

    @api.route("/pay")
    class Pay(flask_restx.Resource):  # type: ignore[misc]
        @cognito_step_up(max_age=300)
        def get(self) -> dict[str, str]:
            return {"paid": "yes"}

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    clock.advance(HOUR / 2)

    body = client.get("/pay", headers=OF_A_PROGRAM).get_json()
    assert (body["code"], body["login"][:19]) == ("insufficient_authentication", "/auth/login?demand=")
    url, _ = begin(client, "/pay")
    assert finish(client, url).status_code == 303
    assert client.get("/pay", headers=NAVIGATION).get_json() == {"paid": "yes"}


def test_own_error_handler_has_the_path(make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock) -> None:
    def prepare(app: Flask, auth: CognitoAuth) -> None:
        @auth.error_handler
        def shaped(error: CognitoAuthError) -> Any:
            return {"title": error.error, **error.data}, error.status_code

    app = make_app(prepare=prepare)
    add_transfer(app)
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    clock.advance(HOUR / 2)

    answer = client.get("/transfer", headers=OF_A_PROGRAM)
    assert answer.get_json()["title"] == "Not Authorized"
    assert answer.get_json()["login"].startswith("/auth/login?demand=")
    assert 'error="insufficient_user_authentication"' in answer.headers["WWW-Authenticate"]
    assert client.get("/transfer", headers=NAVIGATION).status_code == 302
