"""Keep caches from serving one user's response to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Request, Response

from flask_cognito.config.values import Names

_KEPT_FROM_CACHES = "_cognito_kept_from_caches"


def vary_on(headers: Names, request: Request) -> Callable[[Any], Any]:
    """Return a function that names these headers of `request` in the ``Vary`` of its response."""

    def add_headers(response: Response) -> Response:
        present = {name.lower() for name, _ in response.headers}
        if "vary" in present:
            response.vary.update(headers)
        else:
            response.headers.add("Vary", ", ".join(headers))
        if hasattr(request, _KEPT_FROM_CACHES) and "cache-control" not in present:
            response.headers.add("Cache-Control", "private, no-store")
        return response

    return add_headers


def keep_from_caches(request: Request) -> None:
    """Keep a page with a session out of all caches, unless the view sets caching itself (RFC 9111 section 3)."""
    setattr(request, _KEPT_FROM_CACHES, True)


def keep_private(response: Response) -> Response:
    """Make a response private, if only the app knows which part of the request it depends on."""
    # RFC 9111 section 5.2.2.7: a shared cache must not store it, whatever the view set.
    response.cache_control.public = False
    response.cache_control.s_maxage = None
    response.cache_control.private = True
    response.vary.add("Cookie")
    return response
