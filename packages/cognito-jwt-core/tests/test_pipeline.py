"""What is remembered, and for how long it spares the work: counted at the key."""

import asyncio
from typing import Any

import pytest
from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    InvalidSignatureError,
    MalformedTokenError,
    TokenExpiredError,
    UnknownKeyError,
)
from cognito_jwt_core.authentic import AuthenticToken, OpenToken
from cognito_jwt_core.compact import UnverifiedHeader
from cognito_jwt_core.key_store import unknown_key
from cognito_jwt_core.pipeline import Pipeline
from cognito_jwt_core.signature import ALGORITHMS, VerificationKey, import_key
from cognito_jwt_core.testing import LocalUserPool, ManualClock


class CountingKey(VerificationKey):
    """A real key that counts the signatures that it checks."""

    __slots__ = ("checked",)

    def __init__(self, pool: LocalUserPool) -> None:
        key = import_key(pool.signing_key.public_jwk, ALGORITHMS)
        super().__init__(key.kid, key.algorithm, key.material, key.public_key)
        self.checked = 0

    def check_signature(self, signing_input: bytes, signature: bytes) -> None:
        self.checked += 1
        super().check_signature(signing_input, signature)


class OneKey:
    """A store of one key, which can be changed."""

    def __init__(self, key: VerificationKey) -> None:
        self.key = key
        self.issuers: list[str | None] = []

    def store_for(self, issuer: str | None) -> "OneKey":
        self.issuers.append(issuer)
        return self

    def at_hand(self, kid: str) -> VerificationKey | None:
        return self.key if kid == self.key.kid else None

    def find(self, kid: str) -> VerificationKey:
        raise unknown_key(kid)

    async def find_async(self, kid: str) -> VerificationKey:
        return self.find(kid)


@pytest.fixture
def key(pool: LocalUserPool) -> CountingKey:
    return CountingKey(pool)


@pytest.fixture
def store(key: CountingKey) -> OneKey:
    return OneKey(key)


def authenticated(pipeline: Pipeline, token: object) -> AuthenticToken:
    opened = pipeline.open(token)
    return pipeline.authenticate(opened, opened.store.at_hand(opened.kid) or opened.store.find(opened.kid), token)


def passed(pipeline: Pipeline, token: object) -> AuthenticToken:
    """A token on its whole way, as one that the rules accept."""
    authentic = authenticated(pipeline, token)
    pipeline.remember(authentic)
    return authentic


def test_remembered_token_needs_no_signature_check(pool: LocalUserPool, key: CountingKey, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)
    token = pool.access_token()

    first = passed(pipeline, token)

    assert authenticated(pipeline, token) is first
    assert authenticated(pipeline, token.encode()) is first
    assert key.checked == 1
    assert store.issuers == [pool.issuer]


def test_nothing_is_remembered_with_a_size_of_0(pool: LocalUserPool, key: CountingKey, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 0)
    token = pool.access_token()

    for times in range(1, 4):
        passed(pipeline, token)
        assert key.checked == times


def test_token_is_remembered_when_it_is_told_to_be(pool: LocalUserPool, key: CountingKey, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)
    token = pool.access_token()

    authenticated(pipeline, token)
    authenticated(pipeline, token)
    assert key.checked == 2

    pipeline.forget(passed(pipeline, token))
    pipeline.forget(authenticated(pipeline, token))
    assert key.checked == 4


@pytest.mark.parametrize("size", [1, 2, 3])
def test_memory_is_bounded_and_drops_the_oldest(
    pool: LocalUserPool, key: CountingKey, store: OneKey, size: int
) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, size)
    tokens = [pool.access_token() for _ in range(size + 1)]

    for token in tokens:
        passed(pipeline, token)
    key.checked = 0
    for token in tokens[1:]:
        authenticated(pipeline, token)
    assert key.checked == 0
    authenticated(pipeline, tokens[0])
    assert key.checked == 1


def test_no_part_of_a_remembered_token_is_kept_as_text(pool: LocalUserPool, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)
    token = pool.access_token()

    authentic = passed(pipeline, token)

    kept = [getattr(authentic, name, None) for name in AuthenticToken.__slots__]
    assert not any(segment in repr(value) for value in kept for segment in token.split(".")[1:])


