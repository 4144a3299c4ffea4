"""Which answer each failure gets: one table, from the code of the failure to status, words and challenge (RFC 6750)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from cognito_jwt_core import CognitoJWTError, JWKSUnavailableError, ScopeRequiredError
from werkzeug.wrappers import Response

from flask_cognito.errors import CognitoAuthError

Challenge = Literal["", "invalid_request", "invalid_token", "insufficient_scope"]


class Answer(NamedTuple):
    """What the client is told. The sentence is fixed: what was expected and found goes to the log alone."""

    status: int
    error: str
    challenge: Challenge | None
    """The error code of the challenge: empty where the client has not tried yet, None for no challenge at all."""
    description: str


_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

_NO_TOKEN = "Authorization Required"
_HEADER = "Invalid Cognito JWT header"
_TOKEN = "Invalid Cognito Authentication Token"
_DENIED = "Not Authorized"


def _rejected(description: str) -> Answer:
    return Answer(401, _TOKEN, "invalid_token", description)


ANSWERS: dict[str, Answer] = {
    "authorization_required": Answer(401, _NO_TOKEN, "", "The request has no access token."),
    "invalid_header": Answer(401, _HEADER, "", "The header is not of the form that carries an access token here."),
    "invalid_token": _rejected("The token was not accepted."),
    "malformed_token": _rejected("The token is not a well-formed JSON Web Token."),
    "algorithm_not_allowed": _rejected("The token is signed with an algorithm that is not accepted."),
    "unknown_key": _rejected("The token is signed with a key that is not known."),
    "invalid_signature": _rejected("The signature of the token is not valid."),
    "invalid_claim": _rejected("A claim of the token is not acceptable."),
    "invalid_issuer": _rejected("The token was issued by another user pool."),
    "token_expired": _rejected("The token has expired."),
    "token_not_yet_valid": _rejected("The token is not valid yet."),
    "invalid_token_use": _rejected("The token is of the wrong kind: access and ID tokens are not interchangeable."),
    "invalid_client": _rejected("The token was issued to another app client."),
    "invalid_audience": _rejected("The token was issued for another API."),
    "missing_claim": _rejected("The token lacks a claim that is needed here."),
    "access_denied": Answer(403, _DENIED, "insufficient_scope", "The token does not entitle to this."),
    "group_required": Answer(403, _DENIED, "insufficient_scope", "The user is not in a group that may do this."),
    "scope_required": Answer(403, _DENIED, "insufficient_scope", "The token has no scope that allows this."),
    "cross_site_request": Answer(403, _DENIED, None, "Requests from other sites are not accepted with a cookie."),
    "unknown_user": Answer(403, _DENIED, None, "The token is valid, but its user is not known here."),
    "jwks_unavailable": Answer(503, "Authentication Unavailable", None, "Tokens cannot be checked at the moment."),
}


def refusal(code: str, realm: str) -> CognitoAuthError:
    """The answer of a failure that no exception of the core stands for."""
    return _answer(ANSWERS[code], code, realm)


def malformed_header(realm: str) -> CognitoAuthError:
    """The answer to a header of the right scheme without one token in it."""
    answer = ANSWERS["invalid_header"]._replace(challenge="invalid_request")
    return _answer(answer, "invalid_header", realm)


def refusal_of(error: CognitoJWTError, realm: str) -> CognitoAuthError:
    """The answer of an error of the core. One that you derived yourself keeps its code and has its base's sentence."""
    answer = next(ANSWERS[known] for known in _codes_of(type(error)) if known in ANSWERS)
    scopes = filter(is_scope, error.required) if isinstance(error, ScopeRequiredError) else ()
    retry_after = error.retry_after if isinstance(error, JWKSUnavailableError) else None
    refused = _answer(answer, error.code, realm, scopes=scopes, retry_after=retry_after)
    refused.__cause__ = error  # the reason, for the log
    return refused


def with_protocol_headers(response: Response, error: CognitoAuthError, realm: str) -> Response:
    """The response with what its status demands and nobody has said, such as a challenge (RFC 9110 section 15.5.2)."""
    if response.status_code == error.status_code:
        missing = [(name, value) for name, value in error.get_headers() if name not in response.headers]
        response.headers.extend(missing)
    if response.status_code == 401:
        response.headers.setdefault("WWW-Authenticate", bearer_challenge(realm))
    return response


def bearer_challenge(realm: str, error: str = "", description: str = "", scopes: Iterable[str] = ()) -> str:
    """A value of ``WWW-Authenticate``. Spec: RFC 6750 section 3, with the quoting of RFC 9110 section 5.6.4."""
    attributes = {"realm": realm, "error": error, "error_description": description, "scope": " ".join(scopes)}
    return "Bearer " + ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items() if value)


def is_scope(name: str) -> bool:
    """Whether `name` can be an OAuth scope. Spec: RFC 6749 section 3.3."""
    return _SCOPE.fullmatch(name) is not None


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _codes_of(kind: type[CognitoJWTError]) -> Iterable[str]:
    return (str(base.__dict__["code"]) for base in kind.__mro__ if "code" in base.__dict__)


def _answer(
    answer: Answer, code: str, realm: str, *, scopes: Iterable[str] = (), retry_after: int | None = None
) -> CognitoAuthError:
    status, error, challenge, description = answer
    headers = {}
    if challenge is not None:
        explained = description if challenge == "invalid_token" else ""
        headers["WWW-Authenticate"] = bearer_challenge(realm, challenge, explained, scopes)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return CognitoAuthError(error, description, status, headers, code)
