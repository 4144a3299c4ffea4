"""The settings of sign-in, from an app's configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from cognito_jwt_core import ConfigurationError

from flask_cognito.config.spelling import PREFIX
from flask_cognito.config.values import (
    SIGN_IN_HOST,
    Names,
    app_clients,
    flag,
    instead_of_a_value,
    is_loopback,
    one_of,
    readable_url,
    refused,
    scopes,
    text,
)

if TYPE_CHECKING:
    from flask_cognito.config.settings import PoolSettings, Settings

# Browsers remove `.` and `..` from a path before they send it.
_PATH = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
_MAX_URL_LENGTH = 1024  # for an app client's callback and sign-out URLs: CreateUserPoolClient in the API reference
# All that the authorization endpoint knows, besides those of resource servers: "Scopes, M2M, and APIs" in the Amazon
# Cognito developer guide.
_COGNITOS_SCOPES = ("openid", "profile", "email", "phone", "aws.cognito.signin.user.admin")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PREFIXES = ("__Host-Http-", "__Host-")
_NAME = re.compile(r"[a-z0-9-]+")
ROUTES = ("login", "callback", "logout", "session")
_STORE_METHODS = ("load", "create", "replace", "touch", "delete", "delete_user", "lock")


@dataclass(frozen=True, kw_only=True)
class SignInSettings:
    """The configuration of sign-in at one pool of an app.

    Times are in seconds. `name` is empty for the only pool of an app, and `pool_index` is the pool's position.
    """

    client_id: str
    name: str = ""
    pool_index: int = 0
    domain: str | None = None
    client_secret: str | Callable[[], str] | None = field(default=None, repr=False)
    logout_uri: str | None = None
    redirect_uri: str | None = None
    scopes: Names = ("openid",)
    url_prefix: str = "/auth"
    login_lifetime: float = 900
    session_store: Any = field(default=None, repr=False)  # its URL may contain a password
    session_lifetime: float = 12 * 3600
    session_idle_timeout: float | None = None
    cookie_name: str = "__Host-Http-cognito_session"
    cookie_secure: bool = True
    cookie_samesite: Literal["Lax", "Strict"] = "Lax"
    unauthenticated: Literal["redirect", "401"] = "redirect"

    def key(self, name: str) -> str:
        """Return the name of a pool's setting as the app writes it."""
        return f"COGNITO_USERPOOLS[{self.pool_index}].{name}" if self.name else PREFIX + name.upper()

    @property
    def path(self) -> str:
        """Return the path prefix of this pool's routes."""
        return f"{self.url_prefix}/{self.name}" if self.name else self.url_prefix

    @property
    def name_in_browser(self) -> str:
        """Return the name of the session cookie. Browsers accept a `__Host-` cookie only if it is `Secure`."""
        if self.cookie_secure:
            return self.cookie_name
        prefix = next((prefix for prefix in _PREFIXES if self.cookie_name.startswith(prefix)), "")
        return self.cookie_name.removeprefix(prefix)

    def check_off_loopback(self) -> None:
        """Check the requirements for an app that is reached over a network.

        Raises:
            ConfigurationError: If other hosts or plain http could read or set the cookies.
        """
        if not self.cookie_secure:
            raise refused("COGNITO_SESSION_COOKIE_SECURE", "True (False is for loopback)", False)
        # a sibling domain could set the cookie (RFC 6265bis section 8.6)
        if not self.cookie_name.startswith("__Host-"):
            raise refused("COGNITO_SESSION_COOKIE_NAME", "a name that begins with __Host-", self.cookie_name)


def read_sign_in_settings(config: Mapping[str, Any], settings: Settings) -> tuple[SignInSettings, ...]:
    """Return the sign-in settings for each pool that users sign in at.

    Raises:
        ConfigurationError: If a value is invalid, or contradicts another.
    """
    values = {
        attribute: check(key, config[key])
        for key, (attribute, check) in SIGN_IN_SETTINGS.items()
        if config.get(key) is not None
    }
    entries = [_own(pool) for pool in config.get("COGNITO_USERPOOLS") or ()]
    if len(settings.pools) == 1 and not any(entries):
        found: tuple[SignInSettings, ...] = (_of_pool("", values, settings.pools[0]),)
    else:
        found = _of_entries(entries, values, settings)
    _check_cookie_name(found[0], settings, config)
    for one in found:
        if settings.resource is None and settings.pools[one.pool_index].require_audience:
            raise refused(
                one.key("require_audience"), "COGNITO_RESOURCE as well, for which sign-in gets tokens, or False", True
            )
    return found


