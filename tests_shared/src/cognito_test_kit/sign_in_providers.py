"""Servers at which a test scenario can sign a user in: a local managed login, cognito-local, or a real user pool."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
import requests
from cognito_jwt_core import CognitoVerifier, UserPool
from cognito_jwt_core.oauth import AuthorizationRequest, OAuthClient
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool

from cognito_test_kit.login_walk import Browser

LOGOUT_URI = "http://localhost/"
_COGNITO_LOCAL = Path(os.environ.get("NODE_COGNITO_LOCAL", ".cache/node/node_modules/.bin/cognito-local")).absolute()
_HOW_TO_GET_COGNITO_LOCAL = "cognito-local is not here: npm install --prefix .cache/node cognito-local@5.3.0"
_SECONDS_TO_SIGN_IN = 300


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A server at which a scenario can sign a user in.

    Attributes:
        client: The client under test.
        redirect_uri: Callback URL of the app client.
        sign_in: Function that signs the user in and returns the query of the callback.
        rotates: Whether a refresh returns a new refresh token.
        is_whole: Whether the server has all endpoints, supports `nonce`, and keeps `auth_time` in a refresh.
    """

    client: OAuthClient
    redirect_uri: str
    sign_in: Callable[[AuthorizationRequest], str]
    rotates: bool = False
    is_whole: bool = True


@contextlib.contextmanager
def local_managed_login(*, secret: str | None, rotation: bool, with_domain: bool) -> Iterator[Provider]:
    """Start a `LocalManagedLogin`.

    Args:
        secret: The app client's secret; None for a public client.
        rotation: Whether a refresh returns a new refresh token.
        with_domain: Whether the client gets the domain. If false, it discovers the endpoints.
    """
    redirect_uri = "http://localhost/auth/callback"
    login = LocalManagedLogin(
        LocalUserPool("eu-central-1_scenario"),
        users={"alice": "correct horse"},
        callback_urls=[redirect_uri],
        logout_urls=[LOGOUT_URI],
        client_secret=secret,
        rotation=rotation,
    )
    with login.serve() as domain:
        verifier = CognitoVerifier(login.user_pool, client_id=login.client_id, token_use="access")
        yield Provider(
            client=OAuthClient(
                verifier,
                client_id=login.client_id,
                client_secret=secret,
                domain=domain if with_domain else None,
            ),
            redirect_uri=redirect_uri,
            sign_in=lambda request: Browser().sign_in(request.url, "alice", "correct horse").partition("?")[2],
            rotates=rotation,
        )


@contextlib.contextmanager
def cognito_local() -> Iterator[Provider]:
    """Start cognito-local, or skip the test. With `REQUIRE_NODE` in the environment, fail instead."""
    if not (_COGNITO_LOCAL.exists() and shutil.which("node")):
        (pytest.fail if os.environ.get("REQUIRE_NODE") else pytest.skip)(_HOW_TO_GET_COGNITO_LOCAL)
    redirect_uri = "http://localhost/auth/callback"
    with _served_cognito_local() as url:
        pool_id, client_id = _made_client(url, redirect_uri)
        pool = UserPool(pool_id, issuer=f"{url}/{pool_id}")
        verifier = CognitoVerifier(pool, client_id=client_id, token_use="access")
        yield Provider(
            client=OAuthClient(verifier, client_id=client_id, domain=url),
            redirect_uri=redirect_uri,
            sign_in=_submit_to_cognito_local,
            is_whole=False,
        )


@contextlib.contextmanager
def live_pool() -> Iterator[Provider]:
    """Sign in at a real user pool by hand.

    The provider prints the URL to open in a browser, and waits five minutes for the callback. Set these environment
    variables:

    - `LIVE_USER_POOL_ID` and `LIVE_CLIENT_ID`: the pool, and an app client with the callback URL
      `http://localhost:8400/callback`, the sign-out URL `http://localhost/` and the scope `openid`.
    - `LIVE_CLIENT_SECRET`: the app client's secret, if it has one.
    - `LIVE_DOMAIN`: URL of the domain. Without it, the client discovers the endpoints.
    - `LIVE_ROTATION`: any text, if the app client rotates refresh tokens.
    """
    redirect_uri = "http://localhost:8400/callback"
    client_id = os.environ["LIVE_CLIENT_ID"]
    verifier = CognitoVerifier(os.environ["LIVE_USER_POOL_ID"], client_id=client_id, token_use="access")
    yield Provider(
        client=OAuthClient(
            verifier,
            client_id=client_id,
            client_secret=os.environ.get("LIVE_CLIENT_SECRET"),
            domain=os.environ.get("LIVE_DOMAIN"),
        ),
        redirect_uri=redirect_uri,
        sign_in=_signed_in_by_hand,
        rotates=bool(os.environ.get("LIVE_ROTATION")),
    )


@contextlib.contextmanager
def _served_cognito_local() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(_COGNITO_LOCAL)],
            cwd=folder,
            env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < until, "cognito-local does not start"
            time.sleep(0.05)
        else:
            return


def _made_client(url: str, redirect_uri: str) -> tuple[str, str]:
    api: Any = boto3.client(
        "cognito-idp", endpoint_url=url, region_name="local", aws_access_key_id="x", aws_secret_access_key="x"
    )
    pool_id: str = api.create_user_pool(PoolName="scenario")["UserPool"]["Id"]
    made = api.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="scenario",
        CallbackURLs=[redirect_uri],
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
    )
    name = {"UserPoolId": pool_id, "Username": "alice@example.com"}
    email = {"Name": "email", "Value": "alice@example.com"}
    api.admin_create_user(**name, MessageAction="SUPPRESS", UserAttributes=[email])
    api.admin_set_user_password(**name, Password="correct horse", Permanent=True)
    client_id: str = made["UserPoolClient"]["ClientId"]
    return pool_id, client_id


def _submit_to_cognito_local(request: AuthorizationRequest) -> str:
    browser = Browser()
    page = browser.get(request.url)
    assert page.status_code == 200, page.text
    url, _, query = request.url.partition("?")
    fields = {name: value for name, _, value in (pair.partition("=") for pair in query.split("&"))}
    form = {name: unquote(value) for name, value in fields.items()}
    answer = browser.session.post(
        url,
        data={**form, "username": "alice@example.com", "password": "correct horse"},
        allow_redirects=False,
        timeout=10,
    )
    return answer.headers["Location"].partition("?")[2]


def _signed_in_by_hand(request: AuthorizationRequest) -> str:
    queries: list[str] = []

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            self.send_response(200 if path == "/callback" else 404)
            self.end_headers()
            self.wfile.write(b"Go back to the terminal.")
            if path == "/callback":
                queries.append(query)

    with HTTPServer(("127.0.0.1", 8400), Callback) as server:
        server.timeout = 1
        print(f"\nSign in here, within five minutes:\n{request.url}\n")
        until = time.monotonic() + _SECONDS_TO_SIGN_IN
        while not queries:
            assert time.monotonic() < until, "there was no callback"
            server.handle_request()
    return queries[0]
