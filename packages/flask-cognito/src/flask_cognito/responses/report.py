"""Report-only mode: log, count and signal a request that would be rejected, and let it through."""

from __future__ import annotations

from cognito_jwt_core import CognitoJWTError
from flask import Request

from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.log import log_refusal, log_report
from flask_cognito.signals import token_would_be_rejected
from flask_cognito.state import app_state, the_current_app

_REPORTED = "_cognito_reported"
_NOBODY = "_cognito_refusal_of_nobody"
_MAX_CODES = 64
_OTHER = "other"


def report(request: Request, refusal: CognitoAuthError) -> None:
    """Report an error, once per request. Without report-only mode, the first one would end the request."""
    if hasattr(request, _REPORTED):
        return
    setattr(request, _REPORTED, refusal)
    reported, code = app_state().reported, str(refusal.error_code)
    if code not in reported and len(reported) >= _MAX_CODES:  # the app's own errors can have any code
        code = _OTHER
    reported[code] = reported.get(code, 0) + 1
    log_report(request, refusal)
    if token_would_be_rejected.receivers:
        cause = refusal.__cause__
        error = cause if isinstance(cause, CognitoJWTError) else refusal
        token_would_be_rejected.send(the_current_app(), error=error)


def go_on_as_nobody(request: Request, refusal: CognitoAuthError) -> None:
    """Report an error, and let the request continue without a user. A view that reads claims gets the error."""
    report(request, refusal)
    count_as_nobody(request, refusal)


def count_as_nobody(request: Request, refusal: CognitoAuthError) -> None:
    """Let the request continue without a user, and raise the error only if a view reads claims."""
    setattr(request, _NOBODY, refusal)


def refusal_of_nobody(request: Request) -> CognitoAuthError | None:
    """Return the error of a request that continues without a user, if it would be rejected."""
    return getattr(request, _NOBODY, None)


def refuse_after_all(request: Request, refusal: CognitoAuthError) -> Exception:
    """Return the response to a request that went on without a user, if the app needs one after all."""
    sessions = app_state().sessions
    log_refusal(request, refusal)
    if sessions is not None and refusal.error_code == "authorization_required":
        return sessions.challenge(request, refusal)
    return refusal
