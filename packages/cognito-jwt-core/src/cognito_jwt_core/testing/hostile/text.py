"""Hostile tokens with invalid text, for example truncated, padded, changed after signing, too long or not JSON."""

import string
from collections.abc import Iterator
from typing import Final

from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken

_MAX_TOKEN_BYTES: Final = 64 * 1024
_ALPHABET: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_ONE_SPELLING: Final = "with a second spelling, a revoked token escapes the list (RFC 7515 section 2)"
_NO_JWT: Final = "it is signed, but not a JSON object, so it has no claims (RFC 7519 section 7.2)"


def with_wrong_text(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens that are malformed, or were changed after signing."""
    yield from _of_wrong_shape(forge.token())
    yield from _of_another_spelling(forge)
    yield from _changed_after_signing(forge.token())
    yield from _signed_nonsense(forge)


def _of_wrong_shape(good: str) -> Iterator[HostileToken]:
    header, payload, signature = good.split(".")
    parts = "a JWS in compact serialization has three parts; parsers disagree on other numbers (RFC 7515 section 7.1)"
    yield HostileToken("one-part", header, parts)
    yield HostileToken("two-parts", f"{header}.{payload}", parts)
    yield HostileToken("four-parts", f"{good}.{signature}", parts)
    yield HostileToken(
        "five-parts", f"{header}.{payload}.{payload}.{payload}.{signature}", "a JWE has five parts, and is not signed"
    )
    yield HostileToken("two-dots", "..", "all of its three parts are empty")
    yield HostileToken("no-header", f".{payload}.{signature}", "without a header, the signing key is unknown")
    yield HostileToken("no-payload", f"{header}..{signature}", "a detached payload is not covered by this check")
    yield HostileToken("no-signature", f"{header}.{payload}.", "it is not signed, so an attacker can write it")
    yield HostileToken("truncated", good[:-16], "its signature is too short")
    yield HostileToken("cut-in-half", good[: len(good) // 2], "most of it is missing")
    yield HostileToken("space-inside", f"{header}. {payload}.{signature}", _ONE_SPELLING)
    yield HostileToken("tab-inside", f"{header}.{payload}\t.{signature}", _ONE_SPELLING)
    yield HostileToken("quoted", f'"{good}"', "a token does not include quotes")
    yield HostileToken(
        "foreign-character", f"{header}.{payload}.*{signature}", "a character outside base64url must not be skipped"
    )
    yield HostileToken("no-token-at-all", "null", "a script sends this before it has a token")


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
    changed = "it was changed after signing"
    yield HostileToken("header-bit-changed", f"{_next_character(header, 20)}.{payload}.{signature}", changed)
    yield HostileToken(
        "payload-bit-changed", f"{header}.{_next_character(payload, len(payload) // 2)}.{signature}", changed
    )
    yield HostileToken("signature-bit-changed", f"{header}.{payload}.{_next_character(signature, 100)}", changed)
    yield HostileToken(
        "signature-of-zeros",
        f"{header}.{payload}.{tokens.base64url(bytes(256))}",
        "a signature of zero is the RSA result of zero",
    )


def _signed_nonsense(forge: Forge) -> Iterator[HostileToken]:
    broken = "it cannot be parsed, and must not cause an internal error either"
    for name, payload in (("array", b"[]"), ("text", b'"alice"'), ("number", b"1"), ("null", b"null")):
        yield HostileToken(f"payload-is-{name}", forge.sign(forge.header, payload), _NO_JWT)
    yield HostileToken("payload-is-empty", forge.sign(forge.header, b""), _NO_JWT)
    yield HostileToken("payload-is-no-json", forge.sign(forge.header, b"{alice}"), _NO_JWT)
    yield HostileToken("payload-is-no-utf-8", forge.sign(forge.header, b'{"sub":"\xff\xfe"}'), _NO_JWT)
    yield HostileToken("payload-nested-deeply", forge.sign(forge.header, b'{"sub":' + b"[" * 20_000), broken)
    yield HostileToken("header-nested-deeply", forge.sign(b'{"alg":' + b"[" * 20_000, forge.claims()), broken)
    yield HostileToken("huge", _just_too_long(forge), "it is longer than 64 KiB, which wastes the server's time")


def _with_both_special_characters(forge: Forge) -> str:
    """Return a valid token whose signature contains `-` and `_`, which the standard alphabet encodes differently."""
    return next(filter(lambda token: {"-", "_"} <= set(token.rpartition(".")[2]), iter(forge.token, None)))


def _next_character(segment: str, index: int) -> str:
    return segment[:index] + _neighbour_of(segment[index]) + segment[index + 1 :]


def _other_last_character(segment: str) -> str:
    """Return the segment with another last character. If it has spare bits, both decode to the same bytes."""
    return segment[:-1] + _neighbour_of(segment[-1])


def _neighbour_of(character: str) -> str:
    """Return the character that encodes the same bits except for the last."""
    return _ALPHABET[_ALPHABET.index(character) ^ 1]


def _signed_with_trailing_bits(forge: Forge) -> str:
    payload = tokens.json_bytes(forge.claims())
    payload += b" " * (1 if len(payload) % 3 == 0 else 0)  # three bytes fill their characters, without spare bits
    header = tokens.base64url(tokens.json_bytes(forge.header))
    signing_input = f"{header}.{_other_last_character(tokens.base64url(payload))}"
    return f"{signing_input}.{tokens.base64url(forge.key.sign(signing_input.encode()))}"


def _just_too_long(forge: Forge) -> str:
    claims = forge.claims()
    missing = _MAX_TOKEN_BYTES - len(forge.sign(forge.header, claims | {"filler": ""}))
    return forge.sign(forge.header, claims | {"filler": "x" * (missing * 3 // 4 + 3)})
