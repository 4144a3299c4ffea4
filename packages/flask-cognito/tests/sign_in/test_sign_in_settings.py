"""The keys of sign-in are checked at start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, MemorySessionStore


@pytest.fixture
def make(pool: LocalUserPool) -> Callable[..., Flask]:
    def build(secret: Any = "k" * 32, **config: Any) -> Flask:
        app = Flask("app")
        app.secret_key = secret
        app.config.update(
            {
                "COGNITO_REGION": pool.region,
                "COGNITO_USERPOOL_ID": pool.id,
                "COGNITO_APP_CLIENT_ID": pool.client_id,
                "COGNITO_JWKS": pool.jwks,
                "COGNITO_DOMAIN": "https://auth.example.com",
                **config,
            }
        )
        CognitoAuth(app)
        CognitoSignIn(app)
        return app

    return build


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("COGNITO_DOMAIN", ""),
        ("COGNITO_DOMAIN", "http://auth.example.com"),
        ("COGNITO_CLIENT_SECRET", ""),
        ("COGNITO_CLIENT_SECRET", 7),
        ("COGNITO_LOGOUT_URI", "http://app.example/"),
        ("COGNITO_LOGOUT_URI", "/"),
        ("COGNITO_REDIRECT_URI", "https://app.example/#x"),
        ("COGNITO_REDIRECT_URI", ""),
        ("COGNITO_REDIRECT_URI", "https://app.example/\n"),
        ("COGNITO_SIGN_IN_CLIENT_ID", "another"),
        ("COGNITO_SIGN_IN_SCOPES", ("email",)),
        ("COGNITO_SIGN_IN_SCOPES", ()),
        ("COGNITO_SIGN_IN_URL_PREFIX", "auth"),
        ("COGNITO_SIGN_IN_URL_PREFIX", "/"),
        ("COGNITO_SIGN_IN_URL_PREFIX", 7),
        ("COGNITO_SIGN_IN_LIFETIME", 0),
        ("COGNITO_SIGN_IN_LIFETIME", True),
        ("COGNITO_SIGN_IN_LIFETIME", "900"),
        ("COGNITO_SESSION_LIFETIME", -1),
        ("COGNITO_SESSION_LIFETIME", timedelta(days=500)),
        ("COGNITO_SESSION_LIFETIME", float("nan")),
        ("COGNITO_SESSION_STORE", ""),
        ("COGNITO_SESSION_STORE", "http://localhost"),
        ("COGNITO_SESSION_STORE", object()),
        ("COGNITO_SESSION_IDLE_TIMEOUT", 600),
        ("COGNITO_SESSION_COOKIE_NAME", ""),
        ("COGNITO_SESSION_COOKIE_NAME", "__Host-"),
        ("COGNITO_SESSION_COOKIE_NAME", "a b"),
        ("COGNITO_SESSION_COOKIE_SECURE", "no"),
        ("COGNITO_SESSION_COOKIE_SAMESITE", "None"),
        ("COGNITO_UNAUTHENTICATED", "403"),
        ("COGNITO_TOKEN_USE", "id"),
        ("COGNITO_APP_CLIENT_ID", None),
        ("COGNITO_APP_CLIENT_ID", ["abcdef123456", "another1"]),
    ],
)
def test_a_value_that_cannot_work_is_refused(make: Callable[..., Flask], key: str, value: object) -> None:
    with pytest.raises(ConfigurationError):
        make(**{key: value})


def test_audience_that_sign_in_does_not_ask_for_is_refused(make: Callable[..., Flask]) -> None:
    with pytest.raises(ConfigurationError, match=r"^COGNITO_REQUIRE_AUDIENCE"):
        make(COGNITO_AUDIENCE="todo", COGNITO_REQUIRE_AUDIENCE=True)

    make(COGNITO_RESOURCE="https://api.example", COGNITO_REQUIRE_AUDIENCE=True)


@pytest.mark.parametrize("secret", [123_456_789, ["k" * 32], 1.5])
def test_a_secret_key_is_a_text_or_bytes(make: Callable[..., Flask], secret: object) -> None:
    """A number would become that many zeros, and anyone could seal a session with them."""
    with pytest.raises(ConfigurationError) as caught:
        make(secret)

    assert "SECRET_KEY" in str(caught.value)


@pytest.mark.parametrize("fallbacks", ["an-earlier-key-of-32-characters!", b"earlier", {"a"}, [5], [None], [""], 5])
def test_earlier_secret_keys_are_a_list_of_texts_or_bytes(make: Callable[..., Flask], fallbacks: object) -> None:
    """Each character of a text would be a key of its own, and anyone could guess one."""
    with pytest.raises(ConfigurationError) as caught:
        make(SECRET_KEY_FALLBACKS=fallbacks)

    assert "SECRET_KEY_FALLBACKS" in str(caught.value)


def test_earlier_secret_keys_are_as_long_as_the_newest(make: Callable[..., Flask]) -> None:
    host = {"SERVER_NAME": "app.example", "COGNITO_REDIRECT_URI": "https://app.example/auth/callback"}
    make(SECRET_KEY_FALLBACKS=["dev"])
    make(SECRET_KEY_FALLBACKS=["e" * 16], **host)

    with pytest.raises(ConfigurationError) as caught:
        make(SECRET_KEY_FALLBACKS=["e" * 16, "dev"], **host)

    assert "SECRET_KEY_FALLBACKS" in str(caught.value)


@pytest.mark.parametrize("secret", [None, "", b""])
def test_a_secret_key_is_needed(make: Callable[..., Flask], secret: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(secret)

    assert "SECRET_KEY" in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        {"SERVER_NAME": "app.example"},
        {"COGNITO_REDIRECT_URI": "https://app.example/auth/callback"},
    ],
)
@pytest.mark.parametrize(
    "weak",
    [
        {"secret": "short"},
        {"COGNITO_SESSION_COOKIE_SECURE": False},
        {"COGNITO_SESSION_COOKIE_NAME": "session_of_ours"},
    ],
)
def test_off_loopback_weak_settings_are_refused(
    make: Callable[..., Flask], config: dict[str, Any], weak: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        make(**config, **weak)
    make(**{**config, "SERVER_NAME": "localhost:5000", "COGNITO_REDIRECT_URI": None}, **weak)


@pytest.mark.parametrize(
    "config",
    [
        {"COGNITO_SIGN_IN_LIFETIME": timedelta(minutes=5)},
        {"COGNITO_SESSION_LIFETIME": 60.5},
        {"COGNITO_CLIENT_SECRET": lambda: "secret"},
        {"COGNITO_CLIENT_SECRET": "secret"},
        {"COGNITO_DOMAIN": None},
        {"COGNITO_SESSION_STORE": MemorySessionStore(), "COGNITO_SESSION_IDLE_TIMEOUT": 600},
        {"COGNITO_SESSION_STORE": redis.Redis()},
        {"COGNITO_SESSION_STORE": "redis://localhost:6379/0"},
        {"COGNITO_APP_CLIENT_ID": ["abcdef123456", "another1"], "COGNITO_SIGN_IN_CLIENT_ID": "abcdef123456"},
        {"COGNITO_APP_CLIENT_ID": None, "COGNITO_SIGN_IN_CLIENT_ID": "abcdef123456"},
        {"COGNITO_SIGN_IN_SCOPES": "openid"},
        {"COGNITO_JWT_HEADER_NAME": "Cookie"},
    ],
)
def test_a_value_that_works_is_taken(make: Callable[..., Flask], config: dict[str, Any]) -> None:
    assert "cognito" in make(**config).blueprints


def test_the_routes_can_stand_elsewhere(make: Callable[..., Flask]) -> None:
    client = make(COGNITO_SIGN_IN_URL_PREFIX="/account/sso").test_client()

    assert client.get("/account/sso/session").json == {"signed_in": False}
    assert client.get("/auth/session").status_code == 404


def test_a_cookie_that_is_not_secure_has_no_prefix(make: Callable[..., Flask]) -> None:
    client = make(COGNITO_SESSION_COOKIE_SECURE=False).test_client()

    cookie = client.get("/auth/login").headers["Set-Cookie"]

    assert cookie.startswith("cognito_session_login_")
    assert "Secure" not in cookie


@pytest.mark.parametrize("name", ["__Host-mine", "mine"])
def test_a_cookie_name_of_ones_own(make: Callable[..., Flask], name: str) -> None:
    client = make(COGNITO_SESSION_COOKIE_NAME=name).test_client()

    assert client.get("/auth/login").headers["Set-Cookie"].startswith(f"{name}_login_")


def test_no_repr_shows_a_secret(make: Callable[..., Flask]) -> None:
    """Error trackers report the `repr` of local variables."""
    app = make("hidden" * 6, COGNITO_CLIENT_SECRET="hidden", COGNITO_SESSION_STORE="redis://:hidden@localhost:6379/0")

    sign_in = app.extensions["cognito_sign_in.state"]
    assert "hidden" not in repr((sign_in, sign_in.first, sign_in.first.settings))


def test_what_is_allowed_but_weak_is_a_warning(make: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    make("k" * 16, COGNITO_SESSION_COOKIE_SECURE=False)

    text = "\n".join(record.message for record in caplog.records if record.levelno == logging.WARNING)
    for key in ("SECRET_KEY", "COGNITO_LOGOUT_URI", "COGNITO_SESSION_COOKIE_SECURE"):
        assert key in text


def test_good_settings_draw_no_warning(make: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    make(COGNITO_LOGOUT_URI="https://app.example/", COGNITO_TOKEN_USE="access")

    assert not caplog.records


def test_trusted_origins_serve_a_session(make: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    make(
        COGNITO_TRUSTED_ORIGINS=["https://x.example"],
        COGNITO_LOGOUT_URI="https://app.example/",
        COGNITO_TOKEN_USE="access",
    )

    assert not caplog.records


def test_a_misspelt_key_is_named(make: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    make(COGNITO_SESSION_STOR="x", COGNITO_LOGOUT_URI="https://app.example/")

    assert "COGNITO_SESSION_STORE" in caplog.text


@pytest.mark.parametrize(
    "config",
    [
        {"COGNITO_SESSION_COOKIE_NAME": "session"},
        {"COGNITO_SESSION_COOKIE_NAME": "ours", "SESSION_COOKIE_NAME": "ours_of_flask"},
        {
            "COGNITO_SESSION_COOKIE_NAME": "api",
            "COGNITO_JWT_HEADER_NAME": "Cookie",
            "COGNITO_JWT_COOKIE_NAME": "api_token",
        },
    ],
)
def test_a_cookie_name_that_hides_another_cookie_of_the_app_is_refused(
    make: Callable[..., Flask], config: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(**config)

    assert "COGNITO_SESSION_COOKIE_NAME" in str(caught.value)


def test_sign_in_needs_cognito_auth() -> None:
    app = Flask("app")
    app.secret_key = "k" * 32

    with pytest.raises(RuntimeError):
        CognitoSignIn(app)


def test_an_app_without_sign_in_says_so(pool: LocalUserPool) -> None:
    from flask_cognito.sign_in.state import app_sign_in

    with Flask("app").app_context(), pytest.raises(RuntimeError):
        app_sign_in()


def test_cli_names_the_location(make: Callable[..., Flask]) -> None:
    result = make().test_cli_runner().invoke(args=["cognito", "check"])

    assert "then session" in result.output
