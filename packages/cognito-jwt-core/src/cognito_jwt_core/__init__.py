"""Verify the JSON Web Tokens of Amazon Cognito user pools: keys, signature, claims, groups and scopes."""

from .claims import Claims
from .errors import (
    AccessDeniedError,
    AlgorithmNotAllowedError,
    CognitoJWTError,
    ConfigurationError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MalformedTokenError,
    MissingClaimError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
)
from .jwks_sources import JWKSFetchError, JWKSResponse, KeySource
from .key_settings import KeySettings
from .key_store import KeyStatus
from .user_pool import UserPool
from .verifier import CognitoVerifier, MultiPoolVerifier

__all__ = [
    "AccessDeniedError",
    "AlgorithmNotAllowedError",
    "Claims",
    "CognitoJWTError",
    "CognitoVerifier",
    "ConfigurationError",
    "GroupRequiredError",
    "InvalidAudienceError",
    "InvalidClaimError",
    "InvalidClientError",
    "InvalidIssuerError",
    "InvalidSignatureError",
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
    "ScopeRequiredError",
    "TokenExpiredError",
    "TokenNotYetValidError",
    "UnknownKeyError",
    "UserPool",
]
