"""The usual causes of each error, and what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cognito_jwt_core.diagnostics.reading import Case
from cognito_jwt_core.errors import (
    AlgorithmNotAllowedError,
    ClaimRequiredError,
    CognitoJWTError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidSignatureError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MalformedTokenError,
    RevocationsUnavailableError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenRevokedError,
    UnknownKeyError,
)
from cognito_jwt_core.jwt.claims import is_numeric_date

_RSA_2048_SIGNATURE_BYTES = 256
_CLOCK_TOLERANCE_SECONDS = 2
_API_SIGN_IN_SCOPE = "aws.cognito.signin.user.admin"


def advice_for(error: CognitoJWTError, case: Case) -> str:
    """Return what to do about `error`; empty if the message is enough."""
    advise = next((_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE), "")
    return advise if isinstance(advise, str) else advise(error, case)


def clock_advice(payload: Mapping[str, object], now: float) -> str:
    """Return advice on this clock for a token issued in the future."""
    issued_at = payload.get("iat")
    if isinstance(issued_at, (int, float)) and is_numeric_date(issued_at):
        seconds = issued_at - now
        if seconds > _CLOCK_TOLERANCE_SECONDS:
            return (
                f"The token was issued {seconds:.0f} s in the future: this machine's clock is behind Cognito's by"
                " that much."
            )
    return ""


def _algorithm(error: CognitoJWTError, case: Case) -> str:
    return _without_signature(case) or (
        "Cognito signs a user pool's tokens only with RS256, so it did not issue this token in this form."
        " Sign in to get a new token."
    )


def _signature(error: CognitoJWTError, case: Case) -> str:
    if 0 < case.signature_bytes < _RSA_2048_SIGNATURE_BYTES:
        return (
            f"The end of the token is missing: its signature has {case.signature_bytes} bytes, and Cognito's have"
            f" {_RSA_2048_SIGNATURE_BYTES}. Copy the whole token."
        )
    return _without_signature(case) or (
        "The text was changed after it was signed, or a key of another pool signed it. Get a new token from Cognito."
    )


def _without_signature(case: Case) -> str:
    if case.signature_bytes:
        return ""
    return (
        "This token has an empty signature: its third part was not copied, or it was never signed."
        " Send the token as Cognito issued it."
    )


def _token_use(error: CognitoJWTError, case: Case) -> str:
    found = error.actual if isinstance(error, InvalidClaimError) else None
    if found == "id":
        return "This is an ID token, which tells the app who signed in. Send the access token (AccessToken)."
    if found == "access":
        return "This is an access token. Send the ID token (IdToken), or expect access tokens, as an API should."
    return "Send the AccessToken of Cognito's answer to the sign-in."


def _groups(error: CognitoJWTError, case: Case) -> str:
    groups = case.payload.get("cognito:groups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        return (
            "cognito:groups is not a list of texts in this token, so it names no group. Check the Lambda trigger that"
            " changes claims (pre token generation)."
        )
    if _is_a_programs(case.payload):
        return "A program's token (client credentials) has no user and no groups. Require a scope for programs."
    return "Add the user to one of these groups. Tokens issued after that contain it."


def _scopes(error: CognitoJWTError, case: Case) -> str:
    if not isinstance(case.payload.get("scope", ""), str):
        return (
            "scope is not a text in this token, so it names no scope. Check the Lambda trigger that changes claims"
            " (pre token generation)."
        )
    if case.payload.get("token_use") == "id":
        return "An ID token has no scopes. Send the access token."
    if case.payload.get("scope") == _API_SIGN_IN_SCOPE:
        return (
            "Tokens of a sign-in through the API (InitiateAuth) have no custom scopes. Sign in through the managed"
            " login,"
            " and request the scope."
        )
    return "Request the scope at sign-in, and allow it for the app client."


def _audience(error: CognitoJWTError, case: Case) -> str:
    if "aud" in case.payload:
        return "The token was issued for another API. Request this one as resource, or add the other to the audiences."
    return (
        "The token names no API. Request this API as resource at sign-in. Tokens of client credentials never have aud."
        " To accept them, do not require an audience, and require a scope."
    )


def _sign_in(error: CognitoJWTError, case: Case) -> str:
    levels = error.acr_values if isinstance(error, InsufficientAuthenticationError) else ()
    if levels and "acr" not in case.payload:
        return (
            "Cognito adds acr only on the Essentials and Plus plans, and not in every Region yet. Without it, you"
            " cannot"
            " require a level."
        )
    return "Sign the user in again, with max_age or acr_values. A refresh changes neither auth_time nor acr."


def _claim(error: CognitoJWTError, case: Case) -> str:
    claim = error.claim if isinstance(error, ClaimRequiredError) else ""
    if claim in case.payload:
        return "Change the value at its source. Tokens issued after that contain it."
    if case.payload.get("token_use") == "access":
        return (
            "An access token has no attributes of the user; an ID token has. A Lambda trigger (pre token"
            " generation) can"
            " add the claim."
        )
    return "The user has no such attribute, or the app client may not read it; a Lambda trigger can add other claims."


def _is_a_programs(payload: Mapping[str, object]) -> bool:
    return payload.get("token_use") == "access" and "username" not in payload


_ADVICE: dict[type[CognitoJWTError], str | Callable[[CognitoJWTError, Case], str]] = {
    JWKSUnavailableError: (
        "The token may be valid. Run `cognito-jwt doctor USER_POOL_ID`, or pass the keys with --jwks FILE."
    ),
    MalformedTokenError: ("Cognito does not issue such tokens. It was changed on the way, or another program made it."),
    AlgorithmNotAllowedError: _algorithm,
    UnknownKeyError: (
        "The pool's keys were rotated after the token was issued, or the keys that you passed are older than the token."
        " Sign in again, or fetch the keys again (`cognito-jwt jwks`)."
    ),
    InvalidSignatureError: _signature,
    TokenExpiredError: (
        "Get a new token with the refresh token, or sign in again. If this one is new, this machine's clock is"
        " ahead: run `doctor`."
    ),
    TokenNotYetValidError: (
        "If it was issued just now, this machine's clock is behind by that much. Set it, or allow a few seconds of"
        " leeway."
    ),
    InvalidTokenUseError: _token_use,
    InvalidClientError: (
        "The token was issued to another app client of the pool. Sign in with yours, or add the other client's id."
    ),
    InvalidAudienceError: _audience,
    InvalidClaimError: (
        "Cognito issues no such token by itself. Check the Lambda trigger that changes claims (pre token generation)."
    ),
    TokenRevokedError: (
        "The token, its session or its user is on this app's revocation list. Sign in again for a new token."
    ),
    RevocationsUnavailableError: ("The token may be valid. Check the server that shares the revocation list."),
    InsufficientAuthenticationError: _sign_in,
    ClaimRequiredError: _claim,
    GroupRequiredError: _groups,
    ScopeRequiredError: _scopes,
}
