"""What a request with a session costs, beside the same request with a bearer token that was seen before."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool
from cognito_test_kit.redis_server import RedisServer, redis_program
from flask import Flask
from flask.testing import FlaskClient
from flask_app import Environ, responder
from flask_cognito import CognitoAuth, CognitoSignIn, MemorySessionStore, cognito_auth_required, current_session
from flask_cognito.testing import sign_in
from libraries import UnavailableError
from measuring import interleave, seconds_each
from werkzeug.test import EnvironBuilder

USERS, GROUPS, REQUESTS, PASSWORD = 40, 14, 100, "correct horse"
SESSION_COOKIE = "__Host-Http-cognito_session"
BEARER, COOKIES, STORED = "bearer", "cookies", "stored"


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes:
        micros: Microseconds of a request with a seen bearer token.
        cookies: A request with a session in cookies, in times of that.
        stored: A request with a session in a store that needs no round trip, in times of that.
        kib: Size of the session's cookies in KiB.
        round_trips: Commands that Redis processes for a request.
    """

    micros: float
    cookies: float
    stored: float
    kib: float
    round_trips: float


def time_sessions(folder: Path, rounds: int) -> Costs:
    """Measure requests that change nothing, of users who have signed in.

    Raises:
        UnavailableError: If there is no Redis server.
    """
    with ExitStack() as stack:
        program = redis_program()
        if program is None:
            raise UnavailableError("there is no redis-server")
        url = stack.enter_context(RedisServer(program, folder))
        users = [f"user{number}" for number in range(USERS)]
        login = LocalManagedLogin(
            LocalUserPool("eu-central-1_testpool", client_id="abcdef123456"),
            users=dict.fromkeys(users, PASSWORD),
            groups={user: [f"group-{number:02}" for number in range(GROUPS)] for user in users},
            callback_urls=["http://localhost/auth/callback"],
            access_seconds=86400,
        )
        stack.enter_context(login.serve())
        in_cookies = _app(login)
        cookies = [_signed_in(in_cookies, user, login) for user in users]
        in_memory = _app(login, COGNITO_SESSION_STORE=MemorySessionStore())
        stored = [_signed_in(in_memory, user, login) for user in users]
        bearer = [{"Authorization": f"Bearer {_token(in_cookies, sent)}"} for sent in cookies]
        round_trips = _round_trips(_app(login, COGNITO_SESSION_STORE=url), users[0], login, url)
    # The servers have stopped: no request needs them, and a thread that polls would wait for the interpreter's lock.
    timings = interleave(
        {
            BEARER: _requests(in_cookies, bearer),
            COOKIES: _requests(in_cookies, cookies),
            STORED: _requests(in_memory, stored),
        },
        rounds,
    )
    size = statistics.mean(len(sent["Cookie"]) for sent in cookies) / 1024
    ratios = (timings.ratio(name, BEARER) for name in (COOKIES, STORED))
    return Costs(timings.micros(BEARER), *ratios, size, round_trips)


def _round_trips(app: Flask, user: str, login: LocalManagedLogin, url: str) -> float:
    """Return the commands that Redis processes for a request."""
    headers = [_signed_in(app, user, login)] * REQUESTS
    client = redis.Redis.from_url(url)
    before = _commands(client)
    _requests(app, headers)(0)
    return (_commands(client) - before - 1) / REQUESTS  # less the one that counts


def _app(login: LocalManagedLogin, **config: Any) -> Flask:
    app = Flask("bench")
    app.config.update(
        {
            "SECRET_KEY": "k" * 32,
            "COGNITO_REGION": "eu-central-1",
            "COGNITO_USERPOOL_ID": login.pool.id,
            "COGNITO_APP_CLIENT_ID": login.client_id,
            "COGNITO_TOKEN_USE": "access",
            "COGNITO_ISSUER": login.user_pool.issuer,
            "COGNITO_DOMAIN": login.domain,
            "COGNITO_LOGOUT_URI": "http://localhost/",
            **config,
        }
    )
    CognitoAuth(app)
    CognitoSignIn(app)

    @app.route("/protected")
    @cognito_auth_required
    def protected() -> str:
        return "ok"

    @app.route("/token")
    @cognito_auth_required
    def token() -> str:
        return str(current_session.access_token)

    return app


def _signed_in(app: Flask, user: str, login: LocalManagedLogin) -> dict[str, str]:
    """Return the headers of a browser whose user has signed in."""
    client = app.test_client()
    assert sign_in(client, user, PASSWORD, login).status_code == 303
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in _cookies_in(client).items())}


def _cookies_in(client: FlaskClient) -> dict[str, str]:
    names = [SESSION_COOKIE, *(f"{SESSION_COOKIE}_{part}" for part in ("1", "2", "3", "id"))]
    found = {name: client.get_cookie(name) for name in names}
    return {name: cookie.value for name, cookie in found.items() if cookie is not None}


def _token(app: Flask, headers: dict[str, str]) -> str:
    return app.test_client(use_cookies=False).get("/token", headers=headers).text


def _requests(app: Flask, headers: list[dict[str, str]]) -> Callable[[int], float]:
    respond = responder(app)
    builders = [EnvironBuilder("/protected", headers=sent) for sent in headers]

    def environs() -> list[Environ]:
        return [builder.get_environ() for builder in builders]

    def answer(environ: Environ) -> None:
        respond(environ)
        environ.clear()  # as a server drops it, so that the next request uses the same memory

    return lambda _: seconds_each(answer, environs())


def _commands(client: redis.Redis) -> int:
    return int(client.info("stats")["total_commands_processed"])
