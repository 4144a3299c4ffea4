"""Every error of the app as JSON, in the shape that the extension's own answers have."""

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException


def init_app(app: Flask) -> None:
    """Answer every error of `app` as JSON; an exception that nobody handles is a 500 of the same shape."""
    app.register_error_handler(HTTPException, as_json)


def as_json(error: HTTPException) -> Response:
    """Turn werkzeug's HTML page into JSON and keep its status and headers (`Allow`, `Retry-After`)."""
    response = Response(headers=error.get_headers(), status=error.code)
    response.set_data(
        json.dumps(
            {
                "error": error.name,
                "description": error.description,
                "code": error.name.lower().replace(" ", "_"),
            }
        )
    )
    response.mimetype = "application/json"
    return response
