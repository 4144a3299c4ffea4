"""Every row of the table of errors, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, KeySettings, SignInError
from cognito_jwt_core.oauth import OAuthClient
from cognito_test_kit.scripted_login import CODE, NONCE, REDIRECT_URI, REFRESH_TOKEN, VERIFIER, Answer, ScriptedLogin

Call = Callable[..., Any]

STATUSES = {
    "code_rejected": 400,
    "session_expired": 401,
    "token_rejected": 502,
    "sign_in_misconfigured": 502,
    "provider_error": 502,
    "sign_in_unavailable": 503,
}


def failure(call: Call, client: OAuthClient, grant: str) -> SignInError:
    exchange = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "nonce": NONCE}
    method, token, options = ("exchange_code", CODE, exchange) if grant == "code" else ("refresh", REFRESH_TOKEN, {})
    with pytest.raises(SignInError) as caught:
        call(client, method, token, **options)
    return caught.value


ROWS: list[tuple[Answer, str, str]] = [
    (Answer(status=status, body=body), code, refresh)
    for status, body, code, refresh in (
        (400, {"error": "invalid_grant"}, "code_rejected", "session_expired"),
        (401, {"error": "invalid_grant"}, "code_rejected", "session_expired"),  # the body decides, not the status
        (200, {"error": "invalid_grant"}, "code_rejected", "session_expired"),
        (400, {"error": "invalid_client"}, "sign_in_misconfigured", "sign_in_misconfigured"),
        (401, {"error": "invalid_client"}, "sign_in_misconfigured", "sign_in_misconfigured"),
        (400, {"error": "unauthorized_client"}, "sign_in_misconfigured", "sign_in_misconfigured"),
        (
            400,
            {"error": "unauthorized_client", "error_description": "invalid_redirect"},
            "sign_in_misconfigured",
            "sign_in_misconfigured",
        ),
        (400, {"error": "invalid_redirect"}, "sign_in_misconfigured", "sign_in_misconfigured"),
        (400, {"error": "invalid_scope"}, "sign_in_misconfigured", "sign_in_misconfigured"),
        (400, {"error": "invalid_request"}, "provider_error", "provider_error"),
        (400, {"error": "unsupported_grant_type"}, "provider_error", "provider_error"),
        (400, {"error": "server_error"}, "provider_error", "provider_error"),
        (400, {"error": ["invalid_grant"]}, "provider_error", "provider_error"),
        (400, {"error": None}, "provider_error", "provider_error"),
        (400, {"error": {"invalid_grant": 1}}, "provider_error", "provider_error"),
        (403, {"message": "Forbidden"}, "provider_error", "provider_error"),
        (201, {"access_token": "x"}, "provider_error", "provider_error"),
        (200, {}, "token_rejected", "token_rejected"),
        (500, {"error": "invalid_grant"}, "sign_in_unavailable", "sign_in_unavailable"),
        (503, "down for maintenance", "sign_in_unavailable", "sign_in_unavailable"),
        (429, {"message": "Rate exceeded"}, "sign_in_unavailable", "sign_in_unavailable"),
        (200, "<!doctype html><title>Wi-Fi</title>", "sign_in_unavailable", "sign_in_unavailable"),
        (404, "<html>", "sign_in_unavailable", "sign_in_unavailable"),
        (200, b"", "sign_in_unavailable", "sign_in_unavailable"),
        (200, [1], "sign_in_unavailable", "sign_in_unavailable"),
        (200, '{"access_token": "a", "access_token": "b"}', "sign_in_unavailable", "sign_in_unavailable"),
        (200, b"\xff\xfe", "sign_in_unavailable", "sign_in_unavailable"),
        (200, '{"a":' * 65 + "1" + "}" * 65, "sign_in_unavailable", "sign_in_unavailable"),
        (200, '{"a":' * 64 + "1" + "}" * 64, "token_rejected", "token_rejected"),
        (200, '{"a": "\\ud800"}', "sign_in_unavailable", "sign_in_unavailable"),
        (200, "[" * 100_000, "sign_in_unavailable", "sign_in_unavailable"),
        (302, b"", "sign_in_unavailable", "sign_in_unavailable"),
    )
]


@pytest.mark.parametrize("grant", ["code", "refresh"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].status}-{str(row[0].body)[:40]}")
def test_an_answer_of_the_token_endpoint(
    call: Call, scripted: ScriptedLogin, row: tuple[Answer, str, str], grant: str
) -> None:
    answer, of_code, of_refresh = row
    scripted.answers["/oauth2/token"] = answer

    error = failure(call, scripted.client(), grant)

    assert error.code == (of_code if grant == "code" else of_refresh)
    assert error.status == STATUSES[error.code]
    assert error.retryable == (error.code == "sign_in_unavailable")
    assert (error.retry_after is not None) == error.retryable
    assert len(scripted.requests("/oauth2/token")) == 1


def test_a_client_that_is_misconfigured_is_told_to_the_log(
    call: Call, scripted: ScriptedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    for error in ("invalid_client", "invalid_grant", "invalid_request"):
        scripted.answers["/oauth2/token"] = Answer(status=400, body={"error": error})
        failure(call, scripted.client(), "code")

    assert [(record.name, record.levelname) for record in caplog.records] == [("cognito_jwt_core.oauth", "ERROR")]


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("0", 1), ("999999", 3600), ("soon", 1), ("-5", 1), ("", 1)])
def test_retry_after_of_an_answer(call: Call, scripted: ScriptedLogin, text: str, seconds: int) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=429, headers={"Retry-After": text})

    assert failure(call, scripted.client(), "code").retry_after == seconds


# Within the deadline


MISBEHAVIOURS: dict[str, Callable[[ScriptedLogin], Answer]] = {
    "slow drip": lambda scripted: Answer(body=scripted.tokens(), drip_seconds=0.05),
    "no answer": lambda scripted: Answer(body=scripted.tokens(), delay_seconds=30),
    "10 MiB": lambda scripted: Answer(body=scripted.tokens(padding="x" * 10 * 1024 * 1024)),
    "dropped after use": lambda scripted: Answer(body=scripted.tokens(), drop=True),
    "redirect": lambda scripted: Answer(
        status=307, body=scripted.tokens(), headers={"Location": f"{scripted.domain}/stolen"}
    ),
}


@pytest.mark.parametrize("grant", ["code", "refresh"])
@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_an_endpoint_that_misbehaves(call: Call, scripted: ScriptedLogin, name: str, grant: str) -> None:
    scripted.answers["/oauth2/token"] = MISBEHAVIOURS[name](scripted)
    client = scripted.client(scripted.verifier(key_settings=KeySettings(timeout_seconds=1)))
    began = time.monotonic()

    error = failure(call, client, grant)

    assert time.monotonic() - began < 8
    assert (error.code, error.status, error.retryable, error.retry_after) == ("sign_in_unavailable", 503, True, 1)
    assert error.__context__ is None
    assert len(scripted.requests("/oauth2/token")) == 1  # a POST is never repeated
    assert scripted.requests("/stolen") == []


def test_nothing_listens_there(call: Call, scripted: ScriptedLogin) -> None:
    client = scripted.client(domain="http://127.0.0.1:9")

    assert failure(call, client, "code").code == "sign_in_unavailable"


# Revocation and userInfo


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=400, body={"error": "invalid_request"}), "provider_error"),
        (Answer(status=400, body={"error": "unsupported_token_type"}), "provider_error"),
        (Answer(status=400, body={"error": "invalid_grant"}), "provider_error"),
        (Answer(status=401, body={"error": "invalid_client"}), "sign_in_misconfigured"),
        (Answer(status=403, body={}), "provider_error"),
        (Answer(status=404, body="<html>"), "sign_in_unavailable"),
        (Answer(status=302), "sign_in_unavailable"),
        (Answer(status=500), "sign_in_unavailable"),
        (Answer(drop=True), "sign_in_unavailable"),
    ],
    ids=str,
)
def test_a_revocation_that_fails(call: Call, scripted: ScriptedLogin, answer: Answer, code: str) -> None:
    scripted.answers["/oauth2/revoke"] = answer

    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "revoke", REFRESH_TOKEN)

    assert caught.value.code == code


def test_a_revocation_that_succeeds_needs_no_body(call: Call, scripted: ScriptedLogin) -> None:
    for body in (b"", "<html>", b"\xff"):
        scripted.answers["/oauth2/revoke"] = Answer(body=body)
        call(scripted.client(), "revoke", REFRESH_TOKEN)

    assert scripted.received[0].form == {"token": REFRESH_TOKEN, "client_id": scripted.pool.client_id}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=401, headers={"WWW-Authenticate": 'error="invalid_token"'}), "session_expired"),
        (Answer(status=400, body={"error": "invalid_request"}), "provider_error"),
        (Answer(status=403, body={"message": "Forbidden"}), "provider_error"),
        (Answer(body={}), "provider_error"),
        (Answer(body={"sub": ""}), "provider_error"),
        (Answer(body={"sub": 5}), "provider_error"),
        (Answer(body="<html>"), "sign_in_unavailable"),
        (Answer(status=429), "sign_in_unavailable"),
        (Answer(drop=True), "sign_in_unavailable"),
    ],
    ids=str,
)
def test_user_info_that_fails(call: Call, scripted: ScriptedLogin, answer: Answer, code: str) -> None:
    scripted.answers["/oauth2/userInfo"] = answer

    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "user_info", "an.access.token")

    assert caught.value.code == code


def test_user_info(call: Call, scripted: ScriptedLogin) -> None:
    assert call(scripted.client(), "user_info", "an.access.token") == {"sub": "s", "email_verified": "true"}

    (request,) = scripted.received
    assert (request.method, request.headers["authorization"]) == ("GET", "Bearer an.access.token")


@pytest.mark.parametrize("method", ["user_info", "revoke"])
@pytest.mark.parametrize("token", [None, "", 5, "a\r\nX-Admin: 1", "a b", "\u00e4"])
def test_a_token_that_no_header_can_carry(call: Call, scripted: ScriptedLogin, method: str, token: Any) -> None:
    with pytest.raises(ConfigurationError):
        call(scripted.client(), method, token)

    assert scripted.received == []


# Keys


def test_keys_that_cannot_be_had_spend_no_code(call: Call, scripted: ScriptedLogin) -> None:
    client = scripted.client(scripted.verifier(jwks=None))  # the scripted login has no JWKS

    for grant in ("code", "refresh"):
        error = failure(call, client, grant)
        assert (error.code, error.is_code_spent) == ("sign_in_unavailable", False)

    assert scripted.requests("/oauth2/token") == []


def test_keys_are_fetched_before_the_first_code_is_spent(call: Call, scripted: ScriptedLogin) -> None:
    scripted.answers["/eu-central-1_testpool/.well-known/jwks.json"] = Answer(body=scripted.pool.jwk_set)
    client = scripted.client(scripted.verifier(jwks=None))

    call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)

    assert [request.method for request in scripted.received] == ["GET", "POST"]


def test_keys_that_are_gone_afterwards(call: Call, scripted: ScriptedLogin) -> None:
    keys = "/eu-central-1_testpool/.well-known/jwks.json"
    scripted.answers[keys] = Answer(body=scripted.pool.jwk_set)
    client = scripted.client(scripted.verifier(jwks=None))
    call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)
    scripted.pool.rotate_key()
    scripted.answers[keys] = Answer(status=500)

    error = failure(call, client, "code")

    assert (error.code, error.retryable, error.is_code_spent) == ("sign_in_unavailable", True, True)
