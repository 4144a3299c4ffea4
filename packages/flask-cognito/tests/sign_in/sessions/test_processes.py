"""One session in several processes, with a real Redis server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from cognito_jwt_core import KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn
from flask_cognito.testing import sign_in

from ..conftest import PASSWORD, add_pages, header_of, token_requests

PROCESSES, THREADS = 4, 12

# Each process asks many times at once, as soon as the file appears.
ASK = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from cognito_jwt_core import KeySettings
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, cognito_auth_required, current_cognito_jwt, current_session

config, cookie, start, threads = json.loads(sys.argv[1])
app = Flask("app")
app.config.update(config, COGNITO_KEY_SETTINGS=KeySettings(timeout_seconds=20))  # a busy machine is not what fails here
CognitoAuth(app)
CognitoSignIn(app)

@app.route("/reports")
@cognito_auth_required
def reports():
    return {"username": current_cognito_jwt["username"], "token": current_session.access_token}

def ask(number):
    answer = app.test_client(use_cookies=False).get("/reports", headers={"Cookie": cookie})
    return [answer.status_code, (answer.json or {}).get("username"), (answer.json or {}).get("token")]

print("ready", flush=True)
while not Path(start).exists():
    time.sleep(0.005)
with ThreadPoolExecutor(threads) as pool:
    print(json.dumps(list(pool.map(ask, range(threads)))), flush=True)
"""


@pytest.fixture
def pool() -> LocalUserPool:
    """A pool in real time, which other processes share."""
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


@pytest.fixture
def login(make_login: Callable[..., LocalManagedLogin]) -> LocalManagedLogin:
    return make_login(rotation=True, grace_seconds=0, access_seconds=8)


@pytest.fixture
def make_config(redis_url: str) -> Callable[[LocalManagedLogin], dict[str, str | None]]:
    def make(login: LocalManagedLogin) -> dict[str, str | None]:
        return {
            "SECRET_KEY": "k" * 32,
            "COGNITO_REGION": login.pool.region or "",
            "COGNITO_USERPOOL_ID": login.pool.id,
            "COGNITO_APP_CLIENT_ID": login.client_id,
            "COGNITO_TOKEN_USE": "access",
            "COGNITO_ISSUER": login.user_pool.issuer or "",
            "COGNITO_DOMAIN": login.domain,
            "COGNITO_SESSION_STORE": redis_url,
        }

    return make


@pytest.fixture
def config(
    login: LocalManagedLogin, make_config: Callable[[LocalManagedLogin], dict[str, str | None]]
) -> dict[str, str | None]:
    return make_config(login)


@pytest.mark.slow
def test_many_processes_refresh_once(
    login: LocalManagedLogin, config: dict[str, str | None], redis_url: str, tmp_path: Path
) -> None:
    """With rotation and no grace, a second request to Cognito would sign the user out."""
    app = Flask("app")
    app.config.update(config)
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    before = client.get("/reports").get_json()["token"]
    expired_at = time.monotonic() + 8.5
    start = tmp_path / "start"
    argument = json.dumps([config, header_of(client), str(start), THREADS])
    processes = [
        subprocess.Popen([sys.executable, "-c", ASK, argument], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        time.sleep(max(0.0, expired_at - time.monotonic()))  # other processes share no clock that a test could move
        login.behave("token", delay=0.3)
        start.touch()
        answers = [answer for process in processes for answer in json.loads(process.communicate(timeout=60)[0])]
    finally:
        for process in processes:
            process.kill()
            process.wait()

    assert Counter((status, username) for status, username, _ in answers) == {(200, "alice"): PROCESSES * THREADS}
    assert {token for _, _, token in answers} - {before} == {answers[0][2]}
    assert token_requests(login) == 2
    assert not locks(redis_url)


# Asks once, with a deadline that leaves time to be killed.
ASK_ONCE = """
import json, sys
from cognito_jwt_core import KeySettings
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, cognito_auth_required

config, cookie, timeout_seconds = json.loads(sys.argv[1])
app = Flask("app")
app.config.update(config, COGNITO_KEY_SETTINGS=KeySettings(timeout_seconds=timeout_seconds))
CognitoAuth(app)
CognitoSignIn(app)
app.add_url_rule("/reports", view_func=cognito_auth_required(lambda: ""))
app.test_client(use_cookies=False).get("/reports", headers={"Cookie": cookie})
"""
TIMEOUT_SECONDS = 3.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("killed_while_it_asks_for", "grace_seconds", "refreshes"),
    [
        ("jwks", 0, 1),  # before the refresh token was sent: without any grace, one request must do
        ("token", 60, 2),  # after it was rotated: the answer died with the process
    ],
)
def test_another_process_goes_on_after_the_lock_of_one_that_was_killed(
    make_login: Callable[..., LocalManagedLogin],
    make_config: Callable[[LocalManagedLogin], dict[str, str | None]],
    redis_url: str,
    killed_while_it_asks_for: str,
    grace_seconds: float,
    refreshes: int,
) -> None:
    login = make_login(rotation=True, grace_seconds=grace_seconds, access_seconds=2)
    config = make_config(login)
    app = Flask("app")
    app.config.update(config, COGNITO_KEY_SETTINGS=KeySettings(timeout_seconds=TIMEOUT_SECONDS))
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    time.sleep(2.5)  # other processes share no clock that a test could move
    login.behave(killed_while_it_asks_for, hold=True, times=1)
    asked = len(login.requests)
    argument = json.dumps([config, header_of(client), TIMEOUT_SECONDS])
    holder = subprocess.Popen([sys.executable, "-c", ASK_ONCE, argument])  # noqa: S603
    try:
        login.wait_for_requests(asked + (2 if killed_while_it_asks_for == "token" else 1), timeout_seconds=30)
    finally:
        holder.kill()
        holder.wait()
    assert len(locks(redis_url)) == 1
    login.release()

    answers = [client.get("/reports")]
    while answers[-1].status_code == 503 and len(answers) < 30:
        time.sleep(0.5)
        answers.append(client.get("/reports"))

    assert {answer.status_code for answer in answers[:-1]} <= {503}
    assert answers[-1].status_code == 200
    assert answers[-1].get_json()["username"] == "alice"
    assert token_requests(login) == 1 + refreshes
    assert not locks(redis_url)


def locks(redis_url: str) -> list[bytes]:
    return [key for key in redis.Redis.from_url(redis_url).scan_iter() if b"lock" in key]
