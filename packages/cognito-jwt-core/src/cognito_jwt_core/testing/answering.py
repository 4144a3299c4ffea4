"""Putting a `Behaviour` on the wire, byte for byte."""

import contextlib
import os
import socket
import struct
import threading
import weakref
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from .behaviour import Behaviour

Asked = Callable[[str, Mapping[str, str]], tuple[Behaviour, bytes]]
"""Given a request's path and headers, waits as long as it is told to, and says how to answer, and the good body."""

_LINGER_ZERO: Final = struct.pack("ii", 1, 0)


class AnsweringServer(ThreadingHTTPServer):
    """An HTTP server on a loopback port of its own whose every answer is decided by a callable."""

    daemon_threads = True
    request_queue_size = 512  # hundreds of clients at once are a test of ours; the default of five makes them wait

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.stopping = threading.Event()
        self._connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it so that none outlives the server."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def stop(self) -> None:
        """End every answer and every connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what many tests are about: nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    server: AnsweringServer
    protocol_version = "HTTP/1.1"
    server_version = "LocalUserPool"
    sys_version = ""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        behaviour, good = self.server.asked(self.path, headers)
        if behaviour.delay_seconds:
            self.server.stopping.wait(behaviour.delay_seconds)
        if self.server.stopping.is_set():
            self.close_connection = True
            return
        body = behaviour.body_bytes(good)
        self._send(behaviour, self._head(behaviour, body), body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Keep quiet: the requests are counted, not printed."""

    def _head(self, behaviour: Behaviour, body: bytes) -> bytes:
        headers: dict[str, str | None] = {
            "Server": self.version_string(),
            "Date": self.date_time_string(),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)) if behaviour.sized else None,
            "Connection": None if behaviour.sized else "close",
            **behaviour.headers,
        }
        phrase = HTTPStatus(behaviour.status).phrase if behaviour.status in HTTPStatus._value2member_map_ else ""
        lines = [f"HTTP/1.1 {behaviour.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _send(self, behaviour: Behaviour, head: bytes, body: bytes) -> None:
        self.close_connection = self.close_connection or not behaviour.sized
        if behaviour.cut:
            self.wfile.write(head + body[: len(body) // 2])
            self._hang_up(behaviour)
        elif behaviour.drip == "headers":
            self._drip(head, behaviour.drip_seconds)
            self.wfile.write(body)
        elif behaviour.drip == "body":
            self.wfile.write(head)
            self._drip(body, behaviour.drip_seconds)
        else:
            self.wfile.write(head + body)

    def _drip(self, data: bytes, seconds: float) -> None:
        for byte in data:
            if self.server.stopping.wait(seconds):
                self.close_connection = True
                return
            self.wfile.write(bytes([byte]))

    def _hang_up(self, behaviour: Behaviour) -> None:
        self.close_connection = True
        if behaviour.cut == "reset":
            # No lingering, and past Python's own closing, which would say goodbye (FIN) before the RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            os.close(self.connection.detach())
