"""What is remembered, and for how long it spares the work: counted at the key. What no memory may spare."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    InvalidIssuerError,
    InvalidSignatureError,
    MalformedTokenError,
    TokenExpiredError,
    UnknownKeyError,
)
from cognito_jwt_core.jose.algorithms import RS256, Algorithm, allowed
from cognito_jwt_core.jose.key import VerificationKey, import_key
from cognito_jwt_core.jwt.pipeline import parse_token, verify_signature
from cognito_jwt_core.jwt.policy import VerificationPolicy
from cognito_jwt_core.jwt.token_cache import TokenCache, digest_of
from cognito_jwt_core.jwt.verified_token import VerifiedToken
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

COGNITO = allowed("RS256")


def check_ps256(public_key: Any, signing_input: bytes, signature: bytes) -> None:
    public_key.verify(signature, signing_input, PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH), SHA256())


PS256 = RS256._replace(name="PS256", check=check_ps256)


class OneKey:
    """The keys of an issuer: one, which can be changed."""

    def __init__(self, key: VerificationKey, algorithms: Mapping[str, Algorithm] = COGNITO) -> None:
        self.key = key
        self.algorithms = algorithms

    def get_fresh(self, kid: str) -> VerificationKey | None:
        return self.key if kid == self.key.kid else None

    def get(self, kid: str) -> VerificationKey:
        raise UnknownKeyError("kid: expected the one key, found another")

    async def get_async(self, kid: str) -> VerificationKey:
        return self.get(kid)


class CountedKey(OneKey):
    """A real key, and how many signatures were checked with it."""

    def __init__(self, pool: LocalUserPool) -> None:
        self.checked = 0
        row = RS256._replace(check=self._check)
        super().__init__(import_key(pool.signing_key.public_jwk, {"RS256": row}), {"RS256": row})

    def change(self, pool: LocalUserPool, **members: object) -> None:
        """Take the key of another pool, with other members of its JWK."""
        self.key = import_key(dict(pool.signing_key.public_jwk) | members, self.algorithms)

    def _check(self, public_key: Any, signing_input: bytes, signature: bytes) -> None:
        self.checked += 1
        RS256.check(public_key, signing_input, signature)


class CountedVerifier(CognitoVerifier):
    """A verifier with one key, which counts. It notes the issuers for which it was asked."""

    def __init__(self, pool: LocalUserPool, key: CountedKey, **options: Any) -> None:
        super().__init__(pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock, **options)
        self.key = key
        self.issuers: list[str | None] = []
        self.is_used = True

    def keys_for(self, issuer: str | None) -> OneKey:
        self.issuers.append(issuer)
        if not self.is_used:
            raise InvalidIssuerError("iss: expected an issuer that is used, found another", claim="iss")
        return self.key


@pytest.fixture
def key(pool: LocalUserPool) -> CountedKey:
    return CountedKey(pool)


@pytest.fixture
def verifier(pool: LocalUserPool, key: CountedKey) -> CountedVerifier:
    return CountedVerifier(pool, key)


def verified(keys: OneKey, token: str) -> VerifiedToken:
    unverified, _, algorithm, _ = parse_token(token.encode(), lambda _: keys)
    return verify_signature(unverified, algorithm, keys.key)


def test_remembered_token_needs_no_signature_check(
    pool: LocalUserPool, key: CountedKey, verifier: CountedVerifier
) -> None:
    token = pool.access_token()

    assert verifier.verify(token) == verifier.verify(token) == verifier.verify(token.encode())
    assert key.checked == 1
    assert verifier.issuers == [pool.issuer] * 3


def test_task_and_thread_share_what_is_remembered(
    pool: LocalUserPool, key: CountedKey, verifier: CountedVerifier
) -> None:
    first, second = pool.access_token(), pool.access_token(username="bob")

    assert asyncio.run(verifier.verify_async(first)) == verifier.verify(first)
    assert asyncio.run(verifier.verify_async(second))["username"] == "bob"
    assert key.checked == 2


def test_claims_are_checked_again_outside_of_their_period_and_for_another_policy(key: CountedKey) -> None:
    checked: list[float] = []

    class CountedPolicy(VerificationPolicy):
        rules = (lambda claims, policy, now: checked.append(now),)

    policy, other = (
        CountedPolicy(issuers=frozenset(), audiences=None, leeway=0, check_expiration=True) for _ in range(2)
    )
    token = VerifiedToken("x", {"nbf": 5, "exp": 10}, key.key)
    token.is_remembered = True

    for now in (5, 5.1, 9.9, 10, 9.8, 4.9):
        token.check(policy, now)
    assert checked == [5, 10, 4.9]
    token.check(other, 6)
    token.check(other, 7)
    token.check(policy, 8)
    assert checked == [5, 10, 4.9, 6, 8]


def test_nothing_is_remembered_with_a_size_of_0(pool: LocalUserPool, key: CountedKey) -> None:
    verifier = CountedVerifier(pool, key, cache_size=0)
    token = pool.access_token()

    for times in range(1, 4):
        verifier.verify(token)
        assert key.checked == times


@pytest.mark.parametrize("size", [1, 2, 3])
def test_memory_is_bounded_and_drops_the_oldest(pool: LocalUserPool, key: CountedKey, size: int) -> None:
    verifier = CountedVerifier(pool, key, cache_size=size)
    tokens = [pool.access_token() for _ in range(size + 1)]

    for token in tokens:
        verifier.verify(token)
    key.checked = 0
    for token in tokens[1:]:
        verifier.verify(token)
    assert key.checked == 0
    verifier.verify(tokens[0])
    assert key.checked == 1


def test_token_that_is_forgotten_or_was_never_remembered_is_none(pool: LocalUserPool, key: CountedKey) -> None:
    cache, token = TokenCache(10), pool.access_token()
    digest = digest_of(token.encode())

    cache.forget(digest)
    cache.add(digest, remembered := verified(key, token))
    assert cache.get(digest) is remembered
    cache.forget(digest)
    assert cache.get(digest) is None


def test_no_part_of_a_remembered_token_is_kept_as_text(pool: LocalUserPool, key: CountedKey) -> None:
    token = pool.access_token()

    remembered = verified(key, token)

    kept = [getattr(remembered, name) for name in VerifiedToken.__slots__]
    assert not any(segment in repr(value) for value in kept for segment in token.split(".")[1:])


def test_another_key_of_that_kid_checks_the_signature_again(
    pool: LocalUserPool, key: CountedKey, verifier: CountedVerifier
) -> None:
    token = pool.access_token()
    verifier.verify(token)

    key.change(pool)
    verifier.verify(token)
    verifier.verify(token)
    assert key.checked == 2

    key.change(LocalUserPool("eu-central-1_another"), kid=pool.signing_key.kid)
    with pytest.raises(InvalidSignatureError):
        verifier.verify(token)


def test_key_that_is_gone_is_missed_by_a_remembered_token(
    pool: LocalUserPool, key: CountedKey, verifier: CountedVerifier
) -> None:
    token = pool.access_token()
    verifier.verify(token)

    key.change(LocalUserPool("eu-central-1_another"))
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


def test_issuer_that_is_no_longer_used_is_asked_about_on_every_answer(
    pool: LocalUserPool, verifier: CountedVerifier
) -> None:
    token = pool.access_token()
    verifier.verify(token)

    verifier.is_used = False
    with pytest.raises(InvalidIssuerError):
        verifier.verify(token)


def test_custom_check_is_asked_on_every_answer(pool: LocalUserPool, key: CountedKey) -> None:
    asked: list[Claims] = []
    verifier = CountedVerifier(pool, key, custom_check=asked.append)
    token = pool.access_token()

    for times in range(1, 4):
        verifier.verify(token)
        assert len(asked) == times


def test_issuer_chooses_the_keys_and_an_unreadable_one_is_none(pool: LocalUserPool, key: CountedKey) -> None:
    issuers: list[str | None] = []

    def keys_for(issuer: str | None) -> OneKey:
        issuers.append(issuer)
        return key

    for payload in ({"iss": "x"}, {"iss": 1}, {}, b"no JSON", b"[]"):
        parse_token(pool.sign(pool.header, payload).encode(), keys_for)

    assert issuers == ["x", None, None, None, None]


def test_payload_is_judged_after_the_signature(
    messages: Messages, pool: LocalUserPool, key: CountedKey, verifier: CountedVerifier
) -> None:
    with messages.raises(MalformedTokenError) as caught:
        verifier.verify(pool.sign(pool.header, []))

    assert key.checked == 1
    assert caught.value.is_authentic


def test_algorithms_belong_to_an_issuer_and_no_memory_of_a_header_passes_them_on(pool: LocalUserPool) -> None:
    """The issuer is chosen before the header is checked, and a header that passed for one fails for another."""
    header = pool.header | {"alg": "PS256"}
    both = OneKey(import_key(dict(pool.signing_key.public_jwk) | {"alg": "PS256"}, {"PS256": PS256}), {"PS256": PS256})
    cognito = OneKey(import_key(pool.signing_key.public_jwk, COGNITO))
    issuers = {pool.issuer: cognito, "https://other.example": both}

    def token_of(issuer: str) -> bytes:
        signed = pool.sign(header, pool.access_claims() | {"iss": issuer}).rpartition(".")[0]
        return signed.encode() + b"." + b64(pool.signing_key.sign(signed.encode(), "PS256"))

    def verified_by_issuer(token: bytes) -> VerifiedToken:
        unverified, keys, algorithm, kid = parse_token(token, lambda issuer: issuers[str(issuer)])
        return verify_signature(unverified, algorithm, keys.get_fresh(kid) or keys.get(kid))

    for _ in range(2):
        assert verified_by_issuer(token_of("https://other.example")).issuer == "https://other.example"
        with pytest.raises(AlgorithmNotAllowedError):
            verified_by_issuer(token_of(pool.issuer))


def test_header_is_compared_with_the_algorithm_of_the_key(pool: LocalUserPool) -> None:
    """With two algorithms of one type of key, a token that names PS256 and is signed by RS256 is refused."""
    keys = OneKey(import_key(pool.signing_key.public_jwk, COGNITO), {"RS256": RS256, "PS256": PS256})

    with pytest.raises(AlgorithmNotAllowedError):
        verified(keys, pool.sign(pool.header | {"alg": "PS256"}, pool.access_claims()))
    assert verified(keys, pool.access_token())


def b64(data: bytes) -> bytes:
    import base64

    return base64.urlsafe_b64encode(data).rstrip(b"=")


def test_verifier_remembers_what_it_accepted(pool: LocalUserPool, key: CountedKey) -> None:
    verifier = CountedVerifier(pool, key)
    token = pool.access_token()

    for _ in range(3):
        verifier.verify(token)
        verifier.verify(token, client_id=pool.client_id, token_use="access")
        asyncio.run(verifier.verify_async(token))
    assert key.checked == 1


@pytest.mark.parametrize(
    ("options", "checks"),
    [({"groups": "admin"}, 1), ({"scopes": "x"}, 1), ({"client_id": "x"}, 3), ({"token_use": "id"}, 3)],
)
def test_verifier_remembers_a_token_that_only_lacked_a_group_or_a_scope(
    pool: LocalUserPool, key: CountedKey, options: dict[str, Any], checks: int
) -> None:
    verifier = CountedVerifier(pool, key)
    token = pool.access_token()

    for _ in range(3):
        with pytest.raises(CognitoJWTError):
            verifier.verify(token, **options)
    assert key.checked == checks


def test_verifier_forgets_a_token_that_has_expired(pool: LocalUserPool, key: CountedKey, clock: ManualClock) -> None:
    verifier = CountedVerifier(pool, key)
    token = pool.access_token(expires_in=300)
    verifier.verify(token)

    clock.advance(300)
    for _ in range(2):
        with pytest.raises(TokenExpiredError):
            verifier.verify(token)
    assert key.checked == 2  # the second time it had to be read again


@pytest.mark.parametrize("size", [-1, 1.0, True, None, "10", 10**8])
def test_size_is_a_whole_number(messages: Messages, size: object) -> None:
    with messages.raises(ConfigurationError):
        TokenCache(size)  # type: ignore[arg-type]
