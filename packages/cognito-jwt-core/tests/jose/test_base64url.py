"""Canonical base64url."""

import base64
import itertools

import pytest
from cognito_jwt_core.jose import base64url
from cognito_test_kit.messages import Messages
from hypothesis import given
from hypothesis import strategies as st


def is_spelt_once(segment: bytes) -> bool:
    """The obvious restatement: what the bytes are written as is what was read."""
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=") == segment


@pytest.mark.parametrize("length", range(4))
def test_canonical_form_is_decided_by_the_last_character(length: int) -> None:
    for last in itertools.product(base64url.ALPHABET, repeat=min(length, 2)):
        segment = b"AQID" + b"-_"[: max(0, length - 2)] + bytes(last)
        try:
            decoded = base64url.decode(segment)
        except ValueError:
            assert not is_spelt_once(segment)
        else:
            assert is_spelt_once(segment)
            assert decoded == base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def test_empty_segment_is_canonical() -> None:
    assert base64url.decode(b"") == b""


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("length", range(1, 9))
def test_character_of_no_alphabet_is_refused_wherever_it_is(length: int, place: int) -> None:
    for foreign in {*range(256)} - {*base64url.ALPHABET}:
        segment = bytearray(b"A" * length)
        segment.insert(place % (length + 1), foreign)

        with pytest.raises(ValueError, match=r"base64|data characters"):
            base64url.decode(bytes(segment))


@pytest.mark.parametrize("segment", [b"AQI=", b"AQ==", b"AQI+", b"/QID"])
def test_standard_base64_is_named(messages: Messages, segment: bytes) -> None:
    with messages.raises(ValueError):
        base64url.decode(segment)


@pytest.mark.parametrize("segment", [b"A", b"AQIDA", b"A" * 341])
def test_segment_of_an_impossible_length_is_refused(segment: bytes) -> None:
    with pytest.raises(ValueError, match=r"1 more than a multiple of 4"):  # in Python's own words
        base64url.decode(segment)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257])
def test_bytes_of_every_length_are_decoded(size: int) -> None:
    data = bytes(index % 256 for index in range(size))

    assert base64url.decode(base64.urlsafe_b64encode(data).rstrip(b"=")) == data


@pytest.mark.parametrize(("segment", "is_canonical"), [(b"", True), (b"AQID", True), (b"AR", False), (b"AQ=", False)])
def test_canonical_text_is_what_can_be_decoded(segment: bytes, is_canonical: bool) -> None:
    assert base64url.is_canonical(segment) is is_canonical


def spelt(segment: bytes) -> bytes | None:
    """RFC 4648 section 5 to the letter: six bits a character, eight a byte, and what is left over is zero."""
    if not set(segment) <= set(base64url.ALPHABET) or len(segment) % 4 == 1:
        return None
    bits = "".join(f"{base64url.ALPHABET.index(character):06b}" for character in segment)
    whole = len(bits) // 8 * 8
    return None if "1" in bits[whole:] else bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8))


@given(st.binary(max_size=12) | st.text("AQgwBCzZ09-_+/=. \n", max_size=12).map(str.encode))
def test_segment_is_decoded_to_what_it_spells(segment: bytes) -> None:
    expected = spelt(segment)

    try:
        assert base64url.decode(segment) == expected
    except ValueError:
        assert expected is None


@pytest.mark.parametrize(
    ("segments", "bare"),
    [
        ([b"AA==", b"AAA=", b"AAAX"], [b"AA", b"AAA", b"AAAX"]),
        ([b"AA", b"AAA", b"AAAX"], [b"AA", b"AAA", b"AAAX"]),
    ],
    ids=["padded", "bare"],
)
def test_padding_of_all_parts_or_none_is_taken_off(segments: list[bytes], bare: list[bytes]) -> None:
    assert base64url.unpadded(segments) == bare


@pytest.mark.parametrize("segments", [[b"AA==", b"AA"], [b"AA="], [b"AAAX="], [b"AA==="]])
def test_other_padding_is_refused(segments: list[bytes]) -> None:
    with pytest.raises(ValueError, match="padding"):
        base64url.unpadded(segments)
