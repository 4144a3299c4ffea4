"""Each rule by itself. test_verifier.py tests that the verifier applies them, and in which order."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from cognito_jwt_core import (
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenUseError,
    MissingClaimError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenUse,
)
from cognito_jwt_core.cognito.pool_policy import TokenPolicy
from cognito_jwt_core.cognito.rules import check_audience, check_client, check_token_use
from cognito_jwt_core.jwt.rules import (
    check_expiration,
    check_issued_at,
    check_issuer,
    check_not_before,
    check_subject,
    validity_period,
)
from cognito_test_kit.messages import Messages

NOW = 1_700_000_000.0
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
OTHER = "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
POLICY = TokenPolicy(
    issuers=frozenset({ISSUER, OTHER}),
    token_use="access",
    client_ids=frozenset({"one", "two"}),
    audiences=frozenset({"https://api.example"}),
    leeway=0,
    check_expiration=True,
)
NO_TIMES: list[object] = [
    None,
    "1700003600",
    True,
    [1],
    {},
    253_402_300_800,
    1e300,
    10**400,
    float("nan"),
    float("inf"),
    -float("inf"),
]
NO_TEXTS: list[object] = [None, 1, 1.5, True, ["x"], {"x": 1}]


@pytest.mark.parametrize("issuer", [ISSUER, OTHER])
def test_issuer_of_the_pool_passes(issuer: str) -> None:
    check_issuer({"iss": issuer}, POLICY, NOW)


@pytest.mark.parametrize(
    "issuer", ["", ISSUER + "/", ISSUER[:-1], ISSUER.upper(), "x" + ISSUER, ISSUER.replace("a", "\u0430"), "x" * 200]
)
def test_issuer_is_compared_exactly(messages: Messages, issuer: str) -> None:
    """Not as a part of another (CVE-2024-53861), nor as a URL."""
    with messages.raises(InvalidIssuerError) as caught:
        check_issuer({"iss": issuer}, POLICY, NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == ("iss", f"{ISSUER} or {OTHER}", issuer)


def test_issuer_must_be_there(messages: Messages) -> None:
    with messages.raises(MissingClaimError):
        check_issuer({}, POLICY, NOW)


@pytest.mark.parametrize("value", NO_TEXTS)
@pytest.mark.parametrize("claim", ["iss", "token_use", "client_id"])
def test_text_of_another_type_is_an_invalid_claim(messages: Messages, claim: str, value: object) -> None:
    claims = {"iss": ISSUER, "exp": NOW + 1, "token_use": "access", "sub": "x", "client_id": "one"} | {claim: value}

    with messages.raises(InvalidClaimError) as caught:
        POLICY.check(claims, NOW)

    assert type(caught.value) is InvalidClaimError
    assert (caught.value.claim, caught.value.expected) == (claim, "a str")
    assert repr(caught.value.actual) == repr(value)


@pytest.mark.parametrize("value", [*NO_TEXTS, ""])
def test_subject_must_be_a_text_that_is_not_empty(value: object) -> None:
    with pytest.raises(InvalidClaimError) as caught:
        check_subject({"sub": value}, POLICY, NOW)

    assert type(caught.value) is InvalidClaimError
    assert (caught.value.claim, caught.value.expected) == ("sub", "a str that is not empty")
    assert repr(caught.value.actual) == repr(value)


def test_token_expires_with_the_second_named_by_exp() -> None:
    check_expiration({"exp": NOW + 1}, POLICY, NOW)
    check_expiration({"exp": NOW}, POLICY, NOW - 0.001)

    for late in (0, 0.001, 3600):
        with pytest.raises(TokenExpiredError):
            check_expiration({"exp": NOW}, POLICY, NOW + late)


def test_leeway_moves_the_end(messages: Messages) -> None:
    policy = replace(POLICY, leeway=60)

    check_expiration({"exp": NOW - 59.5}, policy, NOW)
    with messages.raises(TokenExpiredError) as caught:
        check_expiration({"exp": NOW - 60}, policy, NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == ("exp", NOW, NOW - 60)


def test_end_must_be_there_and_be_a_time(messages: Messages) -> None:
    with messages.raises(MissingClaimError):
        check_expiration({}, POLICY, NOW)
    for value in NO_TIMES:
        with messages.raises(InvalidClaimError):
            check_expiration({"exp": value}, POLICY, NOW)


def test_without_check_of_expiration_any_time_passes_and_none_is_needed() -> None:
    policy = replace(POLICY, check_expiration=False)

    check_expiration({}, policy, NOW)
    check_expiration({"exp": NOW - 3600}, policy, NOW)
    check_expiration({"exp": NOW}, policy, NOW)
    for value in NO_TIMES:
        with pytest.raises(InvalidClaimError):
            check_expiration({"exp": value}, policy, NOW)


def test_token_begins_with_the_second_named_by_nbf() -> None:
    check_not_before({"nbf": NOW}, POLICY, NOW)
    check_not_before({"nbf": NOW - 0.001}, POLICY, NOW)
    check_not_before({}, POLICY, NOW)

    for early in (0.001, 1, 3600):
        with pytest.raises(TokenNotYetValidError):
            check_not_before({"nbf": NOW + early}, POLICY, NOW)


def test_leeway_moves_the_beginning(messages: Messages) -> None:
    policy = replace(POLICY, leeway=60)

    check_not_before({"nbf": NOW + 60}, policy, NOW)
    with messages.raises(TokenNotYetValidError) as caught:
        check_not_before({"nbf": NOW + 61}, policy, NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == ("nbf", NOW, NOW + 61)


def test_beginning_counts_without_check_of_expiration_too() -> None:
    with pytest.raises(TokenNotYetValidError):
        check_not_before({"nbf": NOW + 1}, replace(POLICY, check_expiration=False), NOW)


@pytest.mark.parametrize("value", NO_TIMES)
@pytest.mark.parametrize(("claim", "rule"), [("nbf", check_not_before), ("iat", check_issued_at)])
def test_time_that_is_there_must_be_one(messages: Messages, claim: str, rule: type, value: object) -> None:
    with messages.raises(InvalidClaimError) as caught:
        rule({claim: value}, POLICY, NOW)

    assert type(caught.value) is InvalidClaimError
    assert repr(caught.value.actual) == repr(value)


@pytest.mark.parametrize("issued_at", [NOW, NOW - 1e9, NOW + 1e9, 0, -1, 0.5])
def test_time_of_issue_is_no_reason_to_refuse(issued_at: float) -> None:
    check_issued_at({"iat": issued_at}, POLICY, NOW)
    check_issued_at({}, POLICY, NOW)


@pytest.mark.parametrize(("wanted", "found"), [("access", "access"), ("id", "id"), (None, "access"), (None, "id")])
def test_token_use_that_is_wanted_passes(wanted: TokenUse, found: str) -> None:
    check_token_use({"token_use": found}, replace(POLICY, token_use=wanted), NOW)


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("access", "id", "access"),
        ("id", "access", "id"),
        ("access", "ACCESS", "access"),
        ("access", "", "access"),
        (None, "refresh", "access or id"),
        (None, "", "access or id"),
        (None, "access ", "access or id"),
        (None, "acces", "access or id"),
    ],
)
def test_other_token_use_is_refused(messages: Messages, wanted: TokenUse, found: str, expected: str) -> None:
    with messages.raises(InvalidTokenUseError) as caught:
        check_token_use({"token_use": found}, replace(POLICY, token_use=wanted), NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == ("token_use", expected, found)


def test_token_use_must_be_there(messages: Messages) -> None:
    with messages.raises(MissingClaimError):
        check_token_use({}, replace(POLICY, token_use=None), NOW)


def test_subject_must_be_there(messages: Messages) -> None:
    check_subject({"sub": "x"}, POLICY, NOW)
    with messages.raises(MissingClaimError):
        check_subject({}, POLICY, NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "access", "client_id": "one"},
        {"token_use": "access", "client_id": "two", "aud": "other"},
        {"token_use": "id", "aud": "one"},
        {"token_use": "id", "aud": "two", "client_id": "other"},
    ],
)
def test_token_of_one_of_the_clients_passes(claims: Mapping[str, object]) -> None:
    check_client(claims, POLICY, NOW)


@pytest.mark.parametrize(
    ("claims", "claim", "found"),
    [
        ({"token_use": "access", "client_id": "three", "aud": "one"}, "client_id", "three"),
        ({"token_use": "access", "client_id": "ONE"}, "client_id", "ONE"),
        ({"token_use": "access", "client_id": "on"}, "client_id", "on"),
        ({"token_use": "access", "client_id": ""}, "client_id", ""),
        ({"token_use": "id", "aud": "three", "client_id": "one"}, "aud", "three"),
        ({"token_use": "id", "aud": "one,two"}, "aud", "one,two"),
    ],
)
def test_token_of_another_client_is_refused(
    messages: Messages, claims: Mapping[str, object], claim: str, found: str
) -> None:
    with messages.raises(InvalidClientError) as caught:
        check_client(claims, POLICY, NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == (claim, "one or two", found)


@pytest.mark.parametrize(
    ("claims", "claim"),
    [({"token_use": "access", "aud": "one"}, "client_id"), ({"token_use": "id", "client_id": "one"}, "aud")],
)
def test_client_must_be_there_when_one_is_wanted(messages: Messages, claims: Mapping[str, object], claim: str) -> None:
    with messages.raises(MissingClaimError):
        check_client(claims, POLICY, NOW)

    check_client(claims, replace(POLICY, client_ids=None), NOW)


@pytest.mark.parametrize("audience", [["one"], {"one": 1}, None, 1])
def test_audience_of_an_id_token_is_one_text(messages: Messages, audience: object) -> None:
    with messages.raises(InvalidClaimError):
        check_client({"token_use": "id", "aud": audience}, POLICY, NOW)


@pytest.mark.parametrize(
    "audience",
    ["https://api.example", ["https://api.example"], ["x", "https://api.example"], "one", ["one"], ["x", "one"]],
)
def test_audience_that_names_this_api_or_its_client_passes(audience: object) -> None:
    check_audience({"token_use": "access", "client_id": "one", "aud": audience}, POLICY, NOW)


@pytest.mark.parametrize(
    "audience",
    [
        "",
        "https://api.example/",
        "https://api",
        "https://API.example",
        "two",
        [],
        ["two"],
        ["https://api.example/", ""],
    ],
)
def test_other_audience_is_refused(messages: Messages, audience: object) -> None:
    """Another of the wanted clients is no audience either: the token's own is (RFC 7519 section 4.1.3)."""
    with messages.raises(InvalidAudienceError) as caught:
        check_audience({"token_use": "access", "client_id": "one", "aud": audience}, POLICY, NOW)

    assert (caught.value.claim, caught.value.expected, caught.value.actual) == ("aud", "https://api.example", audience)


