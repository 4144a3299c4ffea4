"""Find the token of a request.

No message shows part of a header, because a header without a scheme starts with the token.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from flask import Request

from flask_cognito.authentication.session import FoundSession, SessionSource
from flask_cognito.config.settings import ALB_HEADER, Settings
from flask_cognito.config.values import is_from_a_cookie
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.refusals import malformed_header, refusal

_OWS = " \t"  # RFC 9110 section 5.6.3; any other white space counts as part of the token and makes it invalid

# Headers that the browser sets from the page or from cookies, whatever a script requests.
_BROWSERS_OWN = ("cookie", "referer")

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w.-]*")
# Only at the start of a word, so that a search stays linear.
_JWT_IN = re.compile(r"(?<![\w-])" + _JWT.pattern)
_OBJECT = re.compile(r"\[object (?:Object|Promise|Undefined|Null)\]")
_WORD_CHARACTER = re.compile(r"[\w.-]")

# The character after a scheme, where a space should be.
_MARKS = {":": "a colon after the scheme", ",": "a comma after the scheme", "\t": "a tab after the scheme"}

# IANA's registry of HTTP authentication schemes. Messages may name these, because they are not part of a token.
_SCHEMES = {
    scheme.lower(): scheme
    for scheme in (
        *("AWS4-HMAC-SHA256", "Basic", "Bearer", "Concealed", "Digest", "DPoP", "GNAP", "HOBA", "Mutual"),
        *("Negotiate", "NTLM", "OAuth", "PrivateToken", "SCRAM-SHA-1", "SCRAM-SHA-256", "vapid"),
    )
}


class Credential(NamedTuple):
    """The text of a token, and whether the browser adds it automatically, like a cookie.

    A session's token is known only after `FoundSession.use`, because it may need a refresh.
    """

    token: str
    is_from_browser: bool
    session: FoundSession | None = None
    is_from_balancer: bool = False

    def __repr__(self) -> str:
        return "<Credential>"  # error trackers collect the `repr` of local variables


class HeaderFormError(Exception):
    """A malformed header. The message gives the expected and actual form, for the log."""


class OtherSchemeError(HeaderFormError):
    """The header has another authentication scheme, so it has no token for this app."""


def find_credential(request: Request, settings: Settings, sessions: SessionSource | None = None) -> Credential | None:
    """Return the token of the first location that has one.

    A header with another scheme counts as none, so a cookie is tried next. Without a cookie, the header is rejected. A
    malformed header with the right scheme is rejected immediately.

    Raises:
        CognitoAuthError: If the header is malformed.
    """
    other_scheme: CognitoAuthError | None = None
    for location in settings.locations:
        try:
            found = _at(location, request, settings, sessions)
        except OtherSchemeError as error:
            other_scheme = _refused(refusal("invalid_header", settings.challenge), error, settings)
        except HeaderFormError as error:
            malformed = _refused(malformed_header(settings.challenge), error, settings)
            raise malformed from malformed.__cause__
        else:
            if found is not None:
                return found
    if other_scheme is not None:
        raise other_scheme
    return None


def _at(location: str, request: Request, settings: Settings, sessions: SessionSource | None) -> Credential | None:
    if location == "session":
        session = None if sessions is None else sessions.find(request)
        return None if session is None else Credential("", is_from_browser=True, session=session)
    if location == "alb":
        return _from_balancer(request)
    return _from_cookie(request, settings) if location == "cookie" else _from_header(request, settings)


def _from_balancer(request: Request) -> Credential | None:
    # The load balancer adds the header because of its own cookie, whichever page made the browser send the request.
    token = balancer_token(request)
    return Credential(token, is_from_browser=True, is_from_balancer=True) if token else None


def balancer_token(request: Request) -> str:
    """Return the token that a load balancer added to the request, or an empty text."""
    return _header(request, ALB_HEADER).strip(_OWS)


def _from_cookie(request: Request, settings: Settings) -> Credential | None:
    token = request.cookies.get(settings.jwt_cookie_name)
    return Credential(token, is_from_browser=True) if token else None


def _from_header(request: Request, settings: Settings) -> Credential | None:
    value = _header(request, settings.jwt_header_name).strip(_OWS)
    if not value:
        return None
    token = _token_in(value, settings)
    return Credential(token, is_from_browser=settings.header_is_from_a_cookie)


def _header(request: Request, name: str) -> str:
    # `request.headers` would raise an internal exception for each request without the header.
    value: str = request.environ.get("HTTP_" + name.upper().replace("-", "_"), "")
    return value


def _refused(refused: CognitoAuthError, error: HeaderFormError, settings: Settings) -> CognitoAuthError:
    forms = [f"{prefix!r} and a token" if prefix else "a token" for prefix in settings.jwt_header_prefixes]
    message = f"{settings.jwt_header_name}: expected {' or '.join(forms)}, found {error}"
    refused.__cause__ = type(error)(message)  # the reason, for the log
    return refused


def _token_in(value: str, settings: Settings) -> str:
    """Return the token in a header's value.

    Raises:
        HeaderFormError: If there is none. The message describes the header.
    """
    scheme, _, rest = value.partition(" ")
    if scheme.lower() in settings.schemes:
        token = rest.lstrip(_OWS)
        if not token or " " in token or "\t" in token:
            raise HeaderFormError(_after_scheme(scheme, token))
        return token
    prefixes = settings.jwt_header_prefixes
    has_space = " " in value or "\t" in value
    if "" in prefixes and not has_space:
        return value
    if prefixes == ("",) and scheme.lower() not in _SCHEMES.keys() - {"bearer"}:
        raise HeaderFormError(f"text with spaces, beginning with {_described(scheme)}")
    near = _nearly(value, settings)
    raise OtherSchemeError(near or (_described(scheme) if has_space else _without_scheme(value)))


def _after_scheme(scheme: str, token: str) -> str:
    if not token:
        return "the scheme and no token"
    words = token.split()
    if words[0].lower() == scheme.lower():
        return "the scheme twice"
    if _OBJECT.fullmatch(token):
        return f"'{token}': a script wrote an object instead of the token's text"
    if words[0].endswith(","):
        return "several values with commas: the header was sent twice, or two were joined"
    return f"{len(words)} words after the scheme"


def _nearly(value: str, settings: Settings) -> str:
    """Return what is wrong with a header that nearly has the expected form, or an empty text."""
    if _OBJECT.fullmatch(value):
        return f"'{value}': a script wrote an object instead of the token's text"
    if value.lower().startswith(f"{settings.jwt_header_name}:".lower()):
        return "the header's name in its value"
    for prefix in filter(None, settings.jwt_header_prefixes):
        rest = value[len(prefix) :]
        ends_there = not (rest[:1].isascii() and rest[:1].isalnum()) or rest.startswith("eyJ")
        if ends_there and value.lower().startswith(prefix.lower()):
            return _MARKS.get(rest[:1], "the scheme without a space after it")
    return ""


def _described(scheme: str) -> str:
    if scheme.lower() in _SCHEMES:
        return f"the scheme {_SCHEMES[scheme.lower()]}"
    if _JWT.fullmatch(scheme):
        return "text that looks like a token before the first space"
    if scheme.endswith(":"):
        return "another scheme, with a colon after it"
    if scheme[:1] in ("'", '"'):
        return "a quotation mark at the beginning"
    return f"another scheme of {len(scheme)} letters"


def _without_scheme(value: str) -> str:
    if _JWT.fullmatch(value):
        return "no scheme (the text looks like a token)"
    if _JWT_IN.search(value):
        return "no scheme, and other text around a token"
    return "no scheme, and text that does not look like a token"


def header_of(request: Request, token: str) -> str | None:
    """Return the header with the token that the app's own `get_token` found, or None.

    A token that is in no header, or only in one that the browser sets automatically, counts as sent by the browser.
    """
    for name, value in request.headers:
        if name.lower() not in _BROWSERS_OWN and not is_from_a_cookie(name) and _stands_in(value, token):
            return name
    return None


def _stands_in(value: str, token: str) -> bool:
    """Return whether `value` contains `token` as a whole word, so that a short one is not found inside another word."""
    start = value.find(token)
    if start < 0:
        return False
    around = value[max(start - 1, 0) : start] + value[start + len(token) :][:1]
    return _WORD_CHARACTER.search(around) is None
