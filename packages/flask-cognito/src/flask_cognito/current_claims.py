"""`current_cognito_jwt`: the claims of this request's token, wherever you are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NoReturn

from cognito_jwt_core import Claims

from flask_cognito.context import current_identity


class _NoClaims(Claims):
    """What there is before somebody is authenticated: nothing, and an explanation for whoever counts on more."""

    __slots__ = ()

    def __missing__(self, claim: str) -> NoReturn:
        raise RuntimeError(
            "there is no verified token in this request: protect the view with @cognito_auth_required,"
            " or ask `if current_cognito_jwt:` first"
        )

    def __repr__(self) -> str:
        return "None"


class _CurrentClaims(Claims):
    """A proxy like werkzeug's `LocalProxy` that is a dict, since `json.dumps` and `jsonify` take nothing else for one.

    A dict that holds nothing is written as ``{}`` without asking it, so this one holds something that is never seen:
    all that Python does with a subclass of dict goes through the methods below.
    """

    def __init__(self) -> None:
        dict.__setitem__(self, _UNSEEN, None)  # type: ignore[misc]  # no text: what reads the memory of dicts fails

    def _get_current_object(self) -> Claims | None:
        return _claims_or_none()

    def __getattr__(self, name: str) -> Any:
        return getattr(_claims(), name)

    def __eq__(self, other: object) -> bool:
        return _claims_or_none() == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as a dict's

    def __ror__(self, other: Any) -> Any:
        return other | _claims().copy()

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        claims = _claims()
        return type(claims), (dict(claims),)

    def __copy__(self) -> Claims:
        return _claims().copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Claims:
        return copy.deepcopy(_claims(), memo)


_UNSEEN = object()


def _claims_or_none() -> Claims | None:
    identity = current_identity()
    return None if identity is None else identity[0]


def _claims() -> Claims:
    claims = _claims_or_none()
    return _NoClaims() if claims is None else claims


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: _CurrentClaims, *args: Any, **kwargs: Any) -> Any:
        return getattr(_claims(), name)(*args, **kwargs)

    method.__name__ = name
    return method


for _name in (
    *("__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__", "__reversed__", "__len__"),
    *("__or__", "__ior__", "__repr__", "__str__"),
    *("keys", "values", "items", "get", "pop", "popitem", "setdefault", "update", "clear", "copy"),
):
    setattr(_CurrentClaims, _name, _forwarded(_name))

current_cognito_jwt: Claims = _CurrentClaims()
"""The verified `Claims` of this request's token; falsy where there is none."""
