from __future__ import annotations

from typing import Any

import pytest
from cognito_jwt_core import (
    AccessDeniedError,
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    JWKSUnavailableError,
    KeySettings,
    MultiPoolVerifier,
    explain_token,
)
from cognito_jwt_core.diagnostics.explain import Explanation
from cognito_jwt_core.testing import ABSENT, JWKSServer, LocalUserPool, ManualClock, hostile_tokens

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


def verifier_of(pool: LocalUserPool, **options: object) -> CognitoVerifier:
    settings: dict[str, object] = {"client_id": pool.client_id, "token_use": "access", "jwks": pool.jwks, **options}
    return CognitoVerifier(pool.id, **settings)  # type: ignore[arg-type]


def failed(explanation: Explanation) -> list[str]:
    return [step.check for step in explanation.steps if step.status == "failed"]


def advice(explanation: Explanation) -> str:
    return " ".join(step.advice for step in explanation.steps)


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


@pytest.fixture
def verifier(pool: LocalUserPool) -> CognitoVerifier:
    return verifier_of(pool)


def test_a_good_token_passes_every_check_in_the_order_of_the_verifier(
    pool: LocalUserPool, verifier: CognitoVerifier
) -> None:
    explanation = explain_token(verifier, pool.access_token())

    assert [step.check for step in explanation.steps] == [
        "text",
        "critical",
        "algorithm",
        "kid",
        "key",
        "signature",
        "payload",
        "issuer",
        "expiration",
        "not_before",
        "issued_at",
        "token_use",
        "subject",
        "client",
        "audience",
    ]
    assert {step.status for step in explanation.steps} == {"passed"}
    assert (explanation.is_accepted, explanation.http_status, explanation.error) == (True, 200, None)


@pytest.mark.parametrize(("name", "token", "why"), [pytest.param(*case, id=case[0]) for case in hostile_tokens(POOL)])
def test_the_story_ends_as_the_verifier_judges(name: str, token: str, why: str) -> None:
    verifier = verifier_of(POOL)

    with pytest.raises(CognitoJWTError) as refused:
        verifier.verify(token)
    explanation = explain_token(verifier_of(POOL), token)

    assert explanation.error is not None, why
    assert (explanation.error.code, str(explanation.error)) == (refused.value.code, str(refused.value))
    assert explanation.http_status == 401
    assert next(step.advice for step in explanation.steps if step.status == "failed")


