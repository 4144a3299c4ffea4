"""Every error of the app in one shape, raised by the app, Flask, or the extension."""

from collections.abc import Mapping

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, json, request
from flask_cognito import CognitoAuthError
from werkzeug.exceptions import HTTPException

from .identity import cognito

JSON = "application/json"
PROBLEM = "application/problem+json"


def init_app(app: APIFlask) -> None:
    """Shape every error of `app`; an unhandled exception is a 500 of the same shape."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(HTTPError, invalid_request)


@cognito.error_handler
def auth_error(error: CognitoAuthError) -> Response:
    """Shape what the extension refuses; it adds the headers of the protocol by itself."""
    login = {name: value for name, value in error.data.items() if name == "login"}  # where a script sends its user
    return shaped(error.status_code, error.error, error.description, error.error_code, login)


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
