"""Counters of a verifier, for any metrics collector."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from cognito_jwt_core.errors import (
    AccessDeniedError,
    CognitoJWTError,
    InsufficientAuthenticationError,
    InvalidTokenError,
    UnavailableError,
)

_MAX_CODES = 24  # for refused and for denied tokens each; with the other metrics of `otel`, at most 64 series
_OTHER = "other"


class Stats(NamedTuple):
    """Totals since the verifier was built, in this process.

    Attributes:
        accepted: Tokens that were accepted.
        remembered: Accepted tokens that came from the cache.
        refused: Tokens answered with 401, by error code.
        denied: Tokens answered with 403, by error code.
        unavailable: Tokens that could not be verified (503).
        fetches: Attempts to fetch keys.
        fetch_failures: Failed attempts.
    """

    accepted: int
    remembered: int
    refused: Mapping[str, int]
    denied: Mapping[str, int]
    unavailable: int
    fetches: int
    fetch_failures: int


class Counter:
    """Count the results of one verifier. It takes no lock, since a slightly late count does no harm."""

    def __init__(self) -> None:
        self.accepted = 0
        self.remembered = 0
        self._refused: dict[str, int] = {}
        self._denied: dict[str, int] = {}
        self._unavailable = 0

    def count(self, error: CognitoJWTError) -> None:
        """Count a token that was not accepted."""
        if isinstance(error, UnavailableError):
            self._unavailable += 1
        elif isinstance(error, (InvalidTokenError, InsufficientAuthenticationError)):
            _count(self._refused, error.code)
        elif isinstance(error, AccessDeniedError):
            _count(self._denied, error.code)

    def stats(self, fetches: int, fetch_failures: int) -> Stats:
        """Return the current totals."""
        return Stats(
            accepted=self.accepted,
            remembered=self.remembered,
            refused=MappingProxyType(dict(self._refused)),
            denied=MappingProxyType(dict(self._denied)),
            unavailable=self._unavailable,
            fetches=fetches,
            fetch_failures=fetch_failures,
        )


def _count(codes: dict[str, int], code: str) -> None:
    # A custom check can raise errors with its own codes. They must not create a metrics series each.
    if code not in codes and len(codes) >= _MAX_CODES:
        code = _OTHER
    codes[code] = codes.get(code, 0) + 1
