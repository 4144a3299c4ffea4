"""The responses to rejected requests: those of the core, and those that only this extension has."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from cognito_jwt_core import Answer, ClaimRequiredError, CognitoJWTError
from flask import current_app
from werkzeug.wrappers import Response

from flask_cognito.config.challenge import Challenge
from flask_cognito.errors import AbsentClaimError, CognitoAuthError
from flask_cognito.state import app_state


class Row(NamedTuple):
    """A response for a case without an error of the core."""

    status: int
    error: str
    description: str


_NOT_A_TOKEN = "Invalid Cognito JWT header"
_DENIED = "Not Authorized"

ROWS = MappingProxyType(
    {
        "invalid_header": Row(401, _NOT_A_TOKEN, "The header with the access token is malformed."),
        "cross_site_request": Row(403, _DENIED, "Requests from other sites are not accepted with a cookie."),
        "unknown_user": Row(403, _DENIED, "The token is valid, but this app does not know its user."),
    }
)


def no_token(challenge: Challenge) -> CognitoAuthError:
    """Return the response to a request without a token."""
    return _as_error(challenge.answer_for(None))


def refusal(code: str, challenge: Challenge) -> CognitoAuthError:
    """Return the response for one of the `ROWS`. A 401 has a challenge, as RFC 9110 section 15.5.2 requires."""
    status, error, description = ROWS[code]
    headers = _headers_of(challenge) if status == 401 else {}
    return CognitoAuthError(error, description, status, headers, code)


def malformed_header(challenge: Challenge) -> CognitoAuthError:
    """Return the response to a malformed header with the right scheme."""
    refused = refusal("invalid_header", challenge)
    refused.headers = {name: f'{value}, error="invalid_request"' for name, value in _headers_of(challenge).items()}
    return refused


def refusal_of(error: CognitoJWTError, challenge: Challenge) -> CognitoAuthError:
    """Return the response to an error of the core."""
    refused = _as_error(challenge.answer_for(error))
    refused.__cause__ = error  # the reason, for the log
    return refused


def absent_claim(claim: str, message: str) -> AbsentClaimError:
    """Return the error for a claim that the app reads but the token lacks. `message` is for the log."""
    cause = ClaimRequiredError(message, claim=claim)
    challenge = app_state().settings.challenge if current_app else Challenge()
    answer = _as_error(challenge.answer_for(cause))
    error = AbsentClaimError(answer.error, str(answer.description), headers=answer.headers, claim=claim)
    error.__cause__ = cause
    return error


def with_protocol_headers(response: Response, error: CognitoAuthError, challenge: Challenge) -> Response:
    """Return the response with the headers that its status requires and the app has not set."""
    if response.status_code == error.status_code:
        missing = [(name, value) for name, value in error.get_headers() if name not in response.headers]
        response.headers.extend(missing)
    if response.status_code == 401:
        for name, value in _headers_of(challenge).items():
            response.headers.setdefault(name, value)
    return response


def _headers_of(challenge: Challenge) -> dict[str, str]:
    return dict(challenge.answer_for(None).headers)


def _as_error(answer: Answer) -> CognitoAuthError:
    status, headers, body = answer
    return CognitoAuthError(str(body["error"]), str(body["description"]), status, dict(headers), str(body["code"]))
