"""Log rejected requests with their reason. The records contain no encoded token."""

from __future__ import annotations

import logging
import re

from cognito_jwt_core.errors import shown
from flask import Request, g

from flask_cognito.errors import CognitoAuthError
from flask_cognito.state import app_state, the_current_app

_log = logging.getLogger("flask_cognito.refusals")

# Headers that identify a request. Amazon's load balancers and API Gateway send X-Amzn-Trace-Id.
_REQUEST_IDS = ("X-Request-ID", "X-Amzn-Trace-Id")
_LOGGED = "_cognito_logged_refusal"

# The base64url encoding of `{"`, with which every token's header begins, and the text after it.
_TOKEN = re.compile(r"eyJ[\w.=-]*")

# Some servers pass on any text as the method, which could write control characters into the log.
_METHOD = re.compile(r"[A-Z-]{1,20}")


def log_refusal(request: Request, answer: CognitoAuthError) -> None:
    """Log a rejected request at INFO. In debug mode, use WARNING, which Python prints without any set-up."""
    if getattr(request, _LOGGED, None) is answer:
        return
    setattr(request, _LOGGED, answer)
    left_out = app_state().log_budget.admit(str(answer.error_code))
    if left_out is None:
        return
    details = (
        answer.status_code,
        answer.error_code,
        answer.__cause__ or answer.description,
        _described(request),
        f"; {left_out} more with this code were not logged" if left_out else "",
    )
    if the_current_app().debug:
        _log.warning("refused with %s (%s): %s; %s%s", *details)
    else:
        _log.info("refused with %s (%s): %s; %s%s", *details)


def log_report(request: Request, answer: CognitoAuthError) -> None:
    """Log a request that was let through but would be rejected, at most once a second per code."""
    left_out = app_state().report_budget.admit(str(answer.error_code))
    if left_out is None:
        return
    _log.warning(
        "would refuse with %s (%s): %s; %s%s",
        answer.status_code,
        answer.error_code,
        answer.__cause__ or answer.description,
        _described(request),
        f"; {left_out} more with this code were not logged" if left_out else "",
    )


def _described(request: Request) -> str:
    # By convention, Flask apps that assign request ids store them in `g`.
    ids = (getattr(g, "request_id", None), *(request.headers.get(name) for name in _REQUEST_IDS))
    request_id = next((_without_token(str(value)) for value in ids if value), "without an id")
    method = request.method if _METHOD.fullmatch(request.method) else _without_token(request.method)
    return f"{method} {_without_token(request.path)}, endpoint {request.endpoint}, request {request_id}"


def _without_token(value: str) -> str:
    return shown(_TOKEN.sub("(a token)", value))
