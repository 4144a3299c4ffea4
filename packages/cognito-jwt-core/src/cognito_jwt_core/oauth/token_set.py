"""`TokenSet`: the verified tokens of one sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.jwt.fingerprint import fingerprint


class TokenIdentity(NamedTuple):
    """The values that must stay the same when tokens are refreshed. Store it beside the refresh token.

    Each value is a str, a number or None, so you can store it as JSON: ``TokenIdentity(*json.loads(text))``.

    Attributes:
        iss: Issuer of the tokens.
        sub: The user.
        client: App client that the tokens were issued to.
        auth_time: When the user signed in, in seconds since 1970; None if the token does not tell.
        iat: When the access token was issued, in seconds since 1970; None if the token does not tell.
        nonce: Nonce of the login; None for a login without the scope ``openid``.

    Spec: OpenID Connect Core section 12.2.
    """

    iss: str
    sub: str
    client: str
    auth_time: float | None
    iat: float | None
    nonce: str | None

    @classmethod
    def of(cls, claims: Claims, nonce: str | None) -> TokenIdentity:
        """Return the identity of a token."""
        return cls(
            claims.issuer, claims.sub, claims.client_id or "", _time(claims, "auth_time"), _time(claims, "iat"), nonce
        )

    def __repr__(self) -> str:
        return f"<TokenIdentity of app client {self.client} {fingerprint(repr(tuple(self)))}>"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TokenSet:
    """The verified tokens of a sign-in or a refresh. Its `repr` shows no token and no personal data.

    Attributes:
        access_token: Access token, for APIs.
        id_token: ID token, meant only for this app; None for a login without the scope ``openid``.
        refresh_token: Refresh token, the same as before after a refresh without rotation. None if Cognito sent none.
        claims: Claims of the access token.
        id_claims: Claims of the ID token; None without an ID token.
        expires_at: When the access token expires, in UTC.
        identity: The values that must stay the same in a refresh.
    """

    access_token: str
    id_token: str | None
    refresh_token: str | None
    claims: Claims
    id_claims: Claims | None
    expires_at: datetime
    identity: TokenIdentity

    def __repr__(self) -> str:
        expires = f"{self.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        return f"<TokenSet of app client {self.identity.client}, expires {expires} {fingerprint(self.access_token)}>"


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    return value if is_numeric_date(value) else None
