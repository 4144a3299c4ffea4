"""`RevocationList`: revoked tokens, sessions, users and app clients, in memory and shared among hosts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import ConfigurationError, InvalidClaimError, MissingClaimError, shown
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.jwt.revocations.entries import RevocationEntries
from cognito_jwt_core.jwt.revocations.entry import Kind, Revocation
from cognito_jwt_core.jwt.revocations.shared import RevocationSource, SharedCopy

_LONGEST_TOKEN_SECONDS = 86_400.0  # "Token expiration": Cognito's access and ID tokens live for at most a day


class RevocationList:
    """Revoked tokens, sessions, users and app clients. `CognitoVerifier(revocations=…)` asks it about every token.

    Cognito revokes refresh tokens without notifying APIs, which accept earlier access tokens until they expire. This
    list rejects them immediately.

    With a source, each process keeps a copy of the shared list, and reads new entries in the background. It keeps each
    entry until it ends, even if the shared list loses it.

    Args:
        source: A list that several processes share, such as `RedisRevocations`; None for this process only.
        refresh_seconds: How often the shared list is read.
        max_age_seconds: Maximum age of a trusted copy.
        leeway: Seconds to add to the current time, for tokens of an issuer whose clock is ahead.
        when_unknown: What to do without a trusted copy. "refuse" raises `RevocationsUnavailableError`
            (503), "accept" uses the old copy and logs a warning.
        clock: Source of time.

    Raises:
        ConfigurationError: If an argument is invalid.
    """

    def __init__(
        self,
        source: RevocationSource | None = None,
        *,
        refresh_seconds: float = 5,
        max_age_seconds: float = 60,
        leeway: float = 5,
        when_unknown: Literal["refuse", "accept"] = "refuse",
        clock: Clock = time,
    ) -> None:
        for name, value, least in (
            ("refresh_seconds", refresh_seconds, 0.1),
            ("max_age_seconds", max_age_seconds, refresh_seconds),
            ("leeway", leeway, 0),
        ):
            if type(value) not in (int, float) or not least <= value <= _LONGEST_TOKEN_SECONDS:
                raise ConfigurationError(f"{name}: expected seconds from {least:g} to 86400, found {shown(value)}")
        if when_unknown not in ("refuse", "accept"):
            raise ConfigurationError(f"when_unknown: expected 'refuse' or 'accept', found {shown(when_unknown)}")
        if source is not None and not (hasattr(source, "read") and hasattr(source, "add")):
            raise ConfigurationError(f"source: expected an object with read and add, found {shown(source)}")
        self._leeway = leeway
        self._clock = clock
        self._entries = RevocationEntries(clock)
        self._shared: SharedCopy | None = None
        if source is not None:
            self._shared = SharedCopy(
                source,
                self._entries,
                refresh_seconds=refresh_seconds,
                max_age_seconds=max_age_seconds,
                accepts_unknown=when_unknown == "accept",
                clock=clock,
            )
        self._life_seconds = _LONGEST_TOKEN_SECONDS
        self._spare_seconds = leeway

    def __repr__(self) -> str:
        return f"<RevocationList of {len(self._entries)} entries>"

    # Revoke tokens.

    def revoke_token(self, claims: Mapping[str, Any]) -> None:
        """Revoke one token, by its ``jti``. The entry ends when the token expires.

        Args:
            claims: Its verified claims.

        Raises:
            MissingClaimError: If the token has no ``jti``, ``iss`` or ``exp``.
            RevocationsUnavailableError: If the entry cannot be shared. It applies in this process, and is shared later.
        """
        issuer, jti = _text(claims, "iss"), _text(claims, "jti")
        self._add(Revocation("token", issuer, jti, None, _end_of(claims) + self._spare_seconds))

    def revoke_session(self, claims: Mapping[str, Any], *, until: float | None = None) -> None:
        """Revoke every token of one sign-in, refreshed ones included, by their ``origin_jti``.

        Args:
            claims: Verified claims of one of its tokens.
            until: When the session ends, in seconds since 1970, for a session whose refresh token Cognito did not
                confirm as revoked. By default, the ``exp`` of this token, which is enough if Cognito issues no more.

        Raises:
            MissingClaimError: If the token has no ``origin_jti``, ``iss`` or ``exp``. Cognito omits ``origin_jti``
                if token revocation is off for the app client.
            RevocationsUnavailableError: If the entry cannot be shared. It applies in this process, and is shared later.
        """
        issuer, origin = _text(claims, "iss"), _text(claims, "origin_jti")
        end = max(_end_of(claims), until or 0)
        self._add(Revocation("session", issuer, origin, None, end + self._spare_seconds))

    def revoke_user(self, issuer: str, sub: str, before: float | datetime | None = None) -> None:
        """Revoke every token of a user that was issued, or whose user signed in, up to a second.

        A token without ``iat`` is also revoked, because its time of issue is unknown.

        Args:
            issuer: ``iss`` of the user's tokens.
            sub: ``sub`` of the user's tokens.
            before: The second, as a timezone-aware datetime or in seconds since 1970; now plus `leeway` by default.

        Raises:
            ConfigurationError: If an argument is invalid.
            RevocationsUnavailableError: If the entry cannot be shared. It applies in this process, and is shared later.
        """
        self._revoke_before("user", issuer, "sub", sub, before)

    def revoke_client(self, issuer: str, client_id: str, before: float | datetime | None = None) -> None:
        """Revoke every token of an app client that was issued, or whose user signed in, up to a second.

        Args:
            issuer: ``iss`` of the tokens.
            client_id: The app client.
            before: As for `revoke_user`.

        Raises:
            ConfigurationError: If an argument is invalid.
            RevocationsUnavailableError: If the entry cannot be shared. It applies in this process, and is shared later.
        """
        self._revoke_before("client", issuer, "client_id", client_id, before)

    def keep_for_at_least(self, seconds: float) -> None:
        """Keep the entries of users and clients at least as long as the app's longest session.

        By default they are kept for a day, the longest lifetime of a token.
        """
        self._life_seconds = max(self._life_seconds, seconds)

    def allow_leeway(self, seconds: float) -> None:
        """Keep all entries longer, because a verifier accepts tokens for this time after their ``exp``.

        A verifier calls it with its own `leeway`.
        """
        self._spare_seconds = max(self._spare_seconds, seconds)

    def _revoke_before(self, kind: Kind, issuer: str, option: str, id_: str, before: float | datetime | None) -> None:
        for name, value in (("issuer", issuer), (option, id_)):
            if not isinstance(value, str) or not value:
                raise ConfigurationError(f"{name}: expected a str, found {shown(value)}")
        now = self._clock.time()
        if before is None:
            before = now + self._leeway
        elif isinstance(before, datetime) and before.tzinfo is not None:
            before = before.timestamp()
        if not is_numeric_date(before):
            raise ConfigurationError(
                f"before: expected seconds since 1970 or a datetime with a time zone, found {shown(before)}"
            )
        until = max(now, before) + self._life_seconds + self._spare_seconds
        self._add(Revocation(kind, issuer, id_, before, until))

    def _add(self, entry: Revocation) -> None:
        if self._shared is not None:
            self._shared.add(entry)
            return
        with self._entries.lock:
            self._entries.add([entry], Moment.now(self._clock))

    # Check tokens.

    def is_revoked(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token is revoked, by its verified claims.

        Raises:
            RevocationsUnavailableError: If the copy of the shared list is too old to be trusted.
        """
        if self._shared is not None:
            self._shared.require_known()
        return self._entries.is_revoked(claims)

    # The copy of the shared list.

    @property
    def age(self) -> float | None:
        """Return seconds since the shared list was last read; 0 without a shared list, None before the first read."""
        return 0.0 if self._shared is None else self._shared.age

    @property
    def is_ready(self) -> bool:
        """Return whether the copy can be trusted."""
        return self._shared is None or self._shared.is_ready

    def ready(self) -> None:
        """Wait until the shared list has been read, for at most 3 seconds.

        Raises:
            RevocationsUnavailableError: If it could not be read; never with ``when_unknown="accept"``.
        """
        if self._shared is not None:
            self._shared.ready()

    async def ready_async(self) -> None:
        """Like `ready`, without blocking the event loop."""
        if self._shared is not None:
            await self._shared.ready_async()


def _text(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if value is None:
        raise MissingClaimError(f"{claim}: expected in the token, found no such claim", claim=claim)
    if not isinstance(value, str) or not value:
        raise InvalidClaimError(f"{claim}: expected a str, found {shown(value)}", claim=claim, actual=value)
    return value


def _end_of(claims: Mapping[str, Any]) -> float:
    value = claims.get("exp")
    if value is None:
        raise MissingClaimError("exp: expected in the token, found no such claim", claim="exp")
    if not is_numeric_date(value):
        raise InvalidClaimError(f"exp: expected a time, found {shown(value)}", claim="exp", actual=value)
    return value
