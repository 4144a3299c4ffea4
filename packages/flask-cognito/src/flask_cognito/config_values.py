"""What each setting accepts: one function a kind of value, from the raw value of a key to the one that is used."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping
from os import PathLike, fspath
from typing import TypeAlias

from cognito_jwt_core import ConfigurationError, KeySource

Names: TypeAlias = tuple[str, ...]
Check: TypeAlias = Callable[[str, object], object]
"""From the name of a key and its value to the value to use; raises `ConfigurationError` with the name."""


# RFC 9110 section 5.6.2: what a header or a cookie can be called.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WORD = re.compile(r"[\x21-\x7e]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_LOCATIONS = ("header", "cookie")


def refused(key: str, expected: str, value: object) -> ConfigurationError:
    """The error that names the key, what would do, and what was found there: its type, and a short value as it is."""
    found = type(value).__name__
    if isinstance(value, (str, int, float)):
        found += f" {ascii(value)[:64]}"
    elif isinstance(value, Collection) and not value:
        found = f"an empty {found}"
    return ConfigurationError(f"{key}: expected {expected}, found {found}")


def text(key: str, value: object) -> str:
    """Any text but the empty one, which is what an unset variable gives."""
    if not isinstance(value, str) or not value:
        raise refused(key, "a text (None, or no such key, leaves it unset)", value)
    return value


def flag(key: str, value: object) -> bool:
    """True or False; a text such as "false" would be true."""
    if not isinstance(value, bool):
        raise refused(key, "True or False", value)
    return value


def names(key: str, value: object, remark: str = "") -> Names:
    """One name, or a collection of names."""
    found = (value,) if isinstance(value, str) and value else value
    if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Collection) or not found:
        raise refused(key, f"a name or a collection of names{remark}", value)
    for name in found:
        if not isinstance(name, str) or not name:
            raise refused(f"one of {key}", "a name", name)
    return tuple(found)


def optional_names(key: str, value: object) -> Names:
    """The same for a key that need not be there."""
    return names(key, value, " (None leaves it unset)")


def one_of(*choices: str) -> Check:
    """One of a few words."""

    def check(key: str, value: object) -> str:
        if value not in choices:
            raise refused(key, f"{' or '.join(map(repr, choices))} (None leaves it unset)", value)
        return str(value)

    return check


def seconds(key: str, value: object) -> float:
    """A number of seconds from 0 up."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= sys.float_info.max:
        raise refused(key, "a number of seconds from 0 up", value)
    return value


def size(key: str, value: object) -> int:
    """A whole number from 0 up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refused(key, "a whole number from 0 up", value)
    return value


def header_name(key: str, value: object) -> str:
    """The name of a header or cookie (RFC 9110 section 5.6.2)."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise refused(key, "a name of letters, digits and hyphens", value)
    return value


def header_prefix(key: str, value: object) -> str:
    """The word before the token; empty for none."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise refused(key, "one word like Bearer, or None if the whole value is the token", value)
    return value


def locations(key: str, value: object) -> Names:
    """Where a token is looked for, in this order."""
    found = names(key, value)
    if len(set(found)) < len(found) or not set(found) <= set(_LOCATIONS):
        raise refused(key, "'header', 'cookie' or both, in the order they are asked", value)
    return found


def realm(key: str, value: object) -> str:
    """The realm of the challenge: printable ASCII, since a header can hold no line break and knows no charset."""
    if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
        raise refused(key, "a text of printable ASCII characters", value)
    return value


def url_or_path(key: str, value: object, expected: str = "a URL or a path") -> str:
    """A URL, or the path of a file."""
    path = fspath(value) if isinstance(value, PathLike) else value
    if not isinstance(path, str) or not path:
        raise refused(key, f"{expected} (None leaves it unset)", value)
    return path


def bundled_jwks(key: str, value: object) -> object:
    """The path of a file, or a JWK Set."""
    return value if isinstance(value, Mapping) and value else url_or_path(key, value, "a path or a JWK Set")


def key_source(key: str, value: object) -> Mapping[str, object] | KeySource:
    """A JWK Set, or an object of the `KeySource` protocol."""
    if isinstance(value, Mapping):
        return value
    if callable(getattr(value, "fetch", None)):
        return value  # type: ignore[return-value]  # a protocol of one method, which is there
    raise refused(key, "a JWK Set or a key source (a URL or a path goes to COGNITO_JWKS_URI)", value)


POOL: Mapping[str, Check] = {
    "region": text,
    "userpool_id": text,
    "app_client_id": optional_names,
    "token_use": one_of("access", "id"),
    "check_token_expiration": flag,
    "audience": optional_names,
    "leeway": seconds,
    "issuer": text,
    "replica_regions": optional_names,
    "jwks": key_source,
    "jwks_uri": url_or_path,
    "bundled_jwks": bundled_jwks,
    "allow_http_jwks": flag,
    "token_cache_size": size,
}
"""The settings of one pool, by their names in ``COGNITO_USERPOOLS``; in upper case after ``COGNITO_`` they are keys."""

APP: Mapping[str, Check] = {
    "jwt_header_name": header_name,
    "jwt_header_prefix": header_prefix,
    "jwt_cookie_name": header_name,
    "token_locations": locations,
    "csrf_protection": flag,
    "identity_required": flag,
    "realm": realm,
}
"""The settings of the app, whatever its pools."""
