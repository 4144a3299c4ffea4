"""Hostile tokens with a sign-in that is too old or too weak (RFC 9470)."""

from collections.abc import Iterator, Sequence
from typing import Final

from cognito_jwt_core.testing.hostile.claims import NO_TIMES
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken
from cognito_jwt_core.testing.tokens import ABSENT

_DAY_SECONDS: Final = 86_400  # more than any leeway

_OLD: Final = "the user signed in too long ago, and another person may use the browser now (RFC 9470 section 3)"
_NO_SIGN_IN: Final = "it does not say when the user signed in"
_LATER: Final = "its sign-in is in the future, and would count as recent for too long"
_WEAK: Final = "the user did not sign in at a level that the action requires (RFC 9470 section 3)"


def with_old_sign_in(forge: Forge, max_age: int) -> Iterator[HostileToken]:
    """Yield tokens with a sign-in more than `max_age` seconds ago, or without a valid sign-in time."""
    now = int(forge.pool.clock.time())
    yield HostileToken("auth-time-too-old", forge.token(auth_time=now - max_age - _DAY_SECONDS), _OLD)
    yield HostileToken("auth-time-to-come", forge.token(auth_time=now + _DAY_SECONDS), _LATER)
    yield HostileToken("auth-time-absent", forge.token(auth_time=ABSENT), _NO_SIGN_IN)
    yield from forge.tokens_with("auth_time", NO_TIMES, _NO_SIGN_IN)


def with_weak_sign_in(forge: Forge, acr_values: Sequence[str]) -> Iterator[HostileToken]:
    """Yield tokens with a sign-in level (`acr`) that is none of these."""
    good = acr_values[0]
    levels: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "empty": "",
        "number": 1,
        "array": list(acr_values),
        "other": "urn:example:none-of-those",
        "prolonged": good + "x",
        "cut-short": good[:-1],
        "with-space": good + " ",
        "two-in-one": f"{good} {good}",
    }
    yield from forge.tokens_with("acr", levels, _WEAK)
