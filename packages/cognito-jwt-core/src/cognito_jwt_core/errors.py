"""The errors, grouped by who can solve the problem.

    CognitoJWTError
    ├── ConfigurationError            fix the set-up (also a ValueError)
    ├── UnavailableError              the token cannot be verified now (503)
    │   ├── JWKSUnavailableError          no usable keys are available
    │   └── RevocationsUnavailableError   the list of revoked tokens is not available
    ├── InvalidTokenError             the token must be rejected (401)
    │   ├── MalformedTokenError
    │   ├── AlgorithmNotAllowedError
    │   ├── UnknownKeyError
    │   ├── InvalidSignatureError
    │   ├── TokenRevokedError
    │   └── InvalidClaimError         a claim is wrong, missing or of the wrong type
    │       ├── InvalidIssuerError
    │       ├── TokenExpiredError
    │       ├── TokenNotYetValidError
    │       ├── InvalidTokenUseError
    │       ├── InvalidClientError
    │       ├── InvalidAudienceError
    │       ├── InvalidSignerError
    │       └── MissingClaimError     also a KeyError
    ├── AccessDeniedError             the token is authentic, but the user lacks a right (403)
    │   ├── GroupRequiredError
    │   ├── ScopeRequiredError
    │   ├── ClaimRequiredError
    │   └── InsufficientAuthenticationError   the sign-in is too old or too weak (401)
    └── SignInError                   a sign-in or a refresh failed (status in the error)

Every class has a stable ``code``. ``is_authentic`` tells whether the token's signature was valid. Messages give the
expected and the actual value. They never contain the encoded token, and they shorten and escape values from it.
"""

from __future__ import annotations

from copy import deepcopy
from types import MappingProxyType

_SHOWN_CHARACTERS = 200  # enough for an issuer or an ARN
_CUT = "..."


