"""Sessions as a source of tokens, and the responses to requests without one."""

from __future__ import annotations

import json

from cognito_jwt_core import InsufficientAuthenticationError, SignInError
from flask import Request, make_response, redirect, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response

from flask_cognito.authentication.session import is_session_in_use
from flask_cognito.errors import CognitoAuthError
from flask_cognito.sign_in.login.next_url import safe_next
from flask_cognito.sign_in.login.step_up import StepUp
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, PoolSignIn, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.demand import Demand, seal_demand
from flask_cognito.sign_in.views.login_links import login_path, page_of_choice, routes_of_sign_in
from flask_cognito.sign_in.views.navigation import (
    has_fetch_metadata,
    is_from_another_site,
    is_navigation,
    path_of_referer,
    path_of_request,
)
from flask_cognito.sign_in.views.session_of_request import (
    SIGNED_OUT,
    SessionOfRequest,
    cookies_of,
    marker_name,
    session_of,
    unavailable,
)


class LoginRedirect(HTTPException, RoutingException):
    """Redirect a browser to sign in. Flask returns a `RoutingException` without calling the app's handlers."""

    def __init__(self, answer: Response) -> None:
        super().__init__(response=answer)
        self.code: int | None = answer.status_code


class LoginRequiredError(CognitoAuthError):
    """The 401 for a program, with the path where its user can sign in."""

    def __init__(self, refused: CognitoAuthError, login_path: str) -> None:
        super().__init__(
            refused.error, str(refused.description), refused.status_code, refused.headers, refused.error_code
        )
        self.data["login"] = login_path

    def get_body(self, environ: object = None, scope: object = None) -> str:
        """Return the JSON of the response."""
        return json.dumps(self.data)


class Sessions:
    """The `SessionSource` of an app.

    Args:
        sign_in: The app's sign-in.
    """

    def __init__(self, sign_in: AppSignIn) -> None:
        self._sign_in = sign_in

    @property
    def cookie_name(self) -> str:
        """Return the name of the session cookie."""
        return self._sign_in.first.rules.name

    def find(self, request: Request) -> SessionOfRequest | None:
        """Return the session that a request's cookies identify."""
        try:
            return session_of(request, self._sign_in)
        except StoreDownError as error:
            raise unavailable(store_down(error), self._sign_in.first.app.settings.challenge) from error

    def challenge(self, request: Request, refused: CognitoAuthError) -> HTTPException:
        """Return the response to a request that needs a sign-in."""
        settings = self._sign_in.first.app.settings
        # a new session would not be read, which would cause an endless loop of logins
        if "session" not in settings.locations:
            return refused
        return self._sent_to_sign_in(request, refused, self._sign_in.only)

    def step_up(
        self, request: Request, refused: CognitoAuthError, error: InsufficientAuthenticationError
    ) -> HTTPException:
        """Return the response to a request whose session's sign-in is too old or too weak."""
        found = session_of(request, self._sign_in)
        assert found is not None  # its token was verified
        step_up = StepUp(found.held.session.token_identity.sub, error.max_age, error.acr_values)
        demand = seal_demand(found.pool, Demand(step_up=step_up))
        return self._sent_to_sign_in(request, refused, found.pool, demand)

    def _sent_to_sign_in(
        self, request: Request, refused: CognitoAuthError, pool: PoolSignIn | None, demand: str | None = None
    ) -> HTTPException:
        sign_in, first = self._sign_in, self._sign_in.first
        if not is_navigation(request) or first.settings.unauthenticated == "401":
            return self._for_program(request, refused, pool, demand)
        is_safe = request.method in ("GET", "HEAD")
        target = path_of_request(request) if is_safe else path_of_referer(request)
        target = safe_next(target, routes_of_sign_in(sign_in))
        if cookies_of(request).get(marker_name(first)) == SIGNED_OUT:
            return LoginRedirect(page_of_choice(sign_in, "signed_out", 401, target, demand))
        if first.settings.cookie_samesite == "Strict" and is_from_another_site(request):
            # A strict session's cookies come with the second request, which this page triggers.
            here = safe_next(path_of_request(request))
            if is_safe and here == path_of_request(request):
                return LoginRedirect(pages.page(200, *pages.texts_of("on_the_way"), go_to=here))
        if pool is None:
            answer = page_of_choice(sign_in, "choose", 401, target)
        else:
            path = login_path(target, demand, pool=pool)
            answer = pages.with_page_headers(make_response(redirect(path, 302 if is_safe else 303)))
        answer.vary.update(("Cookie", "Sec-Fetch-Mode", "Accept"))
        return LoginRedirect(answer)

    def page(self, request: Request, refused: CognitoAuthError) -> Response | None:
        """Return a page for a browser whose request is rejected, or None if JSON is appropriate."""
        if not is_navigation(request) or isinstance(refused, LoginRequiredError):
            return None
        cause = refused.__cause__
        if isinstance(cause, StoreDownError):
            cause = store_down(cause)
        if isinstance(cause, SignInError):  # the session's state is unknown now
            return pages.page(refused.status_code, *pages.texts_of_error(cause), code=cause.code)
        if not is_session_in_use(request):
            return None
        return pages.page(
            refused.status_code,
            refused.error,
            str(refused.description),
            code=refused.error_code,
            logout_path=url_for(f"{BLUEPRINT}.logout"),
        )

    def finish(self, request: Request, answer: Response) -> Response:
        """Return the response to a rejected request, with the headers that a browser needs."""
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers.add("Vary", "Cookie, Sec-Fetch-Mode, Accept")
        if has_fetch_metadata(request):  # a browser could open its own dialogue for a challenge
            answer.headers.pop("WWW-Authenticate", None)
        return answer

    def _for_program(
        self, request: Request, refused: CognitoAuthError, pool: PoolSignIn | None, demand: str | None
    ) -> CognitoAuthError:
        target = safe_next(path_of_referer(request), routes_of_sign_in(self._sign_in))
        answer = LoginRequiredError(refused, login_path(target, demand, pool=pool))
        answer.__cause__ = refused.__cause__
        return answer
