"""Parse the text of a token to `UnverifiedToken`: JWS compact serialization (RFC 7515 section 7.1), read strictly."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from cognito_jwt_core.errors import MalformedTokenError, shown
from cognito_jwt_core.jose import base64url
from cognito_jwt_core.jose.header import UnverifiedHeader
from cognito_jwt_core.jose.strict_json import parse_object

AnyHeader = TypeVar("AnyHeader", bound=UnverifiedHeader)

MAX_TOKEN_BYTES = 64 * 1024
_MAX_KNOWN_BYTES = 256  # longer headers are not cached


class UnverifiedToken:
    """A token with valid syntax. Nothing in it can be trusted.

    Attributes:
        header: The header members that are read.
        signing_input: The text that the signature signs.
        signature: The signature.
        unverified_issuer: The value of ``iss``, None if it is not a str. Use it only to choose keys.
    """

    __slots__ = ("_payload", "header", "signature", "signing_input", "unverified_issuer")

    def __init__(
        self,
        header: UnverifiedHeader,
        payload: dict[str, object] | MalformedTokenError,
        signing_input: bytes,
        signature: bytes,
    ) -> None:
        self.header: UnverifiedHeader = header
        self.signing_input: bytes = signing_input
        self.signature: bytes = signature
        self._payload = payload
        issuer = payload.get("iss") if isinstance(payload, dict) else None
        self.unverified_issuer: str | None = issuer if isinstance(issuer, str) else None

    def __repr__(self) -> str:
        return "<UnverifiedToken>"

    def payload(self) -> dict[str, object]:
        """Return the claims. Call this after the signature was verified.

        Raises:
            MalformedTokenError: If the payload is not a JSON object.
        """
        if isinstance(self._payload, MalformedTokenError):
            raise self._payload
        return self._payload


def as_ascii(token: object) -> bytes:
    """Return the text of a token as bytes. Check its length before anything else reads it.

    Raises:
        MalformedTokenError: If it is neither str nor bytes, not ASCII, or longer than `MAX_TOKEN_BYTES`.
    """
    if not isinstance(token, (str, bytes)):
        raise MalformedTokenError(f"token: expected str or bytes, found {type(token).__name__}")
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedTokenError(f"token: expected at most {MAX_TOKEN_BYTES} characters, found {len(token)}")
    if not token.isascii():
        raise MalformedTokenError("token: expected ASCII text, found other characters")
    return token.encode() if isinstance(token, str) else token


def parse(text: bytes) -> UnverifiedToken:
    """Parse the text that `as_ascii` returned.

    A payload that is not a JSON object is no error here. `UnverifiedToken.payload` raises it, after the signature has
    been checked.

    Raises:
        MalformedTokenError: If it does not have three parts of unpadded canonical base64url, or its header is not a
            JSON object.
    """
    signing_input, _, signature_segment = text.rpartition(b".")
    header_segment, dot, payload_segment = signing_input.partition(b".")
    if not dot:
        raise MalformedTokenError(_shape_found(text))
    try:
        signature = base64url.decode(signature_segment)
        payload_json = base64url.decode(payload_segment)
        header = (_known_header if len(header_segment) <= _MAX_KNOWN_BYTES else _header)(header_segment)
    except ValueError:
        raise MalformedTokenError(_shape_found(text)) from None
    return UnverifiedToken(header, _parsed("payload", payload_json), signing_input, signature)


def parse_padded(text: bytes, header_type: type[AnyHeader]) -> tuple[AnyHeader, UnverifiedToken]:
    """Parse a token whose parts may be padded, which RFC 7515 section 2 does not allow.

    Application Load Balancers pad every part and sign the padded text, so the text is kept as it is. Apart
    from the padding, the rules of `parse` apply.

    Args:
        text: The text that `as_ascii` returned.
        header_type: Class built from the header members that are read.

    Raises:
        MalformedTokenError: If it does not have three parts of canonical base64url, either all padded
            correctly or all without padding, or its header is not a JSON object.
    """
    segments = text.split(b".", 3)
    try:
        header_json, payload_json, signature = map(base64url.decode, base64url.unpadded(segments))
    except ValueError:
        raise MalformedTokenError(
            "token: expected three parts of canonical base64url, all padded or none, found other text"
        ) from None
    members = _parsed("header", header_json)
    if isinstance(members, MalformedTokenError):
        raise members
    header = header_type(members)
    return header, UnverifiedToken(header, _parsed("payload", payload_json), text.rpartition(b".")[0], signature)


def _header(segment: bytes) -> UnverifiedHeader:
    header = _parsed("header", base64url.decode(segment))
    if isinstance(header, MalformedTokenError):
        raise header
    return UnverifiedHeader(header)


# All tokens of one key have the same header. The cache keeps only the parsed header, not the result of its checks,
# because those depend on the issuer.
_known_header = lru_cache(maxsize=64)(_header)


def _parsed(part: str, data: bytes) -> dict[str, object] | MalformedTokenError:
    try:
        return parse_object(data)
    except ValueError as error:
        return MalformedTokenError(f"{part}: {error}")


def _shape_found(token: bytes) -> str:
    expected = "token: expected three parts of unpadded base64url, separated by dots; found "
    if token[:7].lower() == b"bearer ":
        return expected + "the scheme Bearer before it"
    foreign = token.translate(None, base64url.ALPHABET + b".")
    if foreign:
        return f"{expected}{shown(foreign.decode()[:1])} in it"
    segments = token.split(b".")
    if len(segments) != 3:
        return f"{expected}{len(segments)} part{'s'[: len(segments) != 1]}"
    parts = zip(("header", "payload", "signature"), segments, strict=True)
    part = next(name for name, segment in parts if not base64url.is_canonical(segment))
    return f"{part}: expected canonical base64url, found a length or last character that is not"
