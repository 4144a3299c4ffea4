import re
from collections.abc import Iterable
from typing import Any

import pytest
from cognito_jwt_core import (
    AlbVerifier,
    CognitoVerifier,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidTokenError,
    RevocationList,
    UserPool,
)
from cognito_jwt_core.testing import HostileToken, LocalLoadBalancer, LocalUserPool, hostile_tokens
from jwcrypto.jwk import JWK

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
TOKENS = tuple(hostile_tokens(POOL))
PROMISED = {
    "kid-is-absent",
    "kid-is-unknown",
    "alg-none",
    "alg-none-mixed",
    "hs256-with-public-pem",
    "hs256-with-jwk-modulus",
    "alg-rs384",
    "alg-rs512",
    "alg-ps256",
    "alg-es256",
    "crit-is-unknown",
    "jwk-and-own-kid",
    "jku-and-own-kid",
    "x5u-and-own-kid",
    "x5c-and-own-kid",
    "iss-of-another-pool",
    "iss-updated-form-prolonged",
    "id-token",
    "client-id-other",
    "aud-other",
    "expired",
    "not-yet-valid",
    "exp-absent",
    "exp-is-text",
    "exp-is-true",
    "exp-is-nan",
    "exp-is-infinity",
    "exp-is-1e400",
    "iss-absent",
    "token-use-absent",
    "token-use-refresh",
    "sub-absent",
    "sub-number",
    "alg-given-twice",
    "truncated",
    "padded-signature",
    "space-inside",
    "payload-bit-changed",
    "signature-bit-changed",
    "no-signature",
    "two-parts",
    "four-parts",
    "five-parts",
    "huge",
    "payload-nested-deeply",
    "payload-is-array",
    "trailing-bits",
    "standard-alphabet",
    "kid-is-lone-surrogate",
    "iss-with-nul",
}
REVOKED = {
    "revoked-by-jti",
    "revoked-by-session",
    "revoked-by-session-and-refreshed",
    "revoked-by-client",
    "revoked-by-user",
    "revoked-by-user-and-refreshed",
    "revoked-by-user-without-iat",
}


@pytest.fixture(scope="module")
def verifier() -> CognitoVerifier:
    return CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks)


@pytest.mark.parametrize("hostile", TOKENS, ids=[hostile.name for hostile in TOKENS])
def test_hostile_token_is_refused_as_a_token(verifier: CognitoVerifier, hostile: HostileToken) -> None:
    with pytest.raises(InvalidTokenError):
        verifier.verify(hostile.token)

    verifier.verify(POOL.access_token())


def test_hostile_tokens_are_refused_with_the_keys_of_an_endpoint() -> None:
    with POOL.serve() as url:
        verifier = CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=url)
        for hostile in TOKENS:
            with pytest.raises(InvalidTokenError):
                verifier.verify(hostile.token)
        verifier.verify(POOL.access_token())


@pytest.mark.parametrize(
    "pool",
    [
        LocalUserPool("local_abc", client_id="123456", issuer="http://localhost:9229/local_abc"),
        LocalUserPool("eu-central-1_testpool", client_id="A", issuer="https://emulator.example"),
        LocalUserPool("cn-north-1_abc", client_id="ABC"),
        LocalUserPool(signing_key=JWK.generate(kty="RSA", size=3072).export(as_dict=True)),
    ],
    ids=["emulator", "issuer-without-path", "china", "longer-key"],
)
def test_hostile_tokens_fit_pools_of_every_kind(pool: LocalUserPool) -> None:
    user_pool = UserPool(pool.id, issuer=pool.issuer)
    verifier = CognitoVerifier(user_pool, client_id=pool.client_id, token_use="access", jwks=pool.jwks)
    for hostile in hostile_tokens(pool):
        with pytest.raises(InvalidTokenError):
            verifier.verify(hostile.token)
    verifier.verify(pool.access_token())


