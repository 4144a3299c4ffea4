"""The session of the current request, which is another source of a token."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NoReturn, Protocol

from cognito_jwt_core import Claims, InsufficientAuthenticationError
from cognito_jwt_core.integration import fingerprint
from flask import Request, has_request_context
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from flask_cognito.errors import CognitoAuthError
from flask_cognito.state import current_request

_SESSION = "_cognito_current_session"
_HELD = "_cognito_session_in_use"


class _Session(Protocol):
    """The tokens of a session, and its times in seconds since 1970."""

    @property
    def access_token(self) -> str:
        """Return the access token."""

    @property
    def id_claims(self) -> Mapping[str, Any]:
        """Return the claims of the ID token that describe the user."""

    @property
    def signed_in_at(self) -> float:
        """Return when the user signed in."""

    @property
    def ends_at(self) -> float:
        """Return when the session ends."""


class CurrentSession:
    """The session that authenticated a request. Its `repr` shows no token.

    Attributes:
        access_token: Access token for calls to other APIs, refreshed if it was due.
    """

    def __init__(self, session: _Session) -> None:
        self.access_token: str = session.access_token
        self._session = session

    @property
    def signed_in_at(self) -> datetime:
        """Return when the user signed in, in UTC."""
        return datetime.fromtimestamp(self._session.signed_in_at, timezone.utc)

    @property
    def expires_at(self) -> datetime:
        """Return when the session ends, in UTC."""
        return datetime.fromtimestamp(self._session.ends_at, timezone.utc)

    @property
    def id_claims(self) -> Claims:
        """Return a copy of the ID token's claims that describe the user."""
        return Claims(copy.deepcopy(dict(self._session.id_claims)))

    def __repr__(self) -> str:
        return f"<CurrentSession until {self.expires_at:%Y-%m-%dT%H:%M:%SZ} {fingerprint(self.access_token)}>"


class FoundSession(Protocol):
    """A session that a request's cookies identify."""

    def use(self, request: Request) -> CurrentSession:
        """Return the session, and refresh its tokens first if they are due. Keep the response out of caches.

        Raises:
            CognitoAuthError: If it has ended, or its state is unknown now.
        """

    def end_as_revoked(self, request: Request) -> None:
        """End the session, because its token is revoked."""


class SessionSource(Protocol):
    """The part of authentication that sign-in provides."""

    @property
    def cookie_name(self) -> str:
        """Return the name of the session cookie."""

    def find(self, request: Request) -> FoundSession | None:
        """Return the session that a request's cookies identify.

        Raises:
            CognitoAuthError: If the session store is down.
        """

    def challenge(self, request: Request, refusal: CognitoAuthError) -> HTTPException:
        """Return the response to a request that needs a sign-in."""

    def step_up(
        self, request: Request, refusal: CognitoAuthError, error: InsufficientAuthenticationError
    ) -> HTTPException:
        """Return the response to a request whose session's sign-in is too old or too weak."""

    def page(self, request: Request, refusal: CognitoAuthError) -> Response | None:
        """Return a page for a browser whose request is rejected, or None if JSON is appropriate."""

    def finish(self, request: Request, answer: Response) -> Response:
        """Return the response to a rejected request, with the headers that a browser needs."""


def hold_session(request: Request, session: CurrentSession) -> None:
    """Keep the session whose token is being verified."""
    setattr(request, _HELD, session)


def adopt_session(request: Request) -> None:
    """Make the session of the verified token the current one. A token from elsewhere leaves no session."""
    setattr(request, _SESSION, getattr(request, _HELD, None))


def is_session_in_use(request: Request) -> bool:
    """Return whether the token of this request came from a session."""
    return hasattr(request, _HELD)


def _current_session() -> CurrentSession | None:
    return getattr(current_request(), _SESSION, None) if has_request_context() else None


_NO_SESSION = (
    "no session authenticated this request, for example because its token came in a header; check `if current_session`"
    " first"
)


class _CurrentSession(LocalProxy[Any]):
    """A `LocalProxy` that explains what is missing, instead of ``'NoneType' object has no attribute``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        session = _current_session()
        if session is None and not hasattr(None, name):
            raise AttributeError(f"current_session is None and has no attribute {name!r}: {_NO_SESSION}")
        return getattr(session, name)

    def __hash__(self) -> int:
        # A cache would keep this proxy as its key, which means another session in the next request.
        raise TypeError("current_session has no hash: pass current_session._get_current_object() to caches and sets")

    def __getitem__(self, key: Any) -> NoReturn:
        if _current_session() is None:
            raise TypeError(f"current_session is None: {_NO_SESSION}")
        raise TypeError(f"current_session has attributes and no items: read current_session.id_claims[{key!r}]")


current_session: Any = _CurrentSession(_current_session)
"""The `CurrentSession` that authenticated this request. Falsy if a header did, and outside requests."""
