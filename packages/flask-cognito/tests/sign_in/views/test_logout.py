"""Logout ends the session here, then at Cognito, and stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cognito_jwt_core import KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask, session
from flask.testing import FlaskClient
from flask_cognito import CognitoAuth, CognitoSignIn, MemorySessionStore, cognito_auth_required, signed_out
from flask_cognito.testing import as_user, sign_in
from flask_cognito.testing.sign_in import NAVIGATION

from ..conftest import PASSWORD, cookies_in, header_of, revoked, signed_in, with_clock

MakeApp = Callable[..., Flask]
NAME = "__Host-Http-cognito_session"
SUBMIT = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}
FETCH = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def test_a_button_signs_out_here_and_at_cognito(user: FlaskClient, login: LocalManagedLogin) -> None:
    answer = user.post("/auth/logout", headers=SUBMIT)

    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}" == login.domain
    assert parse_qs(parts.query) == {"client_id": [login.client_id], "logout_uri": ["http://localhost/"]}
    assert len(revoked(login)) == 1
    assert {name for name in cookies_in(user) if name.startswith(NAME)} == {f"{NAME}_out"}
    assert user.get("/reports").status_code == 401


def test_a_program_is_told_where_to_go(user: FlaskClient, login: LocalManagedLogin) -> None:
    answer = user.post("/auth/logout", headers=FETCH)

    assert answer.status_code == 200
    assert answer.get_json()["location"].startswith(f"{login.domain}/logout?")
    assert user.post("/auth/logout").get_json()["location"].startswith(f"{login.domain}/logout?")


def test_an_old_browser_is_redirected(user: FlaskClient) -> None:
    assert user.post("/auth/logout", headers={"Accept": "text/html"}).status_code == 303


def test_get_shows_a_button_and_changes_nothing(user: FlaskClient) -> None:
    answer = user.get("/auth/logout", headers=NAVIGATION)

    assert answer.status_code == 200
    assert '<form method="post" action="/auth/logout">' in answer.text
    assert answer.headers["Referrer-Policy"] == "same-origin"  # so that the form has an Origin
    assert not answer.headers.getlist("Set-Cookie")
    assert user.get("/reports").status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.com"}])
@pytest.mark.parametrize("is_on", [True, False])
def test_another_site_signs_no_one_out(
    make_app: MakeApp, login: LocalManagedLogin, headers: dict[str, str], is_on: bool
) -> None:
    user = make_app(COGNITO_CSRF_PROTECTION=is_on).test_client()
    sign_in(user, "alice", PASSWORD, login)

    answer = user.post("/auth/logout", headers=headers)

    assert answer.status_code == 403
    assert answer.get_json()["code"] == "cross_site_request"
    assert user.get("/reports").status_code == 200


def test_a_logout_twice_is_a_logout(user: FlaskClient, login: LocalManagedLogin) -> None:
    user.post("/auth/logout", headers=SUBMIT)

    assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
    assert len(revoked(login)) == 1


def test_a_failed_revocation_is_logged(
    user: FlaskClient, login: LocalManagedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    login.behave("revoke", status=500)

    assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
    assert user.get("/reports").status_code == 401
    assert any(record.name == "flask_cognito.sign_in" for record in caplog.records)


def test_without_a_logout_uri_the_user_goes_home(make_app: MakeApp, login: LocalManagedLogin) -> None:
    user = make_app(COGNITO_LOGOUT_URI=None).test_client()
    sign_in(user, "alice", PASSWORD, login)

    assert user.post("/auth/logout", headers=SUBMIT).headers["Location"] == "/"


def test_without_discovery_the_user_goes_to_the_logout_uri(make_app: MakeApp, login: LocalManagedLogin) -> None:
    user = make_app(COGNITO_DOMAIN=None).test_client()
    login.behave("discovery", status=500)

    assert user.post("/auth/logout", headers=SUBMIT).headers["Location"] == "http://localhost/"


def test_a_logout_does_not_wait_until_discovery_fails(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Cognito has 3 seconds for the whole logout, even if a fetch may take 60."""
    shared = MemorySessionStore(clock=clock)

    def be_patient(app: Flask, auth: CognitoAuth) -> None:
        with_clock(app, login, clock, key_settings=KeySettings(timeout_seconds=60))

    user = signed_in(make_app(COGNITO_SESSION_STORE=shared), login)
    restarted = make_app(COGNITO_SESSION_STORE=shared, COGNITO_DOMAIN=None, prepare=be_patient)
    login.behave("discovery", hold=True)

    try:
        client = restarted.test_client(use_cookies=False)
        answer = client.post("/auth/logout", headers={**SUBMIT, "Cookie": header_of(user)})
        failures = [record for record in caplog.records if record.name == "cognito_jwt_core.oauth"]
    finally:
        login.release()

    assert answer.headers["Location"] == "http://localhost/"
    assert failures == []  # the fetch still runs
    assert user.get("/reports").status_code == 401


def test_after_a_logout_no_navigation_signs_in_by_itself(user: FlaskClient, login: LocalManagedLogin) -> None:
    user.post("/auth/logout", headers=SUBMIT)

    page = user.get("/reports", headers=NAVIGATION)

    assert page.status_code == 401
    link = page.text.partition('href="')[2].partition('"')[0]
    assert link == "/auth/login?next=/reports"
    begun = user.get(link, headers=NAVIGATION)
    assert parse_qs(urlsplit(begun.headers["Location"]).query)["prompt"] == ["login"]
    assert sign_in(user, "alice", PASSWORD, login).status_code == 303
    assert f"{NAME}_out" not in cookies_in(user)


def test_a_logout_clears_flasks_session_of_the_user(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()

    @app.route("/cart", methods=["GET", "POST"])
    def cart() -> Any:
        session["cart"] = session.get("cart", 0) + 1
        return {"cart": session["cart"]}

    user = app.test_client()
    user.get("/cart")
    assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
    assert user.get("/cart").json == {"cart": 2}

    sign_in(user, "alice", PASSWORD, login)
    user.post("/auth/logout", headers=SUBMIT)

    assert user.get("/cart").json == {"cart": 1}


def test_a_view_can_sign_out(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()

    @app.route("/bye", methods=["POST"])
    @cognito_auth_required
    def bye() -> Any:
        extension: CognitoSignIn = app.extensions["cognito_sign_in"]
        return extension.logout()

    user = app.test_client()
    sign_in(user, "alice", PASSWORD, login)

    assert user.post("/bye").status_code == 303
    assert user.get("/reports").status_code == 401


def test_a_session_without_a_refresh_token_is_revoked_nowhere(app: Flask, login: LocalManagedLogin) -> None:
    client = app.test_client()
    as_user(client, "alice", pool=login.pool)

    assert client.post("/auth/logout", headers=SUBMIT).status_code == 303
    assert len(revoked(login)) == 0


def test_a_logout_is_signalled(app: Flask, user: FlaskClient) -> None:
    heard: list[Any] = []

    def receive(sender: Flask, sub: str) -> None:
        heard.append((sender, sub))

    with signed_out.connected_to(receive, app):
        user.post("/auth/logout", headers=SUBMIT)
        user.post("/auth/logout", headers=SUBMIT)

    assert [sender for sender, _ in heard] == [app]
    assert isinstance(heard[0][1], str)
