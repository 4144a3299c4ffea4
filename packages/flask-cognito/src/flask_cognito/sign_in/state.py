"""The state of one app's `CognitoSignIn`, at one pool or several."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cognito_jwt_core import Clock, CognitoVerifier, ConfigurationError, SignInError
from cognito_jwt_core.oauth import OAuthClient
from flask import Request
from werkzeug.wsgi import get_host

from flask_cognito.config.sign_in import SignInSettings
from flask_cognito.config.values import is_loopback
from flask_cognito.sign_in.cookies.rules import CookieRules
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.login.login_cookie import LoginCookies
from flask_cognito.sign_in.sessions.keeper import Keeper, StoreDownError
from flask_cognito.sign_in.sessions.refresh import Refresher
from flask_cognito.sign_in.sessions.revocation import SessionRevocations
from flask_cognito.sign_in.sessions.session import pool_of_id
from flask_cognito.state import AppState, the_current_app

_log = logging.getLogger("flask_cognito.sign_in")

STATE = "cognito_sign_in.state"
BLUEPRINT = "cognito"
_LOG_SECONDS = 1
_MIN_SECRET_BYTES = 16


@dataclass(eq=False)
class Handlers:
    """The functions that an app registers. Only these can change after start-up."""

    on_sign_in: Callable[..., Any] | None = None
    error_page: Callable[[SignInError], Any] | None = None


@dataclass(eq=False, kw_only=True, repr=False)
class PoolSignIn:
    """The sign-in of an app at one pool. Its `repr` shows no secret."""

    app: AppState
    settings: SignInSettings
    secrets: tuple[bytes, ...]
    verifier: CognitoVerifier
    oauth: OAuthClient
    rules: CookieRules
    logins: LoginCookies
    keeper: Keeper
    refresher: Refresher
    revocations: SessionRevocations
    demands: Seal
    trails: Seal
    clock: Clock
    user_names: Callable[[str, str], list[str]]
    handlers: Handlers
    logged: dict[str, float]

    def endpoint(self, view: str) -> str:
        """Return the endpoint of one of this pool's routes."""
        name = self.settings.name
        return f"{BLUEPRINT}.{name}.{view}" if name else f"{BLUEPRINT}.{view}"

    @property
    def leeway(self) -> float:
        """Return the seconds of clock skew that the app allows for tokens of this pool."""
        return self.app.settings.pools[self.settings.pool_index].leeway

    def verify(self, token: str) -> None:
        """Check a token against the app's own requirements, as for a request.

        Raises:
            CognitoJWTError: If the app would reject it.
        """
        self.app.verifier.verify(token)

    def revoke(self, refresh_token: str | None) -> bool:
        """Revoke a refresh token at Cognito. A failure is only logged, because the session has ended here anyway.

        Returns:
            Whether the refresh token can no longer produce access tokens.
        """
        if refresh_token is None:
            return True
        try:
            self.oauth.revoke(refresh_token)
        except SignInError as error:
            self.log(error, "refresh token not revoked")
            return False
        return True

    def log(self, error: SignInError, what: str) -> None:
        """Log a failure, at most once a second per code, because anyone can cause some of them."""
        now = time.monotonic()
        if now < self.logged.get(error.code, float("-inf")) + _LOG_SECONDS:
            return
        self.logged[error.code] = now
        level = logging.ERROR if error.code == "sign_in_misconfigured" else logging.WARNING
        _log.log(level, "%s (%s): %s", what, error.code, error)

    def check_host(self, request: Request) -> None:
        """Check what only a request shows: whether the app is off loopback, and whether its host is trusted.

        Raises:
            SignInError: ``sign_in_misconfigured``. The message names the missing setting.
            SecurityError: If `TRUSTED_HOSTS` does not name the host. Flask itself reads it only from 3.1 on.
        """
        trusted = the_current_app().config.get("TRUSTED_HOSTS")
        if trusted:
            get_host(request.environ, trusted)
        try:
            if not is_loopback(request.host):
                self.settings.check_off_loopback()
                check_secrets(self.secrets)
            if self.settings.redirect_uri is None and not _has_trusted_host(request):
                raise ConfigurationError(
                    "COGNITO_REDIRECT_URI: expected it, or TRUSTED_HOSTS or SERVER_NAME, since the callback URL comes"
                    " from the Host header"
                )
        except ConfigurationError as error:
            raise SignInError(str(error), code="sign_in_misconfigured") from error


