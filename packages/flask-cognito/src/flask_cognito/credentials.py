"""Where the token of a request is. No part of a header is shown: without a prefix, its first word is the token."""

from __future__ import annotations

from typing import NamedTuple

from flask import Request

from flask_cognito.config import Settings
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses import malformed_header, refusal


class Credential(NamedTuple):
    """The text of a token, and whether the browser has added it on its own."""

    token: str
    from_cookie: bool


def find_credential(request: Request, settings: Settings) -> Credential | None:
    """The token of the first location that has one.

    A header of another scheme has none, so that a cookie may follow it; where none follows, the header is refused. A
    header of the right scheme which is malformed is refused at once.

    Raises:
        CognitoAuthError: The header is not of the form that carries a token.
    """
    foreign: CognitoAuthError | None = None
    for location in settings.locations:
        if location == "cookie":
            token = request.cookies.get(settings.jwt_cookie_name)
            if token:
                return Credential(token, True)
            continue
        words = request.environ.get(settings.header_in_environ, "").split()
        if not words:
            continue
        if settings.jwt_header_prefix and words.pop(0).lower() != settings.jwt_header_prefix.lower():
            foreign = refusal("invalid_header", settings.realm)
            continue
        if len(words) != 1:
            raise malformed_header(settings.realm)
        return Credential(words[0], False)
    if foreign is not None:
        raise foreign
    return None


def is_among_cookies(request: Request, token: str) -> bool:
    """Whether a token that somebody else has found is one that the browser has added on its own."""
    return token in request.cookies.values()
