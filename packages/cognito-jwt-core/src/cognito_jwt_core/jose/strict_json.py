"""Parse JSON objects as RFC 8259 defines them, without the extensions that Python's parser accepts."""

from __future__ import annotations

import json
import re
from typing import NoReturn

MAX_DEPTH = 64


def parse_object(data: bytes) -> dict[str, object]:
    """Parse UTF-8 text that must be a JSON object.

    Raises:
        ValueError: If the text is not UTF-8, not JSON or not an object; or if it has a duplicate member at any depth,
            NaN, Infinity, a lone surrogate, an integer too long for Python, or more than `MAX_DEPTH` levels. The
            message contains no part of the text.
    """
    try:
        text = data.decode().strip(_WHITE_SPACE)
        if text.count("[") + text.count("{") > MAX_DEPTH:
            check_depth(text)
        value, end = _decode(text)
        if end != len(text):
            raise json.JSONDecodeError("more text", text, end)
        if "\\" in text and _ESCAPE in text:  # searching for one character is faster than searching for two
            _check_characters(value)
    except ValueError as error:
        refusal = _refusal(error)
    else:
        if type(value) is dict:
            return value
        refusal = f"expected a JSON object, found {_KINDS[type(value)]}"
    # Raised outside the `except` block, because the parser's error contains the whole text and would be attached as
    # `__context__`.
    raise ValueError(refusal)


_KINDS = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}
_WHITE_SPACE = " \t\n\r"  # RFC 8259 section 2
_ESCAPE = "\\u"  # A lone surrogate can only come from an escape.

# Match a complete string or a bracket. An unterminated string matches the rest of the text: without "?", each quote in
# it would be tried as a start, in quadratic time.
_TEXT_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def check_depth(text: str) -> None:
    """Reject deep nesting in linear time before the parser recurses, because a thread's stack may be small.

    Raises:
        ValueError: If `text` has more than `MAX_DEPTH` levels.
    """
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _RefusedError(f"expected JSON of at most {MAX_DEPTH} levels, found more")
        elif match[0] in "]}":
            depth -= 1


def _check_characters(value: object) -> None:
    """Reject lone surrogates, because UTF-8 cannot encode them (RFC 3629 section 3)."""
    try:
        _encode(value).encode()
    except UnicodeEncodeError:
        raise _RefusedError("expected Unicode characters, found a lone surrogate") from None


def _refusal(error: ValueError) -> str:
    if isinstance(error, _RefusedError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "expected UTF-8 text, found other bytes"
    if isinstance(error, json.JSONDecodeError):
        return f"expected JSON, found none (at character {error.pos})"
    # Python 3.10.7 and later refuse to convert them, because that takes quadratic time.
    return "expected numbers of a reasonable length, found an integer with too many digits"


class _RefusedError(ValueError):
    """Text that Python's parser accepts but this library rejects."""


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    # With duplicate members, two parsers could see two different values (RFC 7515 section 4, RFC 7519 section 4).
    if len(members) != len(pairs):
        raise _RefusedError("expected each JSON member once, found one given twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"expected JSON, found {name}")  # NaN and Infinity are not JSON (RFC 8259 section 6)


_decode = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant).raw_decode
_encode = json.JSONEncoder(ensure_ascii=False).encode
