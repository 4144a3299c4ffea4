"""Hostile tokens whose text is wrong: cut, padded, changed, too long or no JSON."""

import string
from collections.abc import Iterator
from typing import Final

from . import tokens
from .forge import Forge, HostileToken

_MAX_TOKEN_BYTES: Final = 64 * 1024
_ALPHABET: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_ONE_SPELLING: Final = "a token has one spelling: with two, a list of revoked tokens can be evaded (RFC 7515 section 2)"
_NO_JWT: Final = "a signed text that is no JSON object says nothing about anybody (RFC 7519 section 7.2)"


def with_wrong_text(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens that are malformed, or that were changed after they were signed."""
    yield from _of_wrong_shape(forge.token())
    yield from _of_another_spelling(forge)
    yield from _changed_after_signing(forge.token())
    yield from _signed_nonsense(forge)


def _of_wrong_shape(good: str) -> Iterator[HostileToken]:
    header, payload, signature = good.split(".")
    parts = (
        "a JWS in compact serialization has three parts; parsers differ about any other number (RFC 7515 section 7.1)"
    )
    yield HostileToken("one-part", header, parts)
    yield HostileToken("two-parts", f"{header}.{payload}", parts)
    yield HostileToken("four-parts", f"{good}.{signature}", parts)
    yield HostileToken(
        "five-parts", f"{header}.{payload}.{payload}.{payload}.{signature}", "five parts are a JWE, which nobody signed"
    )
    yield HostileToken("two-dots", "..", "it has three parts and all are empty")
    yield HostileToken("no-header", f".{payload}.{signature}", "without a header nothing says which key signed it")
    yield HostileToken("no-payload", f"{header}..{signature}", "a detached payload is nothing that was verified")
    yield HostileToken("no-signature", f"{header}.{payload}.", "nothing is signed: anybody could write it")
    yield HostileToken("truncated", good[:-16], "a signature that is too short is no signature")
    yield HostileToken("cut-in-half", good[: len(good) // 2], "most of it is missing")
    yield HostileToken("space-inside", f"{header}. {payload}.{signature}", _ONE_SPELLING)
    yield HostileToken("tab-inside", f"{header}.{payload}\t.{signature}", _ONE_SPELLING)
    yield HostileToken("quoted", f'"{good}"', "quotes are no part of a token")
    yield HostileToken(
        "foreign-character", f"{header}.{payload}.*{signature}", "a character outside base64url must not be skipped"
    )
    yield HostileToken("no-token-at-all", "null", "what a script sends whose token is not there yet")


def _of_another_spelling(forge: Forge) -> Iterator[HostileToken]:
    header, payload, signature = _with_both_special_characters(forge).split(".")
    yield HostileToken("padded-header", f"{header}=.{payload}.{signature}", _ONE_SPELLING)
    yield HostileToken("padded-payload", f"{header}.{payload}=.{signature}", _ONE_SPELLING)
    yield HostileToken("padded-signature", f"{header}.{payload}.{signature}==", _ONE_SPELLING)
    yield HostileToken(
        "standard-alphabet", f"{header}.{payload}.{signature.replace('-', '+').replace('_', '/')}", _ONE_SPELLING
    )
    yield HostileToken("trailing-bits", f"{header}.{payload}.{_other_last_character(signature)}", _ONE_SPELLING)
    yield HostileToken("trailing-bits-of-signed-payload", _signed_with_trailing_bits(forge), _ONE_SPELLING)
    yield HostileToken(
        "signature-prolonged", f"{header}.{payload}.{signature}AAAA", "bytes after the signature must not be ignored"
    )


def _changed_after_signing(good: str) -> Iterator[HostileToken]:
    header, payload, signature = good.split(".")
    changed = "it was changed after it was signed"
    yield HostileToken("header-bit-changed", f"{_next_character(header, 20)}.{payload}.{signature}", changed)
    yield HostileToken(
        "payload-bit-changed", f"{header}.{_next_character(payload, len(payload) // 2)}.{signature}", changed
    )
    yield HostileToken("signature-bit-changed", f"{header}.{payload}.{_next_character(signature, 100)}", changed)
    yield HostileToken(
        "signature-of-zeros",
        f"{header}.{payload}.{tokens.base64url(bytes(256))}",
        "zero is its own RSA signature of nothing",
    )


def _signed_nonsense(forge: Forge) -> Iterator[HostileToken]:
    broken = "it cannot be read, and must not end in an internal error either"
    for name, payload in (("array", b"[]"), ("text", b'"alice"'), ("number", b"1"), ("null", b"null")):
        yield HostileToken(f"payload-is-{name}", forge.sign(forge.header, payload), _NO_JWT)
    yield HostileToken("payload-is-empty", forge.sign(forge.header, b""), _NO_JWT)
    yield HostileToken("payload-is-no-json", forge.sign(forge.header, b"{alice}"), _NO_JWT)
    yield HostileToken("payload-is-no-utf-8", forge.sign(forge.header, b'{"sub":"\xff\xfe"}'), _NO_JWT)
    yield HostileToken("payload-nested-deeply", forge.sign(forge.header, b'{"sub":' + b"[" * 20_000), broken)
    yield HostileToken("header-nested-deeply", forge.sign(b'{"alg":' + b"[" * 20_000, forge.claims()), broken)
    yield HostileToken("huge", _just_too_long(forge), "it is longer than 64 KiB: work for the server, for nothing")


def _with_both_special_characters(forge: Forge) -> str:
    """A good token whose signature has a `-` and a `_`, which the standard alphabet spells differently."""
    return next(filter(lambda token: {"-", "_"} <= set(token.rpartition(".")[2]), iter(forge.token, None)))


def _next_character(segment: str, index: int) -> str:
    return segment[:index] + _neighbour_of(segment[index]) + segment[index + 1 :]


def _other_last_character(segment: str) -> str:
    """The segment with another last character: where it has bits to spare, both decode to the same bytes."""
    return segment[:-1] + _neighbour_of(segment[-1])


def _neighbour_of(character: str) -> str:
    """The character that stands for the same bits but for the last."""
    return _ALPHABET[_ALPHABET.index(character) ^ 1]


def _signed_with_trailing_bits(forge: Forge) -> str:
    payload = tokens.json_bytes(forge.claims())
    payload += b" " * (1 if len(payload) % 3 == 0 else 0)  # three bytes fill their characters: no bits to spare
    header = tokens.base64url(tokens.json_bytes(forge.header))
    signing_input = f"{header}.{_other_last_character(tokens.base64url(payload))}"
    return f"{signing_input}.{tokens.base64url(forge.key.sign(signing_input.encode()))}"


def _just_too_long(forge: Forge) -> str:
    claims = forge.claims()
    missing = _MAX_TOKEN_BYTES - len(forge.sign(forge.header, claims | {"filler": ""}))
    return forge.sign(forge.header, claims | {"filler": "x" * (missing * 3 // 4 + 3)})
