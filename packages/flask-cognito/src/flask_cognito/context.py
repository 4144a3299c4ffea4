"""What belongs to an app, and what belongs to one request: who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

from cognito_jwt_core import Claims
from flask import Flask, Request, current_app, has_request_context, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from flask_cognito.config import Settings
from flask_cognito.errors import CognitoAuthError

IdentityHandler: TypeAlias = Callable[[Claims], Any]
ErrorHandler: TypeAlias = Callable[[CognitoAuthError], ResponseReturnValue]

_STATE = "cognito_auth.state"
_IDENTITY = "_cognito_identity"


class Verifier(Protocol):
    """A `CognitoVerifier` or a `MultiPoolVerifier`."""

    def verify(self, token: str) -> Claims:
        """Return the claims of `token`, or raise."""

    def prefetch(self) -> None:
        """Fetch the keys now."""


class Authenticator(Protocol):
    """What a subclass of `CognitoAuth` may replace."""

    def get_token(self) -> str | None:
        """Return the token of the current request."""

    def decode_token(self, token: str) -> Mapping[str, Any]:
        """Return the verified claims of `token`."""

    def get_user(self, payload: Claims) -> Any:
        """Return the app's own user."""


@dataclass(eq=False)
class AppState:
    """What one app has of its `CognitoAuth`. Only the handlers may still change, until the first request."""

    auth: Authenticator
    replaces_get_token: bool
    settings: Settings
    verifier: Verifier
    add_vary: Callable[[Any], Any]
    identity_handler: IdentityHandler | None
    error_handler: ErrorHandler | None

    def belong_to(self, app: Flask) -> None:
        """Become the state of `app`."""
        app.extensions[_STATE] = self


def app_state() -> AppState:
    """The state of the current app.

    Raises:
        RuntimeError: There is no current app, or it has no `CognitoAuth`.
    """
    try:
        return cast(AppState, current_app.extensions[_STATE])
    except KeyError:
        raise RuntimeError(
            f"the app {current_app.name!r} has no CognitoAuth: call CognitoAuth(app), or init_app(app) of yours"
        ) from None


class Identity(NamedTuple):
    """Who is asking: what the token says, and the app's own user."""

    claims: Claims
    user: Any


def current_request() -> Request:
    """The request itself: what is looked up through the proxy is looked up again each time."""
    return cast("LocalProxy[Request]", request)._get_current_object()  # noqa: SLF001 - documented by werkzeug


def the_current_app() -> Flask:
    """The app itself, as signals want it."""
    return cast("LocalProxy[Flask]", current_app)._get_current_object()  # noqa: SLF001 - documented by werkzeug


# An attribute of the request, not of `g`, which outlives the request inside an outer app context (tests, commands).
def identity_of(request: Request) -> Identity | None:
    """Who is asking, as far as it has been established."""
    return getattr(request, _IDENTITY, None)


def establish(request: Request, identity: Identity) -> None:
    """Keep who is asking, for the rest of this request."""
    setattr(request, _IDENTITY, identity)


def current_identity() -> Identity | None:
    """Who is asking in the current request, if there is one."""
    return identity_of(current_request()) if has_request_context() else None


def _user() -> Any:
    identity = current_identity()
    return None if identity is None else identity.user


current_user: Any = LocalProxy(_user)
"""What the identity handler returned for this request's token; falsy where there is none."""
