"""What a forked child must not take over as it is: locks that are held, threads that are gone, half-done imports."""

from __future__ import annotations

import logging  # noqa: F401  before the hooks below: who comes first takes its lock last, and imports need that one
import os
import threading
import weakref
from typing import Protocol

patience_seconds = 5.0
"""How long a fork waits for imports: what one waits for could be a lock that the forking thread holds."""


class Renewable(Protocol):
    def renew_after_fork(self) -> None:
        """Make anew what a forked child must not share. Runs in the child, which has one thread."""


importing = threading.RLock()
"""For a thread to hold while it imports: a fork waits for it, since no child could end an import that is half done."""

_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()
_forking = threading.local()


def register(renewable: Renewable) -> None:
    """Have `renewable` renewed in every child forked from now on, for as long as it lives."""
    _renewables.add(renewable)


def _wait_for_imports() -> None:
    _forking.waited = importing.acquire(timeout=patience_seconds)


def _let_imports_go_on() -> None:
    if _forking.waited:
        importing.release()


def _renew_all() -> None:
    _let_imports_go_on()
    for renewable in tuple(_renewables):
        renewable.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not there on a system without fork
    os.register_at_fork(before=_wait_for_imports, after_in_parent=_let_imports_go_on, after_in_child=_renew_all)
