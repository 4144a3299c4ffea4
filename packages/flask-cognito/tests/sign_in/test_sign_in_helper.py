"""`sign_in` says what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.messages import Messages
from flask import Flask
from flask_cognito.testing import sign_in

from .conftest import PASSWORD


def test_a_login_that_does_not_begin_is_returned(make_app: Callable[..., Flask], login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_DOMAIN=None).test_client()
    login.behave("discovery", status=500)

    assert sign_in(client, "alice", PASSWORD, login).status_code == 503


def test_a_page_of_the_managed_login_is_an_error(
    make_app: Callable[..., Flask], login: LocalManagedLogin, messages: Messages
) -> None:
    client = make_app(COGNITO_REDIRECT_URI="http://localhost/unknown").test_client()

    with messages.raises(RuntimeError):
        sign_in(client, "alice", PASSWORD, login)


def test_a_wrong_password_is_an_error(
    make_app: Callable[..., Flask], login: LocalManagedLogin, messages: Messages
) -> None:
    with messages.raises(RuntimeError):
        sign_in(make_app().test_client(), "alice", "wrong", login)


def test_a_user_goes_on_to_a_page(make_app: Callable[..., Flask], login: LocalManagedLogin) -> None:
    answer = sign_in(make_app().test_client(), "alice", PASSWORD, login, next="/reports")

    assert answer.headers["Location"] == "/reports"
