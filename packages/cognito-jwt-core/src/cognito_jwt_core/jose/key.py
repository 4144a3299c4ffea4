"""`VerificationKey`: a JWK, imported to verify signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_jwt_core.errors import AlgorithmNotAllowedError, InvalidSignatureError, shown
from cognito_jwt_core.jose.algorithms import (
    Algorithm,
    KeyMembers,
    PublicKey,
    UnfitKeyError,
    algorithm_of,
    import_public_key,
)

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class VerificationKey:
    """A public key, imported once, with its single algorithm (RFC 8725 section 3.1).

    Attributes:
        kid: Its id in the JWK Set.
        algorithm: Its row of the algorithm table.
        material: The key itself. Two keys with the same material are the same key, whatever their `kid` is.
    """

    __slots__ = ("_public_key", "algorithm", "kid", "material")

    def __init__(self, kid: str, algorithm: Algorithm, material: KeyMembers, public_key: PublicKey) -> None:
        self.kid: str = kid
        self.algorithm: Algorithm = algorithm
        self.material: KeyMembers = material
        self._public_key = public_key

    def __repr__(self) -> str:
        return f"<VerificationKey {shown(self.kid)} {self.algorithm.name}>"

    def as_jwk(self) -> dict[str, str]:
        """Return the public key as a JWK (RFC 7517 section 4)."""
        return {"kid": self.kid, "alg": self.algorithm.name, "use": "sig", **self.material}

    def verify(self, algorithm: Algorithm, signing_input: bytes, signature: bytes) -> None:
        """Verify a JWS signature (RFC 7515 section 5.2).

        Args:
            algorithm: The algorithm that the token's header names.
            signing_input: The signed text.
            signature: The signature.

        Raises:
            AlgorithmNotAllowedError: If the header names a different algorithm than the key's.
            InvalidSignatureError: If the signature does not match this key and text.
        """
        # One key, one algorithm: the header must not choose how a key is used (RFC 8725 section 3.1).
        if algorithm is not self.algorithm:
            raise AlgorithmNotAllowedError(
                f"alg: expected {self.algorithm.name}, the algorithm of key {shown(self.kid)}, found {algorithm.name}"
            )
        if not algorithm.verify(self._public_key, signing_input, signature):
            raise InvalidSignatureError(f"signature: expected one made with key {shown(self.kid)}, found another")


def import_key(jwk: object, algorithms: Mapping[str, Algorithm]) -> VerificationKey:
    """Import a member of a JWK Set (RFC 7517 section 4).

    Args:
        jwk: The member.
        algorithms: Algorithms of the issuer that publishes the set.

    Raises:
        UnfitKeyError: If it is not a public key for signatures by one of `algorithms`.
    """
    if not isinstance(jwk, Mapping):
        raise UnfitKeyError("expected an object")
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise UnfitKeyError("expected a kid")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise UnfitKeyError("expected a public key, found private material")
    if jwk.get("use", "sig") != "sig" or not _may_verify(jwk.get("key_ops", ["verify"])):
        raise UnfitKeyError("expected a key for signatures, found one for another use")
    algorithm = algorithm_of(jwk, algorithms)
    material = algorithm.read_key(jwk)
    return VerificationKey(kid, algorithm, material, import_public_key(material))


def _may_verify(operations: Any) -> bool:
    """Return whether ``key_ops`` is a list of texts with "verify", without duplicates (RFC 7517 section 4.3)."""
    return (
        isinstance(operations, (list, tuple))
        and "verify" in operations
        and all(isinstance(operation, str) and operations.count(operation) == 1 for operation in operations)
    )
