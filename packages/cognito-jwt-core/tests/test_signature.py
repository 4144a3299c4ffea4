import base64
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    CognitoVerifier,
    InvalidSignatureError,
    MalformedTokenError,
    UnknownKeyError,
)
from cognito_jwt_core.compact import UnverifiedHeader
from cognito_jwt_core.signature import ALGORITHMS, Algorithm, UnfitKeyError, _public_key, check_header, import_key
from cognito_jwt_core.testing import LocalUserPool
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK

SIGNER = LocalUserPool("eu-central-1_signer")
GOOD: dict[str, object] = {"alg": "RS256", "kid": "k"}


def check_ps256(public_key: Any, signing_input: bytes, signature: bytes) -> bool:
    public_key.verify(signature, signing_input, PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH), SHA256())
    return True


PS256 = Algorithm("PS256", "RSA", check_ps256)


def unsigned(number: int) -> str:
    """A Base64urlUInt (RFC 7518 section 2)."""
    data = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa(bits: int = 2048, /, **changes: object) -> dict[str, object]:
    """A key of that size which nobody could sign with: good enough to be imported."""
    return {"kid": "k", "kty": "RSA", "n": unsigned((1 << bits - 1) + 1), "e": "AQAB"} | changes


EC: dict[str, object] = JWK.generate(kty="EC", crv="P-256", kid="k").export_public(as_dict=True)
ED25519: dict[str, object] = JWK.generate(kty="OKP", crv="Ed25519", kid="k").export_public(as_dict=True)


@pytest.mark.parametrize("outcome", [InvalidSignature, ValueError, None])
def test_a_key_makes_its_first_check_when_it_is_imported(outcome: type[Exception] | None) -> None:
    checked = []

    def check(public_key: Any, signing_input: bytes, signature: bytes) -> bool:
        checked.append((public_key, signing_input, signature))
        if outcome is not None:
            raise outcome
        return False

    key = import_key(rsa(), {"RS256": Algorithm("RS256", "RSA", check)})

    assert checked == [(key.public_key, b"", b"")]


def test_header_that_says_what_it_must_gives_the_kid() -> None:
    assert check_header(UnverifiedHeader(GOOD), ALGORITHMS) == "k"
    assert check_header(UnverifiedHeader(GOOD | {"typ": 1, "jwk": {}, "x": None}), ALGORITHMS) == "k"


@pytest.mark.parametrize("crit", [None, False, [], {}, ["exp"], "exp"])
def test_any_crit_is_refused(crit: object) -> None:
    with pytest.raises(MalformedTokenError, match=r"^crit: expected no critical extensions in the header, found some$"):
        check_header(UnverifiedHeader(GOOD | {"crit": crit}), ALGORITHMS)


@pytest.mark.parametrize(
    ("alg", "found"),
    [
        ("none", "'none'"),
        ("HS256", "'HS256'"),
        ("rs256", "'rs256'"),
        ("RS256 ", "'RS256 '"),
        ("RS512", "'RS512'"),
        ("", "''"),
        ("\n\ud800", r"'\\n\\ud800'"),
        (None, "None"),
        (256, "256"),
        (True, "True"),
        (["RS256"], r"\['RS256'\]"),
        ({"RS256": 1}, r"\{'RS256': 1\}"),
        ("x" * 100, "'" + "x" * 63),
    ],
)
def test_any_other_algorithm_is_refused(alg: object, found: str) -> None:
    with pytest.raises(AlgorithmNotAllowedError, match=rf"^alg: expected RS256, found {found}$"):
        check_header(UnverifiedHeader(GOOD | {"alg": alg}), ALGORITHMS)


def test_refusal_names_every_algorithm_that_is_allowed() -> None:
    allowed = {"RS256": ALGORITHMS["RS256"], "PS256": PS256}

    assert check_header(UnverifiedHeader({"alg": "PS256", "kid": "k"}), allowed) == "k"
    with pytest.raises(AlgorithmNotAllowedError, match=r"^alg: expected RS256 or PS256, found 'none'$"):
        check_header(UnverifiedHeader({"alg": "none", "kid": "k"}), allowed)


@pytest.mark.parametrize("kid", [None, "", 0, 1, True, [], ["k"], {}])
def test_kid_that_names_no_key_is_refused(kid: object) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        check_header(UnverifiedHeader(GOOD | {"kid": kid}), ALGORITHMS)

    assert str(caught.value) == f"kid: expected the id of a key in the header, found {kid!a}"


def test_crit_comes_before_the_algorithm_and_that_before_the_kid() -> None:
    with pytest.raises(MalformedTokenError, match=r"^crit"):
        check_header(UnverifiedHeader({"alg": "none", "crit": []}), ALGORITHMS)
    with pytest.raises(AlgorithmNotAllowedError):
        check_header(UnverifiedHeader({"alg": "none"}), ALGORITHMS)


def test_algorithms_are_those_of_cognito() -> None:
    assert list(ALGORITHMS) == ["RS256"]
    assert (ALGORITHMS["RS256"].name, ALGORITHMS["RS256"].key_type) == ("RS256", "RSA")


