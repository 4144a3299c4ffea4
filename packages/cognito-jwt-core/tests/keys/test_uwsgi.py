"""uWSGI forks its workers in C: by default it calls no hook of Python's, with an option the one of the child only."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import Stopwatch

APP = Path(__file__).parent / "programs" / "uwsgi_app.py"
PORT = re.compile(r"127\.0\.0\.1:(\d+) \(port auto-assigned\)")

ABORTS = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="CPython aborts in the hook of the child if none ran before the fork"
)
OPTIONS = pytest.mark.parametrize("options", [(), pytest.param(("--py-call-osafterfork",), marks=ABORTS)])


@pytest.fixture
def uwsgi() -> str:
    found = shutil.which("uwsgi", path=str(Path(sys.executable).parent))
    if found is None:
        # Where it is promised (REQUIRE_UWSGI), its absence is a failure.
        (pytest.fail if os.environ.get("REQUIRE_UWSGI") else pytest.skip)("no uwsgi: pip install pyuwsgi")
    return str(found)


@contextmanager
def served(uwsgi: str, server: JWKSServer, pool: LocalUserPool, at_fork: str, *options: str) -> Iterator[str]:
    """The URL of the app in two workers, which were forked after it was loaded."""
    command = [uwsgi, "--http-socket", "127.0.0.1:0", "--wsgi-file", str(APP), "--master", "--processes", "2"]
    command += ["--enable-threads", "--need-app", "--die-on-term", *options]
    environment = {**os.environ, "KEYS_URL": server.url, "KEYS_POOL": pool.id, "KEYS_AT_FORK": at_fork}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield f"http://127.0.0.1:{port_of(process)}/"
        finally:
            process.terminate()
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:  # a worker whose fork hooks CPython did not all call may not end
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()


def port_of(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    port = None
    for line in process.stderr:
        port = PORT.search(line) or port
        if "spawned uWSGI worker 2" in line:
            assert port is not None
            return port[1]
    raise AssertionError("uWSGI did not start")


@OPTIONS
def test_every_first_answer_of_a_worker_is_right(uwsgi: str, options: tuple[str, ...]) -> None:
    pool = LocalUserPool()  # by the real clock: another process has no other
    known = pool.access_token()
    with JWKSServer(pool) as server, served(uwsgi, server, pool, "fetched", *options) as url:
        assert server.requests == 1
        pool.rotate_key()
        published_later = pool.access_token("bob")

        for token, username in [(published_later, "bob"), (known, "alice")] * 4:
            answer = requests.get(url, headers={"Authorization": token}, timeout=60)
            assert answer.text == f"{username} True"
        assert server.requests in (2, 3)  # one for each worker that answered


@OPTIONS
def test_a_worker_forked_during_a_fetch_waits_for_no_thread_of_the_master(uwsgi: str, options: tuple[str, ...]) -> None:
    pool = LocalUserPool()
    with JWKSServer(pool) as server:
        server.behave(hold=True, times=1)
        with served(uwsgi, server, pool, "fetching", *options) as url, Stopwatch():
            answer = requests.get(url, headers={"Authorization": pool.access_token()}, timeout=60)

            assert answer.text == "alice True"
