"""Hostile tokens with an invalid header: algorithm, key, extensions or JSON."""

import base64
import functools
import hmac
from collections.abc import Iterator, Mapping
from typing import Final

from jwcrypto.jwk import JWK

from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken
from cognito_jwt_core.testing.keys import SigningKey, sign_with

_UNSIGNED: Final = '"alg" none means that nothing is signed, so an attacker can write the token (RFC 8725 section 2.1)'
_CONFUSED: Final = "it is signed with HMAC, using the pool's published key as the secret (RFC 8725 section 2.1)"
_NOT_ALLOWED: Final = "only the algorithm that the pool uses may verify its tokens (RFC 8725 section 3.1)"
_NOT_A_NAME: Final = 'its "alg" is not an algorithm; it must not cause an internal error either'
_NO_KEY: Final = "the pool has no key with that id, so its signer is unknown"
_EMBEDDED: Final = "it contains or names the key to verify it with, which is the attacker's (RFC 8725 section 3.10)"
_CRITICAL: Final = "a verifier that does not know its extension must reject it (RFC 7515 section 4.1.11)"
_NO_HEADER: Final = "its header is not a JSON object (RFC 7515 section 5.2)"
_FORGED: Final = "an attacker signed it"

_NONES: Final = {
    "none": "none",
    "none-capitalized": "None",
    "none-upper": "NONE",
    "none-mixed": "nOnE",
    "none-spaced": "none ",
}
_NO_ALGORITHMS: Final[Mapping[str, object]] = {
    "is-empty": "",
    "is-null": None,
    "is-number": 256,
    "is-array": ["RS256"],
    "is-object": {"RS256": True},
    "is-lower-case": "rs256",
    "has-nul": "RS256\0",
    "is-lone-surrogate": "\ud800",
}
_NO_KEY_IDS: Final[Mapping[str, object]] = {
    "is-unknown": "bm8gc3VjaCBrZXkgaW4gYW55IHBvb2wgb2YgYW55Ym9keT0=",
    "is-empty": "",
    "is-null": None,
    "is-number": 0,
    "is-true": True,
    "is-array": [],
    "is-object": {},
    "is-a-path": "../../../../dev/null",
    "is-a-url": "https://attacker.example/jwks.json",
    "is-sql": "x' UNION SELECT 'key' --",
    "breaks-the-log": "x\r\nWARNING: all is well",
    "is-lone-surrogate": "\ud800",
    "is-long": "x" * 10_000,
}


