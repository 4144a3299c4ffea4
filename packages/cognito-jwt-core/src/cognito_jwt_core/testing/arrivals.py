"""Record the requests that reach a local server, and hold its responses back until a test releases them."""

import threading

from cognito_jwt_core.testing.answering import ReceivedRequest


class Arrivals:
    """The requests in order of arrival, and numbered gates at which responses wait for `release`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._received: list[ReceivedRequest] = []
        self._gate = 0
        self._open_up_to = -1

    def add(self, request: ReceivedRequest) -> None:
        """Add a request, and wake the tests that wait for it."""
        with self._changed:
            self._received.append(request)
            self._changed.notify_all()

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """Return the requests that have arrived, in order."""
        with self._changed:
            return tuple(self._received)

    def wait_for(self, count: int, timeout_seconds: float) -> None:
        """Wait until this total number of requests has arrived.

        Raises:
            TimeoutError: If they do not arrive within `timeout_seconds`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._received) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._received)} of {count} requests arrived in {timeout_seconds} s")

    def new_gate(self) -> int:
        """Return the number of a new gate, which is closed."""
        with self._changed:
            self._gate += 1
            return self._gate

    def wait_at(self, gate: int) -> None:
        """Wait until the gate with this number is open."""
        with self._changed:
            self._changed.wait_for(lambda: self._open_up_to >= gate)

    def release(self) -> None:
        """Open every gate that exists. Later ones are closed."""
        with self._changed:
            self._open_up_to = self._gate
            self._changed.notify_all()
