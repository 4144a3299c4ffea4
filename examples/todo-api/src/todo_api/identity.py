"""From a verified token to a row of ours."""

from cognito_jwt_core import Claims
from flask import current_app
from flask_cognito import CognitoAuth, CognitoSignIn, current_cognito_jwt
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .models import User, db

cognito = CognitoAuth()
sign_in = CognitoSignIn()


@cognito.identity_handler
def find_or_create_user(claims: Claims) -> User:
    """Return the row of the token's user, created the first time that this user comes from Cognito.

    The row hangs on `sub`: a user name can be given to another user one day, a `sub` cannot.
    """
    by_sub = select(User).where(User.sub == claims.sub)
    user = db.session.scalar(by_sub)
    if user is not None:
        return user
    # A program that signs in as itself (client credentials) has no user name: it goes by its app client's id.
    db.session.add(User(sub=claims.sub, username=claims.username or claims.client_id))
    try:
        db.session.commit()
    except IntegrityError:  # another first request of the same user was faster
        db.session.rollback()
    return db.session.scalars(by_sub).one()


def revoke_user(sub: str) -> None:
    """Refuse every token that a user of the caller's pool has, and end the user's sessions."""
    issuer = current_cognito_jwt.issuer
    if current_app.secret_key:  # with sign-in: in the store at once, and in the list of revocations
        sign_in.end_sessions(sub, issuer)
    else:
        current_app.config["COGNITO_REVOCATIONS"].revoke_user(issuer, sub)
