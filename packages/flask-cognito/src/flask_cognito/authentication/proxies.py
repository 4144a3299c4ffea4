"""`current_user` and `current_cognito_jwt`: the authenticated user of this request."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from typing import Any, NoReturn

from cognito_jwt_core import Claims
from flask import Request, has_request_context
from werkzeug.local import LocalProxy

from flask_cognito.authentication.claims import RequestClaims, no_attribute
from flask_cognito.authentication.identity import current_identity, ignored_refusal
from flask_cognito.responses.report import refusal_of_nobody, refuse_after_all
from flask_cognito.state import app_state, current_request, current_request_or_none


def _why_anonymous() -> str:
    if not has_request_context():
        return (
            "outside a request: pass the values to a thread or job as arguments,"
            " and wrap a streaming generator in flask.stream_with_context"
        )
    if ignored_refusal(current_request()) is not None:
        return "this request counts as anonymous, because the token in its cookie was not accepted"
    return (
        "there is no verified token in this request: protect the view with @cognito_auth_required,"
        " or test `if current_cognito_jwt:` first"
    )


class _NoClaims(Claims):
    """Stand-in for unauthenticated requests: empty, and raises a helpful error when read."""

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise RuntimeError(_why_anonymous())

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(no_attribute(name))

    def __repr__(self) -> str:
        return "None"


class _ClaimsOfNobody(Claims):
    """Stand-in for the claims of a request that goes on without a user, because the app only reports refusals.

    It is empty and falsy. Reading a claim raises the error: a view that needs a user must not work without one.
    """

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request

    def _refuse(self, *_: object) -> NoReturn:
        refusal = refusal_of_nobody(self._request)
        assert refusal is not None
        raise refuse_after_all(self._request, refusal)

    __missing__ = __iter__ = __reversed__ = __copy__ = __deepcopy__ = __reduce_ex__ = _refuse  # type: ignore[assignment]
    __or__ = __ror__ = get = keys = values = items = copy = pop = popitem = setdefault = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(no_attribute(name))

    def __repr__(self) -> str:
        return "None"


def claims_of_nobody(request: Request) -> Claims:
    """Return the stand-in for the claims of a request that goes on without a user."""
    return _ClaimsOfNobody(request)


class _Unseen:
    """The key in the proxy's own storage, so that `json.dumps` does not take it for an empty dict.

    Only code that reads a dict's memory without its methods finds it. Such code shows this text in its error.
    """

    def __repr__(self) -> str:
        return "<current_cognito_jwt is a proxy: pass dict(current_cognito_jwt)>"


class _CurrentClaims(RequestClaims):
    """A proxy like werkzeug's `LocalProxy` that is a dict, as `json.dumps` and `jsonify` require.

    Every operation of a dict is forwarded to the claims of the current request. The proxy itself stores nothing,
    because every request would read it.
    """

    __slots__ = ()

    def __init__(self) -> None:
        dict.__setitem__(self, _Unseen(), None)  # type: ignore[misc]

    def _get_current_object(self) -> Claims | None:
        return _claims_or_none()

    def __getattr__(self, name: str) -> Any:
        return getattr(_claims(), name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"claims have no attribute {name!r}: change a claim with claims[{name!r}], and keep other values of this"
            " request in flask.g"
        )

    def __getitem__(self, claim: str) -> object:
        return _claims()[claim]

    def __setitem__(self, claim: str, value: object) -> None:
        _claims()[claim] = value

    def __delitem__(self, claim: str) -> None:
        del _claims()[claim]

    def __contains__(self, claim: object) -> bool:
        return claim in _claims()

    def __iter__(self) -> Iterator[str]:
        return iter(_claims())

    def __reversed__(self) -> Iterator[str]:
        return reversed(_claims())

    def __len__(self) -> int:
        return len(_claims())

    def __eq__(self, other: object) -> bool:
        return _claims_or_none() == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as a dict's

    def __or__(self, other: Any) -> Any:
        return _claims() | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(_claims())

    def __ior__(self, other: Any) -> Any:
        _claims().update(other)
        return self

    def __repr__(self) -> str:
        return repr(_claims())

    def __str__(self) -> str:
        return str(_claims())

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        return Claims, (dict(_claims()),)

    def __copy__(self) -> Claims:
        return _claims().copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Claims:
        return copy.deepcopy(_claims(), memo)

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return _claims().keys()

    def values(self) -> ValuesView[object]:  # type: ignore[override]
        return _claims().values()

    def items(self) -> ItemsView[str, object]:  # type: ignore[override]
        return _claims().items()

    def get(self, claim: str, default: Any = None) -> Any:
        return _claims().get(claim, default)

    def pop(self, claim: str, *default: Any) -> Any:
        return _claims().pop(claim, *default)

    def popitem(self) -> tuple[str, object]:
        return _claims().popitem()

    def setdefault(self, claim: str, default: Any = None) -> Any:
        return _claims().setdefault(claim, default)

    def update(self, *args: Any, **claims: Any) -> None:
        _claims().update(*args, **claims)

    def clear(self) -> None:
        _claims().clear()

    def copy(self) -> Claims:
        return _claims().copy()


def _claims_or_none() -> Claims | None:
    identity = current_identity()
    return None if identity is None else identity.claims


def _claims() -> Claims:
    claims = _claims_or_none()
    if claims is not None:
        return claims
    request = current_request_or_none()
    if request is not None and refusal_of_nobody(request) is not None:
        return _ClaimsOfNobody(request)
    return _NoClaims()


current_cognito_jwt: Claims = _CurrentClaims()
"""The verified `Claims` in this request's token; falsy without one.

