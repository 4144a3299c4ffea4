"""The tokens of every measurement, the keys that verify them, and the floor: the bare RSA verification."""

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
    """Keys from elsewhere: what a verifier does with those of the pool's URL, without the network."""

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

    def verifier(self, cache_size: int = MEMORY, **options: Any) -> CognitoVerifier:
        """One that has its keys, and has seen a header of the pool."""
        options = {"jwks": Endpoint(self.pool.jwk_set), "user_pool": self.pool.id, **options}
        verifier = CognitoVerifier(
            options.pop("user_pool"),
            client_id=self.pool.client_id,
            token_use="access",
            cache_size=cache_size,
            **options,
        )
        verifier.prefetch()
        return verifier

    def new(self, number: int) -> list[str]:
        """The batch of a round, as strings that no one has seen: each has its hash still to be computed."""
        return [token.decode() for token in self.batches[number % len(self.batches)]]

    def known(self, number: int, among: int = MEMORY) -> list[str]:
        """Other tokens in each round, of the first ones of those that fill the memory."""
        among = min(among, len(self.seen))
        begin = number * BATCH
        return [self.seen[at % among].decode() for at in range(begin, begin + BATCH)]

    def floor(self, tokens: list[str]) -> float:
        """Seconds to verify a signature, and nothing else: all that is signed has been taken apart before."""
        padding, digest, verify = PKCS1v15(), SHA256(), self.public_key.verify
        return seconds_each(lambda parts: verify(parts[0], parts[1], padding, digest), map(split, tokens))

    def invented(self, count: int) -> Iterator[str]:
        """Tokens that name keys which nobody has, each another."""
        payload = self.seen[0].split(b".")[1].decode()
        signature = encoded(secrets.token_bytes(256))
        for _ in range(count):
            header = f'{{"kid":"{secrets.token_urlsafe(32)}","alg":"RS256"}}'
            yield f"{encoded(header.encode())}.{payload}.{signature}"


def split(token: str) -> tuple[bytes, bytes]:
    """The signature, and what it is of."""
    signing_input, _, signature = token.rpartition(".")
    return base64.urlsafe_b64decode(signature + "=="), signing_input.encode()


def encoded(data: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def other_keys(count: int) -> list[dict[str, str]]:
    """RSA keys that nobody has the private half of: random numbers for moduli, since a million primes take a while."""
    keys = []
    for number in range(count):
        modulus = bytearray(secrets.token_bytes(256))
        modulus[0] |= 0x80
        modulus[-1] |= 1
        keys.append(
            {"kid": f"other-{number}", "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": encoded(modulus)}
        )
    return keys
