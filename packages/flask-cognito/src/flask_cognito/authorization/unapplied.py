"""Detect a decorator that a view calls like a function, which checks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import finalize

from flask import Response, after_this_request, has_request_context

from flask_cognito.authorization.requirement import Access
from flask_cognito.state import current_request


class Use:
    """Whether a decorator has been applied to a function, or dropped without one."""

    def __init__(self) -> None:
        self.is_applied: bool = False
        self.is_dropped: bool = False

    def end(self) -> None:
        """Note that the decorator no longer exists."""
        self.is_dropped = not self.is_applied


def watch(decorator: Callable[..., Any], access: Access, use: Use) -> None:
    """Reject the current request, if there is one, if it drops this decorator without applying it.

    A decorator that outlives the request may belong to a module that the request has imported.
    """
    if not has_request_context():
        return
    finalize(decorator, use.end).atexit = False
    endpoint = current_request().endpoint

    @after_this_request
    def require_use(response: Response) -> Response:
        if use.is_dropped:
            raise RuntimeError(
                f"view {endpoint}: a decorator ({access}) was called in it without a function, so it checked nothing;"
                " write it above the function, or call verify_cognito_jwt() in the view"
            )
        return response
