"""Keys that are fetched one by one: what invented ones may cost, which are held, and what an outage does."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from cognito_jwt_core import (
    AlbVerifier,
    InvalidSignatureError,
    JWKSUnavailableError,
    KeySettings,
    UnknownKeyError,
)
from cognito_jwt_core.jose.algorithms import allowed
from cognito_jwt_core.keys.by_kid import KeysByKid
from cognito_jwt_core.testing import MISBEHAVIOURS, LocalLoadBalancer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import (
    BURST,
    COOLDOWN,
    IDLE,
    LIFETIME,
    QUICK,
    STALE,
    Background,
    Stopwatch,
    eventually,
    in_threads,
)
from jwcrypto.jwk import JWK

Verify = Callable[[AlbVerifier, str], Any]

HELD = 16


@pytest.fixture
def balancer(pool: LocalUserPool) -> Iterator[LocalLoadBalancer]:
    with LocalLoadBalancer(pool) as balancer:
        yield balancer


@pytest.fixture
def alb(balancer: LocalLoadBalancer, pool: LocalUserPool) -> AlbVerifier:
    return alb_of(balancer, pool)


@pytest.fixture(params=["sync", "async"])
def verify(request: pytest.FixtureRequest) -> Verify:
    if request.param == "sync":
        return lambda verifier, token: verifier.verify(token)
    return lambda verifier, token: asyncio.run(verifier.verify_async(token))


def alb_of(balancer: LocalLoadBalancer, pool: LocalUserPool, **options: Any) -> AlbVerifier:
    settings = {"key_settings": KeySettings(timeout_seconds=10), **options}
    return AlbVerifier(
        balancer.arn,
        client_id=pool.client_id,
        issuer=pool.issuer,
        keys_url=balancer.keys_url,
        clock=pool.clock,
        **settings,
    )


def invented(balancer: LocalLoadBalancer) -> str:
    """A token that names a key which does not exist."""
    return balancer.token(header={"kid": str(uuid.uuid4())})


def outcome(verify: Verify, verifier: AlbVerifier, token: str) -> str:
    try:
        verify(verifier, token)
    except (UnknownKeyError, JWKSUnavailableError, InvalidSignatureError) as error:
        return error.code
    return "accepted"


def long_lived(balancer: LocalLoadBalancer) -> str:
    return balancer.token(expires_in=1_000_000)


# Invented ids


def test_200_invented_kids_cost_no_more_than_the_budget_and_delay_no_held_kid(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    seen = balancer.token()
    verify(alb, seen)

    codes = []
    for number in range(200):
        codes.append(outcome(verify, alb, invented(balancer)))
        assert verify(alb, seen).username == "alice"
        assert verify(alb, balancer.token(f"user {number}")).username == f"user {number}"

    assert codes == ["unknown_key"] * BURST + ["jwks_unavailable"] * (200 - BURST)
    assert balancer.requests == 1 + BURST


def test_held_kid_never_waits_for_the_fetch_of_an_invented_one(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    alb.verify(balancer.token())
    old = balancer.token("old")
    balancer.rotate_key()
    balancer.behave(hold=True)
    waiting = Background(lambda: alb.verify(balancer.token("new")).username)
    balancer.wait_for_requests(2)

    assert alb.verify(old).username == "old"

    balancer.release()
    assert waiting.outcome() == "new"


def test_new_kid_waits_for_the_budget_during_a_flood(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    for _ in range(BURST):
        outcome(verify, alb, invented(balancer))
    with pytest.raises(JWKSUnavailableError) as refusal:
        verify(alb, balancer.token())
    assert refusal.value.retry_after == COOLDOWN

    clock.advance(COOLDOWN)

    assert verify(alb, balancer.token()).username == "alice"


def test_fetch_is_given_back_when_a_signature_held(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    for _ in range(3 * BURST):
        balancer.rotate_key()
        assert verify(alb, balancer.token()).username == "alice"

    assert [outcome(verify, alb, invented(balancer)) for _ in range(BURST + 1)] == [
        *["unknown_key"] * BURST,
        "jwks_unavailable",
    ]


def test_fetch_is_not_given_back_for_a_signature_that_did_not_hold(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify
) -> None:
    for _ in range(BURST):
        token = balancer.token()
        balancer.rotate_key()
        assert outcome(verify, alb, with_kid_of(balancer, token)) == "invalid_signature"

    balancer.rotate_key()
    assert outcome(verify, alb, balancer.token()) == "jwks_unavailable"


def with_kid_of(balancer: LocalLoadBalancer, token: str) -> str:
    """A token that names the balancer's key, with the signature of another token."""
    return f"{balancer.token().rpartition('.')[0]}.{token.rpartition('.')[2]}"


