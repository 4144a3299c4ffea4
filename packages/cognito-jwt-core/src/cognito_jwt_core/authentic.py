"""`AuthenticToken`: a token whose signature held, and what is kept of it to answer it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .claims import Claims
from .compact import UnverifiedToken, parse_payload
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

    Many tokens are verified once. The first caller gets what was parsed to verify, and the JSON is kept; for the
    second it is parsed again, and copied for all who follow.

    Attributes:
        met: The demands that the claims met when they were last asked.
        begins: The moment from which they meet them.
        ends: The moment from which they do not.
    """

    __slots__ = ("_kept", "_parsed", "_payload_json", "begins", "digest", "ends", "key", "kid", "met", "store")

    begins: float
    ends: float

    def __init__(self, opened: OpenToken, key: VerificationKey) -> None:
        self.digest = opened.digest
        self.kid = opened.kid
        self.store = opened.store
        self.key = key
        self.met: VerificationPolicy | None = None
        self._payload_json = opened.payload_json
        self._parsed: dict[str, object] | None = opened.payload()
        self._kept: tuple[dict[str, object], list[tuple[str, _Copy]]] | None = None

    @property
    def payload(self) -> Mapping[str, object]:
        """The claims, to look at; `claims` gives them away."""
        return self._parsed or (self._kept or self._keep())[0]

    def claims(self) -> Claims:
        """The caller's own, down to the nested values: what is done with it reaches nobody else."""
        if self._parsed is not None:
            claims, self._parsed = Claims(self._parsed), None
            return claims
        payload, copies = self._kept or self._keep()
        claims = Claims(payload)
        try:
            for name, copy in copies:
                claims[name] = copy(payload[name])
        except RecursionError:  # the parser goes deeper than a copy
            return Claims(parse_payload(self._payload_json))
        return claims

    def _keep(self) -> tuple[dict[str, object], list[tuple[str, _Copy]]]:
        payload = parse_payload(self._payload_json)
        self._kept = payload, [(name, _copy_of(value)) for name, value in payload.items() if type(value) in _CONTAINERS]
        return self._kept


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
