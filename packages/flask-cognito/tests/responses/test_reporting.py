"""What operators hear of: signals and log records, with the reason and without any token."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from blinker import Signal
from cognito_jwt_core import Claims, TokenExpiredError
from cognito_jwt_core.testing import LocalUserPool, hostile_tokens
from flask import Flask, g
from flask_cognito import (
    CognitoAuth,
    CognitoJWTException,
    cognito_auth_required,
    current_cognito_jwt,
    token_rejected,
    token_verified,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]
Caplog = pytest.LogCaptureFixture


@contextmanager
def heard(signal: Signal) -> Iterator[list[tuple[Any, dict[str, Any]]]]:
    """Collect what a signal sends meanwhile."""
    received: list[tuple[Any, dict[str, Any]]] = []

    def receive(sender: Any, **details: Any) -> None:
        received.append((sender, details))

    with signal.connected_to(receive):
        yield received


def records(caplog: Caplog) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name.startswith("flask_cognito")]


class TestSignals:
    def test_a_verified_token_comes_with_claims_and_user(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        auth.identity_handler(lambda payload: payload["username"].upper())

        with heard(token_verified) as verified, heard(token_rejected) as rejected:
            app.test_client().get("/required", headers=bearer(pool.access_token("alice")))

        ((sender, details),) = verified
        assert sender is app
        assert (details["claims"]["username"], details["user"]) == ("alice", "ALICE")
        assert rejected == []

    def test_a_rejected_token_comes_with_the_error(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        token = pool.expired_token()

        with heard(token_verified) as verified, heard(token_rejected) as rejected:
            app.test_client().get("/required", headers=bearer(token))

        ((sender, details),) = rejected
        assert sender is app
        assert isinstance(details["error"], TokenExpiredError)
        assert token not in repr(details) + str(details["error"])
        assert verified == []

    def test_each_is_sent_once_per_request(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        auth.protect(app)

        with heard(token_verified) as verified, heard(token_rejected) as rejected:
            app.test_client().get("/admin", headers=bearer(pool.access_token(groups=["admin"])))
            app.test_client().get("/admin", headers=bearer("rubbish"))

        assert (len(verified), len(rejected)) == (1, 1)

    def test_nothing_is_sent_where_no_token_is_judged(
        self, make_app: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        with pool.serve() as url:
            pass
        client = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url).test_client()

        with heard(token_verified) as verified, heard(token_rejected) as rejected:
            client.get("/required")
            client.get("/required", headers={"Authorization": "Basic YTpi"})
            client.get("/required", headers=bearer(pool.access_token()))

        assert verified == rejected == []

    def test_a_missing_group_is_no_rejected_token(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        with heard(token_verified) as verified, heard(token_rejected) as rejected:
            app.test_client().get("/admin", headers=bearer(pool.access_token()))

        assert (len(verified), len(rejected)) == (1, 0)

    def test_a_bad_cookie_that_counts_as_none_is_heard_of(
        self, make_app: Callable[..., Flask], pool: LocalUserPool
    ) -> None:
        client = make_app(COGNITO_JWT_HEADER_NAME="Cookie").test_client()
        client.set_cookie("session_token", pool.expired_token())

        with heard(token_rejected) as rejected:
            assert client.get("/optional").status_code == 200

        assert len(rejected) == 1


@pytest.mark.parametrize("view", ["/optional", "/required"])
def test_a_bad_cookie_is_judged_once_however_often_it_is_asked_for(
    make_app: Callable[..., Flask], pool: LocalUserPool, caplog: Caplog, view: str
) -> None:
    caplog.set_level(logging.INFO)
    asked: list[Claims] = []
    app = make_app(COGNITO_JWT_HEADER_NAME="Cookie")

    @app.extensions["cognito_auth"].identity_handler  # type: ignore[untyped-decorator]
    def look_up(claims: Claims) -> object:
        asked.append(claims)
        return claims["email"]

    @app.before_request
    def look_who_asks() -> None:
        assert verify_cognito_jwt(optional=True) is None

    client = app.test_client()
    client.set_cookie("session_token", pool.access_token())

    with heard(token_rejected) as rejected:
        response = client.get(view)

    assert response.status_code == {"/optional": 200, "/required": 403}[view]
    assert (len(asked), len(rejected), len(records(caplog))) == (1, 0, 1)


def cut(text: str) -> str:
    """A long value as logs show it: its beginning and its end."""
    return f"{text[:98]}...{text[-99:]}"


class TestLog:
    @pytest.fixture(autouse=True)
    def everything(self, caplog: Caplog) -> None:
        caplog.set_level(logging.DEBUG)

    def test_a_refusal_is_one_record_with_its_reason(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        headers = {**bearer(pool.expired_token()), "X-Request-ID": "r-17"}
        app.test_client().get("/required", headers=headers)

        (record,) = records(caplog)
        message = record.getMessage()
        assert record.levelno == logging.INFO
        assert message.startswith("refused with 401 (token_expired): exp: expected ")
        assert message.endswith("; GET '/required', endpoint required, request 'r-17'")

    def test_a_missing_group_says_what_was_found(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        app.test_client().get("/admin", headers=bearer(pool.access_token(groups=["staff"])))

        (record,) = records(caplog)
        assert "cognito:groups: expected admin or developer, found ('staff',)" in record.getMessage()

    def test_a_missing_claim_of_a_view_is_one_too(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        @app.get("/email")
        @cognito_auth_required
        def email() -> str:
            return str(current_cognito_jwt["email"])

        app.test_client().get("/email", headers=bearer(pool.access_token()))

        (record,) = records(caplog)
        assert "refused with 403 (claim_required)" in record.getMessage()

    def test_an_outage_is_a_warning_once_and_a_refusal_each_time(
        self, make_app: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        with pool.serve() as url:
            pass
        client = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url).test_client()
        for _ in range(3):
            client.get("/required", headers=bearer(pool.access_token()))

        assert [record.levelno for record in records(caplog)] == [logging.INFO] * 3
        assert "jwks_unavailable" in records(caplog)[0].getMessage()
        assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1

    def test_nobody_where_nobody_may_ask_is_no_record(self, app: Flask, caplog: Caplog) -> None:
        app.test_client().get("/optional")

        assert records(caplog) == []

    @pytest.mark.parametrize(
        ("header", "value", "shown"),
        [
            ("X-Amzn-Trace-Id", "Root=1-67891233", "'Root=1-67891233'"),
            ("X-Request-ID", "tab\tand \xfc", r"'tab\tand \xfc'"),
            ("X-Request-ID", "x" * 500, cut(repr("x" * 500))),
            ("X-Request-ID", "", "without an id"),
        ],
    )
    def test_the_request_is_named_on_one_short_line(
        self, app: Flask, caplog: Caplog, header: str, value: str, shown: str
    ) -> None:
        app.test_client().get("/required", headers={header: value})

        (record,) = records(caplog)
        assert record.getMessage().endswith(f"request {shown}")
        assert len(record.getMessage()) < 400

    @pytest.mark.parametrize(
        ("method", "shown"),
        [
            ("M-SEARCH", "M-SEARCH"),
            ("\x1b[31mGET", r"'\x1b[31MGET'"),
            ("GET\u2028X", r"'GET\u2028X'"),
            ("", "''"),
            ("X" * 5000, cut(repr("X" * 5000))),
        ],
        ids=ascii,
    )
    def test_a_method_that_is_none_is_escaped(self, app: Flask, caplog: Caplog, method: str, shown: str) -> None:
        app.before_request(cognito_auth_required(lambda: None))  # also where no route takes the method

        app.test_client().open("/required", environ_overrides={"REQUEST_METHOD": method})

        (record,) = records(caplog)
        assert f"; {shown} '/required', endpoint" in record.getMessage()

    @pytest.mark.parametrize(
        ("named", "shown"),
        [("a-17", "'a-17'"), (17, "'17'"), ("a\nb", r"'a\nb'"), ("x" * 500, cut(repr("x" * 500))), (None, "'r-17'")],
    )
    def test_the_apps_own_name_of_a_request_goes_before(
        self, app: Flask, caplog: Caplog, named: object, shown: str
    ) -> None:
        @app.before_request
        def name() -> None:
            g.request_id = named

        app.test_client().get("/required", headers={"X-Request-ID": "r-17"})

        (record,) = records(caplog)
        assert record.getMessage().endswith(f"request {shown}")

    def test_no_part_of_a_token_is_in_a_record_or_an_answer(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        client = app.test_client()
        for name, token, _ in hostile_tokens(pool):
            if any(character in token for character in "\r\n"):
                continue
            response = client.get("/required", headers=bearer(token))

            assert response.status_code in (401, 403), name
            told = caplog.text + response.text + str(response.headers)
            assert not [part for part in token.split(".") if len(part) > 20 and part[:20] in told], name
            caplog.clear()


def test_the_warnings_are_seen_without_any_logging_set_up(settings: dict[str, Any], pool: LocalUserPool) -> None:
    """Python writes a warning without a handler to standard error; a NullHandler would swallow it."""
    assert logging.getLogger("flask_cognito").handlers == []


def test_an_error_of_a_subclass_is_heard_of_and_not_its_text_answered(
    make_app: Callable[..., Flask], bearer: Bearer
) -> None:
    class Refusing(CognitoAuth):
        def decode_token(self, token: str) -> Any:
            raise CognitoJWTException("the reason")

    with heard(token_rejected) as rejected:
        response = make_app(Refusing).test_client().get("/required", headers=bearer("x"))

    ((_, details),) = rejected
    assert str(details["error"]) == "the reason"
    assert "the reason" not in response.text
