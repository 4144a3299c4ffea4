"""What belongs to an app, and what belongs to one request: who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from cognito_jwt_core import Claims, CognitoVerifier, MultiPoolVerifier
from flask import Flask, Request, current_app, has_request_context, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from flask_cognito.config import Settings
from flask_cognito.errors import CognitoAuthError

IdentityHandler: TypeAlias = Callable[[Claims], Any]
ErrorHandler: TypeAlias = Callable[[CognitoAuthError], ResponseReturnValue]
Verifier: TypeAlias = CognitoVerifier | MultiPoolVerifier

_STATE = "cognito_auth.state"
_IDENTITY = "_cognito_identity"
_LET_PASS = "_cognito_refusal_let_pass"


@dataclass(eq=False)
class AppState:
    """What one app has of its `CognitoAuth`. Only the handlers may still change, until the first request.

    The methods that a subclass has replaced are found once, here: the way of most requests has none of them.
    """

    settings: Settings
    verifier: Verifier
    add_vary: Callable[[Any], Any]
    own_get_token: Callable[[], str | None] | None
    own_decode_token: Callable[[str], Mapping[str, Any]] | None
    own_get_user: IdentityHandler | None
    identity_handler: IdentityHandler | None
    error_handler: ErrorHandler | None

    def belong_to(self, app: Flask) -> None:
        """Become the state of `app`."""
        app.extensions[_STATE] = self


# The proxies look up what they stand for with every attribute; these do it once.
current_request: Callable[[], Request] = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001
the_current_app: Callable[[], Flask] = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001


def app_state() -> AppState:
    """The state of the current app.

    Raises:
        RuntimeError: There is no current app, or it has no `CognitoAuth`.
    """
    app = the_current_app()
    state: AppState | None = app.extensions.get(_STATE)
    if state is None:
        raise RuntimeError(f"the app {app.name!r} has no CognitoAuth: call CognitoAuth(app), or init_app(app) of yours")
    return state


Identity: TypeAlias = tuple[Claims, Any]
"""Who is asking: what the token says, and the app's own user."""


# An attribute of the request, not of `g`, which outlives the request inside an outer app context (tests, commands).
def identity_of(request: Request) -> Identity | None:
    """Who is asking, as far as it has been established."""
    return getattr(request, _IDENTITY, None)


def establish(request: Request, identity: Identity) -> None:
    """Keep who is asking, for the rest of this request."""
    setattr(request, _IDENTITY, identity)


def let_pass(request: Request, refusal: CognitoAuthError) -> None:
    """Keep that this request counts as one of nobody, and why: where somebody is needed, that is the answer."""
    setattr(request, _LET_PASS, refusal)


def refusal_let_pass(request: Request) -> CognitoAuthError | None:
    """Why this request counts as one of nobody, if it does."""
    return getattr(request, _LET_PASS, None)


def current_identity() -> Identity | None:
    """Who is asking in the current request, if there is one."""
    return identity_of(current_request()) if has_request_context() else None


def _user() -> Any:
    identity = current_identity()
    return None if identity is None else identity[1]


current_user: Any = LocalProxy(_user)
"""What the identity handler returned for this request's token; falsy where there is none."""
