"""The endpoints of a managed login that a browser visits: `/oauth2/authorize`, `/login`, `/logout` and `/error`."""

import hmac
import json
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cognito_jwt_core.testing.answering import ReceivedRequest
from cognito_jwt_core.testing.managed_login import answers, pages
from cognito_jwt_core.testing.managed_login.answers import Answer
from cognito_jwt_core.testing.managed_login.app_client import AppClient
from cognito_jwt_core.testing.managed_login.grants import BrowserSession, Grant, Grants, IssuedCode
from cognito_jwt_core.testing.managed_login.users import User, Users

_log = logging.getLogger("cognito_jwt_core.testing")

_SESSION_COOKIE: Final = "cognito"
_CSRF_COOKIE: Final = "XSRF-TOKEN"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url without padding: RFC 7636 section 4.2
_PROMPTS: Final = frozenset({"none", "login", "select_account", "consent"})
_CUSTOM_SCHEME: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*://.+")
_LOCALHOST: Final = re.compile(r"http://localhost([:/?].*)?")


@dataclass(frozen=True, slots=True)
class ScriptedError:
    """An OAuth error that a test makes an endpoint return.

    Attributes:
        error: The error code, such as `"access_denied"`.
        description: Value of `error_description`; None leaves it out.
    """

    error: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """An authorization request with a valid client and `redirect_uri`, to which errors may be redirected."""

    parameters: Mapping[str, str]
    repeated: frozenset[str]

    def get(self, name: str) -> str | None:
        return self.parameters.get(name)

    def prompts(self) -> set[str]:
        return set((self.get("prompt") or "").split())


