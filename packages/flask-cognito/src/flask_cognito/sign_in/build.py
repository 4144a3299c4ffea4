"""Build an app's sign-in from its settings."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from cognito_jwt_core import Claims, Clock, CognitoVerifier, ConfigurationError, MultiPoolVerifier
from cognito_jwt_core.integration import PerProcess
from cognito_jwt_core.oauth import OAuthClient, TokenSet
from flask import Flask

from flask_cognito.config.sign_in import SignInSettings
from flask_cognito.sign_in.cookies.rules import CookieRules
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.login.login_cookie import LoginCookies, Turns
from flask_cognito.sign_in.sessions.cookie_keeper import CookieKeeper
from flask_cognito.sign_in.sessions.keeper import Held, Keeper
from flask_cognito.sign_in.sessions.refresh import Refresher
from flask_cognito.sign_in.sessions.revocation import SessionRevocations
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.sessions.store import RedisSessionStore, SessionStore
from flask_cognito.sign_in.sessions.store_keeper import StoreKeeper
from flask_cognito.sign_in.state import AppSignIn, Handlers, PoolSignIn
from flask_cognito.signals import session_ended, session_refreshed
from flask_cognito.state import AppState


def build_sign_in(
    app: Flask, auth: AppState, settings: Sequence[SignInSettings], secrets: tuple[bytes, ...]
) -> AppSignIn:
    """Return the sign-in of an app, without fetching anything.

    Raises:
        ConfigurationError: If a value is invalid, for example a store's URL.
    """
    return _Builder(app, auth, settings, secrets).build()


class _Builder:
    """Build an app's sign-in: first the parts that all pools share, then those of each pool."""

    def __init__(
        self, app: Flask, auth: AppState, settings: Sequence[SignInSettings], secrets: tuple[bytes, ...]
    ) -> None:
        self._app = app
        self._auth = auth
        self._settings = settings
        self._secrets = secrets
        of_all = settings[0]
        self._rules = CookieRules(
            name=of_all.name_in_browser, secure=of_all.cookie_secure, samesite=of_all.cookie_samesite
        )
        self._store = None if of_all.session_store is None else _store(of_all.session_store)
        self._user_keys = [hashlib.sha256(b"flask-cognito user\0" + secret).digest() for secret in secrets]
        self._handlers = Handlers()
        self._turns = PerProcess(Turns)
        self._logged: dict[str, float] = {}
        verifiers = auth.verifier.verifiers if isinstance(auth.verifier, MultiPoolVerifier) else (auth.verifier,)
        self._verifiers = [verifiers[one.pool_index] for one in settings]
        self._bindings = [
            (next(iter(verifier.user_pool.jwks_uris)), one.client_id)
            for verifier, one in zip(self._verifiers, settings, strict=True)
        ]
        all_pools = [part for binding in self._bindings for part in binding]
        # Shared, because the list of pools passes on requirements, and a trail counts the sign-ins at all pools.
        self._demands = Seal(secrets, "demand", *all_pools)
        self._trails = Seal(secrets, "trail", self._rules.trail_name, *all_pools)

    def build(self) -> AppSignIn:
        """Return the sign-in."""
        pools = map(self._pool, self._settings, self._verifiers, self._bindings)
        return AppSignIn(pools=tuple(pools), handlers=self._handlers)

    def _pool(self, settings: SignInSettings, verifier: CognitoVerifier, binding: tuple[str, str]) -> PoolSignIn:
        oauth = _oauth(settings, verifier)
        clock = verifier.transport.clock
        others = [other for other in self._bindings if other != binding]
        keeper = self._keeper(settings, binding, clock)
        revocations = SessionRevocations(self._auth.settings.pools[settings.pool_index].revocations)
        revocations.keep_for_at_least(settings.session_lifetime)
        return PoolSignIn(
            app=self._auth,
            settings=settings,
            secrets=self._secrets,
            verifier=verifier,
            oauth=oauth,
            rules=self._rules,
            logins=LoginCookies(
                self._secrets, self._rules, binding, settings.login_lifetime, others=others, turns=self._turns
            ),
            keeper=keeper,
            refresher=_refresher(self._app, oauth, keeper, verifier, revocations),
            revocations=revocations,
            demands=self._demands,
            trails=self._trails,
            clock=clock,
            user_names=self._user_names,
            handlers=self._handlers,
            logged=self._logged,
        )

    def _keeper(self, settings: SignInSettings, binding: tuple[str, str], clock: Clock) -> Keeper:
        if self._store is None:
            return CookieKeeper(self._secrets, self._rules, binding, clock)
        return StoreKeeper(
            self._store,
            self._secrets,
            self._rules,
            binding,
            clock=clock,
            idle_timeout=settings.session_idle_timeout,
            user_of=self._user_of,
        )

    def _user_names(self, issuer: str, sub: str) -> list[str]:
        # One name per SECRET_KEY that may have sealed a session, newest first.
        return [hmac.new(key, f"{issuer}\0{sub}".encode(), hashlib.sha256).hexdigest() for key in self._user_keys]

    def _user_of(self, session: Session) -> str:
        identity = session.token_identity
        return self._user_names(identity.iss, identity.sub)[0]


def _oauth(settings: SignInSettings, verifier: CognitoVerifier) -> OAuthClient:
    try:
        return OAuthClient(
            verifier, client_id=settings.client_id, client_secret=settings.client_secret, domain=settings.domain
        )
    except ConfigurationError as error:
        is_of_the_secret = str(error).startswith("client_secret")
        raise ConfigurationError(
            f"{settings.key('client_secret' if is_of_the_secret else 'domain')}: {error}"
        ) from error


def _store(found: Any) -> SessionStore:
    is_redis = isinstance(found, str) or type(found).__module__.partition(".")[0] == "redis"
    return RedisSessionStore(found) if is_redis else found


def _refresher(
    app: Flask, oauth: OAuthClient, keeper: Keeper, verifier: CognitoVerifier, revocations: SessionRevocations
) -> Refresher:
    def on_refresh(tokens: TokenSet) -> None:
        if session_refreshed.receivers:
            session_refreshed.send(app, claims=Claims(tokens.claims))

    def on_end(held: Held, code: str) -> None:
        if session_ended.receivers:
            session_ended.send(app, sub=held.session.token_identity.sub, code=code)

    return Refresher(
        oauth,
        keeper,
        revocations=revocations,
        clock=verifier.transport.clock,
        timeout_seconds=verifier.transport.settings.timeout_seconds,
        on_refresh=on_refresh,
        on_end=on_end,
    )
