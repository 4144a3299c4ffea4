"""Building blocks for extensions of web frameworks, such as flask-cognito.

Applications do not need this module. An extension needs it in addition to the verifiers and errors of
`cognito_jwt_core`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from cognito_jwt_core.clock import REAL_TIME
from cognito_jwt_core.cognito.multi_pool import lenient_verifier
from cognito_jwt_core.jwt.authorization import (
    SignInDemand,
    Subject,
    require_claim,
    require_groups,
    require_scopes,
    require_sign_in,
    sign_in_demand,
)
from cognito_jwt_core.jwt.fingerprint import fingerprint
from cognito_jwt_core.jwt.policy import MAX_LEEWAY_SECONDS, NameSet
from cognito_jwt_core.jwt.revocations.check import RevocationCheck
from cognito_jwt_core.jwt.token_cache import MAX_CACHE_SIZE
from cognito_jwt_core.keys.fork import PerProcess
from cognito_jwt_core.keys.source import LocalKeySource

if TYPE_CHECKING:
    from cognito_jwt_core.alb.verifier import verifier_of_any_client
    from cognito_jwt_core.http import HTTPRequestError, HTTPResponse, Request, checked_url

__all__ = [
    "MAX_CACHE_SIZE",
    "MAX_LEEWAY_SECONDS",
    "REAL_TIME",
    "HTTPRequestError",
    "HTTPResponse",
    "LocalKeySource",
    "NameSet",
    "PerProcess",
    "Request",
    "RevocationCheck",
    "SignInDemand",
    "Subject",
    "checked_url",
    "fingerprint",
    "lenient_verifier",
    "require_claim",
    "require_groups",
    "require_scopes",
    "require_sign_in",
    "sign_in_demand",
    "verifier_of_any_client",
]

# Imported on first use, so that start-up does not import `requests`.
_LAZY = {
    "HTTPRequestError": "cognito_jwt_core.http",
    "HTTPResponse": "cognito_jwt_core.http",
    "Request": "cognito_jwt_core.http",
    "checked_url": "cognito_jwt_core.http",
    "verifier_of_any_client": "cognito_jwt_core.alb.verifier",
}


def __getattr__(name: str) -> object:
    """Import a name on first use.

    Raises:
        AttributeError: If the module has no such name.
    """
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
