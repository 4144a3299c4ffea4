"""An HTTP server on loopback that publishes keys, and that a test can make fail."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Final, Protocol, TypeVar

from cognito_jwt_core.testing.answering import AnsweringServer, ReceivedRequest
from cognito_jwt_core.testing.arrivals import Arrivals
from cognito_jwt_core.testing.behaviour import GOOD, MISBEHAVIOURS, Behaviour, Cut, Drip, Endless

Server = TypeVar("Server", bound="KeyServer")

_NOT_FOUND: Final = Behaviour(status=404, body="no such keys")
_NOT_ALLOWED: Final = Behaviour(status=405, body="", headers={"Allow": "GET"})
_POLL_SECONDS: Final = 0.02
_REDIRECTED: Final = "?redirected"


class PublishesKeys(Protocol):
    """The parts of a pool that `JWKSServer` needs."""

    @property
    def id(self) -> str:
        """Return the pool's id, which is part of the URL's path."""

    @property
    def jwk_set(self) -> Mapping[str, object]:
        """Return the current keys as a JWK Set."""


class KeyServer(ABC):
    """A key server on its own port of 127.0.0.1, which a test can make fail. A subclass decides what it serves."""

    def __init__(self) -> None:
        self._arrivals = Arrivals()
        self._lock = threading.Lock()
        self._behaviour = GOOD
        self._times: int | None = None
        self._gate = self._arrivals.new_gate()

    def __enter__(self: Server) -> Server:
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_SECONDS,), name="local key server", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.stopping.set()
        self.release()
        self._http.stop(self._thread)

    @cached_property
    def _http(self) -> AnsweringServer:
        return AnsweringServer(self._asked)  # created on first use, because it takes a port

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def requests(self) -> int:
        """Return the number of requests that have arrived, answered or not."""
        return len(self._arrivals.received)

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """Return the requests that have arrived, in order."""
        return self._arrivals.received

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
        endless: Endless | None = None,
        times: int | None = None,
    ) -> None:
        """Respond in this way from now on. Without arguments, respond normally again.

        Args:
            status: HTTP status code.
            body: Body to send instead of the keys: bytes, text, or a value that is sent as JSON. A callable gets the
                normal body and returns the bytes to send.
            headers: Headers to add or replace, such as `Cache-Control` and `Date`. A value of None removes a header.
            delay_seconds: Time before the response begins.
            drip: Part to send byte by byte, `"headers"` or `"body"`. None sends everything at once.
            drip_seconds: Pause before each of these bytes.
            hold: Whether to send nothing until `release()`.
            cut: How to close the connection early. `"reset"` resets it half-way through the body, and `"close"` closes
                it normally at that point. `"silent"` closes it before the first byte of the response.
            endless: How to never end the response. `"continue"` repeats `100 Continue`. `"trailers"` sends the body
                and then repeats a trailer.
            times: Number of requests, after which the server responds normally again. None for all requests.
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
                endless=endless,
            ),
            times,
        )

    def misbehave(self, name: str, *, times: int | None = None) -> None:
        """Respond with one of the `MISBEHAVIOURS`, for example `"html"`, `"gzip-bomb"`, `"redirect"` or `"reset"`.

        Args:
            name: Name of the misbehaviour.
            times: Number of requests, after which the server responds normally again. None for all requests.

        Raises:
            KeyError: If there is no misbehaviour with this name.
        """
        self._set(MISBEHAVIOURS[name], times)

    def release(self) -> None:
        """Send the held responses, and stop holding new ones."""
        self._arrivals.release()

    def wait_for_requests(self, count: int, timeout_seconds: float = 5.0) -> None:
        """Wait until this total number of requests has arrived, answered or not.

        Args:
            count: Total number of requests since the server was created.
            timeout_seconds: How long to wait for them.

        Raises:
            TimeoutError: If they do not arrive in time.
        """
        self._arrivals.wait_for(count, timeout_seconds)

    def _set(self, behaviour: Behaviour, times: int | None) -> None:
        with self._lock:
            self._behaviour, self._times = behaviour, times
            self._gate = self._arrivals.new_gate()

    @abstractmethod
    def _good_body(self, path: str) -> bytes | None:
        """Return the body for a path, or None if nothing is served there."""

    def _asked(self, request: ReceivedRequest) -> tuple[Behaviour, bytes]:
        path = request.path.removesuffix(_REDIRECTED)
        body = self._good_body(path)
        with self._lock:
            behaviour, gate = self._next_behaviour(request, is_found=body is not None), self._gate
            # decided first, because a test that waited for the request may change the behaviour afterwards
            self._arrivals.add(request)
        if behaviour.hold:
            self._arrivals.wait_at(gate)
        return behaviour, self._good_body(path) or b""

    def _next_behaviour(self, request: ReceivedRequest, *, is_found: bool) -> Behaviour:
        if request.method != "GET":
            return _NOT_ALLOWED
        if not is_found:
            return _NOT_FOUND
        if request.path.endswith(_REDIRECTED):
            return GOOD
        behaviour = self._behaviour
        if self._times is not None:
            self._times -= 1
            if self._times <= 0:
                self._behaviour, self._times = GOOD, None
        return behaviour


class JWKSServer(KeyServer):
    """The JWKS endpoint of a pool, on its own port of 127.0.0.1. A test can run several of them.

    Args:
        pool: Pool whose keys are published. After a rotation, the next response has the new keys.

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
        super().__init__()
        self._pool = pool
        self._path = f"/{pool.id}/.well-known/jwks.json"

    @property
    def url(self) -> str:
        """Return the URL of the keys, for `CognitoVerifier(jwks=…)` and `COGNITO_JWKS_URI`."""
        return self._origin + self._path

    def _good_body(self, path: str) -> bytes | None:
        return json.dumps(self._pool.jwk_set).encode() if path == self._path else None
