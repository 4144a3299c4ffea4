"""Names of Flask-Cognito 1.21 that its users may have come to know."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cognito_jwt_core import InvalidTokenError
from flask import current_app
from werkzeug.local import LocalProxy

from flask_cognito.access import Access
from flask_cognito.config_values import names
from flask_cognito.context import AppState, IdentityHandler, app_state
from flask_cognito.decorators import verify_cognito_jwt
from flask_cognito.errors import EXTENSION

CognitoJWTException = InvalidTokenError
"""What ``decode_token`` raises for a token that must not be accepted, and what one of your own may raise."""

_cog: Any = LocalProxy(lambda: current_app.extensions[EXTENSION])


def _cognito_auth_required() -> None:
    verify_cognito_jwt()


def _cognito_check_groups(groups: Collection[str]) -> None:
    Access(groups=names("groups", groups)).enforce()


class LegacyAttributes:
    """What 1.x kept on the extension: what the settings of the current app say, or of the newest one outside of any."""

    _newest: AppState | None = None
    _identity_handler: IdentityHandler | None = None

    @property
    def region(self) -> str | None:
        """``COGNITO_REGION``."""
        return self._at_hand().settings.pools[0].region

    @property
    def userpool_id(self) -> str:
        """``COGNITO_USERPOOL_ID``."""
        return self._at_hand().settings.pools[0].userpool_id

    @property
    def app_client_id(self) -> str | tuple[str, ...] | None:
        """``COGNITO_APP_CLIENT_ID``."""
        clients = self._at_hand().settings.pools[0].app_client_id
        return clients[0] if clients is not None and len(clients) == 1 else clients

    @property
    def check_expiration(self) -> bool:
        """``COGNITO_CHECK_TOKEN_EXPIRATION``."""
        return self._at_hand().settings.pools[0].check_token_expiration

    @property
    def jwt_header_name(self) -> str:
        """``COGNITO_JWT_HEADER_NAME``."""
        return self._at_hand().settings.jwt_header_name

    @property
    def jwt_header_prefix(self) -> str:
        """``COGNITO_JWT_HEADER_PREFIX``."""
        return self._at_hand().settings.jwt_header_prefix

    @property
    def identity_callback(self) -> IdentityHandler | None:
        """The identity handler."""
        is_of_an_app = current_app or self._newest is not None
        return self._at_hand().identity_handler if is_of_an_app else self._identity_handler

    def _at_hand(self) -> AppState:
        return app_state() if current_app or self._newest is None else self._newest
