"""`PoolPolicy`: the requirements on one pool's tokens, and those of one call."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from cognito_jwt_core.answers import is_scope
from cognito_jwt_core.cognito.claims import TOKEN_USES, Claims
from cognito_jwt_core.cognito.rules import RULES
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.errors import ConfigurationError, shown
from cognito_jwt_core.jwt.authorization import (
    SignInDemand,
    require_groups,
    require_scopes,
    require_sign_in,
    sign_in_demand,
)
from cognito_jwt_core.jwt.policy import (
    UNSET,
    NameSet,
    Rule,
    Unset,
    VerificationPolicy,
    checked_custom_check,
    name_set,
)
from cognito_jwt_core.jwt.revocations.check import RevocationCheck, Revocations

Names: TypeAlias = "str | Collection[str] | None"
TokenUse: TypeAlias = 'Literal["access", "id"] | None'
"""Accepted tokens; None accepts either."""

_CLIENT_ID = re.compile(r"[A-Za-z0-9_+.-]{1,128}")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TokenPolicy(VerificationPolicy):
    """Requirements on the claims of a Cognito token.

    Attributes:
        token_use: Expected ``token_use``; None accepts either.
        client_ids: Accepted app clients; None accepts any.
    """

    rules: ClassVar[tuple[Rule, ...]] = RULES

    token_use: TokenUse
    client_ids: frozenset[str] | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.token_use is not None and self.token_use not in TOKEN_USES:
            raise ConfigurationError(f'token_use: expected "access", "id" or None, found {shown(self.token_use)}')


class Overrides(NamedTuple):
    """The options of one call. `UNSET` keeps the verifier's own."""

    groups: Names | Unset = UNSET
    scopes: Names | Unset = UNSET
    token_use: TokenUse | Unset = UNSET
    client_id: Names | Unset = UNSET
    audience: Names | Unset = UNSET
    max_age: int | Unset | None = UNSET
    acr_values: Names | Unset = UNSET


NO_OVERRIDES = Overrides()


class Requirements(NamedTuple):
    """The requirements of one call on a token.

    Attributes:
        policy: Requirements on the claims.
        revocations: Object that knows which tokens are revoked.
        custom_check: The app's own check.
        sign_in: Requirements on the user's sign-in.
        groups: Groups that the user must be in.
        scopes: Scopes that the token must have.
    """

    policy: TokenPolicy
    revocations: RevocationCheck | None
    custom_check: Callable[[Claims], object] | None
    sign_in: SignInDemand | None
    groups: NameSet | None
    scopes: NameSet | None

    def check_access(self, claims: Claims, now: float) -> None:
        """Check the sign-in, then groups, then scopes.

        Raises:
            AccessDeniedError: If the user or the token lacks them.
        """
        if self.sign_in is not None:
            require_sign_in(claims, self.sign_in, now, self.policy.leeway)
        if self.groups is not None:
            require_groups(claims, self.groups)
        if self.scopes is not None:
            require_scopes(claims, self.scopes)


class PoolPolicy:
    """The requirements on one pool's tokens. It takes the arguments of `CognitoVerifier`.

    Args:
        any_audience: Whether the caller checks ``aud`` of access tokens.

    Attributes:
        own: Requirements of a call without overrides.

    Raises:
        ConfigurationError: If an argument is invalid.
    """

    def __init__(
        self,
        pool: UserPool,
        *,
        token_use: TokenUse,
        client_id: Names,
        audience: Names = None,
        groups: Names = None,
        scopes: Names = None,
        leeway: float = 0,
        check_expiration: bool = True,
        custom_check: Callable[[Claims], None] | None = None,
        revocations: Revocations | None = None,
        max_age: int | None = None,
        acr_values: Names = None,
        require_audience: bool = False,
        any_audience: bool = False,
    ) -> None:
        policy = TokenPolicy(
            issuers=frozenset(pool.jwks_uris),
            token_use=token_use,
            client_ids=_client_ids(client_id),
            audiences=_as_set("audience", audience),
            leeway=leeway,
            check_expiration=check_expiration,
            any_audience=any_audience,
            require_audience=require_audience,
        )
        self.own: Requirements = Requirements(
            policy,
            None if revocations is None else RevocationCheck(revocations, leeway),
            checked_custom_check(custom_check),
            sign_in_demand(max_age, name_set("acr_values", acr_values)),
            name_set("groups", groups),
            _scope_set(scopes),
        )

    def for_call(self, overrides: Overrides) -> Requirements:
        """Return the requirements of a call.

        Raises:
            ConfigurationError: If an override is invalid.
        """
        own = self.own
        groups, scopes, token_use, client_id, audience, max_age, acr_values = overrides
        policy, sign_in = own.policy, own.sign_in
        if not (token_use is client_id is audience is UNSET):
            policy = TokenPolicy(
                issuers=policy.issuers,
                token_use=policy.token_use if token_use is UNSET else token_use,
                client_ids=policy.client_ids if client_id is UNSET else _client_ids(client_id),
                audiences=policy.audiences if audience is UNSET else _as_set("audience", audience),
                leeway=policy.leeway,
                check_expiration=policy.check_expiration,
                any_audience=policy.any_audience,
                require_audience=policy.require_audience,
            )
        if not (max_age is acr_values is UNSET):
            own_max_age, own_acr_values = sign_in or (None, None)
            sign_in = sign_in_demand(
                own_max_age if max_age is UNSET else max_age,
                own_acr_values if acr_values is UNSET else name_set("acr_values", acr_values),
            )
        return Requirements(
            policy,
            own.revocations,
            own.custom_check,
            sign_in,
            own.groups if groups is UNSET else name_set("groups", groups),
            own.scopes if scopes is UNSET else _scope_set(scopes),
        )


def _scope_set(scopes: Names) -> NameSet | None:
    """Return the scopes, of which a token must have one. If none can be a scope, no token could have one."""
    found = name_set("scopes", scopes)
    if found is not None and not any(map(is_scope, found.names)):
        raise ConfigurationError(f"scopes: expected names of OAuth scopes, several as a list, found {shown(scopes)}")
    return found


def lenient_policy(strict: PoolPolicy, demands: Collection[str]) -> PoolPolicy:
    """Return a policy without some of "token_use", "client" and "audience". It keeps everything else."""
    policy = strict.own.policy
    lenient = copy.copy(strict)
    lenient.own = strict.own._replace(
        policy=replace(
            policy,
            token_use=None if "token_use" in demands else policy.token_use,
            client_ids=None if "client" in demands else policy.client_ids,
            any_audience=policy.any_audience or "audience" in demands,
        )
    )
    return lenient


def _as_set(option: str, value: Names) -> frozenset[str] | None:
    names = name_set(option, value)
    return None if names is None else names.as_set


def _client_ids(value: Names) -> frozenset[str] | None:
    client_ids = _as_set("client_id", value)
    for client_id in client_ids or ():
        # A token can never match this value, so reject it now instead of with every token. It may be an unset variable.
        if not _CLIENT_ID.fullmatch(client_id):
            hint = ": give several app clients as a list" if "," in client_id else ""
            raise ConfigurationError(
                "client_id: expected an app client id, 1 to 128 of ASCII letters, digits and _ + . -,"
                f" found {shown(client_id)}{hint}"
            )
    return client_ids
