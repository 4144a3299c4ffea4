"""Store sessions in sealed cookies."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from cognito_jwt_core import Clock, SignInError

from flask_cognito.sign_in.cookies.memory import BoundedMemory
from flask_cognito.sign_in.cookies.rules import MAX_SESSION_BYTES, CookieRules, size_of
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.sessions.keeper import Held, held_session
from flask_cognito.sign_in.sessions.session import Session

_ENDED_KEPT = 4096
# With a format version, so that cookies of another release are unreadable, not misread.
_PURPOSE = "session 1"


class CookieKeeper:
    """Store sessions in the browser: access and refresh token and the ID token's claims, sealed.

    Args:
        secrets: Secrets for encryption.
        rules: Names and attributes of cookies.
        binding: Issuer and client.
        clock: Source of time.
    """

    is_shared = False

    def __init__(self, secrets: Sequence[bytes], rules: CookieRules, binding: tuple[str, str], clock: Clock) -> None:
        self._seal = Seal(secrets, _PURPOSE, rules.name, *binding)
        self._opened: BoundedMemory[bytes, Held] = BoundedMemory()
        self._rules = rules
        self._clock = clock
        self._ended: BoundedMemory[str, bool] = BoundedMemory(_ENDED_KEPT)

    def id_in(self, cookies: Mapping[str, str]) -> str:
        """Return the session id in a request, unverified. Empty if there is none."""
        return cookies.get(self._rules.id_name, "")

    def find(self, cookies: Mapping[str, str]) -> Held | None:
        """Return the session of a request."""
        joined = self._rules.joined(cookies)
        if joined is None or not joined.isascii():
            return None
        # The text is a credential, and is not kept.
        digest = sha256(joined.encode()).digest()
        held = self._opened.get(digest) or self._open(joined, digest)
        if held is None:
            return None
        session = held.session
        # Only sign-in and logout write the id, so a slow request's response cannot revive an ended session.
        is_current = hmac.compare_digest(session.id.encode(), cookies.get(self._rules.id_name, "").encode())
        if not is_current or session.is_over(self._clock.time()) or self._ended.get(session.id):
            return None
        return held

    def peek(self, cookies: Mapping[str, str]) -> Held | None:
        """Return a request's session without counting it as activity of the user."""
        return self.find(cookies)

    def begin(self, session: Session) -> list[str]:
        """Store a new session. Return its cookies."""
        max_age = session.ends_at - self._clock.time()
        return [*self.cookies_of(Held(session=session)), self._rules.written(self._rules.id_name, session.id, max_age)]

    def reload(self, held: Held) -> Held | None:
        """Return the session of the request, unless it has ended meanwhile."""
        return None if self.has_ended(held.session) else held

    def renew(self, held: Held, session: Session) -> Held | None:
        """Store new tokens of a session, unless it has ended meanwhile."""
        return None if self.has_ended(session) else Held(session=session)

    def cookies_of(self, held: Held) -> list[str]:
        """Return the cookies that carry a renewed session.

        Raises:
            SignInError: If they would not fit into a header.
        """
        session = held.session
        chunks = self._rules.chunks(self._seal.seal(session.as_json()))
        if size_of({**chunks, self._rules.id_name: session.id}) > MAX_SESSION_BYTES:
            raise SignInError(
                f"session: expected at most {MAX_SESSION_BYTES} bytes of cookies, found {size_of(chunks)}: set"
                " COGNITO_SESSION_STORE",
                code="sign_in_misconfigured",
            )
        max_age = session.ends_at - self._clock.time()
        return [self._rules.written(name, value, max_age) for name, value in chunks.items()]

    def end(self, held: Held) -> None:
        """End a session: the response deletes its cookies, and this process accepts no copy of them."""
        self._ended.put(held.session.id, True)

    def has_ended(self, session: Session) -> bool:
        """Return whether this process has ended a session."""
        return self._ended.get(session.id) is not None

    def end_all(self, users: Sequence[str], but: Held | None) -> None:
        """Do nothing, because sessions in cookies are not listed anywhere."""

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        """Return a lock for this process only, since others share nothing with it."""
        yield True

    def note(self, key: str, secret: bytes, value: Mapping[str, Any], ttl_seconds: float) -> None:
        """Do nothing, because other processes share nothing with this one."""

    def noted(self, key: str, secret: bytes) -> Mapping[str, Any] | None:
        """Return None, because other processes share nothing with this one."""
        return None

    def _open(self, joined: str, digest: bytes) -> Held | None:
        opened = self._seal.open(self._rules.text_in(joined))
        if opened is None:
            return None
        held = held_session(opened)
        self._opened.put(digest, held)
        return held