@pytest.mark.parametrize("status", [403, 404])
def test_missing_kid_is_remembered_for_one_cooldown(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock, status: int
) -> None:
    balancer.behave(status=status)
    token = balancer.token()
    for _ in range(5):
        assert outcome(verify, alb, token) == "unknown_key"
    assert (balancer.requests, alb.stats.fetches, alb.stats.fetch_failures) == (1, 1, 0)
    balancer.behave()

    clock.advance(COOLDOWN)

    assert verify(alb, token).username == "alice"


def test_missing_kid_is_no_warning(
    alb: AlbVerifier, balancer: LocalLoadBalancer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "cognito_jwt_core.keys"), pytest.raises(UnknownKeyError):
        alb.verify(invented(balancer))

    assert {record.levelname for record in caplog.records} == {"INFO"}


# Which keys are held


def used(balancer: LocalLoadBalancer, alb: AlbVerifier, number: int) -> list[str]:
    """Tokens of so many keys, each of which has verified one."""
    tokens = []
    for _ in range(number):
        balancer.rotate_key()
        tokens.append(balancer.token())
        alb.verify(tokens[-1])
    return tokens


def test_16_keys_are_held_and_the_one_used_longest_ago_goes_first(
    alb: AlbVerifier, balancer: LocalLoadBalancer
) -> None:
    tokens = used(balancer, alb, HELD)
    alb.verify(tokens[0])  # remembered, and used again
    used(balancer, alb, 1)
    requests = balancer.requests

    for token in [tokens[0], *tokens[2:]]:
        alb.verify(token)
    assert balancer.requests == requests

    alb.verify(tokens[1])
    assert balancer.requests == requests + 1


def test_key_that_has_verified_no_token_pushes_out_none_that_has(
    alb: AlbVerifier, balancer: LocalLoadBalancer, clock: ManualClock
) -> None:
    """Anyone knows the id of a real key: that of a load balancer of their own."""
    tokens = used(balancer, alb, HELD)
    forged = []
    for _ in range(3):
        balancer.rotate_key()
        forged.append(with_kid_of(balancer, tokens[0]))
        assert outcome(AlbVerifier.verify, alb, forged[-1]) == "invalid_signature"
    requests = balancer.requests

    for token in tokens:
        alb.verify(token)
    assert balancer.requests == requests
    assert outcome(AlbVerifier.verify, alb, forged[-1]) == "invalid_signature"
    assert balancer.requests == requests + 1

    clock.advance(COOLDOWN * BURST)
    alb.verify(balancer.token(expires_in=600))
    assert balancer.requests == requests + 2


def test_keys_that_have_verified_no_token_push_out_each_other(
    alb: AlbVerifier, balancer: LocalLoadBalancer, clock: ManualClock
) -> None:
    (token,) = used(balancer, alb, 1)
    forged = []
    for _ in range(HELD):
        balancer.rotate_key()
        clock.advance(COOLDOWN)
        forged.append(f"{balancer.token(expires_in=600).rpartition('.')[0]}.{token.rpartition('.')[2]}")
        outcome(AlbVerifier.verify, alb, forged[-1])
    requests = balancer.requests

    for text in forged[1:]:
        assert outcome(AlbVerifier.verify, alb, text) == "invalid_signature"
    assert balancer.requests == requests
    outcome(AlbVerifier.verify, alb, forged[0])
    assert balancer.requests == requests + 1


