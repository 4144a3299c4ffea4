"""An app with an open and a protected route, which runs unchanged on Flask-Cognito 1.21 and on this version.

Started as a program, it measures itself: tokens come on standard input, figures go to standard output.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask, request
from flask_cognito import CognitoAuth, cognito_auth_required
from measuring import interleave, seconds_each
from werkzeug.test import EnvironBuilder

logging.disable(logging.WARNING)  # what either says of its set-up


def create_app() -> Flask:
    app = Flask("bench")
    app.config.update(json.loads(os.environ["BENCH_CONFIG"]))
    CognitoAuth(app)

    @app.route("/open")
    def open_route() -> str:
        return "ok"

    @app.route("/protected")
    @cognito_auth_required
    def protected_route() -> str:
        return "ok"

    verify, padding, digest = public_key().verify, PKCS1v15(), SHA256()

    @app.route("/rsa")
    def bare_verification() -> str:
        verify(*request.environ["bench.parts"], padding, digest)
        return "ok"

    return app


def public_key() -> RSAPublicKey:
    """The pool's, which either version finds where this finds it."""
    jwk = json.loads(Path(os.environ["AWS_COGNITO_JWKS_PATH"]).read_text(encoding="utf-8"))["keys"][0]
    e, n = (int.from_bytes(decoded(jwk[member]), "big") for member in "en")
    return RSAPublicNumbers(e, n).public_key()


def decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "==")


Environ = dict[str, Any]


def environs(path: str, tokens: Iterable[str]) -> list[Environ]:
    return [EnvironBuilder(path, headers=[("Authorization", f"Bearer {token}")]).get_environ() for token in tokens]


def taken_apart(tokens: list[str]) -> list[Environ]:
    """Requests that bring a signature and what it is of, ready to be verified."""
    found = []
    for token, environ in zip(tokens, environs("/rsa", tokens), strict=True):
        signing_input, _, signature = token.rpartition(".")
        found.append({**environ, "bench.parts": (decoded(signature), signing_input.encode())})
    return found


def responder(app: Flask) -> Callable[[Environ], None]:
    def respond(environ: Environ) -> None:
        for _ in app.wsgi_app(environ, start_response):
            pass

    return respond


def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
    assert status == "200 OK"
    return lambda data: None


def measure(seen: list[str], new: list[list[str]], rounds: int) -> dict[str, float]:
    familiar, crowded = responder(create_app()), responder(create_app())
    for environ in environs("/protected", seen):
        familiar(environ)
        crowded(environ)
    size = len(new[0])

    def known(number: int) -> list[str]:
        begin = number * size % (len(seen) - size)
        return seen[begin : begin + size]

    timings = interleave(
        {
            "rsa": lambda number: seconds_each(familiar, taken_apart(new[number % len(new)])),
            "open": lambda number: seconds_each(familiar, environs("/open", known(number))),
            "seen": lambda number: seconds_each(familiar, environs("/protected", known(number))),
            "new": lambda number: seconds_each(crowded, environs("/protected", new[number % len(new)])),
        },
        rounds,
    )
    added = {name: timings.ratio(name, "open") - 1 for name in ("rsa", "seen", "new")}
    return {"open_micros": timings.micros("open"), **added}


if __name__ == "__main__":
    print(json.dumps(measure(**json.load(sys.stdin))))
