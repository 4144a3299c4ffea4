"""`KeyStore`: the interface through which verification gets keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from cognito_jwt_core.errors import UnknownKeyError, shown
from cognito_jwt_core.jose.algorithms import Algorithm
from cognito_jwt_core.jose.key import VerificationKey


class KeyStatus(NamedTuple):
    """The state of the keys of one source, for an operator.

    Attributes:
        source: The URL, the file, or the source's `repr`.
        issuers: The issuers whose tokens these keys verify.
        kids: The cached keys.
        left_out: The unusable keys, with the reason.
        age_seconds: Time since the keys were read; None without keys.
        next_refresh_seconds: Time until a refresh is due, 0 if it is due; None for a file or a mapping.
        is_usable: Whether cached keys can verify tokens now.
        fetches: Number of attempts.
        failed_fetches: Number of failed attempts.
        failures: Failed attempts since the last success.
        last_error: Reason of the latest attempt's failure; None if it succeeded.
    """

    source: str
    issuers: tuple[str, ...]
    kids: tuple[str, ...]
    left_out: tuple[str, ...]
    age_seconds: float | None
    next_refresh_seconds: float | None
    is_usable: bool
    fetches: int
    failed_fetches: int
    failures: int
    last_error: str | None


class KeyFinder(Protocol):
    """Finds the key of a token."""

    @property
    def algorithms(self) -> Mapping[str, Algorithm]:
        """Return the algorithms of the issuer that publishes these keys."""

    def get_fresh(self, kid: str) -> VerificationKey | None:
        """Return the key with that `kid` if the cached set is fresh. If None, call `get`. Never wait."""

    def get(self, kid: str) -> VerificationKey:
        """Return the key with that `kid` from the current set. Fetch the set if that may help.

        Raises:
            UnknownKeyError: If the current set has no such key.
            JWKSUnavailableError: If no current set is available.
        """

    async def get_async(self, kid: str) -> VerificationKey:
        """Like `get`, without blocking the event loop."""


class KeyStore(KeyFinder, Protocol):
    """The cached keys of one source."""

    def cached(self, kid: str) -> VerificationKey | None:
        """Return the key with that `kid` if it is cached and usable. Never fetch."""

    def prefetch(self) -> None:
        """Fetch the keys now.

        Raises:
            JWKSUnavailableError: If the fetch failed.
        """

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        """Return the current state, without fetching."""


def unknown_key(kid: str) -> UnknownKeyError:
    return UnknownKeyError(f"kid: expected one of the pool's current keys, found {shown(kid)}")
