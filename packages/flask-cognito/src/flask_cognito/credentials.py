"""Where the token of a request is. No part of a header is shown: without a prefix, its first word is the token."""

from __future__ import annotations

from typing import TypeAlias

from flask import Request

from flask_cognito.config import Settings
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses import malformed_header, refusal

_OWS = " \t"  # RFC 9110 section 5.6.3; any other white space is part of the token, which is none then

Credential: TypeAlias = tuple[str, bool]
"""The text of a token, and whether it comes from a cookie, which the browser has added on its own."""


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
                return token, True
        elif value := request.environ.get(settings.header_in_environ, "").strip(_OWS):
            token = _after_prefix(value, settings.jwt_header_prefix)
            if token is None:
                foreign = refusal("invalid_header", settings.realm)
            elif not token or " " in token or "\t" in token:
                raise malformed_header(settings.realm)
            else:
                return token, False
    if foreign is not None:
        raise foreign
    return None


def _after_prefix(value: str, prefix: str) -> str | None:
    """What follows the prefix, empty where nothing does; None where it is another one."""
    if not prefix:
        return value
    scheme, _, token = value.partition(" ")
    return token.lstrip(_OWS) if scheme.lower() == prefix.lower() else None


def is_among_cookies(request: Request, token: str) -> bool:
    """Whether a token that somebody else has found is one that the browser has added on its own."""
    return token in request.cookies.values()
