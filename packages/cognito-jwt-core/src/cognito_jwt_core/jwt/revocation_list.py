"""`RevocationList`: revoked tokens, sessions, users and app clients, in memory and shared among hosts."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from cognito_jwt_core import workers
from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import (
    ConfigurationError,
    InvalidClaimError,
    MissingClaimError,
    RevocationsUnavailableError,
    shown,
)
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.keys.fetch import Fetch
from cognito_jwt_core.keys.fork import PerProcess

_log = logging.getLogger("cognito_jwt_core.revocations")

_LONGEST_TOKEN_SECONDS = 86_400.0  # "Token expiration": Cognito's access and ID tokens live for at most a day
_PATIENCE_SECONDS = 3.0
_PURGE_SECONDS = 60.0
_MANY_ENTRIES = 100_000

Kind = Literal["token", "session", "user", "client"]
KINDS: tuple[Kind, ...] = ("token", "session", "user", "client")


class Revocation(NamedTuple):
    """One entry of the list.

    Attributes:
        kind: Kind of entry.
        issuer: Issuer of the token, session, user or client. Ids are unique only within an issuer.
        id: ``jti``, ``origin_jti``, ``sub`` or the app client's id.
        before: For a user or client: tokens and sign-ins up to this second are revoked, in seconds since 1970.
        until: When the entry ends, in seconds since 1970. Everything that it revokes has expired by then.
    """

    kind: Kind
    issuer: str
    id: str
    before: float | None
    until: float


class Changes(NamedTuple):
    """The entries of a shared list, or those added to it.

    Attributes:
        entries: The entries.
        cursor: Position of the next read; None for a list without entries.
        is_whole: Whether these are all entries, and not only those after the given cursor.
    """

    entries: tuple[Revocation, ...]
    cursor: str | None
    is_whole: bool


class RevocationSource(Protocol):
    """A list that several processes share. Its methods may block, and may raise anything."""

    def read(self, after: str | None) -> Changes:
        """Return the entries after a cursor. Return the whole list without one, or if it belongs to another list."""

    def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries."""


_ById: TypeAlias = dict[str, tuple[Revocation, ...]]  # two issuers can use the same id


