"""Send a `Behaviour` over a socket, byte for byte."""

import contextlib
import os
import socket
import struct
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from cognito_jwt_core.testing.behaviour import Behaviour

_LINGER_ZERO: Final = struct.pack("ii", 1, 0)
_MAX_BODY_BYTES: Final = 64 * 1024
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_TRAILER: Final = b"X-Trailer: x\r\n"
_REPEATS: Final = 50
_REPEAT_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that a local server has received.

    Attributes:
        path: The path with the query, as sent.
        headers: The headers, by lower-case name.
        method: The HTTP method.
        body: The body, as sent.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    method: str = "GET"
    body: bytes = field(default=b"", repr=False)

    @property
    def route(self) -> str:
        """Return the path without the query."""
        return urlsplit(self.path).path

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters of the query. For a repeated name, the last one wins."""
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form in the body. For a repeated name, the last one wins."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


Asked = Callable[[ReceivedRequest], tuple[Behaviour, bytes]]
"""A function that gets a request and returns how to respond, and the normal body. It waits first if told to."""


class AnsweringServer(ThreadingHTTPServer):
    """An HTTP server on a port of 127.0.0.1.

    Args:
        asked: Function that decides each response.
        port: The port; 0 selects a free one.

    Raises:
        OSError: If the port is in use.
    """

    daemon_threads = True
    request_queue_size = 512  # some tests use hundreds of clients at once; the default of five would make them wait

    def __init__(self, asked: Asked, port: int = 0) -> None:
        self.asked = asked
        self.stopping: threading.Event = threading.Event()
        self._connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it so that `stop` can close it."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def stop(self, thread: threading.Thread) -> None:
        """Stop accepting connections, and close the open ones, even in the middle of a response.

        Args:
            thread: The thread that serves. It has ended afterwards.
        """
        self.stopping.set()
        # An open generator's `finally` runs while Python shuts down. Its thread no longer runs: do not wait for it.
        waits = () if sys.is_finalizing() else (self.shutdown, thread.join)
        for wait in waits:
            wait()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # already closed
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client disconnects early, because many tests do that on purpose."""


class Serving(contextlib.AbstractContextManager[str]):
    """A context manager that starts a server, returns its URL, and stops the server at the end.

    Args:
        start: Function that starts a server, and returns its URL and a function that stops it.
    """

    def __init__(self, start: Callable[[], tuple[str, Callable[[], None]]]) -> None:
        self._start = start
        self._stops: list[Callable[[], None]] = []

    def __enter__(self) -> str:
        url, stop = self._start()
        self._stops.append(stop)
        return url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stops.pop()()


class _Handler(BaseHTTPRequestHandler):
    server: AnsweringServer
    protocol_version = "HTTP/1.1"
    server_version = "LocalUserPool"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > _MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._answer(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Print nothing. Tests look at `received` instead."""

    def _answer(self, request_body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ReceivedRequest(method=self.command, path=self.path, headers=headers, body=request_body)
        behaviour, good = self.server.asked(request)
        if behaviour.delay_seconds:
            self.server.stopping.wait(behaviour.delay_seconds)
        if self.server.stopping.is_set() or behaviour.cut == "silent":
            self.close_connection = True
            return
        body = behaviour.body_bytes(good)
        self._send(behaviour, self._head(behaviour, body), body)

    def _head(self, behaviour: Behaviour, body: bytes) -> bytes:
        headers: dict[str, str | None] = {
            "Server": self.version_string(),
            "Date": self.date_time_string(),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)) if behaviour.sized and not behaviour.endless else None,
            "Transfer-Encoding": "chunked" if behaviour.endless else None,
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
        elif behaviour.endless == "continue":
            self._repeat(_CONTINUE)
        elif behaviour.endless == "trailers":
            self.wfile.write(head + b"%x\r\n%b\r\n0\r\n" % (len(body), body))
            self._repeat(_TRAILER)
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

    def _repeat(self, data: bytes) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client has disconnected, or the server stops
            while True:
                self.wfile.write(data * _REPEATS)
                self.server.stopping.wait(_REPEAT_SECONDS)

    def _hang_up(self, behaviour: Behaviour) -> None:
        self.close_connection = True
        if behaviour.cut == "reset":
            # Close without lingering and bypass Python's own closing, which would send a FIN before the RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            os.close(self.connection.detach())
