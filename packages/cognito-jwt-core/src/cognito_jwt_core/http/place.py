"""`Place`: shuts the sockets of a request at its deadline."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from cognito_jwt_core.http.failure import HTTPRequestError

_MAX_UNFINISHED = 8  # unfinished requests to one host after their deadline, when nothing can stop them
_CHUNK_BYTES = 65536
_MAX_DISCARDED_CHUNKS = 1024  # 64 MiB, more than any system buffers


class Place:
    """A slot for one request among those to its host, with the sockets to shut at its deadline.

    A name lookup, or a user's own adapter, cannot be stopped. Such a request keeps its slot until it ends.
    """

    _abandoned: dict[tuple[int, str], set[Place]] = {}  # noqa: RUF012  by process: a child inherits no threads

    def __init__(self, url: str) -> None:
        host = urlsplit(url).netloc
        self._neighbours = self._abandoned.setdefault((os.getpid(), host), set())
        if len(self._neighbours) >= _MAX_UNFINISHED:
            raise HTTPRequestError(
                f"expected fewer than {_MAX_UNFINISHED} requests to {host} that continue after their deadline,"
                " for example in a name lookup that hangs"
            )
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        self._is_left = False

    def watch(self, connection: socket.socket) -> None:
        """Shut `connection` at the deadline.

        This uses a duplicate, because during the TLS handshake `connection` no longer has its file descriptor.

        Raises:
            TimeoutError: If the deadline has passed.
        """
        with self._lock:
            self._check()
            self._sockets.append(connection.dup())

    def check(self) -> None:
        """Raise `TimeoutError` if the deadline has passed."""
        with self._lock:
            self._check()

    def abandon(self) -> None:
        """Shut the sockets at the deadline. The slot stays taken until the worker thread releases it."""
        self._neighbours.add(self)
        for connection in self._shut():
            with connection, suppress(OSError):  # as soon as it is empty
                connection.setblocking(False)
                # Data that has already arrived can still be read. Without this, an endless answer would keep a core
                # busy until all of it is read.
                for _ in range(_MAX_DISCARDED_CHUNKS):
                    connection.recv(_CHUNK_BYTES)
        if self._is_left:  # before it was added
            self._neighbours.discard(self)

    def leave(self) -> None:
        """Release the slot after the request has ended."""
        for connection in self._shut():
            connection.close()
        self._is_left = True
        self._neighbours.discard(self)

    def _check(self) -> None:
        if self._is_over:
            raise TimeoutError("the deadline is over")

    def _shut(self) -> list[socket.socket]:
        with self._lock:
            self._is_over = True
            duplicates, self._sockets = self._sockets, []
        for duplicate in duplicates:
            with suppress(OSError):  # not connected, or no longer connected
                duplicate.shutdown(socket.SHUT_RDWR)  # wakes a reading thread, unlike close()
        return duplicates
