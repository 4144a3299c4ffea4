"""Check sessions for revocation, and add sign-in's entries to the app's revocation list."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import Claims, CognitoJWTError, Revocations, RevocationsUnavailableError
from cognito_jwt_core.integration import RevocationCheck

from flask_cognito.sign_in.sessions.session import Session


class SessionRevocations:
    """The app's revocations, for sessions.

    Args:
        revocations: The app's own object, such as a `RevocationList`; None if it has none. Sign-in adds entries if it
            has the methods of a `RevocationList`. Otherwise it only asks.
    """

    def __init__(self, revocations: Revocations | None) -> None:
        self._revocations: Any = revocations
        self._check = None if revocations is None else RevocationCheck(revocations, leeway=0)

    @property
    def are_asked(self) -> bool:
        """Return whether the app has revocations."""
        return self._check is not None

    @property
    def can_end_sessions(self) -> bool:
        """Return whether an entry can end every session of a user."""
        return callable(getattr(self._revocations, "revoke_user", None))

    def keep_for_at_least(self, seconds: float) -> None:
        """Keep the entries of users at least as long as a session lasts."""
        keep = getattr(self._revocations, "keep_for_at_least", None)
        if keep is not None:
            keep(seconds)

    def check(self, session: Session) -> None:
        """Check that a session is not revoked, by the claims of its access token, which may have expired.

        Raises:
            TokenRevokedError: If it is revoked.
            RevocationsUnavailableError: If that is unknown.
        """
        if self._check is not None:
            self._check.check(Claims(session.token_claims))

    def revoke_session(self, session: Session, until: float | None = None) -> str | None:
        """Add a session by ``origin_jti``. Without that claim, add only its access token, by ``jti``.

        A failure here never fails a logout.

        Args:
            session: The session.
            until: When the session ends, in seconds since 1970, if Cognito has not revoked its refresh token.

        Returns:
            Reason of a failure, for the log. None on success, or if sign-in cannot add to the app's object.
        """
        claims, options = session.token_claims, {} if until is None else {"until": until}
        try:
            if "origin_jti" in claims and hasattr(self._revocations, "revoke_session"):
                self._revocations.revoke_session(claims, **options)
            elif hasattr(self._revocations, "revoke_token"):
                self._revocations.revoke_token(claims)
        except Exception as error:  # noqa: BLE001  an object of the app may raise anything
            return f"revocations: expected to add a session, found {_described(error)}"
        return None

    def revoke_user(self, issuer: str, sub: str, before: float | None) -> None:
        """Add a user. `before` is the second up to which sessions end, in seconds since 1970; None is now.

        Raises:
            RevocationsUnavailableError: If the entry could not be shared yet, or the app's object failed.
        """
        if self.can_end_sessions:
            try:
                self._revocations.revoke_user(issuer, sub, before)
            except CognitoJWTError:
                raise
            except Exception as error:
                reason = f"revocations: expected to add a user, found {_described(error)}"
                raise RevocationsUnavailableError(reason) from error


def _described(error: Exception) -> str:
    """Return the class of an error, and its text if it is ours. Another text may contain a password, or fail."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, CognitoJWTError) else name