def test_without_audience_the_client_itself_is_the_only_one(messages: Messages) -> None:
    policy = replace(POLICY, audiences=None)

    check_audience({"token_use": "access", "client_id": "one", "aud": "one"}, policy, NOW)
    with messages.raises(InvalidAudienceError):
        check_audience({"token_use": "access", "client_id": "one", "aud": "https://api.example"}, policy, NOW)


@pytest.mark.parametrize("audience", [[], ["x"], "x"])
def test_audience_without_any_client_is_not_met_by_its_absence(audience: object) -> None:
    with pytest.raises(InvalidAudienceError):
        check_audience({"token_use": "access", "aud": audience}, replace(POLICY, audiences=None), NOW)


@pytest.mark.parametrize("audience", [None, 1, True, {"one": 1}, [1], ["https://api.example", None], [["one"]]])
def test_audience_of_the_wrong_type_is_refused(messages: Messages, audience: object) -> None:
    with messages.raises(InvalidClaimError) as caught:
        check_audience({"token_use": "access", "client_id": "one", "aud": audience}, POLICY, NOW)

    assert type(caught.value) is InvalidClaimError
    assert caught.value.actual == audience


def test_several_audiences_are_all_named(messages: Messages) -> None:
    policy = replace(POLICY, audiences=frozenset({"b", "a"}))

    with messages.raises(InvalidAudienceError):
        check_audience({"token_use": "access", "client_id": "one", "aud": "x"}, policy, NOW)


