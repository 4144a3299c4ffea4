"""The requirements of an application on an authentic token."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar

from cognito_jwt_core.errors import ConfigurationError, InvalidTokenError, shown
from cognito_jwt_core.jwt.revocations.check import RevocationCheck

AnyClaims = TypeVar("AnyClaims", bound="dict[str, object]")
ClaimsToCheck_contra = TypeVar("ClaimsToCheck_contra", bound="dict[str, object]", contravariant=True)

Rule: TypeAlias = Callable[[Mapping[str, object], Any, float], None]
"""A function of the claims, the policy and the time in seconds since 1970. It raises `InvalidClaimError`."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


MAX_LEEWAY_SECONDS: Final = 86_400
"""The longest lifetime of a Cognito token. A longer leeway would accept tokens of any age."""

UNSET: Final = Unset.UNSET
"""Marks an option that a call omits, so that the verifier's own applies. None is a value and means "not required"."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class VerificationPolicy:
    """Requirements on the claims of any issuer's tokens. It is validated once and applied often.

    Attributes:
        rules: Rules, in the order in which they are applied.
        issuers: Issuers whose tokens are accepted.
        audiences: The API's own identifiers; None if it has none.
        leeway: Seconds of clock skew allowed for ``exp`` and ``nbf``.
        check_expiration: Whether ``exp`` is checked.
        any_audience: Whether the caller checks ``aud`` of access tokens.
        require_audience: Whether an access token must have an ``aud`` that names one of `audiences`.
    """

    rules: ClassVar[tuple[Rule, ...]]

    issuers: frozenset[str]
    audiences: frozenset[str] | None
    leeway: float
    check_expiration: bool
    any_audience: bool = False
    require_audience: bool = False

    def __post_init__(self) -> None:
        if type(self.leeway) not in (int, float) or not 0 <= self.leeway <= MAX_LEEWAY_SECONDS:
            raise ConfigurationError(
                f"leeway: expected seconds from 0 to {MAX_LEEWAY_SECONDS}, found {shown(self.leeway)}"
            )
        if type(self.check_expiration) is not bool:
            raise ConfigurationError(f"check_expiration: expected True or False, found {shown(self.check_expiration)}")
        if type(self.require_audience) is not bool:
            raise ConfigurationError(f"require_audience: expected True or False, found {shown(self.require_audience)}")
        if self.require_audience and not self.audiences:
            raise ConfigurationError("require_audience: expected an audience to require, found none")

    def check(self, claims: Mapping[str, object], now: float) -> None:
        """Apply the rules until one fails.

        Raises:
            InvalidClaimError: If a claim breaks a rule.
        """
        for rule in self.rules:
            rule(claims, self, now)


class Requirements(Protocol[ClaimsToCheck_contra]):
    """The requirements of one call on a token."""

    @property
    def policy(self) -> VerificationPolicy:
        """Return the requirements on the claims."""

    @property
    def revocations(self) -> RevocationCheck | None:
        """Return the object that knows which tokens are revoked."""

    @property
    def custom_check(self) -> Callable[[ClaimsToCheck_contra], object] | None:
        """Return the app's own check."""

    def check_access(self, claims: ClaimsToCheck_contra, now: float) -> None:
        """Check what the user may do. `now` is the time in seconds since 1970.

        Raises:
            AccessDeniedError: If the token is authentic but does not grant access.
        """


class NameSet:
    """Required groups, scopes or values of a claim. Each comparison takes constant time per name.

    Attributes:
        names: The names, in the order given.
        require: `"any"` if one name is sufficient, `"all"` if each is required.
        as_set: The same names as a set.
    """

    __slots__ = ("as_set", "names", "require")

    def __init__(self, names: tuple[str, ...], require: Literal["any", "all"] = "any") -> None:
        self.names: tuple[str, ...] = names
        self.require = require
        self.as_set: frozenset[str] = frozenset(names)

    def __str__(self) -> str:
        return (" or " if self.require == "any" else " and ").join(self.names)

    def is_met_by(self, found: Collection[str]) -> bool:
        """Return whether `found` contains one of the names, or all of them if `require` is `"all"`."""
        return not self.as_set.isdisjoint(found) if self.require == "any" else self.as_set.issubset(found)


def name_set(
    option: str, value: str | Collection[str] | None, require: Literal["any", "all"] = "any"
) -> NameSet | None:
    """Read an option of names. A plain str is one name; None requires nothing.

    Raises:
        ConfigurationError: If the value has another type, contains no name, or contains an empty name (for example,
            from an unset variable).
    """
    if value is None:
        return value
    if isinstance(value, str):
        value = (value,)
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Collection):
        raise ConfigurationError(f"{option}: expected a str, a collection of str or None, found {shown(value)}")
    if not value:
        raise ConfigurationError(f"{option}: expected at least one name, found an empty collection")
    for name in value:
        if not isinstance(name, str) or name == "":
            raise ConfigurationError(f"{option}: expected non-empty strings, found {shown(name)}")
    return NameSet(tuple(value), require)


def checked_custom_check(
    custom_check: Callable[[AnyClaims], None] | None,
) -> Callable[[AnyClaims], object] | None:
    """Return the app's own check, if it is valid.

    Raises:
        ConfigurationError: If it is not callable, or is a class or a coroutine function. Those return an object or a
            coroutine, and would reject every token.
    """
    if custom_check is None:
        return None
    if not callable(custom_check) or isinstance(custom_check, type):
        raise ConfigurationError(f"custom_check: expected a function or None, found {shown(custom_check)}")
    if inspect.iscoroutinefunction(custom_check) or inspect.iscoroutinefunction(type(custom_check).__call__):
        raise ConfigurationError(
            "custom_check: expected a function, found a coroutine function, which nothing would await"
        )
    return custom_check


def ask_custom_check(custom_check: Callable[[AnyClaims], object], claims: AnyClaims) -> None:
    """Call the app's own check.

    Raises:
        InvalidTokenError: If it returns anything but None, so that a check that returns False does not pass.
    """
    result = custom_check(claims)
    if result is not None:
        if inspect.iscoroutine(result):
            result.close()
        raise InvalidTokenError(f"custom_check: expected None, found {shown(type(result).__name__)}: refused")
