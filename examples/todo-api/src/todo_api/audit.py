"""Keep a small table of who changed something, and of authentic tokens that the API refused."""

import logging
import time
from datetime import datetime, timedelta, timezone

from cognito_jwt_core import Claims, InvalidTokenError
from flask import Flask, current_app, g, request
from flask_cognito import token_rejected, token_verified
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from .models import PATH_MAX_LENGTH, AuditEntry, User, db

log = logging.getLogger(__name__)

# Age decides what is deleted, not a count: otherwise a user could push out older entries by making many new ones.
KEPT_FOR = timedelta(days=90)
REFUSAL_INTERVAL_SECONDS = 60
READING = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    """Listen to the extension's signals about requests to `app`."""
    app.extensions["todo_audit"] = {}
    token_verified.connect(note_change, app)
    token_rejected.connect(note_refusal, app)


def note_change(_app: Flask, claims: Claims, user: User) -> None:
    """Note who is about to change something. The note is committed with the change, never without it."""
    if request.method not in READING:
        delete_old_entries()
        g.audit_note = entry("changed", user.username)
        db.session.add(g.audit_note)


def note_refusal(_app: Flask, error: InvalidTokenError) -> None:
    """Note a refused token whose signature held, for example an expired one, at most once a minute for each code.

    Anyone can invent other tokens, and anyone can repeat an expired one. Neither may cause a write per request; the
    log has every refusal.
    """
    if not error.is_authentic or not is_due(error.code):
        return
    try:
        delete_old_entries()
        db.session.add(entry(error.code))
        db.session.commit()
    except SQLAlchemyError:  # the answer to a bad token is a 401, with or without the note
        db.session.rollback()
        log.exception("a refused token could not be noted")


def is_due(code: str) -> bool:
    """Return whether no refusal with this code was noted in the last minute, in this process."""
    noted_at: dict[str, float] = current_app.extensions["todo_audit"]
    now = time.monotonic()
    if now - noted_at.get(code, -REFUSAL_INTERVAL_SECONDS) < REFUSAL_INTERVAL_SECONDS:
        return False
    noted_at[code] = now
    return True


def delete_old_entries() -> None:
    """Delete what is older than 90 days."""
    db.session.execute(delete(AuditEntry).where(AuditEntry.at < datetime.now(timezone.utc) - KEPT_FOR))


def entry(event: str, username: str | None = None) -> AuditEntry:
    """Return a note about the current request; an id with many zeros before it makes a path of any length."""
    path = request.path[:PATH_MAX_LENGTH]
    return AuditEntry(event=event, username=username, method=request.method, path=path)
