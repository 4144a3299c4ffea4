"""Flask's own session, which must not pass from one user to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from flask import session as flask_session

from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import PoolSignIn

_USER = "_cognito_user"


def claim_flask_session(pool: PoolSignIn, session: Session) -> None:
    """Clear Flask's session if it belongs to another user, and mark it as this user's."""
    names = pool.user_names(session.token_identity.iss, session.token_identity.sub)
    mark = names[0]
    if flask_session.get(_USER, mark) not in names:
        flask_session.clear()
    regenerate: Callable[[Any], None] | None = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:  # with Flask-Session, do not keep the id of a guest's session
        regenerate(flask_session)
    flask_session[_USER] = mark


def clear_flask_session() -> None:
    """Clear Flask's session if it belongs to a user of sign-in."""
    if flask_session.get(_USER) is not None:
        flask_session.clear()