class _InProcess:
    """State that a forked child must not share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loading: Fetch | None = None


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
        self._source = source
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._leeway = leeway
        self._accepts_unknown = when_unknown == "accept"
        self._clock = clock
        self._process = PerProcess(_InProcess)

        self._entries = _no_entries()  # one dict per kind in `KINDS`
        self._count = 0
        self._has_warned = False
        self._purge_at = Moment.now(clock)
        self._life_seconds = _LONGEST_TOKEN_SECONDS
        self._spare_seconds = leeway
        self._unshared: list[Revocation] = []
        self._cursor: str | None = None
        self._read_at: Moment | None = None
        # Two numbers instead of a `Moment`, because they are read for every token.
        self._fresh_until_wall = self._fresh_until_monotonic = -math.inf
        self._tried_at: Moment | None = None
        self._has_failed = False
        self._loads = 0

    def __repr__(self) -> str:
        return f"<RevocationList of {self._count} entries>"

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
            before = before.astimezone(timezone.utc).timestamp()
        if not is_numeric_date(before):
            raise ConfigurationError(
                f"before: expected seconds since 1970 or a datetime with a time zone, found {shown(before)}"
            )
        until = max(now, before) + self._life_seconds + self._spare_seconds
        self._add(Revocation(kind, issuer, id_, before, until))

    def _add(self, entry: Revocation) -> None:
        with self._process.get().lock:
            self._hold([entry])
            if self._source is not None:
                self._unshared.append(entry)
        if self._source is not None:
            try:
                self._share()
            except Exception as error:
                raise RevocationsUnavailableError(
                    "the revocation applies in this process, and could not be shared yet: expected the shared list to"
                    f" answer, found {type(error).__name__}"
                ) from error

    # Check tokens.

    def is_revoked(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token is revoked, by its verified claims.

        Raises:
            RevocationsUnavailableError: If the copy of the shared list is too old to be trusted.
        """
        if self._source is not None:
            clock = self._clock
            if clock.monotonic() >= self._fresh_until_monotonic or clock.time() >= self._fresh_until_wall:
                self._begin_loading()
                self._require_known()
        tokens, sessions, users, clients = self._entries
        try:
            # Nearly every token returns here. Testing for an empty dict is cheaper than building the id to look up.
            if not (
                (sessions and claims.get("origin_jti") in sessions)
                or (users and claims.get("sub") in users)
                or (tokens and claims.get("jti") in tokens)
                or (clients and (claims.get("client_id") or claims.get("aud")) in clients)
            ):
                return False
        except TypeError:
            pass  # a claim that is not text cannot be an entry's id
        return self._has_entry_for(claims)

    def _has_entry_for(self, claims: Mapping[str, Any]) -> bool:
        # Separate from `is_revoked`, where a generator over its variables would make each access slower.
        now = self._clock.time()
        ids = (
            claims.get("jti"),
            claims.get("origin_jti"),
            claims.get("sub"),
            claims.get("client_id") or claims.get("aud"),
        )
        return any(
            entry.until > now and _revokes(entry, claims)
            for by_id, id_ in zip(self._entries, ids, strict=True)
            if isinstance(id_, str)
            for entry in by_id.get(id_, ())
        )

    # Update the copy of the shared list.

    @property
    def age(self) -> float | None:
        """Return seconds since the shared list was last read; 0 without a shared list, None before the first read."""
        if self._source is None:
            return 0.0
        return None if self._read_at is None else Moment.now(self._clock).since(self._read_at)

    @property
    def is_ready(self) -> bool:
        """Return whether the copy can be trusted."""
        age = self.age
        return age is not None and age <= self._max_age_seconds

    def ready(self) -> None:
        """Wait until the shared list has been read, for at most 3 seconds.

        Raises:
            RevocationsUnavailableError: If it could not be read; never with ``when_unknown="accept"``.
        """
        loading = None if self.is_ready else self._begin_loading()
        if loading is not None and not self._has_failed:
            loading.wait()
        self._require_known()

    async def ready_async(self) -> None:
        """Like `ready`, without blocking the event loop."""
        loading = None if self.is_ready else self._begin_loading()
        if loading is not None and not self._has_failed:
            await loading.wait_async()
        self._require_known()

    def _require_known(self) -> None:
        if not self.is_ready and not self._accepts_unknown:
            raise RevocationsUnavailableError(
                f"expected a copy of the shared list of at most {self._max_age_seconds:g} s, found none",
                retry_after=max(1, round(self._refresh_seconds)),
            )

    def _begin_loading(self) -> Fetch | None:
        """Return the running read, or start one if it is due."""
        process = self._process.get()
        if not process.lock.acquire(blocking=False):  # a long list is being merged, and no request waits for it
            return process.loading
        try:
            now = Moment.now(self._clock)
            if process.loading is None and (
                self._tried_at is None or now.since(self._tried_at) >= self._refresh_seconds or not self._has_failed
            ):
                self._tried_at = now
                self._loads += 1
                # Set before the worker starts, because one that fails immediately must not end before this.
                process.loading = Fetch(self._loads, now, _PATIENCE_SECONDS)
                try:
                    workers.run(partial(self._load, process.loading))
                except RuntimeError:  # no thread: the interpreter is shutting down, or the system cannot start one
                    process.loading = None
            return process.loading
        finally:
            process.lock.release()

    def _load(self, loading: Fetch) -> None:
        try:
            self._share()
            self._read()
        except Exception as error:  # noqa: BLE001  a source may raise anything: it is down
            if not self._has_failed:
                _log.warning("the shared revocations cannot be read: %s; %s", type(error).__name__, self._consequence())
            self._has_failed = True
        else:
            if self._has_failed:
                _log.warning("the shared revocations can be read again")
            self._has_failed = False
        finally:
            self._process.get().loading = None
            loading.release()

    def _consequence(self) -> str:
        what = "tokens are checked against the old copy" if self._accepts_unknown else "tokens get a 503"
        return f"if that lasts longer than {self._max_age_seconds:g} s, {what}"

    def _read(self) -> None:
        assert self._source is not None
        began_at = Moment.now(self._clock)
        changes = self._source.read(self._cursor)
        with self._process.get().lock:
            lost = self._lost_in(changes) if changes.is_whole else []
            self._hold(changes.entries)
            self._cursor = changes.cursor
            self._read_at = began_at
            self._fresh_until_wall, self._fresh_until_monotonic = (at + self._refresh_seconds for at in began_at)
        if lost:
            _log.warning(
                "the shared revocations lost %d entries that are known here; they are written again", len(lost)
            )
            self._source.add(lost)

    def _lost_in(self, whole: Changes) -> list[Revocation]:
        shared: dict[tuple[Kind, str, str], Revocation] = {}
        for entry in whole.entries:
            known = shared.get(_key(entry))
            shared[_key(entry)] = entry if known is None else _both(known, entry)
        now = self._clock.time()
        return [entry for entry in self._held() if entry.until > now and not _covers(shared.get(_key(entry)), entry)]

    def _held(self) -> Iterator[Revocation]:
        return (entry for by_id in self._entries for entries in by_id.values() for entry in entries)

    def _share(self) -> None:
        assert self._source is not None
        unshared = tuple(self._unshared)
        if unshared:
            self._source.add(unshared)
            with self._process.get().lock:
                self._unshared = [entry for entry in self._unshared if entry not in unshared]

    def _hold(self, entries: Iterable[Revocation]) -> None:
        """Keep entries in memory. The caller must hold the lock."""
        now = Moment.now(self._clock)
        if now.since(self._purge_at) >= _PURGE_SECONDS:
            self._purge_at = now
            self._purge(now.wall)
        for entry in entries:
            if entry.until > now.wall:
                by_id = self._entries[KINDS.index(entry.kind)]
                known = by_id.get(entry.id, ())
                others = [other for other in known if other.issuer != entry.issuer]
                same = [other for other in known if other.issuer == entry.issuer]
                by_id[entry.id] = (*others, _both(same[0], entry) if same else entry)
                self._count += not same
        if self._count >= _MANY_ENTRIES and not self._has_warned:
            self._has_warned = True
            _log.warning("%d revocations are kept: expected fewer than %d; none is dropped", self._count, _MANY_ENTRIES)

    def _purge(self, now: float) -> None:
        current = [entry for entry in self._held() if entry.until > now]
        kept = _no_entries()
        for entry in current:
            by_id = kept[KINDS.index(entry.kind)]
            by_id[entry.id] = (*by_id.get(entry.id, ()), entry)
        self._entries, self._count = kept, len(current)


def _no_entries() -> tuple[_ById, _ById, _ById, _ById]:
    return {}, {}, {}, {}


def _key(entry: Revocation) -> tuple[Kind, str, str]:
    return entry.kind, entry.issuer, entry.id


def _revokes(entry: Revocation, claims: Mapping[str, object]) -> bool:
    if entry.issuer != claims.get("iss"):
        return False
    issued_at, auth_time = claims.get("iat"), claims.get("auth_time")
    if entry.before is None or not is_numeric_date(issued_at) or issued_at <= entry.before:
        return True
    # A refresh changes only `iat`. A token of an app client has no `auth_time`.
    return auth_time is not None and (not is_numeric_date(auth_time) or auth_time <= entry.before)


def _covers(found: Revocation | None, entry: Revocation) -> bool:
    return found is not None and _both(found, entry) == found


def _both(one: Revocation, other: Revocation) -> Revocation:
    """Return an entry that revokes what either entry does."""
    times = [entry.before for entry in (one, other) if entry.before is not None]
    return one._replace(before=max(times, default=None), until=max(one.until, other.until))


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
