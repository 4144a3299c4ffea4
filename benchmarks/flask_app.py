"""An app with an open and a protected route, which runs unchanged on Flask-Cognito 1.21 and on this version.

It measures itself: settings and tokens come on standard input, microseconds go to standard output as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from flask_cognito import CognitoAuth, cognito_auth_required
from measuring import interleave, seconds_each
from werkzeug.test import EnvironBuilder

Environ = dict[str, Any]
logging.disable(logging.WARNING)  # warnings about the settings


def create_app(config: dict[str, str]) -> Flask:
    app = Flask("bench")
    app.config.update(config)
    CognitoAuth(app)

    @app.route("/open")
    def open_route() -> str:
        return "ok"

    @app.route("/protected")
    @cognito_auth_required
    def protected_route() -> str:
        return "ok"

    return app


def environs(path: str, tokens: Iterable[str]) -> list[Environ]:
    return [EnvironBuilder(path, headers=[("Authorization", f"Bearer {token}")]).get_environ() for token in tokens]


def responder(app: Flask) -> Callable[[Environ], None]:
    def respond(environ: Environ) -> None:
        for _ in app.wsgi_app(environ, start_response):
            pass

    return respond


def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
    assert status == "200 OK"
    return lambda data: None


def measure(config: dict[str, str], seen: list[str], new: list[list[str]], rounds: int) -> dict[str, float]:
    familiar, crowded = responder(create_app(config)), responder(create_app(config))
    for environ in environs("/protected", seen):
        familiar(environ)
        crowded(environ)
    size = len(new[0])

    def known(number: int) -> list[str]:
        begin = number * size % (len(seen) - size)
        return seen[begin : begin + size]

    timings = interleave(
        {
            "open": lambda number: seconds_each(familiar, environs("/open", known(number))),
            "seen": lambda number: seconds_each(familiar, environs("/protected", known(number))),
            "new": lambda number: seconds_each(crowded, environs("/protected", new[number % len(new)])),
        },
        rounds,
    )
    micros = timings.micros("open")
    return {"open": micros, **{name: (timings.ratio(name, "open") - 1) * micros for name in ("seen", "new")}}


if __name__ == "__main__":
    print(json.dumps(measure(**json.load(sys.stdin))))
