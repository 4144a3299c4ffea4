import base64
import itertools

import pytest
from cognito_jwt_core import MalformedTokenError
from cognito_jwt_core.compact import (
    BASE64URL,
    MAX_TOKEN_BYTES,
    UnverifiedToken,
    as_ascii,
    decode_segment,
    parse_header,
)

HEADER = b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ"  # {"alg":"RS256","kid":"k"}
PAYLOAD = b"eyJpc3MiOiJ4In0"  # {"iss":"x"}
TOKEN = HEADER + b"." + PAYLOAD + b".AQID"


def is_canonical(segment: bytes) -> bool:
    """The obvious restatement: what the bytes are written as is what was read."""
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=") == segment


@pytest.mark.parametrize("length", range(4))
def test_canonical_form_is_decided_by_the_last_character(length: int) -> None:
    for last in itertools.product(BASE64URL, repeat=min(length, 2)):
        segment = b"AQID" + b"-_"[: max(0, length - 2)] + bytes(last)
        try:
            decoded = decode_segment(segment)
        except ValueError:
            assert not is_canonical(segment)
        else:
            assert is_canonical(segment)
            assert decoded == base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def test_empty_segment_is_canonical() -> None:
    assert decode_segment(b"") == b""


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("length", range(1, 9))
def test_character_of_no_alphabet_is_refused_wherever_it_is(length: int, place: int) -> None:
    for foreign in {*range(256)} - {*BASE64URL}:
        segment = bytearray(b"A" * length)
        segment.insert(place % (length + 1), foreign)

        with pytest.raises(ValueError, match=r"base64|data characters"):
            decode_segment(bytes(segment))


@pytest.mark.parametrize("segment", [b"AQI=", b"AQ==", b"AQI+", b"/QID"])
def test_standard_base64_is_named(segment: bytes) -> None:
    with pytest.raises(ValueError, match=r"^expected base64url, found standard base64$"):
        decode_segment(segment)


@pytest.mark.parametrize("segment", [b"A", b"AQIDA", b"A" * 341])
def test_segment_of_an_impossible_length_is_refused(segment: bytes) -> None:
    with pytest.raises(ValueError, match=r"1 more than a multiple of 4"):
        decode_segment(segment)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257])
def test_bytes_of_every_length_are_decoded(size: int) -> None:
    data = bytes(index % 256 for index in range(size))

    assert decode_segment(base64.urlsafe_b64encode(data).rstrip(b"=")) == data


def test_token_is_parted_and_decoded() -> None:
    token = UnverifiedToken(TOKEN, {})

    assert token.header_segment == HEADER
    assert token.signing_input == HEADER + b"." + PAYLOAD
    assert token.signature == b"\x01\x02\x03"
    assert (token.header.alg, token.header.kid, token.header.crit) == ("RS256", "k", False)
    assert token.payload() == {"iss": "x"}
    assert token.unverified_issuer == "x"


def test_repr_shows_nothing_of_the_token() -> None:
    assert repr(UnverifiedToken(TOKEN, {})) == "<UnverifiedToken>"


def test_header_that_is_known_is_not_read_again() -> None:
    known = parse_header(HEADER)

    assert UnverifiedToken(TOKEN, {HEADER: known}).header is known
    assert UnverifiedToken(TOKEN, {}).header is not known


@pytest.mark.parametrize("crit", [b"null", b"false", b"[]", b'["exp"]'])
def test_presence_of_crit_is_what_counts(crit: bytes) -> None:
    segment = base64.urlsafe_b64encode(b'{"crit":' + crit + b"}").rstrip(b"=")

    assert parse_header(segment).crit is True


