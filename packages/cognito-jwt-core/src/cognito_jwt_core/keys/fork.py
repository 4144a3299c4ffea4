"""Renew what a forked child must not inherit, such as a lock held by a thread that the child does not have."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_forks = 0  # compared along with the process id, which the system may reuse


def _count_fork() -> None:
    global _forks  # noqa: PLW0603  one number for the process
    _forks += 1


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_count_fork)


class PerProcess(Generic[T]):
    """A value that each process creates for itself, also after a fork. Use it for locks and connections.

    It does not rely only on Python's fork hooks, because some servers do not call them. It also compares the process
    id.

    Args:
        make: Function that creates the value, on the first call of `get` in a process.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[tuple[int, int], T] = {}

    def get(self) -> T:
        """Return this process's value, the same one in all threads."""
        process = os.getpid(), _forks
        value = self._values.get(process)
        # This needs no lock, because `setdefault` keeps one value however many threads create one.
        return value if value is not None else self._values.setdefault(process, self._make())
