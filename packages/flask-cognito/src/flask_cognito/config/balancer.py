"""Build the verifier of load balancers' tokens from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cognito_jwt_core import (
    Claims,
    CognitoJWTError,
    ConfigurationError,
    InvalidIssuerError,
    InvalidTokenError,
    MultiPoolVerifier,
)
from cognito_jwt_core.errors import shown

from flask_cognito.config.settings import PoolSettings, Settings
from flask_cognito.config.verifiers import Verifier, key_settings_of

if TYPE_CHECKING:
    from cognito_jwt_core import AlbClaims, AlbVerifier, CognitoVerifier

Checks: TypeAlias = dict[str, Callable[[Claims], object]]


class PoolVerifier(NamedTuple):
    """The verifiers of load balancers' tokens for the users of one pool.

    Attributes:
        strict: Accepts the pool's app clients.
        of_any_client: Accepts every app client.
        custom_check: The app's own check of the pool's tokens.
    """

    strict: AlbVerifier
    of_any_client: AlbVerifier
    custom_check: Callable[[Claims], object] | None

    def verify(self, token: str | bytes, *, any_client: bool) -> AlbClaims:
        """Return the claims of a token that the app's own check accepts too."""
        claims = (self.of_any_client if any_client else self.strict).verify(token)
        if self.custom_check is not None:
            try:
                _ask(self.custom_check, Claims(claims))
            except CognitoJWTError as error:
                error.is_authentic = True
                raise
        return claims


class BalancerVerifier:
    """Verify tokens of the app's load balancers, whose users belong to the app's pools.

    Args:
        pools: The verifiers of each pool.
    """

    def __init__(self, pools: list[PoolVerifier]) -> None:
        self._pools = pools

    @property
    def keys_url(self) -> str:
        """Return the URL of the keys."""
        return self._pools[0].strict.keys_url

    def verify(self, token: str | bytes, *, any_client: bool = False) -> AlbClaims:
        """Return the claims of a token, from the verifier of the pool in its header.

        Args:
            token: The token.
            any_client: Whether to accept every app client.

        Raises:
            InvalidTokenError: If the token must be rejected (401).
            UnavailableError: If the token cannot be verified now (503).
        """
        *others, last = self._pools
        for pool in others:
            try:
                return pool.verify(token, any_client=any_client)
            except InvalidIssuerError as error:
                if error.is_authentic:
                    raise  # otherwise, the header names another pool
        return last.verify(token, any_client=any_client)

    def of_each_pool(self, *, any_client: bool = False) -> Iterator[tuple[AlbVerifier, Checks]]:
        """Yield the verifier of each pool, and the app's own check of its tokens by name."""
        for pool in self._pools:
            checks: Checks = {} if pool.custom_check is None else {"custom": partial(_ask, pool.custom_check)}
            yield pool.of_any_client if any_client else pool.strict, checks


def build_balancer_verifier(settings: Settings, verifier: Verifier) -> BalancerVerifier | None:
    """Return the verifier for the app's load balancers, or None if the app reads no such tokens.

    Raises:
        ConfigurationError: If an ARN or the URL of the keys is invalid, or if the URL is required but missing.
    """
    if "alb" not in settings.locations:
        return None
    verifiers = verifier.verifiers if isinstance(verifier, MultiPoolVerifier) else (verifier,)
    return BalancerVerifier(
        [_pool_verifier(settings, pool, of_pool) for pool, of_pool in zip(settings.pools, verifiers, strict=True)]
    )


def _pool_verifier(settings: Settings, pool: PoolSettings, of_pool: CognitoVerifier) -> PoolVerifier:
    from cognito_jwt_core.integration import verifier_of_any_client

    strict = _verifier(settings, pool, of_pool)
    return PoolVerifier(strict, verifier_of_any_client(strict), pool.custom_check)


def _verifier(settings: Settings, pool: PoolSettings, of_pool: CognitoVerifier) -> AlbVerifier:
    from cognito_jwt_core import AlbVerifier  # imports requests, which few apps need at start-up

    # The load balancer's session outlives an access token, and its tokens have no time of issue.
    keep_for_at_least = getattr(pool.revocations, "keep_for_at_least", None)
    if keep_for_at_least is not None:
        keep_for_at_least(settings.alb_session_seconds)
    try:
        return AlbVerifier(
            settings.alb_arn or (),
            client_id=pool.app_client_id,
            issuer=of_pool.user_pool,
            keys_url=settings.alb_keys_url,
            leeway=pool.leeway,
            key_settings=key_settings_of(pool),
            session=pool.requests_session,
            cache_size=pool.token_cache_size,
            revocations=pool.revocations,
            clock=of_pool.clock,
        )
    except ConfigurationError as error:
        key = "COGNITO_ALB_ARN" if str(error).startswith("load_balancer_arn") else "COGNITO_ALB_KEYS_URL"
        raise ConfigurationError(f"{key}: {error}") from error


def _ask(custom_check: Callable[[Claims], object], claims: Claims) -> None:
    result = custom_check(claims)
    if result is not None:
        raise InvalidTokenError(f"custom_check: expected None, found {shown(type(result).__name__)}: refused")
