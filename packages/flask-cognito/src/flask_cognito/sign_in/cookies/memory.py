"""A bounded cache: first in, first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cognito_jwt_core.integration import PerProcess

K = TypeVar("K")
V = TypeVar("V")


class BoundedMemory(Generic[K, V]):
    """Keeps values by key. Threads can share it.

    Args:
        size: Maximum number of values.
    """

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = PerProcess(Lock)
        self.get: Callable[[K], V | None] = self._values.get
        """Return the value, or None. It needs no lock, because it is one dict operation."""

    def pop(self, key: K) -> V | None:
        """Remove and return the value, or return None."""
        with self._lock.get():
            return self._values.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Store a value."""
        with self._lock.get():
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)
