"""All cookies of sign-in go through gunicorn with its default limits, which refuse a header above 8,190 bytes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cognito_jwt_core.testing import LocalManagedLogin
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito.sign_in.cookies.rules import (
    MAX_HEADER_BYTES,
    MAX_SESSION_BYTES,
    CookieRules,
    size_of,
)
from flask_cognito.sign_in.login.login_cookie import MAX_LOGINS_BYTES
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION, callback_of

from .conftest import PASSWORD, cookies_in

pytestmark = pytest.mark.slow

GUNICORN_BYTES = 8190
RULES = CookieRules(name="__Host-Http-cognito_session")
MODULE = """
import json, os
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, cognito_auth_required, current_cognito_jwt

app = Flask("app")
app.config.update(json.loads(os.environ["APP_CONFIG"]))
CognitoAuth(app)
CognitoSignIn(app)

@app.route("/reports")
@cognito_auth_required
def reports():
    return {"username": current_cognito_jwt["username"]}
"""


@contextmanager
def gunicorn(app: Flask, folder: Path) -> Iterator[Callable[..., requests.Response]]:
    """Run an app with this one's configuration. Yields a function that sends a request with a `Cookie` header."""
    (folder / "served_app.py").write_text(MODULE)
    config = {key: value for key, value in app.config.items() if key.startswith("COGNITO_") or key == "SECRET_KEY"}
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "20", "served_app:app"]
    environ = {**os.environ, "APP_CONFIG": json.dumps(config)}
    with subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stderr is not None
            found = (re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line) for line in process.stderr)
            url = next(filter(None, found))[1]

            def ask(path: str, cookie: str = "") -> requests.Response:
                headers = {**NAVIGATION, "Host": "localhost", "Cookie": cookie}
                return requests.get(url + path, headers=headers, timeout=20, allow_redirects=False)

            yield ask
        finally:
            process.terminate()


def header_of(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def ours_of(client: FlaskClient) -> dict[str, str]:
    return {name: value for name, value in cookies_in(client).items() if name.startswith(RULES.name)}


def session_bytes(cookies: dict[str, str]) -> int:
    return size_of({name: cookies[name] for name in RULES.session_names(cookies)})


def signed_in(make_login: Callable[..., LocalManagedLogin], make_app: Callable[..., Flask], limit: int) -> FlaskClient:
    """Return a client with the largest session within a limit: its user is in a group with a long name.

    It has begun other logins before.
    """
    best: FlaskClient | None = None
    low, high = 0, 2048
    while low < high:
        length = (low + high + 1) // 2
        login = make_login(groups={"alice": ["g" * length]})
        client = make_app(login).test_client()
        for _ in range(3):
            client.get("/auth/login", headers=NAVIGATION)
        answer = sign_in(client, "alice", PASSWORD, login)
        if answer.status_code == 303 and session_bytes(cookies_in(client)) <= limit:
            low, best = length, client
        else:
            high = length - 1
    assert best is not None
    return best


@pytest.mark.parametrize(
    ("limit", "count"),
    [(MAX_SESSION_BYTES, 1), (5100, 3)],
    ids=["largest-session", "most-logins"],
)
def test_the_largest_session_and_all_its_logins_are_answered(
    make_login: Callable[..., LocalManagedLogin],
    make_app: Callable[..., Flask],
    tmp_path: Path,
    limit: int,
    count: int,
) -> None:
    client = signed_in(make_login, make_app, limit)
    after_sign_in = size_of(ours_of(client))
    for _ in range(8):
        client.get("/auth/login?next=/reports", headers=NAVIGATION)
    cookies, ours = cookies_in(client), ours_of(client)
    logins = [name for name in ours if name.startswith(RULES.login_prefix)]
    header = header_of(cookies)

    with gunicorn(client.application, tmp_path) as ask:
        answer = ask("/reports", header)
        refused = ask("/reports", header + "; own=" + "x" * (GUNICORN_BYTES - len(header)))

    assert limit - 16 < session_bytes(cookies) <= limit
    assert len(logins) == count
    assert max(after_sign_in, size_of(ours)) <= MAX_HEADER_BYTES
    assert (answer.status_code, answer.json()) == (200, {"username": "alice"})
    assert refused.status_code >= 400  # so the limit is there


def test_many_tabs_at_once_lock_no_user_out(login: LocalManagedLogin, app: Flask, tmp_path: Path) -> None:
    """A browser that restores its tabs sends all requests for a login before it has the first cookie."""
    cookies: dict[str, str] = {}
    begun: dict[str, str] = {}

    with gunicorn(app, tmp_path) as ask:
        with ThreadPoolExecutor(20) as tabs:
            answers = list(tabs.map(lambda number: ask(f"/auth/login?next=/reports?tab={number}"), range(20)))
        for answer in answers:
            name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
            cookies[name], begun[name] = value, answer.headers["Location"]
        done: list[Any] = []
        for location in begun.values():
            callback = urlsplit(callback_of(location, "alice", PASSWORD))
            done.append(ask(f"{callback.path}?{callback.query}", header_of(cookies)))

    assert [answer.status_code for answer in done] == [303] * len(begun)
    assert all(answer.headers["Location"].startswith("/reports?tab=") for answer in done)
    assert len(begun) == 3
    assert size_of(cookies) <= MAX_LOGINS_BYTES
