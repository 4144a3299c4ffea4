"""Forks at an inconvenient moment; each child then has to verify.

Called with the moment, the URL of the keys, the pool's id, and tokens: one to verify, one with an invented `kid`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_jwt_core import CognitoVerifier, JWKSResponse, KeySettings, KeySource, UnknownKeyError, fork
from cognito_jwt_core.jwks_sources import JWKSURL

if TYPE_CHECKING:
    import requests

moment, url, pool_id, token, invented = sys.argv[1:]


settings = KeySettings(timeout_seconds=20)  # a busy machine is not what fails here


def verifier_of(jwks: KeySource | str = url, session: requests.Session | None = None) -> CognitoVerifier:
    return CognitoVerifier(
        pool_id, client_id=None, token_use="access", jwks=jwks, session=session, key_settings=settings
    )


def in_child(check: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            check()
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"child: {error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return child


def waited_for(child: int) -> None:
    deadline = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            sys.exit("the child hangs")
        time.sleep(0.005)


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
        waited_for(in_child(check))
    assert verifier.keys[0].fetches == 1


def during_a_fetch() -> None:
    """The server holds the parent's request until the children's have arrived too."""
    import requests  # noqa: F401  not the moment that is meant here

    verifier = verifier_of()
    parent = threading.Thread(target=verifier.verify, args=(token,))
    parent.start()
    while verifier.keys[0].fetches == 0:
        time.sleep(0.001)
    children = [in_child(lambda: verifier.verify(token)) for _ in range(3)]
    for child in children:
        waited_for(child)
    parent.join()


def during_the_first_import() -> None:
    """A child that inherits a half-imported `requests` could never fetch."""
    fork_during_the_import_of("requests")


def during_the_first_key() -> None:
    """And one that inherits a half-imported backend of `cryptography`, which imports it with the first key, neither."""
    fork_during_the_import_of("cryptography.hazmat.bindings.openssl")


def fork_during_the_import_of(module: str) -> None:
    assert module not in sys.modules
    sys.setswitchinterval(2e-6)  # threads change places wherever they can
    verifier = verifier_of()
    parent = threading.Thread(target=verifier.verify, args=(token,))
    parent.start()
    while module not in sys.modules and parent.is_alive():
        time.sleep(0.0001)
    waited_for(in_child(lambda: verifier.verify(token)))
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
        waited_for(in_child(check))
    is_over.set()
    for thread in threads:
        thread.join()


def with_a_session() -> None:
    """A child opens connections of its own: one shared with the parent would give it the parent's answers."""
    import requests

    session = requests.Session()
    verifier = verifier_of(session=session)
    verifier.prefetch()

    def requests_sent() -> int:
        """How many requests went over the connections that the session has open."""
        pools = session.get_adapter(url).poolmanager.pools  # type: ignore[attr-defined]
        return sum(pools[key].num_requests for key in pools.keys())  # noqa: SIM118  no mapping

    def check() -> None:
        assert requests_sent() == 1
        for fetches in (1, 2):
            verifier.prefetch()
            assert requests_sent() == fetches, requests_sent()  # of a new pool

    waited_for(in_child(check))
    verifier.prefetch()
    assert requests_sent() == 2


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
        waited_for(in_child(check))
    is_over.set()
    thread.join()


def during_an_import_without_end() -> None:
    """`url` is a path here, since no child could end that import."""
    fork_beside_a_thread_that_stays(fork.importing.acquire)


def during_an_end_without_end() -> None:
    """`url` is a path here."""
    fork_beside_a_thread_that_stays(fork.announce_end)


def fork_beside_a_thread_that_stays(begin: Callable[[], object]) -> None:
    fork.patience_seconds = 0.05
    verifier = verifier_of()
    has_begun, is_over = threading.Event(), threading.Event()

    def stay() -> None:
        begin()
        has_begun.set()
        is_over.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    has_begun.wait()
    waited_for(in_child(lambda: verifier.verify(token)))
    verifier.verify(token)
    is_over.set()
    thread.join()


def during_the_end_of_a_fetch() -> None:
    """A fetch is over before its thread is, with which OpenSSL ends too."""
    ending = threading.local()
    threads: list[int] = []

    class SlowToEnd:
        def __del__(self) -> None:
            time.sleep(0.1)

    class Source(JWKSURL):
        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            ending.with_this = SlowToEnd()
            threads.append(threading.get_native_id())
            return super().fetch(timeout_seconds)

    verifier = verifier_of(Source(url))
    verifier.prefetch()
    child = in_child(lambda: verifier.verify(token))
    (thread,) = threads
    assert not Path(f"/proc/self/task/{thread}").exists()
    waited_for(child)


def in_a_thread_that_ends() -> None:
    """Which cannot wait for itself. `url` is a path here."""
    fork.patience_seconds = 3600
    verifier = verifier_of()
    forked = threading.Event()

    def end() -> None:
        fork.announce_end()
        waited_for(in_child(lambda: verifier.verify(token)))
        forked.set()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    assert forked.is_set()


globals()[moment]()
