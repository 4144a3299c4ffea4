"""What a forked child must not take over as it is: locks that are held, threads that are gone, half-done imports."""

from __future__ import annotations

import logging  # noqa: F401  before the hooks below: who comes first takes its lock last, and imports need that one
import os
import threading
import time
import weakref
from typing import Protocol

patience_seconds = 5.0
"""How long a fork waits, for imports and for threads that end: each may need a lock that the forking thread holds."""


class Renewable(Protocol):
    def renew_after_fork(self) -> None:
        """Make anew what a forked child must not share. Runs in the child, which has one thread."""


importing = threading.RLock()
"""For a thread to hold while it imports: a fork waits for it, since no child could end an import that is half done."""

_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()
_forking = threading.local()
_ending: list[tuple[int, float]] = []  # of a thread that ends: its native id, and until when a fork waits for it


def register(renewable: Renewable) -> None:
    """Have `renewable` renewed in every child forked from now on, for as long as it lives."""
    _renewables.add(renewable)


def announce_end() -> None:
    """Have forks wait until the calling thread, whose work is done, is gone.

    As a thread ends, OpenSSL forgets what it kept for it, under a lock of the process: a child that inherited that lock
    held would hang with its first key. Before Python 3.13 `join` does not wait for this, so ``/proc`` has to tell; on a
    system without it no fork waits.
    """
    now = time.monotonic()
    with importing:  # which a fork holds as well: no thread that it has not seen begins to end meanwhile
        _ending[:] = [(thread, until) for thread, until in _ending if until > now]
        _ending.append((threading.get_native_id(), now + patience_seconds))


def _wait_for_threads() -> None:
    _forking.waited = importing.acquire(timeout=patience_seconds)
    for thread, until in tuple(_ending):
        while _is_another(thread) and time.monotonic() < until:
            time.sleep(0.0001)


def _is_another(thread: int) -> bool:
    return thread != threading.get_native_id() and os.path.exists(f"/proc/self/task/{thread}")  # noqa: PTH110  pathlib would be imported for this alone


def _let_imports_go_on() -> None:
    if _forking.waited:
        importing.release()


def _renew_all() -> None:
    _let_imports_go_on()
    for renewable in tuple(_renewables):
        renewable.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not there on a system without fork
    os.register_at_fork(before=_wait_for_threads, after_in_parent=_let_imports_go_on, after_in_child=_renew_all)
