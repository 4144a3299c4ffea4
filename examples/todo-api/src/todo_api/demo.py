"""Run the Todo API against a local Cognito, show who may do what, and serve until Ctrl-C.

With COGNITO_USERPOOL_ID in the environment it serves the same API for that pool's users instead.
"""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import NoReturn

from cognito_jwt_core import UserPool
from flask import Flask
from werkzeug.serving import make_server

from . import create_app
from .demo_table import add_todos, show_table
from .logs import JsonFormatter, session_log

HOST = "127.0.0.1"
POLL_SECONDS = 0.05  # how soon the server sees that it is to end

CURL_LINES = """
A program signs in through the AWS SDK's call. As {username}:

TOKEN=$(curl -s {cognito_url} \\
  -H 'Content-Type: application/x-amz-json-1.1' \\
  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\
  -d '{{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "{client_id}",
       "AuthParameters": {{"USERNAME": "{username}", "PASSWORD": "{password}"}}}}' \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["AuthenticationResult"]["AccessToken"])')
curl -i {url}/api/me -H "Authorization: Bearer $TOKEN"
curl -i {url}/api/todos -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"title": "Rest"}}'
curl -i {url}/api/admin/todos -H "Authorization: Bearer $TOKEN"
"""


def main(arguments: list[str]) -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="todo_api.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit after the table: 0 if every answer was as expected")
    parser.add_argument("--port", type=int, default=8000, help="the API's port (default: 8000)")
    parser.add_argument(
        "--session-minutes",
        type=int,
        default=720,
        help="how long a browser stays signed in (default: 720). A session of less than three hours is refreshed twice,"
        " by requests after a third and after two thirds of it; a line is printed then",
    )
    options = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request, here or in the local Cognito
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        serve = with_real_pool if os.environ.get("COGNITO_USERPOOL_ID") else with_local_pool
        return 0 if serve(options.port, once=options.once, minutes=options.session_minutes) else 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def with_local_pool(port: int, *, once: bool, minutes: int) -> bool:
    """Serve the API beside a local Cognito, after its three users have tried every route.

    Args:
        port: The API's.
        once: Whether to return after that: True if every answer was as expected.
        minutes: How long a browser stays signed in.
    """
    show_refreshes()
    print("Starting a local Cognito and the Todo API (about 5 seconds) ...", flush=True)
    from .local_cognito import USERS, local_cognito

    with (
        TemporaryDirectory(prefix="todo-api-") as folder,
        local_cognito() as cognito,
        listening(port) as listener,
        cognito.managed_login(url_of(listener), access_seconds=access_seconds(minutes)) as (_, environ),
    ):
        environ |= {"DATABASE_URL": f"sqlite:///{folder}/todo.db", "COGNITO_SESSION_LIFETIME": str(minutes * 60)}
        app = create_app(environ)
        with serving(app, listener) as url:
            tokens = {user.name: cognito.sign_in(user) for user in USERS}
            print("Calling every route as each of the users:\n", flush=True)
            as_expected = show_table(url, tokens)
            add_todos(url, tokens)
            if not once:
                first = USERS[0]
                show_curl_lines(url, cognito.url, cognito.client_id, first.name, first.password)
                for user in USERS:
                    print(f"  {user.name:<6} {user.password:<22} {', '.join(user.groups) or 'in no group'}")
                print(f"\nOpen {url} and sign in as one of these users. Ctrl-C stops everything.")
                wait_for_ctrl_c()
    return as_expected


def with_real_pool(port: int, *, once: bool, minutes: int) -> bool:
    """Serve the API for the users of the pool that the environment names, and call every route without a token."""
    with listening(port) as listener:
        defaults = {
            "SECRET_KEY": secrets.token_hex(),  # sessions end with the demo
            "COGNITO_SESSION_LIFETIME": str(minutes * 60),
            "COGNITO_LOGOUT_URI": f"{url_of(listener)}/",
        }
        app = create_app({**defaults, **os.environ})
        with serving(app, listener) as url:
            as_expected = show_table(url, {})
            if not once:
                config = app.config
                client_id = config["COGNITO_APP_CLIENT_ID"]
                show_curl_lines(url, cognito_url(os.environ), client_id, "YOUR-USER", "YOUR-PASSWORD")
                print(f"Allow {url}/auth/callback and {url}/ in the app client {client_id}.")
                print(f"Open {url} and sign in with a user of {config['COGNITO_USERPOOL_ID']}. Ctrl-C stops it.")
                wait_for_ctrl_c()
    return as_expected


def access_seconds(session_minutes: int) -> float:
    """Return how long access tokens live: an hour, as at Cognito, or a third of a shorter session."""
    return min(3600, session_minutes * 60 / 3)


def show_refreshes() -> None:
    """Print the app's log of refreshed sessions. Its other lines would hide what the demo prints."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    session_log.addHandler(handler)
    session_log.setLevel(logging.INFO)


@contextmanager
def running(app: Flask, port: int) -> Iterator[str]:
    """Serve an app over HTTP on `port`, or on a free one where that is taken, and give its URL."""
    with listening(port) as listener, serving(app, listener) as url:
        yield url


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Take `port`, or a free one if it is taken: the app's URL is known before the app is built."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as exc:
        listener = socket.create_server((HOST, 0))
        print(f"Port {port} cannot be had ({exc.strerror}): the API is on a free one instead.\n")
    with listener:
        yield listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serving(app: Flask, listener: socket.socket) -> Iterator[str]:
    """Serve an app over HTTP, and give its URL."""
    server = make_server(HOST, 0, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield url_of(listener)
    finally:
        server.shutdown()


def show_curl_lines(url: str, cognito_url: str, client_id: str, username: str, password: str) -> None:
    """Print what to paste into a shell to sign in and call the API."""
    print(
        CURL_LINES.format(url=url, cognito_url=cognito_url, client_id=client_id, username=username, password=password)
    )


def cognito_url(environ: Mapping[str, str]) -> str:
    """Return where programs sign in: an emulator's URL, or the host of the pool's issuer in its AWS partition."""
    pool = UserPool(environ["COGNITO_USERPOOL_ID"], environ.get("COGNITO_REGION"))
    issuer = next(iter(pool.jwks_uris))
    # The variable of the AWS SDKs
    return environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER") or issuer.removesuffix(pool.id)


def wait_for_ctrl_c() -> NoReturn:
    """Print what is waiting to be printed, and sleep until a signal ends the process."""
    print(flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
