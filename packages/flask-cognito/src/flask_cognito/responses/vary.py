"""Keep caches from serving one user's response to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from flask_cognito.config.values import Names


def vary_on(headers: Names) -> Callable[[Any], Any]:
    """Return a function that names these request headers in the ``Vary`` of a response."""

    def add_vary(response: Response) -> Response:
        if response.headers.getlist("Vary"):
            response.vary.update(headers)
        else:
            response.headers.add("Vary", ", ".join(headers))
        return response

    return add_vary


def keep_from_caches(response: Response) -> Response:
    """Keep a page with a session out of all caches, unless the view sets caching itself (RFC 9111 section 3)."""
    if not response.headers.getlist("Cache-Control"):
        response.headers.add("Cache-Control", "private, no-store")
    return response


def keep_private(response: Response) -> Response:
    """Make a response private, if only the app knows which part of the request it depends on."""
    # RFC 9111 section 5.2.2.7: a shared cache must not store it, whatever the view set.
    response.cache_control.public = False
    response.cache_control.s_maxage = None
    response.cache_control.private = True
    response.vary.add("Cookie")
    return response
