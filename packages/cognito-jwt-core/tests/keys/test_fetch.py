"""Fetches during which the process stands still, or whose source never answers."""

import threading
import time

import pytest
from cognito_jwt_core import CognitoVerifier, JWKSFetchError, JWKSResponse, JWKSUnavailableError, KeySettings
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.key_servers import Stopwatch, eventually, stand_still, status_of

QUICK = KeySettings(timeout_seconds=0.05)


class Source:
    """A remote source that can stop the whole process, or hang."""

    def __init__(self, pool: LocalUserPool) -> None:
        self.pool = pool
        self.calls = 0
        self.standstills = 0
        self.hangs = False
        self.released = threading.Event()

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        self.calls += 1
        if self.standstills:
            self.standstills -= 1
            stand_still(4 * timeout_seconds)
        if self.hangs:
            self.released.wait()
        return JWKSResponse(self.pool.jwk_set)


@pytest.fixture
def source(pool: LocalUserPool) -> Source:
    return Source(pool)


@pytest.fixture
def verifier(pool: LocalUserPool, source: Source) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id, client_id=pool.client_id, token_use="access", jwks=source, key_settings=QUICK, clock=pool.clock
    )


def test_a_fetch_that_tells_nothing_is_repeated(pool: LocalUserPool, source: Source, verifier: CognitoVerifier) -> None:
    source.standstills = 2

    verifier.verify(pool.access_token())

    assert source.calls == 3
    assert status_of(verifier).failures == 0


def test_prefetch_repeats_a_fetch_that_tells_nothing(source: Source, verifier: CognitoVerifier) -> None:
    source.standstills = 1

    verifier.prefetch()

    assert source.calls == 2
    assert status_of(verifier).failures == 0


def test_a_third_that_tells_nothing_is_a_failure_with_its_backoff(
    pool: LocalUserPool, source: Source, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    source.standstills = 3

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())
    with pytest.raises(JWKSUnavailableError) as error:
        verifier.verify(pool.access_token())
    assert (source.calls, status_of(verifier).failures, error.value.retry_after) == (3, 1, 1)

    clock.advance(error.value.retry_after)
    verifier.verify(pool.access_token())


@pytest.mark.parametrize("jump_seconds", [3600, -3600, 1e6, -1e6])
def test_a_wall_clock_that_is_set_during_a_fetch_does_not_prolong_the_backoff(
    pool: LocalUserPool, clock: ManualClock, jump_seconds: float
) -> None:
    class Endpoint:
        works = False

        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            if not self.works:
                clock.set_time(clock.time() + jump_seconds)
                raise JWKSFetchError("expected an answer, found none")
            return JWKSResponse(pool.jwk_set)

    endpoint = Endpoint()
    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", jwks=endpoint, check_expiration=False, clock=clock
    )

    with pytest.raises(JWKSUnavailableError) as error:
        verifier.prefetch()
    assert error.value.retry_after == 1
    endpoint.works = True
    clock.set_time(clock.time() - jump_seconds)  # as NTP corrects it
    clock.advance(1)

    verifier.prefetch()


def test_a_source_that_hangs_keeps_its_place_until_it_ends(
    pool: LocalUserPool, source: Source, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    source.hangs = True
    for _ in range(3):
        with pytest.raises(JWKSUnavailableError) as error:
            verifier.prefetch()
        clock.advance(error.value.retry_after)

    for backoff in (8, 16):  # with no place, an attempt fails at once, and backs off as any other
        with pytest.raises(JWKSUnavailableError) as error:
            verifier.prefetch()
        assert (source.calls, error.value.retry_after) == (3, backoff)
        clock.advance(error.value.retry_after)

    source.hangs = False
    source.released.set()
    eventually(lambda: tries(verifier, clock))


def tries(verifier: CognitoVerifier, clock: ManualClock) -> bool:
    try:
        verifier.prefetch()
    except JWKSUnavailableError as error:
        clock.advance(error.retry_after)
        return False
    return True


class FastClock:
    """A wall clock that runs fifty times as fast as the monotonic one."""

    def time(self) -> float:
        return 50 * time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def test_clocks_that_disagree_cause_no_fetch_after_the_other(pool: LocalUserPool, source: Source) -> None:
    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", jwks=source, check_expiration=False, clock=FastClock()
    )

    with Stopwatch():
        verifier.verify(pool.access_token())

    assert source.calls == 1
