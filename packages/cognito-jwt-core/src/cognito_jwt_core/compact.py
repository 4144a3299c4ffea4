"""From text to `UnverifiedToken`: JWS compact serialization (RFC 7515 section 7.1), read strictly."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping

from .errors import MalformedTokenError, shown
from .strict_json import parse_object

MAX_TOKEN_BYTES = 64 * 1024

BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PLUS, _SLASH, _PAD = b"+/="  # of the standard alphabet alone
# What may end a text of n characters, by n % 4: elsewhere some of the last character's bits would be lost, and two
# texts would decode to the same bytes (RFC 4648 section 3.5).
_LAST_CHARACTERS = (BASE64URL, b"", b"AQgw", b"AEIMQUYcgkosw048")


class UnverifiedHeader:
    """The three members of a JOSE header that are read before a signature holds; none of the others ever is."""

    __slots__ = ("alg", "crit", "kid")

    def __init__(self, members: dict[str, object]) -> None:
        self.alg = members.get("alg")
        self.kid = members.get("kid")
        self.crit = "crit" in members


class UnverifiedToken:
    """A token in the right shape, of which nothing is to be trusted.

    Attributes:
        unverified_issuer: What `iss` says, to choose which keys are looked at, and for nothing else.

    Args:
        token: What `as_ascii` gave.
        known_headers: Headers parsed before, by their encoded text: all tokens of one key have the same.

    Raises:
        MalformedTokenError: Not three parts of unpadded canonical base64url, or the header is no JSON object.
    """

    __slots__ = ("_payload", "header", "header_segment", "signature", "signing_input", "unverified_issuer")

    def __init__(self, token: bytes, known_headers: Mapping[bytes, UnverifiedHeader]) -> None:
        self.signing_input, _, signature_segment = token.rpartition(b".")
        self.header_segment, dot, payload_segment = self.signing_input.partition(b".")
        if not dot:
            raise MalformedTokenError(_shape_found(token))
        try:
            self.signature = decode_segment(signature_segment)
            payload_json = decode_segment(payload_segment)
            self.header = known_headers.get(self.header_segment) or parse_header(self.header_segment)
        except ValueError:
            raise MalformedTokenError(_shape_found(token)) from None
        self._payload: dict[str, object] | MalformedTokenError
        self.unverified_issuer: str | None = None
        try:
            self._payload = payload = parse_object(payload_json)
        except ValueError as error:
            self._payload = MalformedTokenError(f"payload: {error}")
        else:
            issuer = payload.get("iss")
            if isinstance(issuer, str):
                self.unverified_issuer = issuer

    def __repr__(self) -> str:
        return "<UnverifiedToken>"

    def payload(self) -> dict[str, object]:
        """The claims, for when the signature holds.

        Raises:
            MalformedTokenError: They are no JSON object.
        """
        if isinstance(self._payload, MalformedTokenError):
            raise self._payload
        return self._payload


def as_ascii(token: object) -> bytes:
    """The text of a token as bytes, bounded before anything else is done with it.

    Raises:
        MalformedTokenError: Neither str nor bytes, not ASCII, or longer than `MAX_TOKEN_BYTES`.
    """
    if not isinstance(token, (str, bytes)):
        raise MalformedTokenError(f"token: expected str or bytes, found {type(token).__name__}")
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedTokenError(f"token: expected at most {MAX_TOKEN_BYTES} characters, found {len(token)}")
    if not token.isascii():
        raise MalformedTokenError("token: expected ASCII text, found other characters")
    return token.encode() if isinstance(token, str) else token


def parse_header(segment: bytes) -> UnverifiedHeader:
    """A JOSE header (RFC 7515 section 4).

    Raises:
        ValueError: No canonical base64url.
        MalformedTokenError: No JSON object whose members are there once each.
    """
    header_json = decode_segment(segment)
    try:
        return UnverifiedHeader(parse_object(header_json))
    except ValueError as error:
        raise MalformedTokenError(f"header: {error}") from None


def decode_segment(segment: bytes) -> bytes:
    """The bytes that unpadded base64url stands for. A token has one spelling: no other text may decode to the same.

    Raises:
        ValueError: Another alphabet, padding, a length that no bytes encode to, or bits set that decoding drops.
    """
    if _PLUS in segment or _SLASH in segment or _PAD in segment:
        raise ValueError("expected base64url, found standard base64")
    decoded = a2b_base64(segment.replace(b"-", b"+").replace(b"_", b"/") + b"==")
    # Characters of another alphabet are passed over: then bytes are missing.
    if len(decoded) != len(segment) * 3 // 4 or (segment and segment[-1] not in _LAST_CHARACTERS[len(segment) % 4]):
        raise ValueError("expected canonical base64url")
    return decoded


def _shape_found(token: bytes) -> str:
    expected = "token: expected three parts of unpadded base64url, separated by dots; found "
    if token[:7].lower() == b"bearer ":
        return expected + "the scheme Bearer before it"
    foreign = token.translate(None, BASE64URL + b".")
    if foreign:
        return f"{expected}{shown(foreign.decode()[:1])} in it"
    segments = token.split(b".")
    if len(segments) != 3:
        return f"{expected}{len(segments)} part{'s'[: len(segments) != 1]}"
    parts = zip(("header", "payload", "signature"), segments, strict=True)
    part = next(name for name, segment in parts if not _can_be_decoded(segment))
    return f"{part}: expected canonical base64url, found a length or last character that is not"


def _can_be_decoded(segment: bytes) -> bool:
    try:
        decode_segment(segment)
    except ValueError:
        return False
    return True
