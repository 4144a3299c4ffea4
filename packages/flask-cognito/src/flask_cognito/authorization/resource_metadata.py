"""The route of the protected resource metadata, which every client may read (RFC 9728)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Flask, Response, abort
from werkzeug.datastructures import Headers

from flask_cognito.authorization.marks import PUBLIC, mark
from flask_cognito.state import app_state, current_request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from cognito_jwt_core import ResourceMetadata

_ENDPOINT = "cognito_resource_metadata"
_WELL_KNOWN_PATH = "/.well-known/oauth-protected-resource"
_CACHE_SECONDS = 3600


def serve_resource_metadata(app: Flask, metadata: ResourceMetadata) -> None:
    """Add the route at the path of the API and at the root, where clients look if no challenge has named it."""
    for path in dict.fromkeys((metadata.path, _WELL_KNOWN_PATH)):
        app.add_url_rule(path, _ENDPOINT, _answer, methods=["GET", "OPTIONS"], provide_automatic_options=False)


class _PublicAnswer(Response):
    """A response that is the same for everyone, whatever the app adds to its responses."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return headers that let every cache store the response and scripts of every origin read it."""
        headers = super().get_wsgi_headers(environ)
        # Flask's session and Flask-CORS could add a cookie or a second origin, which would tie the response to one
        # client.
        for name in ("Set-Cookie", "Vary", "Access-Control-Allow-Credentials"):
            headers.remove(name)
        headers["Cache-Control"] = f"public, max-age={_CACHE_SECONDS}"
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Allow-Methods"] = "GET"
        headers["Access-Control-Allow-Headers"] = "*"  # MCP clients send their protocol version in a header
        headers["Access-Control-Max-Age"] = str(_CACHE_SECONDS)
        return headers


def _answer() -> Response:
    metadata = app_state().settings.metadata
    if metadata is None:  # `init_app` was called again, without COGNITO_RESOURCE
        abort(404)
    if current_request().method == "OPTIONS":
        return _PublicAnswer(status=204)
    return _PublicAnswer(json.dumps(metadata.as_dict()), mimetype="application/json")


mark(_answer, PUBLIC)
