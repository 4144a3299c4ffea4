"""A forked child has none of the threads of its parent: neither one that holds a lock nor one that refreshes."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask
from flask_cognito import MemorySessionStore
from flask_cognito.sign_in.cookies.memory import BoundedMemory
from flask_cognito.testing import sign_in

from ..conftest import PASSWORD, token_requests

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
PATIENCE_SECONDS = 20


def in_child(check: Callable[[], object]) -> bool:
    """Return whether `check` passes in a forked child, and in time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # since Python 3.12, of a process with threads
        child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE_SECONDS)  # ends the process
        try:
            check()
        except BaseException:  # noqa: BLE001  nothing may go on in the child
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


class Pause:
    """Stops the thread that comes by first, until it is over."""

    def __init__(self) -> None:
        self.reached, self.over = threading.Event(), threading.Event()
        self._process = os.getpid()

    def wait(self) -> None:
        if os.getpid() == self._process:
            self.reached.set()
            self.over.wait()


class SlowKey:
    """A key whose comparison takes its time, under the lock of the memory that looks for it."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def __hash__(self) -> int:
        self._pause.wait()
        return 1


class SlowClock(ManualClock):
    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pause = pause

    def monotonic(self) -> float:
        self._pause.wait()
        return super().monotonic()


def test_a_memory_is_usable_though_a_thread_of_the_parent_holds_its_lock() -> None:
    memory, pause = BoundedMemory[object, int](), Pause()
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(memory.get, SlowKey(pause))
        pause.reached.wait()

        is_usable = in_child(lambda: memory.put("key", 1))
        pause.over.set()

        assert reading.result() is None
    assert is_usable


def test_a_store_is_usable_though_a_thread_of_the_parent_holds_its_lock() -> None:
    pause = Pause()
    store = MemorySessionStore(clock=SlowClock(pause))
    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(store.create, "key", "value", 60, "alice")
        pause.reached.wait()

        is_usable = in_child(lambda: store.create("other", "value", 60, "bob"))
        pause.over.set()

        writing.result()
    assert is_usable


def test_a_child_refreshes_by_itself_what_its_parent_is_refreshing(
    make_app: Callable[..., Flask], make_login: Callable[..., LocalManagedLogin], clock: ManualClock
) -> None:
    login = make_login()
    app = make_app(login)
    client = app.test_client()
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    before = token_requests(login)
    clock.advance(3600)
    login.behave("token", hold=True, times=1)
    with ThreadPoolExecutor(1) as thread:
        refreshing = thread.submit(lambda: client.get("/reports").status_code)
        while token_requests(login) == before:
            pass

        def refresh() -> None:
            assert client.get("/reports").status_code == 200

        is_refreshed = in_child(refresh)
        login.release()

        assert refreshing.result() == 200
    assert is_refreshed
    assert token_requests(login) == before + 2
