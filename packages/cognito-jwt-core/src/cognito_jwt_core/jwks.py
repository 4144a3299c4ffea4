"""`KeySet`: an immutable snapshot of the keys of one JWK Set, by `kid`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from . import fork
from .errors import shown
from .signature import Algorithm, UnfitKeyError, VerificationKey, import_key
from .strict_json import parse_object

_log = logging.getLogger(__name__)

_MAX_TOLD = 10


class KeySet:
    """The usable keys of a JWK Set (RFC 7517 section 5). Never changes: a refresh makes a new one.

    Attributes:
        get: The key of a `kid`, None where there is none.
        left_out: For each member that is not usable, its `kid` (shown) and why.
    """

    __slots__ = ("_keys", "get", "left_out")

    get: Callable[[str], VerificationKey | None]

    def __init__(self, keys: Mapping[str, VerificationKey], left_out: tuple[str, ...] = ()) -> None:
        self._keys = dict(keys)
        self.get = self._keys.get
        self.left_out = left_out

    def as_jwks(self) -> dict[str, object]:
        """These keys as a JWK Set, with nothing in it but what verification needs."""
        return {"keys": [key.as_jwk() for key in self._keys.values()]}

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def load_key_set(
    document: Mapping[str, object] | bytes | str, allowed: Mapping[str, Algorithm], previous: KeySet | None = None
) -> KeySet:
    """The keys of `document` that are fit for an allowed algorithm; a bad one never spoils the good ones.

    Args:
        document: A JWK Set, as mapping or JSON text.
        allowed: The algorithm table of who will verify with the keys.
        previous: The set that this one follows: what it left out already is not logged again.

    Raises:
        ValueError: It is no JWK Set, or none of its keys is usable.
    """
    members = _members(document)
    keys: dict[str, VerificationKey] = {}
    left_out: list[str] = []
    for member in members:
        try:
            with fork.importing:  # with its first key and first check cryptography imports more of itself
                key = import_key(member, allowed)
            if key.kid in keys:
                raise UnfitKeyError("expected a kid of its own, found that of an earlier key")
            keys[key.kid] = _same_or_new(key, previous)
        except UnfitKeyError as error:
            kid = member.get("kid") if isinstance(member, Mapping) else None
            left_out.append(f"{shown(kid)}: {error}")
    told = frozenset(previous.left_out if previous else ())
    _tell_left_out([line for line in left_out if line not in told])
    if not keys:
        raise ValueError(f"expected a JWK Set with a usable key, found {len(members)} without")
    return KeySet(keys, tuple(left_out))


def _tell_left_out(lines: list[str]) -> None:
    for line in lines[:_MAX_TOLD]:
        _log.warning("left a key out of the set, %s", line)
    if len(lines) > _MAX_TOLD:
        _log.warning("left %d more keys out of the set", len(lines) - _MAX_TOLD)


def _members(document: Mapping[str, object] | bytes | str) -> list[object]:
    if isinstance(document, str):
        document = document.encode("utf-8", "surrogatepass")
    members = (parse_object(document) if isinstance(document, bytes) else document).get("keys")
    if not isinstance(members, list):
        raise ValueError("expected a JWK Set with an array of keys, found none")
    return members


def _same_or_new(key: VerificationKey, previous: KeySet | None) -> VerificationKey:
    """A key that stays keeps its object, so that "the very same key" is one comparison of identity."""
    known = previous.get(key.kid) if previous else None
    same = known is not None and known.material == key.material and known.algorithm is key.algorithm
    return known if known is not None and same else key
