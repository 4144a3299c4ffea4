"""`TokenCache`: verified tokens, so that a repeated token needs no signature check."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cognito_jwt_core.errors import ConfigurationError, shown
from cognito_jwt_core.jwt.verified_token import VerifiedToken

MAX_CACHE_SIZE: Final = 10_000_000
"""The largest number of tokens to remember. At this size, they take about ten gigabytes of memory."""


def digest_of(text: bytes) -> bytes:
    """Return the digest under which a token is cached. The text itself is a credential, and is not kept."""
    return sha256(text).digest()


class TokenCache:
    """Verified tokens by their digest. Its size is limited. The oldest entry goes first, because it expires first.

    Use it only to save work, never to reject a token by its digest. Anyone can rewrite an ECDSA signature (r, s) as
    (r, n - s), which also verifies, so one token has several texts. Reject a token by its ``jti`` instead.

    Threads share it without a lock, because each step is one dict operation. A child forked meanwhile inherits no held
    lock.

    Args:
        size: Number of cached tokens; 0 disables the cache.

    Raises:
        ConfigurationError: If the size is not a whole number from 0 to `MAX_CACHE_SIZE`.
    """

    def __init__(self, size: int) -> None:
        if type(size) is not int or not 0 <= size <= MAX_CACHE_SIZE:
            raise ConfigurationError(
                f"cache_size: expected a whole number from 0 to {MAX_CACHE_SIZE}, found {shown(size)}"
            )
        self.size: int = size
        # An OrderedDict drops its oldest entry in constant time. A plain dict would walk past every entry dropped
        # before.
        self._tokens: OrderedDict[bytes, VerifiedToken] = OrderedDict()
        self.get: Callable[[bytes], VerifiedToken | None] = self._tokens.get

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, digest: bytes, token: VerifiedToken) -> None:
        """Cache a token that was accepted."""
        if self.size == 0:
            return
        self._tokens[digest] = token
        while len(self._tokens) > self.size:
            try:
                self._tokens.popitem(last=False)
            except KeyError:  # other threads have emptied it meanwhile
                return

    def forget(self, digest: bytes) -> None:
        """Remove a token from the cache, if present."""
        self._tokens.pop(digest, None)
