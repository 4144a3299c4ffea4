"""The log of refusals: what it says, and how much of it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from flask import Flask
from flask_cognito import (
    CognitoAuth,
    cognito_auth_required,
    cognito_claim_permissions,
    cognito_group_permissions,
    current_cognito_jwt,
)
from flask_cognito.log_budget import LogBudget

Bearer = Callable[[str], dict[str, str]]
Caplog = pytest.LogCaptureFixture


def refusals(caplog: Caplog) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "flask_cognito.refusals"]


class TestBudget:
    def test_a_flood_of_one_code_is_one_line_a_second(self) -> None:
        clock = ManualClock()
        budget = LogBudget(clock.monotonic)

        assert [budget.admit("token_expired") for _ in range(1000)] == [0] * 20 + [None] * 980
        clock.advance(1)
        assert [budget.admit("token_expired") for _ in range(3)] == [980, None, None]
        clock.advance(1000)
        assert [budget.admit("token_expired") for _ in range(21)] == [2] + [0] * 19 + [None]

    def test_another_code_has_its_own(self) -> None:
        budget = LogBudget(ManualClock().monotonic)
        for _ in range(100):
            budget.admit("token_expired")

        assert budget.admit("invalid_signature") == 0

    def test_codes_that_nobody_can_count_share_one(self) -> None:
        budget = LogBudget(ManualClock().monotonic)

        admitted = [budget.admit(f"code-{number}") for number in range(1000)]

        assert admitted.count(0) == 120

    def test_a_flood_of_requests_is_bounded(self, app: Flask, caplog: Caplog) -> None:
        caplog.set_level(logging.INFO)
        client = app.test_client()

        for _ in range(200):
            client.get("/required", headers={"Authorization": "Bearer rubbish"})

        assert 20 <= len(refusals(caplog)) < 100


class TestWhatItSays:
    def test_in_debug_mode_it_is_a_warning(self, make_app: Callable[..., Flask], caplog: Caplog) -> None:
        app = make_app(DEBUG=True)
        app.test_client().get("/required")

        (record,) = refusals(caplog)
        assert record.levelno == logging.WARNING

    @pytest.mark.parametrize(
        ("make_token", "said"),
        [
            (lambda pool: pool.expired_token(), ("token_expired", "expired")),
            (lambda pool: pool.id_token(), ("invalid_token_use", "found 'id'")),
            (lambda pool: LocalUserPool("eu-central-1_otherpool").access_token(), ("invalid_issuer", "otherpool")),
            (lambda pool: "rubbish", ("malformed_token", "expected three parts")),
        ],
    )
    def test_in_debug_mode_it_says_what_was_expected_and_found(
        self,
        make_app: Callable[..., Flask],
        pool: LocalUserPool,
        caplog: Caplog,
        make_token: Callable[[LocalUserPool], str],
        said: tuple[str, str],
    ) -> None:
        app = make_app(DEBUG=True, COGNITO_TOKEN_USE="access")

        app.test_client().get("/required", headers={"Authorization": f"Bearer {make_token(pool)}"})

        (record,) = refusals(caplog)
        assert record.levelno == logging.WARNING
        assert all(words in record.getMessage() for words in said)

    def test_a_token_in_the_path_is_not_shown(self, app: Flask, pool: LocalUserPool, caplog: Caplog) -> None:
        caplog.set_level(logging.INFO)
        app.add_url_rule("/verify/<token>", "v", cognito_auth_required(lambda token: token))
        token = pool.access_token()

        app.test_client().get(f"/verify/{token}", headers={"X-Request-ID": token})

        (record,) = refusals(caplog)
        assert "GET '/verify/(a token)'" in record.getMessage()
        assert token[:10] not in record.getMessage()

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("{}", "found no scheme (the text looks like a token)"),
            ("secret", "found no scheme, and text that does not look like a token"),
            ("Token {}", "found another scheme of 5 letters"),
            ("Basic YTpi", "found the scheme Basic"),
            ("DPoP {}", "found the scheme DPoP"),
            ("Bearer: {}", "found a colon after the scheme"),
            ("'Bearer {}'", "found a quotation mark at the beginning"),
            ("{} Bearer", "found text that looks like a token before the first space"),
            ("Bearer Bearer {}", "found the scheme twice"),
            ("Bearer [object Object]", "found '[object Object]'"),
            ("Bearer [object Promise]", "found '[object Promise]'"),
            ("[object Object]", "found '[object Object]'"),
            ("Authorization: Bearer {}", "found the header's name in its value"),
            ("Token: {}", "found another scheme, with a colon after it"),
            ("Bearer:{}", "found a colon after the scheme"),
            ("Bearer, {}", "found a comma after the scheme"),
            ("Bearer\t{}", "found a tab after the scheme"),
            ("Bearer\u00a0{}", "found the scheme without a space after it"),
            ("Bearer={}", "found the scheme without a space after it"),
            ("Bearer{}", "found the scheme without a space after it"),
            ("Bearertoken", "found no scheme, and text that does not look like a token"),
            ("access_token={}", "found no scheme, and other text around a token"),
            ("Bearer {}, Bearer {}", "found several values with commas"),
            ("Bearer", "found the scheme and no token"),
            ("Bearer {} {}", "found 2 words after the scheme"),
        ],
    )
    def test_a_header_is_described(
        self, app: Flask, pool: LocalUserPool, caplog: Caplog, value: str, found: str
    ) -> None:
        caplog.set_level(logging.INFO)
        token = pool.access_token()

        response = app.test_client().get("/required", headers={"Authorization": value.format(token, token)})

        (record,) = refusals(caplog)
        assert response.get_json()["code"] == "invalid_header"
        assert f"Authorization: expected 'Bearer' and a token, {found}" in record.getMessage()
        assert token[:20] not in record.getMessage()

    @pytest.mark.parametrize(
        ("prefix", "value", "expected"),
        [
            (None, "{} {}", "expected a token, found text with spaces"),
            (None, "Bearer {}", "found text with spaces, beginning with the scheme Bearer"),
            (None, "Basic YTpi", "expected a token, found the scheme Basic"),
            (["Bearer", None], "Token {}", "expected 'Bearer' and a token or a token, found another scheme"),
            ("JWT", "JWT:{}", "expected 'JWT' and a token, found a colon after the scheme"),
        ],
    )
    def test_other_forms_are_expected(
        self,
        make_app: Callable[..., Flask],
        pool: LocalUserPool,
        caplog: Caplog,
        prefix: Any,
        value: str,
        expected: str,
    ) -> None:
        caplog.set_level(logging.INFO)
        app = make_app(COGNITO_JWT_HEADER_PREFIX=prefix)

        app.test_client().get("/required", headers={"Authorization": value.format(*[pool.access_token()] * 2)})

        (record,) = refusals(caplog)
        assert expected in record.getMessage()

    @pytest.mark.parametrize(
        ("kind", "claim", "told"),
        [
            ("access", "email", "ID tokens carry it"),
            ("access", "custom:role", "ID tokens carry it"),
            ("machine", "username", "belongs to no user"),
            ("machine", "phone_number", "belongs to no user"),
            ("id", "scope", "access tokens carry it"),
            ("access", "colour", "found no such claim; GET"),
            ("id", "colour", "found no such claim; GET"),
        ],
    )
    def test_a_claim_that_this_kind_of_token_never_has(
        self,
        make_app: Callable[..., Flask],
        pool: LocalUserPool,
        bearer: Bearer,
        caplog: Caplog,
        kind: str,
        claim: str,
        told: str,
    ) -> None:
        caplog.set_level(logging.INFO)
        app = make_app(COGNITO_TOKEN_USE=None)
        app.add_url_rule("/c", "my_view", cognito_auth_required(lambda: str(current_cognito_jwt[claim])))
        tokens = {"access": pool.access_token(), "id": pool.id_token(), "machine": pool.client_credentials_token()}

        response = app.test_client().get("/c", headers=bearer(tokens[kind]))

        (record,) = refusals(caplog)
        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")
        assert told in record.getMessage()
        assert "endpoint my_view" in record.getMessage()

    @pytest.mark.parametrize(
        ("kind", "decorator", "told"),
        [
            ("access", cognito_claim_permissions("email", "a@b.example"), "ID tokens carry it"),
            ("access", cognito_claim_permissions("colour", "red"), "found no such claim; GET"),
            ("access", cognito_claim_permissions("username", "bob"), "found 'alice'; GET"),
            ("machine", cognito_claim_permissions("custom:role", "editor"), "belongs to no user"),
            ("machine", cognito_group_permissions("admin"), "belongs to no user"),
            ("access", cognito_group_permissions("admin"), "found (); GET"),
            ("wrong type", cognito_group_permissions("admin"), "found 'admin'; GET"),
        ],
    )
    def test_a_demand_that_this_kind_of_token_never_meets(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog, kind: str, decorator: Any, told: str
    ) -> None:
        caplog.set_level(logging.INFO)
        app.add_url_rule("/c", "c", decorator(lambda: "c"))
        tokens = {
            "access": pool.access_token("alice"),
            "machine": pool.client_credentials_token(),
            "wrong type": pool.access_token(claims={"cognito:groups": "admin"}),
        }

        assert app.test_client().get("/c", headers=bearer(tokens[kind])).status_code == 403
        (record,) = refusals(caplog)
        assert told in record.getMessage()

    def test_a_claim_that_the_view_catches_is_no_refusal(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        caplog.set_level(logging.INFO)

        def view() -> str:
            try:
                return str(current_cognito_jwt["email"])
            except KeyError:
                return "none"

        app.add_url_rule("/c", "c", cognito_auth_required(view))

        assert app.test_client().get("/c", headers=bearer(pool.access_token())).text == "none"
        assert refusals(caplog) == []

    def test_an_error_handler_of_the_app_logs_it_once(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        caplog.set_level(logging.INFO)
        auth.error_handler(lambda error: error.get_response())
        app.add_url_rule("/c", "c", cognito_auth_required(lambda: str(current_cognito_jwt["email"])))

        app.test_client().get("/c", headers=bearer(pool.access_token()))

        assert len(refusals(caplog)) == 1
