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
        value = _decode(data.decode())
    except UnicodeDecodeError:
        raise ValueError("expected UTF-8 text, found other bytes") from None
    except RecursionError:
        raise ValueError("expected JSON of a sane depth, found it nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"expected JSON, found none (at character {error.pos})") from None
    except _RefusedError:
        raise
    except ValueError:  # since Python 3.10.7: it would take quadratic time
        raise ValueError("expected numbers of a sane length, found an integer of too many digits") from None
    if type(value) is not dict:
        raise ValueError(f"expected a JSON object, found {_KIND.get(type(value), 'another value')}")
    return value


_KIND = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


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


_decode = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant).decode
