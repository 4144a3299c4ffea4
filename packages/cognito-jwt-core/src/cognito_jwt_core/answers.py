"""`answer_for`: the HTTP response to an error, for any web framework."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from cognito_jwt_core.errors import (
    AccessDeniedError,
    CognitoJWTError,
    ConfigurationError,
    InsufficientAuthenticationError,
    InvalidTokenError,
    ScopeRequiredError,
    SignInError,
    UnavailableError,
    shown,
)

DEFAULT_REALM = "Cognito"

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_QUOTABLE = re.compile(r"[\x20-\x7e]+")

_NO_TOKEN = ("Authorization Required", "The request has no access token.")
_REFUSED = "Invalid Cognito Authentication Token"
_DENIED = "Not Authorized"
_UNAVAILABLE = "Authentication Unavailable"

# Clients get fixed sentences. Expected and actual values go to the log only.
_DESCRIPTIONS = {
    "invalid_token": "The token was not accepted.",
    "malformed_token": "The token is not a well-formed JSON Web Token.",
    "algorithm_not_allowed": "The token is signed with an algorithm that is not accepted.",
    "unknown_key": "The token is signed with an unknown key.",
    "invalid_signature": "The token's signature is not valid.",
    "token_revoked": "The token has been revoked.",
    "invalid_claim": "A claim in the token is not valid.",
    "invalid_issuer": "The token was issued by another user pool.",
    "token_expired": "The token has expired.",
    "token_not_yet_valid": "The token is not valid yet.",
    "invalid_token_use": "The token is of the wrong kind: access and ID tokens are not interchangeable.",
    "invalid_client": "The token was issued to another app client.",
    "invalid_audience": "The token was issued for another API.",
    "invalid_signer": "The token was signed by another load balancer.",
    "missing_claim": "The token lacks a claim that this API needs.",
    "access_denied": "The token does not allow this request.",
    "group_required": "The user is not in a group that is allowed to do this.",
    "scope_required": "The token has no scope that allows this.",
    "claim_required": "The token lacks a claim that this request needs.",
    "insufficient_authentication": "This request needs a newer or a stronger sign-in.",
    "unavailable": "Tokens cannot be checked at the moment.",
    "jwks_unavailable": "Tokens cannot be checked at the moment.",
    "revocations_unavailable": "Tokens cannot be checked at the moment.",
}
_OF_SIGN_IN = {
    "sign_in_denied": ("You are not signed in", "The sign-in was cancelled or refused."),
    "login_required": ("You are not signed in", "Please sign in."),
    "code_rejected": ("Sign-in did not work", "This sign-in has been used or is too old. Please sign in again."),
    "session_expired": ("You are signed out", "Your session has ended. Please sign in again."),
    "token_rejected": ("Sign-in did not work", "The response of the sign-in service was not accepted."),
    "nonce_mismatch": ("Sign-in did not work", "This answer belongs to another sign-in. Please sign in again."),
    "sign_in_misconfigured": ("Sign-in does not work", "The app is not set up correctly. The log says why."),
    "provider_error": ("Sign-in did not work", "The sign-in service reported an error. Please try again."),
    "sign_in_unavailable": ("Sign-in is not available", "The service does not respond. Please try again soon."),
    "state_missing": (
        "Sign-in did not work",
        "Your browser did not send the cookie of this sign-in. Allow cookies for this site, and sign in again in the"
        " same browser.",
    ),
    "state_mismatch": ("Sign-in did not work", "This address belongs to another sign-in. Please sign in again."),
    "login_expired": ("Sign-in took too long", "Please sign in again."),
    "login_loop": (
        "Sign-in does not last",
        "You have signed in several times, but your browser keeps no session. Allow cookies for this site.",
    ),
    "step_up_failed": ("Sign-in did not work", "This page needs a stronger or newer sign-in by the same user."),
    "unknown_user": ("No access", "You are signed in, but this app does not know your user."),
}


class Answer(NamedTuple):
    """The HTTP response to send for an error.

    Attributes:
        status: HTTP status.
        headers: Names and values of headers. The framework adds the ``Content-Type`` of the body.
        body: JSON object with ``error``, ``description`` and ``code``. It contains nothing from the request.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: dict[str, object]


