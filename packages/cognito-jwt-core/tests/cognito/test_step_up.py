"""Demands on the sign-in: how long ago, and at which level (RFC 9470). They are judged anew on every answer."""

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest
from cognito_jwt_core import (
    AccessDeniedError,
    Claims,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    TokenExpiredError,
    answer_for,
)
from cognito_jwt_core.testing import ABSENT, LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages

NOW = 1_700_000_000
TOTP, PASSKEY, PASSWORD = "urn:cognito:loa:4", "urn:cognito:loa:3", "urn:cognito:loa:1"


@pytest.mark.parametrize("option", [{"max_age": -1}, {"max_age": 1.5}, {"max_age": True}, {"max_age": "300"}], ids=str)
def test_age_that_is_none_is_refused(
    verifier: CognitoVerifier, pool: LocalUserPool, option: Any, messages: Messages
) -> None:
    with messages.raises(ConfigurationError):
        CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, **option)
    with messages.raises(ConfigurationError):
        verifier.verify(pool.access_token(), **option)


@pytest.mark.parametrize(
    "value",
    [[], [""], 4, "one two", [PASSWORD, "line\r\nbreak"], 'quoted"'],
    ids=["none", "empty", "number", "space", "line break", "quote"],
)
def test_level_that_is_none_is_refused(
    verifier: CognitoVerifier, pool: LocalUserPool, value: Any, messages: Messages
) -> None:
    with messages.raises(ConfigurationError):
        verifier.verify(pool.access_token(), acr_values=value)
    with messages.raises(ConfigurationError):
        CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, acr_values=value)


@pytest.mark.parametrize(
    "auth_time",
    [NOW - 301, NOW - 10_000, ABSENT, None, "now", str(NOW), True, [], NOW + 61],
    ids=repr,
)
def test_sign_in_that_is_not_known_to_be_recent_is_not_enough(
    verifier: CognitoVerifier, pool: LocalUserPool, auth_time: object, messages: Messages
) -> None:
    token = pool.access_token(auth_time=auth_time)

    with messages.raises(InsufficientAuthenticationError) as caught:
        verifier.verify(token, max_age=300)
    assert (caught.value.max_age, caught.value.acr_values) == (300, ())
    assert caught.value.is_authentic
    assert verifier.verify(token)


@pytest.mark.parametrize("auth_time", [NOW - 300, NOW, NOW + 60, NOW - 0.5])
def test_recent_sign_in_is_enough(verifier: CognitoVerifier, pool: LocalUserPool, auth_time: float) -> None:
    assert verifier.verify(pool.access_token(auth_time=auth_time), max_age=300)


def test_sign_in_of_a_remembered_token_grows_old(
    verifier: CognitoVerifier, pool: LocalUserPool, clock: ManualClock
) -> None:
    token = pool.access_token()
    verifier.verify(token, max_age=300)
    clock.advance(300)
    verifier.verify(token, max_age=300)
    clock.advance(1)

    with pytest.raises(InsufficientAuthenticationError):
        verifier.verify(token, max_age=300)
    with pytest.raises(InsufficientAuthenticationError):
        asyncio.run(verifier.verify_async(token, max_age=300))


def test_leeway_counts(pool: LocalUserPool, clock: ManualClock) -> None:
    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", leeway=10, max_age=300, jwks=pool.jwks, clock=clock
    )

    assert verifier.verify(pool.access_token(auth_time=NOW - 310))
    with pytest.raises(InsufficientAuthenticationError):
        verifier.verify(pool.access_token(auth_time=NOW - 311))


@pytest.mark.parametrize("acr", [ABSENT, None, PASSWORD, "", TOTP.upper(), [TOTP], 4], ids=repr)
def test_other_level_is_not_enough(
    verifier: CognitoVerifier, pool: LocalUserPool, acr: object, messages: Messages
) -> None:
    with messages.raises(InsufficientAuthenticationError) as caught:
        verifier.verify(pool.access_token(acr=acr), acr_values=[TOTP, PASSKEY])
    assert caught.value.acr_values == (TOTP, PASSKEY)
    with pytest.raises(InsufficientAuthenticationError):
        asyncio.run(verifier.verify_async(pool.access_token(acr=acr), acr_values=[TOTP, PASSKEY]))


