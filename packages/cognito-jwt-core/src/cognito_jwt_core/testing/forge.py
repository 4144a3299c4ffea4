"""Where hostile tokens are made: a pool's own keys and claims, and what the good token of a test would carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from . import tokens
from .keys import SigningKey, cached_key
from .pool import LocalUserPool


class HostileToken(NamedTuple):
    """A token that must be refused.

    Attributes:
        name: Stable, in kebab-case.
        token: The text.
        why: What is wrong with it, and what goes wrong where it is accepted.
    """

    name: str
    token: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """Makes tokens that are good but for one thing.

    Attributes:
        pool: Whose tokens they would be.
        username: Whose.
        groups: The groups that the route demands, so that no token is refused for want of them.
        scopes: The scopes that it demands.
    """

    pool: LocalUserPool
    username: str
    groups: Sequence[str]
    scopes: Sequence[str]

    @property
    def header(self) -> dict[str, object]:
        """A good header."""
        return self.pool.header

    @property
    def key(self) -> SigningKey:
        """The pool's key."""
        return self.pool.signing_key

    @property
    def attacker_key(self) -> SigningKey:
        """A good key that is not the pool's."""
        return cached_key("an attacker", 0)

    def claims(self) -> dict[str, object]:
        """Return good claims."""
        return self.pool.access_claims(self.username, groups=self.groups, scopes=self.scopes)

    def token(self, **changes: object) -> str:
        """Return a signed token with claims changed."""
        return self.sign(self.header, tokens.changed(self.claims(), changes))

    def sign(self, header: object, payload: object) -> str:
        """Return a token of this header and payload, signed with the pool's key."""
        return self.pool.sign(header, payload)
