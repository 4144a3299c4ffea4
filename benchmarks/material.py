"""The tokens of every measurement, verifiers for them, and the floor: the bare RSA verification."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from cognito_jwt_core import CognitoVerifier, JWKSResponse
from cognito_jwt_core.testing import LocalUserPool
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from measuring import seconds_each

MEMORY = 1024
BATCH = 40


class Endpoint:
    """A key source that needs no network."""

    def __init__(self, jwk_set: Mapping[str, object]) -> None:
        self.jwk_set = jwk_set

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(self.jwk_set, max_age_seconds=3600)


class Material:
    """A pool, tokens to fill a memory with, and batches of tokens that are new when their round comes."""

    def __init__(self, batches: int, seen: int = MEMORY, **claims: object) -> None:
        self.pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
        tokens = [
            self.pool.access_token("alice", groups=["admin"], scopes=["todo/read"], expires_in=86400, claims=claims)
            for _ in range(seen + BATCH * batches)
        ]
        self.seen = [token.encode() for token in tokens[:seen]]
        later = [token.encode() for token in tokens[seen:]]
        self.batches = [later[at : at + BATCH] for at in range(0, len(later), BATCH)]
        key = load_pem_public_key(self.pool.signing_key.public_pem)
        assert isinstance(key, RSAPublicKey)
        self.public_key = key

    def verifier(self, **options: Any) -> CognitoVerifier:
        """Return a verifier that has its keys."""
        verifier = CognitoVerifier(
            self.pool.id,
            client_id=self.pool.client_id,
            token_use="access",
            jwks=Endpoint(self.pool.jwk_set),
            **{"cache_size": MEMORY, **options},
        )
        verifier.prefetch()
        return verifier

    def new(self, number: int) -> list[str]:
        """Return the batch of a round as new strings, whose hash Python has not computed."""
        return [token.decode() for token in self.batches[number % len(self.batches)]]

    def known(self, number: int) -> list[str]:
        """Return other tokens in each round, of those that fill the memory."""
        begin = number * BATCH
        return [self.seen[at % len(self.seen)].decode() for at in range(begin, begin + BATCH)]

    def floor(self, tokens: list[str]) -> float:
        """Return the seconds that the signature check alone takes, with every part decoded before."""
        padding, digest, verify = PKCS1v15(), SHA256(), self.public_key.verify
        return seconds_each(lambda parts: verify(parts[0], parts[1], padding, digest), map(split, tokens))

    def invented(self, count: int) -> Iterator[str]:
        """Yield tokens that name keys which do not exist."""
        payload = self.seen[0].split(b".")[1].decode()
        signature = encoded(secrets.token_bytes(256))
        for _ in range(count):
            header = f'{{"kid":"{secrets.token_urlsafe(32)}","alg":"RS256"}}'
            yield f"{encoded(header.encode())}.{payload}.{signature}"


def split(token: str) -> tuple[bytes, bytes]:
    """Return the signature, and what is signed."""
    signing_input, _, signature = token.rpartition(".")
    return base64.urlsafe_b64decode(signature + "=="), signing_input.encode()


def encoded(data: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
