"""Cognito rotates a refresh token, and its answer is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from cognito_jwt_core.testing.behaviour import MISBEHAVIOURS, Behaviour
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito import CognitoAuth, MemorySessionStore, session_ended
from flask_cognito.state import app_state
from flask_cognito.testing import sign_in

from ..conftest import PASSWORD, cookies_in, refreshes

HOUR = 3600
LOST = {
    "before a byte": Behaviour(cut="silent"),
    "half-way, reset": MISBEHAVIOURS["reset"],
    "half-way, closed": MISBEHAVIOURS["closed-early"],
    "half-way, in good order": MISBEHAVIOURS["half-json"],
    "too late": Behaviour(delay_seconds=4.5),
}
TIMEOUT_SECONDS = 3.0


@pytest.fixture(params=["cookies", "store"])
def make_user(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], clock: ManualClock
) -> Callable[[LocalManagedLogin], FlaskClient]:
    """Signs alice in to an app that keeps its sessions in one place or the other."""
    kept = {} if request.param == "cookies" else {"COGNITO_SESSION_STORE": MemorySessionStore(clock=clock)}

    def make(login: LocalManagedLogin) -> FlaskClient:
        def be_impatient(app: Flask, auth: CognitoAuth) -> None:
            with app.app_context():
                app_state().verifier = CognitoVerifier(
                    login.user_pool,
                    client_id=login.client_id,
                    token_use="access",
                    clock=clock,
                    key_settings=KeySettings(timeout_seconds=TIMEOUT_SECONDS),
                )

        client = make_app(login, prepare=be_impatient, **kept).test_client()
        assert sign_in(client, "alice", PASSWORD, login).status_code == 303
        return client

    return make


@pytest.mark.parametrize("way", LOST)
def test_within_the_grace_the_same_token_is_sent_again(
    make_user: Callable[..., FlaskClient],
    make_login: Callable[..., LocalManagedLogin],
    clock: ManualClock,
    way: str,
) -> None:
    login = make_login(rotation=True, grace_seconds=60)
    user = make_user(login)
    clock.advance(HOUR)
    login.behave("token", LOST[way], times=1)

    lost = user.get("/reports")
    clock.advance(int(lost.headers["Retry-After"]))
    again = user.get("/reports")

    assert lost.status_code == 503
    assert again.status_code == 200
    assert again.get_json()["username"] == "alice"
    assert refreshes(login) == 2
    sent = [request.form["refresh_token"] for request in login.requests if "refresh_token" in request.form]
    assert sent[0] == sent[1]
    clock.advance(HOUR)
    assert user.get("/reports").status_code == 200


def test_while_the_old_access_token_serves_no_request_fails(
    make_user: Callable[..., FlaskClient], make_login: Callable[..., LocalManagedLogin], clock: ManualClock
) -> None:
    login = make_login(rotation=True, grace_seconds=60)
    user = make_user(login)
    old = user.get("/reports").get_json()["token"]
    clock.advance(HOUR - 60)
    login.behave("token", drop_answer=True, times=3)

    tokens = []
    for _ in range(10):  # the wait after each failure doubles: 1 s, 2 s, 4 s
        answer = user.get("/reports")
        assert answer.status_code == 200
        tokens.append(answer.get_json()["token"])
        clock.advance(1)

    assert tokens[0] == old
    assert tokens[-1] != old
    assert refreshes(login) == 4


def test_without_a_grace_the_session_ends_once_cognito_says_so(
    make_user: Callable[..., FlaskClient], make_login: Callable[..., LocalManagedLogin], clock: ManualClock
) -> None:
    """The answer that was lost had the only token that serves."""
    login = make_login(rotation=True)
    user = make_user(login)
    clock.advance(HOUR)
    login.behave("token", drop_answer=True, times=1)
    before = cookies_in(user)
    ended: list[str] = []

    def receive(sender: Flask, sub: str, code: str) -> None:
        ended.append(code)

    with session_ended.connected_to(receive, user.application):
        lost = user.get("/reports")
        clock.advance(1)
        answers: list[Any] = [user.get("/reports") for _ in range(3)]

    assert lost.status_code == 503  # an outage, as long as Cognito says nothing
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert ended == ["session_expired"]
    assert refreshes(login) == 2
    assert cookies_in(user) == before
