"""`Settings`: the ``COGNITO_*`` keys of one app, read and validated once at ``init_app``, and frozen."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from cognito_jwt_core import Claims, ConfigurationError, KeySettings, KeySource, Revocations
from cognito_jwt_core.integration import LocalKeySource

from flask_cognito.config import values as config_values
from flask_cognito.config.challenge import Challenge
from flask_cognito.config.sign_in import SIGN_IN_OF_A_POOL
from flask_cognito.config.spelling import PREFIX, meant_for
from flask_cognito.config.values import Names, is_from_a_cookie

if TYPE_CHECKING:
    from cognito_jwt_core import ResourceMetadata
    from requests import Session

_log = logging.getLogger("flask_cognito.config")

ALB_HEADER = "X-Amzn-Oidc-Data"
"""The header with a load balancer's signed token."""

_LEGACY_JWKS = "AWS_COGNITO_JWKS_PATH"

# Unused if COGNITO_USERPOOLS is set, because they do not name a pool.
_OF_ONE_POOL = ("region", "userpool_id", "issuer", "replica_regions", "jwks", "jwks_uri", "bundled_jwks")

# `CognitoSignIn` validates those of sign-in, if the app has one.
_NAMES_OF_A_POOL = (*config_values.POOL, *SIGN_IN_OF_A_POOL)

DEFAULTS: Mapping[str, object] = {
    "COGNITO_CHECK_TOKEN_EXPIRATION": True,
    "COGNITO_JWT_HEADER_NAME": "Authorization",
    "COGNITO_JWT_HEADER_PREFIX": "Bearer",
}
"""Keys that 1.x wrote into ``app.config``, where apps read them."""


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """Requirements on one user pool's tokens, and the source of its keys."""

    userpool_id: str
    region: str | None = None
    app_client_id: Names | None = None
    token_use: Literal["access", "id"] | None = None
    check_token_expiration: bool = True
    audience: Names | None = None
    require_audience: bool | None = None
    leeway: float = 0
    issuer: str | None = None
    replica_regions: Names = ()
    jwks: Mapping[str, Any] | KeySource | None = None
    jwks_uri: str | None = None
    bundled_jwks: Mapping[str, Any] | str | None = None
    allow_http_jwks: bool = False
    key_settings: KeySettings | None = None
    requests_session: Session | None = None
    custom_check: Callable[[Claims], None] | None = None
    revocations: Revocations | None = None
    token_cache_size: int = 1024

    @property
    def has_local_keys(self) -> bool:
        """Return whether the keys come from a mapping or a file, instead of being fetched."""
        is_file = self.jwks_uri is not None and "://" not in self.jwks_uri
        return is_file or isinstance(self.jwks, (Mapping, LocalKeySource))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The complete configuration of one app."""

    pools: tuple[PoolSettings, ...]
    locations: Names
    jwt_header_name: str = "Authorization"
    jwt_header_prefixes: Names = ("Bearer",)
    jwt_cookie_name: str = "session_token"
    csrf_protection: bool = True
    trusted_origins: Names = ()
    identity_required: bool = False
    realm: str = "Cognito"
    report_only: bool | Names = False
    resource: str | None = None
    resource_scopes: Names = ()
    metadata: ResourceMetadata | None = None
    alb_arn: Names | None = None
    alb_keys_url: str | None = None
    alb_session_seconds: float = 604_800

    @cached_property
    def challenge(self) -> Challenge:
        """Return the values for every challenge of the app."""
        if self.metadata is None:
            return Challenge(self.realm)
        return Challenge(self.realm, self.metadata.url, self.metadata.scopes_supported)

    @property
    def reports_all(self) -> bool:
        """Return whether no check is enforced, so that every failure is reported and the request continues."""
        return self.report_only is True

    @cached_property
    def reported_demands(self) -> frozenset[str]:
        """Return the checks of a token that are reported instead of enforced."""
        if isinstance(self.report_only, bool):
            return frozenset(config_values.DEMANDS if self.report_only else ())
        return frozenset(self.report_only)

    @cached_property
    def header_is_from_a_cookie(self) -> bool:
        """Return whether a load balancer sets the header because of its own cookie."""
        return "header" in self.locations and is_from_a_cookie(self.jwt_header_name)

    @cached_property
    def schemes(self) -> frozenset[str]:
        """Return the schemes before a token in the header, in lower case (RFC 9110 section 11.1)."""
        return frozenset(prefix.lower() for prefix in self.jwt_header_prefixes if prefix)

    @cached_property
    def vary(self) -> Names:
        """Return the request headers that a response depends on, for ``Vary``."""
        names = {"header": self.jwt_header_name, "cookie": "Cookie", "session": "Cookie", "alb": ALB_HEADER}
        return tuple(dict.fromkeys(names[location] for location in self.locations))


def read_settings(config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Return an app's settings from its configuration and the environment variables.

    Raises:
        ConfigurationError: If a required key is missing, or if a value is invalid.
    """
    pools = _pools(config) if config.get("COGNITO_USERPOOLS") is not None else (_the_pool(config, environ),)
    app = _checked(config, config_values.APP)
    if "COGNITO_JWT_HEADER_PREFIX" in config:  # None is a value here: the token has no prefix
        app["jwt_header_prefixes"] = config_values.header_prefixes(
            "COGNITO_JWT_HEADER_PREFIX", config["COGNITO_JWT_HEADER_PREFIX"]
        )
    app.pop("jwt_header_prefix", None)
    from_cookie = str(app.get("jwt_header_name")).lower() == "cookie"
    locations: Names = app.pop("token_locations", ("cookie",) if from_cookie else ("header",))
    if from_cookie and "header" in locations:
        raise ConfigurationError(
            "COGNITO_JWT_HEADER_NAME: expected a header other than Cookie, because COGNITO_TOKEN_LOCATIONS names a"
            " header"
        )
    if "alb" in locations and app.get("alb_arn") is None:
        raise ConfigurationError(
            "COGNITO_ALB_ARN: expected the load balancer's ARN, as COGNITO_TOKEN_LOCATIONS names 'alb', found none"
        )
    resource: str | None = app.get("resource")
    if resource is not None:  # Cognito puts it into `aud` of the tokens that sign-in requests
        pools = tuple(_bound_to(resource, pool) for pool in pools)
    return Settings(pools=pools, locations=locations, **app)


