"""`CognitoAuthError`: an answer of its own, as JSON, whoever catches it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HeadersLike: TypeAlias = "Mapping[str, str] | Sequence[tuple[str, str]]"

EXTENSION = "cognito_auth"
"""The key of the `CognitoAuth` in ``app.extensions``."""


class CognitoAuthError(HTTPException):
    """A request that is not let through, and the answer to it. Raise it yourself for an answer of the same form.

    It is a werkzeug `HTTPException`, so that a framework on top of Flask which knows nothing of this extension answers
    the same. A handler registered with ``@app.errorhandler(401)`` is not asked; one for `CognitoAuthError` is.

    Args:
        error: What happened, in a few words.
        description: A sentence for whoever reads the answer.
        status_code: The HTTP status.
        headers: Headers of the answer.
        error_code: Stable name of what happened, for programs: ``code`` in the answer.
    """

    # `code`, the status, stays None on the class: else Flask would ask the app's handler of that status first.
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
        self._is_answered = self._is_being_shaped = False

    def __str__(self) -> str:
        return f"{self.error} - {self.description}"

    def __repr__(self) -> str:
        return f"CognitoAuthError: {self.error}"

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the class with no argument at all.
        return type(self), (self.error, self.description, self.status_code, self.headers, self.error_code)

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """The JSON of the answer."""
        return json.dumps({"error": self.error, "description": self.description, "code": self.error_code})

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """The headers of the answer."""
        own = self.headers.items() if isinstance(self.headers, Mapping) else self.headers or ()
        return [("Content-Type", "application/json"), *own]

    def get_response(self, environ: object = None, scope: object = None) -> Response:
        """The answer, as the app's extension shapes it (see `CognitoAuth.error_handler`)."""
        auth = current_app.extensions.get(EXTENSION) if current_app else None
        if auth is None or self._is_being_shaped:
            return self.plain_response()
        self._is_answered = True
        return current_app.make_response(auth._cognito_auth_error_handler(self))  # noqa: SLF001 - its name in 1.x

    def plain_response(self) -> Response:
        """The answer as nobody has shaped it."""
        return Response(self.get_body(), self.status_code, self.get_headers())

    @contextmanager
    def being_shaped(self) -> Iterator[None]:
        """While the app's own handler shapes the answer, it can have it as it would be without."""
        self._is_being_shaped = True
        try:
            yield
        finally:
            self._is_being_shaped = False

    @property
    def data(self) -> object:
        """Nothing: Flask-RESTX and Flask-RESTful, which would make an answer of their own out of it, leave it to Flask.

        They ask for `get_response`, throw away all but its headers, and ask for this. What is raised while they build
        their answer makes them hand the error on to Flask, whose answer is the whole one.
        """
        if self._is_answered:
            raise self
        raise AttributeError("data")
