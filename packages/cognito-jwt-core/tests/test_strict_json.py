import json

import pytest
from cognito_jwt_core.strict_json import parse_object


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a": 1} \n', {"a": 1}),
        (b'{"a":[1,-2.5,1e3,true,false,null,"x",{}]}', {"a": [1, -2.5, 1000.0, True, False, None, "x", {}]}),
        ('{"é":"佐🙂"}'.encode(), {"é": "佐🙂"}),
        (b'{"\\u0061":"\\ud83d\\ude42"}', {"a": "🙂"}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":{"b":1},"b":{"a":1}}', {"a": {"b": 1}, "b": {"a": 1}}),
        (b'[{"a":1},{"a":1}]'.join([b'{"x":', b"}"]), {"x": [{"a": 1}, {"a": 1}]}),
        (b'{"a":' + b"9" * 4000 + b"}", {"a": 10**4000 - 1}),
    ],
)
def test_object_is_read(text: bytes, value: dict[str, object]) -> None:
    assert parse_object(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"expected JSON, found none \(at character 0\)"),
        (b"{", r"expected JSON, found none \(at character 1\)"),
        (b'{"a":1}x', r"expected JSON, found none \(at character 7\)"),
        (b"[]", "expected a JSON object, found an array"),
        (b'"x"', "expected a JSON object, found a string"),
        (b"1", "expected a JSON object, found a number"),
        (b"1.5", "expected a JSON object, found a number"),
        (b"true", "expected a JSON object, found a boolean"),
        (b"null", "expected a JSON object, found null"),
        (b'{"a":1,"a":1}', "expected each JSON member once, found one given twice"),
        (b'{"a":1,"\\u0061":2}', "expected each JSON member once, found one given twice"),
        (b'{"x":[{"y":{"a":1,"a":2}}]}', "expected each JSON member once, found one given twice"),
        (b'{"a":NaN}', "expected JSON, found NaN"),
        (b'{"a":Infinity}', "expected JSON, found Infinity"),
        (b'{"a":-Infinity}', "expected JSON, found -Infinity"),
        (b'{"a":"\xff"}', "expected UTF-8 text, found other bytes"),
        (b'{"a":"\xed\xa0\x80"}', "expected UTF-8 text, found other bytes"),
        (b'{"a":"\xc0\xaf"}', "expected UTF-8 text, found other bytes"),
        ('{"a":1}'.encode("utf-16"), "expected UTF-8 text, found other bytes"),
        ('{"a":1}'.encode("utf-32-le"), r"expected JSON, found none \(at character 1\)"),
        *(
            (space.encode() + b"{}", r"expected JSON, found none \(at character 0\)")
            for space in "\f\v\x1c\x85\xa0\u2028"
        ),
        *(
            (b"{}" + space.encode(), r"expected JSON, found none \(at character 2\)")
            for space in "\f\v\x1c\x85\xa0\u2028"
        ),
        (b'\xef\xbb\xbf{"a":1}', r"expected JSON, found none \(at character 0\)"),
        (b'{"a":' + b"[" * 100_000, "expected JSON of a sane depth, found it nested too deep"),
        (b'{"a":' + b"9" * 10_000 + b"}", "expected numbers of a sane length, found an integer of too many digits"),
        (b'{"a":-' + b"9" * 10_000 + b"}", "expected numbers of a sane length, found an integer of too many digits"),
    ],
)
def test_anything_else_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        parse_object(text)


@pytest.mark.parametrize(
    "text", [b'{"secret":1', b'{"secret":"\xff"}', b'{"secret":NaN}', b"[" * 100_000, b"9" * 10_000]
)
def test_refusal_does_not_carry_the_text_along(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"expected") as caught:
        parse_object(text)

    assert type(caught.value) is ValueError
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_answer_is_that_of_the_standard_library_where_both_accept() -> None:
    text = json.dumps({"a": [1, 2.5, {"b": None}], "é": "\u2028"})

    assert parse_object(text.encode()) == json.loads(text)
