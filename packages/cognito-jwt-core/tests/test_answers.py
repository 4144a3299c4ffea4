"""The answers to errors, as a client reads them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cognito_jwt_core import (
    AccessDeniedError,
    Answer,
    CognitoJWTError,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidTokenError,
    JWKSUnavailableError,
    ScopeRequiredError,
    SignInError,
    TokenExpiredError,
    UnavailableError,
    answer_for,
    errors,
)
from werkzeug.datastructures import WWWAuthenticate

METADATA = "https://api.example.com/.well-known/oauth-protected-resource/mcp"


def challenge(answer: Answer) -> dict[str, str]:
    """The attributes of the challenge, without the scheme."""
    parsed = WWWAuthenticate.from_header(dict(answer.headers)["WWW-Authenticate"])
    assert parsed is not None
    assert parsed.type == "bearer"
    return {name: str(value) for name, value in parsed.parameters.items()}


def classes(kind: type[CognitoJWTError]) -> Iterator[type[CognitoJWTError]]:
    for sub in kind.__subclasses__():
        if sub.__module__.startswith("cognito_jwt_core"):
            yield sub
            yield from classes(sub)


def made(kind: type[Any], message: str = "expected x, found eyJhbGciOi") -> CognitoJWTError:
    with_claim = issubclass(kind, (errors.InvalidClaimError, errors.ClaimRequiredError))
    error: CognitoJWTError = kind(message, claim="iss") if with_claim else kind(message)
    return error


@pytest.mark.parametrize("error", [ConfigurationError("x"), CognitoJWTError("x"), KeyError("x")], ids=repr)
def test_error_that_no_request_causes_has_no_answer(error: Any) -> None:
    with pytest.raises(TypeError):
        answer_for(error)


@pytest.mark.parametrize(
    "option",
    [
        {"realm": "a\r\nSet-Cookie: x=y"},
        {"realm": ""},
        {"realm": "ü"},
        {"resource_metadata": "https://x\n"},
        {"resource_metadata": 5},
        {"scope": ['a"b']},
        {"scope": ["a b"]},
        {"scope": [5]},
        {"scope": "todo/read \u2028"},
    ],
    ids=str,
)
def test_option_that_cannot_stand_in_a_header_is_refused(option: Any) -> None:
    with pytest.raises(ConfigurationError):
        answer_for(None, **option)


def test_no_token_names_the_scheme_and_no_error() -> None:
    answer = answer_for(None)

    assert answer.status == 401
    assert answer.body["code"] == "authorization_required"
    assert challenge(answer) == {"realm": "Cognito"}


def test_refused_token_is_401_with_invalid_token_and_the_sentence_of_its_code() -> None:
    answer = answer_for(TokenExpiredError("expected later, found 5", claim="exp"), realm='My "API"')

    assert answer.status == 401
    assert answer.body["code"] == "token_expired"
    assert challenge(answer) == {
        "realm": 'My "API"',
        "error": "invalid_token",
        "error_description": answer.body["description"],
    }


def test_denied_token_is_403_and_names_the_scopes_that_can_stand_in_a_header() -> None:
    answer = answer_for(ScopeRequiredError("x", required=("todo/read", "no scope", "todo/write")), scope=["other"])

    assert answer.status == 403
    assert challenge(answer) == {"realm": "Cognito", "error": "insufficient_scope", "scope": "todo/read todo/write"}


def test_missing_group_is_not_told_to_the_client_by_name() -> None:
    answer = answer_for(GroupRequiredError("x", required=("admin",)))

    assert answer.status == 403
    assert "admin" not in str(answer)


@pytest.mark.parametrize("error", [None, InvalidTokenError("x"), SignInError("x", code="session_expired")], ids=repr)
@pytest.mark.parametrize("scope", ["todo/read todo/write", ["todo/read", "todo/write"]], ids=repr)
def test_challenge_of_a_401_says_what_to_ask_for_and_where(error: CognitoJWTError | None, scope: Any) -> None:
    found = challenge(answer_for(error, resource_metadata=METADATA, scope=scope))

    assert (found["scope"], found["resource_metadata"]) == ("todo/read todo/write", METADATA)


def test_challenge_of_a_403_names_the_metadata() -> None:
    assert challenge(answer_for(AccessDeniedError("x"), resource_metadata=METADATA))["resource_metadata"] == METADATA


def test_old_or_weak_sign_in_is_401_with_what_would_be_enough() -> None:
    error = InsufficientAuthenticationError("x", max_age=300, acr_values=("urn:cognito:loa:4", "urn:cognito:loa:3"))

    answer = answer_for(error)

    assert (answer.status, answer.body["code"]) == (401, "insufficient_authentication")
    assert challenge(answer) == {
        "realm": "Cognito",
        "error": "insufficient_user_authentication",
        "max_age": "300",
        "acr_values": "urn:cognito:loa:4 urn:cognito:loa:3",
    }


def test_max_age_of_zero_is_in_the_challenge() -> None:
    found = challenge(answer_for(InsufficientAuthenticationError("x", max_age=0)))

    assert found["max_age"] == "0"
    assert "acr_values" not in found


@pytest.mark.parametrize("kind", [UnavailableError, JWKSUnavailableError])
def test_unavailable_is_503_with_the_time_to_wait_and_no_challenge(kind: type[UnavailableError]) -> None:
    answer = answer_for(kind("x", retry_after=7))

    assert answer.status == 503
    assert answer.headers == (("Retry-After", "7"),)


@pytest.mark.parametrize("code", sorted(errors.SIGN_IN_STATUSES))
def test_sign_in_is_answered_by_its_status(code: str) -> None:
    error = SignInError("the reason", code=code, retry_after=3)

    answer = answer_for(error)

    assert (answer.status, answer.body["code"]) == (error.status, code)
    assert [name for name, _ in answer.headers] == {401: ["WWW-Authenticate"], 503: ["Retry-After"]}.get(
        error.status, []
    )


@pytest.mark.parametrize("kind", sorted({*classes(CognitoJWTError)} - {SignInError, ConfigurationError}, key=str))
def test_every_error_has_a_sentence_of_its_own_and_tells_nothing_of_the_request(kind: type[CognitoJWTError]) -> None:
    answer = answer_for(made(kind))

    assert answer.body["code"] == kind.code
    assert re.fullmatch(r"[A-Z][^\n]+\.", str(answer.body["description"]))
    assert "eyJ" not in json.dumps(answer)


def test_error_of_the_apps_own_keeps_its_code_and_has_the_sentence_of_its_base() -> None:
    class TenantSuspendedError(TokenExpiredError):
        code = "tenant_suspended"

    answer = answer_for(TenantSuspendedError("x", claim="custom:tenant"))

    assert answer.body["code"] == "tenant_suspended"
    assert answer.body["description"] == answer_for(TokenExpiredError("x", claim="exp")).body["description"]
