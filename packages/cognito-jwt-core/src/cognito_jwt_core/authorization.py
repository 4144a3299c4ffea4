"""Groups and scopes: whether an authentic token entitles to what is asked. Refusals here are 403, not 401."""

from __future__ import annotations

from .claims import Claims
from .errors import GroupRequiredError, ScopeRequiredError, shown
from .policy import AnyOf


def require_groups(claims: Claims, required: AnyOf | None) -> None:
    """At least one of `required`, whole and with case; None requires nothing.

    Raises:
        GroupRequiredError: The user is in none of them.
    """
    if required is not None and required.name_set.isdisjoint(found := claims.groups):
        raise GroupRequiredError(
            f"cognito:groups: expected {' or '.join(required.names)}, found {shown(found)}", required=required.names
        )


def require_scopes(claims: Claims, required: AnyOf | None) -> None:
    """At least one of `required` in an access token, whole and with case; None requires nothing.

    Raises:
        ScopeRequiredError: The token carries none of them.
    """
    if required is not None and required.name_set.isdisjoint(found := claims.scopes):
        raise ScopeRequiredError(
            f"scope: expected {' or '.join(required.names)}, found {shown(found)}", required=required.names
        )
