"""Worker threads, as requests use them."""

import os
import subprocess
import sys
import threading

import pytest
from cognito_jwt_core.integration import Request
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import eventually, in_threads

MOST_PARKED = 32


def workers() -> int:
    return sum(thread.name == "cognito-jwt-worker" for thread in threading.enumerate())


def test_a_burst_of_requests_leaves_a_bounded_number_of_threads(pool: LocalUserPool) -> None:
    before = workers()
    with JWKSServer(pool) as server:
        server.behave(hold=True)
        request = Request("GET", server.url, timeout_seconds=30, max_bytes=10_000)
        count = MOST_PARKED + 10
        sending = threading.Thread(target=in_threads, args=(count, request.send))
        sending.start()
        server.wait_for_requests(count, 30)
        assert workers() >= count
        server.release()
        sending.join()

        eventually(lambda: workers() <= MOST_PARKED)
        assert before <= MOST_PARKED
        assert request.send().status == 200


FORKING = """
import os, sys
from cognito_jwt_core.integration import Request
request = Request("GET", sys.argv[1], timeout_seconds=20, max_bytes=10_000)
request.send()
child = os.fork()
request.send()
if child == 0:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_has_threads_of_its_own(pool: LocalUserPool) -> None:
    with JWKSServer(pool) as server:
        subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING, server.url], check=True, timeout=60)  # noqa: S603

        assert server.requests == 3
