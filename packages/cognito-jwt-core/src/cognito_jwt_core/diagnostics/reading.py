"""Read as much of a text as possible: its token, claims and origin. Verify nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from cognito_jwt_core.diagnostics.pasted_text import Pasted, damaged, recognise, unverified_json
from cognito_jwt_core.diagnostics.token_origin import Origin, origin_of
from cognito_jwt_core.errors import MalformedTokenError, shown
from cognito_jwt_core.jose.compact import UnverifiedToken, as_ascii, parse
from cognito_jwt_core.jwt.claims import as_datetime


@dataclass(frozen=True)
class Case:
    """What is known about a text before its checks are reported.

    Attributes:
        token: The token in its parts; None if the text has none.
        payload: Its claims, unverified; empty if they cannot be read.
        origin: Its origin by its own claims; None without a token.
        pasted: The kind of text around the token; None if the text is only a token.
    """

    token: UnverifiedToken | None
    payload: Mapping[str, object]
    origin: Origin | None
    pasted: Pasted | None

    @property
    def name(self) -> str:
        """Return a stable name for the token's origin, or for the kind of text."""
        found = self.origin or self.pasted
        return found.name if found else "unknown"

    @property
    def signature_bytes(self) -> int:
        return len(self.token.signature) if self.token is not None else 0

    def general_advice(self, *, is_authentic: bool = False) -> str:
        """Return advice that holds whatever the checks report: for another issuer's token, or more than a token."""
        if self.origin is not None and self.origin.is_foreign:
            return self.origin.advice(is_authentic=is_authentic)
        return self.pasted.advice if self.pasted is not None else ""


def parsed(token: object) -> UnverifiedToken:
    """Return a token in its parts.

    Raises:
        MalformedTokenError: If it is not a token.
    """
    return parse(as_ascii(token))


def read(token: object, issuers: Iterable[str] = (), pool_ids: Collection[str] = ()) -> Case:
    """Find out the token's origin, or the kind of text.

    Args:
        token: Any text.
        issuers: The accepted issuers; empty without a configured pool.
        pool_ids: Ids of the configured pools; by default, the last parts of their issuers.
    """
    pasted = None
    try:
        unverified = parsed(token)
        text = as_ascii(token).decode()
    except MalformedTokenError:
        raw = token.decode("ascii", "replace") if isinstance(token, bytes) else str(token)
        pasted = recognise(raw) or damaged(raw)
        text = pasted.token or ""
        salvaged = _salvaged(text)
        if salvaged is None:
            return Case(None, {}, None, pasted)
        unverified = salvaged
    payload: Mapping[str, object] = {}
    with suppress(MalformedTokenError):
        payload = unverified.payload()
    origin = origin_of(unverified_json(text.partition(".")[0]), payload, issuers, pool_ids)
    return Case(unverified, payload, origin, pasted)


def shown_time(value: object) -> str:
    """Return a NumericDate as a date, and any other value unchanged."""
    time = as_datetime(value)
    return shown(value) if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _salvaged(text: str) -> UnverifiedToken | None:
    """Return the token in a text, without its signature if that cannot be read."""
    header, _, rest = text.partition(".")
    for candidate in (text, f"{header}.{rest.partition('.')[0]}."):
        with suppress(MalformedTokenError):
            return parsed(candidate)
    return None