@pytest.mark.parametrize("acr", [TOTP, PASSKEY])
def test_each_level_named_is_enough(verifier: CognitoVerifier, pool: LocalUserPool, acr: str) -> None:
    assert verifier.verify(pool.access_token(acr=acr), acr_values=[TOTP, PASSKEY]).acr == acr


def test_level_may_be_one_str(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    assert verifier.verify(pool.id_token(acr=TOTP), acr_values=TOTP, token_use="id")


@pytest.mark.parametrize("demand", [{"max_age": 300}, {"acr_values": TOTP}], ids=str)
def test_app_client_cannot_sign_in_again(
    verifier: CognitoVerifier, pool: LocalUserPool, demand: Any, messages: Messages
) -> None:
    with messages.raises(AccessDeniedError) as caught:
        verifier.verify(pool.client_credentials_token(acr=TOTP), **demand)
    assert answer_for(caught.value).status == 403


def test_expired_token_is_expired_first_and_a_missing_group_comes_last(
    verifier: CognitoVerifier, pool: LocalUserPool
) -> None:
    with pytest.raises(TokenExpiredError):
        verifier.verify(pool.expired_token(), max_age=0)
    with pytest.raises(InsufficientAuthenticationError):
        verifier.verify(pool.access_token(auth_time=1), max_age=300, groups=["admin"])
    with pytest.raises(GroupRequiredError):
        verifier.verify(pool.access_token(), max_age=300, groups=["admin"])


@pytest.fixture
def demanding(pool: LocalUserPool, clock: ManualClock) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id, client_id=None, token_use="access", max_age=300, acr_values=TOTP, jwks=pool.jwks, clock=clock
    )


@pytest.mark.parametrize(
    ("claims", "override"),
    [
        ({"auth_time": NOW - 301, "acr": TOTP}, {"max_age": None}),
        ({"auth_time": NOW - 301, "acr": TOTP}, {"max_age": 600}),
        ({"acr": PASSWORD}, {"acr_values": None}),
        ({"acr": PASSWORD}, {"acr_values": [PASSWORD]}),
        ({"auth_time": ABSENT}, {"max_age": None, "acr_values": None}),
    ],
    ids=str,
)
def test_option_of_a_call_replaces_that_of_the_verifier(
    demanding: CognitoVerifier, pool: LocalUserPool, claims: Any, override: Any
) -> None:
    token = pool.access_token(**claims)

    with pytest.raises(InsufficientAuthenticationError):
        demanding.verify(token)
    assert demanding.verify(token, **override)


def test_claims_of_the_sign_in_have_names(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    claims = verifier.verify(pool.access_token(auth_time=NOW - 5, acr=TOTP, amr=["pwd", "otp"]))

    assert claims.auth_time == datetime.fromtimestamp(NOW - 5, timezone.utc)
    assert (claims.acr, claims.amr) == (TOTP, ("pwd", "otp"))


@pytest.mark.parametrize("amr", [None, "pwd", ["pwd", 5], {"pwd": 1}], ids=repr)
def test_claims_of_another_type_say_nothing(amr: object) -> None:
    claims = Claims({"token_use": "access", "amr": amr, "acr": ["x"], "auth_time": "now"})

    assert (claims.amr, claims.acr, claims.auth_time) == ((), None, None)


@pytest.mark.parametrize("claims", [{"auth_time": 5, "acr": TOTP}, {"acr": PASSWORD}], ids=["age", "level"])
def test_error_says_all_that_would_be_enough(demanding: CognitoVerifier, pool: LocalUserPool, claims: Any) -> None:
    with pytest.raises(InsufficientAuthenticationError) as caught:
        demanding.verify(pool.access_token(**claims))

    assert (caught.value.max_age, caught.value.acr_values) == (300, (TOTP,))
