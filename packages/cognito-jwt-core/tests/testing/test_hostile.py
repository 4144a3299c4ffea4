import re

import pytest
from cognito_jwt_core import CognitoVerifier, GroupRequiredError, InvalidTokenError, UserPool
from cognito_jwt_core.testing import HostileToken, LocalUserPool, hostile_tokens
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
