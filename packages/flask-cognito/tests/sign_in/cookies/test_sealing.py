"""What is sealed opens with its own secret, for its own purpose, with one algorithm pair."""

from __future__ import annotations

import base64
import json
import timeit

import pytest
from flask_cognito.sign_in.cookies.sealing import Seal, secrets_of
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

SECRETS = (b"k" * 32,)
VALUE = {"state": "abc", "claims": {"email": "alice@example.com"}, "at": 1.5}


def test_a_value_opens_as_it_was_sealed() -> None:
    opened = Seal(SECRETS, "session", "name", "issuer", "client").open(
        Seal(SECRETS, "session", "name", "issuer", "client").seal(VALUE)
    )

    assert opened is not None
    assert opened.value == VALUE
    assert opened.is_newest is True


def test_a_text_shows_nothing_and_differs_each_time() -> None:
    seal = Seal(SECRETS, "session")

    first, second = seal.seal(VALUE), seal.seal(VALUE)

    assert first != second
    assert "alice" not in first


@pytest.mark.parametrize("context", [("login", "name"), ("session", "other"), ("session",), ("session", "name", "x")])
def test_another_context_opens_nothing(context: tuple[str, ...]) -> None:
    text = Seal(SECRETS, "session", "name").seal(VALUE)

    assert Seal(SECRETS, *context).open(text) is None


def test_another_secret_opens_nothing() -> None:
    text = Seal(SECRETS, "session", secret=b"one").seal(VALUE)

    assert Seal((b"l" * 32,), "session", secret=b"one").open(text) is None
    assert Seal(SECRETS, "session", secret=b"two").open(text) is None
    assert Seal(SECRETS, "session").open(text) is None


def test_a_fallback_opens_and_says_so() -> None:
    text = Seal((b"old" * 11,), "session").seal(VALUE)

    opened = Seal((b"new" * 11, b"old" * 11), "session").open(text)

    assert opened is not None
    assert opened.value == VALUE
    assert opened.is_newest is False


@pytest.mark.parametrize("position", [0, 60, 80, 100, -5])
def test_a_changed_text_opens_nothing(position: int) -> None:
    seal = Seal(SECRETS, "session")
    letters = list(seal.seal(VALUE))

    letters[position] = "A" if letters[position] != "A" else "B"

    assert seal.open("".join(letters)) is None


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_cut_text_opens_nothing(cut: int) -> None:
    seal = Seal(SECRETS, "session")

    assert seal.open(seal.seal(VALUE)[:-cut]) is None


@pytest.mark.parametrize("text", ["", "x", "a.b.c.d.e", "é", "x" * 70_000])
def test_any_text_opens_nothing(text: str) -> None:
    assert Seal(SECRETS, "session").open(text) is None


def test_our_header_before_rubbish_opens_nothing() -> None:
    seal = Seal(SECRETS, "session")
    header = seal.seal(VALUE).split(".")[0]

    for rest in ("..", "..x", "..x.y.z", "..!.!.!", "..é", ".." + "A" * 70_000):
        assert seal.open(header + rest) is None


FOREIGN_HEADERS: list[dict[str, object]] = [
    {"alg": "dir", "enc": "A256CBC-HS512", "zip": "DEF"},
    {"alg": "dir", "enc": "A256GCM"},
    {"alg": "PBES2-HS512+A256KW", "enc": "A256CBC-HS512", "p2c": 1_000_000, "p2s": "abc"},
    {"enc": "A256CBC-HS512", "alg": "dir"},
]


def forged(header: dict[str, object]) -> str:
    token = JWE(b"{}", protected=json.dumps({"alg": "dir", "enc": "A256CBC-HS512"}))
    token.add_recipient(JWK.generate(kty="oct", size=512))
    parts = token.serialize(compact=True).split(".")
    parts[0] = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.mark.parametrize("header", FOREIGN_HEADERS)
def test_another_header_costs_next_to_nothing(header: dict[str, object]) -> None:
    seal = Seal(SECRETS, "session")
    text = forged(header)

    assert seal.open(text) is None
    assert min(timeit.repeat(lambda: seal.open(text), number=1, repeat=20)) < 0.001


@pytest.mark.parametrize("header", FOREIGN_HEADERS)
def test_another_header_derives_no_key(header: dict[str, object]) -> None:
    """The sender of a header with PBES2 would choose how long the server computes (CVE-2023-6681)."""
    seal = Seal((Unusable(SECRETS[0]),), "session")

    assert seal.open(forged(header)) is None
    with pytest.raises(UnusableError):  # and with our own header it would
        seal.open(Seal(SECRETS, "session").seal(VALUE))


class UnusableError(Exception):
    pass


class Unusable(bytes):
    """A secret from which no key can be derived. Its hash is the first thing that a cache of keys asks for."""

    def __hash__(self) -> int:
        raise UnusableError


def test_secrets_of_an_app_are_bytes() -> None:
    assert secrets_of("new", [b"old", "older"]) == (b"new", b"old", b"older")
    assert secrets_of(b"new") == (b"new",)
