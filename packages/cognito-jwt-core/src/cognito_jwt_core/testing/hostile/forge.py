"""Create hostile tokens with a pool's own keys, and with the claims that the route under test requires."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.keys import SigningKey, cached_key
from cognito_jwt_core.testing.pool import LocalUserPool


class HostileToken(NamedTuple):
    """A token that must be rejected.

    Attributes:
        name: Stable name, in kebab-case.
        token: The text.
        why: What is wrong with it, and the consequence of accepting it.
    """

    name: str
    token: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """Create tokens that are valid except for one thing.

    Attributes:
        pool: The pool that they claim to come from.
        username: The user that they name.
        groups: Groups that the route requires, so that no token is rejected for lacking them.
        scopes: Scopes that the route requires.
        acr: A sign-in level that the route accepts, if any.
        audience: The API's identifier that the route requires, if any.
    """

    pool: LocalUserPool
    username: str
    groups: Sequence[str]
    scopes: Sequence[str]
    acr: str | None = None
    audience: str | None = None

    @property
    def header(self) -> dict[str, object]:
        """Return a valid header."""
        return self.pool.header

    @property
    def key(self) -> SigningKey:
        """Return the pool's key."""
        return self.pool.signing_key

    @property
    def attacker_key(self) -> SigningKey:
        """Return a valid key that does not belong to the pool."""
        return cached_key("an attacker", 0)

    def claims(self) -> dict[str, object]:
        """Return valid claims."""
        demanded = {"acr": self.acr, "aud": self.audience}
        claims = self.pool.access_claims(self.username, groups=self.groups, scopes=self.scopes)
        return claims | {name: value for name, value in demanded.items() if value is not None}

    def token(self, **changes: object) -> str:
        """Return a signed token with changed claims."""
        return self.sign(self.header, tokens.changed(self.claims(), changes))

    def tokens_with(self, claim: str, values: Mapping[str, object], why: str) -> Iterator[HostileToken]:
        """Yield a token for each value of a claim, named after the claim and the value."""
        for name, value in values.items():
            yield HostileToken(f"{claim.replace('_', '-')}-{name}", self.token(**{claim: value}), why)

    def headers_with(self, parameter: str, values: Mapping[str, object], why: str) -> Iterator[HostileToken]:
        """Yield a token for each value of a header parameter, named after the parameter and the value."""
        for name, value in values.items():
            yield HostileToken(f"{parameter}-{name}", self.sign(self.header | {parameter: value}, self.claims()), why)

    def sign(self, header: object, payload: object) -> str:
        """Return a token with this header and payload, signed with the pool's key."""
        return self.pool.sign(header, payload)
