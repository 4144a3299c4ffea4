"""Render a `CognitoAuthError` with the values that depend on the app's configuration."""

from __future__ import annotations

from werkzeug.wrappers import Response

from flask_cognito.errors import AbsentClaimError, CognitoAuthError
from flask_cognito.responses.log import log_refusal
from flask_cognito.responses.refusals import with_protocol_headers
from flask_cognito.state import app_state, current_request_or_none


def render(error: CognitoAuthError) -> Response:
    """Return the JSON response, with a challenge in the app's realm if the status requires one."""
    log_absent_claim(error)
    return finished(error.plain_response(), error)


def finished(answer: Response, error: CognitoAuthError) -> Response:
    """Return a response with the headers that the protocol and the app's sign-in require."""
    state = app_state()
    answer = with_protocol_headers(answer, error, state.settings.challenge)
    request = current_request_or_none()
    return answer if state.sessions is None or request is None else state.sessions.finish(request, answer)


def log_absent_claim(error: CognitoAuthError) -> None:
    """Log a claim that was missing. An error that becomes a response is one that the app did not catch."""
    request = current_request_or_none()
    if request is not None and isinstance(error, AbsentClaimError):
        log_refusal(request, error)
