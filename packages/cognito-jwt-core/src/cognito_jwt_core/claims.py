"""`Claims`: the verified payload of a token, as its reader wants it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NoReturn, TypeGuard

from .errors import MissingClaimError, shown
from .policy import TOKEN_USES

# NumericDate (RFC 7519 section 2) within what a calendar knows: the years 1 to 9999.
EARLIEST = -62_135_596_800
LATEST = 253_402_300_799

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def is_numeric_date(value: object) -> TypeGuard[float]:
    """Whether `value` is a time: a number, no bool, no NaN, no infinity, between the years 1 and 9999."""
    kind = type(value)
    return (kind is int or kind is float) and EARLIEST <= value <= LATEST  # type: ignore[operator]


def as_datetime(value: object) -> datetime | None:
    """The time that a NumericDate names, in UTC; None for what is no time."""
    return _EPOCH + timedelta(seconds=value) if is_numeric_date(value) else None


class Claims(dict[str, object]):
    """The claims of one verified token: a dict of its payload, and what Cognito means by it.

    It is the caller's own, down to the nested values: nothing that is done with it reaches anybody else.
    ``claims["x"]`` of a claim that is not there raises `MissingClaimError`, which is a `KeyError` too.

    Source: "Understanding the access token" and "Understanding the identity (ID) token",
    Amazon Cognito developer guide.
    """

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise MissingClaimError(f"{shown(claim)}: expected in the token, found no such claim", claim=claim)

    def __repr__(self) -> str:
        # Logs are read by many: no personal data. A debugger shows claims without `token_use`, too.
        return f"<Claims of an {self['token_use']} token>" if self.get("token_use") in TOKEN_USES else "<Claims>"

    def copy(self) -> Claims:
        return Claims(self)

    @property
    def sub(self) -> str:
        """The user (or, of a client-credentials token, the app client): unique in the pool, never given anew."""
        return str(self["sub"])

    @property
    def username(self) -> str | None:
        """``username`` of an access token, ``cognito:username`` of an ID token; None for a client-credentials token."""
        return self._text("username" if self.token_use == "access" else "cognito:username")

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of ``cognito:groups``; a claim that is no list of str is no group."""
        groups = self.get("cognito:groups")
        if isinstance(groups, list) and all(isinstance(group, str) for group in groups):
            return tuple(groups)
        return ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """The OAuth scopes of an access token (RFC 6749 section 3.3); an ID token has none."""
        # At spaces alone, which cannot be part of a scope: other white space never makes two of one.
        return tuple(filter(None, (self._text("scope") or "").split(" "))) if self.token_use == "access" else ()

    @property
    def token_use(self) -> str:
        """``access`` or ``id``."""
        return str(self["token_use"])

    @property
    def client_id(self) -> str | None:
        """The app client that the token was issued to: ``client_id`` of an access token, ``aud`` of an ID token."""
        return self._text("client_id" if self.token_use == "access" else "aud")

    @property
    def issuer(self) -> str:
        """``iss``, a URL."""
        return str(self["iss"])

    @property
    def user_pool_id(self) -> str:
        """The last part of `issuer`."""
        return self.issuer.rpartition("/")[2]

    @property
    def issued_at(self) -> datetime | None:
        """``iat`` in UTC; None where it is absent."""
        return self._time("iat")

    @property
    def expires_at(self) -> datetime | None:
        """``exp`` in UTC; None where it is absent. The token is refused from this second on."""
        return self._time("exp")

    def _text(self, claim: str) -> str | None:
        value = self.get(claim)
        return value if isinstance(value, str) else None

    def _time(self, claim: str) -> datetime | None:
        return as_datetime(self.get(claim))
