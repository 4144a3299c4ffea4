"""Threads that gevent patched, in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import with_kid

PROGRAM = Path(__file__).parent / "programs" / "patched.py"


def test_greenlets_wait_for_one_fetch_and_let_others_run() -> None:
    pytest.importorskip("gevent")
    pool = LocalUserPool()
    token = pool.access_token()

    with JWKSServer(pool) as server:
        server.behave(delay_seconds=0.2)
        arguments = [sys.executable, str(PROGRAM), server.url, pool.id, token, with_kid(token, "invented")]
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603

    assert (ended.returncode, ended.stderr) == (0, "")
    assert server.requests == 2