def _own(pool: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sign-in settings in an entry of COGNITO_USERPOOLS."""
    return {name: value for name, value in pool.items() if name in SIGN_IN_OF_A_POOL and value is not None}


def _of_entries(
    entries: Sequence[Mapping[str, Any]], values: Mapping[str, Any], settings: Settings
) -> tuple[SignInSettings, ...]:
    misplaced = [key for key in _OF_ONE_POOL if SIGN_IN_SETTINGS[key][0] in values]
    if misplaced:
        raise ConfigurationError(
            f"{', '.join(misplaced)}: expected in the entries of COGNITO_USERPOOLS, in lower case and without the"
            " prefix, found outside"
        )
    found = tuple(
        _of_entry(index, entry, values, settings.pools[index]) for index, entry in enumerate(entries) if entry
    )
    if not found:
        raise ConfigurationError("COGNITO_USERPOOLS: expected `domain` in each pool to sign in with, found none")
    _check_apart(found)
    return found


def _of_entry(index: int, entry: Mapping[str, Any], values: Mapping[str, Any], pool: PoolSettings) -> SignInSettings:
    label = f"COGNITO_USERPOOLS[{index}]."
    for name in ("domain", "name"):
        if name not in entry:
            raise ConfigurationError(f"{label}{name}: required with {', '.join(sorted(entry))}")
    own = {}
    for name, value in entry.items():
        attribute, check = SIGN_IN_OF_A_POOL[name]
        own[attribute] = check(label + name, value)
    return _of_pool(label, {**values, **own, "pool_index": index}, pool)


def _of_pool(label: str, values: Mapping[str, Any], pool: PoolSettings) -> SignInSettings:
    def key(name: str) -> str:
        return f"{label}{name}" if label else PREFIX + name.upper()

    client_id = values.get("client_id") or _the_client(key, pool)
    found = SignInSettings(**{**values, "client_id": client_id})
    if pool.app_client_id is not None and found.client_id not in pool.app_client_id:
        raise refused(key("sign_in_client_id"), f"one of {key('app_client_id')}", found.client_id)
    if pool.token_use == "id":
        raise refused(key("token_use"), "'access' or None, since a session holds an access token", "id")
    if "openid" not in found.scopes:
        raise refused(key("sign_in_scopes"), "scopes with 'openid', without which there is no nonce", found.scopes)
    if found.session_idle_timeout is not None and found.session_store is None:
        raise ConfigurationError(
            "COGNITO_SESSION_IDLE_TIMEOUT: expected COGNITO_SESSION_STORE as well, because a session in cookies would"
            " be written with every response"
        )
    return found


def _the_client(key: Callable[[str], str], pool: PoolSettings) -> str:
    clients = pool.app_client_id or ()
    if len(clients) != 1:
        raise ConfigurationError(
            f"{key('sign_in_client_id')}: required, since {key('app_client_id')} names {len(clients)} app clients"
        )
    return clients[0]


def _check_apart(found: Sequence[SignInSettings]) -> None:
    """Check that each pool has its own name and callback URL.

    Cognito's callback does not name its pool. Only the callback URL tells (RFC 9700 section 4.4.2).
    """
    for attribute in ("name", "redirect_uri"):
        values = [value for one in found if (value := getattr(one, attribute)) is not None]
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise refused(f"COGNITO_USERPOOLS: {attribute}", "a different one for each pool, found twice", twice)
    for one in found:
        for other in found:
            path = urlsplit(one.redirect_uri or "").path
            if other is not one and path.endswith(f"{other.path}/callback"):
                raise refused(
                    f"COGNITO_USERPOOLS[{one.pool_index}].redirect_uri",
                    f"the callback URL of {one.name}, not of {other.name}",
                    one.redirect_uri,
                )


def _check_cookie_name(found: SignInSettings, settings: Settings, config: Mapping[str, Any]) -> None:
    """Check that no other cookie of the app has a name like sign-in's, because such cookies are hidden from the app."""
    name = found.name_in_browser
    for key, other in (
        ("SESSION_COOKIE_NAME", config.get("SESSION_COOKIE_NAME")),
        ("COGNITO_JWT_COOKIE_NAME", settings.jwt_cookie_name if "cookie" in settings.locations else None),
    ):
        if other is not None and (other == name or str(other).startswith(f"{name}_")):
            raise refused("COGNITO_SESSION_COOKIE_NAME", f"a name that {key} does not begin with", found.cookie_name)


def _seconds(days: int) -> Callable[[str, object], float]:
    """Accept seconds, up to a number of days."""

    def check(key: str, value: object) -> float:
        found = value.total_seconds() if isinstance(value, timedelta) else value
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found <= days * 86400:
            raise refused(key, f"seconds or a timedelta, more than 0 and at most {days} days", value)
        return float(found)

    return check


def _client_secret(key: str, value: object) -> object:
    if callable(value):
        return value
    found = text(key, value)
    other = "the ARN of a secret" if found.startswith("arn:") else instead_of_a_value(found)
    if other:  # the message does not show the value
        raise ConfigurationError(
            f"{key}: expected the secret itself, a function that returns it, or None, found {other}"
        )
    return found


def _name(key: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value in ROUTES:
        raise refused(key, f"a name of a-z, 0-9 and '-', other than {', '.join(ROUTES)}", value)
    return value


def _scopes(key: str, value: object) -> Names:
    found = scopes(key, value)
    for scope in found:
        if "/" not in scope and scope not in _COGNITOS_SCOPES:
            raise refused(
                f"one of {key}",
                f"{', '.join(_COGNITOS_SCOPES)} or RESOURCE/SCOPE (give several as a list; a refresh token needs no"
                " scope of its own)",
                scope,
            )
    return found


def _url(key: str, value: object) -> str:
    found = text(key, value)
    parts = urlsplit(readable_url(key, found))
    is_secure = parts.scheme == "https" or is_loopback(parts.netloc)
    if not is_secure or parts.fragment or len(found) > _MAX_URL_LENGTH:
        raise refused(
            key, f"an https URL (http on loopback only) of at most {_MAX_URL_LENGTH} characters, without #", value
        )
    if "*" in parts.netloc:
        raise refused(key, "one URL, as Cognito accepts no wildcards", value)
    if SIGN_IN_HOST.match(found):
        raise refused(key, "a URL of this app; the sign-in domain goes to COGNITO_DOMAIN", value)
    return found


def _client(key: str, value: object) -> str:
    return app_clients(key, text(key, value))[0]


def _url_prefix(key: str, value: object) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise refused(key, "a path like /auth", value)
    return value


def _cookie_name(key: str, value: object) -> str:
    if not isinstance(value, str) or not _COOKIE_NAME.fullmatch(value) or value in _PREFIXES:
        raise refused(key, "a name of at most 64 letters, digits, '-' and '_'", value)
    return value


def _store(key: str, value: object) -> object:
    if isinstance(value, str):
        return text(key, value)
    if isinstance(value, type):
        raise refused(key, "an object instead of its class", value)
    is_redis = type(value).__module__.partition(".")[0] == "redis"
    if not is_redis and not all(callable(getattr(value, method, None)) for method in _STORE_METHODS):
        raise refused(key, "a redis:// URL, a redis.Redis or a SessionStore", value)
    return value


SIGN_IN_SETTINGS: Mapping[str, tuple[str, Callable[[str, object], Any]]] = {
    "COGNITO_DOMAIN": ("domain", text),
    "COGNITO_CLIENT_SECRET": ("client_secret", _client_secret),
    "COGNITO_LOGOUT_URI": ("logout_uri", _url),
    "COGNITO_SIGN_IN_CLIENT_ID": ("client_id", _client),
    "COGNITO_REDIRECT_URI": ("redirect_uri", _url),
    "COGNITO_SIGN_IN_SCOPES": ("scopes", _scopes),
    "COGNITO_SIGN_IN_URL_PREFIX": ("url_prefix", _url_prefix),
    "COGNITO_SIGN_IN_LIFETIME": ("login_lifetime", _seconds(1)),
    "COGNITO_SESSION_STORE": ("session_store", _store),
    "COGNITO_SESSION_LIFETIME": ("session_lifetime", _seconds(400)),
    "COGNITO_SESSION_IDLE_TIMEOUT": ("session_idle_timeout", _seconds(400)),
    "COGNITO_SESSION_COOKIE_NAME": ("cookie_name", _cookie_name),
    "COGNITO_SESSION_COOKIE_SECURE": ("cookie_secure", flag),
    "COGNITO_SESSION_COOKIE_SAMESITE": ("cookie_samesite", one_of("Lax", "Strict")),
    "COGNITO_UNAUTHENTICATED": ("unauthenticated", one_of("redirect", "401")),
}

# With COGNITO_USERPOOLS, these would not name a pool.
_OF_ONE_POOL = ("COGNITO_DOMAIN", "COGNITO_CLIENT_SECRET", "COGNITO_REDIRECT_URI", "COGNITO_SIGN_IN_CLIENT_ID")
# Each pool can have its own value for these.
_OF_EACH_POOL = ("COGNITO_LOGOUT_URI", "COGNITO_SIGN_IN_SCOPES")

SIGN_IN_OF_A_POOL: Mapping[str, tuple[str, Callable[[str, object], Any]]] = {
    "name": ("name", _name),
    **{key.removeprefix(PREFIX).lower(): SIGN_IN_SETTINGS[key] for key in (*_OF_ONE_POOL, *_OF_EACH_POOL)},
}
"""The settings of sign-in at one of several pools, by name in ``COGNITO_USERPOOLS``."""
