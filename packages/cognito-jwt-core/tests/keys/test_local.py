"""Files, mappings and other local sources: current with every token, and no network."""

import asyncio
import itertools
import json
import logging
import os
import time
from pathlib import Path

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    ConfigurationError,
    InvalidIssuerError,
    JWKSFetchError,
    JWKSResponse,
    JWKSUnavailableError,
    UnknownKeyError,
)
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.key_servers import STALE, Background, in_threads, status_of, with_kid
from cognito_test_kit.messages import Messages


def verifier_of(pool: LocalUserPool, jwks: object) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id,
        client_id=pool.client_id,
        token_use="access",
        jwks=jwks,  # type: ignore[arg-type]
        clock=pool.clock,
    )


@pytest.fixture
def file(pool: LocalUserPool, tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    write(pool, path)
    return path


def write(pool: LocalUserPool, path: Path) -> None:
    """Write the keys, and date the file as one that changed a while ago: each time another second."""
    path.write_text(json.dumps(pool.jwk_set))
    date = 1_600_000_000 + next(_seconds)
    os.utime(path, (date, date))


_seconds = itertools.count()


@pytest.mark.parametrize("form", [str, Path])
def test_a_file_is_read_once(pool: LocalUserPool, file: Path, form: type[str] | type[Path]) -> None:
    verifier = verifier_of(pool, form(file))

    for name in ("alice", "bob"):
        assert verifier.verify(pool.access_token(name)).username == name
        assert asyncio.run(verifier.verify_async(pool.access_token(name))).username == name

    assert status_of(verifier).fetches == 1


def test_a_changed_file_is_noticed_with_the_first_token_of_a_new_key(pool: LocalUserPool, file: Path) -> None:
    old = pool.access_token()
    verifier = verifier_of(pool, file)
    verifier.verify(old)

    pool.rotate_key(keep_old=False)
    write(pool, file)

    assert verifier.verify(pool.access_token()).username == "alice"
    with pytest.raises(UnknownKeyError):
        verifier.verify(old)
    assert status_of(verifier).fetches == 2


def test_a_key_that_is_no_longer_in_the_file_is_refused_a_second_later(
    pool: LocalUserPool, file: Path, clock: ManualClock
) -> None:
    token = pool.access_token()
    verifier = verifier_of(pool, file)
    pool.rotate_key(keep_old=False)
    write(pool, file)

    clock.advance(0.9)
    assert verifier.verify(token).username == "alice"
    clock.advance(0.1)

    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


def test_a_file_that_changes_many_times_a_second_is_followed(pool: LocalUserPool, file: Path) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id=pool.client_id, issuer=pool.issuer, clock=pool.clock)
    verifier = verifier_of(pool, file)

    for _ in range(20):
        for current, former in ((other, pool), (pool, other)):
            write(current, file)
            assert verifier.verify(current.access_token()).username == "alice"
            with pytest.raises(UnknownKeyError):
                verifier.verify(former.access_token())


def test_a_replaced_file_is_noticed(pool: LocalUserPool, file: Path) -> None:
    verifier = verifier_of(pool, file)
    pool.rotate_key(keep_old=False)

    write(pool, file.with_name("new.json"))
    file.with_name("new.json").replace(file)

    assert verifier.verify(pool.access_token()).username == "alice"


