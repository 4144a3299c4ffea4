"""Check which event loop runs a coroutine."""

from __future__ import annotations

import sys

from cognito_jwt_core.errors import ConfigurationError


def require_asyncio() -> None:
    """Check that an asyncio event loop runs in this thread. Coroutines here can wait for worker threads only there.

    Call this first, even if the coroutine may not need to wait. Otherwise, an app on another framework would work
    until it receives a token with an unknown `kid`.

    Raises:
        ConfigurationError: If no asyncio event loop runs.
    """
    try:
        sys.modules["asyncio"].get_running_loop()  # if asyncio is not imported, no asyncio loop runs
    except (KeyError, RuntimeError):
        raise ConfigurationError(
            "expected a running asyncio event loop, found none; under Trio, call the method without _async in a thread:"
            " await trio.to_thread.run_sync(verifier.verify, token)"
        ) from None
