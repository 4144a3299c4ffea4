"""gunicorn --preload and the like: keys are fetched, the process forks, and each child goes on by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cognito_jwt_core.testing import JWKSServer, LocalLoadBalancer, LocalUserPool
from cognito_test_kit.key_servers import Background, with_kid

PROGRAMS = Path(__file__).parent / "programs"
ABORTS = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="CPython aborts in the hook of the child if none ran before the fork"
)
HOOKS = ["all", pytest.param("child", marks=ABORTS), "none"]  # that a server calls when it forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool()  # by the real clock: another process has no other


@pytest.fixture
def path(pool: LocalUserPool, tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(pool.jwk_set))
    return path


def run(moment: str, pool: LocalUserPool, url: str, hooks: str = "all") -> None:
    token = pool.access_token()
    run_program("forking.py", hooks, moment, url, pool.id, token, with_kid(token, "invented"))


def run_program(name: str, *arguments: str) -> None:
    command = [sys.executable, "-W", "ignore", str(PROGRAMS / name), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_child_has_the_keys_that_were_fetched_before_and_fetches_by_itself(
    pool: LocalUserPool, server: JWKSServer
) -> None:
    run("after_prefetch", pool, server.url)

    assert server.requests == 1 + 3


@pytest.mark.parametrize("hooks", HOOKS)
def test_a_child_forked_during_a_fetch_fetches_by_itself(pool: LocalUserPool, server: JWKSServer, hooks: str) -> None:
    server.behave(hold=True)

    def release_when_all_are_there() -> None:
        server.wait_for_requests(4, 30)
        server.release()

    releasing = Background(release_when_all_are_there)
    run("during_a_fetch", pool, server.url, hooks)

    assert releasing.outcome() is None
    assert server.requests == 4


def test_a_first_fetch_imports_nothing(pool: LocalUserPool, server: JWKSServer) -> None:
    """A child that is forked during an import in another thread can never finish it."""
    program = (
        "import sys; from cognito_jwt_core import CognitoVerifier\n"
        "url, pool_id, token = sys.argv[1:]\n"
        "verifier = CognitoVerifier(pool_id, client_id=None, token_use=None, jwks=url)\n"
        "before = set(sys.modules); verifier.verify(token); print(*set(sys.modules) - before)"
    )
    command = [sys.executable, "-c", program, server.url, pool.id, pool.access_token()]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603

    assert ended.stdout.split() == []


def test_a_child_inherits_no_lock_that_is_held(pool: LocalUserPool, server: JWKSServer) -> None:
    run("while_threads_hold_the_locks", pool, server.url)


@pytest.mark.parametrize("hooks", HOOKS)
def test_a_child_waits_for_no_thread_of_its_parent_that_reads(pool: LocalUserPool, path: Path, hooks: str) -> None:
    run("while_a_source_is_read", pool, str(path), hooks)


def test_a_child_follows_a_file_by_itself(pool: LocalUserPool, path: Path) -> None:
    run("with_a_file", pool, str(path))


def test_a_system_without_fork_can_verify(pool: LocalUserPool, path: Path) -> None:
    run_program("forkless.py", str(path), pool.id, pool.access_token())


def test_children_use_a_load_balancers_keys_and_fetch_by_themselves(pool: LocalUserPool) -> None:
    """They are forked while threads of the parent hold the locks."""
    with LocalLoadBalancer(pool) as balancer:
        old = balancer.token(expires_in=600)
        balancer.rotate_key()

        run_program("forking_alb.py", balancer.keys_url, balancer.arn, pool.issuer, old, balancer.token(expires_in=600))

        assert balancer.requests == 1 + 10
