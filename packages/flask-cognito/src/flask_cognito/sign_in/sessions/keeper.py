"""`Keeper`: finds the session of a request, and stores new tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from flask_cognito.sign_in.cookies.sealing import Opened
from flask_cognito.sign_in.sessions.session import Session


class Held(NamedTuple):
    """A session, and where it was found. Its `repr` shows no secret.

    Attributes:
        session: The session.
        key: Key in the store; empty for a session in cookies.
        secret: Secret of the cookie.
        version: Version of the record.
        is_newest: Whether it was sealed with the newest `SECRET_KEY`.
    """

    session: Session
    key: str = ""
    secret: bytes = b""
    version: int = 0
    is_newest: bool = True

    def __repr__(self) -> str:
        return "<Held>"


class StoreDownError(Exception):
    """The store raised an exception, which is the cause."""


class Keeper(Protocol):
    """Store sessions. Methods that use a store raise `StoreDownError` while it is down."""

    is_shared: bool
    """Whether other processes see what this one writes."""

    def id_in(self, cookies: Mapping[str, str]) -> str:
        """Return the session id in a request, unverified. Empty if there is none."""

    def find(self, cookies: Mapping[str, str]) -> Held | None:
        """Return the session of a request."""

    def peek(self, cookies: Mapping[str, str]) -> Held | None:
        """Return a request's session without counting it as activity of the user."""

    def begin(self, session: Session) -> list[str]:
        """Store a new session. Return its cookies."""

    def reload(self, held: Held) -> Held | None:
        """Return the stored session."""

    def renew(self, held: Held, session: Session) -> Held | None:
        """Store new tokens of a session, unless it has ended meanwhile."""

    def cookies_of(self, held: Held) -> list[str]:
        """Return the cookies that carry a renewed session."""

    def end(self, held: Held) -> None:
        """End a session."""

    def has_ended(self, session: Session) -> bool:
        """Return whether a session is known to have ended."""

    def end_all(self, users: Sequence[str], but: Held | None) -> None:
        """End every session of a user, under each of the user's names, except one."""

    def lock(self, key: str, ttl_seconds: float) -> AbstractContextManager[bool]:
        """Return a context manager that tries to get exclusive access, for example to a session's tokens."""

    def note(self, key: str, secret: bytes, value: Mapping[str, Any], ttl_seconds: float) -> None:
        """Store a value for other processes, sealed with a secret that they know."""

    def noted(self, key: str, secret: bytes) -> Mapping[str, Any] | None:
        """Return the value from `note`, or None."""


def held_session(opened: Opened) -> Held:
    """Return the session in an opened value."""
    return Held(session=Session.from_json(opened.value), is_newest=opened.is_newest)
