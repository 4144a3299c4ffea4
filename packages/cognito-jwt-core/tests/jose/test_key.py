"""Import of public keys, and signatures."""

import base64
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from cognito_jwt_core import AlgorithmNotAllowedError, CognitoVerifier, InvalidSignatureError, UnknownKeyError
from cognito_jwt_core.errors import shown
from cognito_jwt_core.jose.algorithms import ES256, RS256, UnfitKeyError, allowed, import_public_key, read_p256_pem
from cognito_jwt_core.jose.key import import_key
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwcrypto.jwk import JWK

COGNITO = allowed("RS256")
ALB = allowed("ES256")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def check_ps256(public_key: Any, signing_input: bytes, signature: bytes) -> None:
    public_key.verify(signature, signing_input, PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH), SHA256())


PS256 = RS256._replace(name="PS256", check=check_ps256)


def unsigned(number: int) -> str:
    """A Base64urlUInt (RFC 7518 section 2)."""
    data = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa(bits: int = 2048, /, **changes: object) -> dict[str, object]:
    """A key of that size that cannot sign: good enough to be imported."""
    return {"kid": "k", "kty": "RSA", "n": unsigned((1 << bits - 1) + 1), "e": "AQAB"} | changes


EC: dict[str, object] = JWK.generate(kty="EC", crv="P-256", kid="k").export_public(as_dict=True)
P384: dict[str, object] = JWK.generate(kty="EC", crv="P-384", kid="k").export_public(as_dict=True)
ED25519: dict[str, object] = JWK.generate(kty="OKP", crv="Ed25519", kid="k").export_public(as_dict=True)


@pytest.mark.parametrize(
    "pem",
    [
        JWK.generate(kty="EC", crv="P-384").export_to_pem(),
        JWK.generate(kty="EC", crv="secp256k1").export_to_pem(),
        JWK.generate(kty="RSA", size=2048).export_to_pem(),
        JWK.generate(kty="EC", crv="P-256").export_to_pem().replace(b"M", b"A"),
        b"text before " + JWK.generate(kty="EC", crv="P-256").export_to_pem(),
    ],
    ids=["P-384", "secp256k1", "RSA", "broken", "text-before"],
)
def test_pem_of_anything_but_one_p256_key_is_refused(messages: Messages, pem: bytes) -> None:
    with messages.raises(UnfitKeyError):
        read_p256_pem(pem)


def test_row_of_the_table_has_its_own_check(pool: LocalUserPool) -> None:
    key = import_key(dict(pool.signing_key.public_jwk) | {"alg": "PS256"}, {"PS256": PS256})

    assert key.algorithm is PS256
    key.verify(PS256, b"text", pool.signing_key.sign(b"text", "PS256"))
    with pytest.raises(InvalidSignatureError):
        key.verify(PS256, b"text", pool.signing_key.sign(b"text", "RS256"))


def test_token_cannot_choose_how_a_key_is_used(pool: LocalUserPool) -> None:
    """RFC 8725 section 3.1: a header says PS256, the signature is by RS256, and the key is for RS256."""
    both = {"RS256": RS256, "PS256": PS256}
    key = import_key(pool.signing_key.public_jwk, both)
    signature = pool.signing_key.sign(b"text", "RS256")

    key.verify(RS256, b"text", signature)
    with pytest.raises(AlgorithmNotAllowedError) as caught:
        key.verify(PS256, b"text", signature)
    assert not caught.value.is_authentic
    for named in ("RS256", "PS256", shown(key.kid)):
        assert named in str(caught.value)


def test_key_without_alg_is_bound_by_its_type_and_curve(messages: Messages) -> None:
    both = allowed("RS256", "ES256")

    assert import_key(rsa(), both).algorithm is RS256
    assert import_key(EC, both).algorithm is ES256
    with messages.raises(UnfitKeyError):
        import_key(P384, both)
    with messages.raises(UnfitKeyError):
        import_key(P384 | {"alg": "ES256"}, both)


def test_curve_is_no_member_of_an_rsa_key() -> None:
    assert import_key(rsa(crv="P-256"), COGNITO).algorithm is RS256


def test_material_of_an_ec_key_holds_its_curve() -> None:
    key = import_key(EC | {"use": "sig"}, ALB)

    assert key.material == {name: EC[name] for name in ("kty", "crv", "x", "y")}
    assert key.as_jwk() == {"alg": "ES256", "use": "sig", "kid": "k"} | dict(key.material)


@pytest.mark.parametrize(
    "changes",
    [
        {"x": None},
        {"y": "+"},
        {"x": unsigned(1)},
        {"y": base64.urlsafe_b64encode(bytes(33)).decode()},
        {"y": EC["x"]},  # not on the curve: see invalid curve attacks, RFC 8725 section 3.4
        {"x": base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()},
        {"crv": None},
        {"crv": "secp256k1"},
        {"d": "AQAB"},
    ],
)
def test_unfit_ec_key_is_refused(messages: Messages, changes: dict[str, object]) -> None:
    with messages.raises(UnfitKeyError):
        import_key(EC | changes, ALB)


def test_ec_signature_is_r_and_s_in_64_bytes() -> None:
    """RFC 7518 section 3.4. (r, n - s) verifies as well, so no token can be told by its text."""
    private: Any = JWK.generate(kty="EC", crv="P-256", kid="k")
    key = import_key(private.export_public(as_dict=True), ALB)
    der = private.get_op_key("sign").sign(b"text", ECDSA(SHA256()))
    r, s = decode_dss_signature(der)

    def raw(r: int, s: int) -> bytes:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    key.verify(ES256, b"text", raw(r, s))
    key.verify(ES256, b"text", raw(r, P256_ORDER - s))
    for signature in (der, raw(r, s)[:-1], raw(r, s) + b"\0", b"", raw(s, r), raw(r, 0), raw(0, s), raw(0, 0)):
        with pytest.raises(InvalidSignatureError):
            key.verify(ES256, b"text", signature)


