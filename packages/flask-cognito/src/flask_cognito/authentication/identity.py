"""The authenticated user of one request."""

from __future__ import annotations

from typing import Any, NamedTuple

from cognito_jwt_core import Claims
from flask import Request, has_request_context

from flask_cognito.authentication.demand import TokenDemand
from flask_cognito.errors import CognitoAuthError
from flask_cognito.state import current_request

_IDENTITY = "_cognito_identity"
_IGNORED = "_cognito_ignored_refusal"

# An empty one is the result of a search that found nothing, such as `query.all()`.
_OF_SEARCHES = (str, list, tuple, dict, set)


class Identity(NamedTuple):
    """The claims of the request's token, the app's own user, and the requirements that the token has met."""

    claims: Claims
    user: Any
    demand: TokenDemand


# An attribute of the request, because `g` outlives the request inside an outer app context (tests, commands).
def identity_of(request: Request) -> Identity | None:
    """Return the identity of this request, or None before it is authenticated."""
    return getattr(request, _IDENTITY, None)


def set_identity(request: Request, identity: Identity) -> None:
    """Store the identity for the rest of this request."""
    setattr(request, _IDENTITY, identity)


def is_unknown(user: Any) -> bool:
    """Return whether the identity handler has found no user: None, False, or an empty text or collection.

    An object of the app's own class is a user, also if it is falsy.
    """
    return user is None or user is False or (type(user) in _OF_SEARCHES and not user)


def forget_identity(request: Request) -> None:
    """Treat the rest of this request as anonymous."""
    if hasattr(request, _IDENTITY):
        delattr(request, _IDENTITY)


def ignore_refusal(request: Request, refusal: CognitoAuthError) -> None:
    """Remember why this request is treated as anonymous, so that a later check can return that error."""
    setattr(request, _IGNORED, refusal)


def ignored_refusal(request: Request) -> CognitoAuthError | None:
    """Return why this request is treated as anonymous, if it had an invalid token."""
    return getattr(request, _IGNORED, None)


def current_identity() -> Identity | None:
    """Return the identity of the current request, if there is one."""
    return identity_of(current_request()) if has_request_context() else None
