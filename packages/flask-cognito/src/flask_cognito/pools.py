"""From settings to a verifier."""

from __future__ import annotations

from cognito_jwt_core import CognitoVerifier, ConfigurationError, KeySettings, MultiPoolVerifier, UserPool

from flask_cognito.config import PoolSettings, Settings
from flask_cognito.context import Verifier


def build_verifier(settings: Settings) -> Verifier:
    """The verifier of an app's pool or pools. Nothing is fetched yet.

    Raises:
        ConfigurationError: A value that cannot be meant, such as a file of keys that is not there.
    """
    if len(settings.pools) == 1:
        return _verifier(settings.pools[0])
    cache_size = max(pool.token_cache_size for pool in settings.pools)
    try:
        return MultiPoolVerifier([_verifier(pool) for pool in settings.pools], cache_size=cache_size)
    except ConfigurationError as error:
        raise ConfigurationError(f"COGNITO_USERPOOLS: {error}") from error


def _verifier(pool: PoolSettings) -> CognitoVerifier:
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
            leeway=pool.leeway,
            check_expiration=pool.check_token_expiration,
            jwks=path if pool.jwks is None else pool.jwks,
            bundled_jwks=pool.bundled_jwks,
            key_settings=KeySettings(allow_http=pool.allow_http_jwks),
            cache_size=pool.token_cache_size,
        )
    except ConfigurationError as error:
        keys = "COGNITO_JWKS, COGNITO_JWKS_URI, COGNITO_BUNDLED_JWKS or COGNITO_ALLOW_HTTP_JWKS"
        raise ConfigurationError(f"{keys}: {error}") from error


def _uri_or_path(jwks_uri: str | None) -> tuple[str | None, str | None]:
    """Keys behind a URL are fetched and refreshed; those of a file are read."""
    if jwks_uri is None or "://" in jwks_uri:
        return jwks_uri, None
    return None, jwks_uri
