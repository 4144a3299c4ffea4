"""An explanation says what the verifier says, and every check of it."""

import re
from collections.abc import Callable

import pytest
from cognito_jwt_core import (
    AlbVerifier,
    ClaimRequiredError,
    Claims,
    CognitoJWTError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidTokenUseError,
    RevocationList,
    RevocationsUnavailableError,
    ScopeRequiredError,
    doctor,
    explain_token,
)
from cognito_jwt_core.testing import ABSENT, LocalLoadBalancer, LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages

Make = Callable[..., AlbVerifier]
UUID = "4f1c0b7e-0000-4000-8000-000000000000"


def answer(verifier: AlbVerifier, token: str) -> str | None:
    try:
        verifier.verify(token)
    except CognitoJWTError as error:
        return error.code
    return None


def test_good_token_passes_each_check(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    explanation = explain_token(alb, balancer.token())

    assert (explanation.is_accepted, explanation.origin, explanation.http_status) == (True, "load_balancer", 200)
    assert {step.status for step in explanation.steps} == {"passed"}
    assert [step.check for step in explanation.steps] == [
        *("text", "header", "kid", "signer", "header_iss", "client", "header_exp"),
        *("key", "signature", "same"),
        *("issuer", "expiration", "not_before", "issued_at", "subject"),
    ]


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"alg": "RS256"}, {}),
        ({"crit": ["x"]}, {}),
        ({"kid": "x"}, {}),
        ({"kid": UUID}, {}),
        ({"signer": "x"}, {}),
        ({"client": "x"}, {}),
        ({"iss": "x"}, {}),
        ({"exp": 1}, {}),
        ({}, {"iss": "https://other.example"}),
        ({}, {"exp": 1_800_000_000}),
        ({}, {"sub": ABSENT}),
    ],
)
def test_first_failure_is_what_the_verifier_says(
    alb: AlbVerifier, balancer: LocalLoadBalancer, header: dict[str, object], claims: dict[str, object]
) -> None:
    token = balancer.token(header=header, claims=claims)

    explanation = explain_token(alb, token)

    assert not explanation.is_accepted
    assert explanation.as_dict()["code"] == answer(alb, token)


@pytest.mark.parametrize("header", [{"signer": "x"}, {"client": "x"}, {"iss": "x"}, {"exp": 1}, {"kid": UUID}], ids=str)
def test_no_advice_loosens_a_configuration_for_a_token_that_is_not_proven(
    alb: AlbVerifier, balancer: LocalLoadBalancer, header: dict[str, object]
) -> None:
    advice = explain_token(alb, balancer.token(header=header)).advice

    assert advice
    assert not re.search(r"\b(add|allow|leeway)\b", advice)


def test_other_texts(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    for token in ("x", balancer.token().replace("=", ""), balancer.sign(balancer.header, [])):
        explanation = explain_token(alb, token)
        assert explanation.as_dict()["code"] == answer(alb, token)
        assert explanation.steps[-1].status == "skipped"


def test_revoked_token(make_alb: Make, balancer: LocalLoadBalancer, pool: LocalUserPool, clock: ManualClock) -> None:
    revocations = RevocationList(clock=clock)
    verifier, token = make_alb(revocations=revocations), balancer.token()
    assert explain_token(verifier, token).steps[-1].check == "revocation"

    revocations.revoke_user(pool.issuer, str(pool.access_claims("alice")["sub"]))

    explanation = explain_token(verifier, token)
    assert (explanation.as_dict()["code"], explanation.http_status) == ("token_revoked", 401)


def test_doctor_asks_the_endpoint_of_the_keys(make_alb: Make, balancer: LocalLoadBalancer) -> None:
    (finding,) = doctor(make_alb())
    assert (finding.check, finding.is_good) == ("source", True)
    assert balancer.keys_url in finding.message
    assert balancer.requests == 1

    (finding,) = doctor(make_alb(keys_url="http://127.0.0.1:1/keys"))
    assert (finding.check, finding.is_good) == ("source", False)
    assert finding.advice


# What it says and advises. The words stand in the snapshot of messages.

OTHER_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/other/1111111111111111"
HEADERS: dict[str, tuple[dict[str, object], str]] = {
    "algorithm": ({"alg": "RS256"}, "only with ES256"),
    "kid": ({"kid": "x"}, "x-amzn-oidc-data"),
    "signer": ({"signer": OTHER_ARN}, "COGNITO_ALB_ARN"),
    "client": ({"client": "other"}, "client id"),
    "issuer": ({"iss": "https://other.example"}, "listener"),
    "expired": ({"exp": 1}, "later request"),
    "exp-text": ({"exp": "1"}, "No load balancer"),
    "key": ({"kid": UUID}, "Region"),
}
CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "issuer-differs": ({"iss": "https://other.example"}, "userInfo"),
    "exp-differs": ({"exp": 1_800_000_000}, "userInfo"),
    "no-sub": ({"sub": ABSENT}, "openid"),
    "not-yet": ({"nbf": 4_000_000_000}, "clock is behind"),
    "iat": ({"iat": "x"}, "userInfo"),
}


