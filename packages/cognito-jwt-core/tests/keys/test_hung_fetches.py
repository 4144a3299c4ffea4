"""Fetches that hang: each is shut at its deadline, and the endpoint can be well again at once."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import requests
from cognito_jwt_core import CognitoVerifier, JWKSUnavailableError, KeySettings
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import Stopwatch, status_of, verifier_of
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

QUICK = KeySettings(timeout_seconds=0.6)
MORE_THAN_THE_PLACES = 10


def drip_headers(server: JWKSServer) -> None:
    server.behave(drip="headers", drip_seconds=0.05)


def drip_body(server: JWKSServer) -> None:
    server.behave(drip="body", drip_seconds=0.05)


def hold(server: JWKSServer) -> None:
    server.behave(hold=True)


def retry_later(server: JWKSServer) -> None:
    server.behave(status=503, headers={"Retry-After": "3600"})


@pytest.mark.slow
@pytest.mark.parametrize("misbehave", [drip_headers, drip_body, hold, retry_later])
def test_an_endpoint_that_is_well_again_is_asked_again(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, misbehave: Callable[[JWKSServer], None]
) -> None:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503])))
    verifier = verifier_of(pool, server.url, session=session, key_settings=QUICK)
    misbehave(server)
    for attempt in range(1, MORE_THAN_THE_PLACES + 1):
        with Stopwatch(), pytest.raises(JWKSUnavailableError) as error:
            verifier.verify(pool.access_token())
        assert status_of(verifier).failures == attempt  # no attempt was refused for want of a place
        clock.advance(error.value.retry_after)
    server.release()
    server.behave()

    assert verifier.verify(pool.access_token()).username == "alice"


@pytest.mark.parametrize("status", [400, 500])
def test_the_next_attempt_is_made_when_the_error_says_and_not_before(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, status: int
) -> None:
    verifier = verifier_of(pool, server.url)
    server.behave(status=status)
    for requests_sent in range(1, 8):
        with pytest.raises(JWKSUnavailableError) as error:
            verifier.verify(pool.access_token())
        assert server.requests == requests_sent
        clock.advance(error.value.retry_after - 0.01)
        with pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())
        assert server.requests == requests_sent
        clock.advance(0.01)


def test_the_password_of_a_proxy_is_neither_told_nor_logged(
    pool: LocalUserPool, caplog: pytest.LogCaptureFixture
) -> None:
    session = requests.Session()
    session.proxies = {"https": "http://user:S3CRET/x@proxy.invalid"}
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, session=session, clock=pool.clock)

    with pytest.raises(JWKSUnavailableError) as error:
        verifier.verify(pool.access_token())

    assert "S3CRET" not in str(error.value)
    assert "S3CRET" not in caplog.text
    assert "S3CRET" not in str(verifier.keys[0].last_error)


NEVER_LEFT = """
import sys, threading
from cognito_jwt_core import CognitoVerifier, UserPool
from cognito_jwt_core.testing import LocalUserPool
pool = LocalUserPool("eu-central-1_testpool")
url = pool.serve().__enter__()
verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=url)
verifier.verify(pool.access_token())
class Source:
    def fetch(self, timeout_seconds):
        hangs.set()
        threading.Event().wait()
hangs = threading.Event()
own = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=Source())
threading.Thread(target=own.verify, args=(pool.access_token(),), daemon=True).start()
hangs.wait()
print("end")
"""


def test_a_process_ends_though_a_server_a_worker_and_a_source_still_wait() -> None:
    ended = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", NEVER_LEFT], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")