def test_another_key_of_that_kid_checks_the_signature_again(pool: LocalUserPool, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)
    token = pool.access_token()
    passed(pipeline, token)

    store.key = again = CountingKey(pool)
    assert passed(pipeline, token).key is again
    assert authenticated(pipeline, token).key is again
    assert again.checked == 1

    other = CountingKey(LocalUserPool("eu-central-1_another"))
    other.kid = again.kid
    store.key = other
    with pytest.raises(InvalidSignatureError):
        authenticated(pipeline, token)


def test_key_that_is_gone_is_missed_by_a_remembered_token(pool: LocalUserPool, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)
    token = pool.access_token()
    passed(pipeline, token)

    store.key = CountingKey(LocalUserPool("eu-central-1_another"))
    with pytest.raises(UnknownKeyError):
        authenticated(pipeline, token)


def test_issuer_chooses_the_store_and_an_unreadable_one_is_none(pool: LocalUserPool, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)

    for payload in ({"iss": "x"}, {"iss": 1}, {}, b"no JSON", b"[]"):
        pipeline.open(pool.sign(pool.header, payload))

    assert store.issuers == ["x", None, None, None, None]


def test_payload_is_judged_after_the_signature(pool: LocalUserPool, key: CountingKey, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 10)

    with pytest.raises(MalformedTokenError, match=r"^payload: expected a JSON object, found an array$"):
        authenticated(pipeline, pool.sign(pool.header, []))
    assert key.checked == 1


def test_known_headers_do_not_pile_up(pool: LocalUserPool, key: CountingKey, store: OneKey) -> None:
    """The same key can sign under countless headers; whoever floods with them must gain nothing."""
    pipeline = Pipeline(ALGORITHMS, store.store_for, 0)

    most = 0
    for number in range(200):
        authenticated(pipeline, pool.sign(pool.header | {"x": number}, pool.access_claims()))
        most = max(most, len(pipeline._known_headers))  # noqa: SLF001  nothing else shows that it is bounded
    with pytest.raises(AlgorithmNotAllowedError):
        authenticated(pipeline, pool.sign(pool.header | {"alg": "none"}, pool.access_claims()))
    authenticated(pipeline, pool.access_token())

    assert key.checked == 201
    assert most == 64


def test_header_of_a_token_that_was_verified_is_not_read_again(pool: LocalUserPool, store: OneKey) -> None:
    pipeline = Pipeline(ALGORITHMS, store.store_for, 0)

    def header_of(token: str) -> UnverifiedHeader:
        opened = pipeline.open(token)
        assert isinstance(opened, OpenToken)
        return opened.header

    assert header_of(pool.access_token()) is not header_of(pool.access_token())
    authenticated(pipeline, pool.access_token())
    assert header_of(pool.access_token()) is header_of(pool.access_token())


class CountedVerifier(CognitoVerifier):
    """A verifier whose one key counts."""

    def __init__(self, pool: LocalUserPool, key: CountingKey) -> None:
        super().__init__(pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock)
        self._pipeline = Pipeline(ALGORITHMS, OneKey(key).store_for, 1024)


def test_verifier_remembers_what_it_accepted(pool: LocalUserPool, key: CountingKey) -> None:
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
    pool: LocalUserPool, key: CountingKey, options: dict[str, Any], checks: int
) -> None:
    verifier = CountedVerifier(pool, key)
    token = pool.access_token()

    for _ in range(3):
        with pytest.raises(CognitoJWTError):
            verifier.verify(token, **options)
    assert key.checked == checks


def test_verifier_forgets_a_token_that_has_expired(pool: LocalUserPool, key: CountingKey, clock: ManualClock) -> None:
    verifier = CountedVerifier(pool, key)
    token = pool.access_token(expires_in=300)
    verifier.verify(token)

    clock.advance(300)
    for _ in range(2):
        with pytest.raises(TokenExpiredError):
            verifier.verify(token)
    assert key.checked == 2  # the second time it had to be read again


@pytest.mark.parametrize("size", [-1, 1.0, True, None, "10"])
def test_size_is_a_whole_number(store: OneKey, size: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^cache_size: expected a whole number from 0 up, found "):
        Pipeline(ALGORITHMS, store.store_for, size)  # type: ignore[arg-type]
