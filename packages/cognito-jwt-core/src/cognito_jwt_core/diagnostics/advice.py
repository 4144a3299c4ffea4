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
            return f"The token was issued {seconds:.0f} s in the future: this clock is behind Cognito's by as much."
    return ""


def _algorithm(error: CognitoJWTError, case: Case) -> str:
    return _without_signature(case) or (
        "Cognito signs a user pool's tokens with RS256 only, so it did not issue this token as it stands."
        " Get a new token by signing in."
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
    if _is_a_programs(case.payload):
        return "A program's token (client credentials) has no user and no groups. Demand a scope for programs."
    return "Add the user to such a group; a new token, got after that, names it."


def _scopes(error: CognitoJWTError, case: Case) -> str:
    if case.payload.get("token_use") == "id":
        return "An ID token carries no scopes. Send the access token."
    if case.payload.get("scope") == _API_SIGN_IN_SCOPE:
        return (
            "A sign-in through the API (InitiateAuth) gives no custom scopes. Sign in through the managed login and ask"
            " for the scope."
        )
    return "Ask for the scope at sign-in, and allow it to the app client."


def _audience(error: CognitoJWTError, case: Case) -> str:
    if "aud" in case.payload:
        return "The token was asked for with another API as resource: ask for this one, or add it to the audiences."
    return (
        "The token is for no API in particular: ask for this one as resource at sign-in. Tokens of client credentials"
        " never have aud. To accept them, do not require an audience, and demand a scope."
    )


def _sign_in(error: CognitoJWTError, case: Case) -> str:
    levels = error.acr_values if isinstance(error, InsufficientAuthenticationError) else ()
    if levels and "acr" not in case.payload:
        return (
            "Cognito puts acr into tokens on the Essentials and Plus plans only, and not in every Region yet. Without"
            " it no level can be demanded."
        )
    return "Sign the user in again: a refresh keeps auth_time and acr. Ask with max_age or acr_values."


def _claim(error: CognitoJWTError, case: Case) -> str:
    claim = error.claim if isinstance(error, ClaimRequiredError) else ""
    if claim in case.payload:
        return "Change the value where it is kept; a new token, got after that, has it."
    if case.payload.get("token_use") == "access":
        return (
            "An access token carries no attributes of the user, as an ID token does. A Lambda trigger (pre token"
            " generation) can add the claim."
        )
    return "The user has no such attribute, or the app client may not read it; a Lambda trigger can add other claims."


def _is_a_programs(payload: Mapping[str, object]) -> bool:
    return payload.get("token_use") == "access" and "username" not in payload


_ADVICE: dict[type[CognitoJWTError], str | Callable[[CognitoJWTError, Case], str]] = {
    JWKSUnavailableError: (
        "This says nothing about the token. Run `cognito-jwt doctor USER_POOL_ID`, or give the keys with --jwks FILE."
    ),
    MalformedTokenError: (
        "Cognito does not issue such a token: it was changed on the way, or another program made it."
    ),
    AlgorithmNotAllowedError: _algorithm,
    UnknownKeyError: (
        "The pool's keys were rotated since the token was issued, or the keys that you gave are older than the token:"
        " sign in again, or fetch the keys again (`cognito-jwt jwks`)."
    ),
    InvalidSignatureError: _signature,
    TokenExpiredError: (
        "Get a new one with the refresh token, or sign in again. If it is fresh, this clock is ahead: see `doctor`."
    ),
    TokenNotYetValidError: (
        "If it was issued just now, this clock is behind by as much: set it, or allow some seconds of leeway."
    ),
    InvalidTokenUseError: _token_use,
    InvalidClientError: (
        "The token was issued to another app client of the pool: sign in with yours, or add the other one's id."
    ),
    InvalidAudienceError: _audience,
    InvalidClaimError: (
        "Cognito's own tokens do not look like this: check a Lambda trigger that changes claims (pre token generation)."
    ),
    TokenRevokedError: (
        "The token, its session or its user was revoked in the list of this app. Sign in again for a new token."
    ),
    RevocationsUnavailableError: (
        "This says nothing about the token. Look at the server that shares the list of revocations."
    ),
    InsufficientAuthenticationError: _sign_in,
    ClaimRequiredError: _claim,
    GroupRequiredError: _groups,
    ScopeRequiredError: _scopes,
}
