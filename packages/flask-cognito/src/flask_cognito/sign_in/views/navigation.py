"""Distinguish requests that a user makes by navigation from those of a program."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flask import Request

_SAFE = ("GET", "HEAD")
_OF_A_PATH = "/!$&'()*+,;=:@"  # RFC 3986 section 3.3, in addition to characters that are never encoded


def is_navigation(request: Request) -> bool:
    """Return whether the browser shows the response as a page.

    Spec: Fetch Metadata Request Headers (W3C). Without them, a GET that prefers HTML and is not an XMLHttpRequest.
    """
    headers = request.headers
    mode = headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate" and headers.get("Sec-Fetch-Dest", "document") == "document"
    return request.method in _SAFE and prefers_html(request) and headers.get("X-Requested-With") is None


def has_fetch_metadata(request: Request) -> bool:
    """Return whether a browser states where the request comes from."""
    return any(f"Sec-Fetch-{name}" in request.headers for name in ("Site", "Mode", "Dest"))


def is_prefetch(request: Request) -> bool:
    """Return whether the browser prefetches before the user decides."""
    headers = request.headers
    texts = (headers.get("Sec-Purpose", ""), headers.get("Purpose", ""), headers.get("X-Moz", ""))
    return any("prefetch" in text.lower() for text in texts)


def prefers_html(request: Request) -> bool:
    """Return whether a page is a better response than JSON."""
    accept = request.accept_mimetypes
    return accept.best_match(("application/json", "text/html")) == "text/html" and accept["text/html"] > 0


def is_from_another_site(request: Request) -> bool:
    """Return whether the browser states that a page of another site or a sibling domain made the request."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def path_of_request(request: Request) -> str:
    """Return path and query of the request as a browser sends them, below this origin."""
    query = request.query_string.decode("ascii", "replace")
    # WSGI decodes the path, but a "?" in it must not start a query.
    path = quote(request.root_path.rstrip("/") + request.path, safe=_OF_A_PATH)
    return f"{path}?{query}" if query else path


def path_of_referer(request: Request) -> str | None:
    """Return path and query of the page of this origin that made the request, or None."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # a bracket that is never closed
        return None
    if parts.scheme != request.scheme or parts.netloc != request.host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
