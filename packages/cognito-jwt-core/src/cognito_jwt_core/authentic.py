"""`AuthenticToken`: a token whose signature held, and what is kept of it to answer it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .claims import Claims
from .compact import UnverifiedToken
from .errors import MalformedTokenError
from .key_store import KeyFinder
from .policy import VerificationPolicy
from .signature import VerificationKey

_CONTAINERS = frozenset((dict, list))
_Copy: TypeAlias = Callable[[Any], object]


class OpenToken(UnverifiedToken):
    """A token whose text and header are in order, with where its key may be; nothing of it is verified."""

    __slots__ = ("digest", "kid", "store")

    digest: bytes
    kid: str
    store: KeyFinder


class AuthenticToken:
    """A payload whose signature held by `key`.

    Attributes:
        payload: The claims, to look at; `claims` gives them away.
        met: The demands that the claims met when they were last asked.
        begins: The moment from which they meet them.
        ends: The moment from which they do not.
    """

    __slots__ = ("_copies", "begins", "digest", "ends", "key", "kid", "met", "payload", "store")

    begins: float
    ends: float

    def __init__(self, opened: OpenToken, key: VerificationKey) -> None:
        self.digest = opened.digest
        self.kid = opened.kid
        self.store = opened.store
        self.key = key
        self.met: VerificationPolicy | None = None
        self.payload: Mapping[str, object] = opened.payload()
        self._copies = [(name, _copy_of(value)) for name, value in self.payload.items() if type(value) in _CONTAINERS]

    def claims(self) -> Claims:
        """The caller's own, down to the nested values: what is done with it reaches nobody else.

        Raises:
            MalformedTokenError: They nest too deep to be copied.
        """
        claims = Claims(self.payload)
        try:
            for name, copy in self._copies:
                claims[name] = copy(claims[name])
        except RecursionError:
            raise MalformedTokenError("payload: expected JSON of a sane depth, found it nested too deep") from None
        return claims


def _copy_of(container: Any) -> _Copy:
    """What copies it: its type, unless it holds containers itself."""
    values = container.values() if type(container) is dict else container
    return type(container) if _CONTAINERS.isdisjoint(map(type, values)) else _deep_copy


def _deep_copy(value: Any) -> object:
    if type(value) is list:
        return [_deep_copy(item) for item in value]
    if type(value) is dict:
        return {name: _deep_copy(item) for name, item in value.items()}
    return value
