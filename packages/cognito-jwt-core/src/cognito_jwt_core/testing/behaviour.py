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
    """One way in which a local server responds. The default is a normal response.

    Attributes:
        status: HTTP status code.
        body: Body to send instead of the normal one: bytes, text, or a value that is sent as JSON. A callable gets the
            normal body and returns the bytes to send. None sends the normal body.
        headers: Headers to add or replace. A value of None removes a header.
        delay_seconds: Time before the response begins.
        drip: Part to send byte by byte, `"headers"` or `"body"`. None sends everything at once.
        drip_seconds: Pause before each of these bytes.
        hold: Whether to send nothing until the test calls `release()` on the server.
        cut: How to close the connection early. `"reset"` resets it half-way through the body, and `"close"` closes it
            normally at that point. `"silent"` closes it before the first byte of the response.
        endless: How to never end the response. `"continue"` repeats `100 Continue`. `"trailers"` sends the body and
            then repeats a trailer.
        sized: Whether to send `Content-Length`. If false, the server closes the connection after the body.
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
        """Return the bytes to send.

        Args:
            good: The normal body.
        """
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
"""Responses that a client must not accept as a JWK Set, by name. Pass a name to `JWKSServer.misbehave`."""
