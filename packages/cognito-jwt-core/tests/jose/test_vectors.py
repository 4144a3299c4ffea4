"""Published vectors: RFC 7515 appendix A.2, and Project Wycheproof's for RSA and ECDSA signatures and for JWS."""

import json
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core import AlgorithmNotAllowedError, InvalidSignatureError, InvalidTokenError, UnknownKeyError
from cognito_jwt_core.jose.algorithms import ALGORITHMS, ES256, RS256, UnfitKeyError
from cognito_jwt_core.jose.compact import parse
from cognito_jwt_core.jose.header import check_header
from cognito_jwt_core.jose.key import VerificationKey, import_key

VECTORS = Path(__file__).parent / "vectors"


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def vectors(name: str) -> list[Any]:
    return [
        pytest.param(group["jwk"], vector, id=f"{vector['tcId']}-{vector['comment'] or 'plain'}")
        for group in read(name)["groups"]
        for vector in group["tests"]
    ]


def key_of(jwk: dict[str, object]) -> VerificationKey:
    return import_key({"kid": "k"} | jwk, ALGORITHMS)


def verify(jwk: dict[str, object], jws: str) -> None:
    """Do what the verifier does with a token before it looks at the claims."""
    key = key_of(jwk)
    token = parse(jws.encode())
    algorithm, kid = check_header(token.header, ALGORITHMS)
    if kid != key.kid:
        raise UnknownKeyError("kid: expected the key of the vector, found another")
    key.verify(algorithm, token.signing_input, token.signature)


def test_rfc_7515_appendix_a_2() -> None:
    vector = read("rfc7515_a2.json")
    key = key_of(vector["jwk"])

    token = parse(vector["jws"].encode())
    key.verify(RS256, token.signing_input, token.signature)

    assert token.header.alg == "RS256"
    assert token.payload() == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    for place in range(len(token.signature)):
        changed = bytearray(token.signature)
        changed[place] ^= 1
        with pytest.raises(InvalidSignatureError):
            key.verify(RS256, token.signing_input, bytes(changed))


@pytest.mark.parametrize(("jwk", "vector"), vectors("wycheproof_rsa_signature_2048_sha256.json"))
def test_rsa_signature(jwk: dict[str, object], vector: dict[str, str]) -> None:
    message, signature = bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])

    if vector["result"] == "valid":
        key_of(jwk).verify(RS256, message, signature)
    else:  # the "acceptable" one lacks a NULL that RFC 8017 demands
        with pytest.raises(InvalidSignatureError):
            key_of(jwk).verify(RS256, message, signature)


@pytest.mark.parametrize(("jwk", "vector"), vectors("wycheproof_ecdsa_secp256r1_sha256_p1363.json"))
def test_ecdsa_signature(jwk: dict[str, object], vector: dict[str, str]) -> None:
    message, signature = bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"])

    if vector["result"] == "valid":
        key_of(jwk).verify(ES256, message, signature)
    else:
        with pytest.raises(InvalidSignatureError):
            key_of(jwk).verify(ES256, message, signature)


@pytest.mark.parametrize(("jwk", "vector"), vectors("wycheproof_json_web_signature.json"))
def test_jws(jwk: dict[str, object], vector: dict[str, str]) -> None:
    if vector["result"] == "valid" and jwk["alg"] in ALGORITHMS:
        verify(jwk, vector["jws"])
    elif vector["result"] == "valid":  # by an algorithm that this library does not have
        with pytest.raises(UnfitKeyError):
            key_of(jwk)
        with pytest.raises(AlgorithmNotAllowedError):
            check_header(parse(vector["jws"].encode()).header, ALGORITHMS)
    else:
        with pytest.raises((InvalidTokenError, UnfitKeyError)):
            verify(jwk, vector["jws"])


def test_vectors_say_where_they_are_from() -> None:
    for path in VECTORS.glob("*.json"):
        assert "https://" in read(path.name)["source"]
    assert "Apache License" in (VECTORS / "LICENSE-wycheproof.txt").read_text(encoding="utf-8")
