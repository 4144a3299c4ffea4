"""Store sessions on the server: the protocol, a store in memory, and one in Redis."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from cognito_jwt_core import Clock
from cognito_jwt_core.integration import PerProcess
from cognito_jwt_core.redis import connected, waits_forever

if TYPE_CHECKING:
    import redis


_log = logging.getLogger("flask_cognito.config")


class Record(NamedTuple):
    """A record of a store.

    Attributes:
        value: The stored text. It is sealed, so the store cannot read it.
        version: Changes with each `replace`, and with a `create` over the record.
    """

    value: str
    version: int


@runtime_checkable
class SessionStore(Protocol):
    """Store sessions. Write your own for a database that you already run.

    Every `load` must see each write that has returned. `replace` and `lock` must be atomic among all processes. A
    record must end with its time to live. Any exception means that the store is down, and requests with a session get
    a 503. Run `flask_cognito.testing.SessionStoreTests` on it.

    Keys are 64 hexadecimal characters, values are ASCII texts of up to about 16 KiB.
    """

    def load(self, key: str) -> Record | None:
        """Return the record with this key, or None."""

    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        """Store a new record of a user, for a time. Replace one with the same key, with a new version."""

    def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
        """Store a new value if the record exists with exactly this version. Return whether it did."""

    def touch(self, key: str, ttl_seconds: float) -> None:
        """Set the remaining time to live of an existing record."""

    def delete(self, key: str) -> None:
        """Delete a record, if it exists."""

    def delete_user(self, user: str) -> None:
        """Delete every record of a user."""

    def lock(self, key: str, ttl_seconds: float) -> AbstractContextManager[bool]:
        """Return a context manager that tries, without waiting, to take this key's lock. It returns whether it did.

        The lock ends with the `with` block, or after `ttl_seconds` if its holder has died. It is separate from
        the record, so `load` and `replace` need no lock.
        """


class _Kept(NamedTuple):
    record: Record
    user: str
    ends_at: float


class MemorySessionStore:
    """Store sessions in this process, for tests and single-process apps. A restart ends every session.

    Args:
        clock: Source of time.
    """

    def __init__(self, *, clock: Clock = time) -> None:
        self._clock = clock
        self._records: dict[str, _Kept] = {}
        self._locks = PerProcess(dict[str, tuple[str, float]])  # a forked child has none of the threads that hold them
        self._mutex = PerProcess(Lock)

    def load(self, key: str) -> Record | None:
        """Return the record with this key, or None."""
        kept = self._current(key)  # needs no lock, because it reads once
        return None if kept is None else kept.record

    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        """Store a new record of a user, for a time."""
        with self._mutex.get():
            now = self._clock.monotonic()
            self._records = {name: kept for name, kept in self._records.items() if now < kept.ends_at}
            before = self._records.get(key)
            # Never reuse a version, so that a replace of an older record fails.
            version = 1 if before is None else before.record.version + 1
            self._records[key] = _Kept(Record(value, version), user, now + ttl_seconds)

    def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
        """Store a new value if the record exists with exactly this version. Return whether it did."""
        with self._mutex.get():
            kept = self._current(key)
            if kept is None or kept.record.version != version:
                return False
            ends_at = self._clock.monotonic() + ttl_seconds
            self._records[key] = _Kept(Record(value, version + 1), kept.user, ends_at)
            return True

    def touch(self, key: str, ttl_seconds: float) -> None:
        """Set the remaining time to live of an existing record."""
        with self._mutex.get():
            kept = self._current(key)
            if kept is not None:
                self._records[key] = kept._replace(ends_at=self._clock.monotonic() + ttl_seconds)

    def delete(self, key: str) -> None:
        """Delete a record, if it exists."""
        with self._mutex.get():
            self._records.pop(key, None)

    def delete_user(self, user: str) -> None:
        """Delete every record of a user."""
        with self._mutex.get():
            self._records = {key: kept for key, kept in self._records.items() if kept.user != user}

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        """Try to take the lock of this key."""
        token = secrets.token_hex(16)
        with self._mutex.get():
            now, locks = self._clock.monotonic(), self._locks.get()
            is_free = key not in locks or now >= locks[key][1]
            if is_free:
                locks[key] = token, now + ttl_seconds
        try:
            yield is_free
        finally:
            with self._mutex.get():
                if locks.get(key, ("", 0))[0] == token:
                    del locks[key]

    def _current(self, key: str) -> _Kept | None:
        kept = self._records.get(key)
        return kept if kept is not None and self._clock.monotonic() < kept.ends_at else None


# Each script is atomic. Versions of an existing record never repeat, so that a replace of an older one fails. A user's
# index is a sorted set of keys by expiry (ms).
_CREATE = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'user', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], KEYS[1])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
"""
_KEEP = """
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local user = redis.call('HGET', KEYS[1], 'user')
if not user then return 0 end
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZADD', user, now + ARGV[1], KEYS[1])
if redis.call('PTTL', user) < tonumber(ARGV[1]) then redis.call('PEXPIRE', user, ARGV[1]) end
return 1
"""
_REPLACE = (
    """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'version', 1)
"""
    + _KEEP
)
_DELETE_USER = """
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('HGET', key, 'user') == KEYS[1] then redis.call('DEL', key) end
end
redis.call('DEL', KEYS[1])
"""
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisSessionStore:
    """Store sessions in Redis or Valkey, for any number of processes and hosts. Requires the extra ``redis``.

    Its scripts use keys from inside records, so it needs one server (optionally with replicas), not a cluster.
    Configure the server to evict nothing (`maxmemory-policy noeviction`), or users whose records are evicted must
    sign in again.

    Args:
        redis_or_url: A `redis.Redis`, or a URL like ``redis://localhost:6379/0``.
        prefix: Prefix of every key.

    Raises:
        ConfigurationError: If the extra is not installed, or the URL is invalid.
    """

    def __init__(self, redis_or_url: redis.Redis | str, *, prefix: str = "cognito:session:") -> None:
        client: Any = redis_or_url
        if isinstance(redis_or_url, str):
            client = connected(redis_or_url, "COGNITO_SESSION_STORE", extra="flask-cognito[redis]")
        elif waits_forever(redis_or_url):
            _log.warning(
                "COGNITO_SESSION_STORE: the Redis client has no socket_timeout, so each request with a session waits"
                " forever for a server that does not answer; pass socket_timeout=2"
            )
        self._client = client
        self._prefix = prefix
        self._create = client.register_script(_CREATE)
        self._touch = client.register_script(_KEEP)
        self._replace = client.register_script(_REPLACE)
        self._delete_user = client.register_script(_DELETE_USER)
        self._unlock = client.register_script(_UNLOCK)

    def load(self, key: str) -> Record | None:
        """Return the record with this key, or None."""
        value, version = self._client.hmget(self._prefix + key, ("value", "version"))
        return None if value is None else Record(_text(value), int(version))

    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        """Store a new record of a user, for a time."""
        self._create(keys=(self._prefix + key, self._user(user)), args=(value, _milliseconds(ttl_seconds)))

    def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
        """Store a new value if the record exists with exactly this version. Return whether it did."""
        args = (_milliseconds(ttl_seconds), version, value)
        return bool(self._replace(keys=(self._prefix + key,), args=args))

    def touch(self, key: str, ttl_seconds: float) -> None:
        """Set the remaining time to live of an existing record."""
        self._touch(keys=(self._prefix + key,), args=(_milliseconds(ttl_seconds),))

    def delete(self, key: str) -> None:
        """Delete a record, if it exists."""
        self._client.delete(self._prefix + key)

    def delete_user(self, user: str) -> None:
        """Delete every record of a user."""
        self._delete_user(keys=(self._user(user),))

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        """Try to take the lock of this key."""
        name, token, process = f"{self._prefix}lock:{key}", secrets.token_hex(16), os.getpid()
        is_taken = bool(self._client.set(name, token, nx=True, px=_milliseconds(ttl_seconds)))
        try:
            yield is_taken
        finally:
            if is_taken and os.getpid() == process:  # a child that was forked meanwhile leaves the lock to its parent
                # Release only our own lock, because after a long pause it may be another holder's.
                self._unlock(keys=(name,), args=(token,))

    def _user(self, user: str) -> str:
        return f"{self._prefix}user:{user}"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
