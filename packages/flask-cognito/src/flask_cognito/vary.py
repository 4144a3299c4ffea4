"""``Vary``: a cache must not give the answer for one token to somebody with another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from flask_cognito.config_values import Names


def vary_on(headers: Names) -> Callable[[Any], Any]:
    """A function that names these request headers in the ``Vary`` of a response, made once for all requests."""
    value = ", ".join(headers)

    def add_vary(response: Response) -> Response:
        if response.headers.getlist("Vary"):
            response.vary.update(headers)
        else:  # most often, and ten times as fast
            response.headers.add("Vary", value)
        return response

    return add_vary
