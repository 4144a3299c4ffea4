"""JSON objects as RFC 8259 has them, without what Python's parser lets through besides."""

from __future__ import annotations

import json
from typing import NoReturn


def parse_object(data: bytes) -> dict[str, object]:
    """The JSON object that `data` is, as UTF-8 text.

    Raises:
        ValueError: Not UTF-8, not JSON, no object, a member given twice at any depth, NaN or Infinity, nested too deep
            or an integer too long for Python's parser. The message holds nothing of the text.
    """
    try:
        text = data.decode().strip(_WHITE_SPACE)
        value, end = _decode(text)
        if end != len(text):
            raise json.JSONDecodeError("more text", text, end)
    except (ValueError, RecursionError) as error:
        refusal = _refusal(error)
    else:
        if type(value) is dict:
            return value
        refusal = f"expected a JSON object, found {_KINDS[type(value)]}"
    # Out here: the parser's own errors hold the whole text, and would follow as `__context__`.
    raise ValueError(refusal)


_KINDS = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def _refusal(error: ValueError | RecursionError) -> str:
    if isinstance(error, _RefusedError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return "expected UTF-8 text, found other bytes"
    if isinstance(error, RecursionError):
        return "expected JSON of a sane depth, found it nested too deep"
    if isinstance(error, json.JSONDecodeError):
        return f"expected JSON, found none (at character {error.pos})"
    # Since Python 3.10.7: to convert them would take quadratic time.
    return "expected numbers of a sane length, found an integer of too many digits"


class _RefusedError(ValueError):
    """JSON, or what Python takes for it, that is not acceptable here."""


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    # Two readers of one text must not see two values (RFC 7515 section 4, RFC 7519 section 4).
    if len(members) != len(pairs):
        raise _RefusedError("expected each JSON member once, found one given twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"expected JSON, found {name}")  # NaN, Infinity or -Infinity: no JSON (RFC 8259 section 6)


_WHITE_SPACE = " \t\n\r"  # RFC 8259 section 2
_decode = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant).raw_decode
