"""From text to `UnverifiedToken`: JWS compact serialization (RFC 7515 section 7.1), read strictly."""

from __future__ import annotations

from binascii import a2b_base64

from .errors import MalformedTokenError, shown
from .strict_json import parse_object

MAX_TOKEN_BYTES = 64 * 1024

BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
# What may end a text of n characters, by n % 4: elsewhere some of the last character's bits would be lost, and two
# texts would decode to the same bytes (RFC 4648 section 3.5).
_LAST_CHARACTERS = (frozenset(BASE64URL), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


class UnverifiedHeader:
    """The three members of a JOSE header that are read before a signature holds; none of the others ever is."""

    __slots__ = ("alg", "crit", "kid")

    def __init__(self, members: dict[str, object]) -> None:
        self.alg = members.get("alg")
        self.kid = members.get("kid")
        self.crit = "crit" in members


class UnverifiedToken:
    """A token in the right shape, of which nothing is to be trusted."""

    __slots__ = ("_payload", "header", "header_segment", "payload_segment", "signature", "signing_input")

    def __init__(
        self, header: UnverifiedHeader, segments: tuple[bytes, bytes], signature: bytes, signing_input: bytes
    ) -> None:
        self.header = header
        self.header_segment, self.payload_segment = segments
        self.signature = signature
        self.signing_input = signing_input
        self._payload: dict[str, object] | MalformedTokenError | None = None

    def __repr__(self) -> str:
        return "<UnverifiedToken>"

    def payload(self) -> dict[str, object]:
        """The claims, for when the signature holds.

        Raises:
            MalformedTokenError: They are no JSON object.
        """
        if self._payload is None:
            try:
                self._payload = parse_object(decode_segment(self.payload_segment))
            except ValueError as error:
                self._payload = MalformedTokenError(f"payload: {error}")
        if isinstance(self._payload, MalformedTokenError):
            raise self._payload
        return self._payload

    def unverified_issuer(self) -> str | None:
        """What `iss` says, to choose which keys are looked at, and for nothing else."""
        try:
            issuer = self.payload().get("iss")
        except MalformedTokenError:  # said when the signature holds: until then it is not worth more than another lie
            return None
        return issuer if isinstance(issuer, str) else None


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


def parse_compact(token: bytes, known_headers: dict[bytes, UnverifiedHeader]) -> UnverifiedToken:
    """The parts of a compact serialization, decoded and unverified.

    Args:
        token: What `as_ascii` gave.
        known_headers: Headers parsed before, by their encoded text: all tokens of one key have the same.

    Raises:
        MalformedTokenError: Not three parts of unpadded canonical base64url, or the header is no JSON object.
    """
    # Deleting the alphabet leaves the two dots and nothing else: one pass for the shape and every character.
    if token.translate(None, BASE64URL) != b"..":
        raise MalformedTokenError(_shape_found(token))
    header_segment, payload_segment, signature_segment = token.split(b".")
    header = known_headers.get(header_segment) or parse_header(header_segment)
    check_canonical("payload", payload_segment)
    check_canonical("signature", signature_segment)
    return UnverifiedToken(
        header,
        (header_segment, payload_segment),
        decode_segment(signature_segment),
        token[: len(header_segment) + 1 + len(payload_segment)],
    )


def parse_header(segment: bytes) -> UnverifiedHeader:
    """A JOSE header (RFC 7515 section 4).

    Raises:
        MalformedTokenError: No canonical base64url of a JSON object whose members are there once each.
    """
    check_canonical("header", segment)
    try:
        return UnverifiedHeader(parse_object(decode_segment(segment)))
    except ValueError as error:
        raise MalformedTokenError(f"header: {error}") from None


def check_canonical(part: str, segment: bytes) -> None:
    """Refuse text that decodes to the same bytes as another text: a token has one spelling.

    Raises:
        MalformedTokenError: A length that no bytes encode to, or bits set that decoding drops.
    """
    if segment and segment[-1] not in _LAST_CHARACTERS[len(segment) % 4]:
        raise MalformedTokenError(f"{part}: expected canonical base64url, found a length or last character that is not")


def decode_segment(segment: bytes) -> bytes:
    """The bytes of a segment whose alphabet and canonical form are checked."""
    return a2b_base64(segment.translate(_TO_STANDARD_ALPHABET) + b"==")


def _shape_found(token: bytes) -> str:
    expected = "token: expected three parts of unpadded base64url, separated by dots; found "
    if token[:7].lower() == b"bearer ":
        return expected + "the scheme Bearer before it"
    foreign = token.translate(None, BASE64URL + b".")
    if foreign:
        return f"{expected}{shown(foreign.decode()[:1])} in it"
    parts = token.count(b".") + 1
    return f"{expected}{parts} part{'s'[: parts != 1]}"