class BrowserEndpoints:
    """The endpoints that the user's browser visits.

    Args:
        client: The app client.
        users: Users who can sign in.
        demo_users: Passwords by username of users who can sign in with one click.
        grants: Storage of sessions and codes.
    """

    def __init__(self, client: AppClient, users: Users, demo_users: Mapping[str, str], grants: Grants) -> None:
        self._client = client
        self._users = users
        self._demo_users = demo_users
        self._grants = grants

    def authorize(self, request: ReceivedRequest, scripted: ScriptedError | None = None) -> Answer:
        """Answer `GET /oauth2/authorize` with a code if the browser has a session, and otherwise with the sign-in page.

        Source: AWS "authorization-endpoint", also for the rules in this module that name no other source.

        Args:
            request: The request.
            scripted: Error to redirect to the callback instead.
        """
        if request.method != "GET":  # "only supports HTTPS GET"
            return answers.not_allowed("GET")
        asked = self._asked(request)
        if isinstance(asked, Answer):
            return asked
        if problem := scripted or self._problem(asked):
            return self._redirected_error(asked, problem)
        session = self._grants.browser_session(answers.cookie_value(request, _SESSION_COOKIE))
        # "select_account" and "consent" have "no effect on local sign-in".
        if session is not None and "login" not in asked.prompts():
            return answers.redirect(self._callback(asked, session))
        if "none" in asked.prompts():
            return self._redirected_error(asked, ScriptedError("login_required"))
        # "redirects to the Login endpoint with the same URL parameters"
        return answers.redirect(f"/login?{urlsplit(request.path).query}")

    def login(self, request: ReceivedRequest, scripted: ScriptedError | None = None) -> Answer:
        """Answer `/login`, which has the same parameters as `/oauth2/authorize`. Source: AWS "login-endpoint".

        Args:
            request: A request for the page, or with its form.
            scripted: Error to redirect to the callback after the form is sent.
        """
        asked = self._asked(request)
        if isinstance(asked, Answer):
            return asked
        if problem := self._problem(asked):
            return self._redirected_error(asked, problem)
        if request.method == "GET":
            return self._sign_in_page(request, asked)
        return self._submitted(request, asked, scripted)

    def logout(self, request: ReceivedRequest) -> Answer:
        """Answer `GET /logout`. End the browser's session, and redirect to `logout_uri` or to the sign-in page.

        `post_logout_redirect_uri` and `id_token_hint` have no effect. Source: AWS "logout-endpoint".
        """
        if request.method != "GET":
            return answers.not_allowed("GET")
        query = request.query
        logout_uri = query.get("logout_uri")
        if query.get("client_id") != self._client.id:
            return _error_redirect("Client does not exist.")
        if logout_uri is None and ("redirect_uri" not in query or "response_type" not in query):
            return _error_redirect("Required parameters missing")
        if logout_uri is not None and logout_uri not in self._client.logout_urls:
            return _error_redirect("Required parameters missing")
        if logout_uri is None and query["redirect_uri"] not in self._client.callback_urls:
            return _error_redirect("redirect_mismatch", self._client.id)
        self._grants.end_browser_session(answers.cookie_value(request, _SESSION_COOKIE))
        target = logout_uri or f"/login?{urlsplit(request.path).query}"
        return answers.redirect(target, answers.deleted_cookie(_SESSION_COOKIE))

    @staticmethod
    def error(request: ReceivedRequest) -> Answer:
        """Answer `/error`, the page that shows errors that must not be redirected to an app."""
        return pages.error_page(request.query.get("error", "unknown"))

    def _asked(self, request: ReceivedRequest) -> _Asked | Answer:
        """Return the request, or a redirect to Cognito's error page if its client or `redirect_uri` is invalid.

        Such an error is never redirected to the app, because Cognito would become an open redirector. Spec: RFC 9700
        section 4.11.2.
        """
        repeated = answers.repeated_names(urlsplit(request.path).query)
        query = request.query
        if "client_id" not in query or "redirect_uri" not in query or repeated & {"client_id", "redirect_uri"}:
            return _error_redirect("Required parameters missing")
        if query["client_id"] != self._client.id:
            return _error_redirect("Client does not exist.")
        if query["redirect_uri"] not in self._client.callback_urls:  # exact: RFC 9700 section 2.1
            return _error_redirect("redirect_mismatch", self._client.id)
        return _Asked(query, frozenset(repeated))

    def _problem(self, asked: _Asked) -> ScriptedError | None:
        """Return the first error that Cognito redirects to the callback, or None if the request is valid."""
        if asked.repeated:  # RFC 6749 section 3.1
            return ScriptedError("invalid_request")
        if asked.get("response_type") == "token":  # the client does not allow the implicit grant
            return ScriptedError("unauthorized_client")
        is_valid = (
            asked.get("response_type") == "code"
            and _is_valid_challenge(asked.get("code_challenge"), asked.get("code_challenge_method"))
            and _is_valid_prompt(asked.prompts())
            and _is_valid_resource(asked.get("resource"))
            and not _is_json(asked.get("state"))
        )
        if not is_valid:
            return ScriptedError("invalid_request")
        if asked.get("identity_provider") not in {None, "COGNITO"} or asked.get("idp_identifier") is not None:
            return ScriptedError("invalid_request", "Login option is not available")
        if self._client.granted_scopes(asked.get("scope")) is None:
            return ScriptedError("invalid_scope")
        return None

    def _sign_in_page(self, request: ReceivedRequest, asked: _Asked, problem: str | None = None) -> Answer:
        csrf_token = answers.cookie_value(request, _CSRF_COOKIE)
        cookie = None
        if not csrf_token:
            csrf_token = secrets.token_urlsafe(32)
            cookie = answers.session_cookie(_CSRF_COOKIE, csrf_token)
        return pages.sign_in_page(
            action=request.path,
            csrf_token=csrf_token,
            language=asked.get("lang"),
            username=request.form.get("username", asked.get("login_hint") or ""),  # "fills the username field"
            demo_users=self._demo_users,
            problem=problem,
            cookie=cookie,
        )

    def _submitted(self, request: ReceivedRequest, asked: _Asked, scripted: ScriptedError | None) -> Answer:
        form = request.form
        expected = answers.cookie_value(request, _CSRF_COOKIE) or ""
        # Another site can send this form, but can read neither the cookie nor the field, so login CSRF fails.
        if not expected or not hmac.compare_digest(expected.encode(), form.get("_csrf", "").encode()):
            return self._sign_in_page(request, asked, "stale")
        if "cancel" in form:
            return self._redirected_error(asked, ScriptedError("access_denied", "The user cancelled"))
        if scripted is not None:
            return self._redirected_error(asked, scripted)
        try:
            user = self._user(form)
        except Exception:  # noqa: BLE001 - whatever the test's own `authenticate` raises
            _log.exception("the local managed login could not authenticate a user")
            return self._redirected_error(asked, ScriptedError("server_error"))
        if user is None:
            return self._sign_in_page(request, asked, "wrong")
        cookie, session = self._grants.start_browser_session(user)
        return answers.redirect(self._callback(asked, session), answers.session_cookie(_SESSION_COOKIE, cookie))

    def _user(self, form: Mapping[str, str]) -> User | None:
        demo_user = form.get("demo_user")
        if demo_user is None:
            return self._users.sign_in(form.get("username", ""), form.get("password", ""))
        password = self._demo_users.get(demo_user)
        return None if password is None else self._users.sign_in(demo_user, password)

    def _callback(self, asked: _Asked, session: BrowserSession) -> str:
        """Return the callback URL with a new code. It has no `iss`, because the AWS documentation mentions none."""
        grant = Grant(
            user=session.user,
            auth_time=session.auth_time,
            scopes=self._client.granted_scopes(asked.get("scope")) or (),
            nonce=asked.get("nonce"),
            resource=asked.get("resource"),
        )
        redirect_uri = asked.parameters["redirect_uri"]
        code = self._grants.issue_code(IssuedCode(grant, redirect_uri, asked.get("code_challenge")))
        return answers.with_parameters(redirect_uri, {"code": code, "state": asked.get("state")})

    @staticmethod
    def _redirected_error(asked: _Asked, problem: ScriptedError) -> Answer:
        parameters = {"error_description": problem.description, "state": asked.get("state"), "error": problem.error}
        return answers.redirect(answers.with_parameters(asked.parameters["redirect_uri"], parameters))


def _error_redirect(error: str, client_id: str | None = None) -> Answer:
    return answers.redirect(answers.with_parameters("/error", {"error": error, "client_id": client_id}))


def _is_valid_challenge(challenge: str | None, method: str | None) -> bool:
    """Return whether a request uses PKCE with S256, or does not use it. Spec: RFC 7636 section 4.3."""
    if challenge is None and method is None:
        return True
    return challenge is not None and method == "S256" and _CHALLENGE.fullmatch(challenge) is not None


def _is_valid_prompt(prompts: set[str]) -> bool:
    return prompts <= _PROMPTS and (prompts == {"none"} or "none" not in prompts)  # OIDC Core section 3.1.2.1


def _is_valid_resource(resource: str | None) -> bool:
    """Return whether a resource begins with `https://`, `http://localhost` or an app's scheme, and has no fragment."""
    if resource is None:
        return True
    has_allowed_start = bool(
        (resource.startswith("https://") and urlsplit(resource).netloc)
        or _LOCALHOST.fullmatch(resource)
        or _CUSTOM_SCHEME.fullmatch(resource)
    )
    return has_allowed_start and "#" not in resource  # RFC 8707 section 2


def _is_json(state: str | None) -> bool:
    """Return whether `state` is a JSON object or array, which Cognito does not accept."""
    try:
        return isinstance(json.loads(state or ""), dict | list)
    except (ValueError, RecursionError):
        return False
