"""Share revocations among hosts through Redis or Valkey. Requires the extra ``redis``.

Signing keys are never shared this way. Only TLS to AWS proves that a JWK Set is genuine, and anyone who can write to a
shared copy could sign tokens. Anyone who can write to a revocation list can sign users out, or undo revocations. They
cannot create a token that Cognito did not issue.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from cognito_jwt_core.clock import REAL_TIME
from cognito_jwt_core.errors import ConfigurationError
from cognito_jwt_core.jose.strict_json import check_depth
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.jwt.revocations.entry import KINDS, Revocation
from cognito_jwt_core.jwt.revocations.shared import Changes

if TYPE_CHECKING:
    import redis

__all__ = ["RedisRevocations", "connected", "waits_forever"]

_log = logging.getLogger("cognito_jwt_core.revocations")

_TIMEOUT_SECONDS = 2
_PAGE = 5_000
_OLDEST = 100


class RedisRevocations:
    """A list of revocations in Redis (6.2 or later) or Valkey, for ``RevocationList(source=…)``.

    The list is one stream. Configure the server to keep it, with `maxmemory-policy noeviction` and append-only
    persistence.

    Args:
        redis_or_url: A `redis.Redis`, or a URL like ``redis://localhost:6379/0``.
        prefix: Prefix of the stream's key.

    Raises:
        ConfigurationError: If the extra is not installed, or the URL is invalid.
    """

    def __init__(self, redis_or_url: redis.Redis | str, prefix: str = "cognito:revoked:") -> None:
        self._client: Any = redis_or_url
        if isinstance(redis_or_url, str):
            self._client = connected(redis_or_url, "RedisRevocations")
        elif waits_forever(redis_or_url):
            _log.warning(
                "RedisRevocations: the Redis client has no socket_timeout, so it waits forever for a server that does"
                " not answer; pass socket_timeout=2"
            )
        self._stream = f"{prefix}list"

    def read(self, after: str | None) -> Changes:
        """Return the entries after a cursor, or the whole list without one or if the list no longer has that entry.

        The entry is missing if the list was flushed, or if a replica lags behind.
        """
        if after is not None:
            first = self._client.xrange(self._stream, after, after, count=1)
            if first:
                return self._changes(after, is_whole=False)
        return self._changes(None, is_whole=True)

    def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries, and delete some of the oldest expired ones."""
        self._delete_ended()
        remaining = iter(entries)
        while page := list(islice(remaining, _PAGE)):
            pipeline = self._client.pipeline(transaction=False)
            for entry in page:
                pipeline.xadd(self._stream, {"revocation": json.dumps(entry)})
            pipeline.execute()

    def _changes(self, after: str | None, *, is_whole: bool) -> Changes:
        entries: list[Revocation] = []
        junk = 0
        while rows := self._client.xrange(self._stream, "-" if after is None else f"({after}", "+", count=_PAGE):
            for id_, fields in rows:
                after = _text(id_)
                entry = _entry(fields)
                if entry is None:
                    junk += 1
                else:
                    entries.append(entry)
        if junk:
            _log.warning("the shared revocations hold %d invalid entries: they are ignored", junk)
        return Changes(tuple(entries), after, is_whole)

    def _delete_ended(self) -> None:
        now = REAL_TIME.time()
        ended = []
        for id_, fields in self._client.xrange(self._stream, "-", "+", count=_OLDEST):
            entry = _entry(fields)
            if entry is not None and entry.until <= now:
                ended.append(id_)
        if ended:
            self._client.xdel(self._stream, *ended)


def connected(url: str, needed_by: str, extra: str = "cognito-jwt-core[redis]") -> redis.Redis:
    """Return a client whose calls have time limits.

    Args:
        url: A URL such as ``redis://localhost:6379/0``.
        needed_by: Name of the caller, for the messages.
        extra: Requirement to install, for the messages.

    Raises:
        ConfigurationError: If the extra is not installed, or the URL is invalid.
    """
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(f"{needed_by}: Redis needs an extra: pip install '{extra}'") from error
    try:
        return redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, health_check_interval=30
        )
    except ValueError as error:
        # The message omits the URL, because it may contain a password.
        raise ConfigurationError(
            f"{needed_by}: expected a URL like redis://localhost:6379/0, found another text"
        ) from error


def waits_forever(client: redis.Redis) -> bool:
    """Return whether a client has no time limit for an answer. It was the default before redis 8."""
    pool: Any = getattr(client, "connection_pool", None)
    if pool is None:  # for example a cluster's client
        return False
    connection = pool.connection_class(**pool.connection_kwargs)
    return getattr(connection, "socket_timeout", 0) is None


def _entry(fields: Any) -> Revocation | None:
    """Return the entry in a row, or None if this library did not write the row."""
    try:
        text = _text(fields.get(b"revocation") or fields["revocation"])
        check_depth(text)
        kind, issuer, id_, before, until = json.loads(text)
    except (KeyError, TypeError, ValueError):
        return None
    if kind not in KINDS or not all(isinstance(text, str) and text for text in (issuer, id_)):
        return None
    is_before_right = is_numeric_date(before) if kind in ("user", "client") else before is None
    if not is_before_right or not is_numeric_date(until):
        return None
    return Revocation(kind, issuer, id_, before, until)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
