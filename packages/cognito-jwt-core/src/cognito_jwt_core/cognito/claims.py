"""`Claims`: the verified payload of a token, with typed properties."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from cognito_jwt_core.errors import MissingClaimError, shown
from cognito_jwt_core.jwt.claims import as_datetime
from cognito_jwt_core.jwt.fingerprint import fingerprint

TOKEN_USES = ("access", "id")


class Claims(dict[str, object]):
    """The claims of one verified token: a dict of its payload, with typed properties.

    It is a deep copy, so changing it affects no other caller. ``claims["x"]`` raises `MissingClaimError`, which is also
    a `KeyError`, if the claim is absent.

    Source: "Understanding the access token" and "Understanding the identity (ID) token",
    Amazon Cognito developer guide.
    """

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise MissingClaimError(f"{shown(claim)}: expected in the token, found no such claim", claim=claim)

    def __repr__(self) -> str:
        # Many people read logs, so show no personal data. A debugger also shows claims without `token_use`.
        kind = f" of an {self['token_use']} token" if self.get("token_use") in TOKEN_USES else ""
        return f"<Claims{kind} {fingerprint(super().__repr__())}>"

    def copy(self) -> Claims:
        return Claims(self)

    @property
    def sub(self) -> str:
        """Return ``sub``: the user, or the app client of a client-credentials token. It is unique in the pool."""
        return str(self["sub"])

    @property
    def username(self) -> str | None:
        """Return the user name: ``username`` or ``cognito:username``. None for a client-credentials token."""
        return self._text("username" if self.token_use == "access" else "cognito:username")

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the names in ``cognito:groups``. Empty if the claim is not a list of str."""
        groups = self.get("cognito:groups")
        if isinstance(groups, list) and all(isinstance(group, str) for group in groups):
            return tuple(groups)
        return ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the OAuth scopes of an access token (RFC 6749 section 3.3). An ID token has none."""
        # Split only at spaces, which a scope cannot contain. Other white space must not turn one scope into two.
        return tuple(filter(None, (self._text("scope") or "").split(" "))) if self.token_use == "access" else ()

    @property
    def token_use(self) -> str:
        """Return ``access`` or ``id``."""
        return str(self["token_use"])

    @property
    def client_id(self) -> str | None:
        """Return the app client of the token: ``client_id`` of an access token, ``aud`` of an ID token."""
        return self._text("client_id" if self.token_use == "access" else "aud")

    @property
    def issuer(self) -> str:
        """Return ``iss``, a URL."""
        return str(self["iss"])

    @property
    def user_pool_id(self) -> str:
        """Return the last part of `issuer`."""
        return self.issuer.rpartition("/")[2]

    @property
    def issued_at(self) -> datetime | None:
        """Return ``iat`` in UTC; None if absent."""
        return self._time("iat")

    @property
    def expires_at(self) -> datetime | None:
        """Return ``exp`` in UTC; None if absent. The token is rejected from this second on."""
        return self._time("exp")

    @property
    def auth_time(self) -> datetime | None:
        """Return the time of the sign-in in UTC; None if absent. A refresh does not change it."""
        return self._time("auth_time")

    @property
    def acr(self) -> str | None:
        """Return the level of the sign-in, such as ``urn:cognito:loa:4``; None if absent."""
        return self._text("acr")

    @property
    def amr(self) -> tuple[str, ...]:
        """Return the methods of the sign-in (``pwd``, ``otp``, ``hwk``, ...), if it is a list of str."""
        methods = self.get("amr")
        if isinstance(methods, list) and all(isinstance(method, str) for method in methods):
            return tuple(methods)
        return ()

    def _text(self, claim: str) -> str | None:
        value = self.get(claim)
        return value if isinstance(value, str) else None

    def _time(self, claim: str) -> datetime | None:
        return as_datetime(self.get(claim))
