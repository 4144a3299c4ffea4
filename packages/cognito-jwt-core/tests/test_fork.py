"""gunicorn --preload and the like: keys are fetched, the process forks, and each child goes on by itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from keys_kit import Background, with_kid

PROGRAMS = Path(__file__).parent / "programs"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool()  # by the real clock: another process has no other


@pytest.fixture
def server(pool: LocalUserPool) -> Iterator[JWKSServer]:
    with JWKSServer(pool) as server:
        yield server


@pytest.fixture
def path(pool: LocalUserPool, tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(pool.jwk_set))
    return path


def run(moment: str, pool: LocalUserPool, url: str) -> None:
    token = pool.access_token()
    run_program("forking.py", moment, url, pool.id, token, with_kid(token, "invented"))


def run_program(name: str, *arguments: str) -> None:
    command = [sys.executable, "-W", "ignore", str(PROGRAMS / name), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_child_has_the_keys_that_were_fetched_before_and_fetches_by_itself(
    pool: LocalUserPool, server: JWKSServer
) -> None:
    run("after_prefetch", pool, server.url)

    assert server.requests == 1 + 3


def test_a_child_forked_during_a_fetch_fetches_by_itself(pool: LocalUserPool, server: JWKSServer) -> None:
    server.behave(hold=True)

    def release_when_all_are_there() -> None:
        server.wait_for_requests(4)
        server.release()

    releasing = Background(release_when_all_are_there)
    run("during_a_fetch", pool, server.url)

    assert releasing.outcome() is None
    assert server.requests == 4


def test_a_child_forked_during_the_import_of_requests_can_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    run("during_the_first_import", pool, server.url)

    assert server.requests in (1, 2)  # the keys may have been there already


def test_a_child_forked_during_the_import_of_the_first_key_can_fetch(pool: LocalUserPool, server: JWKSServer) -> None:
    for _ in range(3):  # the moment is a short one
        run("during_the_first_key", pool, server.url)


def test_a_child_inherits_no_lock_that_is_held(pool: LocalUserPool, server: JWKSServer) -> None:
    run("while_threads_hold_the_locks", pool, server.url)


def test_a_child_opens_connections_of_its_own(pool: LocalUserPool, server: JWKSServer) -> None:
    run("with_a_session", pool, server.url)

    assert server.requests == 1 + 2 + 1


def test_a_child_follows_a_file_by_itself(pool: LocalUserPool, path: Path) -> None:
    run("with_a_file", pool, str(path))


def test_a_fork_does_not_wait_for_ever_for_an_import(pool: LocalUserPool, path: Path) -> None:
    run("during_an_import_without_end", pool, str(path))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads cannot be seen here")
def test_a_fork_waits_until_the_thread_of_a_fetch_is_gone(pool: LocalUserPool, server: JWKSServer) -> None:
    run("during_the_end_of_a_fetch", pool, server.url)


def test_a_thread_that_ends_can_fork(pool: LocalUserPool, path: Path) -> None:
    run("in_a_thread_that_ends", pool, str(path))


def test_a_fork_does_not_wait_for_ever_for_a_thread_that_ends(pool: LocalUserPool, path: Path) -> None:
    run("during_an_end_without_end", pool, str(path))


def test_a_system_without_fork_can_verify(pool: LocalUserPool, path: Path) -> None:
    run_program("forkless.py", str(path), pool.id, pool.access_token())
