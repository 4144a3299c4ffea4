"""`VerifiedToken`: a token with a valid signature, and the data needed to answer it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.policy import AnyClaims, VerificationPolicy
from cognito_jwt_core.jwt.rules import validity_period

_CONTAINERS = frozenset((dict, list))
_Copy: TypeAlias = Callable[[Any], object]

Verdict: TypeAlias = tuple[VerificationPolicy | None, float, float]
"""A policy that the claims met, the first second at which they meet it, and the first at which they no longer do."""


class VerifiedToken:
    """The payload of a token whose signature is valid.

    Attributes:
        issuer: Value of ``iss``, which selected the key; None if it is not a str.
        key: The key that verified the signature.
        payload: The claims. Callers share them; `claims` copies them.
        is_remembered: Whether the token has been accepted before.
    """

    __slots__ = ("_copies", "_verdict", "is_remembered", "issuer", "key", "payload")

    def __init__(self, issuer: str | None, payload: Mapping[str, object], key: VerificationKey) -> None:
        self.issuer: str | None = issuer
        self.key: VerificationKey = key
        self.payload: Mapping[str, object] = payload
        self.is_remembered: bool = False
        self._verdict: Verdict = None, 0.0, 0.0  # assigned as one value, because threads share the token
        self._copies = [(name, _copy_of(value)) for name, value in payload.items() if type(value) in _CONTAINERS]

    def check(self, policy: VerificationPolicy, now: float) -> None:
        """Check the claims, unless they are known to meet `policy` now. Only time can change that.

        Only a remembered token gets a verdict: a new one may never come back.

        Raises:
            InvalidClaimError: If a claim breaks a rule.
        """
        met, valid_from, valid_until = self._verdict
        if policy is not met or not valid_from <= now < valid_until:
            policy.check(self.payload, now)
            if self.is_remembered:
                self._verdict = policy, *validity_period(self.payload, policy)

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
