"""The demo, run as a user runs it."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from todo_api.demo_table import CALLS, VISITORS

DEMO = [sys.executable, "-m", "todo_api.demo", "--port", "0"]
NO_POOL = {name: value for name, value in os.environ.items() if not name.startswith("COGNITO_")}


def run(*command: str, environ: Mapping[str, str] = NO_POOL) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)  # noqa: S603


def url_in(printed: str) -> str:
    return printed.partition("\nOpen ")[2].split()[0]


@contextmanager
def serving(environ: Mapping[str, str] = NO_POOL) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running demo, and what it printed until it waits.

    Unbuffered, it prints its last line before it waits. By the time that it has answered a request, it waits.
    """
    with subprocess.Popen(DEMO, env=environ, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603
        assert demo.stdout
        printed = ""
        while "Ctrl-C stops" not in printed:
            line = demo.stdout.readline()
            assert line, f"the demo ended: {printed}"
            printed += line
        try:
            assert requests.get(f"{url_in(printed)}/api/board", timeout=30).ok
            yield demo, printed
        finally:
            demo.kill()


@pytest.mark.slow
def test_once_prints_the_table_and_succeeds_also_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        demo = run(*DEMO, "--once", "--port", str(port))

    assert (demo.returncode, demo.stderr) == (0, "")
    starting, warning, calling, head, *rows = (line.split() for line in demo.stdout.splitlines() if line)
    assert (starting[0], calling[0]) == ("Starting", "Calling")
    assert warning[:5] == ["Port", str(port), "cannot", "be", "had"]
    assert head == list(VISITORS)
    assert rows[: len(CALLS)] == [[call.method, call.path, *map(str, call.expected)] for call in CALLS]
    assert "Every answer was the expected one." in demo.stdout


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_traceback() -> None:
    with serving() as (demo, _):
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=30)

    assert (demo.returncode, rest.split()) == (0, ["Stopped."])


@pytest.mark.slow
def test_what_it_prints_can_be_pasted_into_a_shell() -> None:
    with serving() as (_, printed):
        lines = printed[printed.index("TOKEN=") : printed.index("\n  alice ")]
        shell = run("bash", "-c", lines)

    assert re.findall(r"HTTP/1.1 (\d+)", shell.stdout) == ["200", "201", "200"]
    assert '"username":"alice"' in shell.stdout


@pytest.fixture
def real_pool(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a developer who has a pool."""
    return {
        **NO_POOL,
        "COGNITO_REGION": "eu-central-1",
        "COGNITO_USERPOOL_ID": "eu-central-1_c3fea2",
        "COGNITO_APP_CLIENT_ID": "abcdef123456",
        "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db",
    }


def test_a_real_pool_needs_nothing_of_the_local_one(real_pool: Mapping[str, str]) -> None:
    program = (
        "import sys; from todo_api.demo import main; code = main(['--once', '--port', '0']);"
        "sys.exit(code or any(name in sys.modules for name in ('moto', 'boto3', 'todo_api.local_cognito')))"
    )

    demo = run(sys.executable, "-c", program, environ=real_pool)

    assert (demo.returncode, demo.stderr) == (0, "")
    assert demo.stdout.split()[0] == "guest"


def test_a_real_pools_users_are_served_and_told_where_to_sign_in(real_pool: Mapping[str, str]) -> None:
    with serving(real_pool) as (demo, printed):
        demo.send_signal(signal.SIGTERM)
        code = demo.wait(timeout=30)

    assert code == 0
    assert "with a user of eu-central-1_c3fea2" in printed
    assert f"{url_in(printed)}/auth/callback" in printed
    assert "TOKEN=$(curl -s https://cognito-idp.eu-central-1.amazonaws.com/ " in printed
