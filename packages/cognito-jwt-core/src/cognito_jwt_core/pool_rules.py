"""`PoolRules`: what the application demands of one pool's tokens, and of one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias

from .claims import Claims
from .errors import ConfigurationError, InvalidTokenError, shown
from .policy import AnyOf, VerificationPolicy, any_of
from .user_pool import UserPool


class Unset(Enum):
    """An option of a call that was left out, so that the verifier's own holds; None is a value, "not required"."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

Names: TypeAlias = "str | Collection[str] | AnyOf | None"
TokenUse: TypeAlias = 'Literal["access", "id"] | None'


class Demands(NamedTuple):
    """What one call asks of a token."""

    policy: VerificationPolicy
    groups: AnyOf | None
    scopes: AnyOf | None


class PoolRules:
    """The demands on one pool's tokens. Arguments as of `CognitoVerifier`.

    Raises:
        ConfigurationError: A value that cannot be meant.
    """

    def __init__(
        self,
        pool: UserPool,
        *,
        token_use: TokenUse,
        client_id: Names,
        audience: Names,
        groups: Names,
        scopes: Names,
        leeway: float,
        check_expiration: bool,
        custom_check: Callable[[Claims], None] | None,
    ) -> None:
        policy = VerificationPolicy(
            issuers=frozenset(pool.jwks_uris),
            token_use=token_use,
            client_ids=_name_set("client_id", client_id),
            audiences=_name_set("audience", audience),
            leeway=leeway,
            check_expiration=check_expiration,
        )
        self._own = Demands(policy, any_of("groups", groups), any_of("scopes", scopes))
        self.custom_check = _checked(custom_check)

    def demands(
        self,
        groups: Names | Unset,
        scopes: Names | Unset,
        token_use: TokenUse | Unset,
        client_id: Names | Unset,
        audience: Names | Unset,
    ) -> Demands:
        """The demands of a call with these options.

        Raises:
            ConfigurationError: A value that cannot be meant.
        """
        own = self._own
        if groups is scopes is token_use is client_id is audience is UNSET:
            return own
        policy = own.policy
        if not (token_use is client_id is audience is UNSET):
            policy = VerificationPolicy(
                issuers=policy.issuers,
                token_use=policy.token_use if token_use is UNSET else token_use,
                client_ids=policy.client_ids if client_id is UNSET else _name_set("client_id", client_id),
                audiences=policy.audiences if audience is UNSET else _name_set("audience", audience),
                leeway=policy.leeway,
                check_expiration=policy.check_expiration,
            )
        return Demands(
            policy,
            own.groups if groups is UNSET else any_of("groups", groups),
            own.scopes if scopes is UNSET else any_of("scopes", scopes),
        )


def ask_custom_check(custom_check: Callable[[Claims], object], claims: Claims) -> None:
    """Ask the application's own check.

    Raises:
        InvalidTokenError: It returned something: a check that returns False must not pass.
    """
    result = custom_check(claims)
    if result is not None:
        if inspect.iscoroutine(result):
            result.close()
        raise InvalidTokenError(f"custom_check: expected None, found {shown(type(result).__name__)}: refused")


def _name_set(option: str, value: Names) -> frozenset[str] | None:
    names = any_of(option, value)
    return None if names is None else names.name_set


def _checked(custom_check: Callable[[Claims], None] | None) -> Callable[[Claims], None] | None:
    if custom_check is None:
        return None
    if not callable(custom_check):
        raise ConfigurationError(f"custom_check: expected a callable or None, found {shown(custom_check)}")
    if inspect.iscoroutinefunction(custom_check) or inspect.iscoroutinefunction(type(custom_check).__call__):
        raise ConfigurationError(
            "custom_check: expected a function, found a coroutine function, which nobody would await"
        )
    return custom_check
