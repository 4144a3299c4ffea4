"""RSA and EC keys for local pools and load balancers, generated once per process. An RSA key takes about 0.1 s."""

import base64
import functools
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwcrypto.jwa import JWA
from jwcrypto.jwk import JWK


@functools.cache
def ec_key(owner: str, generation: int) -> JWK:
    """Return a P-256 key. The same arguments return the same key within this process.

    Args:
        owner: The load balancer's ARN, or any name.
        generation: Number of rotations before this key.
    """
    return JWK.generate(kty="EC", crv="P-256")


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """An RSA key pair of a pool, with the public key in the form that Cognito publishes.

    Attributes:
        jwk: The key pair.
        public_jwk: The public key as a member of the pool's JWK Set, with `alg`, `e`, `kid`, `kty`, `n` and `use`.
    """

    jwk: JWK
    public_jwk: Mapping[str, str]

    @property
    def kid(self) -> str:
        """Return the key's id, which is the `kid` of the tokens that it signs."""
        return self.public_jwk["kid"]

    @property
    def public_pem(self) -> bytes:
        """Return the public key as PEM, for example to write it to a file."""
        return self.jwk.export_to_pem()

    def sign(self, signing_input: bytes, algorithm: str = "RS256") -> bytes:
        """Return the signature of a token's signing input. Spec: RFC 7515 section 5.1."""
        return sign_with(self.jwk, algorithm, signing_input)


def sign_with(key: JWK, algorithm: str, signing_input: bytes) -> bytes:
    """Return a signature.

    Args:
        key: A private key of any type.
        algorithm: Name of an algorithm for keys of this type, such as `"ES256"`. Spec: RFC 7518 section 3.1.
        signing_input: The bytes to sign.
    """
    signer: Any = JWA.signing_alg(algorithm)  # its stubs lack `sign`
    signature: bytes = signer.sign(key, signing_input)
    return signature


_generating = threading.Lock()


def cached_key(owner: str, generation: int) -> SigningKey:
    """Return an RSA key. The same arguments return the same key within this process.

    A thousand tests that use the same pool id therefore generate one key.

    Args:
        owner: The pool's id, or any name. Two owners never share a key.
        generation: Number of rotations before this key.
    """
    with _generating:  # otherwise, two threads at once would each get a different key
        return _generated_key(owner, generation)


@functools.cache
def _generated_key(owner: str, generation: int) -> SigningKey:
    return _with_public_half(JWK.generate(kty="RSA", size=2048))


def load_key(key: Mapping[str, object] | str | bytes) -> SigningKey:
    """Return the signing key in a private JWK or PEM text.

    Args:
        key: A private RSA key as a JWK mapping, or as PEM. If a JWK has a `kid`, the signing key has the same one.

    Raises:
        ValueError: If it is another kind of key, or only a public key.
    """
    if isinstance(key, str | bytes):
        jwk, kid = JWK.from_pem(key.encode() if isinstance(key, str) else key), None
    else:
        jwk, kid = JWK.from_json(json.dumps(dict(key))), key.get("kid")
    if jwk.get("kty") != "RSA" or not jwk.has_private:
        raise ValueError("signing_key: expected a private RSA key")
    return _with_public_half(jwk, kid if isinstance(kid, str) else None)


def _with_public_half(jwk: JWK, kid: str | None = None) -> SigningKey:
    public: dict[str, str] = jwk.export_public(as_dict=True)
    members = {"alg": "RS256", "e": public["e"], "kid": kid or _kid_of(public["n"]), "kty": "RSA", "n": public["n"]}
    return SigningKey(jwk, members | {"use": "sig"})


def _kid_of(modulus: str) -> str:
    # Cognito's key ids are 32 bytes in standard, padded base64, with "+", "/" and "=". An id of letters only would
    # never test these.
    return base64.b64encode(hashlib.sha256(modulus.encode()).digest()).decode()
