"""Structured logs."""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from flask_cognito.testing import sign_in
from todo_api import create_app
from todo_api.demo import access_seconds, show_refreshes
from todo_api.logs import JsonFormatter, session_log


def written(record: logging.LogRecord) -> str:
    return JsonFormatter().format(record)


def test_a_record_is_one_line_of_json() -> None:
    record = logging.LogRecord("todo_api", logging.INFO, "app.py", 1, "two\n%s", ("lines",), None)
    vars(record)["fields"] = {"status": 200}

    line = written(record)

    assert "\n" not in line
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "todo_api",
        "message": "two\nlines",
        "status": 200,
    }


def test_an_exception_is_in_the_same_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.LogRecord("todo_api", logging.ERROR, "app.py", 1, "failed", (), sys.exc_info())

    line = written(record)

    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: broken")


def test_a_refresh_of_a_session_is_a_line_without_a_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "todo_api")
    # Cognito's clock makes each access token one that ends in 10 s, so that the next request refreshes it.
    pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456", clock=ManualClock(time.time() - 3590))
    login = LocalManagedLogin(
        pool, users={"bob": "Bob-has-1-password"}, callback_urls=["http://localhost/auth/callback"]
    )
    with login.serve() as domain:
        app = create_app(
            {
                "COGNITO_REGION": "eu-central-1",
                "COGNITO_USERPOOL_ID": pool.id,
                "COGNITO_APP_CLIENT_ID": pool.client_id,
                "COGNITO_ISSUER": str(login.user_pool.issuer),
                "COGNITO_DOMAIN": domain,
                "SECRET_KEY": "k" * 32,
                "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db",
            }
        )
        client = app.test_client()
        sign_in(client, "bob", "Bob-has-1-password", login)
        assert not [record for record in caplog.records if record.name == "todo_api.sessions"]

        answer: Any = client.get("/api/me")

    (record,) = (record for record in caplog.records if record.name == "todo_api.sessions")
    line = json.loads(written(record))
    assert (line["message"], line["level"]) == ("session refreshed", "INFO")
    assert (line["sub"], line["request_id"]) == (answer.json["sub"], answer.headers["X-Request-ID"])
    assert line["access_token_expires_at"] == answer.json["expires_at"].replace("Z", "+00:00")
    assert "eyJ" not in written(record)


def test_the_demo_prints_the_refreshes_and_no_other_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    level = session_log.level
    show_refreshes()
    try:
        session_log.info("session refreshed")
        logging.getLogger("todo_api.access").info("request")
    finally:
        session_log.handlers.clear()
        session_log.setLevel(level)

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message"] == "session refreshed"


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 20), (30, 600), (180, 3600), (720, 3600)])
def test_a_short_session_of_the_demo_has_tokens_that_are_refreshed_within_it(minutes: int, seconds: float) -> None:
    assert access_seconds(minutes) == seconds
