"""Suggest the setting that a misspelt key was meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from flask_cognito.config.values import APP, POOL

PREFIX = "COGNITO_"

KEYS = frozenset(PREFIX + name.upper() for name in (*POOL, *APP, "userpools"))
"""The keys that `CognitoAuth` reads."""

# `CognitoSignIn` reads these keys itself.
SIGN_IN_KEYS = frozenset(
    PREFIX + name
    for name in (
        *("CLIENT_SECRET", "DOMAIN", "LOGOUT_URI", "REDIRECT_URI", "SESSION_COOKIE_NAME", "SESSION_COOKIE_SAMESITE"),
        *("SESSION_COOKIE_SECURE", "SESSION_IDLE_TIMEOUT", "SESSION_LIFETIME", "SESSION_STORE", "SIGN_IN_CLIENT_ID"),
        *("SIGN_IN_LIFETIME", "SIGN_IN_SCOPES", "SIGN_IN_URL_PREFIX", "UNAUTHENTICATED"),
    )
)

# Compare only the part after COGNITO_, which all keys share: CLIENT_ID finds APP_CLIENT_ID.
_LIKENESS = 0.7


def misspelt(keys: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each ``COGNITO_*`` key that is not a setting, with a suggested setting."""
    for key in keys:
        if key.startswith(PREFIX) and key not in KEYS | SIGN_IN_KEYS:
            yield key, _nearest(key.removeprefix(PREFIX), KEYS | SIGN_IN_KEYS)


def meant_for(setting: str, keys: Iterable[str]) -> str | None:
    """Return the key for this setting, also if it is in lower case, or has the prefix of another library or none."""
    wanted = setting.removeprefix(PREFIX)
    for key in keys:
        before, separator, name = str(key).upper().partition(PREFIX)
        if separator and key not in KEYS | SIGN_IN_KEYS and get_close_matches(name, [wanted], 1, _LIKENESS):
            return key
        bare = before.removeprefix("AWS_").removeprefix("DEFAULT_")
        if not separator and bare.replace("_", "") == wanted.replace("_", ""):
            return key
    return None


def _nearest(name: str, settings: Iterable[str]) -> str | None:
    names = {setting.removeprefix(PREFIX): setting for setting in sorted(settings)}
    found = get_close_matches(name, names, 1, _LIKENESS)
    return names[found[0]] if found else None
