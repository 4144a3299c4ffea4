"""Sign a test client in with a token, and check that a route rejects hostile tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, NamedTuple

from cognito_jwt_core import CognitoVerifier, InvalidClaimError, InvalidTokenError, RevocationList, UserPool
from cognito_jwt_core.testing import ABSENT, HostileToken, LocalKeys, LocalLoadBalancer, LocalUserPool, hostile_tokens
from flask import Flask
from flask.testing import FlaskClient

from flask_cognito.config.settings import ALB_HEADER, PoolSettings, Settings
from flask_cognito.sign_in.state import STATE, AppSignIn
from flask_cognito.state import app_state
from flask_cognito.testing.session_cookies import SessionCookies, pool_of

__all__ = ["SignedIn", "as_user", "assert_rejects_hostile"]

_REFUSED: Final = (401, 403)
_MOST_SHOWN_OF_TOKENS: Final = 20
_MOST_SHOWN_OF_AN_ANSWER: Final = 200


class SignedIn:
    """A test client whose requests carry a user's token until `sign_out`, or until the end of a `with` block.

    Attributes:
        client: The client. The `with` statement also returns it.
        token: The token.
    """

    def __init__(self, client: FlaskClient, token: str, location: _Location | SessionCookies) -> None:
        self.client = client
        self.token = token
        self._location = location
        self._before = location.value
        location.put(token)

    def sign_out(self) -> None:
        """Remove the token, and restore the header or cookies that the client sent before."""
        self._location.restore(self._before)

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
    load_balancer: LocalLoadBalancer | None = None,
    **token: Any,
) -> SignedIn:
    """Sign a test client in. Each of its requests then carries a real token, where the app looks for it.

    The app runs unchanged, with every check on. The token goes into the header (with its prefix) or the cookie in the
    app's configuration, or into session cookies if the app has `CognitoSignIn`. It is an ID token if the app requires
    one, and has the audience that the app requires. A request that sets the header itself is sent unchanged.

    Args:
        client: The app's `test_client()`.
        username: User to sign in.
        groups: The user's groups.
        pool: Pool that issues the token. The default is the local pool in the app's configuration (`COGNITO_JWKS =
            pool.jwks`).
        load_balancer: Load balancer that signs the token instead, for an app that reads such tokens.
        **token: Other arguments of `LocalUserPool.access_token` or `id_token`: `scopes`, `expires_in`, any claim.
            With `load_balancer`, arguments of `LocalLoadBalancer.token`.

    Returns:
        An object that signs the client out at the end of `with as_user(client, "alice"):`, or with `sign_out()`.

    Raises:
        RuntimeError: If the app has no `CognitoAuth`, or if `pool` is not given and the app's configuration does not
            have exactly one local pool.
        ValueError: If the app reads only tokens of load balancers and `load_balancer` is not given, if the app does not
            read them and it is given, or if `groups` are given with it, because its tokens have no groups.

    Example:
        ```python
        with as_user(client, "alice", groups=["admin"]):
            assert client.get("/api/admin").status_code == 200
        ```
    """
    settings = _settings_of(client.application)
    if load_balancer is not None:
        return _as_user_of_balancer(client, settings, load_balancer, username, groups, token)
    issuer = pool if pool is not None else _the_local_pool(settings)
    demands = _settings_of_pool(settings, issuer)
    audience = _required_audience(demands)
    if audience is not None:
        token = {"aud": audience, **token}
    sign_in: AppSignIn | None = client.application.extensions.get(STATE)
    state = None if sign_in is None or "session" not in settings.locations else pool_of(sign_in, issuer)
    if state is not None:
        cookies = SessionCookies(client, state, issuer, username, groups=list(groups), claims=token)
        return SignedIn(client, cookies.access_token, cookies)
    takes_id_tokens = demands is not None and demands.token_use == "id"
    issue = issuer.id_token if takes_id_tokens else issuer.access_token
    locations = [location for location in settings.locations if location != "alb"]
    if not locations:
        raise ValueError(
            "as_user: the app reads tokens of load balancers only (COGNITO_TOKEN_LOCATIONS), expected load_balancer="
            " with the LocalLoadBalancer whose ARN and keys_url the app is configured with, found none"
        )
    return SignedIn(client, issue(username, groups=groups, **token), _Location(client, settings, locations[0]))


def _as_user_of_balancer(
    client: FlaskClient,
    settings: Settings,
    load_balancer: LocalLoadBalancer,
    username: str,
    groups: Iterable[str],
    token: dict[str, Any],
) -> SignedIn:
    if "alb" not in settings.locations:
        raise ValueError(
            "as_user: load_balancer is for an app that reads its tokens, expected 'alb' in COGNITO_TOKEN_LOCATIONS,"
            f" found {', '.join(settings.locations)}"
        )
    if list(groups):
        raise ValueError("as_user: a load balancer's token has no groups, expected none with load_balancer")
    return SignedIn(client, load_balancer.token(username, **token), _Location(client, settings, "alb"))


def assert_rejects_hostile(
    client: FlaskClient,
    path: str,
    pool: LocalUserPool,
    method: str = "GET",
    *,
    username: str = "alice",
    groups: Iterable[str] = (),
    scopes: Iterable[str] = ("aws.cognito.signin.user.admin",),
    revocations: RevocationList | None = None,
    max_age: int | None = None,
    acr_values: Iterable[str] = (),
    load_balancer: LocalLoadBalancer | None = None,
) -> None:
    """Send more than 200 hostile tokens to a protected route, and fail unless it rejects each of them.

    First, the route must reject a request without a token, and accept one with a valid token. Otherwise, a route that
    rejects every token would pass. Then it must answer each of the `hostile_tokens` with 401 or 403. Any other status
    is a failure, also 500.

    Args:
        client: The app's `test_client()`, signed in or not.
        path: Path of a route that accepts access tokens.
        pool: Pool whose tokens the app accepts.
        method: HTTP method. The view runs for the request with the valid token.
        username: User of the valid token, for an app that looks up its users.
        groups: Groups that the route requires.
        scopes: Scopes that the route requires.
        revocations: The app's revocation list. If given, this function adds entries to it, and also sends revoked
            tokens.
        max_age: The route's `max_age` in `cognito_step_up`, in seconds. If given, this function also sends tokens with
            an older sign-in.
        acr_values: The route's `acr_values` in `cognito_step_up`. If given, this function also sends tokens with
            another level.
        load_balancer: The app's load balancer, inside its `with` block. If given, this function also sends hostile
            tokens in its header. The route must not require groups, scopes or a recent sign-in, because the tokens of
            load balancers do not contain them.

    Raises:
        RuntimeError: If the app has no `CognitoAuth`.
        ValueError: If the app reads only tokens of load balancers, and `load_balancer` is not given.
        AssertionError: If the route is not protected, rejects the valid token, or does not reject a hostile token. The
            message lists the first 20 such tokens, each with the risk and the setting that rejects it, if there is one.
    """
    __tracebackhide__ = True
    settings = _settings_of(client.application)
    names = list(groups), list(scopes)
    audience = _required_audience(_settings_of_pool(settings, pool))
    levels = [acr_values] if isinstance(acr_values, str) else list(acr_values)
    hostile = list(
        hostile_tokens(
            pool,
            username=username,
            groups=names[0],
            scopes=names[1],
            revocations=revocations,
            max_age=max_age,
            acr_values=levels,
            audience=audience,
            load_balancer=load_balancer,
        )
    )
    good = pool.access_token(
        username,
        groups=names[0],
        scopes=names[1],
        acr=levels[0] if levels else ABSENT,
        aud=ABSENT if audience is None else audience,
    )
    good_tokens = {"header": good, "cookie": good}
    if load_balancer is not None:
        good_tokens["alb"] = load_balancer.token(username)
    locations = {
        _Location(client, settings, location): good_tokens[location]
        for location in settings.locations
        if location in good_tokens
    }
    if "alb" in settings.locations and not locations:
        raise ValueError(
            "assert_rejects_hostile: the app reads tokens of load balancers only (COGNITO_TOKEN_LOCATIONS), expected"
            " load_balancer= with a LocalLoadBalancer, found none"
        )
    with ExitStack() as stack:
        for location in locations:
            stack.enter_context(location.empty())
        for location, token in locations.items():
            route = _Route(client, path, method, location)
            _assert_is_protected(route, token, pool)
            _assert_refuses(route, hostile, _Advice(pool, _settings_of_pool(settings, pool)))


class _Location:
    """A header or cookie in which the app looks for tokens.

    `value` is the text that the client sends in it. A load balancer's header contains a token without a prefix.
    """

    def __init__(self, client: FlaskClient, settings: Settings, location: str) -> None:
        self._client = client
        self._is_cookie = location == "cookie"
        self._cookie = settings.jwt_cookie_name
        self._domain = str(client.application.config["SERVER_NAME"] or "localhost").partition(":")[0]
        header = ALB_HEADER if location == "alb" else settings.jwt_header_name
        self._header = "HTTP_" + header.upper().replace("-", "_")
        self._prefix = "" if location == "alb" else settings.jwt_header_prefixes[0]

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
            # No browser keeps such a long cookie. Without a limit, a token that is too long is sent anyway.
            self._client.set_cookie(self._cookie, value or "", domain=self._domain, max_size=0)
        elif value is None:
            self._client.environ_base.pop(self._header, None)
        else:
            self._client.environ_base[self._header] = value

    def restore(self, value: Any) -> None:
        self.value = value

    def put(self, token: str) -> None:
        self.value = token if self._is_cookie or not self._prefix else f"{self._prefix} {token}"

    @contextmanager
    def empty(self) -> Iterator[None]:
        """Send nothing in this place inside the `with` block, except for tokens that `put` sets."""
        before = self.value
        self.value = None
        try:
            yield
        finally:
            self.value = before


class _Answer(NamedTuple):
    """The response to a request. An exception from the app counts as a 500, as on a server."""

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
    """Advice on which setting to change if the app's configuration makes it accept a hostile token."""

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
        if hostile.name.startswith("revoked-") and self._demands.revocations is None:
            return " Set COGNITO_REVOCATIONS."
        claim = "client_id" if hostile.name.startswith("alb-client-") else self._broken_claim(hostile.token)
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
        except InvalidTokenError:  # no setting controls this
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
            f"{route.name} refuses every token, which proves nothing: with a good token it answers {answer.text}."
            f" Is the app configured with COGNITO_USERPOOL_ID = {pool.id!r}, COGNITO_JWKS = pool.jwks and the app"
            f" client {pool.client_id!r}? Does the route demand groups, scopes or a user, which can be given"
            " (groups=, scopes=, username=), or ID tokens, which this is not for? With a load balancer, does it demand"
            " what its tokens never have: groups, scopes, a token use, a recent sign-in?"
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
            " pass the one to use as pool="
        )
    return pools[0]


def _required_audience(demands: PoolSettings | None) -> str | None:
    """Return an audience that the app requires in a pool's access tokens, or None if it requires none."""
    if demands is None or not demands.require_audience or demands.token_use == "id":
        return None
    return (demands.audience or ())[-1]


def _settings_of_pool(settings: Settings, pool: LocalUserPool) -> PoolSettings | None:
    return next((found for found in settings.pools if found.userpool_id == pool.id), None)
