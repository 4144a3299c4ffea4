"""Names of Flask-Cognito 1.21 that existing apps may use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cognito_jwt_core import InvalidTokenError
from flask import current_app
from werkzeug.local import LocalProxy

from flask_cognito.authorization.decorators import verify_cognito_jwt
from flask_cognito.authorization.requirement import Access
from flask_cognito.config.values import names
from flask_cognito.errors import EXTENSION
from flask_cognito.state import AppState, IdentityHandler, app_state, current_request

CognitoJWTException = InvalidTokenError
"""``decode_token`` raises this for a token that must be rejected, and your own override may raise it too."""

_cog: Any = LocalProxy(lambda: current_app.extensions[EXTENSION])


def _cognito_auth_required() -> None:
    verify_cognito_jwt()


def _cognito_check_groups(groups: Collection[str]) -> None:
    Access(groups=names("groups", groups)).enforce(current_request())


class LegacyAttributes:
    """The attributes of 1.x, from the settings of the current app. Outside an app context, those of the newest app."""

    _newest: AppState | None = None
    _identity_handler: IdentityHandler | None = None

    @property
    def region(self) -> str | None:
        """Return ``COGNITO_REGION``."""
        return self._app_state().settings.pools[0].region

    @property
    def userpool_id(self) -> str:
        """Return ``COGNITO_USERPOOL_ID``."""
        return self._app_state().settings.pools[0].userpool_id

    @property
    def app_client_id(self) -> str | tuple[str, ...] | None:
        """Return ``COGNITO_APP_CLIENT_ID``."""
        clients = self._app_state().settings.pools[0].app_client_id
        return clients[0] if clients is not None and len(clients) == 1 else clients

    @property
    def check_expiration(self) -> bool:
        """Return ``COGNITO_CHECK_TOKEN_EXPIRATION``."""
        return self._app_state().settings.pools[0].check_token_expiration

    @property
    def jwt_header_name(self) -> str:
        """Return ``COGNITO_JWT_HEADER_NAME``."""
        return self._app_state().settings.jwt_header_name

    @property
    def jwt_header_prefix(self) -> str:
        """Return ``COGNITO_JWT_HEADER_PREFIX``, or the first of several prefixes."""
        return self._app_state().settings.jwt_header_prefixes[0]

    @property
    def identity_callback(self) -> IdentityHandler | None:
        """Return the identity handler."""
        is_of_an_app = current_app or self._newest is not None
        return self._app_state().identity_handler if is_of_an_app else self._identity_handler

    def _app_state(self) -> AppState:
        if current_app:
            return app_state()
        if self._newest is None:
            raise RuntimeError(
                "this CognitoAuth has no app yet: call init_app(app) first, or use it inside `with app.app_context():`"
            )
        return self._newest
