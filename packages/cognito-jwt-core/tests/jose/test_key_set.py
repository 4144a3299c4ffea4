import logging
from collections.abc import Mapping

import pytest
from cognito_jwt_core.jose.algorithms import allowed
from cognito_jwt_core.jose.key_set import KeySet, load_key_set
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.key_servers import Stopwatch
from cognito_test_kit.messages import Messages
from jwcrypto.jwk import JWK

COGNITO = allowed("RS256")


@pytest.fixture
def jwk(pool: LocalUserPool) -> Mapping[str, str]:
    return pool.signing_key.public_jwk


def loaded(*members: object, previous: KeySet | None = None) -> KeySet:
    return load_key_set({"keys": list(members)}, COGNITO, previous)


def changed(jwk: Mapping[str, str], **members: object) -> dict[str, object]:
    return {name: value for name, value in {**jwk, "kid": "bad", **members}.items() if value is not None}


WEAK = JWK.generate(kty="RSA", size=1024).export_public(as_dict=True)

UNUSABLE = {
    "no object": ("a string", "expected an object"),
    "no kid": ({"kid": None}, "expected a kid"),
    "an empty kid": ({"kid": ""}, "expected a kid"),
    "a kid that is not a string": ({"kid": 7}, "expected a kid"),
    "private material": ({"d": "AQAB"}, "expected a public key, found private material"),
    "a private prime alone": ({"p": "AQAB"}, "expected a public key, found private material"),
    "a secret": ({"k": "c2VjcmV0"}, "expected a public key, found private material"),
    "for encryption": ({"use": "enc"}, "expected a key for signatures, found one for another use"),
    "for other operations": ({"key_ops": ["encrypt"]}, "expected a key for signatures, found one for another use"),
    "another algorithm": ({"alg": "RS512"}, "expected a key for RS256, found kty 'RSA' and alg 'RS512'"),
    "an algorithm that is not a string": ({"alg": None, "kty": "oct"}, "expected a key for RS256, found kty 'oct'"),
    "too short": ({"n": WEAK["n"]}, "expected an RSA key of 2048 to 16384 bits, found 1024"),
    "no modulus": ({"n": None}, "expected n as base64url"),
    "a padded modulus": ({"n": "AQAB=="}, "expected n as base64url"),
    "an exponent of one": ({"e": "AQ"}, "expected an odd RSA exponent"),
    "an even exponent": ({"e": "BA"}, "expected an odd RSA exponent"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_is_not_usable_is_left_out_and_spoils_no_other(name: str, jwk: Mapping[str, str]) -> None:
    member, why = UNUSABLE[name]

    keys = loaded(changed(jwk, **member) if isinstance(member, dict) else member, jwk)

    assert list(keys) == [jwk["kid"]]
    (line,) = keys.left_out
    assert why in line


def test_of_two_keys_with_one_kid_the_earlier_counts(jwk: Mapping[str, str], pool: LocalUserPool) -> None:
    other = LocalUserPool("eu-central-1_stranger").signing_key.public_jwk

    keys = loaded(jwk, {**other, "kid": jwk["kid"]})

    key = keys.get(jwk["kid"])
    assert key is not None
    assert key.material == {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}
    assert keys.left_out == (f"{jwk['kid']!r}: expected a unique kid, found that of an earlier key",)


def test_a_bad_key_does_not_take_the_kid_of_a_good_one(jwk: Mapping[str, str]) -> None:
    keys = loaded({**jwk, "use": "enc"}, jwk)

    assert list(keys) == [jwk["kid"]]


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}, "[]", b"[]", "", b"\xff", "\udcff", "{"])
def test_what_is_no_jwk_set_is_refused(messages: Messages, document: Mapping[str, object] | bytes | str) -> None:
    with messages.raises(ValueError):
        load_key_set(document, COGNITO)


def test_a_set_without_a_usable_key_is_refused(messages: Messages, jwk: Mapping[str, str]) -> None:
    with messages.raises(ValueError):
        loaded(changed(jwk, use="enc"), 7)


def test_a_key_that_stays_is_the_very_same_object(jwk: Mapping[str, str], pool: LocalUserPool) -> None:
    first = loaded(jwk)
    pool.rotate_key()
    second = load_key_set(pool.jwk_set, COGNITO, first)

    assert second.get(jwk["kid"]) is first.get(jwk["kid"])
    assert len(second) == 2


def test_a_key_with_other_material_is_another_object(jwk: Mapping[str, str]) -> None:
    other = LocalUserPool("eu-central-1_stranger").signing_key.public_jwk
    first = loaded(jwk)

    second = loaded({**other, "kid": jwk["kid"]}, previous=first)

    assert second.get(jwk["kid"]) is not first.get(jwk["kid"])


def test_thousands_of_bad_keys_are_told_in_a_few_lines(
    messages: Messages, jwk: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    loaded(*range(5000), jwk)

    assert len(caplog.records) == 11
    messages.show(caplog.records[-1].getMessage())
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_thousands_of_bad_keys_that_stay_are_not_told_again_and_cost_no_more(
    jwk: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    document = {"keys": [jwk, *({"kid": str(number)} for number in range(60_000))]}  # about what one MiB holds
    first = load_key_set(document, COGNITO)
    caplog.clear()

    with Stopwatch():
        load_key_set(document, COGNITO, first)

    assert caplog.records == []


def test_a_kid_from_outside_is_shown_in_one_line(
    messages: Messages, jwk: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    loaded(changed(jwk, kid="x\r\ny", use="enc"), jwk)

    messages.show(*caplog.messages)
