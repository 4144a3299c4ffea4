"""The decorators for views."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial, wraps
from inspect import iscoroutinefunction
from types import MethodType
from typing import Any, Literal, ParamSpec, TypeVar, cast, overload

from cognito_jwt_core import UNSET, Claims, ConfigurationError, Unset

from flask_cognito.authentication.authenticate import authenticate
from flask_cognito.authentication.demand import TokenUse, token_demand
from flask_cognito.authentication.proxies import claims_of_nobody
from flask_cognito.authorization.decoration import note_guard, note_opened
from flask_cognito.authorization.marks import PUBLIC, demands_of, mark
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_demand import demand_of_route, is_automatic_options
from flask_cognito.authorization.unapplied import Use, watch
from flask_cognito.config.values import Names, names, text
from flask_cognito.responses.refusals import no_token
from flask_cognito.responses.report import count_as_nobody
from flask_cognito.state import app_state, current_request

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])


@overload
def cognito_auth_required(view: Callable[P, R]) -> Callable[P, R]: ...
@overload
def cognito_auth_required(
    *,
    token_use: TokenUse | Unset | None = ...,
    client_id: str | Collection[str] | Unset | None = ...,
    audience: str | Collection[str] | Unset | None = ...,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def cognito_auth_required(
    view: Callable[..., Any] | Unset = UNSET,
    *,
    token_use: TokenUse | Unset | None = UNSET,
    client_id: str | Collection[str] | Unset | None = UNSET,
    audience: str | Collection[str] | Unset | None = UNSET,
) -> Callable[..., Any]:
    """Require a valid token. Write it below ``@app.route``, with or without parentheses.

    In the view, `current_cognito_jwt` contains the token's claims, and `current_user` is the result of the identity
    handler. For this view, the arguments override the settings of the app and of `CognitoAuth.protect`.

    Args:
        view: The view.
        token_use: "access" or "id"; None accepts either.
        client_id: Id or ids of the accepted app clients; None accepts any of the pool.
        audience: Identifiers of the API; None accepts only tokens addressed to the app client itself.

    An argument that contradicts what the app demands is a `ConfigurationError` with the app's first request.

    Raises:
        ConfigurationError: If an argument is invalid, or contradicts another decorator of the view.
    """
    return _with_or_without_brackets(view, Access(token=token_demand(token_use, client_id, audience)))


@overload
def cognito_auth_optional(view: Callable[P, R]) -> Callable[P, R]: ...
@overload
def cognito_auth_optional(
    *,
    token_use: TokenUse | Unset | None = ...,
    client_id: str | Collection[str] | Unset | None = ...,
    audience: str | Collection[str] | Unset | None = ...,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def cognito_auth_optional(
    view: Callable[..., Any] | Unset = UNSET,
    *,
    token_use: TokenUse | Unset | None = UNSET,
    client_id: str | Collection[str] | Unset | None = UNSET,
    audience: str | Collection[str] | Unset | None = UNSET,
) -> Callable[..., Any]:
    """Let anonymous requests through as well, and authenticate a request that has a token.

    Without a token both proxies are falsy. A header of another scheme, such as ``Basic``, does not count as a token. An
    invalid token in a header is rejected. An invalid or expired token in a cookie counts as none, so that a sign-in
    page opens. With `CognitoAuth.protect`, such a view also needs `cognito_public`.

    Args:
        view: The view.
        token_use: See `cognito_auth_required`.
        client_id: See `cognito_auth_required`.
        audience: See `cognito_auth_required`.

    Raises:
        ConfigurationError: If an argument is invalid, or contradicts another decorator of the view.
    """
    access = Access(is_optional=True, token=token_demand(token_use, client_id, audience))
    return _with_or_without_brackets(view, access)


def cognito_group_permissions(
    groups: str | Collection[str], require: Literal["any", "all"] = "any"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Require membership in these groups. The request is authenticated first.

    Args:
        groups: Names of Cognito groups. The comparison is exact and case-sensitive. A plain string is one group.
        require: "any" if one of them is enough, "all" if all are required.

    Raises:
        ConfigurationError: If an argument is invalid.
    """
    return _decorator(Access(groups=_names("groups", groups), require=require))


cognito_check_groups = cognito_group_permissions


