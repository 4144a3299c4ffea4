"""A real HTTP server on loopback that publishes keys, and can be told to fail."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol

from .answering import AnsweringServer
from .behaviour import GOOD, MISBEHAVIOURS, Behaviour, Cut, Drip

_NOT_FOUND: Final = Behaviour(status=404, body="no such pool")
_POLL_SECONDS: Final = 0.02
_REDIRECTED: Final = "?redirected"


class PublishesKeys(Protocol):
    """What a server needs of a pool."""

    @property
    def id(self) -> str:
        """The pool's id, which is part of the URL's path."""

    @property
    def jwk_set(self) -> Mapping[str, object]:
        """The keys at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as the server saw it.

    Attributes:
        path: The path with the query.
        headers: The headers, by lower-case name.
    """

    path: str
    headers: Mapping[str, str]


class JWKSServer:
    """The JWKS endpoint of a pool on 127.0.0.1, at a port of its own: as many as a test needs.

    Args:
        pool: Whose keys are published; a rotation is seen by the next request.

    Example:
        ```python
        with JWKSServer(pool) as server:
            server.behave(status=500, times=1)
            requests.get(server.url)  # 500
            requests.get(server.url)  # 200, the keys
            assert server.requests == 2
        ```
    """

    def __init__(self, pool: PublishesKeys) -> None:
        self._pool = pool
        self._path = f"/{pool.id}/.well-known/jwks.json"
        self._changed = threading.Condition()
        self._received: list[ReceivedRequest] = []
        self._behaviour = GOOD
        self._times: int | None = None
        self._epoch = 0
        self._released_epoch = -1
        self._http = AnsweringServer(self._asked)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_SECONDS,), name="local JWKS server", daemon=True
        )

    def __enter__(self) -> "JWKSServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.stopping.set()
        self.release()
        self._http.stop()
        self._thread.join()

    @property
    def url(self) -> str:
        """The JWKS URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}{self._path}"

    @property
    def requests(self) -> int:
        """How many requests have arrived, answered or not."""
        with self._changed:
            return len(self._received)

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """The requests that have arrived, in order."""
        with self._changed:
            return tuple(self._received)

    def behave(
        self,
        *,
        status: int = 200,
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
        delay_seconds: float = 0.0,
        drip: Drip | None = None,
        drip_seconds: float = 0.02,
        hold: bool = False,
        cut: Cut | None = None,
        times: int | None = None,
    ) -> None:
        """Answer this way from now on; without arguments, as a good endpoint does.

        Args:
            status: The HTTP status.
            body: What to send in place of the keys: bytes, text, or a value that is sent as JSON.
            headers: Headers to add or replace (`Cache-Control`, `Date` …); with None as value, left out.
            delay_seconds: How long to send nothing.
            drip: Which part to send byte by byte, `"headers"` or `"body"`.
            drip_seconds: The pause before each of these bytes.
            hold: Whether to send nothing until `release()`.
            cut: Whether to break off half-way through the body: `"reset"`, or `"close"` as if that were all.
            times: For how many requests; after them the endpoint is a good one again. None is for good.
        """
        self._set(
            Behaviour(
                status=status,
                body=body,
                headers=headers or {},
                delay_seconds=delay_seconds,
                drip=drip,
                drip_seconds=drip_seconds,
                hold=hold,
                cut=cut,
            ),
            times,
        )

    def misbehave(self, name: str, *, times: int | None = None) -> None:
        """Answer with one of the `MISBEHAVIOURS`: `"html"`, `"gzip-bomb"`, `"redirect"`, `"reset"` and so on.

        Args:
            name: Which one.
            times: For how many requests; after them the endpoint is a good one again. None is for good.
        """
        self._set(MISBEHAVIOURS[name], times)

    def release(self) -> None:
        """Let the held answers go, and hold none from now on until told so again."""
        with self._changed:
            self._released_epoch = self._epoch
            self._changed.notify_all()

    def wait_for_requests(self, count: int, timeout_seconds: float = 5.0) -> None:
        """Return once so many requests have arrived in all.

        Args:
            count: How many.
            timeout_seconds: How long to wait for them.

        Raises:
            TimeoutError: They did not arrive.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._received)} of {count} requests arrived in {timeout_seconds} s")

    def _set(self, behaviour: Behaviour, times: int | None) -> None:
        with self._changed:
            self._behaviour, self._times = behaviour, times
            self._epoch += 1

    def _asked(self, path: str, headers: Mapping[str, str]) -> tuple[Behaviour, bytes]:
        with self._changed:
            self._received.append(ReceivedRequest(path=path, headers=headers))
            self._changed.notify_all()
            behaviour, epoch = self._next_behaviour(path), self._epoch
            if behaviour.hold:
                self._changed.wait_for(lambda: self._released_epoch >= epoch)
        return behaviour, json.dumps(self._pool.jwk_set).encode()

    def _next_behaviour(self, path: str) -> Behaviour:
        if path == self._path + _REDIRECTED:
            return GOOD
        if path != self._path:
            return _NOT_FOUND
        behaviour = self._behaviour
        if self._times is not None:
            self._times -= 1
            if self._times <= 0:
                self._behaviour, self._times = GOOD, None
        return behaviour