def test_all_failures_are_told_not_the_first_alone(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.expired_token(client_id="another", token_use="id", aud="another", sub=ABSENT)

    explanation = explain_token(verifier, token)

    assert failed(explanation) == ["expiration", "token_use", "subject", "client"]
    assert explanation.error is not None
    assert explanation.error.code == "token_expired"


def test_claims_behind_a_broken_signature_are_told_as_unverified(
    pool: LocalUserPool, verifier: CognitoVerifier
) -> None:
    explanation = explain_token(verifier, pool.badly_signed_token())

    assert failed(explanation) == ["signature"]
    assert [step.message for step in explanation.steps if step.check == "token_use"] == [
        "token_use is 'access' (unverified)"
    ]


@pytest.mark.parametrize("spoil", ["Bearer {}", " {}\n", "{}="])
def test_what_can_be_read_of_a_spoilt_text_is_told_too(pool: LocalUserPool, spoil: str) -> None:
    explanation = explain_token(verifier_of(pool), spoil.format(pool.id_token()))

    assert failed(explanation) == ["text", "token_use"]
    assert explanation.error is not None
    assert explanation.error.code == "malformed_token"


def test_a_token_without_its_signature_is_told_up_to_there(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    explanation = explain_token(verifier, pool.id_token().rpartition(".")[0])

    assert failed(explanation) == ["text", "token_use"]
    assert [step.check for step in explanation.steps if step.status == "skipped"] == ["signature"]


def test_groups_and_scopes_are_asked_where_the_verifier_asks_them(pool: LocalUserPool) -> None:
    verifier = verifier_of(pool, groups=["admin"], scopes=["todo/write"])

    explanation = explain_token(verifier, pool.access_token(groups=["staff"], scopes=["todo/read"]))

    assert failed(explanation) == ["groups", "scopes"]
    assert explanation.http_status == 403


@pytest.mark.parametrize(
    ("token", "words"),
    [
        pytest.param(f"Bearer {POOL.access_token()}", "Give only the token", id="header prefix"),
        pytest.param(POOL.access_token()[:-60], "The end of the token is missing", id="cut off in the signature"),
        pytest.param(POOL.access_token()[:200], "Copy the whole token", id="cut off in the payload"),
        pytest.param(f" {POOL.access_token()}\n", "white space", id="white space"),
        pytest.param(POOL.id_token(), "This is an ID token", id="ID token"),
        pytest.param(
            LocalUserPool("eu-central-1_other").access_token(), "names user pool eu-central-1_other", id="other pool"
        ),
        pytest.param(
            POOL.access_token(iss="https://cognito-idp.us-west-2.amazonaws.com/eu-central-1_testpool"),
            "in Region us-west-2, and you configured eu-central-1",
            id="other region",
        ),
        pytest.param(POOL.access_token(iss="https://id.example.com"), "https://id.example.com", id="other issuer"),
        pytest.param(POOL.sign({**POOL.header, "kid": "old"}, POOL.access_claims()), "rotated", id="rotated key"),
        pytest.param(POOL.access_token(client_id="another"), "another app client", id="other client"),
    ],
)
def test_the_usual_causes_are_named(verifier: CognitoVerifier, token: str, words: str) -> None:
    assert words in advice(explain_token(verifier, token))


def test_an_access_token_where_an_id_token_is_expected_is_named(pool: LocalUserPool) -> None:
    assert "This is an access token" in advice(explain_token(verifier_of(pool, token_use="id"), pool.access_token()))


def test_a_refresh_token_kind_of_token_use_is_advised(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    assert "AccessToken" in advice(explain_token(verifier, pool.access_token(token_use="refresh")))


def test_a_clock_that_is_behind_is_told_in_seconds_though_the_token_passes() -> None:
    clock = ManualClock(1_700_000_000)
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=clock)
    token = pool.access_token()
    clock.set_time(1_700_000_000 - 40)

    explanation = explain_token(verifier_of(pool, clock=clock), token)

    assert explanation.is_accepted
    assert "issued 40 s in the future" in advice(explanation)


def test_bytes_are_explained_too_and_what_is_no_text_is_refused(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    assert explain_token(verifier, pool.access_token().encode()).is_accepted
    assert failed(explain_token(verifier, "\xe9.é.é")) == ["text"]
    assert failed(explain_token(verifier, 5)) == ["text"]  # type: ignore[arg-type]


def test_a_token_of_a_foreign_issuer_is_judged_by_the_pools_keys_also_at_first(pool: LocalUserPool) -> None:
    with pool.serve() as url:
        explanation = explain_token(verifier_of(pool, jwks=url), pool.access_token(iss="https://id.example.com"))

    assert failed(explanation) == ["issuer"]


def test_no_keys_is_told_as_a_trouble_of_the_network(pool: LocalUserPool) -> None:
    with JWKSServer(pool) as server:
        server.behave(status=503)
        verifier = verifier_of(pool, jwks=server.url, key_settings=KeySettings(timeout_seconds=5))

        explanation = explain_token(verifier, pool.access_token())

    assert isinstance(explanation.error, JWKSUnavailableError)
    assert explanation.http_status == 503
    assert failed(explanation) == ["key"]


def test_several_pools_are_explained_by_the_rules_of_the_tokens_own(pool: LocalUserPool) -> None:
    other = LocalUserPool("us-east-1_other", client_id="other")
    verifier = MultiPoolVerifier([verifier_of(pool), verifier_of(other, token_use="id")])

    assert explain_token(verifier, pool.access_token()).is_accepted
    assert failed(explain_token(verifier, other.access_token())) == ["token_use"]
    assert failed(explain_token(verifier, LocalUserPool("eu-west-1_third").access_token())) == ["key"]
    foreign = explain_token(verifier, LocalUserPool("eu-west-1_third").access_token())
    assert foreign.error is not None
    assert foreign.error.code == "invalid_issuer"


def test_the_form_for_machines_is_stable(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    told = explain_token(verifier, pool.id_token()).as_dict()

    assert list(told) == ["accepted", "code", "http_status", "origin", "steps"]
    assert (told["accepted"], told["code"], told["http_status"]) == (False, "invalid_token_use", 401)
    assert told["origin"] == "user_pool"
    steps = told["steps"]
    assert isinstance(steps, list)
    assert {tuple(step) for step in steps} == {("check", "status", "code", "message", "advice")}


@pytest.mark.parametrize("payload", [{}, {"iss": 5}, {"token_use": None}, {"token_use": ["access"], "scope": {}}])
def test_demands_on_a_payload_that_lacks_everything_are_steps_that_fail(pool: LocalUserPool, payload: object) -> None:
    verifier = verifier_of(pool, groups=["admin"], scopes=["todo/read"])

    explanation = explain_token(verifier, pool.sign(pool.header, payload))

    assert {"groups", "scopes"} <= set(failed(explanation))


def test_options_of_one_call_are_those_of_verify(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.access_token(groups=["staff"], client_id="another")

    assert failed(explain_token(verifier, token, client_id=None, groups="staff")) == []
    assert failed(explain_token(verifier, token, client_id=None, groups="admin")) == ["groups"]
    assert failed(explain_token(verifier, token, client_id="another", token_use="id")) == ["token_use"]


def test_further_demands_are_asked_last_by_their_names(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    def only_bob(claims: Claims) -> None:
        if claims.username != "bob":
            raise AccessDeniedError("username: expected bob, found another")

    alice = explain_token(verifier, pool.access_token("alice"), checks={"claim": only_bob})
    bob = explain_token(verifier, pool.access_token("bob"), checks={"claim": only_bob})

    assert (alice.steps[-1].check, alice.steps[-1].code, alice.http_status) == ("claim", "access_denied", 403)
    assert bob.is_accepted


def test_no_part_of_the_text_of_a_token_is_told() -> None:
    for name, token, _ in hostile_tokens(POOL):
        explanation = explain_token(verifier_of(POOL), token)
        told = str(explanation.as_dict())

        assert not [part for part in token.split(".") if len(part) > 80 and part[:40] in told], name


def test_error_is_authentic_where_that_of_the_verifier_is(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    tokens = [
        pool.expired_token(),
        pool.id_token(),
        pool.sign(pool.header, []),
        pool.badly_signed_token(),
        pool.sign(pool.header | {"alg": "none"}, pool.access_claims()),
        pool.access_token(iss="https://attacker.example"),
        "no token",
    ]
    several = MultiPoolVerifier([verifier])

    for token in tokens:
        for asked in (verifier, several):
            with pytest.raises(CognitoJWTError) as caught:
                asked.verify(token)
            error = explain_token(asked, token).error
            assert error is not None
            assert (type(error), error.is_authentic) == (type(caught.value), caught.value.is_authentic)


# Revocations and the sign-in

LEVEL = "urn:cognito:loa:4"


class Revocations:
    """Knows one sub, and says so."""

    def __init__(self, sub: str | None) -> None:
        self.sub = sub
        self.asked = 0

    def is_revoked(self, claims: Claims) -> bool:
        self.asked += 1
        if self.sub is None:
            raise OSError("down")
        return claims.sub == self.sub


def test_revoked_token_is_told_behind_the_other_claims(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.access_token()
    revocations = Revocations(verifier.verify(token).sub)

    explanation = explain_token(verifier_of(pool, revocations=revocations), token)

    assert (failed(explanation), explanation.http_status) == (["revocation"], 401)
    assert explain_token(verifier_of(pool, revocations=Revocations("another")), token).is_accepted


def test_revocations_are_not_asked_about_a_token_that_is_not_authentic(pool: LocalUserPool) -> None:
    revocations = Revocations("x")

    explain_token(verifier_of(pool, revocations=revocations), pool.badly_signed_token())

    assert revocations.asked == 0


def test_revocations_that_are_down_say_nothing_about_the_token(pool: LocalUserPool) -> None:
    explanation = explain_token(verifier_of(pool, revocations=Revocations(None)), pool.access_token())

    assert (failed(explanation), explanation.http_status) == (["revocation"], 503)
    assert "token may be valid" in advice(explanation)


@pytest.mark.parametrize(
    ("claims", "demand", "words"),
    [
        ({"auth_time": 5}, {"max_age": 300}, "changes neither auth_time"),
        ({"acr": "urn:cognito:loa:1"}, {"acr_values": LEVEL}, "changes neither auth_time"),
        ({}, {"acr_values": LEVEL}, "Essentials and Plus"),
    ],
    ids=str,
)
def test_sign_in_that_is_not_enough_is_told(
    pool: LocalUserPool, verifier: CognitoVerifier, claims: Any, demand: Any, words: str
) -> None:
    explanation = explain_token(verifier, pool.access_token(**claims), **demand)

    assert (failed(explanation), explanation.http_status) == (["sign_in"], 401)
    assert words in advice(explanation)


def test_sign_in_that_is_enough_is_told(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    explanation = explain_token(verifier, pool.access_token(acr=LEVEL), max_age=300, acr_values=LEVEL)

    assert explanation.is_accepted
    assert [LEVEL in step.message for step in explanation.steps if step.check == "sign_in"] == [True]
    without = explain_token(verifier, pool.access_token(), max_age=300)
    assert ["no acr" in step.message for step in without.steps if step.check == "sign_in"] == [True]


@pytest.mark.parametrize(
    ("claims", "words"), [({}, "client credentials"), ({"aud": "https://other.example"}, "issued for another API")]
)
def test_audience_that_is_required_is_told(pool: LocalUserPool, claims: Any, words: str) -> None:
    verifier = verifier_of(pool, audience="https://api.example", require_audience=True)
    explanation = explain_token(verifier, pool.access_token(**claims))

    assert (failed(explanation), explanation.http_status) == (["audience"], 401)
    assert words in advice(explanation)


def test_a_custom_check_is_not_run_and_said_to_decide_too() -> None:
    def check(claims: Claims) -> None:
        raise NotImplementedError

    asked = CognitoVerifier(POOL.id, client_id=None, token_use="access", jwks=POOL.jwks, custom_check=check)

    explanation = explain_token(asked, POOL.access_token())

    assert explanation.is_accepted
    assert [(step.check, step.status) for step in explanation.steps if step.status != "passed"] == [
        ("custom_check", "skipped")
    ]
