"""Warn developers about settings that are valid but may be a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_cognito.config.settings import DEFAULTS, PoolSettings, Settings
from flask_cognito.config.spelling import KEYS, PREFIX, SIGN_IN_KEYS, misspelt

_LONG_LEEWAY_SECONDS = 3600  # clocks do not differ this much, but a value in milliseconds does

_NO_BALANCER = "no token of a load balancer is read"
_OF_A_LOCATION = (
    ("cookie", "COGNITO_JWT_COOKIE_NAME", "no cookie is read"),
    ("header", "COGNITO_JWT_HEADER_PREFIX", "no header is read"),
    ("alb", "COGNITO_ALB_ARN", _NO_BALANCER),
    ("alb", "COGNITO_ALB_KEYS_URL", _NO_BALANCER),
    ("alb", "COGNITO_ALB_SESSION_SECONDS", _NO_BALANCER),
)


def advice(settings: Settings, config: Mapping[str, Any], *, has_own_get_token: bool = False) -> Iterator[str]:
    """Yield the warnings to log when an app is initialised.

    Args:
        settings: The app's settings.
        config: The configuration that they were read from.
        has_own_get_token: Whether a subclass reads tokens from places outside the settings.
    """
    unknown = []
    for key, meant in misspelt(config):
        if meant is None:
            unknown.append(key)
        else:
            yield f"{key} is not a setting; did you mean {meant}?"
    if unknown:
        yield f"these keys are not settings of flask-cognito and have no effect in it: {', '.join(sorted(unknown))}"
    for key, reason in _idle(settings, config, has_own_get_token):
        yield f"{key} is set and has no effect: {reason}"
    if "alb" in settings.locations and any(pool.revocations is not None for pool in settings.pools):
        yield (
            "a load balancer's token does not say when it was issued, so a revoked user cannot use one again for"
            f" {settings.alb_session_seconds:.0f} s (COGNITO_ALB_SESSION_SECONDS)"
        )
    reported = what_is_reported(settings)
    if reported:
        yield f"COGNITO_REPORT_ONLY: {reported}"
    off = checks_that_are_off(settings)
    if off:
        yield f"checks that are off: {'; '.join(off)}"


def values_of_keys(config: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of the keys that `CognitoAuth` reads."""
    return {key: config.get(key) for key in sorted(KEYS)}


def changed_keys(read: Mapping[str, object], config: Mapping[str, Any]) -> str:
    """Return the keys whose values are no longer those that were read, or an empty text."""
    found = values_of_keys(config)
    return ", ".join(key for key, value in read.items() if found[key] is not value and found[key] != value)


def what_is_reported(settings: Settings) -> str:
    """Return which checks are reported and not enforced, or an empty text."""
    if settings.reports_all:
        return "no check is enforced; requests without a valid token continue without a user"
    demands = ", ".join(sorted(settings.reported_demands))
    return f"these checks of tokens are reported and not enforced: {demands}" if demands else ""


def checks_that_are_off(settings: Settings) -> list[str]:
    """Return the checks that are off, each with the key that switches it on."""
    off = [reason for pool in settings.pools for reason in _off_for(pool)]
    if "cookie" in settings.locations and not settings.csrf_protection:
        off.append("requests from other sites that carry the cookie are accepted (COGNITO_CSRF_PROTECTION)")
    if "alb" in settings.locations and not settings.csrf_protection:
        off.append("requests from other sites to the load balancer are accepted (COGNITO_CSRF_PROTECTION)")
    return list(dict.fromkeys(off))


def _off_for(pool: PoolSettings) -> Iterator[str]:
    if pool.app_client_id is None:
        yield f"any app client of pool {pool.userpool_id} is accepted (COGNITO_APP_CLIENT_ID)"
    if pool.token_use is None:
        yield f"both access and ID tokens of pool {pool.userpool_id} are accepted (COGNITO_TOKEN_USE)"
    if pool.audience is not None and pool.require_audience is False:
        yield f"access tokens of pool {pool.userpool_id} that name no API are accepted (COGNITO_REQUIRE_AUDIENCE)"
    if not pool.check_token_expiration:
        yield f"expired tokens of pool {pool.userpool_id} are accepted (COGNITO_CHECK_TOKEN_EXPIRATION)"
    elif pool.leeway > _LONG_LEEWAY_SECONDS:
        yield f"tokens of pool {pool.userpool_id} that expired up to {pool.leeway} s ago are accepted (COGNITO_LEEWAY)"


def _idle(settings: Settings, config: Mapping[str, Any], has_own_get_token: bool) -> Iterator[tuple[str, str]]:
    """Yield each key that is set but unused, with the reason."""
    own = {key: value for key, value in config.items() if key.startswith(PREFIX)}
    keys = {key for key, value in own.items() if value not in (None, DEFAULTS.get(key))}
    for location, key, why in _OF_A_LOCATION:
        if location not in settings.locations and key in keys:
            yield key, f"{why}, see COGNITO_TOKEN_LOCATIONS"
    protects = has_own_get_token or settings.header_is_from_a_cookie or {"cookie", "alb"} & {*settings.locations}
    if "COGNITO_TRUSTED_ORIGINS" in keys and not (protects or keys & SIGN_IN_KEYS):
        yield "COGNITO_TRUSTED_ORIGINS", "no token is read from a cookie, see COGNITO_TOKEN_LOCATIONS"
    if settings.resource is None and settings.resource_scopes:
        yield "COGNITO_RESOURCE_SCOPES", "COGNITO_RESOURCE is not set"
    for pool in settings.pools:
        yield from _idle_of_a_pool(pool)


def _idle_of_a_pool(pool: PoolSettings) -> Iterator[tuple[str, str]]:
    if pool.has_local_keys:
        for key, value in (
            ("COGNITO_REQUESTS_SESSION", pool.requests_session),
            ("COGNITO_BUNDLED_JWKS", pool.bundled_jwks),
            ("COGNITO_ALLOW_HTTP_JWKS", pool.allow_http_jwks or None),
        ):
            if value is not None:
                yield key, f"the keys of pool {pool.userpool_id} are not fetched from a URL"
    if pool.audience is not None and pool.token_use == "id":
        yield "COGNITO_AUDIENCE", "it is compared with access tokens, and COGNITO_TOKEN_USE accepts only ID tokens"
    if pool.replica_regions and pool.issuer is not None:
        yield "COGNITO_REPLICA_REGIONS", "COGNITO_ISSUER is the only issuer"