@pytest.mark.parametrize(("header", "word"), HEADERS.values(), ids=HEADERS)
def test_advice_on_a_header(
    alb: AlbVerifier, balancer: LocalLoadBalancer, messages: Messages, header: dict[str, object], word: str
) -> None:
    explanation = explain_token(alb, balancer.token(header=header))

    assert word in explanation.advice
    assert [step.advice for step in explanation.steps if step.advice] == [explanation.advice]
    messages.show(*explanation.as_text().splitlines())


@pytest.mark.parametrize(("claims", "word"), CLAIMS.values(), ids=CLAIMS)
def test_advice_on_claims(
    alb: AlbVerifier, balancer: LocalLoadBalancer, messages: Messages, claims: dict[str, object], word: str
) -> None:
    explanation = explain_token(alb, balancer.token(claims=claims))

    assert word in explanation.advice
    assert explanation.error is not None
    assert explanation.error.is_authentic
    messages.show(*explanation.as_text().splitlines())


def test_advice_on_the_text(
    alb: AlbVerifier, balancer: LocalLoadBalancer, pool: LocalUserPool, messages: Messages
) -> None:
    token, other = balancer.token(), balancer.token("mallory")
    swapped = ".".join([*token.split(".")[:2], other.rpartition(".")[2]])
    texts: dict[str | bytes, str] = {
        token.replace("=", ""): "padding at the end of each part was removed",
        token.replace("=", "").encode(): "padding at the end of each part was removed",
        swapped: "changed after it was signed",
        f'"{token}"': "whole and unchanged",
        "undefined": "not a load balancer's token",
        pool.access_token(): "not a load balancer's token",
    }
    for text, word in texts.items():
        explanation = explain_token(alb, text)
        assert word in explanation.advice
        messages.show(*explanation.as_text().splitlines())


def test_two_failures_get_one_advice(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    steps = explain_token(alb, balancer.token(header={"signer": OTHER_ARN, "client": "other"})).steps

    assert [step.check for step in steps if step.status == "failed"] == ["signer", "client"]
    assert [step.check for step in steps if step.advice] == ["signer"]


def test_advice_where_nobody_can_tell(
    make_alb: Make, balancer: LocalLoadBalancer, clock: ManualClock, messages: Messages
) -> None:
    class Down:
        def is_revoked(self, claims: object) -> bool:
            raise ConnectionError

    explanation = explain_token(make_alb(revocations=Down()), balancer.token())
    assert isinstance(explanation.error, RevocationsUnavailableError)
    messages.show(explanation.advice)

    balancer.behave(status=500)
    explanation = explain_token(make_alb(), balancer.token())
    assert explanation.http_status == 503
    assert "token may be valid" in explanation.advice
    messages.show(*explanation.as_text().splitlines())


def test_advice_on_a_revoked_user(
    make_alb: Make, balancer: LocalLoadBalancer, pool: LocalUserPool, clock: ManualClock, messages: Messages
) -> None:
    revocations = RevocationList(clock=clock)
    revocations.revoke_user(pool.issuer, str(pool.access_claims("alice")["sub"]))

    explanation = explain_token(make_alb(revocations=revocations), balancer.token())

    assert "when it was issued" in explanation.advice
    messages.show(*explanation.as_text().splitlines())


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (GroupRequiredError("group", required=("admin",)), "x-amzn-oidc-accesstoken"),
        (ScopeRequiredError("scope", required=("read",)), "x-amzn-oidc-accesstoken"),
        (InvalidTokenUseError("token_use", claim="token_use"), "neither an access token"),
        (InsufficientAuthenticationError("max_age", max_age=60), "how the user signed in"),
        (ClaimRequiredError("claim", claim="custom:role", required=("a",)), "userInfo"),
        (CognitoJWTError("own"), ""),
    ],
)
def test_advice_on_what_a_route_demands(
    alb: AlbVerifier, balancer: LocalLoadBalancer, error: CognitoJWTError, word: str, messages: Messages
) -> None:
    def demand(claims: Claims) -> None:
        assert (claims.get("username"), claims.get("signer")) == ("alice", balancer.arn)
        raise error

    explanation = explain_token(alb, balancer.token(), checks={"route": demand})

    assert explanation.error is error
    assert (word in explanation.advice, bool(explanation.advice)) == (True, bool(word))
    messages.show(explanation.advice)
    assert explain_token(alb, balancer.token(), checks={"route": lambda claims: None}).is_accepted


def test_passed_checks_show_what_they_found(make_alb: Make, balancer: LocalLoadBalancer, messages: Messages) -> None:
    token = balancer.token(header={"exp": ABSENT}, nbf=1_000_000_000, iat=1_000_000_000)

    explanation = explain_token(make_alb(client_id=None, revocations=RevocationList()), token)

    assert explanation.is_accepted
    messages.show(*explanation.as_text().splitlines())


def test_doctor_advises_on_a_balancers_own_settings(make_alb: Make, messages: Messages) -> None:
    (finding,) = doctor(make_alb(keys_url="http://127.0.0.1:1/keys"))

    assert "keys_url" in finding.advice
    assert "cognito-jwt jwks" not in finding.advice
    messages.show(finding.advice)
