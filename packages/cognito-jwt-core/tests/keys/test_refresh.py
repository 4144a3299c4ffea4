"""Keys that grow old: refreshed while requests go on, and replaced as a whole."""

import logging

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    InvalidSignatureError,
    KeySettings,
    UnknownKeyError,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import IDLE, LIFETIME, Background, eventually, in_threads, status_of, verifier_of
from cognito_test_kit.messages import Messages


def refreshed(verifier: CognitoVerifier, fetches: int) -> None:
    eventually(lambda: status_of(verifier).fetches == fetches and status_of(verifier).age_seconds == 0)


def test_fresh_keys_are_not_asked_for_again(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    for _ in range(60):
        verifier.verify(pool.access_token())
        clock.advance(LIFETIME / 60 - 0.01)

    assert server.requests == 1


def test_a_refresh_goes_on_in_the_background_and_no_request_waits(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    clock.advance(LIFETIME)
    server.behave(hold=True)

    for _ in range(100):
        assert verifier.verify(pool.access_token()).username == "alice"
    server.wait_for_requests(2)
    assert {type(claims) for claims in in_threads(16, lambda: verifier.verify(pool.access_token()))} == {Claims}
    server.release()
    refreshed(verifier, 2)

    verifier.verify(pool.access_token())
    assert server.requests == 2


@pytest.mark.parametrize(
    ("cache_control", "lifetime"),
    [
        (None, 600),
        ("public, max-age=900", 900),
        ('Max-Age="900"', 900),
        ("max-age=1", 300),
        ("max-age=0, must-revalidate", 300),
        ("max-age=86400", 3600),
        ("max-age=" + "9" * 1000, 3600),
        ("max-age=soon", 600),
        ("max-age=-1", 600),
        ("no-store", 600),
    ],
)
def test_the_lifetime_is_what_the_endpoint_says_within_limits(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, cache_control: str | None, lifetime: int
) -> None:
    server.behave(headers={"Cache-Control": cache_control})
    verifier = verifier_of(pool, server.url)
    verifier.prefetch()

    clock.advance(lifetime - 1)
    verifier.verify(pool.access_token())
    assert (server.requests, status_of(verifier).next_refresh_seconds) == (1, 1)

    clock.advance(1)
    verifier.verify(pool.access_token())
    server.wait_for_requests(2)


@pytest.mark.parametrize(("fraction", "due"), [(0.0, 600), (0.25, 585), (0.5, 570), (0.75, 555)])
def test_workers_that_ask_in_the_same_second_refresh_within_the_last_tenth_of_the_lifetime(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, fraction: float, due: int
) -> None:
    clock.advance(fraction)
    verifier = verifier_of(pool, server.url)
    verifier.prefetch()
    assert status_of(verifier).next_refresh_seconds == due

    clock.advance(due - 1)
    verifier.verify(pool.access_token())
    assert server.requests == 1

    clock.advance(1)
    verifier.verify(pool.access_token())
    server.wait_for_requests(2)


def test_a_refresh_ahead_of_time_takes_nothing_from_how_long_keys_are_trusted(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    clock.advance(0.75)
    verifier = verifier_of(pool, server.url)
    verifier.prefetch()
    server.behave(hold=True)

    clock.advance(LIFETIME + IDLE)

    assert verifier.verify(pool.access_token()).username == "alice"
    server.wait_for_requests(2)


def test_keys_are_as_old_as_the_question_and_not_as_the_answer(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier = verifier_of(pool, server.url)
    server.behave(hold=True)
    first = Background(lambda: verifier.verify(pool.access_token()))
    server.wait_for_requests(1)

    clock.advance(100)
    server.release()

    assert isinstance(first.outcome(), Claims)
    assert status_of(verifier).age_seconds == 100


def test_a_key_withdrawn_by_a_refresh_is_no_longer_trusted_remembered_tokens_included(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    old = pool.access_token()
    verifier.verify(old)

    pool.rotate_key(keep_old=False)
    clock.advance(LIFETIME)
    verifier.verify(old)  # begins the refresh, and is served meanwhile
    refreshed(verifier, 2)

    with pytest.raises(UnknownKeyError):
        verifier.verify(old)
    assert verifier.verify(pool.access_token()).username == "alice"


def test_a_key_swapped_under_the_same_kid_ends_the_trust_in_remembered_tokens(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    token = pool.access_token()
    verifier.verify(token)
    stranger = LocalUserPool("eu-central-1_stranger").signing_key.public_jwk

    server.behave(body={"keys": [{**stranger, "kid": pool.signing_key.kid}]})
    verifier.prefetch()
    with pytest.raises(InvalidSignatureError):
        verifier.verify(token)

    server.behave()
    verifier.prefetch()
    assert verifier.verify(token).username == "alice"


def test_a_kept_key_keeps_the_remembered_tokens(
    pool: LocalUserPool, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    token = pool.access_token()
    verifier.verify(token)
    pool.rotate_key()

    verifier.prefetch()

    assert verifier.verify(token).username == "alice"
    assert verifier.verify(pool.access_token()).username == "alice"


@pytest.mark.parametrize("clock_that_tells", ["both", "wall", "monotonic"])
def test_after_idling_no_request_is_served_until_a_refresh_was_tried_once_for_all(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier, clock_that_tells: str
) -> None:
    """A thawed Lambda's monotonic clock may have stood still, and a wall clock may have been put back."""
    old = pool.access_token(expires_in=100_000)
    verifier.verify(old)
    pool.rotate_key(keep_old=False)
    server.behave(delay_seconds=0.1)

    idled(clock, LIFETIME + IDLE + 1, clock_that_tells)
    outcomes = in_threads(16, lambda: verifier.verify(old))

    assert {type(outcome) for outcome in outcomes} == {UnknownKeyError}
    assert server.requests <= 3  # and one since the key is not there
    assert verifier.verify(pool.access_token()).username == "alice"


def test_requests_that_come_after_an_hour_of_idling_wait_for_one_refresh(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    clock.advance(LIFETIME + IDLE + 1)
    server.behave(hold=True)

    waiting = [Background(lambda: verifier.verify(pool.access_token())) for _ in range(16)]
    server.wait_for_requests(2)
    assert status_of(verifier).age_seconds == LIFETIME + IDLE + 1
    server.release()

    assert {type(call.outcome()) for call in waiting} == {Claims}
    assert server.requests == 2


def test_within_an_hour_past_their_lifetime_keys_serve_at_once(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    clock.advance(LIFETIME + IDLE)
    server.behave(hold=True)

    assert verifier.verify(pool.access_token()).username == "alice"
    server.wait_for_requests(2)


def test_after_idling_a_refresh_that_fails_is_tried_once_for_all_and_then_the_keys_serve(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    clock.advance(LIFETIME + IDLE + 1)
    server.behave(status=503, delay_seconds=0.05)

    outcomes = in_threads(16, lambda: verifier.verify(pool.access_token()))
    outcomes += [verifier.verify(pool.access_token()) for _ in range(100)]

    assert {type(claims) for claims in outcomes} == {Claims}
    assert server.requests == 2


@pytest.mark.parametrize(
    ("failed_at", "asked_at"),
    [
        (0, IDLE + 1),  # long before the idling
        (IDLE - 10, IDLE + 10),  # shortly before the keys had idled too long
        (IDLE + 10, IDLE * 3),  # while they had, but longer ago than they may idle
    ],
)
def test_a_refresh_that_failed_before_the_idling_does_not_count_as_tried(
    pool: LocalUserPool,
    server: JWKSServer,
    clock: ManualClock,
    verifier: CognitoVerifier,
    failed_at: int,
    asked_at: int,
) -> None:
    server.behave(status=503, times=1)
    clock.advance(LIFETIME + failed_at)
    verifier.verify(pool.access_token())
    eventually(lambda: status_of(verifier).failures == 1)
    old = pool.access_token(expires_in=100_000)
    pool.rotate_key(keep_old=False)

    clock.advance(asked_at - failed_at)
    with pytest.raises(UnknownKeyError):
        verifier.verify(old)


def test_a_wall_clock_put_back_does_not_make_old_keys_young(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    clock.advance(LIFETIME)
    clock.set_time(clock.time() - 86_400)

    verifier.verify(pool.access_token())

    server.wait_for_requests(2)


def test_a_rotation_is_told_once_and_at_info(
    messages: Messages, pool: LocalUserPool, verifier: CognitoVerifier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cognito_jwt_core")
    pool.rotate_key()

    for _ in range(10):
        verifier.verify(pool.access_token())

    assert [record.levelname for record in caplog.records] == ["INFO"]
    messages.show(*caplog.messages)


def test_another_default_lifetime_can_be_set(pool: LocalUserPool, server: JWKSServer, clock: ManualClock) -> None:
    verifier = verifier_of(pool, server.url, key_settings=KeySettings(default_max_age_seconds=60))
    verifier.prefetch()

    assert status_of(verifier).next_refresh_seconds == 60


def idled(clock: ManualClock, seconds: float, clock_that_tells: str) -> None:
    if clock_that_tells == "wall":
        clock.set_time(clock.time() + seconds)
        return
    wall = clock.time()
    clock.advance(seconds)
    if clock_that_tells == "monotonic":
        clock.set_time(wall)
