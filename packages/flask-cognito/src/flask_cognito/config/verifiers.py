"""Build a verifier from the settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from cognito_jwt_core import CognitoVerifier, ConfigurationError, KeySettings, MultiPoolVerifier, UserPool

from flask_cognito.config.settings import PoolSettings, Settings
from flask_cognito.config.values import is_pool_id, pool_named_by

_KEYS = {
    "custom_check": "COGNITO_CUSTOM_CHECK",
    "session": "COGNITO_REQUESTS_SESSION",
    "require_audience": "COGNITO_REQUIRE_AUDIENCE",
}

Verifier: TypeAlias = CognitoVerifier | MultiPoolVerifier


def build_verifier(settings: Settings) -> Verifier:
    """Return the verifier for an app's pool or pools, without fetching keys.

    Raises:
        ConfigurationError: If a value is invalid, for example a file of keys that does not exist.
    """
    if len(settings.pools) == 1:
        return _verifier(settings.pools[0])
    cache_size = max(pool.token_cache_size for pool in settings.pools)
    try:
        return MultiPoolVerifier([_verifier(pool) for pool in settings.pools], cache_size=cache_size)
    except ConfigurationError as error:
        remedy = ""
        if len({pool.userpool_id for pool in settings.pools}) < len(settings.pools):
            remedy = (
                "; list a pool once, and pass the decorators token_use, client_id or audience where a route differs"
            )
        raise ConfigurationError(f"COGNITO_USERPOOLS: {error}{remedy}") from error


def _check_same_pool(pool: PoolSettings) -> None:
    for key, url in (("COGNITO_ISSUER", pool.issuer), ("COGNITO_JWKS_URI", pool.jwks_uri)):
        named = pool_named_by(url)
        if named and is_pool_id(pool.userpool_id) and named != pool.userpool_id:
            raise ConfigurationError(
                f"{key}: expected a URL of the user pool {pool.userpool_id}, found one of {named}; without the key, it"
                " follows from the pool id"
            )


def _verifier(pool: PoolSettings) -> CognitoVerifier:
    _check_same_pool(pool)
    uri, path = _uri_or_path(pool.jwks_uri)
    try:
        user_pool = UserPool(
            pool.userpool_id,
            pool.region,
            replica_regions=pool.replica_regions,
            issuer=pool.issuer,
            jwks_uri=uri,
        )
    except ConfigurationError as error:
        keys = "COGNITO_USERPOOL_ID, COGNITO_REGION, COGNITO_REPLICA_REGIONS or COGNITO_ISSUER"
        raise ConfigurationError(f"{keys}: {error}") from error
    try:
        return CognitoVerifier(
            user_pool,
            client_id=pool.app_client_id,
            token_use=pool.token_use,
            audience=pool.audience,
            require_audience=bool(pool.require_audience),
            leeway=pool.leeway,
            check_expiration=pool.check_token_expiration,
            jwks=path if pool.jwks is None else pool.jwks,
            bundled_jwks=pool.bundled_jwks,
            key_settings=key_settings_of(pool),
            session=pool.requests_session,
            custom_check=pool.custom_check,
            revocations=pool.revocations,
            cache_size=pool.token_cache_size,
        )
    except ConfigurationError as error:
        option = str(error).partition(":")[0]
        keys = _KEYS.get(option, "COGNITO_JWKS, COGNITO_JWKS_URI, COGNITO_BUNDLED_JWKS or COGNITO_ALLOW_HTTP_JWKS")
        raise ConfigurationError(f"{keys}: {error}") from error


def key_settings_of(pool: PoolSettings) -> KeySettings:
    """Return the times and sizes of key retrieval."""
    settings = pool.key_settings or KeySettings()
    return replace(settings, allow_http=True) if pool.allow_http_jwks else settings


def _uri_or_path(jwks_uri: str | None) -> tuple[str | None, str | None]:
    """Return the source of the keys: a URL is fetched and refreshed, a file is read."""
    if jwks_uri is None or "://" in jwks_uri:
        return jwks_uri, None
    return None, jwks_uri
