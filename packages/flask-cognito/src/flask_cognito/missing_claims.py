"""A claim that a view counts on, and that a valid token need not have, is answered 401 in every kind of view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from cognito_jwt_core import MissingClaimError
from flask import Flask

from flask_cognito.refusal_log import logged_refusal_of


def answer_missing_claims(app: Flask) -> None:
    """Have a `MissingClaimError` that leaves a view, or a function before it, answered as a refusal."""
    app.register_error_handler(MissingClaimError, lambda error: logged_refusal_of(error).get_response())
    # Of a view, that handler is not asked under Flask-RESTX and Flask-RESTful, which make a 500 of what is no
    # HTTPException, nor in a blueprint that handles KeyError. So it is a refusal before any of them sees it.
    app.dispatch_request = _refusing(app.dispatch_request)  # type: ignore[method-assign]


def _refusing(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(dispatch)
    def dispatch_request(*args: Any) -> Any:
        try:
            return dispatch(*args)
        except MissingClaimError as error:
            raise logged_refusal_of(error) from error

    return dispatch_request
