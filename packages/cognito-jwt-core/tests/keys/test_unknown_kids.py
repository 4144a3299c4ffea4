"""Tokens that name an invented key: what they may cost, and that they delay no rotation."""

import json
import threading
from collections.abc import Callable

import pytest
from cognito_jwt_core import Claims, CognitoVerifier, JWKSUnavailableError, UnknownKeyError
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import (
    BURST,
    COOLDOWN,
    Background,
    eventually,
    in_threads,
    status_of,
    with_kid,
)


@pytest.fixture
def invented(pool: LocalUserPool) -> Callable[[], str]:
    """Tokens whose kid is new each time."""
    token, kids = pool.access_token(), iter(range(1_000_000_000))
    return lambda: with_kid(token, f"invented {next(kids)}")


def refused(verifier: CognitoVerifier, token: str) -> UnknownKeyError:
    with pytest.raises(UnknownKeyError) as refusal:
        verifier.verify(token)
    return refusal.value


@pytest.mark.slow
def test_100_000_invented_kids_cost_no_more_fetches_than_the_budget(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    good = pool.access_token("alice")
    refusals = verified = 0

    for _ in range(10):
        for _ in range(10_000):
            try:
                verifier.verify(invented())
            except UnknownKeyError:
                refusals += 1
        for _ in range(100):
            verified += verifier.verify(good).username == "alice"
        clock.advance(COOLDOWN)

    assert (refusals, verified) == (100_000, 1_000)
    assert server.requests == 1 + BURST + 9  # the first, the burst, and one for each cooldown that went by


def test_a_flood_from_many_threads_costs_no_more_either(
    server: JWKSServer, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    tokens = [[invented() for _ in range(100)] for _ in range(32)]
    share = iter(tokens)

    outcomes = in_threads(32, lambda: [refused(verifier, token).code for token in next(share)])

    assert outcomes == [["unknown_key"] * 100] * 32
    assert server.requests <= 1 + BURST


def test_good_tokens_never_wait_for_the_fetch_of_an_invented_kid(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    server.behave(hold=True)
    waiting = Background(lambda: verifier.verify(invented()))
    server.wait_for_requests(2)

    verified = [verifier.verify(pool.access_token(f"user {number}")).username for number in range(100)]

    assert verified == [f"user {number}" for number in range(100)]
    server.release()
    assert isinstance(waiting.outcome(), UnknownKeyError)
    assert server.requests == 2


def test_a_missing_kid_is_not_asked_for_again_within_the_cooldown(
    server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    token = invented()

    for _ in range(10):
        refused(verifier, token)
        clock.advance(COOLDOWN / 10 - 0.01)
    assert server.requests == 2

    clock.advance(COOLDOWN)
    refused(verifier, token)
    assert server.requests == 3


def test_a_token_without_a_known_key_is_shown_safely(
    pool: LocalUserPool, verifier: CognitoVerifier, server: JWKSServer
) -> None:
    error = refused(verifier, with_kid(pool.access_token(), "x\r\nSet-Cookie: \u2028" + "y" * 5000))

    assert error.code == "unknown_key"
    assert str(error).isprintable()
    assert len(str(error)) < 260


@pytest.mark.slow
def test_the_1025th_missing_kid_is_refused_like_the_first(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    """So many are remembered as missing, and no more."""
    for _ in range(17):
        clock.advance(BURST * COOLDOWN)
        server.behave(delay_seconds=0.02, times=1)
        assert {type(error) for error in in_threads(64, lambda: verifier.verify(invented()))} == {UnknownKeyError}

    assert verifier.verify(pool.access_token()).username == "alice"


def test_a_rotation_is_honoured_at_once(pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier) -> None:
    pool.rotate_key()

    assert verifier.verify(pool.access_token()).username == "alice"
    assert server.requests == 2


def test_a_rotation_is_honoured_at_once_after_a_single_invented_kid(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    refused(verifier, invented())
    pool.rotate_key()

    assert verifier.verify(pool.access_token()).username == "alice"
    assert server.requests == 3


def test_a_rotation_is_honoured_at_once_while_the_fetch_of_an_invented_kid_is_on_its_way(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    """The answer on its way is from before the rotation: it cannot say that the new key is not there."""
    server.behave(hold=True, body=json.dumps(pool.jwk_set), times=1)
    stranger = Background(lambda: verifier.verify(invented()))
    server.wait_for_requests(2)

    pool.rotate_key()
    rotated = [Background(lambda: verifier.verify(pool.access_token())) for _ in range(4)]
    server.release()

    assert all(isinstance(token.outcome(), Claims) for token in rotated)
    assert isinstance(stranger.outcome(), UnknownKeyError)
    assert server.requests == 3


def test_a_rotation_in_the_midst_of_a_flood_is_honoured_within_one_cooldown(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    for _ in range(1000):
        refused(verifier, invented())
    pool.rotate_key()
    token = pool.access_token()
    refused(verifier, token)

    for _ in range(COOLDOWN):
        clock.advance(1)
        for _ in range(100):
            refused(verifier, invented())

    assert verifier.verify(token).username == "alice"
    assert server.requests == 1 + BURST + 1


def test_a_rotation_during_a_flood_from_other_threads_is_honoured_within_one_cooldown(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    is_over = threading.Event()

    def flood() -> None:
        while not is_over.is_set():
            with pytest.raises(UnknownKeyError):
                verifier.verify(invented())

    threads = [Background(flood) for _ in range(4)]
    eventually(lambda: server.requests == 1 + BURST)
    pool.rotate_key()
    clock.advance(COOLDOWN)
    eventually(lambda: server.requests == 1 + BURST + 1)
    eventually(lambda: set(status_of(verifier).kids) == set(pool.kids))
    claims = verifier.verify(pool.access_token())
    is_over.set()

    assert [thread.outcome() for thread in threads] == [None] * 4
    assert claims.username == "alice"
    assert server.requests == 1 + BURST + 1


def test_nobody_can_tell_while_the_endpoint_fails(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    server.behave(status=500)

    for _ in range(1000):
        with pytest.raises(JWKSUnavailableError):
            verifier.verify(invented())
        assert verifier.verify(pool.access_token()).username == "alice"

    assert server.requests == 2


def test_nobody_can_tell_while_the_endpoint_fails_though_no_fetch_is_left_in_the_budget(
    server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    for _ in range(BURST):
        refused(verifier, invented())
    server.behave(status=500)
    with pytest.raises(JWKSUnavailableError):
        verifier.prefetch()
    clock.advance(1)

    for _ in range(10):
        with pytest.raises(JWKSUnavailableError):
            verifier.verify(invented())

    assert server.requests == 1 + BURST + 1


def test_a_flood_during_an_outage_costs_a_fetch_for_each_backoff_at_most(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    server.behave(status=500)

    for _ in range(120):
        for _ in range(10):
            with pytest.raises(JWKSUnavailableError):
                verifier.verify(invented())
        clock.advance(1)

    # At 0, 1, 3, 7 and 15 s the burst, then as the backoff of 16 and 30 s allows.
    assert server.requests == 1 + 5 + 3


def test_a_flood_of_one_kid_is_a_flood_too(
    server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, invented: Callable[[], str]
) -> None:
    token = invented()

    outcomes = in_threads(32, lambda: refused(verifier, token).code)

    assert outcomes == ["unknown_key"] * 32
    assert server.requests <= 1 + BURST
