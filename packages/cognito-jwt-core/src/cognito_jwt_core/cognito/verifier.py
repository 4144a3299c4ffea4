"""`CognitoVerifier`: verify the tokens of one user pool."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from cognito_jwt_core.clock import Clock
from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.pool_keys import PoolKeys
from cognito_jwt_core.cognito.pool_policy import (
    NO_OVERRIDES,
    Overrides,
    PoolPolicy,
    Requirements,
    TokenUse,
    lenient_policy,
)
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.errors import ConfigurationError, shown
from cognito_jwt_core.jwt.policy import UNSET, Unset
from cognito_jwt_core.jwt.revocations.check import Revocations
from cognito_jwt_core.jwt.stats import Counter, Stats
from cognito_jwt_core.jwt.verifier import Verifier
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import KeySource
from cognito_jwt_core.keys.store import KeyFinder, KeyStatus

if TYPE_CHECKING:
    from requests import Session


_DEFAULT_KEY_SETTINGS = KeySettings()


class Transport(NamedTuple):
    """How a verifier reaches its pool. `oauth` uses the same settings for its requests."""

    session: Session | None
    settings: KeySettings
    clock: Clock


class UserPoolVerifier(Verifier[Claims]):
    """The common base of the verifiers for one user pool and for several."""

    def verify(
        self,
        token: str | bytes,
        *,
        groups: str | Collection[str] | Unset | None = UNSET,
        scopes: str | Collection[str] | Unset | None = UNSET,
        token_use: TokenUse | Unset = UNSET,
        client_id: str | Collection[str] | Unset | None = UNSET,
        audience: str | Collection[str] | Unset | None = UNSET,
        max_age: int | Unset | None = UNSET,
        acr_values: str | Collection[str] | Unset | None = UNSET,
    ) -> Claims:
        """Return the claims of a token after all checks have passed.

        The checks run in this order: size and syntax of the text; header; key; signature; issuer, times, token use,
        client and audience (RFC 8725 sections 3.1 to 3.12); revocation; the custom check; the sign-in; groups and
        scopes.

        Each option overrides the verifier's own for this call. None disables that check, except for `audience`.

        Args:
            token: The token, without "Bearer".
            groups: Override for this call: the user must be in at least one.
            scopes: Override for this call: the token must have at least one.
            token_use: Override for this call. None accepts either.
            client_id: Override for this call. None accepts any app client of the pool.
            audience: Override for this call. None accepts only tokens addressed to the app client itself.
            max_age: Override for this call: maximum seconds since the user signed in.
            acr_values: Override for this call: the user must have signed in at one of these levels.

        Raises:
            InvalidTokenError: If the token must be rejected (401).
            InsufficientAuthenticationError: If the user must sign in again (401).
            AccessDeniedError: If the token is authentic, but lacks a group or scope (403).
            UnavailableError: If the token cannot be verified now (503).
            ConfigurationError: If an option of this call is invalid.
        """
        if groups is scopes is token_use is client_id is audience is max_age is acr_values is UNSET:
            return self._verify(token, NO_OVERRIDES)
        return self._verify(token, Overrides(groups, scopes, token_use, client_id, audience, max_age, acr_values))

    async def verify_async(
        self,
        token: str | bytes,
        *,
        groups: str | Collection[str] | Unset | None = UNSET,
        scopes: str | Collection[str] | Unset | None = UNSET,
        token_use: TokenUse | Unset = UNSET,
        client_id: str | Collection[str] | Unset | None = UNSET,
        audience: str | Collection[str] | Unset | None = UNSET,
        max_age: int | Unset | None = UNSET,
        acr_values: str | Collection[str] | Unset | None = UNSET,
    ) -> Claims:
        """Like `verify`, without blocking the event loop, which must be asyncio's.

        Raises:
            ConfigurationError: If no asyncio event loop runs, for example under Trio.
        """
        if groups is scopes is token_use is client_id is audience is max_age is acr_values is UNSET:
            return await self._verify_async(token, NO_OVERRIDES)
        return await self._verify_async(
            token, Overrides(groups, scopes, token_use, client_id, audience, max_age, acr_values)
        )


class CognitoVerifier(UserPoolVerifier):
    """Verify the tokens of one user pool. Threads, event loops and forked processes can share it.

    Args:
        user_pool: The pool's id, or a `UserPool`.
        client_id: Id or ids of the accepted app clients. None accepts any app client of the pool.
        token_use: "access" or "id". None accepts either.
        audience: The API's own identifiers, for access tokens that have ``aud`` (RFC 8707).
        groups: The user must be in at least one of these groups.
        scopes: The token must have at least one of these OAuth scopes. Only access tokens have scopes.
        leeway: Seconds of clock skew allowed for ``exp`` and ``nbf``, at most 86400.
        check_expiration: False accepts expired tokens. Use it in tests only.
        custom_check: Called with a copy of the `Claims` on every call. It raises to reject the token, and must return
            None.
        revocations: Object that knows which tokens are revoked, such as a `RevocationList`. It is asked on every call.
        max_age: Maximum seconds since the user signed in (RFC 9470).
        acr_values: The user must have signed in at one of these levels, by ``acr`` (RFC 9470).
        require_audience: True rejects an access token that does not name one of `audience` (RFC 8707).
        jwks: Source of the keys: a URL, a path, a mapping or a `KeySource`. None uses the pool's own URLs.
        bundled_jwks: Keys that serve until the first fetch (a path or a mapping).
        session: Your own `requests.Session`, for a proxy, a CA bundle or headers.
        key_settings: When keys are fetched and how long they are trusted.
        cache_size: Number of verified tokens to cache; 0 disables the cache.
        clock: Source of time.

    Raises:
        ConfigurationError: If an argument is invalid.

    Source: "Verifying JSON web tokens" in the Amazon Cognito developer guide; RFC 7515, RFC 7519 and RFC 8725.
    """

    def __init__(
        self,
        user_pool: str | UserPool,
        *,
        client_id: str | Collection[str] | None,
        token_use: TokenUse,
        audience: str | Collection[str] | None = None,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        leeway: float = 0,
        check_expiration: bool = True,
        custom_check: Callable[[Claims], None] | None = None,
        revocations: Revocations | None = None,
        max_age: int | None = None,
        acr_values: str | Collection[str] | None = None,
        require_audience: bool = False,
        jwks: str | os.PathLike[str] | Mapping[str, object] | KeySource | None = None,
        bundled_jwks: str | os.PathLike[str] | Mapping[str, object] | None = None,
        session: Session | None = None,
        key_settings: KeySettings = _DEFAULT_KEY_SETTINGS,
        cache_size: int = 1024,
        clock: Clock = time,
    ) -> None:
        self.user_pool: UserPool = user_pool if isinstance(user_pool, UserPool) else UserPool(user_pool)
        self._policy = PoolPolicy(
            self.user_pool,
            token_use=token_use,
            client_id=client_id,
            audience=audience,
            groups=groups,
            scopes=scopes,
            leeway=leeway,
            check_expiration=check_expiration,
            custom_check=custom_check,
            revocations=revocations,
            max_age=max_age,
            acr_values=acr_values,
            require_audience=require_audience,
        )
        self._keys = PoolKeys(
            self.user_pool, jwks, bundled_jwks=bundled_jwks, session=session, settings=key_settings, clock=clock
        )
        self.transport: Transport = Transport(session, key_settings, clock)
        super().__init__(Claims, cache_size, clock)

    def __repr__(self) -> str:
        return f"<CognitoVerifier of {self.user_pool.id}>"

    def prefetch(self) -> None:
        """Fetch the keys now, at start-up, instead of with the first token. Also load the revocations.

        Raises:
            JWKSUnavailableError: If no keys could be fetched.
            RevocationsUnavailableError: If the revocations could not be loaded.
        """
        self._keys.prefetch()
        revocations = self._policy.own.revocations
        if revocations is not None:
            revocations.prepare()

    @property
    def is_ready(self) -> bool:
        """Return whether a token could be verified now, with usable keys and, if configured, revocations.

        Use it for the health check of a load balancer. It never fetches, so call `prefetch` at start-up.
        """
        revocations = self._policy.own.revocations
        return self._keys.status()[0].is_usable and (revocations is None or revocations.is_ready)

    @property
    def revocations_age(self) -> float | None:
        """Return seconds since the revocation list was last read. None without a list, or before the first read."""
        revocations = self._policy.own.revocations
        return None if revocations is None else revocations.age

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """Return the state of the keys of each source, for an operator."""
        return self._keys.status()

    @property
    def stats(self) -> Stats:
        """Return the counts since the verifier was built, in this process."""
        return self._counted(self.keys)

    def keys_for(self, issuer: str | None) -> KeyFinder:
        """Return the keys for the tokens of an issuer."""
        return self._keys.keys_for(issuer)

    def policy_for(self, issuer: str | None) -> PoolPolicy:
        """Return the requirements on an issuer's tokens. They are the same for every issuer."""
        return self._policy

    def _requirements(self, issuer: str | None, overrides: Overrides) -> Requirements:
        return self._policy.own if overrides is NO_OVERRIDES else self._policy.for_call(overrides)


