"""`CognitoAuthError`: a rejected request and its JSON response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HeadersLike: TypeAlias = "Mapping[str, str] | Sequence[tuple[str, str]]"

EXTENSION = "cognito_auth"
"""The key of the `CognitoAuth` in ``app.extensions``."""

RENDERER = "cognito_auth.renderer"
"""The key of the app's `Renderer` in ``app.extensions``."""

Renderer: TypeAlias = "Callable[[CognitoAuthError], Response]"
"""Returns the response to an error, with the headers that depend on the app's configuration."""


class CognitoAuthError(HTTPException):
    """A rejected request and its response. Raise it yourself to send a response of the same form.

    It is a werkzeug `HTTPException`, so frameworks on top of Flask that do not know this extension send the same
    response. Flask does not call a handler registered with ``@app.errorhandler(401)``; it calls one for
    `CognitoAuthError`.

    Args:
        error: The error, in a few words.
        description: A sentence for the reader of the response.
        status_code: HTTP status.
        headers: Headers of the response.
        error_code: Stable name of the error, for programs: ``code`` in the response.

    Attributes:
        data: The JSON object of the response. Flask-RESTX and Flask-RESTful write it as the body.
    """

    # `code`, the status, stays None on the class. Otherwise, Flask would first call the app's handler for that status.
    def __init__(
        self,
        error: str,
        description: str,
        status_code: int = 401,
        headers: HeadersLike | None = None,
        error_code: str | None = None,
    ) -> None:
        super().__init__(description)
        self.error: str = error
        self.code: int | None = status_code
        self.status_code: int = status_code
        self.headers: HeadersLike | None = headers
        self.error_code: str | None = error_code
        self.data: dict[str, Any] = {"error": error, "description": description, "code": error_code}

    def __str__(self) -> str:
        return f"{self.error} - {self.description}"

    def __repr__(self) -> str:
        return f"CognitoAuthError: {self.error}"

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, unpickling calls the class without arguments.
        return type(self), (self.error, self.description, self.status_code, self.headers, self.error_code)

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """Return the JSON of the response."""
        return json.dumps({"error": self.error, "description": self.description, "code": self.error_code})

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the headers of the response."""
        own = self.headers.items() if isinstance(self.headers, Mapping) else self.headers or ()
        return [("Content-Type", "application/json"), *own]

    def get_response(self, environ: object = None, scope: object = None) -> Response:
        """Return the JSON response. An `error_handler` of the app may start from it."""
        render: Renderer | None = current_app.extensions.get(RENDERER) if current_app else None
        return self.plain_response() if render is None else render(self)

    def plain_response(self) -> Response:
        """Return the JSON response without the headers that depend on the app, such as the challenge's realm."""
        return Response(self.get_body(), self.status_code, self.get_headers())


class AbsentClaimError(CognitoAuthError, KeyError):
    """A view, hook or identity handler read a claim that this token does not have. Answered with 403.

    Like werkzeug's `BadRequestKeyError`, it is also a `KeyError`. Code that catches `KeyError` works as with any
    dict, and an uncaught one becomes a 403 instead of a 500.

    Attributes:
        claim: Name of the claim.
    """

    def __init__(
        self,
        error: str,
        description: str,
        status_code: int = 403,
        headers: HeadersLike | None = None,
        error_code: str | None = "claim_required",
        claim: str = "",
    ) -> None:
        super().__init__(error, description, status_code, headers, error_code)
        self.claim = claim
        self.args: tuple[Any, ...] = (claim,)

    def __reduce__(self) -> tuple[Any, ...]:
        kind, arguments = super().__reduce__()
        return kind, (*arguments, self.claim)
