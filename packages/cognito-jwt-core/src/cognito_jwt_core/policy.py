"""`VerificationPolicy`: what an application demands of a token that is genuine."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .errors import ConfigurationError, shown

TOKEN_USES = ("access", "id")


@dataclass(frozen=True, eq=False, repr=False)
class VerificationPolicy:
    """Checked once, asked often. See `CognitoVerifier` for what each field means."""

    issuers: frozenset[str]
    token_use: str | None
    client_ids: frozenset[str] | None
    audiences: frozenset[str] | None
    leeway: float
    check_expiration: bool

    def __post_init__(self) -> None:
        if self.token_use is not None and self.token_use not in TOKEN_USES:
            raise ConfigurationError(f'token_use: expected "access", "id" or None, found {shown(self.token_use)}')
        if type(self.leeway) not in (int, float) or not 0 <= self.leeway <= sys.float_info.max:
            raise ConfigurationError(f"leeway: expected seconds from 0 up, found {shown(self.leeway)}")
        if type(self.check_expiration) is not bool:
            raise ConfigurationError(f"check_expiration: expected True or False, found {shown(self.check_expiration)}")


class AnyOf:
    """Names of which one is enough, in the order given and as a set: asking does not depend on how many there are."""

    __slots__ = ("name_set", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.name_set = frozenset(names)


def any_of(option: str, value: str | Collection[str] | AnyOf | None) -> AnyOf | None:
    """What an option of names means: a plain string is one name, None requires nothing.

    Raises:
        ConfigurationError: No names, an empty one (an unset variable?), or something else than names.
    """
    if value is None or isinstance(value, AnyOf):
        return value
    if isinstance(value, str):
        value = (value,)
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Collection):
        raise ConfigurationError(f"{option}: expected a str, a collection of str or None, found {shown(value)}")
    if not value:
        raise ConfigurationError(f"{option}: an empty collection can satisfy nobody; None means not required")
    for name in value:
        if not isinstance(name, str) or name == "":
            raise ConfigurationError(f"{option}: expected names, found {shown(name)}")
    return AnyOf(tuple(value))
