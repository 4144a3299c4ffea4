"""Each text that people paste has one right first sentence, and no explanation changes a verdict."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core import ClaimRequiredError, Claims, CognitoJWTError, CognitoVerifier, UserPool, explain_token
from cognito_jwt_core.diagnostics.explain import Explanation
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from cognito_test_kit.pasted import OTHER_KEY, everything
from hypothesis import given
from hypothesis import strategies as st

POOL = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
TEXTS = everything(POOL)
SNAPSHOT = Path(__file__).with_name("first_sentences.json")
# What would accept more than today: right only for a token that Cognito is proven to have issued.
LOOSENING = re.compile(r"\b(add|allow|expect access tokens|leeway|replica_regions)\b")
ABOUT_A_PROVEN_TOKEN = {"an ID token", "another app client", "another API", "a token that begins later"}


def verifier() -> CognitoVerifier:
    return CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks)


def explained(text: str) -> Explanation:
    return explain_token(verifier(), text)


def test_first_sentences_are_those_of_the_snapshot() -> None:
    """Run with UPDATE_SNAPSHOT=1 to write them anew, and read what changed."""
    found = {}
    for name, text in TEXTS.items():
        explanation = explained(text)
        found[name] = {"origin": explanation.origin, "advice": explanation.advice}
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    assert found == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_an_explanation_changes_no_verdict(name: str) -> None:
    asked = verifier()

    with pytest.raises(CognitoJWTError) as before:
        verifier().verify(TEXTS[name])
    explanation = explain_token(asked, TEXTS[name])
    with pytest.raises(CognitoJWTError) as after:
        asked.verify(TEXTS[name])

    assert explanation.error is not None
    assert before.value.code == explanation.error.code == after.value.code
    assert asked.verify(POOL.access_token("alice")).username == "alice"


@pytest.mark.parametrize("name", TEXTS)
def test_there_is_one_piece_of_advice_and_it_follows_the_first_failure(name: str) -> None:
    failed = [step for step in explained(TEXTS[name]).steps if step.status == "failed"]

    assert [bool(step.advice) for step in failed] == [True, *[False] * (len(failed) - 1)]


@pytest.mark.parametrize("name", sorted(set(TEXTS) - ABOUT_A_PROVEN_TOKEN))
def test_no_advice_loosens_a_configuration_for_a_token_that_is_not_proven(name: str) -> None:
    assert not LOOSENING.search(explained(TEXTS[name]).advice)


class Outage:
    """Keys that cannot be had."""

    def fetch(self, timeout_seconds: float) -> None:
        raise OSError("no route to host")


@pytest.mark.parametrize("keys", [POOL.jwks, Outage()], ids=["forged", "no keys"])
@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "anotherclient"},
        {"aud": "https://billing.example.com"},
        {"token_use": "id"},
        {"nbf": time.time() + 3600},
        {"exp": time.time() - 3600},
        {"iss": f"https://cognito-idp.us-west-2.amazonaws.com/{POOL.id}"},
        {"cognito:groups": ["guests"], "scope": "todo/write"},
        {"sub": 7},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_no_advice_loosens_a_configuration_for_a_token_that_is_forged_or_not_verified(
    keys: Any, claims: dict[str, object]
) -> None:
    asked = CognitoVerifier(
        POOL.id, client_id=POOL.client_id, token_use="access", jwks=keys, groups="admin", scopes="todo/read"
    )
    forged = OTHER_KEY.sign(POOL.header, {**POOL.access_claims("mallory"), **claims})

    steps = explain_token(asked, forged).steps

    assert not [step.advice for step in steps if LOOSENING.search(step.advice)]


@pytest.mark.parametrize("name", TEXTS)
def test_no_part_of_the_text_is_repeated(name: str) -> None:
    told = json.dumps(explained(TEXTS[name]).as_dict())

    assert not [part for part in re.findall(r"[\w-]{30,}", TEXTS[name]) if part in told and part not in POOL.kids]


@pytest.mark.parametrize(
    "issuer", ["https://" + "a." * 20_000, "https://" + "/realms/" * 5_000 + "/", "https://a" + "-" * 40_000]
)
def test_no_issuer_takes_long_to_recognise(issuer: str) -> None:
    started = time.monotonic()

    assert not explained(POOL.sign(POOL.header, {"iss": issuer})).is_accepted
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("text", ["eyJ" * 21_000, "eyJ." * 16_000, '"' * 65_000, "Bearer " * 9_000, "{" * 65_000])
def test_no_text_takes_long_to_recognise(text: str) -> None:
    started = time.monotonic()

    assert not explained(text).is_accepted
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("text", ['Bearer "' * 8_000, "'\"" * 30_000, "[" * 65_000, '{"a":' * 13_000])
def test_no_text_nests_too_deep_to_recognise(text: str) -> None:
    assert explained(text).advice


def test_an_issuer_setting_that_differs_for_the_configured_pool_is_named() -> None:
    settings = {
        "emulator": "http://localhost:9229/eu-central-1_c3fea2",
        "slash": f"{POOL.issuer}/",
        "own domain": "https://login.example.com",
        "no pool": "https://cognito-idp.eu-central-1.amazonaws.com",
        "another pool": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_another",
    }
    found = {}
    for name, issuer in settings.items():
        pool = UserPool(POOL.id, issuer=issuer)
        asked = CognitoVerifier(pool, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks)
        found[name] = explain_token(asked, POOL.access_token())

    assert {name: explanation.origin for name, explanation in found.items()} == dict.fromkeys(
        settings, "issuer_setting"
    )
    assert len({explanation.advice for explanation in found.values()}) == 2


def test_what_a_token_lacks_besides_is_not_advised_on_where_another_token_is_needed() -> None:
    asked = CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks, scopes="todo/read")

    steps = explain_token(asked, POOL.id_token("alice", aud="anotherclient")).steps

    assert [(step.check, bool(step.advice)) for step in steps if step.status == "failed"] == [
        ("token_use", True),
        ("client", False),
        ("scopes", False),
    ]


def test_each_demand_that_a_proven_token_lacks_is_advised_on() -> None:
    asked = CognitoVerifier(POOL.id, client_id=None, token_use=None, jwks=POOL.jwks, groups="a", scopes="todo/read")

    advice = {
        name: [step.advice for step in explain_token(asked, token).steps if step.status == "failed"]
        for name, token in {
            "user": POOL.access_token("alice", scopes=["todo/write"]),
            "user of the API": POOL.access_token("alice"),
            "program": POOL.client_credentials_token(scopes=["todo/write"]),
            "ID token": POOL.id_token("alice"),
        }.items()
    }

    assert all(len(set(found)) == 2 and all(found) for found in advice.values())
    assert len({tuple(found) for found in advice.values()}) == 4


@pytest.mark.parametrize(
    ("demand", "claim", "value"), [("groups", "cognito:groups", "admin"), ("scopes", "scope", ["todo/read"])]
)
def test_a_claim_of_the_wrong_type_is_told_from_one_that_lacks_a_name(demand: str, claim: str, value: object) -> None:
    demands: Any = {demand: "admin"}
    asked = CognitoVerifier(POOL.id, client_id=None, token_use=None, jwks=POOL.jwks, **demands)

    assert explain_token(asked, POOL.access_token("alice", claims={claim: value})).advice.startswith(f"{claim} is not")


def test_a_claim_that_is_demanded_is_advised_on_by_the_kind_of_token() -> None:
    def demands_email(claims: Claims) -> None:
        raise ClaimRequiredError("email: expected another", claim="email")

    asked = CognitoVerifier(POOL.id, client_id=None, token_use=None, jwks=POOL.jwks)
    tokens = [POOL.access_token("alice"), POOL.id_token("alice"), POOL.id_token("alice", claims={"email": ABSENT})]

    advice = [explain_token(asked, token, checks={"email": demands_email}).advice for token in tokens]

    assert all(advice)
    assert len(set(advice)) == 3


@given(
    st.dictionaries(
        st.sampled_from(
            ["iss", "sub", "aud", "exp", "iat", "nbf", "token_use", "client_id", "scope", "cognito:groups"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(POOL.issuer),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    ),
    st.sampled_from(["RS256", "HS256", "none", 5, None]),
)
def test_any_payload_is_explained_and_no_demand_is_a_traceback(payload: dict[str, object], algorithm: object) -> None:
    asked = CognitoVerifier(
        POOL.id, client_id=POOL.client_id, token_use=None, audience="x", groups="a", scopes="b", jwks=POOL.jwks
    )
    token = POOL.sign({**POOL.header, "alg": algorithm}, payload)

    explanation = explain_token(asked, token)

    with pytest.raises(CognitoJWTError) as refused:
        asked.verify(token)
    assert explanation.error is not None
    assert explanation.error.code == refused.value.code
    assert json.dumps(explanation.as_dict()).isascii()


@given(st.text(max_size=200) | st.text("eyJ.\"'{}:% Bearer", max_size=80))
def test_any_text_is_recognised_as_something(text: str) -> None:
    explanation = explained(text)

    assert not explanation.is_accepted
    assert explanation.advice


@pytest.mark.parametrize("text", ["access_token" + " " * 60_000, "x-" * 32_000, "?code" * 13_000, "ZXlK" * 16_000])
def test_no_text_around_a_token_takes_long_to_recognise(text: str) -> None:
    started = time.monotonic()

    assert not explained(f"{text} {POOL.access_token()}"[:65_000]).is_accepted
    assert time.monotonic() - started < 10
