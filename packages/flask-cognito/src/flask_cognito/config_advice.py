"""What a developer is told about settings that are allowed, and perhaps not meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from flask_cognito.config import KEYS, PoolSettings, Settings

# Of the part after COGNITO_, which all share: CLIENT_ID finds APP_CLIENT_ID; CLIENT_SECRET, not ours, finds nothing.
_LIKENESS = 0.7
_NAMES = {key.removeprefix("COGNITO_"): key for key in sorted(KEYS)}


def advice(settings: Settings, config: Mapping[str, Any]) -> Iterator[str]:
    """The lines to log when an app is initialised."""
    for key, meant in misspelt(config):
        yield f"{key} is no setting; did you mean {meant}?"
    if config.get("COGNITO_JWT_COOKIE_NAME") is not None and "cookie" not in settings.locations:
        yield "COGNITO_JWT_COOKIE_NAME is set, but no cookie is read: see COGNITO_TOKEN_LOCATIONS"
    off = checks_that_are_off(settings)
    if off:
        yield f"checks that are off: {'; '.join(off)}"


def misspelt(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each ``COGNITO_*`` key that is none of the settings but nearly one, with the one it may have been meant for."""
    for key in keys:
        if key.startswith("COGNITO_") and key not in KEYS:
            nearest = get_close_matches(key.removeprefix("COGNITO_"), _NAMES, 1, _LIKENESS)
            if nearest:
                yield key, _NAMES[nearest[0]]


def checks_that_are_off(settings: Settings) -> list[str]:
    """What is not checked, and the key that has it checked."""
    off = [reason for pool in settings.pools for reason in _off_for(pool)]
    if "cookie" in settings.locations and not settings.csrf_protection:
        off.append("requests from other sites that carry the cookie are accepted (COGNITO_CSRF_PROTECTION)")
    return list(dict.fromkeys(off))


def _off_for(pool: PoolSettings) -> Iterator[str]:
    if pool.app_client_id is None:
        yield f"any app client of pool {pool.userpool_id} is accepted (COGNITO_APP_CLIENT_ID)"
    if pool.token_use is None:
        yield f"both access and ID tokens of pool {pool.userpool_id} are accepted (COGNITO_TOKEN_USE)"
    if not pool.check_token_expiration:
        yield f"expired tokens of pool {pool.userpool_id} are accepted (COGNITO_CHECK_TOKEN_EXPIRATION)"
