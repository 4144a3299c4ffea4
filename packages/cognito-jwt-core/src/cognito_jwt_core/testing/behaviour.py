"""How a local server responds: correctly, incorrectly, late, or not at all."""

import functools
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Drip = Literal["headers", "body"]
Cut = Literal["reset", "close", "silent"]
Endless = Literal["continue", "trailers"]

_OVERSIZE_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way of responding.

    Attributes:
        status: HTTP status.
        body: Sent instead of the pool's keys: bytes, text, or a value that is sent as JSON. A callable gets the normal
            body and returns the bytes to send.
        headers: Headers to add or replace. A value of None removes a header.
        delay_seconds: Time before the response begins.
        drip: Part that is sent byte by byte.
        drip_seconds: Pause before each byte.
        hold: Whether to send nothing until `JWKSServer.release()`.
        cut: Close the connection early. Half-way through the body, `"reset"` resets it and `"close"` closes it
            normally. `"silent"` closes it before the first byte of the response.
        endless: Never end the response. `"continue"` repeats `100 Continue`. `"trailers"` sends the body in chunks and
            then repeats trailers.
        sized: Whether to send `Content-Length`. Without it, the body ends with the connection.
    """

    status: int = 200
    body: object = None
    headers: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    delay_seconds: float = 0.0
    drip: Drip | None = None
    drip_seconds: float = 0.02
    hold: bool = False
    cut: Cut | None = None
    endless: Endless | None = None
    sized: bool = True

    def body_bytes(self, good: bytes) -> bytes:
        """Return the bytes to send instead of the pool's keys, `good`."""
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
        # Oversized and redirected responses contain the valid keys, so that a client without such a limit accepts them.
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
"""Responses that are not a JWK Set, by name: for `JWKSServer.misbehave`, and to parametrize a test."""
