import json
import time

import pytest
from cognito_jwt_core.jose.strict_json import parse_object
from cognito_test_kit.messages import Messages
from hypothesis import example, given
from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels > 1 else []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a": 1} \n', {"a": 1}),
        (b'{"a":[1,-2.5,1e3,true,false,null,"x",{}]}', {"a": [1, -2.5, 1000.0, True, False, None, "x", {}]}),
        ('{"é":"佐🙂"}'.encode(), {"é": "佐🙂"}),
        (b'{"\\u0061":"\\ud83d\\ude42"}', {"a": "🙂"}),
        (b'{"a":"\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a":' + b"[" * 63 + b"]" * 63 + b"}", {"a": nested(63)}),
        (b'{"a":[' + b"{}," * 99 + b"{}]}", {"a": [{}] * 100}),
        (b'{"a":["' + b"[{" * 99 + b'\\"[{\\\\"]}', {"a": ["[{" * 99 + '"[{\\']}),
        (b'{"a":{"b":1},"b":{"a":1}}', {"a": {"b": 1}, "b": {"a": 1}}),
        (b'[{"a":1},{"a":1}]'.join([b'{"x":', b"}"]), {"x": [{"a": 1}, {"a": 1}]}),
        (b'{"a":' + b"9" * 4000 + b"}", {"a": 10**4000 - 1}),
    ],
)
def test_object_is_read(text: bytes, value: dict[str, object]) -> None:
    assert parse_object(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1}x',
        b"[]",
        b'"x"',
        b"1",
        b"1.5",
        b"true",
        b"null",
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":[{"y":{"a":1,"a":2}}]}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\xaf"}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        *(space.encode() + b"{}" for space in "\f\v\x1c\x85\xa0\u2028"),
        *(b"{}" + space.encode() for space in "\f\v\x1c\x85\xa0\u2028"),
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"a":-' + b"9" * 10_000 + b"}",
        b"[" * 65,
        pytest.param(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", id="65-levels"),
        pytest.param(b'{"a":["\\"",' + b"[" * 63 + b"]" * 64 + b"}", id="65-levels-and-a-quote"),
        b"]" * 100 + b"[" * 100,
        b'{"a":"\\ud800"}',
        b'{"a":"\\uDFFF\\uD800"}',
        b'{"\\ud83d":1}',
        b'{"x":[{"y":["\\ude42"]}]}',
    ],
)
def test_anything_else_is_refused(messages: Messages, text: bytes) -> None:
    with messages.raises(ValueError):
        parse_object(text)


def arrays(levels: int) -> bytes:
    """A member's value that nests so deep inside one object."""
    return b"[" * (levels - 1) + b"]" * (levels - 1)


def test_sixty_four_levels_are_accepted_however_many_brackets_there_are() -> None:
    text = b'{"a":' + arrays(64) + b',"b":' + arrays(64) + b"}"

    assert list(parse_object(text)) == ["a", "b"]


def test_one_more_level_is_refused_also_behind_many_values_that_ended(messages: Messages) -> None:
    ended = b"".join(b'"%d":[],' % number for number in range(100))
    parse_object(b"{" + ended + b'"deep":' + arrays(64) + b"}")

    with messages.raises(ValueError):
        parse_object(b"{" + ended + b'"deep":' + arrays(65) + b"}")


@pytest.mark.parametrize(
    "text", [b'{"secret":1', b'{"secret":"\xff"}', b'{"secret":NaN}', b"[" * 100_000, b"9" * 10_000]
)
def test_refusal_does_not_carry_the_text_along(messages: Messages, text: bytes) -> None:
    with messages.raises(ValueError) as caught:
        parse_object(text)

    assert type(caught.value) is ValueError
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_answer_is_that_of_the_standard_library_where_both_accept() -> None:
    text = json.dumps({"a": [1, 2.5, {"b": None}], "é": "\u2028"})

    assert parse_object(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b'"' * (1 << 20),
        b"\\" * (1 << 20),
        b'"' + b"\\" * (1 << 20),
        b'"\\' * (1 << 19),
        b'["' * (1 << 19),
        b'["\\' * (1 << 18),
        b"[]" * (1 << 19),
        b'{"keys":[' + b'{"kid":"a"},' * (1 << 16) + b"{}]}",
    ],
)
def test_depth_is_found_in_linear_time(text: bytes) -> None:
    """A regex that removes texts first took 17 s for 64 KiB of quotes. A ceiling of 5 s for 1 MiB is generous."""
    text = b"[" * 32 + b"{}" * 33 + text
    begun = time.process_time()

    with pytest.raises(ValueError, match=r"^expected "):
        parse_object(text)

    assert time.process_time() - begun < 5


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":1e400}')
@example(b'{"a":1,"a":1}')
@example(b"\xef\xbb\xbf{}")
def test_json_is_an_object_or_a_value_error(data: bytes) -> None:
    try:
        found = parse_object(data)
    except ValueError:
        return
    assert found == json.loads(data)


@given(json_values)
def test_json_objects_are_read_as_the_standard_library_reads_them(value: object) -> None:
    data = json.dumps({"x": value}).encode()

    assert parse_object(data) == json.loads(data)