# Outages


def test_failure_is_unavailable_and_starts_a_backoff(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    balancer.behave(status=500)
    token = balancer.token()
    for _ in range(5):
        with pytest.raises(JWKSUnavailableError) as refusal:
            verify(alb, token)
        assert refusal.value.retry_after == 1
    assert (balancer.requests, alb.stats.fetch_failures, alb.stats.unavailable) == (1, 1, 5)
    balancer.behave()

    clock.advance(1)

    assert verify(alb, token).username == "alice"


def test_retries_of_one_key_come_out_of_the_budget(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    balancer.behave(status=500)
    token = long_lived(balancer)
    for _ in range(BURST - 1):
        outcome(verify, alb, invented(balancer))
    for _ in range(3):
        assert outcome(verify, alb, token) == "jwks_unavailable"
        clock.advance(1)

    assert balancer.requests == BURST

    clock.advance(COOLDOWN)
    balancer.behave()
    assert verify(alb, token).username == "alice"
    assert balancer.requests == BURST + 1


@pytest.mark.parametrize("name", sorted(MISBEHAVIOURS))
def test_answers_that_are_no_key_are_unavailable(
    alb: AlbVerifier, balancer: LocalLoadBalancer, clock: ManualClock, name: str
) -> None:
    balancer.misbehave(name)
    with pytest.raises(JWKSUnavailableError) as refusal:
        alb.verify(balancer.token())
    assert str(refusal.value).isprintable()
    balancer.behave()

    clock.advance(1)

    assert alb.verify(balancer.token()).username == "alice"


def pem(kind: Literal["EC", "OKP", "RSA"] = "EC", *, private: bool = False, **options: Any) -> bytes:
    key = JWK.generate(kty=kind, **options)
    return key.export_to_pem(private_key=True, password=None) if private else key.export_to_pem()


@pytest.mark.parametrize(
    "body",
    [
        pem(crv="P-384"),
        pem(crv="secp256k1"),
        pem("RSA", size=2048),
        pem("OKP", crv="Ed25519"),
        pem(crv="P-256", private=True),
        pem(crv="P-256") + pem(crv="P-256"),
        pem(crv="P-256") + b" " * 4096,
        pem(crv="P-256").replace(b"M", b"A"),
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        b"x" + pem(crv="P-256"),
    ],
    ids=["P-384", "secp256k1", "RSA", "Ed25519", "private", "two", "large", "broken", "empty", "text before"],
)
def test_only_one_public_p256_key_of_4_kib_is_a_key(alb: AlbVerifier, balancer: LocalLoadBalancer, body: bytes) -> None:
    balancer.behave(body=body)

    with pytest.raises(JWKSUnavailableError):
        alb.verify(balancer.token())


def test_key_of_exactly_4_kib_is_read(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    balancer.behave(body=lambda good: good.ljust(4096))

    assert alb.verify(balancer.token()).username == "alice"


def test_fetch_that_hangs_ends_at_its_deadline(
    balancer: LocalLoadBalancer, pool: LocalUserPool, verify: Verify
) -> None:
    verifier = alb_of(balancer, pool, key_settings=QUICK)
    balancer.behave(hold=True)

    with Stopwatch(), pytest.raises(JWKSUnavailableError):
        verify(verifier, balancer.token())


# Lifetime


def test_held_key_is_refreshed_in_the_background_and_serves_through_an_outage(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    token = long_lived(balancer)
    verify(alb, token)
    clock.advance(LIFETIME)
    balancer.behave(hold=True)

    assert verify(alb, token).username == "alice"

    balancer.wait_for_requests(2)
    balancer.release()
    eventually(lambda: alb.stats.fetches == 2)
    balancer.behave(status=500)
    clock.advance(IDLE)
    assert verify(alb, token).username == "alice"
    eventually(lambda: alb.stats.fetch_failures == 1)
    assert verify(alb, token).username == "alice"
    clock.advance(LIFETIME + STALE)
    assert outcome(verify, alb, token) == "jwks_unavailable"


def test_key_that_was_withdrawn_is_forgotten(
    alb: AlbVerifier, balancer: LocalLoadBalancer, verify: Verify, clock: ManualClock
) -> None:
    token = long_lived(balancer)
    verify(alb, token)
    balancer.rotate_key(keep_old=False)
    clock.advance(LIFETIME)
    verify(alb, token)
    eventually(lambda: alb.stats.fetches == 2)

    eventually(lambda: outcome(verify, alb, token) == "unknown_key")

    clock.advance(COOLDOWN)
    assert outcome(verify, alb, token) == "unknown_key"
    assert balancer.requests == 3


# Threads and tasks


def test_one_fetch_for_all_who_wait_for_a_key(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    token = balancer.token()
    balancer.behave(delay_seconds=0.2)

    assert in_threads(16, lambda: alb.verify(token).username) == ["alice"] * 16
    assert balancer.requests == 1
    assert [outcome(AlbVerifier.verify, alb, invented(balancer)) for _ in range(BURST + 1)] == [
        *["unknown_key"] * BURST,
        "jwks_unavailable",
    ]


def test_one_fetch_for_all_who_ask_for_a_missing_key(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    token = balancer.token()
    balancer.behave(status=404, delay_seconds=0.2)

    outcomes = in_threads(16, lambda: outcome(AlbVerifier.verify, alb, token))

    assert outcomes == ["unknown_key"] * 16
    assert balancer.requests == 1


def test_event_loop_goes_on_during_a_fetch_and_a_cancelled_task_takes_none_with_it(
    alb: AlbVerifier, balancer: LocalLoadBalancer
) -> None:
    balancer.behave(hold=True)
    token = balancer.token()

    async def go() -> str | None:
        first = asyncio.create_task(alb.verify_async(token))
        second = asyncio.create_task(alb.verify_async(token))
        await asyncio.to_thread(balancer.wait_for_requests, 1)
        first.cancel()
        await asyncio.wait([first])
        balancer.release()
        return (await second).username

    assert asyncio.run(go()) == "alice"
    assert balancer.requests == 1


def test_no_more_than_16_fetches_are_remembered_that_every_waiter_has_left(
    balancer: LocalLoadBalancer, pool: LocalUserPool
) -> None:
    settings = KeySettings(timeout_seconds=10, unknown_kid_burst=100)
    alb = alb_of(balancer, pool, key_settings=settings)
    balancer.behave(status=500)
    first = balancer.token()
    assert outcome(AlbVerifier.verify, alb, first) == "jwks_unavailable"
    for _ in range(HELD):
        balancer.rotate_key()
        assert outcome(AlbVerifier.verify, alb, balancer.token()) == "jwks_unavailable"
    balancer.behave()

    assert alb.verify(first).username == "alice"  # its backoff is forgotten


def test_answers_name_the_key_and_no_token(alb: AlbVerifier, balancer: LocalLoadBalancer) -> None:
    balancer.behave(status=500)
    token = balancer.token()

    with pytest.raises(JWKSUnavailableError) as refusal:
        alb.verify(token)

    assert f"{balancer.keys_url}/{balancer.kid}" in str(refusal.value)
    assert not any(part in str(refusal.value) for part in token.split("."))
    assert json.loads(json.dumps(str(refusal.value)))


def test_key_that_is_pushed_out_meanwhile_can_still_be_marked_and_nothing_found_confirms_nothing(
    balancer: LocalLoadBalancer, clock: ManualClock
) -> None:
    keys = KeysByKid(balancer.keys_url, allowed("ES256"), KeySettings(), session=None, clock=clock)

    keys.mark_used(balancer.kid)
    keys.lookup().confirm()

    assert keys.held(balancer.kid) is None
    assert keys.lookup().get(balancer.kid).kid == balancer.kid