It is a proxy. BSON, CBOR and ujson read a dict's memory and need ``dict(current_cognito_jwt)``.
"""


def _of_user(operation: Callable[..., Any]) -> Any:
    """Return a method of the proxy that applies `operation` to the user, or explains why there is none."""

    def method(self: object, *args: Any, **kwargs: Any) -> Any:
        user = _user()
        if user is None:
            _refuse_nobody()
            raise TypeError(f"current_user is None: {_why_no_user()}")
        return operation(user, *args, **kwargs)

    return method


class _CurrentUser(LocalProxy[Any]):
    """A `LocalProxy` that explains what is missing, instead of ``'NoneType' object has no attribute``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        user = _user()
        if user is None and not hasattr(None, name):
            raise _no_attribute(name)
        return getattr(user, name)

    def __setattr__(self, name: str, value: Any) -> None:
        user = _user()
        if user is None:
            raise _no_attribute(name)
        setattr(user, name, value)

    def __hash__(self) -> int:
        """Return the hash of the user.

        A cache such as `lru_cache` keeps this proxy as its key, and not the user. The next user can get the address of
        the previous one in memory, and with it the same default hash.
        """
        user = _user()
        by_address: object = object.__hash__
        if user is not None and type(user).__hash__ is by_address:
            raise TypeError(
                f"current_user: expected a user with a hash of its own, found a {type(user).__name__}, which hashes by"
                " its address; pass current_user._get_current_object() to caches, sets and dicts"
            )
        return hash(user)

    __getitem__, __setitem__ = _of_user(operator.getitem), _of_user(operator.setitem)
    __contains__, __iter__, __len__ = _of_user(operator.contains), _of_user(iter), _of_user(len)
    __call__ = _of_user(lambda user, *args, **kwargs: user(*args, **kwargs))


def _no_attribute(name: str) -> AttributeError:
    _refuse_nobody()
    return AttributeError(f"current_user is None and has no attribute {name!r}: {_why_no_user()}")


def _user() -> Any:
    identity = current_identity()
    return None if identity is None else identity.user


def _refuse_nobody() -> None:
    """Raise the error of a request that continues without a user only because the app reports instead of rejecting."""
    request = current_request_or_none()
    refusal = None if request is None else refusal_of_nobody(request)
    if request is not None and refusal is not None:
        raise refuse_after_all(request, refusal)


def _why_no_user() -> str:
    if current_identity() is None:
        return _why_anonymous()
    state = app_state()
    if state.identity_handler is None and not state.is_overridden("get_user"):
        return "register an identity handler with @cogauth.identity_handler, or read current_cognito_jwt"
    return "the identity handler returned None; with COGNITO_IDENTITY_REQUIRED = True, unknown users get a 403"


current_user: Any = _CurrentUser(_user)
"""The result of the identity handler for this request's token; falsy without one."""
