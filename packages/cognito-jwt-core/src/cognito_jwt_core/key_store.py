"""`KeyStore`: what verification asks for a key; and the store for tokens that may cause no fetch."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .errors import UnknownKeyError, shown
from .signature import VerificationKey


class KeyStatus(NamedTuple):
    """What is known about the keys of one source, for an operator.

    Attributes:
        source: The URL, the file, or what the source calls itself.
        issuers: The issuers whose tokens these keys verify.
        kids: The keys that are held.
        left_out: The keys that are not usable, with the reason.
        age_seconds: Time since they were read; None while none are held.
        next_refresh_seconds: Time until a refresh is due, 0 when it is; None for a file or a mapping.
        fetches: Attempts so far.
        failures: Failed attempts since the last success.
        last_error: Why the newest attempt failed; None when it succeeded.
    """

    source: str
    issuers: tuple[str, ...]
    kids: tuple[str, ...]
    left_out: tuple[str, ...]
    age_seconds: float | None
    next_refresh_seconds: float | None
    fetches: int
    failures: int
    last_error: str | None


class KeyFinder(Protocol):
    """What the pipeline asks for a key."""

    def at_hand(self, kid: str) -> VerificationKey | None:
        """The key of that `kid` in a current set, without waiting; None where `find` has to tell."""

    def find(self, kid: str) -> VerificationKey:
        """The key of that `kid` in the current set, fetched if that may help.

        Raises:
            UnknownKeyError: The current set has none.
            JWKSUnavailableError: No set could be had, or none that would tell.
        """

    async def find_async(self, kid: str) -> VerificationKey:
        """Like `find`, without blocking the event loop."""


class KeyStore(KeyFinder, Protocol):
    """The keys of one source, kept."""

    def held(self, kid: str) -> VerificationKey | None:
        """The key of that `kid` if it is held now. Never fetches."""

    def prefetch(self) -> None:
        """Fetch now.

        Raises:
            JWKSUnavailableError: The fetch failed.
        """

    def status(self, issuers: tuple[str, ...]) -> KeyStatus:
        """What is known now."""


class HeldOnly:
    """The keys of `store` that are held already: for tokens of a foreign issuer, which never cause a fetch."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    def at_hand(self, kid: str) -> VerificationKey | None:
        return self._store.held(kid)

    def find(self, kid: str) -> VerificationKey:
        key = self._store.held(kid)
        if key is None:
            raise unknown_key(kid)
        return key

    async def find_async(self, kid: str) -> VerificationKey:
        return self.find(kid)


def unknown_key(kid: str) -> UnknownKeyError:
    return UnknownKeyError(f"kid: expected one of the pool's current keys, found {shown(kid)}")