def test_unfit_key_is_told_every_algorithm_that_is_allowed(messages: Messages) -> None:
    both = {"RS256": RS256, "PS256": PS256}

    with messages.raises(UnfitKeyError):
        import_key(EC, both)


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
    key = import_key(jwk, COGNITO)

    assert key.kid == jwk["kid"]
    assert key.algorithm is RS256
    assert key.material == {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}
    assert key.as_jwk() == {"alg": "RS256", "use": "sig", "kty": "RSA"} | {
        name: jwk[name] for name in ("kid", "n", "e")
    }


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "x",
        {},
        rsa(kid=None),
        rsa(kid=""),
        rsa(kid=1),
        *(rsa() | {name: "AQAB"} for name in ("d", "p", "q", "k")),
        *(rsa() | {name: ""} for name in ("dp", "dq", "qi", "oth")),
        rsa(use="enc"),
        rsa(use=None),
        rsa(use=["sig"]),
        rsa(key_ops=[]),
        rsa(key_ops=["encrypt"]),
        rsa(key_ops="verify"),
        rsa(key_ops=["verify", "verify"]),
        rsa(key_ops=["verify", {}, {}]),
        rsa(key_ops=None),
        rsa(alg="RS512"),
        rsa(alg="PS256"),
        rsa(alg=None),
        rsa(kty=None),
        rsa(kty="EC"),
        rsa(kty="oct"),
        rsa(n=None),
        rsa(n=1),
        rsa(n=b"AQAB"),
        rsa(n=unsigned(1 << 2047) + "=="),
        rsa(n="+" + unsigned(1 << 2047)),
        rsa(n=unsigned(1 << 2047) + "\n"),
        rsa(n="é" + unsigned(1 << 2047)),
        rsa(n="A"),
        rsa(n="AB"),
        rsa(n=""),
        rsa(n="AQAB"),
        rsa(1024),
        rsa(2047),
        rsa(16385),
        rsa(e=unsigned(0)),
        rsa(e=unsigned(1)),
        rsa(e=unsigned(2)),
        rsa(e=unsigned(65536)),
        rsa(e=unsigned((1 << 64) + 1)),
        rsa(e="é"),
        EC,
        ED25519,
        rsa(key_ops=["verify", 1]),
        rsa(key_ops=["verify", None]),
    ],
)
def test_unfit_key_is_refused(messages: Messages, jwk: object) -> None:
    with messages.raises(UnfitKeyError):
        import_key(jwk, COGNITO)


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


def test_signature_holds_for_its_text_and_key_alone(messages: Messages, pool: LocalUserPool) -> None:
    key = import_key(pool.signing_key.public_jwk, COGNITO)
    other = import_key(LocalUserPool("eu-central-1_another").signing_key.public_jwk, COGNITO)
    signature = pool.signing_key.sign(b"text")

    key.verify(RS256, b"text", signature)

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
        with messages.raises(InvalidSignatureError) as caught:
            by.verify(RS256, text, tried)
        assert caught.value.__cause__ is caught.value.__context__ is None


def test_signature_of_another_length_is_refused_though_the_number_is_the_same(pool: LocalUserPool) -> None:
    """RFC 8017 section 8.2.2, step 1: as long as the modulus, to the byte."""
    key = import_key(pool.signing_key.public_jwk, COGNITO)
    text, signature = next(
        (text, signature)
        for text in (str(number).encode() for number in itertools.count())
        if (signature := pool.signing_key.sign(text))[0] == 0
    )

    key.verify(RS256, text, signature)
    for respelt in (signature[1:], b"\0" + signature):
        with pytest.raises(InvalidSignatureError):
            key.verify(RS256, text, respelt)


@pytest.mark.parametrize(
    "jwk", [rsa(n=unsigned(1 << 2047)), rsa(n=unsigned((1 << 2048) - 2)), rsa(e=unsigned((1 << 64) - 1))]
)
def test_key_without_a_private_half_verifies_nothing(jwk: dict[str, object]) -> None:
    """An even modulus has no RSA signatures; what OpenSSL makes of it must not end in another error."""
    key = import_key(jwk, COGNITO)

    for signature in (b"", b"\1", bytes(256), b"\1" * 256, b"\xff" * 256, b"\1" * 512):
        with pytest.raises(InvalidSignatureError):
            key.verify(RS256, b"text", signature)


def test_key_that_jwcrypto_refuses_is_unfit_too(messages: Messages) -> None:
    """Whatever a newer version may find wrong with a key, the good ones of its set must not suffer."""
    with messages.raises(UnfitKeyError):
        import_public_key({"kty": "RSA", "n": "AQ", "e": "AQ"})


def test_repr_of_a_key_shows_its_id_in_one_line() -> None:
    assert repr(import_key(rsa(kid="a\nb"), COGNITO)) == r"<VerificationKey 'a\nb' RS256>"


def test_whatever_a_signature_check_raises_means_that_it_does_not_hold(pool: LocalUserPool) -> None:
    def check(public_key: object, signing_input: bytes, signature: bytes) -> None:
        raise InvalidSignature("a secret")

    row = RS256._replace(check=check)
    key = import_key(pool.signing_key.public_jwk, {"RS256": row})

    with pytest.raises(InvalidSignatureError) as caught:
        key.verify(row, b"text", pool.signing_key.sign(b"text"))

    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
