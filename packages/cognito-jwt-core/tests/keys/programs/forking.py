"""Forks at an inconvenient moment; each child then has to verify.

Called with the hooks that run, the moment, the URL of the keys, the pool's id, and tokens: one to verify, one with an
invented `kid`.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

from cognito_jwt_core import CognitoVerifier, JWKSResponse, KeySettings, KeySource, UnknownKeyError
from cognito_test_kit.forked import in_child, waited_for

hooks, moment, url, pool_id, token, invented = sys.argv[1:]


settings = KeySettings(timeout_seconds=20)  # a busy machine is not what fails here


def verifier_of(jwks: KeySource | str = url) -> CognitoVerifier:
    return CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=jwks, key_settings=settings)


def fork() -> int:
    """Fork as Python does, or as servers in C do: some call no hook, others the one of the child only."""
    if hooks == "all":
        return os.fork()
    child = int(ctypes.PyDLL(None).fork())
    if child == 0 and hooks == "child":
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return child


def refuse_invented(verifier: CognitoVerifier) -> None:
    try:
        verifier.verify(invented)
    except UnknownKeyError:
        return
    raise AssertionError("an invented kid was accepted")


def after_prefetch() -> None:
    verifier = verifier_of()
    verifier.prefetch()

    def check() -> None:
        verifier.verify(token)  # without a fetch: the keys came along
        assert verifier.keys[0].fetches == 1
        refuse_invented(verifier)  # with one
        assert verifier.keys[0].fetches == 2

    for _ in range(3):
        waited_for(in_child(check, fork))
    assert verifier.keys[0].fetches == 1


def during_a_fetch() -> None:
    """The server holds the parent's request until the children's have arrived too."""
    verifier = verifier_of()
    parent = threading.Thread(target=verifier.verify, args=(token,))
    parent.start()
    while verifier.keys[0].fetches == 0:
        time.sleep(0.001)
    time.sleep(0.3)  # until every thread waits: without hooks no child survives a fork beside threads that run
    children = [in_child(lambda: verifier.verify(token), fork) for _ in range(3)]
    for child in children:
        waited_for(child)
    parent.join()


def while_threads_hold_the_locks() -> None:
    verifier = verifier_of()
    verifier.prefetch()
    is_over = threading.Event()

    def look_up() -> None:
        while not is_over.is_set():
            refuse_invented(verifier)

    threads = [threading.Thread(target=look_up) for _ in range(4)]
    for thread in threads:
        thread.start()

    def check() -> None:
        verifier.verify(token)
        refuse_invented(verifier)

    for _ in range(30):
        waited_for(in_child(check, fork))
    is_over.set()
    for thread in threads:
        thread.join()


def with_a_file() -> None:
    """`url` is a path here."""
    verifier = verifier_of()
    is_over = threading.Event()

    def touch() -> None:
        while not is_over.is_set():
            os.utime(url)
            verifier.verify(token)

    thread = threading.Thread(target=touch)
    thread.start()

    def check() -> None:
        os.utime(url)
        verifier.verify(token)

    for _ in range(30):
        waited_for(in_child(check, fork))
    is_over.set()
    thread.join()


def while_a_source_is_read() -> None:
    """A thread of the parent holds the lock of its keys for as long as the child lives. `url` is a path here."""
    keys = Path(url).read_bytes()
    is_reading, goes_on = threading.Event(), threading.Event()
    parent = os.getpid()

    class Source:
        number = 0

        def revision(self) -> int:
            return self.number

        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            if self.number and os.getpid() == parent:
                is_reading.set()
                goes_on.wait()
            return JWKSResponse(keys)

    source = Source()
    verifier = verifier_of(source)
    source.number = 1
    reading = threading.Thread(target=verifier.verify, args=(token,))
    reading.start()
    is_reading.wait()
    waited_for(in_child(lambda: verifier.verify(token), fork))
    goes_on.set()
    reading.join()


globals()[moment]()
