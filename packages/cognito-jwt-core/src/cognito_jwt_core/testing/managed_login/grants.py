"""State of a local managed login: browser sessions, codes, refresh tokens and revocations."""

import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from cognito_jwt_core.testing.managed_login.app_client import AppClient
from cognito_jwt_core.testing.managed_login.users import User
from cognito_jwt_core.testing.tokens import base64url

_CODE_SECONDS: Final = 300  # AWS "authorization-endpoint": "The authorization code is valid for five minutes"
_JWE_HEADER: Final = base64url(b'{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}')
_JWE_PARTS: Final = (256, 12, 1000, 16)  # encrypted key, IV, ciphertext, tag: about 1,800 characters in all

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser that has signed in at the domain, and stays signed in for a while."""

    user: User
    auth_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A user's grant to the client in one sign-in. Every token of that sign-in derives from it."""

    user: User
    auth_time: int
    scopes: tuple[str, ...]
    nonce: str | None = field(default=None, repr=False)
    resource: str | None = None
    origin_jti: str = field(default_factory=lambda: str(uuid.uuid4()))
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCode:
    """An authorization code, and the requirements for its exchange."""

    grant: Grant
    redirect_uri: str
    code_challenge: str | None


@dataclass(frozen=True, slots=True, repr=False)
class _RefreshToken:
    grant: Grant
    last_moment: float
    is_rotated: bool = False


class Grants:
    """Sessions, codes and tokens, each with an expiry.

    Args:
        client: The app client, whose settings determine token lifetimes.
        now: Function that returns the time in seconds.
        sso_seconds: How long a browser stays signed in at the domain.
    """

    def __init__(self, client: AppClient, now: Callable[[], float], sso_seconds: float) -> None:
        self._client = client
        self._now = now
        self._sso_seconds = sso_seconds
        self._lock = threading.Lock()
        self._browsers: _Expiring[BrowserSession] = _Expiring(now)
        self._codes: _Expiring[IssuedCode] = _Expiring(now)
        self._refresh_tokens: _Expiring[_RefreshToken] = _Expiring(now)
        self._access_tokens: _Expiring[Grant] = _Expiring(now)
        self._revoked: set[str] = set()

    def start_browser_session(self, user: User) -> tuple[str, BrowserSession]:
        """Record a sign-in, and return the cookie's value and the session."""
        session = BrowserSession(user, int(self._now()))
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._browsers.put(cookie, session, self._now() + self._sso_seconds)
        return cookie, session

    def browser_session(self, cookie: str | None) -> BrowserSession | None:
        """Return the session for a cookie, if it has not expired."""
        with self._lock:
            return self._browsers.get(cookie or "")

    def end_browser_session(self, cookie: str | None) -> None:
        """Remove a browser's session."""
        with self._lock:
            self._browsers.pop(cookie or "")

    def issue_code(self, code: IssuedCode) -> str:
        """Return a new authorization code."""
        text = str(uuid.uuid4())
        with self._lock:
            self._codes.put(text, code, self._now() + _CODE_SECONDS)
        return text

    def take_code(self, text: str) -> IssuedCode | None:
        """Return the data of a code, once. The first exchange uses it up, even if it fails afterwards."""
        with self._lock:
            return self._codes.pop(text)

    def issue_refresh_token(self, grant: Grant) -> str:
        """Return the first refresh token of a sign-in."""
        with self._lock:
            return self._new_refresh_token(grant, self._now() + self._client.refresh_seconds)

    def use_refresh_token(self, text: str) -> tuple[Grant, str | None] | None:
        """Return the grant of a refresh token and, with rotation, its successor; None if it is invalid.

        Without rotation there is no new token. With rotation, the old one works for another `grace_seconds`, and
        the new one expires when the first would have. Spec: AWS "using-the-refresh-token", refresh token rotation.
        """
        with self._lock:
            held = self._refresh_tokens.get(text)
            if held is None:
                return None
            if not self._client.rotation:
                return held.grant, None
            if not held.is_rotated:
                end = min(held.last_moment, self._now() + self._client.grace_seconds)
                self._refresh_tokens.put(text, replace(held, is_rotated=True), end)
            return held.grant, self._new_refresh_token(held.grant, held.last_moment)

    def remember_access_token(self, text: str, grant: Grant) -> None:
        """Record an access token for as long as it is valid."""
        with self._lock:
            self._access_tokens.put(text, grant, self._now() + self._client.access_seconds)

    def access_grant(self, text: str) -> Grant | None:
        """Return the grant of a valid access token; None if it is unknown, expired or revoked."""
        with self._lock:
            grant = self._access_tokens.get(text)
            return None if grant is None or grant.origin_jti in self._revoked else grant

    def revoke(self, refresh_token: str) -> None:
        """End all tokens of a refresh token's sign-in. Spec: AWS "revocation-endpoint"."""
        with self._lock:
            held = self._refresh_tokens.get(refresh_token)
            if held is not None:
                self._revoked.add(held.grant.origin_jti)
                self._refresh_tokens.drop(lambda other: other.grant.origin_jti == held.grant.origin_jti)

    def _new_refresh_token(self, grant: Grant, last_moment: float) -> str:
        """Return a text with the form and size of Cognito's, a JWE that only Cognito can decrypt."""
        parts = [_JWE_HEADER, *(base64url(secrets.token_bytes(size)) for size in _JWE_PARTS)]
        text = ".".join(parts)
        self._refresh_tokens.put(text, _RefreshToken(grant, last_moment), last_moment)
        return text


class _Expiring(Generic[T]):
    """Values by key. Each disappears at its expiry."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._values: dict[str, tuple[T, float]] = {}

    def put(self, key: str, value: T, end: float) -> None:
        now = self._now()
        self._values = {old: kept for old, kept in self._values.items() if now < kept[1]}
        self._values[key] = value, end

    def get(self, key: str) -> T | None:
        value, end = self._values.get(key, (None, 0.0))
        return value if self._now() < end else None

    def pop(self, key: str) -> T | None:
        value = self.get(key)
        self._values.pop(key, None)
        return value

    def drop(self, is_unwanted: Callable[[T], bool]) -> None:
        self._values = {key: kept for key, kept in self._values.items() if not is_unwanted(kept[0])}
