"""Tokens of load balancers: what is accepted, and what each trap of other libraries is answered with."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from cognito_jwt_core import (
    AlbClaims,
    AlbVerifier,
    AlgorithmNotAllowedError,
    ConfigurationError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidSignerError,
    InvalidTokenError,
    MalformedTokenError,
    MissingClaimError,
    RevocationList,
    RevocationsUnavailableError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenRevokedError,
    UnknownKeyError,
    UserPool,
)
from cognito_jwt_core.testing import ABSENT, LocalLoadBalancer, LocalUserPool, ManualClock

Verify = Callable[[AlbVerifier, str], AlbClaims]
Make = Callable[..., AlbVerifier]

OTHER_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/other/1111111111111111"
UUID = "4f1c0b7e-0000-4000-8000-000000000000"


def refused(verify: Verify, verifier: AlbVerifier, token: str, error: type[InvalidTokenError]) -> Any:
    """The error of a token, which is the same for one that is not new."""
    with pytest.raises(InvalidTokenError) as first:
        verify(verifier, token)
    with pytest.raises(InvalidTokenError) as second:
        verify(verifier, token)
    assert (type(first.value), type(second.value)) == (error, error)
    return first.value


# Refusals. In each test one thing is wrong with the token.


def test_padding_stripped_afterwards_breaks_the_signature(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    token = balancer.token()
    assert token.split(".")[2].endswith("==")

    refused(verify, alb, token.replace("=", ""), InvalidSignatureError)

    assert verify(alb, token).username == "alice"


def test_mixed_padding_is_malformed(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    padded = next(token for n in range(9) if "=" in (token := balancer.token(name="x" * n)).split(".")[1])
    head, body, tail = padded.split(".")

    for mixed in (
        f"{head}.{body.rstrip('=')}.{tail}",
        f"{head}.{body}.{tail.rstrip('=')}",
        f"{head}.{body}.{tail[:-1]}",
        f"{head}.{body}.{tail}=",
        f"{head}.{body}=.{tail}",
        f"{head}=.{body}.{tail}",
        f"{head}.{body}.{tail[:-3]}==={tail[-3:]}",
    ):
        refused(verify, alb, mixed, MalformedTokenError)
    assert verify(alb, padded).username == "alice"
    assert balancer.requests == 1


def test_token_without_any_padding_that_was_signed_so_is_accepted(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    """Its header and payload need none, so the signature is over the same text."""
    token = next(
        token
        for spaces in range(400)
        if "=" not in (token := balancer.token(header={"x": "x" * (spaces % 20)}, name="x" * (spaces // 20)))[:-2]
    )

    assert verify(alb, token).username == "alice"
    assert verify(alb, token[:-2]).username == "alice"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "e30=.e30=", "e30=.e30=.AA==.AA==", "e30=.e30=.!!==", "é", "W10=.e30=.AA=="]
)
def test_other_text_is_malformed(alb: AlbVerifier, verify: Verify, text: str) -> None:
    refused(verify, alb, text, MalformedTokenError)


def test_payload_that_is_not_an_object_is_malformed_after_the_signature(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    assert refused(verify, alb, balancer.sign(balancer.header, []), MalformedTokenError).is_authentic


@pytest.mark.parametrize("kid", ["x", "", UUID + "/", "../" + UUID, UUID + "\n", UUID[:-1], ABSENT, 7, None])
def test_kid_that_is_not_a_uuid_is_malformed_and_never_fetched(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, kid: object
) -> None:
    refused(verify, alb, balancer.token(header={"kid": kid}), MalformedTokenError)

    assert balancer.requests == 0


def test_crit_is_refused(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    refused(verify, alb, balancer.token(header={"crit": ["exp"]}), MalformedTokenError)


@pytest.mark.parametrize("alg", ["RS256", "none", "HS256", "ES384", "es256", ABSENT])
def test_other_algorithms_are_refused(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, alg: object
) -> None:
    refused(verify, alb, balancer.token(header={"alg": alg}), AlgorithmNotAllowedError)

    assert balancer.requests == 0


@pytest.mark.parametrize(
    ("header", "error", "claim"),
    [
        ({"signer": OTHER_ARN}, InvalidSignerError, "signer"),
        ({"signer": ABSENT}, InvalidSignerError, "signer"),
        ({"signer": [OTHER_ARN]}, InvalidSignerError, "signer"),
        ({"client": "other"}, InvalidClientError, "client"),
        ({"client": ABSENT}, InvalidClientError, "client"),
        ({"client": 7}, InvalidClientError, "client"),
        ({"iss": "https://other.example"}, InvalidIssuerError, "iss"),
        ({"iss": ABSENT}, InvalidIssuerError, "iss"),
        ({"iss": {}}, InvalidIssuerError, "iss"),
        ({"exp": 1_700_000_000}, TokenExpiredError, "exp"),
        ({"exp": "1800000000"}, InvalidClaimError, "exp"),
        ({"exp": True}, InvalidClaimError, "exp"),
        ({"exp": None}, InvalidClaimError, "exp"),
    ],
)
def test_header_is_compared_before_a_key_is_fetched(
    alb: AlbVerifier,
    balancer: LocalLoadBalancer,
    verify: Verify,
    header: dict[str, object],
    error: type[InvalidClaimError],
    claim: str,
) -> None:
    refusal = refused(verify, alb, balancer.token(header=header), error)

    assert (refusal.claim, refusal.actual, refusal.is_authentic) == (claim, None, False)
    assert balancer.requests == 0


def test_header_exp_in_the_past_counts_although_the_claims_have_none(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    token = balancer.token(exp=ABSENT)
    assert verify(alb, token).expires_at == datetime.fromtimestamp(clock.time() + 120, timezone.utc)

    clock.advance(120)

    refused(verify, alb, token, TokenExpiredError)


def test_exp_of_the_claims_counts_although_the_header_has_none(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    token = balancer.token(header={"exp": ABSENT})
    assert verify(alb, token).username == "alice"

    clock.advance(120)

    assert refused(verify, alb, token, TokenExpiredError).is_authentic


def test_token_without_any_exp_is_refused(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    token = balancer.token(header={"exp": ABSENT}, exp=ABSENT)

    assert refused(verify, alb, token, MissingClaimError).claim == "exp"


def test_exp_of_header_and_claims_must_be_equal(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    refusal = refused(verify, alb, balancer.token(exp=1_800_000_000), InvalidClaimError)

    assert (refusal.claim, refusal.actual, refusal.is_authentic) == ("exp", 1_800_000_000, True)


def test_iss_of_header_and_claims_must_be_equal(
    make_alb: Make, balancer: LocalLoadBalancer, verify: Verify, pool: LocalUserPool
) -> None:
    """Also where each of them is an issuer of the pool."""
    user_pool = UserPool(pool.id)
    updated = list(user_pool.jwks_uris)[1]
    verifier = make_alb(issuer=user_pool)

    for issuer in (updated, "https://other.example"):
        refusal = refused(verify, verifier, balancer.token(iss=issuer), InvalidIssuerError)
        assert (refusal.expected, refusal.actual, refusal.is_authentic) == (pool.issuer, issuer, True)
    assert verify(verifier, balancer.token(header={"iss": updated}, iss=updated)).issuer == updated


@pytest.mark.parametrize(("claim", "value"), [("sub", ABSENT), ("iss", ABSENT)])
def test_token_without_sub_or_iss_in_its_claims_is_refused(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, claim: str, value: object
) -> None:
    refusal = refused(verify, alb, balancer.token(claims={claim: value}), MissingClaimError)

    assert (refusal.claim, refusal.is_authentic) == (claim, True)


@pytest.mark.parametrize(("claim", "value"), [("sub", ""), ("sub", 7), ("iat", "x"), ("nbf", "x")])
def test_claims_of_a_wrong_type_are_refused(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, claim: str, value: object
) -> None:
    assert refused(verify, alb, balancer.token(claims={claim: value}), InvalidClaimError).claim == claim


def test_nbf_counts_where_there_is_one(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    refused(verify, alb, balancer.token(nbf=1_700_000_060), TokenNotYetValidError)


def test_another_balancer_of_the_region_is_refused(
    alb: AlbVerifier, pool: LocalUserPool, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    """Its keys are at the same endpoint, for every account."""
    other = LocalLoadBalancer(pool, arn=OTHER_ARN)

    refused(verify, alb, other.token(), InvalidSignerError)
    refused(verify, alb, other.token(header={"signer": balancer.arn, "kid": balancer.kid}), InvalidSignatureError)


def test_expiry_counts_on_each_answer_with_leeway(
    make_alb: Make, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    verifier, token = make_alb(leeway=5), balancer.token()
    clock.advance(124)
    assert verify(verifier, token).username == verify(verifier, token).username == "alice"

    clock.advance(1)

    refused(verify, verifier, token, TokenExpiredError)


# What is accepted


def test_claims_of_a_token(alb: AlbVerifier, balancer: LocalLoadBalancer, pool: LocalUserPool, verify: Verify) -> None:
    token = balancer.token("bob", email="bob@example.org", custom={"nested": ["x"]})

    for claims in (verify(alb, token), verify(alb, token)):
        assert isinstance(claims, AlbClaims)
        assert claims.sub == claims["sub"] == pool.access_claims("bob")["sub"]
        assert (claims.username, claims.email, claims.email_verified) == ("bob", "bob@example.org", True)
        assert (claims.signer, claims.client_id, claims.issuer) == (balancer.arn, pool.client_id, pool.issuer)
        assert claims.expires_at == datetime.fromtimestamp(1_700_000_120, timezone.utc)
        assert re.fullmatch("<AlbClaims [0-9a-f]{16}>", repr(claims))
        assert repr(claims) != repr(verify(alb, balancer.token("alice")))
        claims["custom"]["nested"].append("y")  # type: ignore[index]
        with pytest.raises(MissingClaimError):
            claims["cognito:groups"]
    assert verify(alb, token)["custom"] == {"nested": ["x"]}
    assert balancer.requests == 1


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), (True, True), ("false", False), (False, False), (1, False), (ABSENT, False)]
)
def test_email_verified_is_a_bool(alb: AlbVerifier, balancer: LocalLoadBalancer, value: object, expected: bool) -> None:
    assert alb.verify(balancer.token(email_verified=value)).email_verified is expected


def test_claims_are_a_dict_like_any_other(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    claims = alb.verify(balancer.token(email=7, username=ABSENT))  # type: ignore[arg-type]

    assert (claims.username, claims.email) == (None, None)
    for other in (copy.copy(claims), copy.deepcopy(claims), claims.copy(), pickle.loads(pickle.dumps(claims))):  # noqa: S301
        assert (type(other), other, other.signer) == (AlbClaims, claims, balancer.arn)
    assert json.loads(json.dumps(claims)) == claims


def test_any_client_where_that_was_said(make_alb: Make, balancer: LocalLoadBalancer, verify: Verify) -> None:
    verifier = make_alb(client_id=None)

    assert verify(verifier, balancer.token(header={"client": "other"})).client_id == "other"
    assert verify(verifier, balancer.token(header={"client": ABSENT}, client_id="of the claims")).client_id is None


def test_several_balancers_and_clients(make_alb: Make, balancer: LocalLoadBalancer, verify: Verify) -> None:
    verifier = make_alb(load_balancer_arn=[OTHER_ARN, balancer.arn], client_id=["other", "abcdef123456"])

    for header in ({}, {"signer": OTHER_ARN, "client": "other"}):
        assert verify(verifier, balancer.token(header=header)).username == "alice"
    refused(verify, verifier, balancer.token(header={"signer": OTHER_ARN[:-1] + "2"}), InvalidSignerError)


def test_issuer_is_compared_exactly(make_alb: Make, balancer: LocalLoadBalancer, verify: Verify) -> None:
    issuer = "https://tenant.eu.auth0.com/"
    verifier = make_alb(issuer=issuer)

    assert verify(verifier, balancer.token(header={"iss": issuer}, iss=issuer)).issuer == issuer
    refused(verify, verifier, balancer.token(header={"iss": issuer[:-1]}, iss=issuer[:-1]), InvalidIssuerError)


def test_token_may_be_bytes(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    assert alb.verify(balancer.token().encode()).username == "alice"


def test_nothing_is_remembered_with_a_cache_of_none(make_alb: Make, balancer: LocalLoadBalancer) -> None:
    verifier, token = make_alb(cache_size=0), balancer.token()
    verifier.verify(token)
    verifier.verify(token)

    assert verifier.stats.remembered == 0


def test_answers_are_counted(alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify) -> None:
    token = balancer.token()
    verify(alb, token)
    verify(alb, token)
    refused(verify, alb, balancer.token(header={"kid": UUID}), UnknownKeyError)

    stats = alb.stats
    assert (stats.accepted, stats.remembered, stats.unavailable) == (2, 1, 0)
    assert (dict(stats.refused), stats.fetches, stats.fetch_failures) == ({"unknown_key": 2}, 2, 0)


# Revocations


def test_revoked_user_client_and_what_cannot_be_told(
    make_alb: Make, balancer: LocalLoadBalancer, pool: LocalUserPool, clock: ManualClock, verify: Verify
) -> None:
    revocations = RevocationList(clock=clock)
    verifier, token, other = make_alb(revocations=revocations), balancer.token("alice"), balancer.token("bob")
    sub = verify(verifier, token).sub

    revocations.revoke_user(pool.issuer, sub)

    assert refused(verify, verifier, token, TokenRevokedError).is_authentic
    refused(verify, verifier, balancer.token("alice", expires_in=60), TokenRevokedError)
    assert verify(verifier, other).username == "bob"
    revocations.revoke_client(pool.issuer, pool.client_id)
    refused(verify, verifier, other, TokenRevokedError)


def test_revocations_that_do_not_answer(make_alb: Make, balancer: LocalLoadBalancer, verify: Verify) -> None:
    class Down:
        def is_revoked(self, claims: object) -> bool:
            raise OSError

    with pytest.raises(RevocationsUnavailableError):
        verify(make_alb(revocations=Down()), balancer.token())


# How it is set up


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"load_balancer_arn": None}, "load_balancer_arn"),
        ({"load_balancer_arn": []}, "load_balancer_arn"),
        ({"load_balancer_arn": ""}, "load_balancer_arn"),
        ({"load_balancer_arn": OTHER_ARN + "/"}, "load_balancer_arn"),
        ({"load_balancer_arn": OTHER_ARN.replace("/app/", "/net/")}, "load_balancer_arn"),
        ({"load_balancer_arn": f"{OTHER_ARN},{OTHER_ARN}"}, "load_balancer_arn"),
        ({"load_balancer_arn": [OTHER_ARN, "x"]}, "load_balancer_arn"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": ()}, "client_id"),
        ({"issuer": "eu-central-1_testpool"}, "issuer"),
        ({"issuer": 7}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"keys_url": "http://keys.example"}, "keys_url"),
        ({"keys_url": "https://keys.example/?kid="}, "keys_url"),
        ({"keys_url": "https://keys.example/#"}, "keys_url"),
        ({"keys_url": 7}, "keys_url"),
        ({"leeway": -1}, "leeway"),
        ({"key_settings": 7}, "key_settings"),
        ({"session": 7}, "session"),
        ({"clock": 7}, "clock"),
        ({"cache_size": -1}, "cache_size"),
        ({"revocations": 7}, "revocations"),
    ],
)
def test_invalid_options_are_named(make_alb: Make, options: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        make_alb(**options)

    assert named in str(refusal.value)


def arn(region: str, partition: str = "aws", name: str = "web") -> str:
    return f"arn:{partition}:elasticloadbalancing:{region}:123456789012:loadbalancer/app/{name}/50dc6c495c0c9188"


@pytest.mark.parametrize(
    ("arns", "url"),
    [
        (arn("eu-central-1"), "https://public-keys.auth.elb.eu-central-1.amazonaws.com"),
        ([arn("us-east-1"), arn("us-east-1", name="b")], "https://public-keys.auth.elb.us-east-1.amazonaws.com"),
        (
            arn("us-gov-west-1", "aws-us-gov"),
            "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1",
        ),
        (
            arn("us-gov-east-1", "aws-us-gov"),
            "https://s3-us-gov-east-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-east-1",
        ),
    ],
)
def test_keys_are_at_the_endpoint_of_the_region(make_alb: Make, arns: str | list[str], url: str) -> None:
    verifier = make_alb(load_balancer_arn=arns, keys_url=None)

    assert verifier.keys_url == url


@pytest.mark.parametrize(
    "arns",
    [
        arn("cn-north-1", "aws-cn"),
        arn("eusc-de-east-1", "aws-eusc"),
        arn("us-iso-east-1", "aws-iso"),
        arn("us-isob-east-1", "aws-iso-b"),
        arn("cn-north-1", "aws"),
        arn("eu-central-1", "aws-us-gov"),
        [arn("eu-central-1"), arn("eu-west-1")],
    ],
)
def test_other_partitions_and_several_regions_need_a_url(make_alb: Make, arns: str | list[str]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        make_alb(load_balancer_arn=arns, keys_url=None)
    assert "keys_url" in str(refusal.value)

    assert make_alb(load_balancer_arn=arns, keys_url="https://keys.example/elb/").keys_url == "https://keys.example/elb"


def test_repr_names_the_balancers(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    assert repr(alb) == f"<AlbVerifier of {balancer.arn}>"
