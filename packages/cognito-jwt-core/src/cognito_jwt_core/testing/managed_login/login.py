"""`LocalManagedLogin`, with its settings, server, scripted responses and record of requests."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.testing.answering import AnsweringServer, ReceivedRequest, Serving
from cognito_jwt_core.testing.arrivals import Arrivals
from cognito_jwt_core.testing.behaviour import GOOD, MISBEHAVIOURS, Behaviour
from cognito_jwt_core.testing.managed_login import answers
from cognito_jwt_core.testing.managed_login.answers import Answer, json_answer
from cognito_jwt_core.testing.managed_login.app_client import STANDARD_SCOPES, AppClient, as_texts
from cognito_jwt_core.testing.managed_login.app_endpoints import AppEndpoints
from cognito_jwt_core.testing.managed_login.browser_endpoints import BrowserEndpoints, ScriptedError
from cognito_jwt_core.testing.managed_login.grants import Grants
from cognito_jwt_core.testing.managed_login.users import Authenticate, Users
from cognito_jwt_core.testing.pool import LocalUserPool

_POLL_SECONDS: Final = 0.02
_ENDPOINTS: Final = {
    "/oauth2/authorize": "authorize",
    "/oauth2/token": "token",
    "/oauth2/revoke": "revoke",
    "/oauth2/userInfo": "userInfo",
    "/login": "login",
    "/logout": "logout",
    "/error": "error",
}
_CALLED_BY_THE_BROWSER: Final = frozenset({"authorize", "login"})


@dataclasses.dataclass(frozen=True, slots=True)
class _Script:
    """A scripted response of one endpoint.

    Attributes:
        behaviour: How the response is sent.
        answer: Response to send without processing the request; None processes it.
        error: Error that a browser endpoint redirects to the callback.
        times: Number of requests that get it; None for all.
        gate: Number of the gate at which held responses wait.
    """

    behaviour: Behaviour = GOOD
    answer: Answer | None = None
    error: ScriptedError | None = None
    times: int | None = None
    gate: int = 0


class LocalManagedLogin:
    """Cognito's managed login on loopback: sign-in page, OAuth 2.0 endpoints, discovery document and JWKS.

    It follows the rules in the AWS documentation, so that a client that works here also works with Cognito. It compares
    callback and sign-out URLs exactly, supports only S256 for PKCE, and issues one-time codes that last five minutes.
    It also checks client authentication and scopes, and its refresh tokens have the size of Cognito's. All its data is
    in this process. Never use it in production.

    Args:
        pool: Pool that signs the tokens. The login uses its `client_id` and clock.
        users: Passwords by username.
        groups: Groups by username.
        callback_urls: Allowed values of `redirect_uri`, compared exactly.
        logout_urls: Allowed values of `logout_uri`, compared exactly.
        client_secret: Secret of the app client, or two during a rotation of the secret. None makes it a public client.
        rotation: Whether a refresh returns a new refresh token.
        grace_seconds: How long the previous refresh token still works after a rotation, 0 to 60 seconds.
        access_seconds: Lifetime of access and ID tokens.
        refresh_seconds: Lifetime of refresh tokens, counted from the sign-in. The default is 30 days.
        scopes: Scopes that the app client may request.
        revocation: Whether tokens can be revoked. If false, they have no `jti` and no `origin_jti`.
        sso_seconds: How long a browser stays signed in at the domain.
        authenticate: Function that is called with username and password for a user who is not in `users`. It returns
            the user's claims, such as `sub`, `cognito:groups` and `email`, or None if the password is wrong.
        demo_users: Passwords by username of users who can sign in with one click.
        issuer: The `iss` claim of the tokens, for an app that also accepts another emulator's tokens. By default, it
            is on loopback.

    Raises:
        ValueError: If Cognito would not accept an argument, for example an http URL of another host, or if `groups`
            has a username that is not in `users`.

    Example:
        ```python
        login = LocalManagedLogin(
            LocalUserPool(), users={"alice": "correct horse"}, callback_urls=["http://localhost:5000/auth/callback"]
        )
        with login.serve() as domain:
            print(domain, login.user_pool.issuer)
        ```
    """

    def __init__(
        self,
        pool: LocalUserPool,
        *,
        users: Mapping[str, str] | None = None,
        groups: Mapping[str, Iterable[str]] | None = None,
        callback_urls: Iterable[str],
        logout_urls: Iterable[str] = (),
        client_secret: str | tuple[str, ...] | None = None,
        rotation: bool = False,
        grace_seconds: float = 0,
        access_seconds: float = 3600,
        refresh_seconds: float = 30 * 86400,
        scopes: Iterable[str] = STANDARD_SCOPES,
        revocation: bool = True,
        sso_seconds: float = 3600,
        authenticate: Authenticate | None = None,
        demo_users: Mapping[str, str] | None = None,
        issuer: str | None = None,
    ) -> None:
        secrets = (client_secret,) if isinstance(client_secret, str) else tuple(client_secret or ())
        client = AppClient(
            id=pool.client_id,
            secrets=secrets,
            callback_urls=as_texts("callback_urls", callback_urls),
            logout_urls=as_texts("logout_urls", logout_urls),
            scopes=as_texts("scopes", scopes),
            rotation=rotation,
            grace_seconds=grace_seconds,
            revocation=revocation,
            access_seconds=access_seconds,
            refresh_seconds=refresh_seconds,
        )
        grants = Grants(client, pool.clock.time, sso_seconds)
        known_users = Users(pool.id, users or {}, groups or {}, authenticate)
        self.pool = pool
        self.client_id: str = pool.client_id
        self._issuer = issuer
        self._client = client
        self._browser = BrowserEndpoints(client, known_users, demo_users or {}, grants)
        self._app = AppEndpoints(pool, client, known_users, grants, lambda: self._serving().issuer)
        self._handlers: Mapping[str, Callable[[ReceivedRequest], Answer]] = {
            "token": self._app.token,
            "revoke": self._app.revoke,
            "userInfo": self._app.user_info,
            "logout": self._browser.logout,
            "error": self._browser.error,
            "discovery": self._discovery,
            "jwks": self._jwks,
        }
        self._lock = threading.Lock()
        self._arrivals = Arrivals()
        self._scripts: dict[str, _Script] = {}
        self._server: _Server | None = None

    def __repr__(self) -> str:
        return f"LocalManagedLogin({self.pool!r})"

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Start the server on loopback. Use it in a `with` statement, which returns the URL of the domain.

        Args:
            port: The port; 0 selects a free one.

        Raises:
            RuntimeError: If the server is already running. The `with` statement raises it.
            OSError: If the port is in use. The `with` statement raises it.
        """
        return Serving(lambda: self._started(port))

    @property
    def domain(self) -> str:
        """Return the URL of the running managed login, `http://127.0.0.1:PORT`.

        Raises:
            RuntimeError: If the server is not running.
        """
        return self._serving().domain

    @property
    def user_pool(self) -> UserPool:
        """Return the pool as an app must configure it while the server runs, with the issuer and keys on loopback.

        Raises:
            RuntimeError: If the server is not running.
        """
        server = self._serving()
        if self._issuer is None:
            return UserPool(self.pool.id, issuer=server.issuer)
        return UserPool(self.pool.id, issuer=server.issuer, jwks_uri=server.jwks_uri)

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """Return the requests that have arrived, in order."""
        return self._arrivals.received

    def behave(
        self,
        endpoint: str,
        behaviour: Behaviour | str | None = None,
        *,
        status: int | None = None,
        html: str | None = None,
        throttle: float | None = None,
        error: str | None = None,
        error_description: str | None = None,
        delay: float = 0.0,
        hold: bool = False,
        drop_answer: bool = False,
        times: int | None = None,
    ) -> None:
        """Change how one endpoint responds. With only its name, respond normally again.

        With `status`, `html`, `throttle` or `error`, the endpoint does not process the request, so a code stays unused.
        With `behaviour`, `delay`, `hold` or `drop_answer`, it processes the request, and only the response changes.

        Args:
            endpoint: `"authorize"`, `"login"`, `"logout"`, `"token"`, `"revoke"`, `"userInfo"`, `"discovery"` or
                `"jwks"`.
            behaviour: How to send the response: a `Behaviour` or the name of one of the `MISBEHAVIOURS`. Its `body`
                can be a callable that changes the normal body.
            status: Status of the response. Without `html`, `throttle` or `error`, its body is a short text.
            html: HTML page to send, as a proxy would. The default status is 200.
            throttle: Value in seconds of `Retry-After`, in a response with the default status 429.
            error: OAuth error code. `"authorize"` and `"login"` redirect it to the callback. Other endpoints send it as
                JSON, with the default status 400.
            error_description: Description to send with `error`.
            delay: Seconds until the response is sent.
            hold: Whether the response waits for `release()`.
            drop_answer: Whether to close the connection instead of responding.
            times: Number of requests, after which the endpoint responds normally again. None for all requests.

        Raises:
            ValueError: If there is no such endpoint or misbehaviour, or if `html`, `throttle` and `error` are combined.
        """
        if endpoint not in {*_ENDPOINTS.values(), "discovery", "jwks"}:
            raise ValueError(f"endpoint: expected one like 'token', found {endpoint!r}")
        if sum(given is not None for given in (html, throttle, error)) > 1:
            raise ValueError("behave: expected one of html, throttle and error")
        way = _behaviour(behaviour, delay=delay, hold=hold, drop_answer=drop_answer)
        scripted = None if error is None else ScriptedError(error, error_description)
        is_redirected = scripted is not None and endpoint in _CALLED_BY_THE_BROWSER
        script = _Script(
            way,
            None if is_redirected else _scripted_answer(status, html, throttle, scripted),
            scripted if is_redirected else None,
            times,
            self._arrivals.new_gate(),
        )
        with self._lock:
            self._scripts[endpoint] = script

    def release(self) -> None:
        """Send the held responses, and stop holding new ones."""
        self._arrivals.release()

    def wait_for_requests(self, count: int, timeout_seconds: float = 5.0) -> None:
        """Wait until this total number of requests has arrived, answered or not.

        Args:
            count: Total number of requests at all endpoints since the login was created.
            timeout_seconds: How long to wait for them.

        Raises:
            TimeoutError: If they do not arrive in time.
        """
        self._arrivals.wait_for(count, timeout_seconds)

    def _serving(self) -> "_Server":
        if self._server is None:
            raise RuntimeError("the managed login is not being served: use `with login.serve() as domain:`")
        return self._server

    def _started(self, port: int) -> tuple[str, Callable[[], None]]:
        with self._lock:
            if self._server is not None:
                raise RuntimeError("the managed login is being served already")
            self._server = _Server(self._asked, port, self.pool.id, self._issuer)
            return self._server.domain, self._stopped

    def _stopped(self) -> None:
        self.release()
        self._serving().stop()
        self._server = None

    def _asked(self, request: ReceivedRequest) -> tuple[Behaviour, bytes]:
        endpoint = self._endpoint(request.route)
        with self._lock:
            script = self._next_script(endpoint, request.method)
            self._arrivals.add(request)
        answer = self._answer(endpoint, request, script)
        way = script.behaviour
        if way.hold:
            self._arrivals.wait_at(script.gate)
        headers = {**answer.headers, **way.headers}
        status = answer.status if way.status == GOOD.status else way.status
        return dataclasses.replace(way, status=status, headers=headers), answer.body

    def _endpoint(self, route: str) -> str | None:
        below_issuer = {
            f"/{self.pool.id}/.well-known/openid-configuration": "discovery",
            f"/{self.pool.id}/.well-known/jwks.json": "jwks",
        }
        return _ENDPOINTS.get(route) or below_issuer.get(route)

    def _next_script(self, endpoint: str | None, method: str) -> _Script:
        script = self._scripts.get(endpoint or "", _Script())
        if endpoint == "login" and method == "GET" and script.error is not None:
            return _Script()  # show the page; the response to its form has the error
        if endpoint is not None and script.times is not None:
            left = dataclasses.replace(script, times=script.times - 1)
            self._scripts[endpoint] = left if script.times > 1 else _Script()
        return script

    def _answer(self, endpoint: str | None, request: ReceivedRequest, script: _Script) -> Answer:
        if endpoint is None:
            return Answer(404)
        if script.answer is not None:
            return script.answer
        if endpoint == "authorize":
            return self._browser.authorize(request, script.error)
        if endpoint == "login":
            return self._browser.login(request, script.error)
        return self._handlers[endpoint](request)

    def _discovery(self, request: ReceivedRequest) -> Answer:
        """Return the discovery document with the members of Cognito's, which lack PKCE methods and grant types."""
        server = self._serving()
        document = {
            "authorization_endpoint": f"{server.domain}/oauth2/authorize",
            "end_session_endpoint": f"{server.domain}/logout",
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": server.issuer,
            "jwks_uri": server.jwks_uri,
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": f"{server.domain}/oauth2/revoke",
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": f"{server.domain}/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": f"{server.domain}/oauth2/userInfo",
        }
        return _public(document) if request.method == "GET" else answers.not_allowed("GET")

    def _jwks(self, request: ReceivedRequest) -> Answer:
        return _public(self.pool.jwk_set) if request.method == "GET" else answers.not_allowed("GET")


