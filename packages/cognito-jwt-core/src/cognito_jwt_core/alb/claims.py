"""`AlbClaims`: the verified claims of a load balancer's token."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from cognito_jwt_core.errors import MissingClaimError, shown
from cognito_jwt_core.jwt.claims import as_datetime
from cognito_jwt_core.jwt.fingerprint import fingerprint


class AlbClaims(dict[str, object]):
    """The claims that an Application Load Balancer got from the user info endpoint, and signed.

    A dict of the payload, with ``signer`` and ``client_id`` from the header, and ``exp`` if only the header has it.
    It has no groups, no scopes and no ``iat``. Read groups from the access token. It is a deep copy. ``claims["x"]``
    raises `MissingClaimError`, which is also a `KeyError`, if the claim is absent.

    Source: "Authenticate users using an Application Load Balancer", Elastic Load Balancing guide.
    """

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise MissingClaimError(f"{shown(claim)}: expected in the token, found no such claim", claim=claim)

    def __repr__(self) -> str:
        # Many people read logs, so show no personal data.
        return f"<AlbClaims {fingerprint(super().__repr__())}>"

    def copy(self) -> AlbClaims:
        return AlbClaims(self)

    @property
    def sub(self) -> str:
        """Return the user's id, which is unique at the issuer."""
        return str(self["sub"])

    @property
    def username(self) -> str | None:
        """Return ``username``, which Cognito's user info contains; None if absent."""
        return self._text("username")

    @property
    def email(self) -> str | None:
        """Return ``email``; None if absent. Check `email_verified` before you rely on it."""
        return self._text("email")

    @property
    def email_verified(self) -> bool:
        """Return whether the issuer has verified `email`. Cognito's user info contains the text "true"."""
        verified = self.get("email_verified")
        return verified is True or verified == "true"

    @property
    def signer(self) -> str:
        """Return the ARN of the load balancer."""
        return str(self["signer"])

    @property
    def client_id(self) -> str | None:
        """Return the app client that the load balancer signs in with."""
        return self._text("client_id")

    @property
    def issuer(self) -> str:
        """Return ``iss``, a URL."""
        return str(self["iss"])

    @property
    def expires_at(self) -> datetime | None:
        """Return ``exp`` in UTC. The token is rejected from this second on."""
        return as_datetime(self.get("exp"))

    def _text(self, claim: str) -> str | None:
        value = self.get(claim)
        return value if isinstance(value, str) else None
