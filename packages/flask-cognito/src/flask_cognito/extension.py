"""`CognitoAuth`: the extension."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from cognito_jwt_core import (
    UNSET,
    Claims,
    CognitoVerifier,
    ConfigurationError,
    InvalidTokenError,
    MultiPoolVerifier,
    UnavailableError,
    Unset,
)
from cognito_jwt_core.integration import lenient_verifier
from flask import Blueprint, Flask, after_this_request, current_app, has_request_context
from flask.typing import ResponseReturnValue

from flask_cognito.authentication.credentials import balancer_token, find_credential
from flask_cognito.authentication.csrf import is_forged
from flask_cognito.authentication.demand import TokenUse, demand_of, token_demand
from flask_cognito.authentication.tolerance import verified, verified_by_balancer
from flask_cognito.authorization.first_request import check_set_up
from flask_cognito.authorization.protect import Guard
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.resource_metadata import serve_resource_metadata
from flask_cognito.cli import cognito, is_check_running
from flask_cognito.config.advice import advice, values_of_keys
from flask_cognito.config.balancer import build_balancer_verifier
from flask_cognito.config.resource import resource_metadata
from flask_cognito.config.settings import DEFAULTS, read_settings
from flask_cognito.config.values import names
from flask_cognito.config.verifiers import build_verifier
from flask_cognito.errors import EXTENSION, RENDERER, CognitoAuthError
from flask_cognito.legacy import LegacyAttributes
from flask_cognito.responses.refusals import refusal
from flask_cognito.responses.render import finished, log_absent_claim, render
from flask_cognito.responses.uncaught import AnsweredIfUncaught, answer_uncaught, answered_if_uncaught
from flask_cognito.responses.vary import vary_on
from flask_cognito.state import AppState, ErrorHandler, IdentityHandler, app_state, current_request, state_of

# No NullHandler: it would hide start-up warnings from apps that have not configured logging.
_log = logging.getLogger("flask_cognito.config")

I = TypeVar("I", bound=Callable[[Claims], Any])  # noqa: E741
E = TypeVar("E", bound=Callable[[CognitoAuthError], Any])


class CognitoAuth(LegacyAttributes):
    """Authenticate the requests of Flask apps with the tokens of Amazon Cognito.

    One object can serve any number of apps. Each app keeps its own state.

    Args:
        app: The app. Omit it in a factory, and call `init_app`.
        identity_handler: See `init_app`.

    Raises:
        ConfigurationError: If `app` is given, and a required key is missing or a value is invalid.

    Spec: RFC 6750, RFC 9470, RFC 9728 and RFC 9110 section 15.5.2, for the responses.

    Example:
        ```python
        cogauth = CognitoAuth(app)

        @cogauth.identity_handler
        def lookup_cognito_user(payload):
            return User.query.filter(User.cognito_sub == payload["sub"]).one_or_none()
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
        """Read the ``COGNITO_*`` keys of `app` once, and protect it from now on.

        Handlers registered afterwards belong to this app. Handlers registered before any app apply to every app
        without its own. The app's own handler for `CognitoAuthError` is kept.

        Args:
            app: The configured app.
            identity_handler: See the decorator of that name.

        Raises:
            ConfigurationError: If a required key is missing, or if a value is invalid; the message names the key.
        """
        settings = read_settings(app.config)
        verifier = build_verifier(settings)
        settings = replace(settings, metadata=resource_metadata(settings, verifier))
        demands = settings.reported_demands
        state = AppState(
            settings=settings,
            verifier=verifier,
            lenient_verifier=lenient_verifier(verifier, demands) if demands else None,
            hooks=self,
            default_hooks=_DEFAULT_HOOKS,
            identity_handler=identity_handler or self._identity_handler,
            error_handler=self._error_handler,
            balancer=build_balancer_verifier(settings, verifier),
        )
        state.warnings = tuple(advice(settings, app.config, has_own_get_token=state.is_overridden("get_token")))
        if not is_check_running():
            for line in state.warnings:
                _log.warning("%s", line)
        self._answer_errors(app)
        if EXTENSION not in app.extensions:
            # Registered first, so that a decorator above another hook takes effect from the first request on.
            app.before_request_funcs.setdefault(None, []).insert(0, check_set_up)
        if settings.metadata is not None:
            serve_resource_metadata(app, settings.metadata)
        app.cli.add_command(cognito)
        for key, value in DEFAULTS.items():
            app.config.setdefault(key, value)
        state.read = values_of_keys(app.config)
        app.extensions[EXTENSION] = self
        app.extensions[RENDERER] = render
        state.belong_to(app)
        self._newest = state

    def identity_handler(self, callback: I) -> I:
        """Register the function that turns verified claims into the app's own user, which becomes `current_user`.

        It is called once per request, after the token is verified, and gets the claims as its argument. Until it
        returns, both proxies are falsy. It may be a coroutine function. If it reads a claim that the token does not
        have, the request gets a 403 with the code ``claim_required``. Other exceptions propagate to the app.

        Raises:
            RuntimeError: If the app already has one.
        """
        if self._newest is None:
            self._only_once(self._identity_handler, "identity_handler")
            self._identity_handler = callback
        else:
            self._only_once(self._newest.identity_handler, "identity_handler")
            self._newest.identity_handler = callback
        return callback

    def error_handler(self, callback: E) -> E:
        """Register the function that turns a `CognitoAuthError` into a response, that is, anything a view can return.

        Headers that the protocol requires, such as ``WWW-Authenticate``, are added if it omits them. Flask-RESTX and
        Flask-RESTful do not call it. They write ``error.data`` as JSON.

        Raises:
            RuntimeError: If the app already has one.
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
        *,
        token_use: TokenUse | Unset | None = UNSET,
        client_id: str | Collection[str] | Unset | None = UNSET,
        audience: str | Collection[str] | Unset | None = UNSET,
    ) -> None:
        """Require a token on every route without `cognito_public`.

        Static files and Flask's automatic answers to OPTIONS need no token. Unknown URLs still get a 404. A view that
        answers OPTIONS itself needs a token, so let Flask-CORS answer preflights for the whole app, not with a
        decorator of one view.

        Args:
            app_or_blueprint: The app, or a blueprint before it is registered.
            groups: The user must be in at least one of these groups.
            scopes: The token must have at least one of these OAuth scopes.
            token_use: Override of the app's setting, as in `cognito_auth_required`.
            client_id: Override of the app's setting.
            audience: Override of the app's setting.

        Raises:
            ConfigurationError: If an argument is invalid, or contradicts what the app demands.
        """
        access = Access(
            groups=() if groups is None else names("groups", groups),
            scopes=() if scopes is None else names("scopes", scopes),
            token=token_demand(token_use, client_id, audience),
        )
        state = state_of(app_or_blueprint) if isinstance(app_or_blueprint, Flask) else None
        contradiction = "" if state is None else access.token.contradiction(state.settings)
        if contradiction:
            raise ConfigurationError(contradiction)
        app_or_blueprint.before_request(Guard(access))

    @property
    def verifier(self) -> CognitoVerifier | MultiPoolVerifier:
        """Return the current app's verifier. Outside an app context, return that of the newest app.

        A start-up hook can call its ``prefetch()``.
        """
        return self._app_state().verifier

    @property
    def reported(self) -> Mapping[str, int]:
        """Return how many requests ``COGNITO_REPORT_ONLY`` let through in this process, by error code."""
        return MappingProxyType(dict(self._app_state().reported))

    def get_token(self) -> str | None:
        """Return the token of the current request, or None. A subclass may override it to look elsewhere.

        Raises:
            CognitoAuthError: If the header is malformed, or if another site made the request and the token is in a
                cookie.
        """
        state, request = app_state(), current_request()
        settings = state.settings
        after_this_request(vary_on(settings.vary, request))  # a view that calls it acts on the result
        credential = find_credential(request, settings, state.sessions)
        if credential is None:
            return None
        if credential.is_from_browser and settings.csrf_protection and is_forged(request, settings.trusted_origins):
            raise refusal("cross_site_request", settings.challenge)
        if credential.session is None:
            return credential.token
        return credential.session.use(request).access_token

    def get_user(self, payload: Claims) -> Any:
        """Return the app's own user for verified claims, from the identity handler. A subclass may override it."""
        callback = app_state().identity_handler
        return None if callback is None else callback(payload)

    def decode_token(self, token: str) -> Mapping[str, Any]:
        """Return the verified claims of `token`. A subclass may override it and return a plain dict.

        A view may also call it. If the view does not catch an error, the response is the same as with a decorator.
        Outside an app context, the newest app's verifier decides, as for `verifier`.

        Raises:
            InvalidTokenError: If the token is rejected; `CognitoJWTException`, its name in 1.x, is the same class.
            UnavailableError: If the token cannot be checked now.
        """
        if not has_request_context():
            return self.verifier.verify(token)
        state = app_state()
        try:
            request = current_request()
            demand = demand_of(request)
            if state.balancer is not None and token == balancer_token(request):
                return verified_by_balancer(token, state.balancer, state, demand, request)
            return verified(token, state, demand, request)
        except (InvalidTokenError, UnavailableError) as error:
            raise answered_if_uncaught(error)  # noqa: B904  it is the same error

    def _cognito_auth_error_handler(self, error: CognitoAuthError) -> ResponseReturnValue:
        """Return the response to `error`. Subclasses written for 1.x override this name."""
        state = app_state()
        if state.error_handler is not None:
            log_absent_claim(error)
            response = current_app.make_response(current_app.ensure_sync(state.error_handler)(error))
            return finished(response, error)
        page = None if state.sessions is None else state.sessions.page(current_request(), error)
        if page is None:
            return error.get_response()
        log_absent_claim(error)
        return finished(page, error)

    def _answer_errors(self, app: Flask) -> None:
        """Register the handler for `CognitoAuthError`, unless the app has already registered its own."""
        registered = app.error_handler_spec[None][None].get(CognitoAuthError)
        if registered is None or isinstance(getattr(registered, "__self__", None), CognitoAuth):
            app.register_error_handler(CognitoAuthError, self._answer)
        app.register_error_handler(AnsweredIfUncaught, answer_uncaught)

    def _answer(self, error: CognitoAuthError) -> ResponseReturnValue:
        # looked up on use, because a test may replace it after `init_app`
        return self._cognito_auth_error_handler(error)

    @staticmethod
    def _only_once(registered: object, name: str) -> None:
        if registered is not None:
            raise RuntimeError(f"the app already has an {name}, which a second one would replace: register only one")


_DEFAULT_HOOKS: frozenset[Callable[..., Any]] = frozenset(
    (CognitoAuth.get_token, CognitoAuth.decode_token, CognitoAuth.get_user)
)