def test_signed_hostile_tokens_lack_no_group_or_scope(verifier: CognitoVerifier) -> None:
    tokens = {name: token for name, token, _ in hostile_tokens(POOL, groups=["admin"], scopes=["todo/read"])}

    claims = verifier.verify(tokens["id-token"], token_use="id", groups=["admin"])
    assert claims.groups == ("admin",)
    claims = verifier.verify(tokens["client-id-other"], client_id=None, groups=["admin"], scopes=["todo/read"])
    assert claims.scopes == ("todo/read",)
    with pytest.raises(GroupRequiredError):
        verifier.verify(tokens["client-id-other"], client_id=None, groups=["dev"])


def test_every_promised_attack_is_there() -> None:
    assert {hostile.name for hostile in TOKENS} >= PROMISED


def test_names_are_unique_and_in_kebab_case() -> None:
    names = [hostile.name for hostile in TOKENS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_names_do_not_depend_on_the_pool() -> None:
    others = hostile_tokens(LocalUserPool("us-east-1_other", client_id="1234567890"))

    assert [hostile.name for hostile in others] == [hostile.name for hostile in TOKENS]


def test_every_token_can_be_sent_in_a_header() -> None:
    for hostile in TOKENS:
        assert hostile.token.isascii(), hostile.name
        assert hostile.token.replace("\t", " ").isprintable(), hostile.name
        assert hostile.token == hostile.token.strip() != "", hostile.name


def test_huge_token_is_just_above_the_limit() -> None:
    (huge,) = (hostile.token for hostile in TOKENS if hostile.name == "huge")

    assert 0 < len(huge) - 64 * 1024 < 8


def test_every_token_says_why_it_matters() -> None:
    assert all(len(hostile.why) > 20 for hostile in TOKENS)


def test_pool_is_as_good_as_before() -> None:
    pool = LocalUserPool()
    kids = pool.kids

    list(hostile_tokens(pool))

    assert pool.kids == kids


def demanding(revocations: RevocationList | None = None, **demands: Any) -> CognitoVerifier:
    given: dict[str, Any] = {"client_id": POOL.client_id, "token_use": "access", "jwks": POOL.jwks}
    return CognitoVerifier(POOL.id, **given, revocations=revocations, **demands)


def names_accepted(verifier: CognitoVerifier, hostile: Iterable[HostileToken]) -> set[str]:
    accepted = set()
    for name, token, _ in hostile:
        try:
            verifier.verify(token)
        except (InvalidTokenError, InsufficientAuthenticationError):
            continue
        accepted.add(name)
    return accepted


def test_revoked_tokens_are_refused_and_new_ones_are_not() -> None:
    revocations = RevocationList()
    hostile = list(hostile_tokens(POOL, revocations=revocations))

    assert names_accepted(demanding(revocations), hostile) == set()
    assert names_accepted(demanding(), hostile) == REVOKED
    demanding(revocations).verify(POOL.access_token())


@pytest.mark.parametrize(
    ("forgotten", "accepted"),
    [
        ("revoke_token", {"revoked-by-jti"}),
        ("revoke_session", {"revoked-by-session", "revoked-by-session-and-refreshed"}),
        ("revoke_client", {"revoked-by-client"}),
        ("revoke_user", {"revoked-by-user", "revoked-by-user-and-refreshed"}),  # the client's entry ends the third
    ],
)
def test_a_list_that_forgets_one_kind_of_entry_is_found_out(forgotten: str, accepted: set[str]) -> None:
    class Forgetful(RevocationList):
        def __getattribute__(self, name: str) -> Any:
            return (lambda *_: None) if name == forgotten else super().__getattribute__(name)

    revocations = Forgetful()

    assert names_accepted(demanding(revocations), hostile_tokens(POOL, revocations=revocations)) == accepted


def test_old_and_weak_sign_ins_are_refused_and_others_are_not() -> None:
    hostile = list(hostile_tokens(POOL, max_age=300, acr_values=["loa:4", "loa:3"]))
    plain = {token.name for token in TOKENS}
    demands: dict[str, Any] = {"max_age": 300, "acr_values": ["loa:3", "loa:4"]}
    found = {token.name for token in hostile} - plain
    not_json = {"auth-time-is-nan", "auth-time-is-infinity"}

    assert names_accepted(demanding(**demands), hostile) == set()
    assert names_accepted(demanding(max_age=300), hostile) == {name for name in found if name.startswith("acr-")}
    assert names_accepted(demanding(acr_values=["loa:4"]), hostile) == {
        name for name in found - not_json if name.startswith("auth-time-")
    }
    assert found >= {"auth-time-too-old", "auth-time-absent", "auth-time-is-text", "auth-time-to-come"}
    assert found >= {"acr-absent", "acr-other"}
    demanding(**demands).verify(POOL.access_token(acr="loa:3"))


def test_tokens_for_no_api_are_refused_where_an_audience_is_required() -> None:
    api = "https://api.example"
    hostile = list(hostile_tokens(POOL, audience=api))
    found = {token.name for token in hostile} - {token.name for token in TOKENS}

    assert names_accepted(demanding(audience=api, require_audience=True), hostile) == set()
    assert names_accepted(demanding(audience=api), hostile) == {"aud-absent", "aud-of-the-client"} < found
    demanding(audience=api, require_audience=True).verify(POOL.access_token(aud=api))


def test_leeway_accepts_no_hostile_sign_in() -> None:
    hostile = hostile_tokens(POOL, max_age=300)

    assert not {name for name in names_accepted(demanding(max_age=300, leeway=3600), hostile) if "auth-time" in name}


def test_one_level_can_be_a_text() -> None:
    one, same = (list(hostile_tokens(POOL, acr_values=value)) for value in ("loa:4", ["loa:4"]))

    assert [hostile.name for hostile in one] == [hostile.name for hostile in same]


def test_further_tokens_have_names_of_their_own() -> None:
    every = list(hostile_tokens(POOL, revocations=RevocationList(), max_age=300, acr_values="loa:4"))
    names = [hostile.name for hostile in every]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


BALANCERS = {
    *("alb-signer-other", "alb-signer-absent", "alb-client-other", "alb-issuer-other", "alb-issuer-other-in-header"),
    *("alb-issuer-mismatch", "alb-exp-mismatch", "alb-expired", "alb-expired-in-header", "alb-not-yet-valid"),
    *("alb-kid-path", "alb-kid-url", "alb-kid-absent", "alb-kid-unknown", "alb-padding-stripped", "alb-padding-mixed"),
    *("alb-other-key", "alb-alg-none", "alb-alg-hs256", "alb-alg-rs256", "alb-claims-swapped", "alb-sub-absent"),
    "alb-revoked-user",
}


def test_hostile_tokens_of_a_load_balancer_are_refused_by_either_verifier() -> None:
    revocations = RevocationList()
    with LocalLoadBalancer(POOL) as balancer:
        alb = AlbVerifier(
            balancer.arn,
            client_id=POOL.client_id,
            issuer=POOL.issuer,
            keys_url=balancer.keys_url,
            revocations=revocations,
        )
        verifier = CognitoVerifier(
            POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks, revocations=revocations
        )
        found = list(hostile_tokens(POOL, load_balancer=balancer, revocations=revocations))
        for hostile in found:
            for either in (alb, verifier):
                with pytest.raises(InvalidTokenError):
                    either.verify(hostile.token)

        # What does not say when it was issued stays good as well.
        assert alb.verify(balancer.token()).username == verifier.verify(POOL.access_token()).username == "alice"

    names = [hostile.name for hostile in found]
    assert len(set(names)) == len(names)
    assert set(names) >= BALANCERS | REVOKED - {"revoked-by-client"}


def test_hostile_tokens_of_a_load_balancer_are_all_but_good() -> None:
    """Each is refused for the one thing that its name says: the parts around it are those of a good token."""
    with LocalLoadBalancer(POOL) as balancer:
        names = {token.name for token in hostile_tokens(POOL, load_balancer=balancer) if token.name[:4] == "alb-"}
        lenient = AlbVerifier(balancer.arn, client_id=None, issuer=POOL.issuer, keys_url=balancer.keys_url)
        accepted = set()
        for hostile in hostile_tokens(POOL, load_balancer=balancer):
            try:
                lenient.verify(hostile.token)
            except InvalidTokenError:
                continue
            accepted.add(hostile.name)

    assert accepted == {"alb-client-other", "alb-client-absent"} < names