def test_row_of_the_table_has_its_own_check(pool: LocalUserPool) -> None:
    key = import_key(dict(pool.signing_key.public_jwk) | {"alg": "PS256"}, {"PS256": PS256})

    assert key.algorithm is PS256
    key.check_signature(b"text", pool.signing_key.sign(b"text", "PS256"))
    with pytest.raises(InvalidSignatureError):
        key.check_signature(b"text", pool.signing_key.sign(b"text", "RS256"))


def test_unfit_key_is_told_every_algorithm_that_is_allowed() -> None:
    allowed = {"RS256": ALGORITHMS["RS256"], "PS256": PS256}

    with pytest.raises(UnfitKeyError, match=r"^expected a key for RS256 or PS256, found kty 'EC' and alg None$"):
        import_key(EC, allowed)


@pytest.mark.parametrize(
    "jwk",
    [
        rsa(),
        rsa(3072),
        rsa(4096),
        rsa(16384),
        rsa(e=unsigned(3)),
        rsa(e=unsigned((1 << 64) - 1)),
        rsa(use="sig"),
        rsa(alg="RS256"),
        rsa(key_ops=["verify"]),
        rsa(key_ops=("sign", "verify")),
        rsa(x5c=["x"], x5t="y", oth_er=1),
        rsa(kid="\ud800 "),
    ],
)
def test_public_rsa_key_for_signatures_is_imported(jwk: Mapping[str, object]) -> None:
    key = import_key(jwk, ALGORITHMS)

    assert key.kid == jwk["kid"]
    assert key.algorithm is ALGORITHMS["RS256"]
    assert key.material == ("RSA", jwk["n"], jwk["e"])
    assert key.as_jwk() == {"alg": "RS256", "use": "sig", "kty": "RSA"} | {
        name: jwk[name] for name in ("kid", "n", "e")
    }


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        (None, "expected an object"),
        ([], "expected an object"),
        ("x", "expected an object"),
        ({}, "expected a kid"),
        (rsa(kid=None), "expected a kid"),
        (rsa(kid=""), "expected a kid"),
        (rsa(kid=1), "expected a kid"),
        *((rsa() | {name: "AQAB"}, "expected a public key, found private material") for name in ("d", "p", "q", "k")),
        *((rsa() | {name: ""}, "expected a public key, found private material") for name in ("dp", "dq", "qi", "oth")),
        (rsa(use="enc"), "expected a key for signatures, found one for another use"),
        (rsa(use=None), "expected a key for signatures, found one for another use"),
        (rsa(use=["sig"]), "expected a key for signatures, found one for another use"),
        (rsa(key_ops=[]), "expected a key for signatures, found one for another use"),
        (rsa(key_ops=["encrypt"]), "expected a key for signatures, found one for another use"),
        (rsa(key_ops="verify"), "expected a key for signatures, found one for another use"),
        (rsa(key_ops=None), "expected a key for signatures, found one for another use"),
        (rsa(alg="RS512"), "expected a key for RS256, found kty 'RSA' and alg 'RS512'"),
        (rsa(alg="PS256"), "expected a key for RS256, found kty 'RSA' and alg 'PS256'"),
        (rsa(alg=None), "expected a key for RS256, found kty 'RSA' and alg None"),
        (rsa(kty=None), "expected a key for RS256, found kty None and alg None"),
        (rsa(kty="EC"), "expected a key for RS256, found kty 'EC' and alg None"),
        (rsa(kty="oct"), "expected a key for RS256, found kty 'oct' and alg None"),
        (rsa(n=None), "expected n as base64url"),
        (rsa(n=1), "expected n as base64url"),
        (rsa(n=b"AQAB"), "expected n as base64url"),
        (rsa(n=unsigned(1 << 2047) + "=="), "expected n as base64url"),
        (rsa(n="+" + unsigned(1 << 2047)), "expected n as base64url"),
        (rsa(n=unsigned(1 << 2047) + "\n"), "expected n as base64url"),
        (rsa(n="é" + unsigned(1 << 2047)), "expected n as base64url"),
        (rsa(n="A"), "expected n as base64url"),
        (rsa(n="AB"), "expected n as base64url"),
        (rsa(n=""), "expected an RSA key of 2048 to 16384 bits, found 0"),
        (rsa(n="AQAB"), "expected an RSA key of 2048 to 16384 bits, found 17"),
        (rsa(1024), "expected an RSA key of 2048 to 16384 bits, found 1024"),
        (rsa(2047), "expected an RSA key of 2048 to 16384 bits, found 2047"),
        (rsa(16385), "expected an RSA key of 2048 to 16384 bits, found 16385"),
        (rsa(e=unsigned(0)), "expected an odd RSA exponent from 3 up to 64 bits, found another"),
        (rsa(e=unsigned(1)), "expected an odd RSA exponent from 3 up to 64 bits, found another"),
        (rsa(e=unsigned(2)), "expected an odd RSA exponent from 3 up to 64 bits, found another"),
        (rsa(e=unsigned(65536)), "expected an odd RSA exponent from 3 up to 64 bits, found another"),
        (rsa(e=unsigned((1 << 64) + 1)), "expected an odd RSA exponent from 3 up to 64 bits, found another"),
        (rsa(e="é"), "expected e as base64url"),
        (EC, "expected a key for RS256, found kty 'EC' and alg None"),
        (ED25519, "expected a key for RS256, found kty 'OKP' and alg None"),
    ],
)
def test_unfit_key_is_refused(jwk: object, message: str) -> None:
    with pytest.raises(UnfitKeyError, match=rf"^{message}$"):
        import_key(jwk, ALGORITHMS)


