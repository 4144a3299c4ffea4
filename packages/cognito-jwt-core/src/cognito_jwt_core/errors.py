"""What can go wrong, by whose trouble it is.

    CognitoJWTError
    ├── ConfigurationError            yours: the set-up is wrong (also a ValueError)
    ├── JWKSUnavailableError          the network's: no usable keys could be had (503)
    ├── InvalidTokenError             the token's: it must not be accepted (401)
    │   ├── MalformedTokenError
    │   ├── AlgorithmNotAllowedError
    │   ├── UnknownKeyError
    │   ├── InvalidSignatureError
    │   └── InvalidClaimError         the signature holds, a claim does not
    │       ├── InvalidIssuerError
    │       ├── TokenExpiredError
    │       ├── TokenNotYetValidError
    │       ├── InvalidTokenUseError
    │       ├── InvalidClientError
    │       ├── InvalidAudienceError
    │       └── MissingClaimError     also a KeyError
    └── AccessDeniedError             the user's: authentic, but not entitled (403)
        ├── GroupRequiredError
        └── ScopeRequiredError

Every class has a stable ``code``. Messages say what was expected and what was found; none holds any part of a
token's text.
"""

from __future__ import annotations

from typing import ClassVar

_SHOWN_CHARACTERS = 64


def shown(value: object) -> str:
    """A value from outside as one short line of ASCII: no token can write lines into a log or break a header."""
    try:
        text = ascii(value)
    except (RecursionError, ValueError):  # a value nested too deep, an integer of too many digits
        text = f"<{type(value).__name__}>"
    return text[:_SHOWN_CHARACTERS]


class CognitoJWTError(Exception):
    """Root of everything this library raises.

    Attributes:
        code: Stable name of the failure, for programs: the class name in snake case without ``Error``.
    """

    code: ClassVar[str] = "cognito_jwt"

    def __str__(self) -> str:
        # KeyError, a base of MissingClaimError, would show the message in quotes.
        return Exception.__str__(self)

    def __reduce__(self) -> tuple[object, ...]:
        # Job runners pickle errors, and the default calls the class with `args` alone: not enough for ours.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(cls: type[CognitoJWTError], args: tuple[object, ...], attributes: dict[str, object]) -> CognitoJWTError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class ConfigurationError(CognitoJWTError, ValueError):
    """The caller's set-up is wrong. Raised when the object is built, or for a wrong option of one call."""

    code = "configuration"


class JWKSUnavailableError(CognitoJWTError):
    """No usable keys could be had, so nobody can tell whether the token is good. Answer 503, not 401.

    Attributes:
        retry_after: Seconds until another attempt can succeed (at least 1).
    """

    code = "jwks_unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidTokenError(CognitoJWTError):
    """The token must not be accepted. Answer 401 with ``error="invalid_token"`` (RFC 6750 section 3.1)."""

    code = "invalid_token"


class MalformedTokenError(InvalidTokenError):
    """Not a JWS in compact serialization with a JSON header, or too long, or with ``crit``, or without ``kid``."""

    code = "malformed_token"


class AlgorithmNotAllowedError(InvalidTokenError):
    """The header names an algorithm outside the allowlist (RFC 8725 section 3.1)."""

    code = "algorithm_not_allowed"


class UnknownKeyError(InvalidTokenError):
    """The pool's current key set has no key of that ``kid``."""

    code = "unknown_key"


class InvalidSignatureError(InvalidTokenError):
    """The signature does not belong to this text and this key."""

    code = "invalid_signature"


class InvalidClaimError(InvalidTokenError):
    """A claim of a token whose signature holds is wrong, missing or of the wrong type.

    Attributes:
        claim: Name of the claim.
        expected: What would have been accepted.
        actual: What the token says; None where nothing of the token is verified.
    """

    code = "invalid_claim"

    def __init__(self, message: str, *, claim: str, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.claim = claim
        self.expected = expected
        self.actual = actual


class InvalidIssuerError(InvalidClaimError):
    """``iss`` is no issuer of the pool."""

    code = "invalid_issuer"


class TokenExpiredError(InvalidClaimError):
    """The second named by ``exp`` has come (RFC 7519 section 4.1.4)."""

    code = "token_expired"


class TokenNotYetValidError(InvalidClaimError):
    """The second named by ``nbf`` is yet to come (RFC 7519 section 4.1.5)."""

    code = "token_not_yet_valid"


class InvalidTokenUseError(InvalidClaimError):
    """An ID token where an access token is expected, or the other way round."""

    code = "invalid_token_use"


class InvalidClientError(InvalidClaimError):
    """The token was issued to another app client."""

    code = "invalid_client"


class InvalidAudienceError(InvalidClaimError):
    """The access token is bound to another API (RFC 8707, RFC 7519 section 4.1.3)."""

    code = "invalid_audience"


class MissingClaimError(InvalidClaimError, KeyError):
    """A claim that is needed is not in the token."""

    code = "missing_claim"


class AccessDeniedError(CognitoJWTError):
    """The token is authentic, but does not entitle to this. Answer 403 with ``error="insufficient_scope"``.

    Attributes:
        required: The names of which one would have been enough.
    """

    code = "access_denied"

    def __init__(self, message: str, *, required: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.required = required


class GroupRequiredError(AccessDeniedError):
    """The user is in none of the required groups."""

    code = "group_required"


class ScopeRequiredError(AccessDeniedError):
    """The access token carries none of the required OAuth scopes."""

    code = "scope_required"
