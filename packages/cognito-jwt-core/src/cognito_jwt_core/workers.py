"""Run blocking calls in worker threads. A worker waits for its next call and never exits.

When a thread exits, OpenSSL frees that thread's data under a lock of the process. A child forked at that moment
inherits a held lock, and hangs on its first key. A waiting worker holds no lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

_MAX_PARKED = 32  # Workers above this number exit. They come from a burst of requests, long after a server has forked.


class _Worker:
    def __init__(self) -> None:
        self.process = os.getpid()
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def start(self) -> None:
        # A daemon thread, so that the interpreter does not wait for it at exit.
        threading.Thread(target=self._work, name="cognito-jwt-worker", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.calls.get()()
            if len(_parked) >= _MAX_PARKED:
                return
            _parked.append(self)


_parked: list[_Worker] = []
if hasattr(os, "register_at_fork"):  # not on Windows
    # The process id alone is not enough, because it could be that of an exited ancestor.
    os.register_at_fork(after_in_child=_parked.clear)


def run(call: Callable[[], None]) -> None:
    """Run `call`, which must not raise, in a worker thread.

    The caller must first import everything that `call` needs. A child forked while another thread imports a module
    could never finish that import.

    Raises:
        RuntimeError: If the system cannot start a thread, or the interpreter is shutting down.
    """
    worker = _parked_worker()
    if worker is None:
        worker = _Worker()
        worker.start()
    worker.calls.put(call)


def _parked_worker() -> _Worker | None:
    while True:
        try:
            worker = _parked.pop()
        except IndexError:
            return None
        if worker.process == os.getpid():  # a forked child inherits the list, but not the threads
            return worker