def test_short_key_of_a_set_verifies_nothing(pool: LocalUserPool) -> None:
    short = JWK.generate(kty="RSA", size=1024, kid="short").export_public(as_dict=True)
    verifier = CognitoVerifier(
        pool.id,
        client_id=None,
        token_use=None,
        jwks={"keys": [short, *pool.jwk_set["keys"]]},
        clock=pool.clock,
    )

    with pytest.raises(UnknownKeyError, match=r"found 'short'"):
        verifier.verify(pool.sign({"alg": "RS256", "kid": "short"}, pool.access_claims()))
    assert verifier.verify(pool.access_token())


def test_signature_holds_for_its_text_and_key_alone(pool: LocalUserPool) -> None:
    key = import_key(pool.signing_key.public_jwk, ALGORITHMS)
    other = import_key(LocalUserPool("eu-central-1_another").signing_key.public_jwk, ALGORITHMS)
    signature = pool.signing_key.sign(b"text")

    key.check_signature(b"text", signature)

    for text, tried, by in (
        (b"texT", signature, key),
        (b"", signature, key),
        (b"text", signature, other),
        (b"text", b"", key),
        (b"text", b"\0" + signature, key),
        (b"text", signature + b"\0", key),
        (b"text", signature[:-1], key),
        (b"text", bytes(256), key),
        (b"text", b"\xff" * 256, key),
        (b"text", b"\xff" * 100_000, key),
    ):
        with pytest.raises(
            InvalidSignatureError, match=r"^signature: expected one by key '.*', found another$"
        ) as caught:
            by.check_signature(text, tried)
        assert caught.value.__cause__ is caught.value.__context__ is None


def test_signature_of_another_length_is_refused_though_the_number_is_the_same(pool: LocalUserPool) -> None:
    """RFC 8017 section 8.2.2, step 1: as long as the modulus, to the byte."""
    key = import_key(pool.signing_key.public_jwk, ALGORITHMS)
    text, signature = next(
        (text, signature)
        for text in (str(number).encode() for number in itertools.count())
        if (signature := pool.signing_key.sign(text))[0] == 0
    )

    key.check_signature(text, signature)
    for respelt in (signature[1:], b"\0" + signature):
        with pytest.raises(InvalidSignatureError):
            key.check_signature(text, respelt)


@given(st.binary(max_size=64), st.none() | st.integers(0, 2047))
def test_signature_check_says_what_that_of_cryptography_says(text: bytes, flipped: int | None) -> None:
    """The fast road keeps the interpreter; the slow one is `RSAPublicKey.verify`."""
    number = int.from_bytes(SIGNER.signing_key.sign(text), "big") ^ (0 if flipped is None else 1 << flipped)
    signature = number.to_bytes(256, "big")
    key = import_key(SIGNER.signing_key.public_jwk, ALGORITHMS)
    public_key: Any = key.public_key

    try:
        public_key.verify(signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        with pytest.raises(InvalidSignatureError):
            key.check_signature(text, signature)
    else:
        key.check_signature(text, signature)
        assert flipped is None


@pytest.mark.parametrize(
    "jwk", [rsa(n=unsigned(1 << 2047)), rsa(n=unsigned((1 << 2048) - 2)), rsa(e=unsigned((1 << 64) - 1))]
)
def test_key_that_could_be_nobodys_verifies_nothing(jwk: dict[str, object]) -> None:
    """An even modulus has no RSA signatures; what OpenSSL makes of it must not end in another error."""
    key = import_key(jwk, ALGORITHMS)

    for signature in (b"", b"\1", bytes(256), b"\1" * 256, b"\xff" * 256, b"\1" * 512):
        with pytest.raises(InvalidSignatureError):
            key.check_signature(b"text", signature)


def test_key_that_jwcrypto_refuses_is_unfit_too() -> None:
    """Whatever a newer version may find wrong with a key, the good ones of its set must not suffer."""
    with pytest.raises(UnfitKeyError, match=r"^expected a usable RSA key$"):
        _public_key(("RSA", "AQ", "AQ"))


def test_repr_of_a_key_shows_its_id_in_one_line() -> None:
    assert repr(import_key(rsa(kid="a\nb"), ALGORITHMS)) == r"<VerificationKey 'a\nb' RS256>"
