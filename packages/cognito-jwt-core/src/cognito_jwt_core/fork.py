"""What a forked child must not take over as it is: locks that are held, threads that are gone, open connections."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    def renew_after_fork(self) -> None:
        """Make anew what a forked child must not share. Runs in the child, which has one thread."""


_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()


def register(renewable: Renewable) -> None:
    """Have `renewable` renewed in every child forked from now on, for as long as it lives."""
    _renewables.add(renewable)


def _renew_all() -> None:
    for renewable in tuple(_renewables):
        renewable.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not there on a system without fork
    os.register_at_fork(after_in_child=_renew_all)
