"""Checks of the JOSE header."""

import pytest
from cognito_jwt_core import AlgorithmNotAllowedError, MalformedTokenError
from cognito_jwt_core.jose.algorithms import ES256, RS256, allowed
from cognito_jwt_core.jose.header import UnverifiedHeader, check_header
from cognito_test_kit.messages import Messages

COGNITO = allowed("RS256")
GOOD: dict[str, object] = {"alg": "RS256", "kid": "k"}


def test_header_that_says_what_it_must_gives_the_kid() -> None:
    assert check_header(UnverifiedHeader(GOOD), COGNITO) == (RS256, "k")
    assert check_header(UnverifiedHeader(GOOD | {"typ": 1, "jwk": {}, "x": None}), COGNITO) == (RS256, "k")


@pytest.mark.parametrize("b64", [False, True, None, "false"])
def test_b64_counts_only_where_crit_names_it(b64: object) -> None:
    """RFC 7797 section 6: it must stand in `crit`, and any `crit` is refused. Elsewhere it is one more unread name."""
    assert check_header(UnverifiedHeader(GOOD | {"b64": b64}), COGNITO) == (RS256, "k")
    with pytest.raises(MalformedTokenError):
        check_header(UnverifiedHeader(GOOD | {"b64": b64, "crit": ["b64"]}), COGNITO)


@pytest.mark.parametrize("crit", [None, False, [], {}, ["exp"], "exp"])
def test_any_crit_is_refused(messages: Messages, crit: object) -> None:
    with messages.raises(MalformedTokenError):
        check_header(UnverifiedHeader(GOOD | {"crit": crit}), COGNITO)


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "HS256",
        "rs256",
        "RS256 ",
        "RS512",
        "",
        "\n\ud800",
        None,
        256,
        True,
        ["RS256"],
        {"RS256": 1},
        "x" * 300,
    ],
)
def test_any_other_algorithm_is_refused(messages: Messages, alg: object) -> None:
    with messages.raises(AlgorithmNotAllowedError):
        check_header(UnverifiedHeader(GOOD | {"alg": alg}), COGNITO)


def test_refusal_names_every_algorithm_that_is_allowed(messages: Messages) -> None:
    both = allowed("RS256", "ES256")

    assert check_header(UnverifiedHeader({"alg": "ES256", "kid": "k"}), both) == (ES256, "k")
    with messages.raises(AlgorithmNotAllowedError):
        check_header(UnverifiedHeader({"alg": "none", "kid": "k"}), both)


@pytest.mark.parametrize("kid", [None, "", 0, 1, True, [], ["k"], {}])
def test_kid_that_names_no_key_is_refused(messages: Messages, kid: object) -> None:
    with messages.raises(MalformedTokenError):
        check_header(UnverifiedHeader(GOOD | {"kid": kid}), COGNITO)


def test_crit_comes_before_the_algorithm_and_that_before_the_kid() -> None:
    with pytest.raises(MalformedTokenError, match=r"^crit"):
        check_header(UnverifiedHeader({"alg": "none", "crit": []}), COGNITO)
    with pytest.raises(AlgorithmNotAllowedError):
        check_header(UnverifiedHeader({"alg": "none"}), COGNITO)


def test_header_that_passed_for_one_issuer_does_not_pass_for_another() -> None:
    header = UnverifiedHeader({"alg": "ES256", "kid": "k"})

    assert check_header(header, allowed("ES256")) == (ES256, "k")
    with pytest.raises(AlgorithmNotAllowedError):
        check_header(header, COGNITO)
