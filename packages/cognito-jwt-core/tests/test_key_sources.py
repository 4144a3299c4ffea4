"""Key sources by somebody else, asked in a thread of their own; and keys bundled with the app."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cognito_jwt_core import (
    CognitoVerifier,
    ConfigurationError,
    JWKSFetchError,
    JWKSResponse,
    JWKSUnavailableError,
    KeySettings,
    UnknownKeyError,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from keys_kit import (
    CEILING_SECONDS,
    IDLE,
    LIFETIME,
    QUICK,
    STALE,
    Stopwatch,
    eventually,
    stand_still,
    status_of,
    verifier_of,
    with_kid,
)

HANGS_AT_MOST = 3


class Elsewhere:
    """Keys from elsewhere, with whatever goes wrong there."""

    def __init__(self, pool: LocalUserPool) -> None:
        self.pool = pool
        self.failure: BaseException | None = None
        self.max_age: object = None
        self.fetches = 0
        self.timeouts: set[float] = set()
        self.hangs = False
        self.goes_on = threading.Event()

    def __repr__(self) -> str:
        return "elsewhere"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        self.fetches += 1
        self.timeouts.add(timeout_seconds)
        if self.hangs:  # as a name lookup does, which no timeout bounds
            self.goes_on.wait()
        if self.failure is not None:
            raise self.failure
        return JWKSResponse(json.dumps(self.pool.jwk_set), self.max_age)  # type: ignore[arg-type]


@pytest.fixture
def source(pool: LocalUserPool) -> Iterator[Elsewhere]:
    source = Elsewhere(pool)
    yield source
    source.goes_on.set()


def over(source: object, pool: LocalUserPool, settings: KeySettings = QUICK) -> CognitoVerifier:
    return verifier_of(pool, source, key_settings=settings)  # type: ignore[arg-type]


def test_a_source_is_asked_on_first_need_and_kept(pool: LocalUserPool, source: Elsewhere) -> None:
    verifier = over(source, pool)
    assert source.fetches == 0

    for name in ("alice", "bob"):
        assert verifier.verify(pool.access_token(name)).username == name

    assert source.fetches == 1
    assert source.timeouts == {QUICK.timeout_seconds}
    assert status_of(verifier).source == "elsewhere"


def test_a_source_is_asked_in_a_thread_of_its_own(pool: LocalUserPool, source: Elsewhere) -> None:
    threads = []

    class Noted(Elsewhere):
        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            threads.append(threading.current_thread().name)
            return super().fetch(timeout_seconds)

    over(Noted(pool), pool).verify(pool.access_token())

    assert threads == ["cognito-jwks-fetch"]


@pytest.mark.parametrize(
    "failure",
    [
        JWKSFetchError("gone\r\nfishing"),
        OSError(5, "I/O"),
        ValueError("x" * 100_000),
        KeyError("k"),
        RecursionError(),
        MemoryError(),
        SystemExit(1),
        KeyboardInterrupt(),
        GeneratorExit(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_whatever_a_source_raises_is_a_failed_fetch(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere, failure: BaseException
) -> None:
    verifier = over(source, pool)
    source.failure = failure

    for _ in range(10):
        with pytest.raises(JWKSUnavailableError) as refusal:
            verifier.verify(pool.access_token())
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 300

    assert source.fetches == 1
    source.failure = None
    clock.advance(1)
    assert verifier.verify(pool.access_token()).username == "alice"


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_cannot_be_shown_ends_with_the_deadline(pool: LocalUserPool, source: Elsewhere) -> None:
    verifier = over(source, pool)
    source.failure = SpeechlessError()

    with Stopwatch(), pytest.raises(JWKSUnavailableError, match=r"no whole answer within 1\.5 s"):
        verifier.verify(pool.access_token())


@pytest.mark.parametrize("answer", [None, {}, b"{}", "keys", JWKSResponse({}), JWKSResponse(7)])  # type: ignore[arg-type]
def test_whatever_a_source_answers_that_is_no_set_of_keys_is_a_failed_fetch(
    pool: LocalUserPool, answer: object
) -> None:
    class Wrong:
        def fetch(self, timeout_seconds: float) -> object:
            return answer

    verifier = over(Wrong(), pool)

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())


@pytest.mark.parametrize(("max_age", "lifetime"), [(None, 600), (1, 300), (7200, 3600), (float("nan"), 300)])
def test_a_source_says_how_long_its_keys_are_fresh_within_limits(
    pool: LocalUserPool, source: Elsewhere, max_age: float | None, lifetime: int
) -> None:
    source.max_age = max_age
    verifier = over(source, pool)
    verifier.prefetch()

    assert status_of(verifier).next_refresh_seconds == lifetime


def test_a_lifetime_of_the_wrong_type_is_a_failed_fetch(pool: LocalUserPool, source: Elsewhere) -> None:
    source.max_age = "600"

    with pytest.raises(JWKSUnavailableError, match="TypeError"):
        over(source, pool).verify(pool.access_token())


def test_a_source_that_hangs_holds_nobody_past_the_deadline_and_no_more_threads_than_three(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere
) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.3))
    source.hangs = True

    for _ in range(10):
        with Stopwatch(), pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())
        clock.advance(30)
    with pytest.raises(JWKSUnavailableError, match=r"no whole answer within 0\.3 s"):
        verifier.verify(pool.access_token())

    hanging = [thread for thread in threading.enumerate() if thread.name == "cognito-jwks-fetch"]
    assert len(hanging) == source.fetches == HANGS_AT_MOST
    source.hangs = False
    source.goes_on.set()
    for thread in hanging:
        thread.join(CEILING_SECONDS)
    assert verifier.verify(pool.access_token()).username == "alice"
    assert source.fetches == HANGS_AT_MOST + 1


def test_an_answer_after_the_deadline_comes_too_late(pool: LocalUserPool, source: Elsewhere) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.3))
    source.hangs = True
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    source.goes_on.set()
    eventually(lambda: not any(thread.name == "cognito-jwks-fetch" for thread in threading.enumerate()))

    assert status_of(verifier).kids == ()
    assert status_of(verifier).failures == 1


def test_an_answer_after_the_deadline_comes_too_late_though_nobody_waited(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere
) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.6))
    verifier.prefetch()
    pool.rotate_key()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(LocalUserPool(pool.id, client_id=pool.client_id, clock=clock).access_token())

    time.sleep(0.65)  # the deadline, by real time
    source.goes_on.set()
    eventually(lambda: not any(thread.name == "cognito-jwks-fetch" for thread in threading.enumerate()))

    status = status_of(verifier)
    assert len(status.kids) == 1
    assert status.last_error == "no whole answer within 0.6 s"


def test_a_refresh_that_hangs_is_a_failed_one_in_time_though_nobody_waits_for_it(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    verifier, token = over(source, pool, KeySettings(timeout_seconds=0.6)), pool.access_token()
    verifier.prefetch()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(token)

    eventually(lambda: bool(caplog.records))  # nobody asks anything meanwhile
    time.sleep(1.25)  # and then for more than twice the deadline
    source.goes_on.set()
    source.failure = OSError("the name lookup failed at last")
    for _ in range(10):
        verifier.verify(token)

    assert [record.getMessage() for record in caplog.records] == [
        "keys of elsewhere could not be fetched: no whole answer within 0.6 s; known keys stay in use: 1,"
        " next attempt in 1 s"
    ]
    assert (status_of(verifier).failures, source.fetches) == (1, 2)


def test_a_fetch_during_which_the_process_stood_still_says_nothing_and_is_begun_again(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere
) -> None:
    """As in a Lambda that was frozen in the middle of a refresh."""
    verifier = over(source, pool, KeySettings(timeout_seconds=0.6))
    verifier.prefetch()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(pool.access_token())
    eventually(lambda: source.fetches == 2)
    pool.rotate_key()

    stand_still(1.25)  # more than twice the deadline, by real time
    source.hangs = False
    clock.advance(IDLE * 2)

    assert verifier.verify(pool.access_token()).username == "alice"
    assert source.fetches == 3
    assert status_of(verifier).failures == 0


def test_prefetch_begins_again_what_stood_still(pool: LocalUserPool, clock: ManualClock, source: Elsewhere) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.6))
    verifier.prefetch()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(pool.access_token())
    eventually(lambda: source.fetches == 2)

    stand_still(1.25)
    source.hangs = False
    verifier.prefetch()

    assert source.fetches == 3
    assert status_of(verifier).age_seconds == 0


@pytest.fixture
def server(pool: LocalUserPool) -> Iterator[JWKSServer]:
    with JWKSServer(pool) as server:
        yield server


def test_bundled_keys_serve_the_cold_start_while_the_network_refreshes_them(
    pool: LocalUserPool, server: JWKSServer, tmp_path: Path
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(pool.jwk_set))
    server.behave(hold=True)

    for bundled in (pool.jwk_set, path, str(path)):
        verifier = verifier_of(pool, server.url, bundled_jwks=bundled)
        assert verifier.verify(pool.access_token()).username == "alice"

    server.wait_for_requests(3)


def test_bundled_keys_are_replaced_by_those_of_the_endpoint(pool: LocalUserPool, server: JWKSServer) -> None:
    bundled, old = pool.jwk_set, pool.access_token()
    pool.rotate_key(keep_old=False)
    verifier = verifier_of(pool, server.url, bundled_jwks=bundled)

    assert verifier.verify(pool.access_token()).username == "alice"
    with pytest.raises(UnknownKeyError):
        verifier.verify(old)


def test_bundled_keys_serve_an_app_that_cannot_reach_the_network_for_a_day(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    server.behave(status=503)
    verifier = verifier_of(pool, server.url, bundled_jwks=pool.jwk_set)

    for _ in range(24):
        verifier.verify(pool.access_token())
        clock.advance(STALE / 24)
    verifier.verify(pool.access_token())
    clock.advance(1)

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())


def test_bundled_keys_do_not_make_an_unknown_kid_known(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier = verifier_of(pool, server.url, bundled_jwks=pool.jwk_set)

    with pytest.raises(UnknownKeyError):
        verifier.verify(with_kid(pool.access_token(), "invented"))

    assert server.requests == 1


@pytest.mark.parametrize("bundled", ["", "missing.json", "https://example.com/jwks.json", {"keys": []}, {}, 7])
def test_bundled_keys_that_are_none_are_a_configuration_error(pool: LocalUserPool, bundled: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^bundled_jwks: "):
        verifier_of(pool, "http://127.0.0.1:9/jwks.json", bundled_jwks=bundled)