def sign_in_verifier(verifier: CognitoVerifier, client_id: str, token_use: Literal["access", "id"]) -> CognitoVerifier:
    """Return a verifier with the same pool, keys and cache, and with the requirements of a sign-in.

    A sign-in requires that a token is authentic, valid now, issued to this app client and not revoked. Groups, scopes,
    audience and the custom check of `verifier` apply to requests: a user who lacks a group can sign in.

    Args:
        verifier: The app's verifier.
        client_id: App client of the sign-in.
        token_use: Which of the two tokens to accept.

    Raises:
        ConfigurationError: If `verifier` accepts no tokens of this app client.
    """
    required = verifier.policy_for(verifier.user_pool.issuer).own
    own = required.policy
    if own.client_ids is not None and client_id not in own.client_ids:
        expected = " or ".join(sorted(own.client_ids))
        raise ConfigurationError(f"client_id: expected app client {expected} of the verifier, found {shown(client_id)}")
    twin = copy.copy(verifier)
    policy = PoolPolicy(
        verifier.user_pool, token_use=token_use, client_id=client_id, leeway=own.leeway, any_audience=True
    )
    policy.own = policy.own._replace(revocations=required.revocations)
    twin._policy = policy  # noqa: SLF001  of the same module
    return twin


def lenient_twin(verifier: CognitoVerifier, demands: Collection[str]) -> CognitoVerifier:
    """Return a verifier with the same pool, keys and cache that drops some requirements.

    Its results are not counted, because the strict verifier was asked first.
    """
    twin = copy.copy(verifier)
    twin._policy = lenient_policy(verifier._policy, demands)  # noqa: SLF001  of the same module
    twin._counter = Counter()  # noqa: SLF001
    return twin