def test_header_without_its_members_is_read() -> None:
    header = parse_header(b"e30")

    assert (header.alg, header.kid, header.crit) == (None, None, False)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (b"", "found 1 part$"),
        (b"e30", "found 1 part$"),
        (b"e30.e30", "found 2 parts$"),
        (b"e30.e30.e30.e30", "found 4 parts$"),
        (b"e30.e30.e30.e30.e30", "found 5 parts$"),
        (b"Bearer " + TOKEN, "found the scheme Bearer before it$"),
        (b"bEARER " + TOKEN, "found the scheme Bearer before it$"),
        (b" " + TOKEN, "found ' ' in it$"),
        (TOKEN + b"\n", r"found '\\n' in it$"),
        (TOKEN + b"=", "found '=' in it$"),
        (TOKEN + b"\0", r"found '\\x00' in it$"),
        (TOKEN.replace(b"Q", b"+"), r"found '\+' in it$"),
        (b"{}.{}", "found '{' in it$"),
    ],
)
def test_other_shape_is_refused(token: bytes, message: str) -> None:
    with pytest.raises(
        MalformedTokenError,
        match=r"^token: expected three parts of unpadded base64url, separated by dots; " + message,
    ):
        UnverifiedToken(token, {})


@pytest.mark.parametrize(
    ("token", "part"), [(b"e31.e30.AQID", "header"), (b"e30.e31.AQID", "payload"), (b"e30.e30.AR", "signature")]
)
def test_refusal_names_the_part_that_is_not_canonical(token: bytes, part: str) -> None:
    with pytest.raises(MalformedTokenError, match=rf"^{part}: expected canonical base64url"):
        UnverifiedToken(token, {})


@pytest.mark.parametrize("header", [b"W10", b"", b"MQ", b"eyJhIjoxLCJhIjoxfQ", b"_w"])
def test_header_that_is_no_object_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedTokenError, match=r"^header: expected ") as caught:
        UnverifiedToken(header + b".e30.AQID", {})

    assert caught.value.__suppress_context__


@pytest.mark.parametrize("payload", [b"W10", b"", b"MQ", b"eyJhIjoxLCJhIjoxfQ", b"_w"])
def test_payload_that_is_no_object_is_refused_when_it_is_asked_for(payload: bytes) -> None:
    token = UnverifiedToken(b"e30." + payload + b".AQID", {})

    assert token.unverified_issuer is None
    for _ in range(2):
        with pytest.raises(MalformedTokenError, match=r"^payload: expected ") as caught:
            token.payload()
        assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("issuer", [b"null", b"1", b"true", b'["x"]', b'{"x":1}'])
def test_issuer_that_is_no_text_chooses_no_keys(issuer: bytes) -> None:
    payload = base64.urlsafe_b64encode(b'{"iss":' + issuer + b"}").rstrip(b"=")

    assert UnverifiedToken(b"e30." + payload + b".AQID", {}).unverified_issuer is None


def test_text_and_bytes_are_the_same_token() -> None:
    assert as_ascii(TOKEN) == as_ascii(TOKEN.decode()) == TOKEN


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "expected str or bytes, found NoneType"),
        (1, "expected str or bytes, found int"),
        (bytearray(TOKEN), "expected str or bytes, found bytearray"),
        (memoryview(TOKEN), "expected str or bytes, found memoryview"),
        ([TOKEN], "expected str or bytes, found list"),
        ("é", "expected ASCII text, found other characters"),
        (b"\x80", "expected ASCII text, found other characters"),
        ("\ud800", "expected ASCII text, found other characters"),
        ("a" * (MAX_TOKEN_BYTES + 1), "expected at most 65536 characters, found 65537"),
        (b"a" * (MAX_TOKEN_BYTES + 1), "expected at most 65536 characters, found 65537"),
        ("é" * (MAX_TOKEN_BYTES + 1), "expected at most 65536 characters, found 65537"),
    ],
)
def test_anything_else_is_no_text_of_a_token(token: object, message: str) -> None:
    with pytest.raises(MalformedTokenError, match=rf"^token: {message}$"):
        as_ascii(token)


def test_token_of_the_greatest_length_is_one() -> None:
    assert as_ascii("a" * MAX_TOKEN_BYTES) == b"a" * MAX_TOKEN_BYTES
    assert MAX_TOKEN_BYTES == 65536
