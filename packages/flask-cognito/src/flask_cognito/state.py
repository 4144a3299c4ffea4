"""`AppState`: the settings, verifier and handlers of one app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from cognito_jwt_core import Claims
from flask import Flask, Request, current_app, has_request_context, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from flask_cognito.config.balancer import BalancerVerifier
from flask_cognito.config.settings import Settings
from flask_cognito.config.verifiers import Verifier
from flask_cognito.errors import CognitoAuthError
from flask_cognito.log_budget import LogBudget

if TYPE_CHECKING:
    from flask_cognito.authentication.demand import TokenDemand
    from flask_cognito.authentication.session import SessionSource

IdentityHandler: TypeAlias = Callable[[Claims], Any]
ErrorHandler: TypeAlias = Callable[[CognitoAuthError], ResponseReturnValue]

_STATE = "cognito_auth.state"


class Hooks(Protocol):
    """The methods of `CognitoAuth` that a subclass may override."""

    def get_token(self) -> str | None:
        """Return the token of the current request."""

    def decode_token(self, token: str) -> Mapping[str, Any]:
        """Return the verified claims of a token."""

    def get_user(self, payload: Claims) -> Any:
        """Return the app's own user."""


@dataclass(eq=False)
class AppState:
    """The state of one app's `CognitoAuth`. Only the handlers may change, until the first request.

    Attributes:
        settings: The app's configuration.
        verifier: Its verifier.
        hooks: The `CognitoAuth`. Its methods are looked up on each request, so that a test can patch them.
        default_hooks: The functions of `CognitoAuth` without overrides.
        identity_handler: Function that returns the app's own user.
        error_handler: Function that returns the response to an error.
        balancer: Verifier of load balancers' tokens, if the app reads any.
        warnings: Warnings about the settings that were logged at start-up.
        log_budget: Limit for the log of rejected requests.
        lenient_verifier: Verifier without the checks that are only reported, if there are any.
        reported: Number of requests that would have been rejected, by code.
        report_budget: Limit for the log of these.
        sessions: Source of sessions, if the app has a `CognitoSignIn`.
        read: Values of the keys in the app's configuration, as they were when they were read.
        route_demands: By endpoint and method, a view and its route's requirements on a token.
    """

    settings: Settings
    verifier: Verifier
    hooks: Hooks
    default_hooks: frozenset[Callable[..., Any]]
    identity_handler: IdentityHandler | None
    error_handler: ErrorHandler | None
    balancer: BalancerVerifier | None = None
    warnings: tuple[str, ...] = ()
    log_budget: LogBudget = field(default_factory=LogBudget)
    lenient_verifier: Verifier | None = None
    reported: dict[str, int] = field(default_factory=dict)
    report_budget: LogBudget = field(default_factory=partial(LogBudget, burst=1))
    sessions: SessionSource | None = None
    read: Mapping[str, object] = field(default_factory=dict)
    route_demands: dict[tuple[str, str], tuple[object, TokenDemand]] = field(default_factory=dict)

    def is_overridden(self, hook: str) -> bool:
        """Return whether a subclass, an attribute or a test's patch overrides this method now."""
        return getattr(getattr(self.hooks, hook), "__func__", None) not in self.default_hooks

    def use_sessions(self, sessions: SessionSource, *, add_location: bool) -> None:
        """Accept sessions from now on. They are the last location, unless the app sets the locations itself."""
        self.sessions = sessions
        if add_location:
            self.settings = replace(self.settings, locations=(*self.settings.locations, "session"))

    def belong_to(self, app: Flask) -> None:
        """Make this the state of `app`."""
        app.extensions[_STATE] = self


# A proxy looks its object up for every attribute. These functions do it once.
current_request: Callable[[], Request] = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001
the_current_app: Callable[[], Flask] = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001


def current_request_or_none() -> Request | None:
    """Return the current request, or None outside a request."""
    return current_request() if has_request_context() else None


def state_of(app: Flask) -> AppState | None:
    """Return the state of an app, or None if it has no `CognitoAuth`."""
    state: AppState | None = app.extensions.get(_STATE)
    return state


def app_state() -> AppState:
    """Return the state of the current app.

    Raises:
        RuntimeError: If there is no current app, or if it has no `CognitoAuth`.
    """
    app = the_current_app()
    state: AppState | None = app.extensions.get(_STATE)
    if state is None:
        raise RuntimeError(f"the app {app.name!r} has no CognitoAuth: call CognitoAuth(app), or init_app(app) on yours")
    return state
