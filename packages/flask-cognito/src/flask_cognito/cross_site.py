"""Whether another site made the browser send this request (cross-site request forgery).

A browser adds a cookie to whatever request any page makes. It says itself where a request comes from: in
``Sec-Fetch-Site``, which a page can neither set nor remove, and in ``Origin``, which older browsers send with an unsafe
method. What says nothing of this kind is no browser.

Source: Fetch Metadata Request Headers (W3C) section 2.2, RFC 6454 section 7.
"""

from __future__ import annotations

from flask import Request

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.1

# "none": the user typed the address or opened a bookmark. Anything new that is not listed counts as another site.
_FROM_HERE = frozenset({"same-origin", "same-site", "none"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_forged(request: Request) -> bool:
    """Whether the request may change something, and the browser says that another site has made it."""
    return not _is_safe(request) and _is_cross_site(request)


def _is_safe(request: Request) -> bool:
    """Whether it only asks. The handshake of a WebSocket is a GET, and opens the way for whatever follows."""
    return request.method in _SAFE_METHODS and request.headers.get("Upgrade", "").lower() != "websocket"


def _is_cross_site(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _FROM_HERE
    origin = request.headers.get("Origin")
    return origin is not None and not _is_own_origin(origin, request)


def _is_own_origin(origin: str, request: Request) -> bool:
    """Whether `origin` is the host that was asked, its name and port. "null", where the browser hides it, is not."""
    scheme, _, host = origin.lower().partition("://")
    default_port = _DEFAULT_PORTS.get(scheme)
    if default_port is None or (scheme == "http" and request.is_secure):
        return False
    # The scheme of the request says no more: behind a proxy that ends TLS it is http, with 443 or no port in `Host`.
    return host.removesuffix(default_port) == request.host.lower().removesuffix(default_port)
