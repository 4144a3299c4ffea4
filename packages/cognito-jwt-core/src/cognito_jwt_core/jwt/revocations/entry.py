"""`Revocation`: one entry of a revocation list, and what it revokes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from cognito_jwt_core.jwt.claims import is_numeric_date

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


def key_of(entry: Revocation) -> tuple[Kind, str, str]:
    """Return what an entry is about. A list has one entry for each key."""
    return entry.kind, entry.issuer, entry.id


def revokes(entry: Revocation, claims: Mapping[str, object]) -> bool:
    """Return whether an entry for an id in these claims revokes their token."""
    if entry.issuer != claims.get("iss"):
        return False
    issued_at, auth_time = claims.get("iat"), claims.get("auth_time")
    if entry.before is None or not is_numeric_date(issued_at) or issued_at <= entry.before:
        return True
    # A refresh changes only `iat`. A token of an app client has no `auth_time`.
    return auth_time is not None and (not is_numeric_date(auth_time) or auth_time <= entry.before)


def merged(one: Revocation, other: Revocation) -> Revocation:
    """Return an entry that revokes what either of two entries with the same key does."""
    times = [entry.before for entry in (one, other) if entry.before is not None]
    return one._replace(before=max(times, default=None), until=max(one.until, other.until))
