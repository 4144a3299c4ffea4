"""The usual causes of each refusal in plain words, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .claims import is_numeric_date
from .compact import MAX_TOKEN_BYTES, UnverifiedToken
from .errors import (
    AlgorithmNotAllowedError,
    CognitoJWTError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MalformedTokenError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
    shown,
)

_ISSUER = re.compile(r"https://(?:issuer-)?cognito-idp\.([a-z0-9-]+)\.amazonaws\.[a-z.]+/([\w-]+)", re.ASCII)
_RSA_2048_SIGNATURE_CHARACTERS = 342
_CLOCK_TOLERANCE_SECONDS = 2


@dataclass(frozen=True)
class Case:
    """What advice looks at.

    Attributes:
        text: The token as it was given.
        token: The token in its parts; None when it has none.
        issuers: The issuers that are accepted.
        now: Seconds since 1970.
    """

    text: str
    token: UnverifiedToken | None
    issuers: tuple[str, ...]
    now: float


def advice_for(error: CognitoJWTError, case: Case) -> str:
    """What to do about `error`; empty where there is nothing more to say than the error says."""
    advise = next((_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE), "")
    return advise if isinstance(advise, str) else advise(error, case)


def clock_advice(payload: Mapping[str, object], now: float) -> str:
    """A token issued in the future tells that this clock is behind."""
    issued_at = payload.get("iat")
    if isinstance(issued_at, (int, float)) and is_numeric_date(issued_at):
        seconds = issued_at - now
        if seconds > _CLOCK_TOLERANCE_SECONDS:
            return f"The token was issued {seconds:.0f} s in the future: this clock is behind Cognito's by as much."
    return ""


def _malformed(error: CognitoJWTError, case: Case) -> str:
    if case.text[:7].lower() == "bearer ":
        return 'Give the token alone: the scheme "Bearer" of the header was pasted along with it.'
    if len(case.text) > MAX_TOKEN_BYTES:
        return "No token of Cognito's is that long: something else was pasted, or it was pasted many times."
    parts = case.text.count(".") + 1
    if parts == 5:
        return "Five parts are an encrypted token, like Cognito's refresh token: send the access token instead."
    if case.text != case.text.strip() or "\n" in case.text:
        return "Give the token alone: there is white space around it or a line break in it."
    if parts < 3 or _is_cut_off(case):
        return "The token is cut off, by a terminal or by a copy of a part of it: copy all three parts."
    return "Cognito issues no such token: it was changed on the way, or comes from elsewhere."


def _is_cut_off(case: Case) -> bool:
    return len(case.text.rpartition(".")[2]) < _RSA_2048_SIGNATURE_CHARACTERS


def _unknown_key(error: CognitoJWTError, case: Case) -> str:
    issuer = case.token.unverified_issuer if case.token else None
    if issuer not in case.issuers:
        return f"By its own word it is no token of this pool. {_issuer_found(issuer, case)}"
    return (
        "The pool's keys were rotated since the token was issued, or the keys that you gave are older than the token:"
        " sign in again, or fetch the keys again (`cognito-jwt jwks`)."
    )


def _signature(error: CognitoJWTError, case: Case) -> str:
    if _is_cut_off(case):
        return "The signature is too short for a key of 2048 bits: the token is cut off; copy all of it."
    return "The text was changed after it was signed, or another key signed it: get a fresh token from Cognito."


def _issuer(error: CognitoJWTError, case: Case) -> str:
    issuer = error.actual if isinstance(error, InvalidClaimError) else None
    if issuer is None and case.token is not None:
        issuer = case.token.unverified_issuer
    return _issuer_found(issuer, case)


def _issuer_found(issuer: object, case: Case) -> str:
    found = _ISSUER.fullmatch(issuer) if isinstance(issuer, str) else None
    expected = _ISSUER.fullmatch(case.issuers[0])
    if found is None or expected is None:
        return f"The token names the issuer {shown(issuer)}. Check where the caller signs in."
    if found[2] == expected[2]:
        return (
            f"The token comes from region {found[1]}, you configured {expected[1]}."
            " If the pool is replicated there, name the replica region."
        )
    return f"The token comes from pool {found[2]}, you configured {expected[2]}. Check which of them is meant."


def _token_use(error: CognitoJWTError, case: Case) -> str:
    found = error.actual if isinstance(error, InvalidClaimError) else None
    if found == "id":
        return "This is an ID token, which tells the app who signed in. Send the access token (AccessToken)."
    if found == "access":
        return "This is an access token. Send the ID token (IdToken), or expect access tokens, as an API should."
    return "Send the AccessToken of Cognito's answer to the sign-in."


_ADVICE: dict[type[CognitoJWTError], str | Callable[[CognitoJWTError, Case], str]] = {
    JWKSUnavailableError: (
        "This says nothing about the token. See `cognito-jwt doctor`, or give the keys with --jwks FILE."
    ),
    MalformedTokenError: _malformed,
    AlgorithmNotAllowedError: (
        "Cognito signs with RS256 alone: the token comes from elsewhere, or somebody forged it."
    ),
    UnknownKeyError: _unknown_key,
    InvalidSignatureError: _signature,
    InvalidIssuerError: _issuer,
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
    InvalidAudienceError: (
        "The token was asked for with another API as resource: ask for this one, or add it to the audiences."
    ),
    InvalidClaimError: (
        "Cognito issues no such token: check a Lambda trigger that changes claims, or where the token comes from."
    ),
    GroupRequiredError: "Add the user to such a group; a new token, got after that, names it.",
    ScopeRequiredError: (
        "Ask for the scope at sign-in, and allow it to the app client; tokens of InitiateAuth carry no custom scope."
    ),
}
