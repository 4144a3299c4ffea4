"""Track the requests that reached a local server, and hold back its responses."""

import threading

from cognito_jwt_core.testing.answering import ReceivedRequest


class Arrivals:
    """Requests in order of arrival, and a gate at which held responses wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._received: list[ReceivedRequest] = []
        self._gate = 0
        self._open_up_to = -1

    def add(self, request: ReceivedRequest) -> None:
        """Remember a request."""
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """Return the requests so far, in order."""
        with self._changed:
            return tuple(self._received)

    def wait_for(self, count: int, timeout_seconds: float) -> None:
        """Return after this total number of requests has arrived, or raise TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._received)} of {count} requests arrived in {timeout_seconds} s")

    def new_gate(self) -> int:
        """Close the gate for later responses, and return its number."""
        with self._changed:
            self._gate += 1
            return self._gate

    def wait_at(self, gate: int) -> None:
        """Return when the gate is open."""
        with self._changed:
            self._changed.wait_for(lambda: self._open_up_to >= gate)

    def release(self) -> None:
        """Open every gate created so far."""
        with self._changed:
            self._open_up_to = self._gate
            self._changed.notify_all()
