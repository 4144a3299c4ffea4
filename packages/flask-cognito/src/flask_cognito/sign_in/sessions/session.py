"""`Session`: the tokens of a signed-in user, and how long they are valid."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from cognito_jwt_core.oauth import TokenIdentity, TokenSet

# Claims of the ID token that do not describe the user, and would take space in a cookie.
_OF_THE_PROTOCOL = frozenset(("at_hash", "nonce", "jti", "origin_jti", "event_id"))
_AHEAD_SECONDS = 60
_MARGIN_SECONDS = 1
_AFTER_POOL = "~"  # occurs neither in a pool's name nor in base64url
_MAX_SKEW_SECONDS = 60


def new_id(pool: str = "") -> str:
    """Return a random session id. With several pools, it begins with the pool's name."""
    return f"{pool}{_AFTER_POOL}{secrets.token_urlsafe(32)}" if pool else secrets.token_urlsafe(32)


def pool_of_id(session_id: str) -> str:
    """Return the pool's name in a session id. It tells which keys to try, and proves nothing."""
    pool, separator, _ = session_id.partition(_AFTER_POOL)
    return pool if separator else ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Session:
    """A session. Its `repr` shows no token.

    Attributes:
        id: Random value, new with each sign-in.
        access_token: Access token.
        refresh_token: Refresh token; None if Cognito sent none.
        id_claims: Claims of the ID token that describe the user.
        identity: Values that a refresh must not change.
        signed_in_at: When the user signed in, in seconds since 1970.
        ends_at: When the session ends, in seconds since 1970. Nothing extends it.
        received_at: When the tokens were received, by our own clock.
        life_seconds: Lifetime of the access token from then on.
    """

    id: str
    access_token: str
    refresh_token: str | None
    id_claims: Mapping[str, Any]
    identity: tuple[Any, ...]
    signed_in_at: float
    ends_at: float
    received_at: float
    life_seconds: float

    @classmethod
    def begin(cls, tokens: TokenSet, now: float, lifetime_seconds: float, *, pool: str = "") -> Session:
        """Return the session of a new sign-in, at the pool with this name."""
        return cls(
            id=new_id(pool),
            id_claims=_about_user(tokens),
            signed_in_at=now,
            ends_at=now + lifetime_seconds,
            **_of_tokens(tokens, now),
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Session:
        """Return a session from the result of `as_json`."""
        return cls(**value)

    def as_json(self) -> dict[str, Any]:
        """Return a value that JSON can hold."""
        return asdict(self)

    def refreshed(self, tokens: TokenSet, now: float) -> Session:
        """Return this session with new tokens."""
        claims = _about_user(tokens) if tokens.id_claims else self.id_claims
        return replace(self, id_claims=claims, **_of_tokens(tokens, now))

    @cached_property
    def token_claims(self) -> Mapping[str, Any]:
        """Return the claims of the access token, which was verified when it was received."""
        payload = self.access_token.split(".")[1]
        claims: Mapping[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims

    @property
    def token_identity(self) -> TokenIdentity:
        """Return the identity that the next refresh must match."""
        return TokenIdentity(*self.identity)

    def is_over(self, now: float) -> bool:
        """Return whether the session has ended, or claims to begin in the future."""
        return now >= self.ends_at or self.signed_in_at > now + _MAX_SKEW_SECONDS

    def is_due(self, now: float) -> bool:
        """Return whether it is time to refresh, 60 s ahead or a tenth of the token's life."""
        return now >= self._token_ends_at - self._ahead_seconds

    def is_expired(self, now: float) -> bool:
        """Return whether the access token has expired, or is about to before it is verified."""
        return now >= self._token_ends_at - min(_MARGIN_SECONDS, self._ahead_seconds / 2)

    @cached_property
    def _ahead_seconds(self) -> float:
        return min(_AHEAD_SECONDS, self.life_seconds / 10)

    @cached_property
    def _token_ends_at(self) -> float:
        # Count from when we received it, by our own clock, so that a clock behind Cognito's still refreshes in time.
        # But the verifier rejects it from `exp` on, which is earlier after a slow response or if our clock is ahead.
        issued_at = self.token_identity.iat
        began_at = self.received_at if issued_at is None else min(self.received_at, issued_at)
        return began_at + self.life_seconds


def _of_tokens(tokens: TokenSet, now: float) -> dict[str, Any]:
    issued_at = tokens.identity.iat
    lifetime = tokens.expires_at.timestamp() - (now if issued_at is None else issued_at)
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "identity": tuple(tokens.identity),
        "received_at": now,
        "life_seconds": lifetime,
    }


def _about_user(tokens: TokenSet) -> dict[str, Any]:
    return {name: value for name, value in (tokens.id_claims or {}).items() if name not in _OF_THE_PROTOCOL}
