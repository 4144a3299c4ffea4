"""`RequestClaims`: the claims that views and handlers read."""

from __future__ import annotations

from typing import Any, NoReturn

from cognito_jwt_core import Claims
from cognito_jwt_core.errors import shown

from flask_cognito.responses.refusals import absent_claim

_IN_ID_TOKENS = frozenset(
    {
        *("address", "birthdate", "cognito:preferred_role", "cognito:roles", "cognito:username", "email"),
        *("email_verified", "family_name", "gender", "given_name", "identities", "locale", "middle_name", "name"),
        *("nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile"),
        *("updated_at", "website", "zoneinfo"),
    }
)
_IN_ACCESS_TOKENS = frozenset({"client_id", "scope", "username", "version"})


class RequestClaims(Claims):
    """The claims of the current request's token.

    ``claims["x"]`` of an absent claim raises an error that is a `KeyError` and a `CognitoAuthError`. If the app does
    not catch it, the request gets a 403 with the code ``claim_required``. A copy is a plain `Claims`.
    """

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise absent_claim(
            claim, f"{shown(claim)}: expected in the token, found no such claim{where_else(claim, self)}"
        )

    # A load balancer's claims have no `token_use`.

    @property
    def username(self) -> str | None:
        """Return the user's name; None for a client-credentials token."""
        return self._text("username") if _is_of_a_balancer(self) else super().username

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the OAuth scopes of an access token; other tokens have none."""
        return () if _is_of_a_balancer(self) else super().scopes

    @property
    def client_id(self) -> str | None:
        """Return the app client that the token was issued to."""
        return self._text("client_id") if _is_of_a_balancer(self) else super().client_id

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(no_attribute(name))

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        # A job that unpickles claims has no request to reject.
        return Claims, (dict(self),)


def _is_of_a_balancer(claims: Claims) -> bool:
    return "signer" in claims and "token_use" not in claims


def no_attribute(name: str) -> str:
    """Explain that claims are read by key."""
    return f"claims have no attribute {name!r}: read a claim with claims[{name!r}], or with claims.get({name!r})"


def where_else(claim: object, claims: Claims) -> str:
    """Return which kind of token has an absent claim, because a new token of this kind would lack it as well."""
    kind = claims.get("token_use")
    is_users = claim in _IN_ID_TOKENS or str(claim).startswith("custom:")
    if kind == "access" and "username" not in claims and (is_users or claim in ("username", "cognito:groups")):
        return ": a client-credentials token belongs to no user"
    if kind == "access" and is_users:
        return " in this access token: ID tokens carry it, and a pre token generation trigger can add it"
    if kind == "id" and claim in _IN_ACCESS_TOKENS:
        return " in this ID token: access tokens carry it"
    return ""
