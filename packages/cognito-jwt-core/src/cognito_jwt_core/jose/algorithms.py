"""The algorithm table: one row per ``alg``. Only this module imports jwcrypto and cryptography."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from cognito_jwt_core.errors import shown
from cognito_jwt_core.jose import base64url

_MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
_MAX_RSA_BITS = 16384  # OpenSSL's own limit. With a larger modulus, every check would be slow and then fail.
_P256_BYTES = 32  # of a coordinate, and of each half of a signature
_PUBLIC_PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*")


class UnfitKeyError(ValueError):
    """A member of a JWK Set is not fit to verify signatures. The message says why."""


# jwcrypto has no types for its public keys.
PublicKey: TypeAlias = Any
KeyMembers: TypeAlias = Mapping[str, str]
"""The members of a JWK that describe the key itself: ``kty`` with ``n`` and ``e``, or with ``crv``, ``x`` and ``y``."""


class Algorithm(NamedTuple):
    """One row of the table.

    Attributes:
        name: The ``alg`` (RFC 7518 section 3.1).
        key_type: Its keys' ``kty``.
        curve: Its keys' ``crv``; None for key types without curves.
        read_key: Function that checks and returns the key members of a JWK. Raises `UnfitKeyError`.
        check: Function that checks a signature. Raises `InvalidSignature`.
    """

    name: str
    key_type: str
    curve: str | None
    read_key: Callable[[Mapping[str, Any]], KeyMembers]
    check: Callable[[PublicKey, bytes, bytes], None]

    def fits(self, jwk: Mapping[str, Any]) -> bool:
        """Return whether a JWK fits this algorithm by ``kty``, ``crv``, and ``alg`` if the JWK has one."""
        return (
            jwk.get("kty") == self.key_type
            and self.curve in (None, jwk.get("crv"))
            and jwk.get("alg", self.name) == self.name
        )

    def verify(self, public_key: PublicKey, signing_input: bytes, signature: bytes) -> bool:
        """Return whether `signature` is this key's signature of `signing_input`."""
        try:
            self.check(public_key, signing_input, signature)
        except InvalidSignature:
            return False
        return True


def import_public_key(members: KeyMembers) -> PublicKey:
    """Return the public key that checked key members describe.

    Raises:
        UnfitKeyError: If jwcrypto or OpenSSL does not accept it, for example a point that is not on the curve.
    """
    try:
        # jwcrypto gets only the checked members.
        return JWK(**members).get_op_key("verify")
    except (JWException, ValueError) as error:
        raise UnfitKeyError(f"expected a usable {members['kty']} key") from error


def read_p256_pem(pem: bytes) -> KeyMembers:
    """Return the key members of a P-256 public key in PEM (RFC 7468 section 13).

    Raises:
        UnfitKeyError: If it is anything else, for example a private key, another curve, or more than one key.
    """
    # OpenSSL would skip text around the first block, and elsewhere accept a private key or a certificate.
    if not _PUBLIC_PEM.fullmatch(pem):
        raise UnfitKeyError("expected one public key in PEM, found other text")
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKeyError("expected a public key in PEM that can be read") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise UnfitKeyError("expected a P-256 key in PEM, found another type or curve")
    numbers = key.public_numbers()
    x, y = (
        urlsafe_b64encode(coordinate.to_bytes(_P256_BYTES, "big")).rstrip(b"=").decode()
        for coordinate in (numbers.x, numbers.y)
    )
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _read_rsa_key(jwk: Mapping[str, Any]) -> KeyMembers:
    """Read an RSA public key (RFC 7518 section 6.3.1)."""
    modulus, exponent = (int.from_bytes(_decoded(jwk, member), "big") for member in ("n", "e"))
    bits = modulus.bit_length()
    if not _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS:
        raise UnfitKeyError(f"expected an RSA key of {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits, found {bits}")
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > 64:
        raise UnfitKeyError("expected an odd RSA exponent from 3 up to 64 bits, found another")
    return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}


def _read_p256_key(jwk: Mapping[str, Any]) -> KeyMembers:
    """Read an EC public key (RFC 7518 section 6.2.1). `import_public_key` rejects points that are not on the curve."""
    for member in ("x", "y"):
        if len(_decoded(jwk, member)) != _P256_BYTES:
            raise UnfitKeyError(f"expected {member} as {_P256_BYTES} bytes, found another length")
    return {"kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"]}


def _decoded(jwk: Mapping[str, Any], member: str) -> bytes:
    """Decode a key member in base64url (RFC 7518 section 2)."""
    value = jwk.get(member)
    try:
        if not isinstance(value, str):
            raise ValueError
        return base64url.decode(value.encode("ascii"))
    except ValueError:
        raise UnfitKeyError(f"expected {member} as base64url") from None


_PADDING, _SHA256 = PKCS1v15(), SHA256()


def _check_rs256(public_key: PublicKey, signing_input: bytes, signature: bytes) -> None:
    """Check RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3). OpenSSL checks length, padding and DigestInfo."""
    public_key.verify(signature, signing_input, _PADDING, _SHA256)


def _check_es256(public_key: PublicKey, signing_input: bytes, signature: bytes) -> None:
    """Check ECDSA with P-256 and SHA-256 (RFC 7518 section 3.4). OpenSSL rejects 0 and the order as r or s."""
    if len(signature) != 2 * _P256_BYTES:
        raise InvalidSignature
    r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
    public_key.verify(encode_dss_signature(r, s), signing_input, ECDSA(_SHA256))


RS256: Final = Algorithm("RS256", "RSA", None, _read_rsa_key, _check_rs256)
ES256: Final = Algorithm("ES256", "EC", "P-256", _read_p256_key, _check_es256)

ALGORITHMS: Final[Mapping[str, Algorithm]] = {row.name: row for row in (RS256, ES256)}
"""Every algorithm of this library. Each issuer accepts only some of them; see `allowed`."""


def load_backend() -> None:
    """Import the modules that key import needs, before a worker thread needs them.

    A child that is forked while another thread imports a module could never finish that import.
    """
    import cryptography.hazmat.backends.openssl.backend  # noqa: F401


def allowed(*names: str) -> dict[str, Algorithm]:
    """Return the rows of an issuer's algorithms (RFC 8725 section 3.1)."""
    return {name: ALGORITHMS[name] for name in names}


def algorithm_of(jwk: Mapping[str, Any], algorithms: Mapping[str, Algorithm]) -> Algorithm:
    """Return the single algorithm that a key may be used with (RFC 8725 section 3.1).

    Without ``alg``, the key's type and curve determine the algorithm.

    Raises:
        UnfitKeyError: If the key fits none of `algorithms`.
    """
    for algorithm in algorithms.values():
        if algorithm.fits(jwk):
            return algorithm
    found = f"kty {shown(jwk.get('kty'))} and alg {shown(jwk.get('alg'))}"
    if "crv" in jwk:
        found += f" with crv {shown(jwk['crv'])}"
    raise UnfitKeyError(f"expected a key for {' or '.join(algorithms)}, found {found}")
