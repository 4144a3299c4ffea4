"""For tests of an app that uses this extension: a client that is signed in, and a route put to the test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, NamedTuple

from cognito_jwt_core import CognitoVerifier, InvalidClaimError, InvalidTokenError, UserPool
from cognito_jwt_core.testing import HostileToken, LocalKeys, LocalUserPool, hostile_tokens
from flask import Flask
from flask.testing import FlaskClient

from flask_cognito.config import PoolSettings, Settings
from flask_cognito.context import app_state

__all__ = ["SignedIn", "as_user", "assert_rejects_hostile"]

_REFUSED: Final = (401, 403)
_MOST_SHOWN_OF_TOKENS: Final = 20
_MOST_SHOWN_OF_AN_ANSWER: Final = 200


class SignedIn:
    """A client whose requests carry a user's token, from now on or for the length of a `with` block.

    Attributes:
        client: The client, which is also what the `with` statement gives.
        token: The token.
    """

    def __init__(self, client: FlaskClient, token: str, location: _Location) -> None:
        self.client = client
        self.token = token
        self._location = location
        self._before = location.value
        location.put(token)

    def sign_out(self) -> None:
        """Give the client back what it sent before."""
        self._location.value = self._before

    def __enter__(self) -> FlaskClient:
        return self.client

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.sign_out()


def as_user(
    client: FlaskClient,
    username: str = "alice",
    *,
    groups: Iterable[str] = (),
    pool: LocalUserPool | None = None,
    **token: Any,
) -> SignedIn:
    """Sign the requests of a test client: each carries a real token, where the app looks for it.

    Nothing of the app is switched off or replaced. The token goes into the header (with the prefix) or cookie that
    the app's configuration names; where it demands ID tokens, it is one. A request that brings that header itself
    is sent as it is.

    Args:
        client: The app's `test_client()`.
        username: Who is signed in.
        groups: The groups that the user is in.
        pool: Who issues the token; by default the local pool whose keys the app was configured with
            (`COGNITO_JWKS = pool.jwks`).
        **token: What else `LocalUserPool.access_token` or `id_token` takes: `scopes`, `expires_in`, any claim.

    Returns:
        What ends it: by `with as_user(client, "alice"):`, or by `sign_out()`.

    Raises:
        RuntimeError: The app does not use the extension, or which local pool is meant cannot be told.

    Example:
        ```python
        with as_user(client, "alice", groups=["admin"]):
            assert client.get("/api/admin").status_code == 200
        ```
    """
    settings = _settings_of(client.application)
    issuer = pool if pool is not None else _the_local_pool(settings)
    demands = _settings_of_pool(settings, issuer)
    takes_id_tokens = demands is not None and demands.token_use == "id"
    issue = issuer.id_token if takes_id_tokens else issuer.access_token
    return SignedIn(client, issue(username, groups=groups, **token), _Location(client, settings, settings.locations[0]))


def assert_rejects_hostile(
    client: FlaskClient,
    path: str,
    pool: LocalUserPool,
    method: str = "GET",
    *,
    username: str = "alice",
    groups: Iterable[str] = (),
    scopes: Iterable[str] = ("aws.cognito.signin.user.admin",),
) -> None:
    """Send a protected route a few hundred tokens that it must refuse, and fail unless it refuses them all.

    First it is shown that the route refuses a request without a token and lets a good one pass: a route that refuses
    everybody would prove nothing. Then each of the `hostile_tokens` must be answered 401 or 403, not 500 and not 200.

    Args:
        client: The app's `test_client()`; who is signed in with it does not matter.
        path: The path of a route that takes access tokens.
        pool: The pool whose tokens the app accepts.
        method: The request's method; the good token's request has the effect that it has.
        username: Whose token is a good one, for an app that looks its users up.
        groups: The groups that the route demands.
        scopes: The scopes that it demands.

    Raises:
        AssertionError: It names the tokens that were not refused, why that matters, and which setting refuses them.
    """
    __tracebackhide__ = True
    settings = _settings_of(client.application)
    names = list(groups), list(scopes)
    hostile = list(hostile_tokens(pool, username=username, groups=names[0], scopes=names[1]))
    good = pool.access_token(username, groups=names[0], scopes=names[1])
    locations = [_Location(client, settings, location) for location in settings.locations]
    with ExitStack() as stack:
        for location in locations:
            stack.enter_context(location.empty())
        for location in locations:
            route = _Route(client, path, method, location)
            _assert_is_protected(route, good, pool)
            _assert_refuses(route, hostile, _Advice(pool, _settings_of_pool(settings, pool)))


class _Location:
    """Where the app looks for tokens: a header, or a cookie; `value` is what the client sends there."""

    def __init__(self, client: FlaskClient, settings: Settings, location: str) -> None:
        self._client = client
        self._is_cookie = location == "cookie"
        self._cookie = settings.jwt_cookie_name
        self._domain = str(client.application.config["SERVER_NAME"] or "localhost").partition(":")[0]
        self._header = "HTTP_" + settings.jwt_header_name.upper().replace("-", "_")
        self._prefix = settings.jwt_header_prefix

    @property
    def value(self) -> str | None:
        if self._is_cookie:
            cookie = self._client.get_cookie(self._cookie, self._domain)
            return cookie.decoded_value if cookie else None
        value: str | None = self._client.environ_base.get(self._header)
        return value

    @value.setter
    def value(self, value: str | None) -> None:
        if self._is_cookie and value is None:
            self._client.delete_cookie(self._cookie, domain=self._domain)
        elif self._is_cookie:
            # No browser keeps a cookie that long; without a limit, a token that is too long is sent all the same.
            self._client.set_cookie(self._cookie, value or "", domain=self._domain, max_size=0)
        elif value is None:
            self._client.environ_base.pop(self._header, None)
        else:
            self._client.environ_base[self._header] = value

    def put(self, token: str) -> None:
        self.value = token if self._is_cookie or not self._prefix else f"{self._prefix} {token}"

    @contextmanager
    def empty(self) -> Iterator[None]:
        """Nothing is sent here meanwhile but what is put; in the end all is as before."""
        before = self.value
        self.value = None
        try:
            yield
        finally:
            self.value = before


class _Answer(NamedTuple):
    """What a request ended in: a status, or an exception that a server would have turned into a 500."""

    status: int
    text: str
    error: Exception | None = None


class _Route:
    def __init__(self, client: FlaskClient, path: str, method: str, location: _Location) -> None:
        self.name = f"{method} {path}"
        self._client, self._path, self._method, self._location = client, path, method, location

    def ask(self, token: str | None) -> _Answer:
        with self._location.empty():
            if token is not None:
                self._location.put(token)
            return self._answer()

    def _answer(self) -> _Answer:
        try:
            response = self._client.open(self._path, method=self._method)
        except Exception as error:  # noqa: BLE001 - under TESTING, whatever the app raises comes out here
            return _Answer(500, f"500 over a {type(error).__name__}", error)
        with response:
            status = response.status_code
            body = response.get_json(silent=True) if status >= 400 else None
            return _Answer(status, f"{status} {body}"[:_MOST_SHOWN_OF_AN_ANSWER] if body else str(status))


class _Advice:
    """What to set, for a token that the app let through because it was told to."""

    def __init__(self, pool: LocalUserPool, demands: PoolSettings | None) -> None:
        self._demands = demands
        self._client_id = pool.client_id
        self._verifier = CognitoVerifier(
            UserPool(pool.id, pool.region, issuer=pool.issuer),
            client_id=pool.client_id,
            token_use="access",
            jwks=pool.jwks,
            clock=pool.clock,
        )

    def on(self, hostile: HostileToken) -> str:
        if self._demands is None:
            return ""
        claim = self._broken_claim(hostile.token)
        if claim == "token_use" and self._demands.token_use is None:
            return ' Set COGNITO_TOKEN_USE = "access".'
        if claim == "client_id" and self._demands.app_client_id is None:
            return f" Set COGNITO_APP_CLIENT_ID = {self._client_id!r}."
        if claim == "exp" and not self._demands.check_token_expiration:
            return " Set COGNITO_CHECK_TOKEN_EXPIRATION = True."
        return ""

    def _broken_claim(self, token: str) -> str | None:
        try:
            self._verifier.verify(token)
        except InvalidClaimError as error:
            return error.claim
        except InvalidTokenError:  # nothing that a setting is about
            pass
        return None


def _assert_is_protected(route: _Route, good: str, pool: LocalUserPool) -> None:
    __tracebackhide__ = True
    answer = route.ask(None)
    if answer.status not in _REFUSED:
        raise AssertionError(
            f"{route.name} is not protected: without a token it answers {answer.text}, not 401 or 403"
        ) from answer.error
    answer = route.ask(good)
    if answer.status in _REFUSED or answer.status >= 500:
        raise AssertionError(
            f"{route.name} lets nobody in, which proves nothing: with a good token it answers {answer.text}."
            f" Is the app configured with COGNITO_USERPOOL_ID = {pool.id!r}, COGNITO_JWKS = pool.jwks and the app"
            f" client {pool.client_id!r}? Does the route demand groups, scopes or a user, which can be given"
            " (groups=, scopes=, username=), or ID tokens, which this is not for?"
        ) from answer.error


def _assert_refuses(route: _Route, hostile: list[HostileToken], advice: _Advice) -> None:
    __tracebackhide__ = True
    let_through = []
    cause = None
    for token in hostile:
        answer = route.ask(token.token)
        if answer.status not in _REFUSED:
            cause = cause or answer.error
            let_through.append(f"- {token.name} (answered {answer.text}): {token.why}.{advice.on(token)}")
    if let_through:
        lines = [f"{route.name} does not refuse {len(let_through)} of {len(hostile)} hostile tokens:"]
        lines += let_through[:_MOST_SHOWN_OF_TOKENS]
        if len(let_through) > _MOST_SHOWN_OF_TOKENS:
            lines.append(f"- and {len(let_through) - _MOST_SHOWN_OF_TOKENS} more")
        raise AssertionError("\n".join(lines)) from cause


def _settings_of(app: Flask) -> Settings:
    with app.app_context():
        return app_state().settings


def _the_local_pool(settings: Settings) -> LocalUserPool:
    pools = [pool.jwks.pool for pool in settings.pools if isinstance(pool.jwks, LocalKeys)]
    if len(pools) != 1:
        raise RuntimeError(
            f"expected one local pool in the app's configuration (COGNITO_JWKS = pool.jwks), found {len(pools)}:"
            " say which one is meant with pool="
        )
    return pools[0]


def _settings_of_pool(settings: Settings, pool: LocalUserPool) -> PoolSettings | None:
    return next((found for found in settings.pools if found.userpool_id == pool.id), None)
