"""Errors of `CognitoAuth.decode_token` that the app may catch, and that are answered otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any

from cognito_jwt_core import CognitoJWTError, InvalidTokenError
from flask import current_app
from flask.typing import ResponseReturnValue

from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.log import log_refusal
from flask_cognito.responses.refusals import refusal_of
from flask_cognito.signals import token_rejected
from flask_cognito.state import AppState, app_state, current_request, the_current_app


class AnsweredIfUncaught(Exception):  # noqa: N818  it marks errors, and never stands for one
    """Marks an error of the core, so that Flask calls `answer_uncaught`.

    It is the last base of the error's class, so the app's own handler for any class of the core is called first.
    """


def answered_if_uncaught(error: CognitoJWTError) -> CognitoJWTError:
    """Mark an error of the core. It keeps its class, code, message and attributes."""
    if not isinstance(error, AnsweredIfUncaught):
        error.__class__ = _marked(type(error))  # type: ignore[arg-type]  # mypy takes a class for unhashable
    return error


def answer_uncaught(error: Any) -> ResponseReturnValue:
    """Answer a marked error that the app did not catch, like the decorators do."""
    refused = rejected(error, app_state())
    log_refusal(current_request(), refused)
    return current_app.handle_user_exception(refused)  # calls the app's own handler, if it has one


def rejected(error: CognitoJWTError, state: AppState) -> CognitoAuthError:
    """Return the response to an error of the core, and send the signal for a rejected token."""
    if isinstance(error, InvalidTokenError) and token_rejected.receivers:
        token_rejected.send(the_current_app(), error=error)
    return refusal_of(error, state.settings.challenge)


@cache
def _marked(kind: type[CognitoJWTError]) -> type[CognitoJWTError]:
    def as_it_was(error: CognitoJWTError) -> tuple[object, ...]:
        # A job that unpickles the error has no request to answer.
        reduced: Any = kind.__reduce__(error)
        restore, (_, *state) = reduced
        return restore, (kind, *state)

    return type(kind.__name__, (kind, AnsweredIfUncaught), {"__reduce__": as_it_was})
