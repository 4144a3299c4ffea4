"""`TokenDemand`: a route's requirements on a token, which override the app's settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

from cognito_jwt_core import (
    UNSET,
    Claims,
    ConfigurationError,
    InvalidAudienceError,
    InvalidClientError,
    InvalidTokenUseError,
    Unset,
)
from cognito_jwt_core.errors import shown
from flask import Request

from flask_cognito.config.settings import Settings
from flask_cognito.config.values import Names, app_clients, names

TokenUse: TypeAlias = Literal["access", "id"]

_DEMAND = "_cognito_demand"


@dataclass(frozen=True, kw_only=True)
class TokenDemand:
    """Options that override the app's settings for one route. None means not required."""

    token_use: TokenUse | Unset | None = UNSET
    client_id: Names | Unset | None = UNSET
    audience: Names | Unset | None = UNSET

    def options(self) -> dict[str, Any]:
        """Return the options that are set, in the form that the verifier takes."""
        if self is NO_DEMAND:
            return {}
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in options.items() if value is not UNSET}

    def over(self, other: TokenDemand) -> TokenDemand:
        """Return these requirements, with missing ones taken from `other`."""
        if self is other or other is NO_DEMAND:
            return self
        return TokenDemand(**{**other.options(), **self.options()})

    def contradiction(self, settings: Settings) -> str:
        """Return how the demand contradicts what the app demands of every token, or an empty text."""
        if self.audience is None and any(pool.require_audience for pool in settings.pools):
            return (
                "audience: expected identifiers of the API, since the app requires an audience"
                " (COGNITO_REQUIRE_AUDIENCE), found None"
            )
        return ""

    def described(self) -> str:
        """Return the requirements as ``flask cognito routes`` prints them, or an empty text."""
        return ", ".join(f"{_LABELS[name]} {_joined(value)}" for name, value in self.options().items())

    def check(self, claims: Claims, *, client_claim: str | None = None) -> None:
        """Check claims that no `CognitoVerifier` has checked against the route's requirements.

        Args:
            claims: Result of the app's own `decode_token`, or the claims of a load balancer's token.
            client_claim: Claim that names the app client; None if the kind of token determines it.

        Raises:
            InvalidTokenUseError: If the token is of the other kind.
            InvalidClientError: If it was issued to another app client.
            InvalidAudienceError: If it is meant for another API.
        """
        kind = claims.get("token_use")
        if self.token_use not in (UNSET, None, kind):
            raise InvalidTokenUseError(
                f"token_use: expected {self.token_use}, found {shown(kind)}",
                claim="token_use",
                expected=self.token_use,
                actual=kind,
            )
        # RFC 8725 section 3.9: reject a token that was issued to another app client.
        claim = client_claim or ("client_id" if kind == "access" else "aud")
        client = claims.get(claim)
        if isinstance(self.client_id, tuple) and client not in self.client_id:
            raise InvalidClientError(
                f"{claim}: expected app client {_joined(self.client_id)}, found {shown(client)}",
                claim=claim,
                expected=_joined(self.client_id),
                actual=client,
            )
        if self.audience is not UNSET and kind == "access" and "aud" in claims:
            self._check_audience(claims)

    def _check_audience(self, claims: Claims) -> None:
        """Check ``aud`` of an access token against the route's own identifiers (RFC 7519 section 4.1.3)."""
        found = claims["aud"]
        audiences = found if isinstance(found, list) else [found]
        accepted = (*(self.audience if isinstance(self.audience, tuple) else ()), claims.get("client_id"))
        if not any(audience in accepted for audience in audiences):
            raise InvalidAudienceError(
                f"aud: expected {_joined(self.audience)}, found {shown(found)}",
                claim="aud",
                expected=_joined(self.audience),
                actual=found,
            )


NO_DEMAND = TokenDemand()

_LABELS = {"token_use": "token use", "client_id": "app client", "audience": "audience"}


def token_demand(token_use: object = UNSET, client_id: object = UNSET, audience: object = UNSET) -> TokenDemand:
    """Return the requirements for a decorator's arguments.

    Raises:
        ConfigurationError: If an argument is invalid.
    """
    if token_use is client_id is audience is UNSET:
        return NO_DEMAND
    if token_use not in (UNSET, None, "access", "id"):
        raise ConfigurationError(f"token_use: expected 'access', 'id' or None, found {shown(token_use)}")
    return TokenDemand(
        token_use=token_use,
        client_id=client_id if client_id in (UNSET, None) else app_clients("client_id", client_id),
        audience=audience if audience in (UNSET, None) else names("audience", audience),
    )


def set_demand(request: Request, demand: TokenDemand) -> None:
    """Keep the current route's requirements, for `CognitoAuth.decode_token`."""
    setattr(request, _DEMAND, demand)


def demand_of(request: Request) -> TokenDemand:
    """Return the current route's requirements."""
    demand: TokenDemand = getattr(request, _DEMAND, NO_DEMAND)
    return demand


def _joined(value: object) -> str:
    if value is None:
        return "any"
    return " or ".join(value) if isinstance(value, tuple) else str(value)
