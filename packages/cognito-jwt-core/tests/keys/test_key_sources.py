"""Key sources of the app's own, asked in a worker thread; and keys bundled with the app."""

import json
import threading
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
from cognito_test_kit.key_servers import (
    CEILING_SECONDS,
    LIFETIME,
    QUICK,
    STALE,
    Stopwatch,
    eventually,
    status_of,
    verifier_of,
    with_kid,
)
from cognito_test_kit.messages import Messages

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
        self.went_on = threading.Event()

    def __repr__(self) -> str:
        return "elsewhere"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        self.fetches += 1
        self.timeouts.add(timeout_seconds)
        if self.hangs:  # as a name lookup does, which no timeout bounds
            self.goes_on.wait()
            self.went_on.set()
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

    assert threads == ["cognito-jwt-worker"]


@pytest.mark.parametrize(
    "failure",
    [
        JWKSFetchError("gone\r\nfishing"),
        OSError(5, "I/O"),
        TimeoutError("by the source itself"),
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


class SpeechlessSource:
    """A source that can neither name itself nor say what went wrong."""

    def __repr__(self) -> str:
        raise RuntimeError("no name")

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        raise SpeechlessError


def test_a_source_and_an_error_that_cannot_be_shown_are_told_by_their_classes(pool: LocalUserPool) -> None:
    verifier = over(SpeechlessSource(), pool)

    with pytest.raises(JWKSUnavailableError, match=r"<SpeechlessSource>.*SpeechlessError"):
        verifier.verify(pool.access_token())
    (status,) = verifier.keys
    assert (status.source, status.last_error) == ("<SpeechlessSource>", "SpeechlessError")


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


def test_a_source_that_hangs_holds_no_request_past_the_deadline_and_no_more_threads_than_three(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere
) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.3))
    source.hangs = True

    for _ in range(10):
        with Stopwatch(), pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())
        clock.advance(30)
    assert source.fetches == HANGS_AT_MOST

    source.hangs = False
    source.goes_on.set()
    eventually(lambda: verifies(verifier, pool, clock))
    assert source.fetches == HANGS_AT_MOST + 1


def verifies(verifier: CognitoVerifier, pool: LocalUserPool, clock: ManualClock) -> bool:
    try:
        verifier.verify(pool.access_token())
    except JWKSUnavailableError as error:
        clock.advance(error.retry_after)
        return False
    return True


def test_an_answer_after_the_deadline_comes_too_late(pool: LocalUserPool, source: Elsewhere) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.3))
    source.hangs = True
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    source.goes_on.set()
    assert source.went_on.wait(CEILING_SECONDS)

    assert status_of(verifier).kids == ()
    assert status_of(verifier).failures == 1


def test_an_answer_after_the_deadline_comes_too_late_though_no_request_waited(
    pool: LocalUserPool, clock: ManualClock, source: Elsewhere
) -> None:
    verifier = over(source, pool, KeySettings(timeout_seconds=0.6))
    verifier.prefetch()
    pool.rotate_key()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(LocalUserPool(pool.id, client_id=pool.client_id, clock=clock).access_token())

    eventually(lambda: status_of(verifier).failures == 1)
    source.goes_on.set()
    assert source.went_on.wait(CEILING_SECONDS)

    status = status_of(verifier)
    assert len(status.kids) == 1
    assert status.last_error == "no whole answer within 0.6 s"


def test_a_refresh_that_hangs_is_a_failed_one_in_time_though_no_request_waits_for_it(
    messages: Messages, pool: LocalUserPool, clock: ManualClock, source: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    verifier, token = over(source, pool, KeySettings(timeout_seconds=0.6)), pool.access_token()
    verifier.prefetch()
    clock.advance(LIFETIME)
    source.hangs = True
    verifier.verify(token)

    eventually(lambda: bool(caplog.records))  # no request asks anything meanwhile
    source.failure = OSError("the name lookup failed at last")
    source.goes_on.set()
    assert source.went_on.wait(CEILING_SECONDS)
    for _ in range(10):
        verifier.verify(token)

    messages.show(*caplog.messages)
    assert (status_of(verifier).failures, source.fetches) == (1, 2)


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