def _has_trusted_host(request: Request) -> bool:
    config = the_current_app().config
    if config.get("TRUSTED_HOSTS") or config.get("SERVER_NAME"):
        return True
    # A proxy in front of the app may pass on any Host header (RFC 9700 section 4.13).
    names = [name.lower() for name in request.headers.keys()]  # noqa: SIM118  not a mapping
    is_direct = not any(name == "forwarded" or name.startswith("x-forwarded-") for name in names)
    return is_direct and is_loopback(request.host) and is_loopback(_bracketed(request.remote_addr or ""))


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def check_secrets(secrets: Sequence[bytes]) -> None:
    """Check that secrets are long enough for an app on a network. Fallback secrets also open sessions.

    Raises:
        ConfigurationError: If one is shorter than 16 bytes.
    """
    for index, secret in enumerate(secrets):
        if len(secret) < _MIN_SECRET_BYTES:
            name = "SECRET_KEY_FALLBACKS" if index else "SECRET_KEY"
            raise ConfigurationError(f"{name}: expected at least {_MIN_SECRET_BYTES} bytes, found {len(secret)}")


@dataclass(eq=False, kw_only=True, repr=False)
class AppSignIn:
    """The sign-in of one app. A browser has one session, from any of the pools.

    Attributes:
        pools: The pools that users can sign in at. The routes of a single pool have no name.
        handlers: The functions that the app has registered.
        first: A pool for the parts that all share: cookies, store, handlers and session lifetime.
        only: The pool that a user signs in at, or None if the user has a choice.
    """

    pools: tuple[PoolSignIn, ...]
    handlers: Handlers
    first: PoolSignIn = field(init=False)
    only: PoolSignIn | None = field(init=False)
    _by_name: Mapping[str, PoolSignIn] = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.pools[0]
        self.only = self.first if len(self.pools) == 1 else None
        self._by_name = {pool.settings.name: pool for pool in self.pools}

    @property
    def has_names(self) -> bool:
        """Return whether each pool has a name and its own routes."""
        return "" not in self._by_name

    def pool_in(self, cookies: Mapping[str, str]) -> PoolSignIn | None:
        """Return the pool in a request's session id, unverified. Only that pool's keys open the session."""
        return self.only or self._by_name.get(pool_of_id(self.first.keeper.id_in(cookies)))

    def named(self, name: str) -> PoolSignIn | None:
        """Return the pool with this name."""
        return self._by_name.get(name)

    def of_issuer(self, issuer: str | None) -> PoolSignIn | None:
        """Return the pool whose tokens have this issuer, in any of its forms."""
        return next((pool for pool in self.pools if issuer in pool.verifier.user_pool.jwks_uris), None)


def app_sign_in() -> AppSignIn:
    """Return the sign-in of the current app.

    Raises:
        RuntimeError: If there is no current app, or it has no `CognitoSignIn`.
    """
    current = the_current_app()
    found: AppSignIn | None = current.extensions.get(STATE)
    if found is None:
        raise RuntimeError(
            f"the app {current.name!r} has no CognitoSignIn: call CognitoSignIn(app) after CognitoAuth(app)"
        )
    return found


def store_down(error: StoreDownError) -> SignInError:
    """Return the error for a store that is down."""
    # Without the cause's text, because a driver may put its URL there, with a password.
    return SignInError(str(error), code="sign_in_unavailable", retry_after=1)
