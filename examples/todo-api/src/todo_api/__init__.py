"""A Todo API whose users sign in with Amazon Cognito: `create_app` builds it from environment variables."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from apiflask import APIFlask
from flask_migrate import Migrate, upgrade  # type: ignore[import-untyped]

from . import audit, errors, logs, openapi
from .admin import admin
from .board import board
from .config import from_environment
from .identity import cognito, sign_in
from .models import db
from .reports import reports
from .site import site
from .todos import todos

__all__ = ["create_app"]


def create_app(environ: Mapping[str, str] = os.environ) -> APIFlask:
    """Build the app that `environ` describes; the README lists the variables."""
    app = APIFlask(__name__, title="Todo API", version=version("todo-api"), docs_path=None, json_errors=False)
    app.config.from_mapping(from_environment(environ))
    db.init_app(app)
    Migrate(app, db, directory=str(Path(app.root_path) / "migrations"))
    cognito.init_app(app)
    if app.secret_key:  # seals the session cookies; without one the API takes bearer tokens only
        sign_in.init_app(app)
    if any(name.startswith("OTEL_") for name in environ):  # `opentelemetry-instrument` sets up the exporter
        from cognito_jwt_core.otel import instrument

        with app.app_context():
            instrument(cognito.verifier)
    for part in (audit, errors, logs, openapi):
        part.init_app(app)
    for blueprint in (site, board, todos, reports, admin):
        app.register_blueprint(blueprint)
    with app.app_context():
        # One machine and one file need no deployment step; any other database waits for `flask db upgrade`.
        if db.engine.dialect.name == "sqlite":
            upgrade()
            db.engine.dispose()
    return app
