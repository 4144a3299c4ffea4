"""Store sessions in a store, behind a cookie with a random id."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from cognito_jwt_core import Clock
from cognito_jwt_core.integration import REAL_TIME

from flask_cognito.sign_in.cookies.memory import BoundedMemory
from flask_cognito.sign_in.cookies.rules import CookieRules
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError, held_session
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.sessions.store import SessionStore

_TOUCHED_KEPT = 4096
# Time limits for ending all sessions of a user, and for waiting for a refresh or another such call.
_ENDING_SECONDS = 30
_WAIT_SECONDS = 10
_POLL_SECONDS = 0.02
_SECRET_BYTES = 32
# Purposes with a format version, so that values of another release are unreadable, not misread.
_SESSION = "stored session 1"
_NOTE = "note 1"


class StoreKeeper:
    """Store sessions in a store. The browser has a random id and a secret.

    Reading a session takes a copy of the store, `SECRET_KEY` and the cookie's secret.

    Args:
        store: The store.
        secrets: Secrets for encryption.
        rules: Names and attributes of cookies.
        binding: Issuer and client.
        clock: Source of time.
        idle_timeout: Seconds without a request after which a session ends, or None.
        user_of: Function that returns the store's name for a session's user.
    """

    is_shared = True

    def __init__(
        self,
        store: SessionStore,
        secrets: Sequence[bytes],
        rules: CookieRules,
        binding: tuple[str, str],
        *,
        clock: Clock,
        idle_timeout: float | None,
        user_of: Callable[[Session], str],
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._rules = rules
        self._binding = binding
        self._clock = clock
        self._idle_timeout = idle_timeout
        self._user_of = user_of
        # By digest of the cookie, the last record that it opened, and the session in it.
        self._opened: BoundedMemory[bytes, tuple[str, Held]] = BoundedMemory()
        self._touched: BoundedMemory[str, float] = BoundedMemory(_TOUCHED_KEPT)

    def id_in(self, cookies: Mapping[str, str]) -> str:
        """Return the session id in a request, unverified. Empty if there is none."""
        return cookies.get(self._rules.name, "").partition(".")[0]

    def find(self, cookies: Mapping[str, str]) -> Held | None:
        """Return the session of a request."""
        held = self.peek(cookies)
        if held is not None and self._idle_timeout is not None:
            self._touch(held, self._idle_timeout)
        return held

    def peek(self, cookies: Mapping[str, str]) -> Held | None:
        """Return a request's session without counting it as activity of the user."""
        session_id, _, secret = cookies.get(self._rules.name, "").partition(".")
        if not session_id or not secret:
            return None
        return self._load(_key(session_id), session_id, secret.encode())

    def begin(self, session: Session) -> list[str]:
        """Store a new session. Return its cookies."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        key = _key(session.id)
        value = self._seal(session.id, secret.encode()).seal(session.as_json())
        with _down():
            self._store.create(key, value, self._ttl(session), self._user_of(session))
        max_age = session.ends_at - self._clock.time()
        return [self._rules.written(self._rules.name, f"{session.id}.{secret}", max_age)]

    def reload(self, held: Held) -> Held | None:
        """Return the stored session."""
        return self._load(held.key, held.session.id, held.secret)

    def renew(self, held: Held, session: Session) -> Held | None:
        """Store new tokens of a session, unless it has ended meanwhile."""
        value = self._seal(session.id, held.secret).seal(session.as_json())
        with _down():
            is_kept = self._store.replace(held.key, value, held.version, self._ttl(session))
        return Held(session=session, key=held.key, secret=held.secret, version=held.version) if is_kept else None

    def cookies_of(self, held: Held) -> list[str]:
        """Return nothing, because the cookie of a session in a store does not change."""
        return []

    def end(self, held: Held) -> None:
        """End a session without waiting for a lock."""
        marker = _key("ended", held.key)
        with _down():
            # Set first, because `_end_others` may be about to create the record again.
            self._store.create(marker, "", _ENDING_SECONDS, marker)
            self._store.delete(held.key)

    def has_ended(self, session: Session) -> bool:
        """Return whether the store has no record of a session."""
        with _down():
            return self._store.load(_key(session.id)) is None

    def end_all(self, users: Sequence[str], but: Held | None) -> None:
        """End every session of a user, except one.

        Two simultaneous calls would each spare the other's session, so one waits for the other.
        """
        with self._only_one(_key("end all", users[0])):
            if but is None or self._user_of(but.session) != users[0]:  # no session, or another user's
                self._delete_users([*users, *map(_spared, users)])
            else:
                with self._only_one(but.key):  # a refresh writes to the record to keep
                    self._end_others(users, but)

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        """Try to get exclusive access."""
        with _down():
            lock = self._store.lock(key, ttl_seconds)
            is_taken = lock.__enter__()
        try:
            yield is_taken
        finally:
            # The work under the lock is complete. A lock that cannot be released expires.
            with suppress(Exception):
                lock.__exit__(None, None, None)

    def note(self, key: str, secret: bytes, value: Mapping[str, Any], ttl_seconds: float) -> None:
        """Store a value for other processes, sealed with a secret that they know."""
        with _down():
            self._store.create(key, self._note_seal(key, secret).seal(value), ttl_seconds, key)

    def noted(self, key: str, secret: bytes) -> Mapping[str, Any] | None:
        """Return the value from `note`, or None."""
        with _down():
            record = self._store.load(key)
        opened = None if record is None else self._note_seal(key, secret).open(record.value)
        return None if opened is None else opened.value

    def _end_others(self, users: Sequence[str], but: Held) -> None:
        """End every session of a user except one, whose record exists all the time.

        The record moves to a separate list, and back when the user's list is empty.
        """
        began_at = self._clock.monotonic()
        with _down():
            record = self._store.load(but.key)
        if record is None:  # ended meanwhile
            self._delete_users([*users, *map(_spared, users)])
            return
        home, shelter = users[0], _spared(users[0])

        def move(to: str) -> None:
            with _down():
                self._store.create(but.key, record.value, self._ttl(but.session), to)

        move(home)
        self._delete_users([*map(_spared, users)])  # left over from a process that died halfway
        move(shelter)
        self._delete_users(users)
        move(home)
        with _down():
            # A logout deletes the record after setting its marker, so that one of the two notices the other.
            is_ended = self._store.load(_key("ended", but.key)) is not None
            if is_ended or self._clock.monotonic() > began_at + _ENDING_SECONDS / 2:
                self._store.delete(but.key)

    def _delete_users(self, users: Sequence[str]) -> None:
        with _down():
            for user in users:
                self._store.delete_user(user)

    @contextmanager
    def _only_one(self, key: str) -> Iterator[None]:
        end = REAL_TIME.monotonic() + _WAIT_SECONDS
        while True:
            with self.lock(key, _ENDING_SECONDS) as is_mine:
                if is_mine:
                    yield
                    return
            if REAL_TIME.monotonic() >= end:
                raise StoreDownError("session store: its lock is held by another request")
            time.sleep(_POLL_SECONDS)

    def _load(self, key: str, session_id: str, secret: bytes) -> Held | None:
        try:  # not with `_down`, which takes longer, on each request
            record = self._store.load(key)
        except Exception as error:
            raise _store_down(error) from error
        if record is None:
            return None
        digest = hashlib.sha256(b"\0".join((key.encode(), secret))).digest()
        known, held = self._opened.get(digest) or ("", None)
        if held is None or known != record.value:
            opened = self._seal(session_id, secret).open(record.value)
            if opened is None:
                return None
            held = held_session(opened)
            self._opened.put(digest, (record.value, held))
        if held.session.is_over(self._clock.time()):
            return None
        return Held(session=held.session, key=key, secret=secret, version=record.version, is_newest=held.is_newest)

    def _seal(self, session_id: str, secret: bytes) -> Seal:
        # Sealed to its id, so that a record moved to another key opens for no cookie.
        context = (_SESSION, self._rules.name, session_id, *self._binding)
        return Seal(self._secrets, *context, secret=secret)

    def _note_seal(self, key: str, secret: bytes) -> Seal:
        return Seal(self._secrets, _NOTE, self._rules.name, key, *self._binding, secret=secret)

    def _ttl(self, session: Session) -> float:
        left = session.ends_at - self._clock.time()
        return left if self._idle_timeout is None else min(left, self._idle_timeout)

    def _touch(self, held: Held, idle_timeout: float) -> None:
        """Extend the record of a session in use. Once per tenth of the idle timeout is enough."""
        now = self._clock.monotonic()
        touched_at = self._touched.get(held.key)
        if touched_at is not None and now < touched_at + idle_timeout / 10:
            return
        with _down():
            self._store.touch(held.key, self._ttl(held.session))
        self._touched.put(held.key, now)


@contextmanager
def _down() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise _store_down(error) from error


def _store_down(error: Exception) -> StoreDownError:
    return StoreDownError(f"session store: {type(error).__name__}")


def _key(*parts: str) -> str:
    """Return a key of the store. Session ids never contain the separator."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _spared(user: str) -> str:
    """Return the name of the list that contains the session to keep, while the user's own list is emptied."""
    return _key("spared", user)
