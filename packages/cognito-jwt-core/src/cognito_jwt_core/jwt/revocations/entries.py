"""The entries of a revocation list in memory, by kind and id."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.jwt.revocations.entry import KINDS, Kind, Revocation, key_of, merged, revokes
from cognito_jwt_core.keys.fork import PerProcess

_log = logging.getLogger("cognito_jwt_core.revocations")

_PURGE_SECONDS = 60.0
_MANY_ENTRIES = 100_000

_ById: TypeAlias = dict[str, tuple[Revocation, ...]]  # two issuers can use the same id


class RevocationEntries:
    """Entries, each until it ends. Reading needs no lock.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = PerProcess(threading.Lock)
        self._by_kind = _no_entries()  # one dict per kind in `KINDS`
        self._count = 0
        self._has_warned = False
        self._purge_at = Moment.now(clock)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Revocation]:
        return (entry for by_id in self._by_kind for entries in by_id.values() for entry in entries)

    @property
    def lock(self) -> threading.Lock:
        """Return the lock for `add`, and for what must change together with the entries."""
        return self._lock.get()

    def is_revoked(self, claims: Mapping[str, Any]) -> bool:
        """Return whether an entry revokes a token, by its verified claims."""
        tokens, sessions, users, clients = self._by_kind
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
            entry.until > now and revokes(entry, claims)
            for by_id, id_ in zip(self._by_kind, ids, strict=True)
            if isinstance(id_, str)
            for entry in by_id.get(id_, ())
        )

    def add(self, entries: Iterable[Revocation], now: Moment) -> None:
        """Add entries. The caller holds `lock`."""
        if now.since(self._purge_at) >= _PURGE_SECONDS:
            self._purge_at = now
            self._purge(now.wall)
        for entry in entries:
            if entry.until > now.wall:
                by_id = self._by_kind[KINDS.index(entry.kind)]
                known = by_id.get(entry.id, ())
                others = [other for other in known if other.issuer != entry.issuer]
                same = [other for other in known if other.issuer == entry.issuer]
                by_id[entry.id] = (*others, merged(same[0], entry) if same else entry)
                self._count += not same
        if self._count >= _MANY_ENTRIES and not self._has_warned:
            self._has_warned = True
            _log.warning("%d revocations are kept: expected fewer than %d; none is removed", self._count, _MANY_ENTRIES)

    def _purge(self, now: float) -> None:
        current = [entry for entry in self if entry.until > now]
        kept = _no_entries()
        for entry in current:
            by_id = kept[KINDS.index(entry.kind)]
            by_id[entry.id] = (*by_id.get(entry.id, ()), entry)
        self._by_kind, self._count = kept, len(current)

    def missing_from(self, whole: Iterable[Revocation], now: Moment) -> list[Revocation]:
        """Return the entries here that another whole list does not cover. The caller holds `lock`."""
        shared: dict[tuple[Kind, str, str], Revocation] = {}
        for entry in whole:
            known = shared.get(key_of(entry))
            shared[key_of(entry)] = entry if known is None else merged(known, entry)
        return [entry for entry in self if entry.until > now.wall and not _covers(shared.get(key_of(entry)), entry)]


def _no_entries() -> tuple[_ById, _ById, _ById, _ById]:
    return {}, {}, {}, {}


def _covers(found: Revocation | None, entry: Revocation) -> bool:
    return found is not None and merged(found, entry) == found
