"""`require_audience`: an access token must name this API, as RFC 8707 and MCP ask."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError, InvalidAudienceError, InvalidClaimError
from cognito_jwt_core.testing import ABSENT, LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages

API = "https://api.example.com/mcp"
MakeVerifier = Callable[..., CognitoVerifier]


@pytest.fixture
def make_verifier(pool: LocalUserPool, clock: ManualClock) -> MakeVerifier:
    def make(**options: Any) -> CognitoVerifier:
        values: dict[str, Any] = {"token_use": "access", "audience": API, "require_audience": True, **options}
        return CognitoVerifier(pool.id, client_id=pool.client_id, jwks=pool.jwks, clock=clock, **values)

    return make


@pytest.mark.parametrize("options", [{"audience": None}, {"require_audience": 1}, {"require_audience": None}], ids=str)
def test_audience_that_cannot_be_required_is_refused(
    make_verifier: MakeVerifier, options: Any, messages: Messages
) -> None:
    with messages.raises(ConfigurationError):
        make_verifier(**options)


def test_call_cannot_take_the_audience_away(
    make_verifier: MakeVerifier, pool: LocalUserPool, messages: Messages
) -> None:
    with messages.raises(ConfigurationError):
        make_verifier().verify(pool.access_token(aud=API), audience=None)


@pytest.mark.parametrize("aud", [ABSENT, "abcdef123456", ["abcdef123456"], API + "/", API.upper(), []], ids=repr)
def test_token_that_does_not_name_the_api_is_refused(
    make_verifier: MakeVerifier, pool: LocalUserPool, aud: object, messages: Messages
) -> None:
    with messages.raises(InvalidAudienceError):
        make_verifier().verify(pool.access_token(aud=aud))


@pytest.mark.parametrize("aud", [None, 5, [API, 5], {API: 1}], ids=repr)
def test_audience_of_another_type_is_refused(
    make_verifier: MakeVerifier, pool: LocalUserPool, aud: object, messages: Messages
) -> None:
    with messages.raises(InvalidClaimError):
        make_verifier().verify(pool.access_token(aud=aud))


@pytest.mark.parametrize("aud", [API, [API], ["abcdef123456", API]], ids=repr)
def test_token_that_names_the_api_is_accepted(make_verifier: MakeVerifier, pool: LocalUserPool, aud: object) -> None:
    assert make_verifier().verify(pool.access_token(aud=aud))


def test_call_may_name_another_audience(make_verifier: MakeVerifier, pool: LocalUserPool) -> None:
    verifier, token = make_verifier(), pool.access_token(aud="https://other.example")

    assert verifier.verify(token, audience="https://other.example")
    with pytest.raises(InvalidAudienceError):
        verifier.verify(token)


def test_audience_of_an_id_token_is_its_app_client(make_verifier: MakeVerifier, pool: LocalUserPool) -> None:
    assert make_verifier(token_use="id").verify(pool.id_token())


def test_error_names_the_claim_and_what_was_expected(make_verifier: MakeVerifier, pool: LocalUserPool) -> None:
    with pytest.raises(InvalidAudienceError) as caught:
        make_verifier(audience=[API, "https://other.example"]).verify(pool.access_token())

    assert (caught.value.claim, caught.value.actual) == ("aud", None)
    assert caught.value.expected == f"{API} or https://other.example"