def with_wrong_headers(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens with valid claims, and a header for which they must be rejected."""
    yield from _of_wrong_algorithm(forge)
    yield from _of_wrong_key(forge)
    yield from _bringing_a_key(forge)
    yield from _of_wrong_extension(forge)
    yield from _of_broken_header(forge)


def _of_wrong_algorithm(forge: Forge) -> Iterator[HostileToken]:
    claims, good = forge.claims(), forge.header
    for name, alg in _NONES.items():
        yield HostileToken(f"alg-{name}", tokens.unsigned(good | {"alg": alg}, claims), _UNSIGNED)
    yield HostileToken("alg-none-signed", forge.sign(good | {"alg": "none"}, claims), _UNSIGNED)
    yield from forge.headers_with("alg", _NO_ALGORITHMS, _NOT_A_NAME)
    yield HostileToken("alg-is-absent", forge.sign({"kid": forge.key.kid}, claims), _NOT_A_NAME)
    for alg in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        token = tokens.sign(forge.key, good | {"alg": alg}, claims, algorithm=alg)
        yield HostileToken(f"alg-{alg.lower()}", token, _NOT_ALLOWED)
    yield HostileToken("pss-signature-for-rs256", tokens.sign(forge.key, good, claims, algorithm="PS256"), _NOT_ALLOWED)
    yield HostileToken("alg-es256", _sign_es256(good | {"alg": "ES256"}, claims), _NOT_ALLOWED)
    yield from _keyed_with_public_key(forge)


def _keyed_with_public_key(forge: Forge) -> Iterator[HostileToken]:
    claims, key = forge.claims(), forge.key
    modulus = key.public_jwk["n"]
    secrets = {
        "public-pem": key.public_pem,
        "stripped-public-pem": key.public_pem.strip(),
        "jwk-modulus": base64.urlsafe_b64decode(modulus + "=="),
        "jwk-modulus-text": modulus.encode(),
        "public-jwk": tokens.json_bytes(dict(key.public_jwk)),
        "kid": key.kid.encode(),
        "nothing": b"",
    }
    for name, secret in secrets.items():
        yield HostileToken(
            f"hs256-with-{name}", _sign_hmac("sha256", forge.header | {"alg": "HS256"}, claims, secret), _CONFUSED
        )
    for bits in ("384", "512"):
        token = _sign_hmac(f"sha{bits}", forge.header | {"alg": f"HS{bits}"}, claims, key.public_pem)
        yield HostileToken(f"hs{bits}-with-public-pem", token, _CONFUSED)
    token = _sign_hmac("sha256", forge.header, claims, key.public_pem)
    yield HostileToken("hmac-signature-for-rs256", token, _CONFUSED)


def _of_wrong_key(forge: Forge) -> Iterator[HostileToken]:
    claims, attacker = forge.claims(), forge.attacker_key
    yield HostileToken(
        "kid-is-absent", forge.sign({"alg": "RS256"}, claims), "without a key id, the signing key is unknown"
    )
    similar = {"is-in-other-case": forge.key.kid.swapcase(), "is-followed-by-nul": forge.key.kid + "\0"}
    yield from forge.headers_with("kid", {**_NO_KEY_IDS, **similar}, _NO_KEY)
    yield HostileToken("signed-with-another-key", tokens.sign(attacker, forge.header, claims), _FORGED)
    yield HostileToken("signed-with-an-unpublished-key", tokens.sign(attacker, _header_of(attacker), claims), _FORGED)


def _bringing_a_key(forge: Forge) -> Iterator[HostileToken]:
    claims, attacker = forge.claims(), forge.attacker_key
    certificate = base64.b64encode(attacker.public_pem).decode()
    members: dict[str, object] = {
        "jwk": dict(attacker.public_jwk),
        "jku": "https://attacker.example/.well-known/jwks.json",
        "x5u": "https://attacker.example/certificate.pem",
        "x5c": [certificate],
    }
    for name, value in members.items():
        yield HostileToken(
            f"{name}-and-own-kid", tokens.sign(attacker, _header_of(attacker) | {name: value}, claims), _EMBEDDED
        )
        yield HostileToken(
            f"{name}-and-kid-of-the-pool", tokens.sign(attacker, forge.header | {name: value}, claims), _EMBEDDED
        )
    without_kid = {"alg": "RS256", "jwk": dict(attacker.public_jwk)}
    yield HostileToken("jwk-and-no-kid", tokens.sign(attacker, without_kid, claims), _EMBEDDED)


def _of_wrong_extension(forge: Forge) -> Iterator[HostileToken]:
    extensions: dict[str, dict[str, object]] = {
        "crit-is-unknown": {"crit": ["https://example.com/must-understand"], "https://example.com/must-understand": 1},
        "crit-names-exp": {"crit": ["exp"], "exp": 1},
        "crit-names-b64": {"crit": ["b64"], "b64": False},
        "crit-is-empty": {"crit": []},
        "crit-is-null": {"crit": None},
        "crit-is-text": {"crit": "alg"},
    }
    for name, members in extensions.items():
        yield HostileToken(name, forge.sign(forge.header | members, forge.claims()), _CRITICAL)


def _of_broken_header(forge: Forge) -> Iterator[HostileToken]:
    good = tokens.json_bytes(forge.header)
    kid = tokens.json_bytes({"kid": forge.key.kid})[1:-1]
    headers = {
        "header-is-array": b"[" + good + b"]",
        "header-is-text": b'"RS256"',
        "header-is-number": b"256",
        "header-is-null": b"null",
        "header-is-empty-object": b"{}",
        "header-is-no-json": b"{'alg': 'RS256'}",
        "header-is-no-utf-8": good[:-1] + b',"x":"\xff"}',
        "header-is-utf-16": good.decode().encode("utf-16"),
        "header-has-byte-order-mark": b"\xef\xbb\xbf" + good,
        "header-ends-in-nul": good + b"\0",
        "header-goes-on": good + good,
    }
    for name, header in headers.items():
        yield HostileToken(name, forge.sign(header, forge.claims()), _NO_HEADER)
    twice = "it has a member twice, and two parsers may see different values (RFC 7515 section 4)"
    yield HostileToken(
        "alg-given-twice", forge.sign(b'{"alg":"none","alg":"RS256",' + kid + b"}", forge.claims()), twice
    )
    yield HostileToken("kid-given-twice", forge.sign(b'{"alg":"RS256","kid":"x",' + kid + b"}", forge.claims()), twice)


def _header_of(key: SigningKey) -> dict[str, object]:
    return {"alg": "RS256", "kid": key.kid}


def _sign_hmac(digest: str, header: object, payload: object, secret: bytes) -> str:
    # Built by hand, because libraries refuse to sign such tokens.
    signing_input = tokens.signing_input(header, payload)
    return f"{signing_input}.{tokens.base64url(hmac.digest(secret, signing_input.encode(), digest))}"


def _sign_es256(header: object, payload: object) -> str:
    signing_input = tokens.signing_input(header, payload)
    return f"{signing_input}.{tokens.base64url(sign_with(_elliptic_curve_key(), 'ES256', signing_input.encode()))}"


@functools.cache
def _elliptic_curve_key() -> JWK:
    return JWK.generate(kty="EC", crv="P-256")
