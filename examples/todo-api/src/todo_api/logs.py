"""Structured logs: one JSON object for each line, one line for each request, and one for each refresh of a session."""

import json
import logging
import time
from datetime import datetime, timezone
from uuid import uuid4

from cognito_jwt_core import Claims
from flask import Flask, Response, g, request
from flask_cognito import current_cognito_jwt, session_refreshed

access_log = logging.getLogger("todo_api.access")
session_log = logging.getLogger("todo_api.sessions")


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON, with whatever was given to it as `extra={"fields": ...}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


# For `logging.config.dictConfig`: the server (gunicorn.conf.py, lambda_handler.py) decides where logs go.
CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"level": "INFO", "handlers": ["stdout"]},
}


def init_app(app: Flask) -> None:
    """Log every request of `app` when it is answered: the `sub` identifies the user, and is not personal data."""
    session_refreshed.connect(log_refresh, app)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = uuid4().hex

    @app.after_request
    def log(response: Response) -> Response:
        fields = {
            "request_id": g.request_id,
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - g.began) * 1000, 1),
            "sub": current_cognito_jwt.sub if current_cognito_jwt else None,
        }
        access_log.info("request", extra={"fields": fields})
        response.headers["X-Request-ID"] = g.request_id
        return response


def log_refresh(_app: Flask, claims: Claims) -> None:
    """Log that Cognito gave a session new tokens, in the request that needed them, and how long the new ones last."""
    expires_at = claims.expires_at.isoformat(timespec="seconds") if claims.expires_at else None
    fields = {"request_id": g.get("request_id"), "sub": claims.sub, "access_token_expires_at": expires_at}
    session_log.info("session refreshed", extra={"fields": fields})
