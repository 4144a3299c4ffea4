"""Run the Todo API against a local Cognito, show who may do what, and serve until Ctrl-C.

With COGNITO_USERPOOL_ID in the environment it serves the same API for that pool's users instead.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import NoReturn

from flask import Flask
from werkzeug.serving import make_server

from . import create_app
from .demo_table import show_table

HOST = "127.0.0.1"
POLL_SECONDS = 0.05  # how soon the server sees that it is to end

CURL_LINES = """
Sign in as {username} and call the API:

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
    options = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request, here or in the local Cognito
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        serve = with_real_pool if os.environ.get("COGNITO_USERPOOL_ID") else with_local_pool
        return 0 if serve(options.port, once=options.once) else 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def with_local_pool(port: int, *, once: bool) -> bool:
    """Serve the API beside a local Cognito, after its three users have tried every route.

    Args:
        port: The API's.
        once: Whether to return after that: True if every answer was as expected.
    """
    from .local_cognito import USERS, local_cognito

    with TemporaryDirectory(prefix="todo-api-") as folder, local_cognito() as cognito:
        app = create_app({**cognito.environ, "DATABASE_URL": f"sqlite:///{folder}/todo.db"})
        with running(app, port) as url:
            as_expected = show_table(url, {user.name: cognito.sign_in(user) for user in USERS})
            if not once:
                print(f"\nThe page and the API: {url}   their local Cognito: {cognito.url}   Ctrl-C stops both.\n")
                for user in USERS:
                    print(f"  {user.name:<6} {user.password:<22} {', '.join(user.groups) or 'in no group'}")
                first = USERS[0]
                invite(url, cognito.url, cognito.client_id, first.name, first.password)
    return as_expected


def with_real_pool(port: int, *, once: bool) -> bool:
    """Serve the API for the users of the pool that the environment names, after nobody has tried every route."""
    app = create_app()
    with running(app, port) as url:
        as_expected = show_table(url, {})
        if not once:
            config = app.config
            print(
                f"\nThe page and the API: {url}   their user pool: {config['COGNITO_USERPOOL_ID']}   Ctrl-C stops it."
            )
            invite(url, config["SIGN_IN_URL"], config["COGNITO_APP_CLIENT_ID"], "YOUR-USER", "YOUR-PASSWORD")
    return as_expected


@contextmanager
def running(app: Flask, port: int) -> Iterator[str]:
    """Serve an app over HTTP on `port`, or on a free one where that is taken, and give its URL."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as exc:
        listener = socket.create_server((HOST, 0))
        print(f"Port {port} cannot be had ({exc.strerror}): the API is on a free one instead.\n")
    with listener:
        server = make_server(HOST, 0, app, threaded=True, fd=listener.fileno())
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        try:
            yield f"http://{HOST}:{server.port}"
        finally:
            server.shutdown()


def invite(url: str, cognito_url: str, client_id: str, username: str, password: str) -> NoReturn:
    """Print what to paste into a shell to sign in and call the API, and wait for Ctrl-C."""
    print(
        CURL_LINES.format(url=url, cognito_url=cognito_url, client_id=client_id, username=username, password=password),
        flush=True,
    )
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