def test_a_vanished_file_leaves_the_known_keys_in_use_and_is_told_once(
    pool: LocalUserPool, file: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = verifier_of(pool, file)
    file.unlink()
    clock.advance(1)

    for _ in range(10):
        assert verifier.verify(pool.access_token()).username == "alice"
    with pytest.raises(JWKSUnavailableError, match="No such file or directory") as refusal:
        verifier.verify(with_kid(pool.access_token(), "invented"))
    with pytest.raises(JWKSUnavailableError):
        verifier.prefetch()

    assert refusal.value.retry_after == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "; cached keys stay in use: 1" in caplog.text
    assert status_of(verifier).failures == 1


def test_a_vanished_file_that_is_back_is_read_at_once(
    messages: Messages, pool: LocalUserPool, file: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = verifier_of(pool, file)
    file.unlink()
    clock.advance(1)
    verifier.verify(pool.access_token())
    pool.rotate_key()
    caplog.clear()
    caplog.set_level(logging.INFO, "cognito_jwt_core")

    write(pool, file)

    assert verifier.verify(pool.access_token()).username == "alice"
    assert [record.levelname for record in caplog.records] == ["INFO"]
    messages.show(*caplog.messages)
    assert (status_of(verifier).failures, status_of(verifier).last_error) == (0, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": []}', "<html>", '{"keys": [{"kid": "x"}]}'])
def test_a_broken_file_leaves_the_known_keys_in_use(
    pool: LocalUserPool, file: Path, clock: ManualClock, text: str
) -> None:
    verifier = verifier_of(pool, file)
    file.write_text(text)
    clock.advance(1)

    assert verifier.verify(pool.access_token()).username == "alice"
    assert status_of(verifier).last_error is not None

    write(pool, file)
    assert verifier.verify(pool.access_token()).username == "alice"
    assert status_of(verifier).last_error is None


def test_known_keys_of_a_file_that_is_gone_serve_for_a_day_and_no_longer(
    pool: LocalUserPool, file: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = verifier_of(pool, file)
    clock.advance(10 * STALE)
    file.unlink()

    verifier.verify(pool.access_token())
    clock.advance(STALE)
    verifier.verify(pool.access_token())
    assert caplog.messages[-1].endswith("; cached keys stay in use: 1")
    clock.advance(1)

    for _ in range(2):
        with pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())
        clock.advance(30)
    assert caplog.messages[-1].endswith("; no usable keys are cached, so no token can be verified")


def test_a_file_that_does_not_change_is_good_for_ever(pool: LocalUserPool, file: Path, clock: ManualClock) -> None:
    verifier = verifier_of(pool, file)

    clock.advance(100 * STALE)

    assert verifier.verify(pool.access_token()).username == "alice"
    assert status_of(verifier).next_refresh_seconds is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name on this system")
def test_a_pipe_is_read_once(pool: LocalUserPool, tmp_path: Path) -> None:
    """As `--jwks <(command)` or `--jwks /dev/stdin` give one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writing = Background(lambda: path.write_text(json.dumps(pool.jwk_set)))

    verifier = verifier_of(pool, path)
    writing.outcome()

    for _ in range(3):
        assert verifier.verify(pool.access_token()).username == "alice"
    assert status_of(verifier).fetches == 1


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"keys": []}'])
def test_a_file_that_is_not_there_or_no_jwk_set_is_a_configuration_error(
    pool: LocalUserPool, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "jwks.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(ConfigurationError, match=r"keys of file '.*jwks\.json'"):
        verifier_of(pool, path)


def test_a_directory_is_a_configuration_error(pool: LocalUserPool, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"IsADirectoryError|PermissionError"):
        verifier_of(pool, tmp_path)


def test_a_mapping_is_read_when_the_verifier_is_built(pool: LocalUserPool) -> None:
    jwks = dict(pool.jwk_set)
    verifier = verifier_of(pool, jwks)

    jwks["keys"] = []

    assert verifier.verify(pool.access_token()).username == "alice"
    assert status_of(verifier).source == "a mapping"


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": 7}, "", 7, object(), b"{}"])
def test_what_can_be_no_source_is_a_configuration_error(pool: LocalUserPool, jwks: object) -> None:
    with pytest.raises(ConfigurationError):
        verifier_of(pool, jwks)


class Versioned:
    """A local source of the app's own, which fails as it is told to."""

    def __init__(self, pool: LocalUserPool) -> None:
        self.pool = pool
        self.failure: Exception | None = None
        self.revision_failure: Exception | None = None
        self.fetches = 0
        self.seconds = 0.0

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        self.fetches += 1
        time.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        return JWKSResponse(self.pool.jwk_set)

    def revision(self) -> object:
        if self.revision_failure is not None:
            raise self.revision_failure
        return self.pool.kids


FAILURES = [OSError(5, "I/O"), ValueError("x"), JWKSFetchError("x"), KeyError("x"), RecursionError(), TypeError("\n")]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_whatever_a_local_source_raises_is_a_failed_read(
    pool: LocalUserPool, clock: ManualClock, failure: Exception
) -> None:
    source = Versioned(pool)
    verifier, old = verifier_of(pool, source), pool.access_token()
    pool.rotate_key()
    source.failure = failure

    assert verifier.verify(old).username == "alice"
    with pytest.raises(JWKSUnavailableError) as refusal:
        verifier.verify(pool.access_token())

    assert str(refusal.value).isprintable()
    assert source.fetches == 2


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_whatever_a_local_source_raises_when_the_verifier_is_built_is_a_configuration_error(
    pool: LocalUserPool, failure: Exception
) -> None:
    source = Versioned(pool)
    source.failure = failure

    with pytest.raises(ConfigurationError):
        verifier_of(pool, source)


def test_a_read_that_failed_is_tried_again_with_backoff_though_nothing_changed(
    pool: LocalUserPool, clock: ManualClock
) -> None:
    source = Versioned(pool)
    verifier = verifier_of(pool, source)
    pool.rotate_key()
    source.failure = OSError(24, "Too many open files")
    for wait in (1, 2, 4):
        for _ in range(10):
            with pytest.raises(JWKSUnavailableError):
                verifier.verify(pool.access_token())
        clock.advance(wait)

    source.failure = None

    assert source.fetches == 4
    assert verifier.verify(pool.access_token()).username == "alice"
    assert source.fetches == 5


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_source_that_cannot_tell_its_revision_is_read_again(pool: LocalUserPool, failure: Exception) -> None:
    source = Versioned(pool)
    verifier = verifier_of(pool, source)
    pool.rotate_key()

    source.revision_failure = failure

    for _ in range(10):
        assert verifier.verify(pool.access_token()).username == "alice"
    assert source.fetches == 2


def test_a_rotation_seen_by_many_threads_is_read_once(pool: LocalUserPool) -> None:
    source = Versioned(pool)
    verifier = verifier_of(pool, source)
    pool.rotate_key()
    token = pool.access_token()
    source.seconds = 0.05

    assert {type(claims) for claims in in_threads(32, lambda: verifier.verify(token))} == {Claims}
    assert source.fetches == 2


def test_a_token_of_a_foreign_issuer_causes_no_read(pool: LocalUserPool) -> None:
    source = Versioned(pool)
    verifier = verifier_of(pool, source)
    pool.rotate_key()

    with pytest.raises(InvalidIssuerError):
        verifier.verify(pool.access_token(iss="https://example.com"))

    assert source.fetches == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_for_a_while_is_read_when_it_may(pool: LocalUserPool, file: Path) -> None:
    verifier = verifier_of(pool, file)
    pool.rotate_key()
    write(pool, file)
    file.chmod(0)
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    file.chmod(0o600)

    assert verifier.verify(pool.access_token()).username == "alice"


def test_a_log_handler_may_ask_about_the_keys(pool: LocalUserPool, file: Path, clock: ManualClock) -> None:
    verifier = verifier_of(pool, file)
    asked: list[int] = []

    class AsksBack(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            asked.append(len(status_of(verifier).kids))

    handler = AsksBack(logging.WARNING)
    logging.getLogger("cognito_jwt_core").addHandler(handler)
    try:
        file.write_text(json.dumps({"keys": [*pool.jwk_set["keys"], {"kid": "bad"}]}))
        clock.advance(1)
        assert verifier.verify(pool.access_token()).username == "alice"
        file.unlink()
        clock.advance(1)
        assert verifier.verify(pool.access_token()).username == "alice"
    finally:
        logging.getLogger("cognito_jwt_core").removeHandler(handler)

    assert asked == [1, 1]


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


class SpeechlessSource:
    """A local source that can neither name itself nor say what went wrong."""

    def __init__(self, pool: LocalUserPool) -> None:
        self.pool = pool
        self.number = 0
        self.fails = False

    def __repr__(self) -> str:
        raise RuntimeError("no name")

    def revision(self) -> int:
        return self.number

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        if self.fails:
            raise SpeechlessError
        return JWKSResponse(self.pool.jwk_set)


def test_a_source_and_an_error_that_cannot_be_shown_are_told_by_their_classes(pool: LocalUserPool) -> None:
    source = SpeechlessSource(pool)
    verifier = verifier_of(pool, source)
    known = pool.access_token()
    source.fails = True
    source.number = 1
    pool.rotate_key()

    with pytest.raises(JWKSUnavailableError, match=r"<SpeechlessSource>.*SpeechlessError"):
        verifier.verify(pool.access_token())
    assert verifier.verify(known).username == "alice"
    with pytest.raises(ConfigurationError, match=r"<SpeechlessSource>.*SpeechlessError"):
        verifier_of(pool, source)


def test_a_revision_that_cannot_be_compared_counts_as_changed(pool: LocalUserPool) -> None:
    class Revision:
        def __eq__(self, other: object) -> bool:
            raise ValueError  # as an array does, which is neither true nor false

        __hash__ = None  # type: ignore[assignment]

    class Source:
        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            return JWKSResponse(pool.jwk_set)

        def revision(self) -> object:
            return Revision()

    verifier = verifier_of(pool, Source())
    pool.rotate_key()

    verifier.verify(pool.access_token())
