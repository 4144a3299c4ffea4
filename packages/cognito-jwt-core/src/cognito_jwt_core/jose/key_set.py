"""`KeySet`: an immutable snapshot of the keys of one JWK Set, by `kid`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from cognito_jwt_core.errors import shown
from cognito_jwt_core.jose.algorithms import Algorithm, UnfitKeyError
from cognito_jwt_core.jose.key import VerificationKey, import_key
from cognito_jwt_core.jose.strict_json import parse_object

_log = logging.getLogger("cognito_jwt_core.keys")

_MAX_LOGGED = 10


class KeySet:
    """The usable keys of a JWK Set (RFC 7517 section 5). It is immutable. A refresh creates a new one.

    Attributes:
        get: Return the key with a `kid`, or None.
        left_out: `kid` and reason for each unusable member.
    """

    __slots__ = ("_keys", "get", "left_out")

    get: Callable[[str], VerificationKey | None]

    def __init__(self, keys: Mapping[str, VerificationKey], left_out: tuple[str, ...] = ()) -> None:
        self._keys = dict(keys)
        self.get = self._keys.get
        self.left_out: tuple[str, ...] = left_out

    def as_jwks(self) -> dict[str, object]:
        """Return these keys as a JWK Set, with only the members that verification needs."""
        return {"keys": [key.as_jwk() for key in self._keys.values()]}

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def load_key_set(
    document: Mapping[str, object] | bytes | str, algorithms: Mapping[str, Algorithm], previous: KeySet | None = None
) -> KeySet:
    """Return the keys in `document` that fit an algorithm of the issuer. An unfit key never affects the others.

    Args:
        document: A JWK Set, as mapping or JSON text.
        algorithms: Algorithms of the issuer that publishes the set.
        previous: The set that this one replaces. Keys that it also left out are not logged again.

    Raises:
        ValueError: If `document` is not a JWK Set, or none of its keys is usable.
    """
    members = _members(document)
    keys: dict[str, VerificationKey] = {}
    left_out: list[str] = []
    for member in members:
        try:
            key = import_key(member, algorithms)
            if key.kid in keys:
                raise UnfitKeyError("expected a unique kid, found that of an earlier key")
            keys[key.kid] = _same_or_new(key, previous)
        except UnfitKeyError as error:
            kid = member.get("kid") if isinstance(member, Mapping) else None
            left_out.append(f"{shown(kid)}: {error}")
    logged = frozenset(previous.left_out if previous else ())
    _log_left_out([line for line in left_out if line not in logged])
    if not keys:
        raise ValueError(f"expected a JWK Set with a usable key, found {len(members)} without")
    return KeySet(keys, tuple(left_out))


def _log_left_out(lines: list[str]) -> None:
    for line in lines[:_MAX_LOGGED]:
        _log.warning("left a key out of the set, %s", line)
    if len(lines) > _MAX_LOGGED:
        _log.warning("left %d more keys out of the set", len(lines) - _MAX_LOGGED)


def _members(document: Mapping[str, object] | bytes | str) -> list[object]:
    if isinstance(document, str):
        document = document.encode("utf-8", "surrogatepass")
    members = (parse_object(document) if isinstance(document, bytes) else document).get("keys")
    if not isinstance(members, list):
        raise ValueError("expected a JWK Set with an array of keys, found none")
    return members


def _same_or_new(key: VerificationKey, previous: KeySet | None) -> VerificationKey:
    """Reuse the object of an unchanged key, so that an identity comparison shows whether a key is the same."""
    known = previous.get(key.kid) if previous else None
    same = known is not None and known.material == key.material and known.algorithm is key.algorithm
    return known if known is not None and same else key
