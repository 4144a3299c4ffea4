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
    """The session of a browser at the domain, in which it can sign in to apps without a password.

    Attributes:
        user: User who signed in.
        auth_time: Time of the sign-in, in seconds since 1970.
    """

    user: User
    auth_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The result of one sign-in, from which all its tokens are made.

    Attributes:
        user: User who signed in.
        auth_time: Time of the sign-in, in seconds since 1970.
        scopes: Granted scopes.
        nonce: The request's `nonce`, for the ID token; None if it had none.
        resource: The request's `resource`, for the access token's `aud`; None if it had none.
        origin_jti: Id that all tokens of the sign-in contain. A revocation revokes this id.
        event_id: Another such id.
    """

    user: User
    auth_time: int
    scopes: tuple[str, ...]
    nonce: str | None = field(default=None, repr=False)
    resource: str | None = None
    origin_jti: str = field(default_factory=lambda: str(uuid.uuid4()))
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCode:
    """The data of an authorization code.

    Attributes:
        grant: The sign-in.
        redirect_uri: Callback URL that the exchange must repeat.
        code_challenge: Challenge that the exchange's code verifier must match; None without PKCE.
    """

    grant: Grant
    redirect_uri: str
    code_challenge: str | None


@dataclass(frozen=True, slots=True, repr=False)
class _RefreshToken:
    grant: Grant
    last_moment: float
    is_rotated: bool = False


class Grants:
    """Browser sessions, codes and tokens, each with an expiry. It is thread-safe.

    Args:
        client: App client, whose settings determine the lifetimes of tokens.
        now: Function that returns the time, in seconds since 1970.
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
        """Start a session for a user who has signed in. Return the value of its cookie, and the session."""
        session = BrowserSession(user, int(self._now()))
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._browsers.put(cookie, session, self._now() + self._sso_seconds)
        return cookie, session

    def browser_session(self, cookie: str | None) -> BrowserSession | None:
        """Return the session with this cookie value; None if there is none or it has expired."""
        with self._lock:
            return self._browsers.get(cookie or "")

    def end_browser_session(self, cookie: str | None) -> None:
        """End the session with this cookie value, if there is one."""
        with self._lock:
            self._browsers.pop(cookie or "")

    def issue_code(self, code: IssuedCode) -> str:
        """Return a new authorization code, which expires after five minutes."""
        text = str(uuid.uuid4())
        with self._lock:
            self._codes.put(text, code, self._now() + _CODE_SECONDS)
        return text

    def take_code(self, text: str) -> IssuedCode | None:
        """Return the data of a code, and delete it, so that it works once. Return None if it is unknown or expired."""
        with self._lock:
            return self._codes.pop(text)

    def issue_refresh_token(self, grant: Grant) -> str:
        """Return the first refresh token of a sign-in."""
        with self._lock:
            return self._new_refresh_token(grant, self._now() + self._client.refresh_seconds)

    def use_refresh_token(self, text: str) -> tuple[Grant, str | None] | None:
        """Return the grant of a refresh token and, with rotation, a new refresh token.

        With rotation, the old token works for another `grace_seconds`. The new one expires at the time of the first.
        Source: AWS "using-the-refresh-token", refresh token rotation.

        Returns:
            The grant, and the new refresh token or None. None instead of both if the token is invalid.
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
        """Revoke all tokens of the sign-in that a refresh token belongs to. Source: AWS "revocation-endpoint"."""
        with self._lock:
            held = self._refresh_tokens.get(refresh_token)
            if held is not None:
                self._revoked.add(held.grant.origin_jti)
                self._refresh_tokens.drop(lambda other: other.grant.origin_jti == held.grant.origin_jti)

    def _new_refresh_token(self, grant: Grant, last_moment: float) -> str:
        """Return a refresh token with the form and size of Cognito's: a JWE that only Cognito can decrypt."""
        parts = [_JWE_HEADER, *(base64url(secrets.token_bytes(size)) for size in _JWE_PARTS)]
        text = ".".join(parts)
        self._refresh_tokens.put(text, _RefreshToken(grant, last_moment), last_moment)
        return text


class _Expiring(Generic[T]):
    """A mapping whose values expire."""

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
