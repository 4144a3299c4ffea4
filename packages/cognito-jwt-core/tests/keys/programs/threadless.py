"""Verifies where the system has no thread to give, and then where it has one again.

Called with the URL of the keys, the pool's id and a token.
"""

import logging
import sys
import threading

from cognito_jwt_core import CognitoVerifier, JWKSResponse, JWKSUnavailableError
from cognito_jwt_core.integration import Request
from cognito_jwt_core.testing import ManualClock

url, pool_id, token = sys.argv[1:]
clock = ManualClock(1_700_000_000)


class AsksBack(logging.Handler):
    """A log handler that asks about the keys, while the store is locked."""

    def emit(self, record: logging.LogRecord) -> None:
        failures.append(verifier.keys[0].last_error)


class Source:
    """A source of the user's own, which takes a thread more than a URL does."""

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(Request("GET", url, timeout_seconds=timeout_seconds, max_bytes=100_000).send().body)


failures: list[str | None] = []
waits: list[int] = []
logging.getLogger("cognito_jwt_core.keys").addHandler(AsksBack())
usual = threading.stack_size()
for jwks in (url, Source()):
    verifier = CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=jwks, clock=clock)
    threading.stack_size(1 << 46)  # more than there is of address space
    try:
        verifier.verify(token)
    except JWKSUnavailableError as error:
        waits.append(error.retry_after)
    else:
        raise AssertionError("verified without a thread")
    if jwks is url:
        threading.stack_size(usual)
        clock.advance(1)
        assert verifier.verify(token).username == "alice"

assert waits == [1, 1]
assert len(failures) == 2
assert all("thread" in str(failure) for failure in failures)
