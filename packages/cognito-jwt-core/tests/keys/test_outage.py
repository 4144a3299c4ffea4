"""The endpoint fails while keys are held: they go on serving for a day, and recovery needs no help."""

import logging

import pytest
from cognito_jwt_core import Claims, CognitoVerifier, JWKSUnavailableError
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import (
    IDLE,
    LIFETIME,
    QUICK,
    STALE,
    Stopwatch,
    eventually,
    in_threads,
    status_of,
    verifier_of,
)
from cognito_test_kit.messages import Messages


def failed(verifier: CognitoVerifier, times: int) -> None:
    eventually(lambda: status_of(verifier).failures == times)


def test_known_keys_go_on_verifying_and_each_failed_fetch_is_one_warning(
    pool: LocalUserPool,
    server: JWKSServer,
    clock: ManualClock,
    verifier: CognitoVerifier,
    caplog: pytest.LogCaptureFixture,
    messages: Messages,
) -> None:
    caplog.set_level(logging.DEBUG, "cognito_jwt_core")
    server.behave(status=503)
    clock.advance(LIFETIME)

    for _ in range(100):
        assert verifier.verify(pool.access_token()).username == "alice"
    eventually(lambda: bool(caplog.records))
    for _ in range(100):
        assert verifier.verify(pool.access_token()).username == "alice"

    assert server.requests == 2
    assert [(record.name, record.levelname) for record in caplog.records] == [("cognito_jwt_core.keys", "WARNING")]
    messages.show(*caplog.messages)


def test_attempts_back_off_from_one_second_to_thirty(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    server.behave(status=503)
    clock.advance(LIFETIME)
    verifier.verify(pool.access_token())

    for times, wait in enumerate((1, 2, 4, 8, 16, 30, 30, 30), start=1):
        failed(verifier, times)
        assert status_of(verifier).next_refresh_seconds == wait
        clock.advance(wait - 0.5)
        verifier.verify(pool.access_token())
        assert server.requests == 1 + times
        clock.advance(0.5)
        verifier.verify(pool.access_token())
        server.wait_for_requests(2 + times)


def test_an_endpoint_that_is_back_is_used_again_without_help(
    pool: LocalUserPool,
    server: JWKSServer,
    clock: ManualClock,
    verifier: CognitoVerifier,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.behave(status=503, times=3)
    clock.advance(LIFETIME)
    for times, wait in enumerate((1, 2, 4), start=1):
        verifier.verify(pool.access_token())
        failed(verifier, times)
        clock.advance(wait)
    eventually(lambda: len(caplog.records) == 3)
    caplog.clear()
    caplog.set_level(logging.INFO, "cognito_jwt_core")

    verifier.verify(pool.access_token())
    eventually(lambda: bool(caplog.records))

    assert server.requests == 5
    assert (status_of(verifier).last_error, status_of(verifier).age_seconds) == (None, 0)
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_failure_after_a_recovery_backs_off_from_the_beginning(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    for _ in range(2):
        server.behave(status=503, times=1)
        with pytest.raises(JWKSUnavailableError) as refusal:
            verifier.prefetch()
        assert refusal.value.retry_after == 1
        clock.advance(1)
        verifier.prefetch()


def test_known_keys_serve_for_a_day_past_their_lifetime_and_no_longer(
    messages: Messages, pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    server.behave(status=503)
    clock.advance(LIFETIME + STALE)
    assert verifier.verify(pool.access_token()).username == "alice"

    clock.advance(1)
    with messages.raises(JWKSUnavailableError) as refusal:
        verifier.verify(pool.access_token())

    assert refusal.value.retry_after == 2
    assert server.requests == 3
    server.behave()
    clock.advance(2)
    assert verifier.verify(pool.access_token()).username == "alice"


def test_keys_that_are_too_old_are_not_said_to_be_in_use(
    pool: LocalUserPool,
    server: JWKSServer,
    clock: ManualClock,
    verifier: CognitoVerifier,
    caplog: pytest.LogCaptureFixture,
    messages: Messages,
) -> None:
    server.behave(status=503)
    clock.advance(LIFETIME + STALE + 1)

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    messages.show(*caplog.messages)


def test_a_first_fetch_that_fails_says_what_it_means(
    messages: Messages, pool: LocalUserPool, server: JWKSServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave(status=503)
    with pytest.raises(JWKSUnavailableError):
        verifier_of(pool, server.url).prefetch()

    messages.show(*caplog.messages)


def test_remembered_tokens_end_with_the_keys(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    token = pool.access_token(expires_in=STALE * 2)
    verifier.verify(token)
    server.behave(status=503)

    clock.advance(LIFETIME + STALE + 1)

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(token)


def test_ten_minutes_of_outage_cost_little_more_than_a_fetch_each_half_minute(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, verifier: CognitoVerifier
) -> None:
    server.behave(status=503)
    clock.advance(LIFETIME)

    for _ in range(600):
        verifier.verify(pool.access_token())
        eventually(lambda: status_of(verifier).failures == status_of(verifier).fetches - 1)
        clock.advance(1)

    # After 0, 1, 3, 7, 15 and 31 s, and every 30 s from there.
    assert server.requests == 1 + 6 + (599 - 31) // 30


def test_the_fetch_of_an_endpoint_that_hangs_is_given_up_and_told_as_failed(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier = verifier_of(pool, server.url, key_settings=QUICK)
    verifier.prefetch()
    clock.advance(LIFETIME + IDLE + 1)
    server.behave(hold=True)

    with Stopwatch():
        outcomes = in_threads(8, lambda: verifier.verify(pool.access_token()))

    assert {type(claims) for claims in outcomes} == {Claims}
    assert server.requests == 2
    assert status_of(verifier).failures == 1
