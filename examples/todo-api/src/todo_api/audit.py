"""Who changed something, and which tokens were refused: what the extension's signals tell, in a small table."""

import logging

from cognito_jwt_core import Claims, InvalidClaimError, InvalidTokenError
from flask import Flask, request
from flask_cognito import token_rejected, token_verified
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from .models import PATH_MAX_LENGTH, AuditEntry, User, db

log = logging.getLogger(__name__)

KEPT_ENTRIES = 1000
READING = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    """Hear the extension's signals about requests to `app`."""
    token_verified.connect(note_change, app)
    token_rejected.connect(note_refusal, app)


def note_change(_app: Flask, claims: Claims, user: User) -> None:
    """Note who is about to change something. The note is committed with the change, so there is never one alone."""
    if request.method not in READING:
        db.session.add(entry("changed", user.username))


def note_refusal(_app: Flask, error: InvalidTokenError) -> None:
    """Note a token that Cognito signed and that is refused all the same: expired, or meant for another app client.

    Anybody can make up the others, and would fill the table with them; those are in the log.
    """
    if not isinstance(error, InvalidClaimError):
        return
    try:
        note = entry(error.code)
        db.session.add(note)
        db.session.flush()
        db.session.execute(delete(AuditEntry).where(AuditEntry.id <= note.id - KEPT_ENTRIES))
        db.session.commit()
    except SQLAlchemyError:  # the answer to a bad token is a 401, whatever becomes of the note
        db.session.rollback()
        log.exception("a refused token could not be noted")


def entry(event: str, username: str | None = None) -> AuditEntry:
    """Return a note about the current request; an id with many zeros before it makes a path of any length."""
    path = request.path[:PATH_MAX_LENGTH]
    return AuditEntry(event=event, username=username, method=request.method, path=path)