def cognito_scope_permissions(
    scopes: str | Collection[str], require: Literal["any", "all"] = "any"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Require an access token with these OAuth scopes. The request is authenticated first.

    Args:
        scopes: Names of scopes, such as ``todo/read``. The comparison is exact and case-sensitive. A plain string is
            one scope.
        require: "any" if one of them is enough, "all" if all are required.

    Raises:
        ConfigurationError: If an argument is invalid.
    """
    return _decorator(Access(scopes=_names("scopes", scopes), require=require))


def cognito_claim_permissions(
    claim: str, values: str | Collection[str], require: Literal["any", "all"] = "any"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Require a value of a claim. The request is authenticated first.

    Args:
        claim: Name of the claim, such as ``custom:role``. Its value is a str or a list of str.
        values: Accepted values. The comparison is exact and case-sensitive. A plain string is one value.
        require: "any" if one of them is enough, "all" if all are required.

    Raises:
        ConfigurationError: If an argument is invalid.
    """
    return _decorator(Access(claim=text("claim", claim), values=names("values", values), require=require))


def cognito_step_up(
    max_age: int | None = None, acr_values: str | Collection[str] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Require a recent sign-in, or one at a certain level. The request is authenticated first.

    Any other request gets a 401 whose challenge names the requirement. With `CognitoSignIn`, a browser with a session
    is redirected to sign in again.

    Args:
        max_age: Maximum seconds since the user signed in, from the claim ``auth_time``. Refreshing tokens does not
            change it.
        acr_values: Accepted levels, such as ``urn:cognito:loa:4``, from the claim ``acr``. The comparison is exact and
            case-sensitive. Put the preferred one first. A plain string is one level.

    Raises:
        ConfigurationError: If an argument is invalid, or both are missing.

    Spec: RFC 9470.
    """
    if callable(max_age):
        raise ConfigurationError(
            "max_age: expected seconds, found a function; the decorator needs its arguments in parentheses"
        )
    if max_age is None and acr_values is None:
        raise ConfigurationError("cognito_step_up: expected max_age, acr_values or both, found neither")
    levels = () if acr_values is None else names("acr_values", acr_values)
    return _decorator(Access(max_age=max_age, acr_values=levels))


def cognito_public(view: V) -> V:
    """Let every request through, even if `CognitoAuth.protect` would require a token.

    You can decorate functions, view classes and their methods. On a class, it does not apply to subclasses. It marks
    the function itself, so each route with this function is public.
    """
    if isinstance(view, (staticmethod, classmethod)):  # accessing it through a class gives the inner function
        cognito_public(view.__func__)
    if isinstance(view, MethodType):  # it cannot be marked, and the function behind it may be protected elsewhere
        return cast("V", cognito_public(wraps(view)(partial(view))))
    mark(view, PUBLIC)
    note_opened(view)
    return view


@overload
def verify_cognito_jwt(optional: Literal[False] = ...) -> Claims: ...
@overload
def verify_cognito_jwt(optional: bool) -> Claims | None: ...
def verify_cognito_jwt(optional: bool = False) -> Claims | None:
    """Authenticate the current request like the decorators do. Both proxies are set afterwards.

    Flask's automatic answers to OPTIONS need no token: the claims are then empty, and reading one rejects the request.

    Args:
        optional: If true, return None when the request has no token, as with `cognito_auth_optional`.

    Raises:
        CognitoAuthError: If the request is rejected.
    """
    request = current_request()
    # In a hook, as the decorators do. Browsers send preflights without a token (Fetch standard).
    is_preflight = is_automatic_options(request)
    identity = authenticate(request, optional=optional or is_preflight, demand=demand_of_route(request))
    if identity is not None:
        return identity.claims
    if optional:
        return None
    if is_preflight:
        count_as_nobody(request, no_token(app_state().settings.challenge))
    return claims_of_nobody(request)  # otherwise, the app only reports that it would reject the request


def _with_or_without_brackets(view: Callable[..., Any] | Unset, access: Access) -> Callable[..., Any]:
    return _decorator(access) if isinstance(view, Unset) else guard(view, access)


def _names(argument: str, value: object) -> Names:
    if callable(value):
        raise ConfigurationError(
            f"{argument}: expected a name or a collection of names, found a function; the decorator needs"
            f" its {argument} in parentheses"
        )
    return names(argument, value)


def _decorator(access: Access) -> Callable[[Callable[P, R]], Callable[P, R]]:
    use = Use()

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        use.is_applied = True
        return guard(view, access)

    mark(decorate, access)
    watch(decorate, access, use)
    return decorate


def is_decorator(function: object) -> bool:
    """Return whether this is a decorator of this module, and not a function that one decorates."""
    return function in _DECORATORS or getattr(function, "__qualname__", "") == "_decorator.<locals>.decorate"


def guard(view: Callable[P, R], access: Access, *, is_repair: bool = False) -> Callable[P, R]:
    """Return `view` wrapped in a check of `access`.

    Args:
        view: The view.
        access: The requirements.
        is_repair: Whether it replaces a guard that the app's code has put where it has no effect.

    Raises:
        TypeError: If `view` is a class, or is not callable.
        ConfigurationError: If another decorator of the view contradicts this one.
    """
    if isinstance(view, type):
        raise TypeError(
            f"{view.__name__} is a class: write `decorators = [...]` in it, or put the decorator above its methods"
        )
    if view is None:
        raise TypeError(
            "expected a view below the decorator, found None: what stands below returns no view, so this decorator has"
            " no effect there; move it to the bottom, directly above the function"
        )
    if not callable(view):
        raise TypeError(
            f"expected a view below the decorator, found {type(view).__name__}; an argument of the decorator needs its"
            " name, for example token_use='id'"
        )
    _check_for_contradiction(view, access)
    guarded = _guarded_async(view, access) if iscoroutinefunction(view) else _guarded_sync(view, access)
    mark(guarded, access)
    note_guard(view, guarded, access, is_repair=is_repair)
    return guarded


def _check_for_contradiction(view: Callable[..., Any], access: Access) -> None:
    mine = access.token.options()
    for demand in demands_of(view):
        theirs = demand.token.options() if isinstance(demand, Access) else {}
        for option in mine.keys() & theirs.keys():
            if mine[option] != theirs[option]:
                raise ConfigurationError(f"{option}: two decorators of one view name different ones; name it once")


def _guarded_sync(view: Callable[P, R], access: Access) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        # A hook that runs before Flask's automatic answer. Browsers send preflights without a token (Fetch standard).
        request = current_request()
        if is_automatic_options(request):
            return cast("R", None)
        access.enforce(request)
        return view(*args, **kwargs)

    return guarded


def _guarded_async(view: Callable[P, Any], access: Access) -> Callable[P, Any]:
    @wraps(view)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        request = current_request()
        if is_automatic_options(request):
            return None
        await access.enforce_async(request)
        return await view(*args, **kwargs)

    return guarded


mark(cognito_auth_required, Access())
mark(cognito_auth_optional, Access(is_optional=True))
mark(cognito_public, PUBLIC)

_DECORATORS: tuple[object, ...] = (
    *(cognito_auth_required, cognito_auth_optional, cognito_public),
    *(cognito_group_permissions, cognito_scope_permissions, cognito_claim_permissions, cognito_step_up),
)
