"""Every error of the app in one shape, raised by the app, Flask, or the extension."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from cognito_jwt_core import JWKSUnavailableError, RevocationsUnavailableError, SignInError
from flask import Response, json, request
from flask_cognito import CognitoAuthError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from .identity import cognito

log = logging.getLogger(__name__)

JSON = "application/json"
PROBLEM = "application/problem+json"


def init_app(app: APIFlask) -> None:
    """Shape every error of `app`; an unhandled exception is a 500 of the same shape."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(HTTPError, invalid_request)
    app.register_error_handler(OperationalError, no_database)


@cognito.error_handler
def auth_error(error: CognitoAuthError) -> Response:
    """Shape what the extension refuses; it adds the headers of the protocol by itself."""
    more = {name: value for name, value in error.data.items() if name == "login"}  # where a script sends its user
    if error.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        more["unreachable"] = unreachable(error)
    return shaped(error.status_code, error.error, error.description, error.error_code, more)


def unreachable(error: CognitoAuthError) -> str:
    """Return what a 503 is about, for the user: Cognito, or where sessions and revoked tokens are kept."""
    cause = error.__cause__
    is_cognito = isinstance(cause, (JWKSUnavailableError, SignInError))
    if cause is None or not is_cognito or isinstance(cause.__cause__, RevocationsUnavailableError):
        return "The session store"
    return "Cognito"


def no_database(error: OperationalError) -> Response:
    """Answer as for everything else that cannot be reached: the same request may succeed soon."""
    log.error("the database cannot be reached", exc_info=error)
    more = {"unreachable": "The database"}
    response = shaped(503, "Service Unavailable", "The database cannot be reached.", "database_unavailable", more)
    response.retry_after = 5
    return response


def http_error(error: HTTPException) -> Response:
    """Shape what is werkzeug's HTML page otherwise, and keep its headers (`Allow`, `Retry-After`)."""
    response = shaped(error.code or 500, error.name, error.description, error.name.lower().replace(" ", "_"))
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def invalid_request(error: HTTPError) -> Response:
    """Shape what APIFlask refuses: a body or a query string that the view's model does not take."""
    (problems,) = error.detail.values()
    described = "; ".join(f"{member}: {', '.join(texts)}" for member, texts in list(problems.items())[:5])
    return shaped(error.status_code, "Unprocessable Entity", described, "unprocessable_entity")


def shaped(
    status: int, error: str, description: str | None, code: str | None, more: Mapping[str, object] | None = None
) -> Response:
    """Return an error as the extension would answer it, or as RFC 9457 says for a client that asks for that."""
    kind = request.accept_mimetypes.best_match([JSON, PROBLEM], default=JSON)
    if kind == PROBLEM:
        body = {"type": "about:blank", "title": error, "status": status, "detail": description, "code": code}
    else:
        body = {"error": error, "description": description, "code": code}
    response = Response(json.dumps({**body, **(more or {})}), status, mimetype=kind)
    response.vary.add("Accept")
    return response
