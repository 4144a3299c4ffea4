"""Protect Flask routes with Amazon Cognito: four config keys, two decorators.

`CognitoAuth` reads the ``COGNITO_*`` keys of an app. Decorators state what a view requires. `current_user` and
`current_cognito_jwt` give the user of the request.
"""

from typing import TYPE_CHECKING, Any

from flask_cognito.authentication.proxies import current_cognito_jwt, current_user
from flask_cognito.authentication.session import current_session
from flask_cognito.authorization.decorators import (
    cognito_auth_optional,
    cognito_auth_required,
    cognito_check_groups,
    cognito_claim_permissions,
    cognito_group_permissions,
    cognito_public,
    cognito_scope_permissions,
    cognito_step_up,
    verify_cognito_jwt,
)
from flask_cognito.errors import CognitoAuthError
from flask_cognito.extension import CognitoAuth
from flask_cognito.legacy import CognitoJWTException, _cog, _cognito_auth_required, _cognito_check_groups
from flask_cognito.openapi import openapi_security_schemes
from flask_cognito.sign_in.sessions.store import MemorySessionStore, Record, RedisSessionStore, SessionStore
from flask_cognito.signals import (
    session_ended,
    session_refreshed,
    sign_in_failed,
    signed_in,
    signed_out,
    token_rejected,
    token_verified,
    token_would_be_rejected,
)

if TYPE_CHECKING:
    from flask_cognito.sign_in.extension import CognitoSignIn

__all__ = [
    "CognitoAuth",
    "CognitoAuthError",
    "CognitoJWTException",
    "CognitoSignIn",
    "MemorySessionStore",
    "Record",
    "RedisSessionStore",
    "SessionStore",
    "_cog",
    "_cognito_auth_required",
    "_cognito_check_groups",
    "cognito_auth_optional",
    "cognito_auth_required",
    "cognito_check_groups",
    "cognito_claim_permissions",
    "cognito_group_permissions",
    "cognito_public",
    "cognito_scope_permissions",
    "cognito_step_up",
    "current_cognito_jwt",
    "current_session",
    "current_user",
    "openapi_security_schemes",
    "session_ended",
    "session_refreshed",
    "sign_in_failed",
    "signed_in",
    "signed_out",
    "token_rejected",
    "token_verified",
    "token_would_be_rejected",
    "verify_cognito_jwt",
]


def __getattr__(name: str) -> Any:
    """Import sign-in on first use, so that an API without it starts faster."""
    if name == "CognitoSignIn":
        from flask_cognito.sign_in.extension import CognitoSignIn

        return CognitoSignIn
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
