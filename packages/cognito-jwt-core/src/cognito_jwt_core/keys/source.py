"""`KeySource`: the protocol for a place that keys come from. It does not decide about times, locks or trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

_MAX_AGE_DIGITS = 10


class JWKSResponse(NamedTuple):
    """The response of a source.

    Attributes:
        jwks: A JWK Set (RFC 7517 section 5): the mapping itself, or its JSON text.
        max_age_seconds: How long the source lets you cache the keys; None if it does not specify.
        server_time: The source's own clock at the response, in seconds since 1970; None if unknown.
    """

    jwks: Mapping[str, object] | bytes | str
    max_age_seconds: float | None = None
    server_time: float | None = None


class JWKSFetchError(Exception):
    """A fetch returned no keys. A `KeySource` may raise it, or any `OSError` or `ValueError`.

    Attributes:
        status: HTTP status of the response; None without a response.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@runtime_checkable
class KeySource(Protocol):
    """Keys from another place, such as S3, Redis or a configuration service.

    A source that also has a method ``revision() -> object`` is local. It is read when the verifier is built, and
    again in the calling thread whenever `revision` returns a different value. Every other source is called in a
    separate thread, at the times that `KeySettings` sets.
    """

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        """Return the current keys.

        Args:
            timeout_seconds: After this time, the result is discarded.

        Raises:
            JWKSFetchError, OSError, ValueError: If no keys can be fetched.
        """


@runtime_checkable
class LocalKeySource(KeySource, Protocol):
    """A `KeySource` that knows whether its keys have changed without asking the network, such as a file."""

    def revision(self) -> object:
        """Return a value that changes when the keys do.

        The verifier calls this for every token, so it must be fast and must not block.

        Raises:
            OSError: If the revision is unknown, for example because the file is missing.
        """


def max_age(cache_control: str) -> float | None:
    """Return ``max-age`` in seconds (RFC 9111 section 5.2.2.1), or None if it is absent or not a number."""
    for directive in cache_control.split(","):
        name, _, value = directive.strip().partition("=")
        value = value.strip('"')
        if name.lower() == "max-age" and value.isascii() and value.isdigit():
            return float(value[:_MAX_AGE_DIGITS])
    return None


def source_name(source: KeySource) -> str:
    """Return the source's `repr` for messages and logs, or its class if that fails."""
    try:
        return repr(source)
    except Exception:  # noqa: BLE001  a source of the user's own may raise anything
        return f"<{type(source).__name__}>"
