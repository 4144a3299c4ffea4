"""RSA keys for local pools: generated once per process, since one costs a tenth of a second."""

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


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """An RSA key pair of a pool, with the public half in the form in which Cognito publishes it.

    Attributes:
        jwk: The key pair.
        public_jwk: The member of the pool's JWK Set: `alg`, `e`, `kid`, `kty`, `n`, `use`.
    """

    jwk: JWK
    public_jwk: Mapping[str, str]

    @property
    def kid(self) -> str:
        """The key's id, which is also the `kid` of what it signs."""
        return self.public_jwk["kid"]

    @property
    def public_pem(self) -> bytes:
        """The public half as PEM, as a verifier would write it to a file."""
        return self.jwk.export_to_pem()

    def sign(self, signing_input: bytes, algorithm: str = "RS256") -> bytes:
        """Return the signature over some bytes."""
        return sign_with(self.jwk, algorithm, signing_input)


def sign_with(key: JWK, algorithm: str, signing_input: bytes) -> bytes:
    """Return the signature that a key of any type makes with an algorithm that fits it."""
    signer: Any = JWA.signing_alg(algorithm)  # its stubs know no `sign`
    signature: bytes = signer.sign(key, signing_input)
    return signature


_generating = threading.Lock()


def cached_key(owner: str, generation: int) -> SigningKey:
    """Return the n-th key of an owner, always the same one within this process.

    Keys belong to an owner so that two pools never share one, and are remembered so that
    a thousand tests with a pool each generate one key, not a thousand.
    """
    with _generating:  # else two threads that ask at once would get one each
        return _generated_key(owner, generation)


@functools.cache
def _generated_key(owner: str, generation: int) -> SigningKey:
    return _with_public_half(JWK.generate(kty="RSA", size=2048))


def load_key(key: Mapping[str, object] | str | bytes) -> SigningKey:
    """Return the signing key that a private JWK or PEM text holds.

    Args:
        key: A private RSA key as a JWK mapping, or as PEM. The `kid` of a JWK is kept.

    Raises:
        ValueError: It is another kind of key, or the public half alone.
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
    # Cognito's key ids are 32 bytes in standard, padded base64: with "+", "/" and "=", which an id made of
    # letters alone would never put to the test.
    return base64.b64encode(hashlib.sha256(modulus.encode()).digest()).decode()