def _bound_to(resource: str, pool: PoolSettings) -> PoolSettings:
    """Return the settings of a pool whose tokens must be for this API, unless the app configures otherwise."""
    audience = (*(pool.audience or ()), resource)
    return replace(pool, audience=audience, require_audience=pool.require_audience is not False)


def _the_pool(config: Mapping[str, Any], environ: Mapping[str, str]) -> PoolSettings:
    for key in ("COGNITO_REGION", "COGNITO_USERPOOL_ID"):
        if config.get(key) in (None, ""):
            raise ConfigurationError(
                f'{key}: required, but missing or empty; set app.config["{key}"]{_near_miss(key, config)}'
            )
    return _pool(PREFIX, _with_legacy_jwks(_checked(config, config_values.POOL), environ))


def _near_miss(key: str, config: Mapping[str, Any]) -> str:
    found = meant_for(key, config)
    return f"; {found} is set, did you mean {key}?" if found else ""


def _with_legacy_jwks(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    path = environ.get(_LEGACY_JWKS)
    if not path or "jwks" in values or "jwks_uri" in values:
        return values
    _log.warning("the keys come from the environment variable %s; COGNITO_JWKS_URI is its new name", _LEGACY_JWKS)
    return {**values, "jwks_uri": path}


def _pools(config: Mapping[str, Any]) -> tuple[PoolSettings, ...]:
    pools = config["COGNITO_USERPOOLS"]
    if isinstance(pools, (str, Mapping)) or not isinstance(pools, Sequence) or not pools:
        raise config_values.refused("COGNITO_USERPOOLS", "a list of mappings, one per pool", pools)
    shared = _checked(config, config_values.POOL)
    idle = sorted(PREFIX + name.upper() for name in _OF_ONE_POOL if shared.pop(name, None) is not None)
    if idle:
        _log.warning("COGNITO_USERPOOLS names the pools, so these keys are not used: %s", ", ".join(idle))
    return tuple(_one_of_the_pools(f"COGNITO_USERPOOLS[{index}].", pool, shared) for index, pool in enumerate(pools))


def _one_of_the_pools(label: str, pool: object, shared: dict[str, Any]) -> PoolSettings:
    if not isinstance(pool, Mapping):
        raise config_values.refused(label.rstrip("."), "a mapping like {'userpool_id': ...}", pool)
    for name in pool:
        if name not in _NAMES_OF_A_POOL:
            raise ConfigurationError(f"{label}{name}: a pool has no such setting{_suggestion(name)}")
    if pool.get("userpool_id") in (None, ""):
        raise ConfigurationError(f"{label}userpool_id: required, but missing or empty")
    own = {
        name: check(label + name, pool[name])
        for name, check in config_values.POOL.items()
        if pool.get(name) is not None
    }
    return _pool(label, {**shared, **own})


def _suggestion(name: object) -> str:
    nearest = get_close_matches(str(name).lower().removeprefix("cognito_"), _NAMES_OF_A_POOL, 1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _pool(label: str, values: dict[str, Any]) -> PoolSettings:
    if "jwks" in values and "jwks_uri" in values:
        raise ConfigurationError(f"{label}JWKS and {label}JWKS_URI: expected one of them, found both")
    return PoolSettings(**values)


def _checked(config: Mapping[str, Any], checks: Mapping[str, config_values.Check]) -> dict[str, Any]:
    """Return the values of the keys that are set. None counts as unset."""
    keys = {PREFIX + name.upper(): name for name in checks}
    return {name: checks[name](key, config[key]) for key, name in keys.items() if config.get(key) is not None}
