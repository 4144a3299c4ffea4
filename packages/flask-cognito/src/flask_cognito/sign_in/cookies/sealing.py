"""Encrypt values for a cookie or a store, as a JWE with one algorithm pair and a key derived for its purpose.

A256CBC-HS512 uses a random IV of 128 bits for each text. AES-GCM would need a nonce that never repeats, for any number
of sessions, as long as `SECRET_KEY` is in use.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import NoneType
from typing import Any, NamedTuple

from cognito_jwt_core import ConfigurationError
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

_ALGORITHMS = ["dir", "A256CBC-HS512"]
_KEY_BYTES = 64
_HEADER = json.dumps(dict(zip(("alg", "enc"), _ALGORITHMS, strict=True)), separators=(",", ":"))
# With `dir`, the encrypted key is empty (RFC 7516 section 5.1).
_PREFIX = urlsafe_b64encode(_HEADER.encode()).rstrip(b"=").decode() + ".."
_MAX_TEXT = 64 * 1024
_DERIVED_KEYS_KEPT = 256


class Opened(NamedTuple):
    """A decrypted value.

    Attributes:
        value: The value.
        is_newest: Whether it was sealed with the newest secret. If not, seal it again.
    """

    value: Mapping[str, Any]
    is_newest: bool

    def __repr__(self) -> str:
        return "<Opened>"  # error trackers collect the `repr` of local variables


class Seal:
    """Seal and open values for one purpose.

    Args:
        secrets: The app's `SECRET_KEY`, then its `SECRET_KEY_FALLBACKS`.
        context: Values that the key depends on: purpose, name of the cookie, issuer, client. A text sealed in one
            context does not open in another.
        secret: Another secret that the key depends on.

    Spec: RFC 7516 (JWE compact serialization), RFC 7518 sections 4.5 and 5.2.5, RFC 5869 (HKDF).
    """

    def __init__(self, secrets: Sequence[bytes], *context: str, secret: bytes = b"") -> None:
        self._secrets = tuple(secrets)
        self._context = json.dumps(["flask-cognito", *context]).encode()
        self._secret = secret

    def seal(self, value: Mapping[str, object]) -> str:
        """Return `value` as encrypted and authenticated text in URL-safe ASCII."""
        # Never compressed, because the length would reveal secrets next to text that an attacker chooses (CRIME).
        sealed = JWE(json.dumps(value, separators=(",", ":")).encode(), protected=_HEADER)
        sealed.add_recipient(self._key(self._secrets[0]))
        return str(sealed.serialize(compact=True))

    def open(self, text: str) -> Opened | None:
        """Return the value sealed as `text`, or None if it was not sealed here for this purpose."""
        # The header must equal ours exactly. This excludes other algorithms and "zip", and makes forgeries cheap to
        # reject. With PBES2, the sender would choose how long decryption takes (CVE-2023-6681).
        if not text.startswith(_PREFIX) or len(text) > _MAX_TEXT or not text.isascii():
            return None
        for index, secret in enumerate(self._secrets):
            sealed = JWE(algs=_ALGORITHMS)
            try:
                sealed.deserialize(text, self._key(secret))
            except (JWException, ValueError):  # ValueError: not base64url
                continue
            if sealed.serialize(compact=True) != text:  # another base64 encoding, not the text that was sealed
                return None
            return Opened(json.loads(sealed.payload), is_newest=index == 0)
        return None

    def _key(self, secret: bytes) -> JWK:
        return _derived_key(secret, self._secret, self._context)


@lru_cache(_DERIVED_KEYS_KEPT)
def _derived_key(secret: bytes, salt: bytes, context: bytes) -> JWK:
    # SHA-512, because the key has 512 bits. The context separates the keys of all purposes from each other, and from
    # keys that Flask derives from the same SECRET_KEY.
    key = HKDF(SHA512(), _KEY_BYTES, salt or None, context).derive(secret)
    return JWK(kty="oct", k=urlsafe_b64encode(key).rstrip(b"=").decode())


def secrets_of(secret_key: object, fallbacks: object = None) -> tuple[bytes, ...]:
    """Return the secrets of an app, newest first.

    Raises:
        ConfigurationError: If one is empty, or neither text nor bytes.
    """
    # A str as fallbacks would be a list of one-character secrets, which anyone could guess.
    if not isinstance(fallbacks, (list, tuple, NoneType)):
        raise ConfigurationError(
            f"SECRET_KEY_FALLBACKS: expected a list of earlier keys, found {type(fallbacks).__name__}"
        )
    keys = [("SECRET_KEY", secret_key), *(("SECRET_KEY_FALLBACKS", key) for key in fallbacks or ())]
    return tuple(_secret(name, key) for name, key in keys)


def _secret(name: str, key: object) -> bytes:
    # `bytes(12345)` would be 12,345 zeros. FLASK_SECRET_KEY becomes a number if it contains only digits.
    if not isinstance(key, (str, bytes)) or not key:
        found = "an empty one" if isinstance(key, (str, bytes)) else type(key).__name__
        raise ConfigurationError(f"{name}: expected a str or bytes, found {found}")
    return key.encode() if isinstance(key, str) else key
