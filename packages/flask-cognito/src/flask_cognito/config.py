"""`Settings`: the ``COGNITO_*`` keys of one app, read once at ``init_app``, checked there, and frozen."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

from cognito_jwt_core import ConfigurationError, KeySource

from flask_cognito import config_values
from flask_cognito.config_values import Names

_log = logging.getLogger(__name__)

_PREFIX = "COGNITO_"
_LEGACY_JWKS = "AWS_COGNITO_JWKS_PATH"
KEYS = frozenset(_PREFIX + name.upper() for name in (*config_values.POOL, *config_values.APP, "userpools"))

# Beside COGNITO_USERPOOLS these say nothing: which of the pools would they mean?
_OF_ONE_POOL = ("region", "userpool_id", "issuer", "replica_regions", "jwks", "jwks_uri", "bundled_jwks")

DEFAULTS: Mapping[str, object] = {
    "COGNITO_CHECK_TOKEN_EXPIRATION": True,
    "COGNITO_JWT_HEADER_NAME": "Authorization",
    "COGNITO_JWT_HEADER_PREFIX": "Bearer",
}
"""What 1.x wrote into ``app.config``, where apps read it."""


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """What is demanded of one user pool's tokens, and where its keys are."""

    userpool_id: str
    region: str | None = None
    app_client_id: Names | None = None
    token_use: Literal["access", "id"] | None = None
    check_token_expiration: bool = True
    audience: Names | None = None
    leeway: float = 0
    issuer: str | None = None
    replica_regions: Names = ()
    jwks: Mapping[str, Any] | KeySource | None = None
    jwks_uri: str | None = None
    bundled_jwks: Mapping[str, Any] | str | None = None
    allow_http_jwks: bool = False
    token_cache_size: int = 1024


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the configuration of one app says."""

    pools: tuple[PoolSettings, ...]
    locations: Names
    jwt_header_name: str = "Authorization"
    jwt_header_prefix: str = "Bearer"
    jwt_cookie_name: str = "session_token"
    csrf_protection: bool = True
    identity_required: bool = False
    realm: str = "Cognito"

    @cached_property
    def header_in_environ(self) -> str:
        """The header under its name in a WSGI environ, where it is found three times as fast."""
        return "HTTP_" + self.jwt_header_name.upper().replace("-", "_")

    @property
    def vary(self) -> Names:
        """The request headers that an answer depends on, as ``Vary`` names them."""
        names = {"header": self.jwt_header_name, "cookie": "Cookie"}
        return tuple(names[location] for location in self.locations)


def read_settings(config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an app with this configuration, in a process with these environment variables.

    Raises:
        ConfigurationError: A key that is required is missing, or a value cannot be meant.
    """
    pools = _pools(config) if config.get("COGNITO_USERPOOLS") is not None else (_the_pool(config, environ),)
    app = _checked(config, config_values.APP)
    if config.get("COGNITO_JWT_HEADER_PREFIX", "Bearer") is None:
        app["jwt_header_prefix"] = ""
    from_cookie = str(app.get("jwt_header_name")).lower() == "cookie"
    locations: Names = app.pop("token_locations", ("cookie",) if from_cookie else ("header",))
    if from_cookie and "header" in locations:
        raise ConfigurationError(
            "COGNITO_JWT_HEADER_NAME: expected another header than Cookie, since COGNITO_TOKEN_LOCATIONS names a header"
        )
    return Settings(pools=pools, locations=locations, **app)


def _the_pool(config: Mapping[str, Any], environ: Mapping[str, str]) -> PoolSettings:
    for key in ("COGNITO_REGION", "COGNITO_USERPOOL_ID"):
        if config.get(key) in (None, ""):
            raise ConfigurationError(f'{key}: required, but missing or empty; set app.config["{key}"]')
    return _pool(_PREFIX, _with_legacy_jwks(_checked(config, config_values.POOL), environ))


def _with_legacy_jwks(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    path = environ.get(_LEGACY_JWKS)
    if not path or "jwks" in values or "jwks_uri" in values:
        return values
    _log.warning("the keys come from the environment variable %s; COGNITO_JWKS_URI is its new name", _LEGACY_JWKS)
    return {**values, "jwks_uri": path}


def _pools(config: Mapping[str, Any]) -> tuple[PoolSettings, ...]:
    pools = config["COGNITO_USERPOOLS"]
    if isinstance(pools, (str, Mapping)) or not isinstance(pools, Sequence) or not pools:
        raise config_values.refused("COGNITO_USERPOOLS", "a list of mappings, one a pool", pools)
    shared = _checked(config, config_values.POOL)
    idle = sorted(_PREFIX + name.upper() for name in _OF_ONE_POOL if shared.pop(name, None) is not None)
    if idle:
        _log.warning("beside COGNITO_USERPOOLS, which names the pools, these keys are not used: %s", ", ".join(idle))
    return tuple(_one_of_the_pools(f"COGNITO_USERPOOLS[{index}].", pool, shared) for index, pool in enumerate(pools))


def _one_of_the_pools(label: str, pool: object, shared: dict[str, Any]) -> PoolSettings:
    if not isinstance(pool, Mapping):
        raise config_values.refused(label.rstrip("."), "a mapping like {'userpool_id': ...}", pool)
    for name in pool:
        if name not in config_values.POOL:
            raise ConfigurationError(f"{label}{name}: there is no such setting of a pool{_suggestion(name)}")
    if pool.get("userpool_id") in (None, ""):
        raise ConfigurationError(f"{label}userpool_id: required, but missing or empty")
    own = {name: config_values.POOL[name](label + name, value) for name, value in pool.items() if value is not None}
    return _pool(label, {**shared, **own})


def _suggestion(name: object) -> str:
    nearest = get_close_matches(str(name).lower().removeprefix("cognito_"), config_values.POOL, 1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _pool(label: str, values: dict[str, Any]) -> PoolSettings:
    if "jwks" in values and "jwks_uri" in values:
        raise ConfigurationError(f"{label}JWKS and {label}JWKS_URI: expected one of them, found both")
    return PoolSettings(**values)


def _checked(config: Mapping[str, Any], checks: Mapping[str, config_values.Check]) -> dict[str, Any]:
    """The values of the keys that are set; None is the same as no such key."""
    keys = {_PREFIX + name.upper(): name for name in checks}
    return {name: checks[name](key, config[key]) for key, name in keys.items() if config.get(key) is not None}
