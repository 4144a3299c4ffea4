"""`CognitoSignIn`: sign users in with Cognito's managed login."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cognito_jwt_core import ConfigurationError, RevocationsUnavailableError, SignInError
from cognito_jwt_core.errors import shown
from flask import Flask, Response, make_response, redirect

from flask_cognito.config.sign_in import SignInSettings, read_sign_in_settings
from flask_cognito.config.values import is_loopback
from flask_cognito.sign_in.build import build_sign_in
from flask_cognito.sign_in.cookies.carrier import CookieCarrier
from flask_cognito.sign_in.cookies.sealing import secrets_of
from flask_cognito.sign_in.login.next_url import safe_next
from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError
from flask_cognito.sign_in.state import (
    STATE,
    AppSignIn,
    app_sign_in,
    check_secrets,
    store_down,
)
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.demand import Demand, seal_demand
from flask_cognito.sign_in.views.login_links import login_path, routes_of_sign_in
from flask_cognito.sign_in.views.logout import end_current_session
from flask_cognito.sign_in.views.routes import make_blueprint
from flask_cognito.sign_in.views.session_of_request import session_of
from flask_cognito.sign_in.views.source import Sessions
from flask_cognito.state import app_state, current_request

_log = logging.getLogger("flask_cognito.config")

H = TypeVar("H", bound=Callable[..., Any])
_EXTENSION = "cognito_sign_in"
_GOOD_SECRET_BYTES = 32


class CognitoSignIn:
    """Send browsers without a session to Cognito, and keep their sessions. Create it after `CognitoAuth`.

    One object can serve any number of apps. The decorators that protect your API then also protect your pages. A
    browser is redirected to sign in, and a program gets a 401.

    Args:
        app: The app. Omit it in a factory, and call `init_app`.

    Example:
        ```python
        cogauth = CognitoAuth(app)
        sign_in = CognitoSignIn(app)
        ```

    Spec: RFC 6749, RFC 7636, RFC 9700.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._newest: AppSignIn | None = None
        self._on_sign_in: Callable[..., Any] | None = None
        self._error_page: Callable[[SignInError], Any] | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the sign-in keys from the app's configuration, and add the routes.

        Raises:
            ConfigurationError: If a key is missing, invalid or contradicts another.
            RuntimeError: If the app has no `CognitoAuth`.
        """
        with app.app_context():
            auth = app_state()
        settings = read_sign_in_settings(app.config, auth.settings)
        secrets = _secrets(app, settings)
        found = build_sign_in(app, auth, settings, secrets)
        found.handlers.on_sign_in, found.handlers.error_page = self._on_sign_in, self._error_page
        app.extensions[STATE] = found
        app.extensions[_EXTENSION] = self
        app.register_blueprint(make_blueprint(found))
        app.wsgi_app = CookieCarrier(app.wsgi_app, found.first.rules.name)  # type: ignore[method-assign]
        auth.use_sessions(Sessions(found), add_location=app.config.get("COGNITO_TOKEN_LOCATIONS") is None)
        for line in _advice(settings, secrets):
            _log.warning("%s", line)
        self._newest = found

    def on_sign_in(self, callback: H) -> H:
        """Register a function that is called with `claims` and `id_claims` before a session begins.

        It returns None, or a response. A response with a status of 400 or more rejects the sign-in: no session begins,
        and the new tokens are revoked. Any other response replaces the redirect.
        """
        if self._newest is None:
            self._on_sign_in = callback
        else:
            self._newest.handlers.on_sign_in = callback
        return callback

    def error_page(self, callback: H) -> H:
        """Register a function that returns the response to a `SignInError`, as anything a view may return."""
        if self._newest is None:
            self._error_page = callback
        else:
            self._newest.handlers.error_page = callback
        return callback

    def redirect_to_login(self, next: str | None = None, *, pool: str | None = None, **params: str) -> Response:  # noqa: A002
        """Return a redirect to the login route, for a view to return.

        Args:
            next: Path to go to afterwards; by default the start page.
            pool: Name of the pool to sign in at. With several pools, the user chooses by default.
            **params: Parameters for Cognito, such as ``identity_provider`` or ``lang``.

        Raises:
            ValueError: If no pool that users sign in at has this name.
        """
        sign_in = app_sign_in()
        chosen = sign_in.only if pool is None else sign_in.named(pool)
        if pool is not None and chosen is None:
            raise ValueError(f"redirect_to_login: expected the name of a pool with sign-in, found {shown(pool)}")
        demand = seal_demand(sign_in.first, Demand(params))
        path = login_path(safe_next(next, routes_of_sign_in(sign_in)), demand, pool=chosen)
        return pages.with_page_headers(make_response(redirect(path, 302)))

    def logout(self) -> Response:
        """End the session of the current request. Return a redirect that ends the session at Cognito."""
        location = end_current_session(current_request(), app_sign_in())
        return pages.with_page_headers(make_response(redirect(location, 303)))

    def end_sessions(self, sub: str | None = None, issuer: str | None = None, except_current: bool = False) -> None:
        """End every session of a user, in the store and with an entry in the app's revocation list.

        The entry also ends the user's tokens in other apps that share the list.

        Args:
            sub: The user; by default the user of the current session.
            issuer: Issuer of the user's pool; by default each pool that users sign in at.
            except_current: Keep the session of the current request. This needs a store. The revocation entry
                then covers only sessions that began before it. Later ones end in the store only.

        Raises:
            ConfigurationError: If there is neither a store nor a list of revocations, or no store that `except_current`
                needs.
            SignInError: ``sign_in_unavailable`` if the store is down, or if the entry could not be shared yet. The
                entry then applies in this process, and is shared later.
            RuntimeError: If there is no session and no `sub`.
        """
        sign_in = app_sign_in()
        has_list = any(pool.revocations.can_end_sessions for pool in sign_in.pools)
        if not sign_in.first.keeper.is_shared and (except_current or not has_list):
            expected = "COGNITO_SESSION_STORE" + ("" if except_current else " or COGNITO_REVOCATIONS")
            raise ConfigurationError(f"end_sessions: expected {expected}, found sessions in cookies")
        try:
            _end_sessions(sign_in, sub, issuer, except_current=except_current)
        except StoreDownError as error:
            raise store_down(error) from error
        except RevocationsUnavailableError as error:
            raise SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after) from error


def _end_sessions(sign_in: AppSignIn, sub: str | None, issuer: str | None, *, except_current: bool) -> None:
    current = session_of(current_request(), sign_in) if sub is None or except_current else None
    issuers = [issuer] if issuer else [one for pool in sign_in.pools for one in pool.verifier.user_pool.jwks_uris]
    if sub is None:
        if current is None:
            raise RuntimeError("end_sessions: expected a session in this request, or `sub`")
        identity = current.held.session.token_identity
        sub, issuers = identity.sub, [issuer or identity.iss]
    if current is not None:  # the issuer of the session to keep comes first
        issuers.sort(key=lambda one: one != current.held.session.token_identity.iss)
    names = [name for one in issuers for name in sign_in.first.user_names(one, sub)]
    spared = current.held if current is not None and except_current else None
    try:
        sign_in.first.keeper.end_all(names, spared)
    finally:  # a failure of one must not stop the other
        _revoke_user(sign_in, issuers, sub, spared)


def _revoke_user(sign_in: AppSignIn, issuers: Sequence[str], sub: str, spared: Held | None) -> None:
    # An entry ends each session that began up to its second, so end it one second before the session to keep.
    before = None if spared is None else max(0, (spared.session.token_identity.auth_time or 0) - 1)
    failures = []
    for pool in sign_in.pools:
        for issuer in issuers:
            if issuer in pool.verifier.user_pool.jwks_uris:
                try:
                    pool.revocations.revoke_user(issuer, sub, before)
                except RevocationsUnavailableError as error:
                    failures.append(error)
    if failures:
        raise failures[0]


def _secrets(app: Flask, settings: Sequence[SignInSettings]) -> tuple[bytes, ...]:
    if not app.secret_key:
        raise ConfigurationError("SECRET_KEY: required, since it seals sessions; use secrets.token_hex(32)")
    found = secrets_of(app.secret_key, app.config.get("SECRET_KEY_FALLBACKS"))
    server = app.config.get("SERVER_NAME")
    hosts = [urlsplit(one.redirect_uri).netloc if one.redirect_uri else server for one in settings]
    if any(host and not is_loopback(host) for host in hosts):
        settings[0].check_off_loopback()
        check_secrets(found)
    return found


def _advice(settings: Sequence[SignInSettings], secrets: tuple[bytes, ...]) -> list[str]:
    lines = []
    if len(secrets[0]) < _GOOD_SECRET_BYTES:
        lines.append(f"SECRET_KEY has {len(secrets[0])} bytes; use at least {_GOOD_SECRET_BYTES} for sessions")
    for one in settings:
        if one.logout_uri is None:
            key = f"logout_uri of the pool {one.name!r}" if one.name else "COGNITO_LOGOUT_URI"
            lines.append(f"{key} is not set: after a logout, Cognito's own session signs users in again")
    if not settings[0].cookie_secure:
        lines.append("COGNITO_SESSION_COOKIE_SECURE is False: session cookies are sent without TLS")
    return lines