def test_audience_is_asked_of_access_tokens_that_carry_one() -> None:
    check_audience({"token_use": "access", "client_id": "one"}, POLICY, NOW)
    check_audience({"token_use": "id", "aud": "x"}, POLICY, NOW)


def test_rules_are_asked_in_order_up_to_the_first_that_is_broken() -> None:
    claims: dict[str, object] = {}
    repairs: list[tuple[str, object]] = [
        ("iss", ISSUER),
        ("exp", NOW + 1),
        ("nbf", NOW),
        ("iat", NOW),
        ("token_use", "access"),
        ("sub", "x"),
        ("client_id", "one"),
        ("aud", "one"),
    ]
    claims = {"nbf": "x", "iat": "x", "aud": 1}

    for claim, value in repairs:
        with pytest.raises(InvalidClaimError) as caught:
            POLICY.check(claims, NOW)
        assert caught.value.claim == claim
        claims[claim] = value

    POLICY.check(claims, NOW)


@pytest.mark.parametrize("leeway", [0, 2.5])
@pytest.mark.parametrize(
    "claims", [{"exp": NOW + 60}, {"exp": NOW + 60, "nbf": NOW - 60}, {"exp": NOW + 0.5, "nbf": NOW}]
)
def test_validity_period_is_when_the_rules_of_time_pass(claims: Mapping[str, float], leeway: float) -> None:
    policy = replace(POLICY, leeway=leeway)

    begins, ends = validity_period(claims, policy)

    for moment in {at + shift for at in claims.values() for shift in (-61, -2.5, -0.001, 0, 0.001, 2.5, 61)}:
        try:
            check_expiration(claims, policy, moment)
            check_not_before(claims, policy, moment)
        except (TokenExpiredError, TokenNotYetValidError):
            assert not begins <= moment < ends
        else:
            assert begins <= moment < ends


def test_validity_period_without_check_of_expiration_has_no_end() -> None:
    policy = replace(POLICY, check_expiration=False)

    assert validity_period({"exp": NOW}, policy) == validity_period({}, policy) == (-math.inf, math.inf)
