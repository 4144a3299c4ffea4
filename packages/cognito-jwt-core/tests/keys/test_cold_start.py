"""No keys yet: who fetches, who waits, and what they are told."""

import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    JWKSUnavailableError,
    KeySettings,
    UnknownKeyError,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import QUICK, Background, Stopwatch, in_threads, status_of, verifier_of, with_kid
from cognito_test_kit.messages import Messages


def test_nothing_is_fetched_before_the_first_token(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier = verifier_of(pool, server.url)

    assert server.requests == 0
    assert status_of(verifier).kids == ()


def test_cold_start_of_64_threads_is_one_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token("alice")
    server.behave(hold=True)

    def release_once_asked() -> None:
        server.wait_for_requests(1)
        server.release()

    release = Background(release_once_asked)
    outcomes = in_threads(64, lambda: verifier.verify(token))
    release.outcome()

    assert [claims.username for claims in outcomes if isinstance(claims, Claims)] == ["alice"] * 64
    assert server.requests == 1


def test_cold_start_of_200_tasks_is_one_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token("alice")
    server.behave(delay_seconds=0.1)

    async def all_at_once() -> list[Claims]:
        return await asyncio.gather(*(verifier.verify_async(token) for _ in range(200)))

    assert [claims.username for claims in asyncio.run(all_at_once())] == ["alice"] * 200
    assert server.requests == 1


def test_threads_and_tasks_wait_for_the_same_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(hold=True)

    waiting = [Background(verifier.prefetch)]  # first: after the others it would be a fetch of its own
    server.wait_for_requests(1)
    waiting += [Background(lambda: verifier.verify(token)) for _ in range(4)]
    waiting += [Background(lambda: asyncio.run(verifier.verify_async(token))) for _ in range(4)]
    server.release()

    assert [outcome for call in waiting if isinstance(outcome := call.outcome(), Exception)] == []
    assert server.requests == 1


def test_one_task_that_gives_up_does_not_end_the_waiting_of_the_others(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(hold=True)

    async def some_give_up() -> list[Claims | BaseException]:
        patient = [asyncio.create_task(verifier.verify_async(token)) for _ in range(20)]
        hasty = [asyncio.create_task(asyncio.wait_for(verifier.verify_async(token), 0.01)) for _ in range(20)]
        cancelled = [asyncio.create_task(verifier.verify_async(token)) for _ in range(20)]
        gave_up = await asyncio.gather(*hasty, return_exceptions=True)
        for task in cancelled:
            task.cancel()
        gave_up += await asyncio.gather(*cancelled, return_exceptions=True)
        assert [type(error) for error in gave_up] == [asyncio.TimeoutError] * 20 + [asyncio.CancelledError] * 20
        server.release()
        return await asyncio.gather(*patient, return_exceptions=True)

    assert all(isinstance(claims, Claims) for claims in asyncio.run(some_give_up()))
    assert server.requests == 1


def test_several_event_loops_wait_for_one_fetch_and_one_may_end_early(
    pool: LocalUserPool, server: JWKSServer, caplog: pytest.LogCaptureFixture
) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(hold=True)

    async def hasty() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(verifier.verify_async(token), 0.01)

    patient = [Background(lambda: asyncio.run(verifier.verify_async(token))) for _ in range(8)]
    server.wait_for_requests(1)
    asyncio.run(hasty())
    server.release()

    assert all(isinstance(loop.outcome(), Claims) for loop in patient)
    assert server.requests == 1
    assert caplog.records == []  # nothing is told to a loop that is closed


def test_the_event_loop_goes_on_while_keys_are_fetched(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(hold=True)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while ticks < 50:
            await asyncio.sleep(0.001)
            ticks += 1
        server.release()

    async def both() -> Claims:
        claims, _ = await asyncio.gather(verifier.verify_async(token), tick())
        return claims

    assert asyncio.run(both()).username == "alice"
    assert ticks == 50


def test_nobody_waits_longer_than_the_deadline(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url, key_settings=QUICK), pool.access_token()
    server.behave(hold=True)

    with Stopwatch():
        outcomes = in_threads(16, lambda: verifier.verify(token))

    assert [type(error) for error in outcomes] == [JWKSUnavailableError] * 16
    assert server.requests == 1


def test_no_task_waits_longer_than_the_deadline(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier, token = verifier_of(pool, server.url, key_settings=QUICK), pool.access_token()
    server.behave(hold=True)

    async def all_at_once() -> list[Claims | BaseException]:
        return await asyncio.gather(*(verifier.verify_async(token) for _ in range(50)), return_exceptions=True)

    with Stopwatch():
        outcomes = asyncio.run(all_at_once())

    assert [type(error) for error in outcomes] == [JWKSUnavailableError] * 50
    assert server.requests == 1


def test_an_endpoint_that_is_down_is_asked_once_and_then_left_in_peace(
    messages: Messages, pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(status=503)

    for _ in range(100):
        with messages.raises(JWKSUnavailableError) as refusal:
            verifier.verify(token)
        assert (refusal.value.code, refusal.value.retry_after) == ("jwks_unavailable", 1)

    assert server.requests == 1


def test_retry_after_is_the_time_until_the_next_attempt(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(status=503)
    told = []

    for wait in (1, 2, 4, 8, 16, 30, 30):
        for waited in (0.0, wait - 0.5):
            clock.advance(waited)
            with pytest.raises(JWKSUnavailableError) as refusal:
                verifier.verify(token)
            told.append(refusal.value.retry_after)
        clock.advance(0.5)

    assert told == [1, 1, 2, 1, 4, 1, 8, 1, 16, 1, 30, 1, 30, 1]
    assert server.requests == 7


def test_a_closed_port_says_so(messages: Messages, pool: LocalUserPool) -> None:
    with JWKSServer(pool) as server:
        verifier = verifier_of(pool, server.url)

    with messages.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())


def test_recovers_by_itself(pool: LocalUserPool, server: JWKSServer, clock: ManualClock) -> None:
    verifier, token = verifier_of(pool, server.url), pool.access_token()
    server.behave(status=503, times=1)
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(token)

    clock.advance(1)

    assert verifier.verify(token).username == "alice"
    assert server.requests == 2
    assert (status_of(verifier).failures, status_of(verifier).last_error) == (0, None)


def test_a_kid_that_the_first_answer_lacks_is_unknown_without_a_second_fetch(
    pool: LocalUserPool, server: JWKSServer
) -> None:
    verifier = verifier_of(pool, server.url)

    with pytest.raises(UnknownKeyError):
        verifier.verify(with_kid(pool.access_token(), "invented"))

    assert server.requests == 1


def test_prefetch_leaves_nothing_to_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier = verifier_of(pool, server.url)

    verifier.prefetch()
    verifier.verify(pool.access_token())
    asyncio.run(verifier.verify_async(pool.access_token()))

    assert server.requests == 1
    assert status_of(verifier).kids == pool.kids


def test_prefetch_says_that_the_endpoint_is_down_and_leaves_it_in_peace(
    messages: Messages, pool: LocalUserPool, server: JWKSServer
) -> None:
    verifier = verifier_of(pool, server.url)
    server.behave(status=500)

    for _ in range(3):
        with messages.raises(JWKSUnavailableError):
            verifier.prefetch()

    assert server.requests == 1


def test_a_lookup_ends_even_where_every_time_is_next_to_nothing(pool: LocalUserPool, server: JWKSServer) -> None:
    """Keys that are past every limit as soon as they arrive must not be asked for in a circle."""
    hurried = KeySettings(
        timeout_seconds=10,
        default_max_age_seconds=1e-9,
        min_max_age_seconds=1e-9,
        max_idle_seconds=1e-9,
        max_stale_seconds=1e-9,
        backoff_initial_seconds=1e-9,
        backoff_max_seconds=1e-9,
    )
    pool = LocalUserPool(pool.id, client_id=pool.client_id)  # by the real clock, which does not stand still
    verifier = verifier_of(pool, server.url, key_settings=hurried)

    assert verifier.verify(pool.access_token()).username == "alice"
    server.behave(status=500)
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    assert server.requests == 2


def test_a_system_without_a_thread_to_give_is_a_failed_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    """In a process of its own, which has no thread parked yet."""
    command = [sys.executable, str(THREADLESS), server.url, pool.id, pool.access_token()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603

    assert (ended.returncode, ended.stderr) == (0, "")
    assert server.requests == 1


THREADLESS = Path(__file__).parent / "programs" / "threadless.py"

EXITING = """
import sys, threading, time
from cognito_jwt_core import CognitoVerifier

verifier = CognitoVerifier(sys.argv[1], client_id=None, token_use=None, jwks=sys.argv[2])
threading.Thread(target=verifier.verify, args=(sys.argv[3],), daemon=True).start()
sys.stdin.readline()
"""


def test_an_interpreter_that_ends_waits_for_no_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    server.behave(hold=True)
    command = [sys.executable, "-c", EXITING, pool.id, server.url, pool.access_token()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        server.wait_for_requests(1, 30)
        started = time.monotonic()
        _, err = process.communicate("\n", timeout=30)
        took = time.monotonic() - started

    assert (process.returncode, err) == (0, "")
    assert took < KeySettings().timeout_seconds


class AsksBack(logging.Handler):
    """A log handler that adds what is known about the keys, as one for metrics may."""

    def __init__(self, verifier: CognitoVerifier) -> None:
        super().__init__()
        self.verifier = verifier
        self.errors: list[str | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.errors.append(status_of(self.verifier).last_error)


def test_a_log_handler_may_ask_about_the_keys(pool: LocalUserPool, server: JWKSServer, clock: ManualClock) -> None:
    verifier = verifier_of(pool, server.url)
    handler = AsksBack(verifier)
    logger = logging.getLogger("cognito_jwt_core")
    logger.addHandler(handler)
    try:
        for status in (500, 503):
            server.behave(status=status)
            with pytest.raises(JWKSUnavailableError):
                verifier.prefetch()
            clock.advance(1)
    finally:
        logger.removeHandler(handler)

    assert handler.errors == ["expected status 200, found 500", "expected status 200, found 503"]
