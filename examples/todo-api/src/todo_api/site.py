"""What needs no sign-in: the page, the API's documentation, and the app's health.

`cognito_public` says that this is meant: `flask cognito routes --fail-on-open` finds the routes that say nothing.
"""

from importlib.util import find_spec
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, current_app, send_from_directory
from flask_cognito import cognito_public
from sqlalchemy import text

from .models import db
from .schemas import Health

site = APIBlueprint("site", __name__)

# The page's scripts and styles are its own, and it talks only to this app.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@site.get("/")
@cognito_public
def show_page() -> Response:
    """Show the page."""
    return current_app.send_static_file("index.html")


@site.get("/docs/")
@cognito_public
def show_docs() -> Response:
    """Show the API's documentation."""
    return current_app.send_static_file("docs.html")


@site.get('/docs/<any("swagger_bundle.js", "swagger_style.css"):name>')
@cognito_public
def show_viewer(name: str) -> Response:
    """Hand out the viewer, which comes from a package of Python's index and not from another server."""
    spec = find_spec("offapi")  # found, not imported: importing it would read all of its viewers into memory
    assert spec is not None
    return send_from_directory(Path(spec.origin or "").parent, name, max_age=86_400)


@site.get("/healthz")
@cognito_public
@site.output(Health)
def show_health() -> dict[str, str]:
    """Say whether the app runs and reaches its database."""
    db.session.execute(text("SELECT 1"))
    return {"status": "ok"}


@site.after_app_request
def add_security_headers(response: Response) -> Response:
    """Tell browsers what the page may do, and that nothing else may frame it or guess at types."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