def answer_for(
    error: CognitoJWTError | None,
    *,
    realm: str | None = None,
    resource_metadata: str | None = None,
    scope: str | Collection[str] | None = None,
) -> Answer:
    """Return the HTTP answer to an error of this library.

    After a 401, a client gets a new token. After a 403 it must not, because a similar token would not help. After a
    503 it tries again later.

    Args:
        error: Exception that was raised. None answers a request without a token.
        realm: The realm of the challenge; "Cognito" by default.
        resource_metadata: URL of the protected resource metadata, for the challenge (RFC 9728 section 5.1).
        scope: Scopes that a client should request, for the challenge of a 401: a collection of names, or a str of
            names separated by spaces. A 403 names the scopes that the error requires.

    Raises:
        TypeError: If a request cannot cause this error, for example a `ConfigurationError`.
        ConfigurationError: If an option contains characters that a header does not allow.

    Spec:
        RFC 6750 section 3, RFC 9470 section 3, RFC 9728 section 5.1, RFC 9110 section 15.5.2.
    """
    realm = _quotable("realm", realm) if realm is not None else DEFAULT_REALM
    metadata = _quotable("resource_metadata", resource_metadata) if resource_metadata is not None else ""
    wanted = " ".join(_scopes(scope))
    unauthorized = {"realm": realm, "scope": wanted, "resource_metadata": metadata}

    if error is None:
        return _answer(401, *_NO_TOKEN, "authorization_required", unauthorized)
    if isinstance(error, SignInError):
        challenge = unauthorized if error.status == 401 else None
        return _answer(error.status, *_OF_SIGN_IN[error.code], error.code, challenge, error.retry_after)

    description = _description_of(type(error))
    if isinstance(error, UnavailableError):
        return _answer(503, _UNAVAILABLE, description, error.code, retry_after=error.retry_after)
    if isinstance(error, InvalidTokenError):
        challenge = {**unauthorized, "error": "invalid_token", "error_description": description}
        return _answer(401, _REFUSED, description, error.code, challenge)
    if isinstance(error, InsufficientAuthenticationError):
        challenge = {**unauthorized, "error": "insufficient_user_authentication"}
        if error.max_age is not None:
            challenge["max_age"] = str(error.max_age)
        challenge["acr_values"] = " ".join(error.acr_values)
        return _answer(401, _DENIED, description, error.code, challenge)
    if isinstance(error, AccessDeniedError):
        required = filter(is_scope, error.required) if isinstance(error, ScopeRequiredError) else ()
        challenge = {"realm": realm, "error": "insufficient_scope", "scope": " ".join(required)}
        return _answer(403, _DENIED, description, error.code, {**challenge, "resource_metadata": metadata})
    raise TypeError(f"error: expected an error that a request causes, found {type(error).__name__}")


def bearer_challenge(**attributes: str) -> str:
    """Return a value for ``WWW-Authenticate``, without empty attributes.

    Spec:
        RFC 6750 section 3, with the quoting of RFC 9110 section 5.6.4.
    """
    return "Bearer " + ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items() if value)


def is_scope(name: str) -> bool:
    """Return whether `name` can be an OAuth scope (RFC 6749 section 3.3)."""
    return _SCOPE.fullmatch(name) is not None


def _answer(
    status: int,
    error: str,
    description: str,
    code: str,
    challenge: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> Answer:
    headers = []
    if challenge is not None:
        headers.append(("WWW-Authenticate", bearer_challenge(**challenge)))
    if retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    return Answer(status, tuple(headers), {"error": error, "description": description, "code": code})


def _description_of(kind: type[CognitoJWTError]) -> str:
    """Return the description for an error's code. A subclass defined by the app uses that of its base class."""
    return next((_DESCRIPTIONS[code] for code in _codes_of(kind) if code in _DESCRIPTIONS), "")


def _codes_of(kind: type[CognitoJWTError]) -> Iterator[str]:
    return (str(base.__dict__["code"]) for base in kind.__mro__ if "code" in base.__dict__)


def _scopes(scope: str | Collection[str] | None) -> Collection[str]:
    names = scope.split(" ") if isinstance(scope, str) else scope or ()
    for name in names:
        if not isinstance(name, str) or not is_scope(name):
            raise ConfigurationError(f"scope: expected names of OAuth scopes, found {shown(name)}")
    return names


def _quotable(option: str, value: str) -> str:
    # A line break would end this header and start another one.
    if not isinstance(value, str) or not _QUOTABLE.fullmatch(value):
        raise ConfigurationError(f"{option}: expected printable ASCII, found {shown(value)}")
    return value


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
