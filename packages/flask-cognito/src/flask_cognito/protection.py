"""`Guard`: every route of an app or a blueprint at once, so that a forgotten decorator is no hole."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request

from flask_cognito.access import Access
from flask_cognito.context import current_request, the_current_app
from flask_cognito.marks import is_public


class Guard:
    """A ``before_request`` function that enforces an access, but for what nobody needs to be kept from."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def __call__(self) -> None:
        """Let the current request through, or raise the answer to it."""
        request = current_request()
        if not _needs_no_guard(the_current_app(), request):
            self.access.enforce()


def _needs_no_guard(app: Flask, request: Request) -> bool:
    if request.routing_exception is not None:  # no such URL or method: 404 and 405 say so to everybody
        return True
    view = app.view_functions.get(request.endpoint or "")
    return is_automatic_options(request) or is_static(request.endpoint, view) or is_public(view, request.method)


def is_automatic_options(request: Request) -> bool:
    """Whether Flask itself answers, with the methods of the route alone."""
    return request.method == "OPTIONS" and getattr(request.url_rule, "provide_automatic_options", False)


def is_static(endpoint: str | None, view: Any) -> bool:
    """Whether this is Flask's own view of static files, not one of the app's that is called the same."""
    if endpoint is None or endpoint.rpartition(".")[2] != "static":
        return False
    return str(getattr(view, "__module__", "")).partition(".")[0] == "flask"
