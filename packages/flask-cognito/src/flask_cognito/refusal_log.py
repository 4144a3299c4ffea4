"""The log of requests that were not let through: why, and which one. No token's text is in it."""

from __future__ import annotations

import logging

from cognito_jwt_core import CognitoJWTError
from flask import Request, g

from flask_cognito.context import app_state, current_request
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses import refusal_of

_log = logging.getLogger(__name__)

# What proxies call a request; X-Amzn-Trace-Id is that of Amazon's load balancers and API Gateway.
_REQUEST_IDS = ("X-Request-ID", "X-Amzn-Trace-Id")
_SHOWN_CHARACTERS = 64


def log_refusal(request: Request, answer: CognitoAuthError) -> None:
    """Write one record, at INFO, since anybody can cause them. That keys cannot be had is a warning of the core's."""
    reason = answer.__cause__ or answer.description
    _log.info("refused with %s (%s): %s; %s", answer.status_code, answer.error_code, reason, _described(request))


def _described(request: Request) -> str:
    # An app that names its requests itself keeps the name in `g`, by a custom of Flask's users.
    ids = (getattr(g, "request_id", None), *(request.headers.get(name) for name in _REQUEST_IDS))
    request_id = next((ascii(str(value))[:_SHOWN_CHARACTERS] for value in ids if value), "without an id")
    return f"endpoint {request.endpoint}, request {request_id}"


def logged_refusal_of(error: CognitoJWTError) -> CognitoAuthError:
    """The answer to the current request for this error of the core, written to the log."""
    answer = refusal_of(error, app_state().settings.realm)
    log_refusal(current_request(), answer)
    return answer
