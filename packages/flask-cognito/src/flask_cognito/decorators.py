"""What is written above a view."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial, wraps
from inspect import iscoroutinefunction
from types import MethodType
from typing import Any, Literal, ParamSpec, TypeVar, cast, overload

from cognito_jwt_core import Claims

from flask_cognito.access import Access
from flask_cognito.authentication import authenticate
from flask_cognito.config_values import names
from flask_cognito.marks import PUBLIC, mark

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])


def cognito_auth_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let nobody through without a valid token.

    Within the view, `current_cognito_jwt` is what the token says and `current_user` what the identity handler returned.
    """
    return _guarded(view, Access())


def cognito_auth_optional(view: Callable[P, R]) -> Callable[P, R]:
    """Let somebody without a token through as well, and recognise who has one.

    Without a token both proxies are falsy. A bad token in a header is still refused, since its sender believes to be
    signed in; a bad or expired one in a cookie counts as none, so that a page to sign in opens. Below
    `CognitoAuth.protect` such a view needs `cognito_public` too.
    """
    return _guarded(view, Access(is_optional=True))


def cognito_group_permissions(
    groups: str | Collection[str], require: Literal["any", "all"] = "any"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only members of these groups through; whoever asks is authenticated first.

    Args:
        groups: Names of Cognito groups, compared whole and with case. A plain string is one group.
        require: "any" of them is enough, or "all" are needed.

    Raises:
        ConfigurationError: No names, or something else than names.
    """
    return _decorator(Access(groups=names("groups", groups), require=require))


cognito_check_groups = cognito_group_permissions


def cognito_scope_permissions(
    scopes: str | Collection[str], require: Literal["any", "all"] = "any"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only access tokens with these OAuth scopes through; whoever asks is authenticated first.

    Args:
        scopes: Names of scopes, like ``todo/read``, compared whole and with case. A plain string is one scope.
        require: "any" of them is enough, or "all" are needed.

    Raises:
        ConfigurationError: No names, or something else than names.
    """
    return _decorator(Access(scopes=names("scopes", scopes), require=require))


def cognito_public(view: V) -> V:
    """Let everybody through where `CognitoAuth.protect` would ask for a token.

    It goes above functions, view classes and their methods. Of a class it holds for that class, not for its subclasses.
    """
    if isinstance(view, MethodType):  # it cannot be marked, and what it is bound from may be closed elsewhere
        return cast("V", cognito_public(wraps(view)(partial(view))))
    mark(view, PUBLIC)
    return view


@overload
def verify_cognito_jwt(optional: Literal[False] = ...) -> Claims: ...
@overload
def verify_cognito_jwt(optional: bool) -> Claims | None: ...
def verify_cognito_jwt(optional: bool = False) -> Claims | None:
    """Authenticate the current request by hand, as the decorators do; both proxies are set afterwards.

    Args:
        optional: As of `cognito_auth_optional`: nobody may ask too, and None is returned.

    Raises:
        CognitoAuthError: The answer to a request that is not let through.
    """
    identity = authenticate(optional=optional)
    return None if identity is None else identity[0]


def _decorator(access: Access) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        return _guarded(view, access)

    mark(decorate, access)
    return decorate


def _guarded(view: Callable[P, R], access: Access) -> Callable[P, R]:
    if isinstance(view, type):
        raise TypeError(
            f"{view.__name__} is a class: write `decorators = [...]` in it, or put the decorator above its methods"
        )
    guarded = _guarded_async(view, access) if iscoroutinefunction(view) else _guarded_sync(view, access)
    mark(guarded, access)
    return guarded


def _guarded_sync(view: Callable[P, R], access: Access) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        access.enforce()
        return view(*args, **kwargs)

    return guarded


def _guarded_async(view: Callable[P, Any], access: Access) -> Callable[P, Any]:
    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        await access.enforce_async()
        return await view(*args, **kwargs)

    return guarded


mark(cognito_auth_required, Access())
mark(cognito_auth_optional, Access(is_optional=True))
mark(cognito_public, PUBLIC)
