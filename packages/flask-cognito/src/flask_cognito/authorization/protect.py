"""`Guard`: protects every route of an app or blueprint at once, so that a forgotten decorator opens nothing."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request

from flask_cognito.authorization.marks import is_public, mark
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_demand import demand_of_route, is_automatic_options
from flask_cognito.state import current_request, the_current_app


class Guard:
    """A ``before_request`` function that enforces requirements on every route that is not public."""

    def __init__(self, access: Access) -> None:
        self.access = access
        mark(self, access)

    def __call__(self) -> None:
        """Let the current request through, or raise the error for it."""
        request = current_request()
        if not _needs_no_guard(the_current_app(), request):
            # The token requirements of the view's decorators override those given here.
            self.access.enforce(request, demand_of_route(request).over(self.access.token))


def _needs_no_guard(app: Flask, request: Request) -> bool:
    if request.routing_exception is not None:  # unknown URL or method: every caller gets 404 or 405
        return True
    view = app.view_functions.get(request.endpoint or "")
    return is_automatic_options(request) or is_static(request.endpoint, view) or is_public(view, request.method)


def is_static(endpoint: str | None, view: Any) -> bool:
    """Return whether this is Flask's own view of static files, and not a view of the app with the same name."""
    if endpoint is None or endpoint.rpartition(".")[2] != "static":
        return False
    package, _, module = str(getattr(view, "__module__", "")).partition(".")
    return package == "flask" and module != "helpers"  # `send_from_directory` may serve any folder of the app