class _Server:
    """The running server with its URLs.

    Raises:
        OSError: If the port is in use.
    """

    def __init__(
        self, asked: Callable[[ReceivedRequest], tuple[Behaviour, bytes]], port: int, pool_id: str, issuer: str | None
    ) -> None:
        self._http = AnsweringServer(asked, port)
        self.domain = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.issuer = issuer or f"{self.domain}/{pool_id}"
        self.jwks_uri = f"{self.domain}/{pool_id}/.well-known/jwks.json"
        # A daemon thread, so that a process that never leaves the `with` block can end.
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_SECONDS,), name="local managed login", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop the server, and wait until its thread has ended."""
        self._http.stop(self._thread)


def _behaviour(behaviour: Behaviour | str | None, *, delay: float, hold: bool, drop_answer: bool) -> Behaviour:
    """Return how to send a response, from the arguments of `behave`.

    Raises:
        ValueError: If there is no misbehaviour with this name.
    """
    if isinstance(behaviour, str) and behaviour not in MISBEHAVIOURS:
        raise ValueError(f"behaviour: expected the name of a misbehaviour, found {behaviour!r}")
    way = MISBEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour or GOOD
    return dataclasses.replace(
        way,
        delay_seconds=delay or way.delay_seconds,
        hold=hold or way.hold,
        cut="silent" if drop_answer else way.cut,
    )


def _scripted_answer(
    status: int | None, html: str | None, throttle: float | None, scripted: ScriptedError | None
) -> Answer | None:
    """Return the response that the arguments of `behave` describe, or None to process the request."""
    if scripted is not None:
        return answers.error_answer(scripted.error, scripted.description, status or 400)
    if throttle is not None:
        body = {"message": "Rate exceeded"}
        return json_answer(status or 429, body, Retry_After=f"{throttle:g}")
    if html is not None:
        return Answer(status or 200, {"Content-Type": "text/html; charset=utf-8"}, html.encode())
    if status is not None:
        return Answer(status, {"Content-Type": "text/plain"}, b"scripted answer")
    return None


def _public(value: object) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())
