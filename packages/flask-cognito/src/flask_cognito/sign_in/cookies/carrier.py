"""Add sign-in's cookies to every response, and hide them from the app's own code.

Every response gets them, even after errors, in streams and when hooks fail. Flask parses the `Cookie` header of each
request for its own session. Hiding large cookies avoids that cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_cognito.sign_in.cookies.rules import parse_cookies

_CARRIED = "flask_cognito.carried"
_RECEIVED = "flask_cognito.received"
# Headers that caches obey. CDNs obey ``CDN-Cache-Control``, or their own variant of it, first (RFC 9213 section 2.2).
_OF_CACHES = ("cache-control", "surrogate-control", "x-accel-expires", "expires", "pragma")


class _Carried:
    """The cookies of one response, and whether its headers have been sent."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.is_sent = False


class CookieCarrier:
    """WSGI middleware that adds `Set-Cookie` headers when the response begins.

    An `after_request` function would run too early. A later one could fail or change the caching.

    Args:
        wsgi_app: The wrapped app.
        name: Prefix of the names of sign-in's cookies.
    """

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]], name: str) -> None:
        self._wsgi_app = wsgi_app
        self._name = name

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Run the app and add the cookies."""
        # Stored here, because middleware further inside may copy the environ.
        carried = environ[_CARRIED] = _Carried()
        header = environ.get("HTTP_COOKIE", "")
        if self._name in header:
            environ[_RECEIVED], environ["HTTP_COOKIE"] = _split(header, self._name)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            carried.is_sent = True
            if carried.cookies:
                kept = [pair for pair in headers if not pair[0].lower().endswith(_OF_CACHES)]
                # A cache that stored this response would sign other people in as this user (RFC 9111 section 7.3).
                kept.append(("Cache-Control", "private, no-store"))
                headers = [*kept, *(("Set-Cookie", cookie) for cookie in carried.cookies.values())]
            return start_response(status, headers, *exc_info)

        return self._wsgi_app(environ, start)


def _split(header: str, name: str) -> tuple[dict[str, str], str]:
    """Return sign-in's cookies, the first of each name, and the header without them."""
    ours: dict[str, str] = {}
    others: list[str] = []
    prefix = f"{name}_"
    end, length = -1, len(header)
    while end < length:
        start = end + 1
        end = header.find(";", start)  # for large cookies, this takes a third of the time of `header.split`
        if end < 0:
            end = length
        key, separator, value = header[start:end].partition("=")
        key = key.strip(" \t")
        if separator and (key == name or key.startswith(prefix)):
            ours.setdefault(key, value.rstrip(" \t"))
        else:
            others.append(header[start:end].strip(" \t"))
    return ours, "; ".join(others)


def received(environ: dict[str, Any]) -> dict[str, str]:
    """Return sign-in's cookies in a request."""
    found: dict[str, str] | None = environ.get(_RECEIVED)
    return parse_cookies(environ.get("HTTP_COOKIE", "")) if found is None else found


def is_answered(environ: dict[str, Any]) -> bool:
    """Return whether the response's headers have been sent."""
    carried: _Carried | None = environ.get(_CARRIED)
    return carried is not None and carried.is_sent


def carry(environ: dict[str, Any], cookies: Iterable[str]) -> bool:
    """Add `Set-Cookie` values to the response. A later value of the same cookie replaces an earlier one.

    Returns:
        Whether the response's headers have not been sent yet.
    """
    carried: _Carried = environ.setdefault(_CARRIED, _Carried())
    for cookie in cookies:
        carried.cookies[cookie.partition("=")[0]] = cookie
    return not carried.is_sent
