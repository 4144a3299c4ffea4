"""`flask cognito check` finds what would stop a sign-in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cognito_jwt_core import RevocationList
from cognito_jwt_core.testing import LocalManagedLogin
from flask import Flask
from flask_cognito import MemorySessionStore

MakeApp = Callable[..., Flask]
CALLBACK = "http://localhost/auth/callback"


def check(app: Flask) -> tuple[int, dict[str, list[str]]]:
    result = app.test_cli_runner().invoke(args=["cognito", "check"])
    found: dict[str, list[str]] = {}
    for line in result.output.splitlines():
        found.setdefault(line[:18].strip(), []).append(line[18:])
    return result.exit_code, found


def test_a_good_set_up_passes(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app(COGNITO_REDIRECT_URI=CALLBACK, COGNITO_SESSION_STORE=MemorySessionStore())

    code, found = check(app)

    assert code == 0
    assert found["sign-in client"] == [f"{login.client_id} (public)"]
    assert found["callback URL"] == [CALLBACK]
    assert found["session store"] == ["works, and so does its lock"]
    assert "knows" in found["managed login"][0]
    assert "warning" not in found


def test_managed_login_is_asked_for_the_resource(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app(COGNITO_RESOURCE="https://api.example", COGNITO_REDIRECT_URI="http://localhost/auth/callback")

    assert check(app)[0] == 0
    (asked,) = (request for request in login.requests if request.route == "/oauth2/authorize")
    assert asked.query["resource"] == "https://api.example"


def test_what_is_weak_is_a_warning(make_app: MakeApp) -> None:
    def shorten(app: Flask, auth: Any) -> None:
        app.secret_key = "k" * 16

    code, found = check(
        make_app(
            prepare=shorten, COGNITO_REDIRECT_URI=CALLBACK, COGNITO_LOGOUT_URI=None, COGNITO_CLIENT_SECRET="secret"
        )
    )

    assert code == 0
    text = "\n".join(found["warning"])
    for key in ("SECRET_KEY", "COGNITO_LOGOUT_URI", "COGNITO_SESSION_STORE"):
        assert key in text
    assert found["sign-in client"][0].endswith("(confidential)")


def test_secret_key_of_the_documentation_is_a_warning(make_app: MakeApp) -> None:
    def paste(app: Flask, auth: Any) -> None:
        app.secret_key = "use secrets.token_hex(32), and keep it secret"

    _, found = check(make_app(prepare=paste, COGNITO_SESSION_STORE=MemorySessionStore()))

    (warning,) = found["warning"]
    assert warning.startswith("SECRET_KEY is the example")


@pytest.mark.parametrize(
    ("config", "behaviour", "told"),
    [
        ({"COGNITO_REDIRECT_URI": "http://localhost/unknown"}, None, "callback URL.*'redirect_mismatch'.*console"),
        ({"COGNITO_APP_CLIENT_ID": "unknown"}, None, "does not know the app client.*console"),
        ({"COGNITO_SIGN_IN_SCOPES": ["openid", "todo/unknown"]}, None, "refuses the login.*'invalid_scope'.*SCOPES"),
        ({}, {"status": 500}, "answers 500.*in trouble"),
        ({}, {"status": 403}, "answers 403.*AWS WAF"),
        ({}, {"html": "<h1>Guest network</h1>"}, "answers 200.*something else answers"),
        ({}, {"drop_answer": True}, "HTTPS_PROXY"),
    ],
)
def test_a_managed_login_that_does_not_know_the_app_fails(
    make_app: MakeApp, login: LocalManagedLogin, config: dict[str, str], behaviour: dict[str, Any] | None, told: str
) -> None:
    if behaviour is not None:
        login.behave("authorize", **behaviour)

    code, found = check(make_app(**{"COGNITO_REDIRECT_URI": CALLBACK, **config}))

    assert code == 1
    assert found["managed login"][0].startswith("FAILED")
    assert re.search(told, " ".join([*found["managed login"], *found[""]]))


def test_a_domain_that_cannot_be_found_fails(make_app: MakeApp, login: LocalManagedLogin) -> None:
    login.behave("discovery", status=500)

    code, found = check(make_app(COGNITO_DOMAIN=None, COGNITO_REDIRECT_URI=CALLBACK))

    assert code == 1
    assert found["managed login"][0].startswith("FAILED")


def test_a_domain_that_is_found_passes(make_app: MakeApp) -> None:
    assert check(make_app(COGNITO_DOMAIN=None, SERVER_NAME="localhost"))[0] == 0


def test_without_a_known_callback_url_the_managed_login_is_not_asked(
    make_app: MakeApp, login: LocalManagedLogin
) -> None:
    code, found = check(make_app())

    assert code == 0
    assert "managed login" not in found
    assert not any(request.route == "/oauth2/authorize" for request in login.requests)


def test_another_domain_than_the_pools_is_a_warning(
    make_app: MakeApp, make_login: Callable[..., LocalManagedLogin], login: LocalManagedLogin
) -> None:
    other = make_login()

    _, found = check(make_app(COGNITO_DOMAIN=other.domain, COGNITO_REDIRECT_URI=CALLBACK))

    assert any("discovery document names" in line for line in found["warning"])


def test_a_domain_that_cannot_be_compared_is_a_warning(make_app: MakeApp, login: LocalManagedLogin) -> None:
    login.behave("discovery", status=500)

    code, found = check(make_app(COGNITO_REDIRECT_URI=CALLBACK))

    assert code == 0
    assert any("cannot be compared" in line for line in found["warning"])


class Down(MemorySessionStore):
    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        raise ConnectionError


class Forgetful(MemorySessionStore):
    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        return None


class Generous(MemorySessionStore):
    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        yield True


@pytest.mark.parametrize("store", [Down(), Forgetful(), Generous()])
def test_a_store_that_breaks_the_law_fails(make_app: MakeApp, store: MemorySessionStore) -> None:
    code, found = check(make_app(COGNITO_SESSION_STORE=store))

    assert code == 1
    assert found["session store"][0].startswith("FAILED")


def test_a_list_of_revocations_ends_copied_cookies(make_app: MakeApp) -> None:
    code, found = check(make_app(COGNITO_REDIRECT_URI=CALLBACK, COGNITO_REVOCATIONS=RevocationList()))

    assert code == 0
    assert found["revocations"] == ["RevocationList"]
    assert "warning" not in found
