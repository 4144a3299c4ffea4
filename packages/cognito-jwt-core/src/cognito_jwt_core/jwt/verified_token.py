"""`VerifiedToken`: a token with a valid signature, and the data needed to answer it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.policy import AnyClaims, VerificationPolicy

_CONTAINERS = frozenset((dict, list))
_Copy: TypeAlias = Callable[[Any], object]


class Verdict(NamedTuple):
    """A policy that the claims met, and the period in which they meet it.

    Attributes:
        policy: The policy.
        valid_from: The first second at which the claims meet it.
        valid_until: The first second at which they no longer do.
    """

    policy: VerificationPolicy
    valid_from: float
    valid_until: float

    def holds(self, policy: VerificationPolicy, now: float) -> bool:
        """Return whether the claims meet `policy` now. Only time can change the result."""
        return policy is self.policy and self.valid_from <= now < self.valid_until


class VerifiedToken:
    """The payload of a token whose signature is valid.

    Attributes:
        issuer: Value of ``iss``, which selected the key; None if it is not a str.
        key: The key that verified the signature.
        payload: The claims. Callers share them; `claims` copies them.
        verdict: Latest result of checking the claims, None before the first. It is assigned as one value, because
            threads share the token.
        is_remembered: Whether the token has been accepted before.
    """

    __slots__ = ("_copies", "is_remembered", "issuer", "key", "payload", "verdict")

    def __init__(self, issuer: str | None, payload: Mapping[str, object], key: VerificationKey) -> None:
        self.issuer: str | None = issuer
        self.key: VerificationKey = key
        self.payload: Mapping[str, object] = payload
        self.verdict: Verdict | None = None
        self.is_remembered: bool = False
        self._copies = [(name, _copy_of(value)) for name, value in payload.items() if type(value) in _CONTAINERS]

    def claims(self, kind: type[AnyClaims]) -> AnyClaims:
        """Return a deep copy of the claims. Changing it affects no other caller."""
        claims = kind(self.payload)
        for name, copy in self._copies:
            claims[name] = copy(claims[name])
        return claims


def _copy_of(container: Any) -> _Copy:
    """Return a function that copies a container: its type, unless it contains other containers."""
    values = container.values() if type(container) is dict else container
    return type(container) if _CONTAINERS.isdisjoint(map(type, values)) else _deep_copy


def _deep_copy(value: Any) -> object:
    if type(value) is list:
        return [_deep_copy(item) for item in value]
    if type(value) is dict:
        return {name: _deep_copy(item) for name, item in value.items()}
    return value
