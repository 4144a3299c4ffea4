"""Parse requests and build responses from plain values, without sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

from cognito_jwt_core.testing.answering import ReceivedRequest

NOT_STORED: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response.

    Attributes:
        status: Status code.
        headers: The headers. By default, they forbid caching.
        body: The body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: NOT_STORED)
    body: bytes = b""


def json_answer(status: int, value: object, **headers: str) -> Answer:
    """Return a JSON response that must not be cached. Spec: RFC 6749 section 5.1.

    Args:
        status: Status code.
        value: The value to send as JSON.
        **headers: Further headers, with `_` for `-`: `Retry_After="5"`.
    """
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    headers = {"Content-Type": "application/json;charset=UTF-8", **NOT_STORED, **names}
    return Answer(status, headers, json.dumps(value).encode())


def error_answer(error: str, description: str | None = None, status: int = 400) -> Answer:
    """Return an error response of the token or revocation endpoint. Spec: RFC 6749 section 5.2.

    Args:
        error: OAuth error code, such as `"invalid_grant"`.
        description: Value of `error_description`; None leaves it out.
        status: Status code.
    """
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    return json_answer(status, body)


def redirect(url: str, cookie: str | None = None) -> Answer:
    """Return a 302 response, as Cognito sends it.

    Args:
        url: The `Location`.
        cookie: Value of a `Set-Cookie` header, if any.
    """
    headers = {"Location": url, "Content-Type": "text/plain", **NOT_STORED}
    return Answer(302, headers if cookie is None else {**headers, "Set-Cookie": cookie})


def not_allowed(allowed: str) -> Answer:
    """Return a 405 response with the allowed method."""
    return Answer(405, {"Allow": allowed, **NOT_STORED})


def with_parameters(url: str, parameters: Mapping[str, str | None]) -> str:
    """Return a URL with more parameters in its query. Parameters that are None are left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(given)}"


def repeated_names(text: str) -> set[str]:
    """Return the names that occur more than once in a query or form."""
    names = [name for name, _ in parse_qsl(text, keep_blank_values=True)]
    return {name for name in names if names.count(name) > 1}


def cookie_value(request: ReceivedRequest, name: str) -> str | None:
    """Return the value of a cookie, or None.

    It skips malformed cookies, because other apps on this host may have set some.
    """
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), None)


def session_cookie(name: str, value: str) -> str:
    """Return a `Set-Cookie` value for a cookie that lasts until the browser closes.

    It is not `Secure`, because the server uses http on loopback.
    """
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax"


def deleted_cookie(name: str) -> str:
    """Return a `Set-Cookie` value that deletes a cookie."""
    return f"{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