def shown(value: object) -> str:
    """Return a value from outside as one short line of ASCII, cut in the middle.

    A token can therefore not write lines into a log or break a header.
    """
    try:
        text = ascii(value)
    except Exception:  # noqa: BLE001  nested too deep, an integer of too many digits, a `__repr__` that raises anything
        text = f"<{type(value).__name__}>"
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    kept = _SHOWN_CHARACTERS - len(_CUT)
    return text[: kept // 2] + _CUT + text[-(kept - kept // 2) :]


class CognitoJWTError(Exception):
    """Base class of every error that this library raises.

    Attributes:
        code: Stable name of the error, for programs: the class name in snake case without ``Error``.
        is_authentic: Whether the token's signature was valid. This does not follow from the class. For example, an
            `InvalidIssuerError` can be raised before the signature is checked.
    """

    code: str = "cognito_jwt"
    is_authentic: bool = False

    def __str__(self) -> str:
        # KeyError, a base of MissingClaimError, would show the message in quotes.
        return Exception.__str__(self)

    def __reduce__(self) -> tuple[object, ...]:
        # Job runners pickle errors. By default, unpickling passes only `args`, which is not enough for these classes.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(cls: type[CognitoJWTError], args: tuple[object, ...], attributes: dict[str, object]) -> CognitoJWTError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class ConfigurationError(CognitoJWTError, ValueError):
    """The configuration is invalid. Raised when the object is built, or for an invalid option of one call."""

    code = "configuration"


class UnavailableError(CognitoJWTError):
    """The token cannot be verified now, and the token is not the cause. Answer 503, not 401.

    Attributes:
        retry_after: Seconds until another attempt can succeed (at least 1).
    """

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class JWKSUnavailableError(UnavailableError):
    """No usable keys are available, so the token cannot be verified (503)."""

    code = "jwks_unavailable"


class RevocationsUnavailableError(UnavailableError):
    """The list of revoked tokens is not available, or too old to be trusted (503)."""

    code = "revocations_unavailable"


class InvalidTokenError(CognitoJWTError):
    """The token must be rejected. Answer 401 with ``error="invalid_token"`` (RFC 6750 section 3.1)."""

    code = "invalid_token"


class MalformedTokenError(InvalidTokenError):
    """The text is not a JWS in compact serialization with a JSON header, is too long, has ``crit``, or has no ``kid``.

    Spec: RFC 7515 sections 4.1.11 and 7.1.
    """

    code = "malformed_token"


class AlgorithmNotAllowedError(InvalidTokenError):
    """The header names an algorithm outside the allowlist (RFC 8725 section 3.1)."""

    code = "algorithm_not_allowed"


class UnknownKeyError(InvalidTokenError):
    """The pool's current key set has no key with that ``kid`` (RFC 7515 section 4.1.4)."""

    code = "unknown_key"


class InvalidSignatureError(InvalidTokenError):
    """The signature does not match the token's text and its key (RFC 7515 section 5.2)."""

    code = "invalid_signature"


class TokenRevokedError(InvalidTokenError):
    """The token, its session or its user was revoked before the token expired (RFC 6750 section 3.1)."""

    code = "token_revoked"


class InvalidClaimError(InvalidTokenError):
    """A claim is wrong, missing or of the wrong type. `is_authentic` tells whether the signature was valid.

    Attributes:
        claim: Name of the claim.
        expected: The accepted value or values.
        actual: A copy of the claim's value. None if the token's signature has not been verified.
    """

    code = "invalid_claim"

    def __init__(self, message: str, *, claim: str, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.claim = claim
        self.expected = expected
        self.actual: object = deepcopy(actual)  # The verifier may cache the original value and check it again.


class InvalidIssuerError(InvalidClaimError):
    """``iss`` is not an issuer of the pool (RFC 7519 section 4.1.1)."""

    code = "invalid_issuer"


class TokenExpiredError(InvalidClaimError):
    """The time in ``exp`` has been reached (RFC 7519 section 4.1.4)."""

    code = "token_expired"


class TokenNotYetValidError(InvalidClaimError):
    """The time in ``nbf`` is in the future (RFC 7519 section 4.1.5)."""

    code = "token_not_yet_valid"


class InvalidTokenUseError(InvalidClaimError):
    """An ID token was used where an access token is expected, or the other way round.

    Source: "Verifying JSON web tokens" in the Amazon Cognito developer guide.
    """

    code = "invalid_token_use"


class InvalidClientError(InvalidClaimError):
    """The token was issued to another app client, by ``client_id`` of an access token or ``aud`` of an ID token.

    Source: "Verifying JSON web tokens" in the Amazon Cognito developer guide.
    """

    code = "invalid_client"


class InvalidAudienceError(InvalidClaimError):
    """The access token is bound to another API (RFC 8707, RFC 7519 section 4.1.3)."""

    code = "invalid_audience"


class InvalidSignerError(InvalidClaimError):
    """The load balancer that signed the token is not one of those expected.

    Source: "Authenticate users using an Application Load Balancer", Elastic Load Balancing guide.
    """

    code = "invalid_signer"


class MissingClaimError(InvalidClaimError, KeyError):
    """A claim that every token must have is missing, or the app read a claim that the token does not have."""

    code = "missing_claim"


class AccessDeniedError(CognitoJWTError):
    """The token is authentic, but does not grant this access. Answer 403 with ``error="insufficient_scope"``.

    Attributes:
        required: Names of which the token needed at least one.

    Spec: RFC 6750 section 3.1.
    """

    code = "access_denied"

    def __init__(self, message: str, *, required: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.required = required


class GroupRequiredError(AccessDeniedError):
    """The user is in none of the required groups, by the claim ``cognito:groups``. Answer 403."""

    code = "group_required"


class ScopeRequiredError(AccessDeniedError):
    """The access token has none of the required OAuth scopes. Answer 403 (RFC 6750 section 3.1)."""

    code = "scope_required"


class ClaimRequiredError(AccessDeniedError):
    """A custom claim has none of the required values.

    Attributes:
        claim: Name of the claim.
    """

    code = "claim_required"

    def __init__(self, message: str, *, claim: str, required: tuple[str, ...] = ()) -> None:
        super().__init__(message, required=required)
        self.claim = claim


class InsufficientAuthenticationError(AccessDeniedError):
    """The user's sign-in is too old or its level too low. Answer 401 (RFC 9470 section 3).

    Attributes:
        max_age: Maximum seconds since the user signed in; None if any age is accepted.
        acr_values: Accepted levels of authentication; empty if any level is accepted.
    """

    code = "insufficient_authentication"

    def __init__(self, message: str, *, max_age: int | None = None, acr_values: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.max_age = max_age
        self.acr_values = acr_values


class SignInError(CognitoJWTError):
    """A sign-in, a refresh or a sign-out could not be completed.

    One class covers every failure of a sign-in, because a web app answers them all in the same way: with `status`,
    and with a page or a JSON body that names `code`. The message is meant for the log. It never contains a secret, an
    authorization code, a verifier or any part of a token.

    Args:
        message: Expected and actual values, for the log.
        code: Stable name of the failure, one of the codes in the table of the reference.
        retry_after: Seconds until another attempt can succeed, for a `code` of ``sign_in_unavailable``.

    Attributes:
        code: Stable name of the failure.
        status: HTTP status that a web app answers.
        retryable: Whether the same call may succeed later without any change.
        retry_after: Seconds until another attempt can succeed (at least 1); None if waiting does not help.
        is_code_spent: Whether Cognito has accepted the authorization code, so that only a new sign-in can succeed.

    Raises:
        ConfigurationError: If `code` is not one of the known codes.
    """

    code: str = "sign_in"

    def __init__(self, message: str, *, code: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        if code not in SIGN_IN_STATUSES:
            raise ConfigurationError(f"SignInError: expected a known code, found {shown(code)}")
        self.code = code
        self.status: int = SIGN_IN_STATUSES[code]
        self.retryable: bool = code == "sign_in_unavailable"
        self.is_code_spent: bool = False
        self.retry_after: int | None = max(1, retry_after or 1) if self.retryable else None


SIGN_IN_STATUSES = MappingProxyType(
    {
        "sign_in_denied": 403,
        "login_required": 401,
        "code_rejected": 400,
        "session_expired": 401,
        "token_rejected": 502,
        "nonce_mismatch": 400,
        "sign_in_misconfigured": 502,
        "provider_error": 502,
        "sign_in_unavailable": 503,
        # These codes are raised by a web framework's extension such as flask-cognito.
        "state_missing": 400,
        "state_mismatch": 400,
        "login_expired": 400,
        "login_loop": 400,
        "step_up_failed": 403,
        "unknown_user": 403,
    }
)
