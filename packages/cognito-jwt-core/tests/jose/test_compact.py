import base64

import pytest
from cognito_jwt_core import MalformedTokenError
from cognito_jwt_core.jose.compact import MAX_TOKEN_BYTES, as_ascii, parse, parse_padded
from cognito_jwt_core.jose.header import UnverifiedHeader
from cognito_test_kit.messages import Messages

HEADER = b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ"  # {"alg":"RS256","kid":"k"}
PAYLOAD = b"eyJpc3MiOiJ4In0"  # {"iss":"x"}
TOKEN = HEADER + b"." + PAYLOAD + b".AQID"


def test_token_is_parted_and_decoded() -> None:
    token = parse(TOKEN)

    assert token.signing_input == HEADER + b"." + PAYLOAD
    assert token.signature == b"\x01\x02\x03"
    assert (token.header.alg, token.header.kid, token.header.crit) == ("RS256", "k", False)
    assert token.payload() == {"iss": "x"}
    assert token.unverified_issuer == "x"


def test_padded_token_is_parted_and_decoded() -> None:
    header, token = parse_padded(HEADER + b"==." + PAYLOAD + b"=.AQID", UnverifiedHeader)

    assert (header.alg, header.kid) == ("RS256", "k")
    assert token.header is header
    assert token.signing_input == HEADER + b"==." + PAYLOAD + b"="  # with its padding, because that is signed


def test_part_of_a_padded_token_that_is_no_json_object_is_named(messages: Messages) -> None:
    with messages.raises(MalformedTokenError):
        parse_padded(b"W10=." + PAYLOAD + b"=.AQID", UnverifiedHeader)


def test_repr_shows_nothing_of_the_token() -> None:
    assert repr(parse(TOKEN)) == "<UnverifiedToken>"


@pytest.mark.parametrize("crit", [b"null", b"false", b"[]", b'["exp"]'])
def test_presence_of_crit_is_what_counts(crit: bytes) -> None:
    segment = base64.urlsafe_b64encode(b'{"crit":' + crit + b"}").rstrip(b"=")

    assert parse(segment + b".e30.AQID").header.crit is True


def test_header_without_its_members_is_read() -> None:
    header = parse(b"e30.e30.AQID").header

    assert (header.alg, header.kid, header.crit) == (None, None, False)


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"e30",
        b"e30.e30",
        b"e30.e30.e30.e30",
        b"e30.e30.e30.e30.e30",
        b"Bearer " + TOKEN,
        b"bEARER " + TOKEN,
        b" " + TOKEN,
        TOKEN + b"\n",
        TOKEN + b"=",
        TOKEN + b"\0",
        TOKEN.replace(b"Q", b"+"),
        b"{}.{}",
    ],
)
def test_other_shape_is_refused(messages: Messages, token: bytes) -> None:
    with messages.raises(MalformedTokenError):
        parse(token)


@pytest.mark.parametrize("token", [b"e31.e30.AQID", b"e30.e31.AQID", b"e30.e30.AR"])
def test_refusal_names_the_part_that_is_not_canonical(messages: Messages, token: bytes) -> None:
    with messages.raises(MalformedTokenError):
        parse(token)


@pytest.mark.parametrize("header", [b"W10", b"", b"MQ", b"eyJhIjoxLCJhIjoxfQ", b"_w"])
def test_header_that_is_no_object_is_refused(messages: Messages, header: bytes) -> None:
    with messages.raises(MalformedTokenError) as caught:
        parse(header + b".e30.AQID")

    assert caught.value.__context__ is None


@pytest.mark.parametrize("payload", [b"W10", b"", b"MQ", b"eyJhIjoxLCJhIjoxfQ", b"_w"])
def test_payload_that_is_no_object_is_refused_when_it_is_asked_for(messages: Messages, payload: bytes) -> None:
    token = parse(b"e30." + payload + b".AQID")

    assert token.unverified_issuer is None
    for _ in range(2):
        with messages.raises(MalformedTokenError) as caught:
            token.payload()
        assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("issuer", [b"null", b"1", b"true", b'["x"]', b'{"x":1}'])
def test_issuer_that_is_no_text_chooses_no_keys(issuer: bytes) -> None:
    payload = base64.urlsafe_b64encode(b'{"iss":' + issuer + b"}").rstrip(b"=")

    assert parse(b"e30." + payload + b".AQID").unverified_issuer is None


def test_text_and_bytes_are_the_same_token() -> None:
    assert as_ascii(TOKEN) == as_ascii(TOKEN.decode()) == TOKEN


@pytest.mark.parametrize(
    "token",
    [
        None,
        1,
        bytearray(TOKEN),
        memoryview(TOKEN),
        [TOKEN],
        "é",
        b"\x80",
        "\ud800",
        "a" * (MAX_TOKEN_BYTES + 1),
        b"a" * (MAX_TOKEN_BYTES + 1),
        "é" * (MAX_TOKEN_BYTES + 1),
    ],
)
def test_anything_else_is_no_text_of_a_token(messages: Messages, token: object) -> None:
    with messages.raises(MalformedTokenError):
        as_ascii(token)


def test_token_of_the_greatest_length_is_one() -> None:
    assert as_ascii("a" * MAX_TOKEN_BYTES) == b"a" * MAX_TOKEN_BYTES
    assert MAX_TOKEN_BYTES == 65536


@pytest.mark.parametrize("length", [1, 150, 300, 3000])
def test_header_is_read_in_the_same_way_again_whatever_its_length(length: int) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"' + b"k" * length + b'"}').rstrip(b"=")

    for _ in range(3):
        assert parse(header + b".e30.AQID").header.kid == "k" * length
        with pytest.raises(MalformedTokenError):
            parse(header[:-2] + b".e30.AQID")
