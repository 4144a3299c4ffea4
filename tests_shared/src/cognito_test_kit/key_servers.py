"""Helpers for the tests of fetching and caching keys."""

import base64
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests  # noqa: F401  imported before the first fetch, whose deadline is short here
from cognito_jwt_core import CognitoVerifier, KeySettings, KeyStatus
from cognito_jwt_core.testing import LocalUserPool

T = TypeVar("T")

LIFETIME = 600
IDLE = 3600
STALE = 86_400
COOLDOWN = 10
BURST = 5

# A deadline that tests can wait for, and what it may cost on a busy machine.
QUICK = KeySettings(timeout_seconds=1.5)
CEILING_SECONDS = 10.0


def verifier_of(pool: LocalUserPool, url: str, **options: Any) -> CognitoVerifier:
    """Return a verifier that fetches the pool's keys from a URL. `options` are arguments to add or replace."""
    options = {"key_settings": KeySettings(timeout_seconds=10), **options}
    return CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=url, clock=pool.clock, **options)


def status_of(verifier: CognitoVerifier) -> KeyStatus:
    """Return the status of a verifier's only key store."""
    (status,) = verifier.keys
    return status


def with_kid(token: str, kid: str) -> str:
    """Return the token with another `kid` in its header, which makes its signature invalid."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": kid}).encode()).rstrip(b"=").decode()
    return header + token[token.index(".") :]


def in_threads(count: int, call: Callable[[], T]) -> list[T | Exception]:
    """Call a function in several threads at the same time.

    Args:
        count: Number of threads.
        call: Function to call.

    Returns:
        The result of each thread: the return value of `call`, or the exception that it raised.
    """
    together = threading.Barrier(count)
    outcomes: list[T | Exception] = []

    def run() -> None:
        together.wait()
        try:
            outcomes.append(call())
        except Exception as error:  # noqa: BLE001
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


class Background:
    """A call in a background thread, so that the test can go on meanwhile.

    Args:
        call: Function to call.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._outcome: object = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def outcome(self) -> object:
        """Wait for at most 10 seconds, and return the call's return value or the exception that it raised."""
        self._thread.join(CEILING_SECONDS)
        assert not self._thread.is_alive()
        return self._outcome

    def _run(self) -> None:
        try:
            self._outcome = self._call()
        except Exception as error:  # noqa: BLE001
            self._outcome = error


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until a condition is true, for at most 10 seconds.

    Args:
        is_so: Function that returns whether it is true.
    """
    deadline = time.monotonic() + CEILING_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def stand_still(seconds: float) -> None:
    """Stop all other threads for some seconds, as in a Lambda function that is frozen between two requests."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(seconds + 60)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
    finally:
        sys.setswitchinterval(interval)


class Stopwatch:
    """A context manager that asserts that its block took less than 10 seconds."""

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        assert time.monotonic() - self._started < CEILING_SECONDS
