"""The algorithm table, the import of public keys, and the signature check: all that is done with jwcrypto."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from .compact import UnverifiedHeader, decode_segment
from .errors import AlgorithmNotAllowedError, InvalidSignatureError, MalformedTokenError, shown

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
_MAX_RSA_BITS = 16384  # OpenSSL's own limit: a larger modulus would make every check slow, then fail


# jwcrypto does not say which type its public keys are of.
Check: TypeAlias = Callable[[Any, bytes, bytes], bool]
"""Whether a signature is of this text by this key; `InvalidSignature` says no, too."""


class Algorithm(NamedTuple):
    """One row of the table: an `alg` of RFC 7518 section 3.1, the keys that are fit for it, and its check."""

    name: str
    key_type: str
    check: Check


_PADDING, _HASH = PKCS1v15(), SHA256()


def check_rs256(public_key: Any, signing_input: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).

    The length of the signature, its padding and its DigestInfo are OpenSSL's to judge, as in `public_key.verify`. That
    one lets go of the interpreter meanwhile: where threads compete for it, to get it back takes longer than the check.
    """
    signed: bytes = public_key.recover_data_from_signature(signature, _PADDING, _HASH)
    return signed == sha256(signing_input).digest()


ALGORITHMS = {"RS256": Algorithm("RS256", "RSA", check_rs256)}


class UnfitKeyError(ValueError):
    """A member of a JWK Set that must not verify anything; the message says why."""


class VerificationKey:
    """A public key, imported once, with the one algorithm that it verifies (RFC 8725 section 3.1).

    Two keys are equal when their material is, whatever their `kid`.
    """

    __slots__ = ("algorithm", "kid", "material", "public_key")

    def __init__(self, kid: str, algorithm: Algorithm, material: tuple[str, ...], public_key: object) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self.material = material
        self.public_key = public_key

    def __repr__(self) -> str:
        return f"<VerificationKey {shown(self.kid)} {self.algorithm.name}>"

    def as_jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517 section 4, RFC 7518 section 6.3.1)."""
        kty, n, e = self.material
        return {"kid": self.kid, "alg": self.algorithm.name, "kty": kty, "use": "sig", "n": n, "e": e}

    def check_signature(self, signing_input: bytes, signature: bytes) -> None:
        """JWS signature validation (RFC 7515 section 5.2).

        Raises:
            InvalidSignatureError: The signature is not of this text by this key.
        """
        try:
            holds = self.algorithm.check(self.public_key, signing_input, signature)
        except InvalidSignature:
            holds = False
        if not holds:
            raise InvalidSignatureError(f"signature: expected one by key {shown(self.kid)}, found another")


def check_critical(header: UnverifiedHeader, allowed: Mapping[str, Algorithm]) -> None:
    """No ``crit``: no extension is understood here (RFC 7515 section 4.1.11)."""
    if header.crit:
        raise MalformedTokenError("crit: expected no critical extensions in the header, found some")


def check_algorithm(header: UnverifiedHeader, allowed: Mapping[str, Algorithm]) -> None:
    """``alg`` is one of `allowed`, letter for letter (RFC 8725 section 3.1)."""
    if not isinstance(header.alg, str) or header.alg not in allowed:
        raise AlgorithmNotAllowedError(f"alg: expected {' or '.join(allowed)}, found {shown(header.alg)}")


def check_kid(header: UnverifiedHeader, allowed: Mapping[str, Algorithm]) -> None:
    """``kid`` says which key it is (RFC 7515 section 4.1.4); Cognito always does."""
    if not isinstance(header.kid, str) or not header.kid:
        raise MalformedTokenError(f"kid: expected the id of a key in the header, found {shown(header.kid)}")


HEADER_RULES = (check_critical, check_algorithm, check_kid)


def check_header(header: UnverifiedHeader, allowed: Mapping[str, Algorithm]) -> str:
    """Ask every rule of the header, up to the first that is broken; answers the `kid`.

    Raises:
        MalformedTokenError: `crit` is there, or `kid` is not.
        AlgorithmNotAllowedError: `alg` is not allowed.
    """
    for rule in HEADER_RULES:
        rule(header, allowed)
    return str(header.kid)


def import_key(jwk: object, allowed: Mapping[str, Algorithm]) -> VerificationKey:
    """The key that a member of a JWK Set describes (RFC 7517 section 4).

    Raises:
        UnfitKeyError: It is no public key for signatures of an allowed algorithm.
    """
    if not isinstance(jwk, Mapping):
        raise UnfitKeyError("expected an object")
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise UnfitKeyError("expected a kid")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise UnfitKeyError("expected a public key, found private material")
    if jwk.get("use", "sig") != "sig" or "verify" not in _key_ops(jwk):
        raise UnfitKeyError("expected a key for signatures, found one for another use")
    algorithm = _algorithm_of(jwk, allowed)
    material = _rsa_material(jwk)
    key = VerificationKey(kid, algorithm, material, _public_key(material))
    with suppress(Exception):  # whatever a check says of nothing
        # With the first one cryptography imports more of itself: here a fork waits for that, see `load_key_set`.
        key.check_signature(b"", b"")
    return key


def _key_ops(jwk: Mapping[str, Any]) -> tuple[object, ...]:
    operations = jwk.get("key_ops", ["verify"])
    return tuple(operations) if isinstance(operations, (list, tuple)) else ()


def _algorithm_of(jwk: Mapping[str, Any], allowed: Mapping[str, Algorithm]) -> Algorithm:
    for algorithm in allowed.values():
        if jwk.get("kty") == algorithm.key_type and jwk.get("alg", algorithm.name) == algorithm.name:
            return algorithm
    raise UnfitKeyError(
        f"expected a key for {' or '.join(allowed)}, found kty {shown(jwk.get('kty'))} and alg {shown(jwk.get('alg'))}"
    )


def _rsa_material(jwk: Mapping[str, Any]) -> tuple[str, str, str]:
    modulus, exponent = _unsigned(jwk, "n"), _unsigned(jwk, "e")
    bits = modulus.bit_length()
    if not _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS:
        raise UnfitKeyError(f"expected an RSA key of {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits, found {bits}")
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > 64:
        raise UnfitKeyError("expected an odd RSA exponent from 3 up to 64 bits, found another")
    return "RSA", jwk["n"], jwk["e"]


def _unsigned(jwk: Mapping[str, Any], member: str) -> int:
    """A Base64urlUInt (RFC 7518 section 2)."""
    value = jwk.get(member)
    try:
        if not isinstance(value, str):
            raise ValueError
        segment = value.encode("ascii")
        return int.from_bytes(decode_segment(segment), "big")
    except ValueError:
        raise UnfitKeyError(f"expected {member} as base64url") from None


def _public_key(material: tuple[str, str, str]) -> object:
    kty, n, e = material
    try:
        # From the checked material alone: no other member reaches jwcrypto.
        return JWK(kty=kty, n=n, e=e).get_op_key("verify")
    except (JWException, ValueError) as error:
        raise UnfitKeyError("expected a usable RSA key") from error
