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
        name: Stable name in kebab-case, unique among the hostile tokens.
        token: The text to send.
        why: The error in the token, and the consequence of accepting it.
    """

    name: str
    token: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """Create tokens with one error each. Everything else in them is valid for the route under test.

    Attributes:
        pool: Pool that the tokens claim to come from.
        username: User that the tokens name.
        groups: Groups that the route requires, and that the tokens have.
        scopes: Scopes that the route requires, and that the tokens have.
        acr: Sign-in level that the route accepts; None if it accepts any.
        audience: Identifier that the route requires in `aud`; None if it requires none.
    """

    pool: LocalUserPool
    username: str
    groups: Sequence[str]
    scopes: Sequence[str]
    acr: str | None = None
    audience: str | None = None

    @property
    def header(self) -> dict[str, object]:
        """Return a valid token header."""
        return self.pool.header

    @property
    def key(self) -> SigningKey:
        """Return the pool's signing key."""
        return self.pool.signing_key

    @property
    def attacker_key(self) -> SigningKey:
        """Return a valid key that does not belong to the pool."""
        return cached_key("an attacker", 0)

    def claims(self) -> dict[str, object]:
        """Return claims that the route accepts."""
        demanded = {"acr": self.acr, "aud": self.audience}
        claims = self.pool.access_claims(self.username, groups=self.groups, scopes=self.scopes)
        return claims | {name: value for name, value in demanded.items() if value is not None}

    def token(self, **changes: object) -> str:
        """Return a token with changed claims, signed with the pool's key. A value of `ABSENT` leaves a claim out."""
        return self.sign(self.header, tokens.changed(self.claims(), changes))

    def tokens_with(self, claim: str, values: Mapping[str, object], why: str) -> Iterator[HostileToken]:
        """Yield a token for each value of a claim.

        Args:
            claim: Name of the claim.
            values: Values by the name of their error. A token's name is the claim's and that name.
            why: The reason for all of them.
        """
        for name, value in values.items():
            yield HostileToken(f"{claim.replace('_', '-')}-{name}", self.token(**{claim: value}), why)

    def headers_with(self, parameter: str, values: Mapping[str, object], why: str) -> Iterator[HostileToken]:
        """Yield a token for each value of a header parameter.

        Args:
            parameter: Name of the parameter.
            values: Values by the name of their error. A token's name is the parameter's and that name.
            why: The reason for all of them.
        """
        for name, value in values.items():
            yield HostileToken(f"{parameter}-{name}", self.sign(self.header | {parameter: value}, self.claims()), why)

    def sign(self, header: object, payload: object) -> str:
        """Return a token with this header and payload, signed with the pool's key."""
        return self.pool.sign(header, payload)
