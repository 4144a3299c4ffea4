import copy
import inspect
import pickle
import re

import cognito_jwt_core
import pytest
from cognito_jwt_core import (
    AccessDeniedError,
    CognitoJWTError,
    ConfigurationError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MissingClaimError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    errors,
)
from cognito_jwt_core.errors import shown

TREE = """
CognitoJWTError cognito_jwt
    ConfigurationError configuration
    JWKSUnavailableError jwks_unavailable
    InvalidTokenError invalid_token
        MalformedTokenError malformed_token
        AlgorithmNotAllowedError algorithm_not_allowed
        UnknownKeyError unknown_key
        InvalidSignatureError invalid_signature
        InvalidClaimError invalid_claim
            InvalidIssuerError invalid_issuer
            TokenExpiredError token_expired
            TokenNotYetValidError token_not_yet_valid
            InvalidTokenUseError invalid_token_use
            InvalidClientError invalid_client
            InvalidAudienceError invalid_audience
            MissingClaimError missing_claim
    AccessDeniedError access_denied
        GroupRequiredError group_required
        ScopeRequiredError scope_required
"""
OF_A_CLAIM = [
    InvalidClaimError,
    InvalidIssuerError,
    TokenExpiredError,
    TokenNotYetValidError,
    InvalidTokenUseError,
    InvalidClientError,
    InvalidAudienceError,
    MissingClaimError,
]


def all_classes(root: type[CognitoJWTError] = CognitoJWTError) -> list[type[CognitoJWTError]]:
    return [root, *(found for child in root.__subclasses__() for found in all_classes(child))]


def made(cls: type[CognitoJWTError]) -> CognitoJWTError:
    """An error with something in each of its attributes."""
    if issubclass(cls, InvalidClaimError):
        return cls("expected x, found y", claim="sub", expected="x", actual=["y", {"z": 1}])
    if issubclass(cls, AccessDeniedError):
        return cls("expected x, found y", required=("x", "z"))
    if issubclass(cls, JWKSUnavailableError):
        return cls("expected x, found y", retry_after=7)
    return cls("expected x, found y")


def drawn(root: type[CognitoJWTError] = CognitoJWTError, depth: int = 0) -> str:
    line = f"{'    ' * depth}{root.__name__} {root.code}\n"
    return line + "".join(drawn(child, depth + 1) for child in root.__subclasses__())


def test_tree_is_as_promised() -> None:
    assert drawn() == TREE.lstrip()


def test_tree_in_the_docstring_is_the_tree() -> None:
    lines = re.findall(r"^[ │├└─]*(\w+Error)", inspect.getdoc(errors) or "", re.MULTILINE)

    assert lines == re.findall(r"\w+Error", TREE)


@pytest.mark.parametrize("cls", all_classes())
def test_code_is_the_name_in_snake_case(cls: type[CognitoJWTError]) -> None:
    words = re.findall("JWKS|JWT|[A-Z][a-z]+", cls.__name__.removesuffix("Error"))

    assert cls.code == "_".join(words).lower()


@pytest.mark.parametrize("cls", all_classes())
def test_every_class_is_importable_from_the_root(cls: type[CognitoJWTError]) -> None:
    assert getattr(cognito_jwt_core, cls.__name__) is cls
    assert getattr(errors, cls.__name__) is cls


def test_only_two_are_errors_of_python_too() -> None:
    others = {cls: set(cls.__mro__) - {*all_classes(), Exception, BaseException, object} for cls in all_classes()}

    assert {cls: bases for cls, bases in others.items() if bases} == {
        ConfigurationError: {ValueError},
        MissingClaimError: {KeyError, LookupError},
    }


@pytest.mark.parametrize("cls", all_classes())
def test_text_is_the_message_as_it_was_given(cls: type[CognitoJWTError]) -> None:
    assert str(made(cls)) == "expected x, found y"
    assert made(cls).args == ("expected x, found y",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("cls", all_classes())
def test_error_survives_pickling(cls: type[CognitoJWTError], protocol: int) -> None:
    error = made(cls)
    error.__dict__["noted"] = "by whoever handled it"

    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301  its own

    assert type(again) is cls
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("cls", all_classes())
def test_error_can_be_copied(cls: type[CognitoJWTError]) -> None:
    error = made(cls)

    for again in (copy.copy(error), copy.deepcopy(error)):
        assert type(again) is cls
        assert vars(again) == vars(error)


@pytest.mark.parametrize("cls", OF_A_CLAIM)
def test_error_of_a_claim_says_which_and_what(cls: type[InvalidClaimError]) -> None:
    error = cls("m", claim="sub", expected=1, actual=2)

    assert issubclass(cls, InvalidTokenError)
    assert (error.claim, error.expected, error.actual) == ("sub", 1, 2)
    assert vars(cls("m", claim="sub")) == {"claim": "sub", "expected": None, "actual": None}


def test_missing_claim_is_caught_as_a_key_error() -> None:
    with pytest.raises(KeyError):
        raise MissingClaimError("expected", claim="sub")


def test_refusal_of_access_says_what_was_required() -> None:
    assert GroupRequiredError("m", required=("a", "b")).required == ("a", "b")
    assert ScopeRequiredError("m").required == ()
    assert not issubclass(AccessDeniedError, InvalidTokenError)


def test_unavailable_keys_say_when_to_ask_again() -> None:
    assert JWKSUnavailableError("m", retry_after=30).retry_after == 30
    assert JWKSUnavailableError("m").retry_after == 1
    assert not issubclass(JWKSUnavailableError, InvalidTokenError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("alice", "'alice'"),
        ("é\u2028\u202e", "'\\xe9\\u2028\\u202e'"),
        ("a\r\nSet-Cookie: x=y", "'a\\r\\nSet-Cookie: x=y'"),
        ("\x1b[2J\0\x7f", "'\\x1b[2J\\x00\\x7f'"),
        ("\ud800", "'\\ud800'"),
        (None, "None"),
        (["a", 1], "['a', 1]"),
        ("x" * 62, "'" + "x" * 62 + "'"),
        ("x" * 63, "'" + "x" * 63),
        ("x" * 1_000_000, "'" + "x" * 63),
        (10**4000, "1" + "0" * 63),
        ([10**5000], "<list>"),
    ],
)
def test_value_from_outside_is_shown_as_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_value_that_nests_too_deep_is_shown_by_its_type() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    assert shown(value) == "<list>"
