"""Check what the user of an authentic token may do: sign-in, groups, scopes and custom claims.

Only this module compares them, exactly and case-sensitively. It rejects with 403, and an insufficient sign-in with 401
(RFC 9470).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from cognito_jwt_core.answers import is_scope
from cognito_jwt_core.errors import (
    AccessDeniedError,
    ClaimRequiredError,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    ScopeRequiredError,
    shown,
)
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.jwt.policy import NameSet

_MAX_AHEAD_SECONDS = 60.0


class Subject(Protocol):
    """The part of `Claims` that the `require_…` functions read."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the user's groups."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the OAuth scopes of the token."""

    def get(self, claim: str, /) -> object:
        """Return a claim, or None if it is absent."""

    def __contains__(self, claim: object, /) -> bool: ...


class SignInDemand(NamedTuple):
    """Requirements on a user's sign-in.

    Attributes:
        max_age: Maximum seconds since the sign-in; None for any age.
        acr_values: Levels of which one is required; None for any level.
    """

    max_age: int | None
    acr_values: NameSet | None


def sign_in_demand(max_age: object, acr_values: NameSet | None) -> SignInDemand | None:
    """Return the requirements in two options of an app, or None if both are None.

    Args:
        max_age: Maximum seconds since the sign-in, as the user of the extension wrote it.
        acr_values: Levels of which one is required.

    Raises:
        ConfigurationError: If `max_age` is not a whole number of seconds from 0 up, or a level contains characters
            other than printable ASCII, or a space.
    """
    if max_age is not None and (type(max_age) is not int or max_age < 0):
        raise ConfigurationError(f"max_age: expected whole seconds from 0 up or None, found {shown(max_age)}")
    for name in () if acr_values is None else acr_values.names:
        # The challenge separates them with spaces (RFC 9470 section 3). A line break would end the header.
        if not is_scope(name):
            raise ConfigurationError(
                f"acr_values: expected levels of printable ASCII without spaces, found {shown(name)}"
            )
    return None if max_age is None and acr_values is None else SignInDemand(max_age, acr_values)


def require_sign_in(claims: Subject, demand: SignInDemand | None, now: float, leeway: float) -> None:
    """Require a recent sign-in, a level, or both. None requires nothing.

    Args:
        claims: Verified claims of a token.
        demand: Requirements on the sign-in.
        now: The time, in seconds since 1970.
        leeway: Seconds of clock skew.

    Raises:
        AccessDeniedError: If the access token does not belong to a user, so that another sign-in cannot help.
        InsufficientAuthenticationError: If the sign-in is too old or has another level, or if the token does not
            contain its time or level.

    Spec:
        RFC 9470 sections 3 and 5, OpenID Connect Core section 2 (``auth_time``, ``acr``).
    """
    if demand is None:
        return
    max_age, acr_values = demand
    names = () if acr_values is None else acr_values.names
    if claims.get("token_use") == "access" and "username" not in claims:
        raise AccessDeniedError("username: expected the token of a user who signed in, found one of an app client")
    auth_time, acr = claims.get("auth_time"), claims.get("acr")
    if max_age is not None:
        is_known = is_numeric_date(auth_time) and auth_time - now <= _MAX_AHEAD_SECONDS
        if not is_known or now - auth_time > max_age + leeway:  # type: ignore[operator]  # known to be a number
            raise InsufficientAuthenticationError(
                f"auth_time: expected a sign-in at most {max_age} s ago, found {shown(auth_time)} at {now:.0f}",
                max_age=max_age,
                acr_values=names,
            )
    if acr_values is not None and not (isinstance(acr, str) and acr in acr_values.as_set):
        raise InsufficientAuthenticationError(
            f"acr: expected {acr_values}, found {shown(acr)}", max_age=max_age, acr_values=names
        )


def require_groups(claims: Subject, required: NameSet | None) -> None:
    """Require that the user is in one of the groups, or in all of them.

    Args:
        claims: Verified claims of a token.
        required: The groups. None requires nothing.

    Raises:
        GroupRequiredError: If the user is not in them.
    """
    if required is not None and not required.is_met_by(claims.groups):
        found = claims.groups or claims.get("cognito:groups") or ()  # of another type, it names no group
        raise GroupRequiredError(f"cognito:groups: expected {required}, found {shown(found)}", required=required.names)


def require_scopes(claims: Subject, required: NameSet | None) -> None:
    """Require that the token has one of the scopes, or all of them.

    Args:
        claims: Verified claims of a token.
        required: The scopes. None requires nothing.

    Raises:
        ScopeRequiredError: If the token does not have them.
    """
    if required is not None and not required.is_met_by(found := claims.scopes):
        raise ScopeRequiredError(f"scope: expected {required}, found {shown(found)}", required=required.names)


def require_claim(claims: Subject, claim: str, required: NameSet) -> None:
    """Require that a claim has one of the values, or all of them.

    Args:
        claims: Verified claims of a token.
        claim: Name of the claim. Its value must be a str or a list of str.
        required: The values.

    Raises:
        ClaimRequiredError: If the claim is absent, has another type, or does not have the values.
    """
    value = claims.get(claim)
    if not required.is_met_by(_names_in(value)):
        found = shown(value) if claim in claims else "no such claim"
        raise ClaimRequiredError(f"{claim}: expected {required}, found {found}", claim=claim, required=required.names)


def _names_in(value: object) -> list[str]:
    names = [value] if isinstance(value, str) else value
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
