"""Canonical base64url (RFC 4648 section 5, RFC 7515 section 2)."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PLUS, _SLASH, _PAD = b"+/="  # only used by the standard alphabet
# Allowed last characters of a text of n characters, by n % 4. Others contain bits that decoding drops, so two texts
# would decode to the same bytes (RFC 4648 section 3.5).
_LAST_CHARACTERS = (ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")


def decode(segment: bytes) -> bytes:
    """Return the bytes that unpadded base64url encodes. No two texts decode to the same bytes.

    Raises:
        ValueError: If the text has other characters, padding, an impossible length, or bits that decoding drops.
    """
    if _PLUS in segment or _SLASH in segment or _PAD in segment:
        raise ValueError("expected base64url, found standard base64")
    decoded = a2b_base64(segment.replace(b"-", b"+").replace(b"_", b"/") + b"==")
    # a2b_base64 skips characters of other alphabets, so the result is too short.
    if len(decoded) != len(segment) * 3 // 4 or (segment and segment[-1] not in _LAST_CHARACTERS[len(segment) % 4]):
        raise ValueError("expected canonical base64url")
    return decoded


def unpadded(segments: Sequence[bytes]) -> list[bytes]:
    """Return segments without their padding. Either all are padded correctly or none is padded.

    Raises:
        ValueError: If a segment has incorrect padding, or only some segments are padded.
    """
    bare = [segment.rstrip(b"=") for segment in segments]
    needed = [-len(segment) % 4 for segment in bare]
    found = [len(segment) - len(stripped) for segment, stripped in zip(segments, bare, strict=True)]
    if any(found) and found != needed:
        raise ValueError("expected exactly the padding of each part, or none at all")
    return bare


def is_canonical(segment: bytes) -> bool:
    """Whether `decode` accepts the text."""
    try:
        decode(segment)
    except ValueError:
        return False
    return True
