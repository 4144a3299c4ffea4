"""Protect Flask routes with Amazon Cognito: three config keys, two decorators.

`CognitoAuth` reads the ``COGNITO_*`` keys of an app, decorators say what a view demands, `current_user` and
`current_cognito_jwt` say who is asking.
"""

from flask_cognito.context import current_user
from flask_cognito.current_claims import current_cognito_jwt
from flask_cognito.decorators import (
    cognito_auth_optional,
    cognito_auth_required,
    cognito_check_groups,
    cognito_group_permissions,
    cognito_public,
    cognito_scope_permissions,
    verify_cognito_jwt,
)
from flask_cognito.errors import CognitoAuthError
from flask_cognito.extension import CognitoAuth
from flask_cognito.legacy import CognitoJWTException, _cog, _cognito_auth_required, _cognito_check_groups
from flask_cognito.openapi import openapi_security_schemes
from flask_cognito.signals import token_rejected, token_verified

__all__ = [
    "CognitoAuth",
    "CognitoAuthError",
    "CognitoJWTException",
    "_cog",
    "_cognito_auth_required",
    "_cognito_check_groups",
    "cognito_auth_optional",
    "cognito_auth_required",
    "cognito_check_groups",
    "cognito_group_permissions",
    "cognito_public",
    "cognito_scope_permissions",
    "current_cognito_jwt",
    "current_user",
    "openapi_security_schemes",
    "token_rejected",
    "token_verified",
    "verify_cognito_jwt",
]
