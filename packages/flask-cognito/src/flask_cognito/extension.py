"""`CognitoAuth`: the extension."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from cognito_jwt_core import Claims
from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue

from flask_cognito.access import Access
from flask_cognito.cli import cognito
from flask_cognito.config import DEFAULTS, read_settings
from flask_cognito.config_advice import advice
from flask_cognito.config_values import names
from flask_cognito.context import AppState, ErrorHandler, IdentityHandler, Verifier, app_state, current_request
from flask_cognito.credentials import find_credential
from flask_cognito.errors import EXTENSION, CognitoAuthError
from flask_cognito.legacy import LegacyAttributes
from flask_cognito.missing_claims import answer_missing_claims
from flask_cognito.pools import build_verifier
from flask_cognito.protection import Guard
from flask_cognito.responses import with_protocol_headers
from flask_cognito.vary import vary_on

# No NullHandler on the package's logger: with one, the warnings about checks that are off would be seen by nobody who
# has not set up logging, and that is most who are starting.
_log = logging.getLogger(__name__)

I = TypeVar("I", bound=Callable[[Claims], Any])  # noqa: E741
E = TypeVar("E", bound=Callable[[CognitoAuthError], Any])


class CognitoAuth(LegacyAttributes):
    """Amazon Cognito for Flask apps: who asks is who a verified token says.

    One object serves any number of apps; all that belongs to an app is kept with that app.

    Args:
        app: The app; leave it out in a factory and call `init_app`.
        identity_handler: As of `init_app`.

    Example:
        ```python
        cogauth = CognitoAuth(app)

        @cogauth.identity_handler
        def lookup_cognito_user(payload):
            return User.query.filter(User.cognito_username == payload["username"]).one_or_none()
        ```
    """

    def __init__(self, app: Flask | None = None, identity_handler: IdentityHandler | None = None) -> None:
        self._newest: AppState | None = None
        self._identity_handler: IdentityHandler | None = None
        self._error_handler: ErrorHandler | None = None
        if app is not None:
            self.init_app(app, identity_handler)
        else:
            self._identity_handler = identity_handler

    def init_app(self, app: Flask, identity_handler: IdentityHandler | None = None) -> None:
        """Read the ``COGNITO_*`` keys of `app`, once, and serve it from now on.

        Handlers registered afterwards are those of this app; handlers registered before any app was given are those of
        every app that brings none of its own.

        Args:
            app: The app, configured.
            identity_handler: As of the decorator of that name.

        Raises:
            ConfigurationError: A required key is missing, or a value cannot be meant; the message names the key.
        """
        settings = read_settings(app.config)
        state = AppState(
            settings=settings,
            verifier=build_verifier(settings),
            add_vary=vary_on(settings.vary),
            own_get_token=self.get_token if self._has_own("get_token") else None,
            own_decode_token=self.decode_token if self._has_own("decode_token") else None,
            own_get_user=self.get_user if self._has_own("get_user") else None,
            identity_handler=identity_handler or self._identity_handler,
            error_handler=self._error_handler,
        )
        for line in advice(settings, app.config):
            _log.warning("%s", line)
        app.register_error_handler(CognitoAuthError, self._cognito_auth_error_handler)
        if EXTENSION not in app.extensions:
            answer_missing_claims(app)
        app.cli.add_command(cognito)
        for key, value in DEFAULTS.items():
            app.config.setdefault(key, value)
        app.extensions[EXTENSION] = self
        state.belong_to(app)
        self._newest = state

    def identity_handler(self, callback: I) -> I:
        """Register the function that turns verified claims into the app's own user, which becomes `current_user`.

        It is called once per request, after the token is verified, and reads the claims from its argument: until it has
        returned, nobody is signed in. It may be a coroutine function. What it raises is the app's own, but for a
        `MissingClaimError`, which is answered 401.

        Raises:
            RuntimeError: The app has one.
        """
        if self._newest is None:
            self._only_once(self._identity_handler, "identity_handler")
            self._identity_handler = callback
        else:
            self._only_once(self._newest.identity_handler, "identity_handler")
            self._newest.identity_handler = callback
        return callback

    def error_handler(self, callback: E) -> E:
        """Register the function that shapes every refusal: from a `CognitoAuthError` to whatever a view can return.

        Headers that the protocol needs, like ``WWW-Authenticate``, are added where it leaves them out. Let it do no
        more than shape: Flask-RESTX and Flask-RESTful have it done twice, and throw the first away.

        Raises:
            RuntimeError: The app has one.
        """
        if self._newest is None:
            self._only_once(self._error_handler, "error_handler")
            self._error_handler = callback
        else:
            self._only_once(self._newest.error_handler, "error_handler")
            self._newest.error_handler = callback
        return callback

    def protect(
        self,
        app_or_blueprint: Flask | Blueprint,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
    ) -> None:
        """Demand a token on every route, but for those of `cognito_public`.

        Automatic answers to OPTIONS and static files pass; URLs that do not exist stay 404. A view that answers OPTIONS
        itself does not pass: let Flask-CORS answer preflights for the whole app, not by a decorator of one view.

        Args:
            app_or_blueprint: Whose routes; a blueprint before it is registered.
            groups: Any-of: at least one of these groups.
            scopes: Any-of: at least one of these OAuth scopes.

        Raises:
            ConfigurationError: No names, or something else than names.
        """
        access = Access(
            groups=() if groups is None else names("groups", groups),
            scopes=() if scopes is None else names("scopes", scopes),
        )
        app_or_blueprint.before_request(Guard(access))

    @property
    def verifier(self) -> Verifier:
        """The verifier of the current app, for instance to call its ``prefetch()`` at start-up."""
        return app_state().verifier

    def get_token(self) -> str | None:
        """Return the token of the current request, None where there is none. A subclass may look elsewhere.

        Raises:
            CognitoAuthError: The header is not of the form that carries a token.
        """
        credential = find_credential(current_request(), app_state().settings)
        return None if credential is None else credential[0]

    def get_user(self, payload: Claims) -> Any:
        """Return the app's own user for verified claims, by the identity handler. A subclass may replace it."""
        callback = app_state().identity_handler
        return None if callback is None else callback(payload)

    def decode_token(self, token: str) -> Mapping[str, Any]:
        """Return the verified claims of `token`. A subclass may replace it, and return a plain dict.

        Raises:
            InvalidTokenError: It must not be accepted; `CognitoJWTException`, its name in 1.x, is the same class.
            JWKSUnavailableError: There are no keys to tell by.
        """
        return app_state().verifier.verify(token)

    def _cognito_auth_error_handler(self, error: CognitoAuthError) -> ResponseReturnValue:
        """The answer to `error`; by this name subclasses of 1.x replaced it."""
        state = app_state()
        if state.error_handler is None:
            response: Any = error.plain_response()
        else:
            with error.being_shaped():
                response = current_app.make_response(current_app.ensure_sync(state.error_handler)(error))
        return with_protocol_headers(response, error, state.settings.realm)

    def _has_own(self, method: str) -> bool:
        return getattr(getattr(self, method), "__func__", None) is not getattr(CognitoAuth, method)

    @staticmethod
    def _only_once(registered: object, name: str) -> None:
        if registered is not None:
            raise RuntimeError(f"the app has its {name}; a second one would replace it unseen: register one alone")
