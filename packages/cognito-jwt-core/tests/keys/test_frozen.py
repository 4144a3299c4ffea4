"""A process that stands still for a while, as a Lambda does between two requests."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cognito_jwt_core.testing import JWKSServer, LocalUserPool

PROGRAM = Path(__file__).parent / "programs" / "frozen.py"


# Slow, because the deadline of a fetch goes by real time, which passes for a process that is stopped.
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped on this system")
def test_a_refresh_that_was_frozen_with_its_process_is_no_failure_and_is_begun_again() -> None:
    pool = LocalUserPool()
    before, published = pool.access_token(), pool.jwk_set
    pool.rotate_key(keep_old=False)
    after = pool.access_token()

    with JWKSServer(pool) as server:
        server.behave(body=published)
        arguments = [sys.executable, str(PROGRAM), server.url, pool.id, before, after]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "prefetched\n"
            server.behave(hold=True, body=published, cut="reset")
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "refreshing\n"
            server.wait_for_requests(2)

            process.send_signal(signal.SIGSTOP)
            time.sleep(1.8)  # more than twice the deadline of a fetch
            server.release()
            server.behave()
            process.send_signal(signal.SIGCONT)
            process.stdin.close()

        assert process.returncode == 0
        assert server.requests in (3, 4)  # the one that was frozen aside, one for each that asks
