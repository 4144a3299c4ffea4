"""Detect whether a page of another site made the browser send this request (cross-site request forgery).

A browser adds its cookies to every request that any page makes. It names the source of the request in
``Sec-Fetch-Site``, which a page can neither set nor remove. Older browsers send ``Origin`` with an unsafe method. A
request with neither does not come from a browser.

Spec: Fetch Metadata Request Headers (W3C) section 2.2, RFC 6454 section 7.
"""

from __future__ import annotations

from flask import Request

from flask_cognito.config.values import Names, is_loopback, origin_of

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.1

# "none": the user typed the address or opened a bookmark. "same-site" is rejected, because an attacker may control
# another app on the same domain. Unlisted values count as another site.
_FROM_HERE = frozenset({"same-origin", "none"})


def is_forged(request: Request, trusted_origins: Names = ()) -> bool:
    """Return whether the request may change something, and the browser reports that another site made it."""
    # A WebSocket handshake is a GET, but later messages can change anything.
    if request.method in _SAFE_METHODS and request.environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return False
    return _is_cross_site(request, trusted_origins)


def _is_cross_site(request: Request, trusted_origins: Names) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site in _FROM_HERE:
        return False
    sent = request.headers.get("Origin")
    if sent is None:
        return site is not None
    origin = origin_of(sent)  # None for "null", which browsers send to hide the origin
    if origin is None:
        return True
    return origin not in trusted_origins and (site is not None or not _is_own(origin, request))


def _is_own(origin: str, request: Request) -> bool:
    """Return whether `origin` is the host in the request, including the port."""
    scheme, _, host = origin.partition("://")
    if scheme == "http" and (request.is_secure or not is_loopback(host)):
        return False
    # Do not compare the request's scheme. Behind a proxy that terminates TLS it is http, with 443 or no port in `Host`.
    return origin == origin_of(f"{scheme}://{request.host}")
