"""How a local JWKS server answers: well, badly, late, or not at all."""

import functools
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Drip = Literal["headers", "body"]
Cut = Literal["reset", "close"]

_OVERSIZE_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way of answering.

    Attributes:
        status: The HTTP status.
        body: What is sent in place of the pool's keys: bytes, text, or a value that is sent as JSON; a callable gets
            the good body and returns the bytes to send.
        headers: Headers to add or to replace; with None as value, a header is left out.
        delay_seconds: How long nothing is sent at all.
        drip: Which part arrives byte by byte.
        drip_seconds: The pause before each byte.
        hold: Nothing is sent until `JWKSServer.release()`.
        cut: The connection ends half-way through the body: torn down, or closed as if all had been said.
        sized: Whether `Content-Length` is sent; without it the body ends with the connection.
    """

    status: int = 200
    body: object = None
    headers: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    delay_seconds: float = 0.0
    drip: Drip | None = None
    drip_seconds: float = 0.02
    hold: bool = False
    cut: Cut | None = None
    sized: bool = True

    def body_bytes(self, good: bytes) -> bytes:
        """Return the bytes to send where the pool's keys would be `good`."""
        if self.body is None:
            return good
        if callable(self.body):
            return bytes(self.body(good))
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


GOOD: Final = Behaviour()


def _padded(good: bytes) -> bytes:
    return good + b" " * _OVERSIZE_BYTES


@functools.lru_cache(maxsize=4)
def _gzip_bomb(good: bytes) -> bytes:
    return gzip.compress(_padded(good), compresslevel=6)


def _first_half(good: bytes) -> bytes:
    return good[: len(good) // 2]


MISBEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        # Every oversized or redirected answer holds the good keys, so that a client without that limit accepts it.
        "html": Behaviour(
            body="<!doctype html><title>Sign in to the Wi-Fi</title>", headers={"Content-Type": "text/html"}
        ),
        "empty": Behaviour(body=b""),
        "array": Behaviour(body=[]),
        "object": Behaviour(body={}),
        "null": Behaviour(body="null"),
        "number": Behaviour(body="1e400"),
        "no-keys": Behaviour(body={"keys": []}),
        "keys-no-array": Behaviour(body={"keys": {"kid": "x"}}),
        "keys-of-nonsense": Behaviour(body={"keys": [None, 1, "x", [], {}, {"kty": 7, "kid": []}]}),
        "garbage": Behaviour(body=bytes(range(256)) * 8),
        "half-json": Behaviour(body=_first_half),
        "deep-nesting": Behaviour(body="[" * 200_000),
        "long-number": Behaviour(body='{"keys":' + "9" * 20_000 + "}"),
        "too-big": Behaviour(body=_padded),
        "too-big-unsized": Behaviour(body=_padded, sized=False),
        "gzip-bomb": Behaviour(body=_gzip_bomb, headers={"Content-Encoding": "gzip"}),
        "bad-gzip": Behaviour(headers={"Content-Encoding": "gzip"}),
        "redirect": Behaviour(status=302, body=b"", headers={"Location": "?redirected"}),
        "reset": Behaviour(cut="reset"),
        "closed-early": Behaviour(cut="close"),
    }
)
"""Answers that are no JWK Set, by name: for `JWKSServer.misbehave`, and to parametrize a test with."""
