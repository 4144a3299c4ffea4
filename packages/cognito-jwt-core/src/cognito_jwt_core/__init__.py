"""Verify the JSON Web Tokens of Amazon Cognito user pools: keys, signature, claims, groups and scopes."""

import importlib
from typing import TYPE_CHECKING

from cognito_jwt_core.answers import Answer, answer_for
from cognito_jwt_core.clock import Clock
from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.multi_pool import MultiPoolVerifier
from cognito_jwt_core.cognito.pool_policy import TokenUse
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.cognito.verifier import CognitoVerifier
from cognito_jwt_core.errors import (
    AccessDeniedError,
    AlgorithmNotAllowedError,
    ClaimRequiredError,
    CognitoJWTError,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidSignerError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MalformedTokenError,
    MissingClaimError,
    RevocationsUnavailableError,
    ScopeRequiredError,
    SignInError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenRevokedError,
    UnavailableError,
    UnknownKeyError,
)
from cognito_jwt_core.jwt.policy import UNSET, Unset
from cognito_jwt_core.jwt.revocations.check import Revocations
from cognito_jwt_core.jwt.stats import Stats
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError, JWKSResponse, KeySource
from cognito_jwt_core.keys.store import KeyStatus

if TYPE_CHECKING:
    from cognito_jwt_core.alb.claims import AlbClaims
    from cognito_jwt_core.alb.verifier import AlbVerifier
    from cognito_jwt_core.diagnostics.doctor import doctor
    from cognito_jwt_core.diagnostics.explain import explain_token
    from cognito_jwt_core.jwt.revocations.entry import Revocation
    from cognito_jwt_core.jwt.revocations.revocation_list import RevocationList
    from cognito_jwt_core.jwt.revocations.shared import Changes, RevocationSource
    from cognito_jwt_core.resource_metadata import ResourceMetadata

__all__ = [
    "UNSET",
    "AccessDeniedError",
    "AlbClaims",
    "AlbVerifier",
    "AlgorithmNotAllowedError",
    "Answer",
    "Changes",
    "ClaimRequiredError",
    "Claims",
    "Clock",
    "CognitoJWTError",
    "CognitoVerifier",
    "ConfigurationError",
    "GroupRequiredError",
    "InsufficientAuthenticationError",
    "InvalidAudienceError",
    "InvalidClaimError",
    "InvalidClientError",
    "InvalidIssuerError",
    "InvalidSignatureError",
    "InvalidSignerError",
    "InvalidTokenError",
    "InvalidTokenUseError",
    "JWKSFetchError",
    "JWKSResponse",
    "JWKSUnavailableError",
    "KeySettings",
    "KeySource",
    "KeyStatus",
    "MalformedTokenError",
    "MissingClaimError",
    "MultiPoolVerifier",
    "ResourceMetadata",
    "Revocation",
    "RevocationList",
    "RevocationSource",
    "Revocations",
    "RevocationsUnavailableError",
    "ScopeRequiredError",
    "SignInError",
    "Stats",
    "TokenExpiredError",
    "TokenNotYetValidError",
    "TokenRevokedError",
    "TokenUse",
    "UnavailableError",
    "UnknownKeyError",
    "Unset",
    "UserPool",
    "answer_for",
    "doctor",
    "explain_token",
]


_IMPORTED_LATER = {
    "AlbClaims": "cognito_jwt_core.alb.claims",
    "AlbVerifier": "cognito_jwt_core.alb.verifier",
    "doctor": "cognito_jwt_core.diagnostics.doctor",
    "explain_token": "cognito_jwt_core.diagnostics.explain",
    "ResourceMetadata": "cognito_jwt_core.resource_metadata",
    "Changes": "cognito_jwt_core.jwt.revocations.shared",
    "Revocation": "cognito_jwt_core.jwt.revocations.entry",
    "RevocationList": "cognito_jwt_core.jwt.revocations.revocation_list",
    "RevocationSource": "cognito_jwt_core.jwt.revocations.shared",
}


def __getattr__(name: str) -> object:
    """Import rarely used names on first use, so that other apps start without their cost."""
    if name in _IMPORTED_LATER:
        return getattr(importlib.import_module(_IMPORTED_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
