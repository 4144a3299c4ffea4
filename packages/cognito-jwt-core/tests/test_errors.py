import copy
import inspect
import pickle
import re

import cognito_jwt_core
import pytest
from cognito_jwt_core import (
    AccessDeniedError,
    ClaimRequiredError,
    CognitoJWTError,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MissingClaimError,
    ScopeRequiredError,
    SignInError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnavailableError,
    errors,
)
from cognito_jwt_core.errors import shown

TREE = """
CognitoJWTError cognito_jwt
    ConfigurationError configuration
    UnavailableError unavailable
        JWKSUnavailableError jwks_unavailable
        RevocationsUnavailableError revocations_unavailable
    InvalidTokenError invalid_token
        MalformedTokenError malformed_token
        AlgorithmNotAllowedError algorithm_not_allowed
        UnknownKeyError unknown_key
        InvalidSignatureError invalid_signature
        TokenRevokedError token_revoked
        InvalidClaimError invalid_claim
            InvalidIssuerError invalid_issuer
            TokenExpiredError token_expired
            TokenNotYetValidError token_not_yet_valid
            InvalidTokenUseError invalid_token_use
            InvalidClientError invalid_client
            InvalidAudienceError invalid_audience
            InvalidSignerError invalid_signer
            MissingClaimError missing_claim
    AccessDeniedError access_denied
        GroupRequiredError group_required
        ScopeRequiredError scope_required
        ClaimRequiredError claim_required
        InsufficientAuthenticationError insufficient_authentication
    SignInError sign_in
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
    return [root, *(found for child in of_the_core(root) for found in all_classes(child))]


def of_the_core(root: type[CognitoJWTError]) -> list[type[CognitoJWTError]]:
    return [child for child in root.__subclasses__() if child.__module__ == errors.__name__]


def made(cls: type[CognitoJWTError]) -> CognitoJWTError:
    """An error with something in each of its attributes."""
    if issubclass(cls, InvalidClaimError):
        return cls("expected x, found y", claim="sub", expected="x", actual=["y", {"z": 1}])
    if issubclass(cls, ClaimRequiredError):
        return cls("expected x, found y", claim="custom:role", required=("x", "z"))
    if issubclass(cls, InsufficientAuthenticationError):
        return cls("expected x, found y", max_age=300, acr_values=("x", "z"))
    if issubclass(cls, AccessDeniedError):
        return cls("expected x, found y", required=("x", "z"))
    if issubclass(cls, UnavailableError):
        return cls("expected x, found y", retry_after=7)
    if issubclass(cls, SignInError):
        return cls("expected x, found y", code="sign_in_unavailable", retry_after=7)
    return cls("expected x, found y")


def drawn(root: type[CognitoJWTError] = CognitoJWTError, depth: int = 0) -> str:
    line = f"{'    ' * depth}{root.__name__} {root.code}\n"
    return line + "".join(drawn(child, depth + 1) for child in of_the_core(root))


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
    error.__dict__["noted"] = "by a handler"

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
    error = ClaimRequiredError("m", claim="custom:role", required=("editor",))
    assert (error.claim, error.required) == ("custom:role", ("editor",))
    assert not issubclass(AccessDeniedError, InvalidTokenError)


def test_unavailable_keys_say_when_to_ask_again() -> None:
    assert JWKSUnavailableError("m", retry_after=30).retry_after == 30
    assert JWKSUnavailableError("m").retry_after == 1
    assert issubclass(JWKSUnavailableError, UnavailableError)
    assert not issubclass(UnavailableError, InvalidTokenError)


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
        ("x" * 198, "'" + "x" * 198 + "'"),
        ("x" * 199, "'" + "x" * 97 + "..." + "x" * 98 + "'"),
        ("x" * 1_000_000, "'" + "x" * 97 + "..." + "x" * 98 + "'"),
        (10**4000, "1" + "0" * 97 + "..." + "0" * 99),
        ([10**5000], "<list>"),
    ],
)
def test_value_from_outside_is_shown_as_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text


STATUSES_OF_A_SIGN_IN = {
    "sign_in_denied": 403,
    "login_required": 401,
    "code_rejected": 400,
    "session_expired": 401,
    "token_rejected": 502,
    "nonce_mismatch": 400,
    "sign_in_misconfigured": 502,
    "provider_error": 502,
    "sign_in_unavailable": 503,
    "state_missing": 400,
    "state_mismatch": 400,
    "login_expired": 400,
    "login_loop": 400,
    "step_up_failed": 403,
    "unknown_user": 403,
}


@pytest.mark.parametrize(("code", "status"), STATUSES_OF_A_SIGN_IN.items())
def test_a_failed_sign_in_says_what_to_answer(code: str, status: int) -> None:
    error = SignInError("m", code=code, retry_after=9)

    assert (error.code, error.status) == (code, status)
    assert error.retryable == (code == "sign_in_unavailable")
    assert error.retry_after == (9 if error.retryable else None)


@pytest.mark.parametrize("seconds", [None, 0, -5])
def test_a_sign_in_that_is_unavailable_says_when_to_try_again(seconds: int | None) -> None:
    assert SignInError("m", code="sign_in_unavailable", retry_after=seconds).retry_after == 1


def test_a_failed_sign_in_of_no_known_code() -> None:
    with pytest.raises(ConfigurationError, match="'sign_in'"):
        SignInError("m", code="sign_in")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


def test_value_that_cannot_be_shown_is_shown_by_its_type() -> None:
    assert shown(Unprintable()) == "<Unprintable>"


@pytest.mark.parametrize(
    "value",
    [
        "https://issuer-cognito-idp.ap-southeast-2.amazonaws.com.cn/ap-southeast-2_" + "x" * 40,
        "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_" + "x" * 42,
        "arn:aws-us-gov:cognito-idp:us-gov-west-1:123456789012:userpool/us-gov-west-1_" + "x" * 42,
        "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/"
        + "x" * 32
        + "/50dc6c495c0c9188",
        "https://login.microsoftonline.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301/v2.0",
    ],
)
def test_longest_issuer_or_arn_is_shown_whole(value: str) -> None:
    assert shown(value) == repr(value)


@pytest.mark.parametrize("length", [201, 1_000, 70_000])
def test_a_longer_value_is_cut_in_the_middle_and_keeps_its_end(length: int) -> None:
    found = shown("x" * length + "/the-end")

    assert len(found) == 200
    assert "..." in found
    assert found.endswith("/the-end'")


@pytest.mark.parametrize("cls", all_classes())
def test_no_class_says_that_a_signature_held(cls: type[CognitoJWTError]) -> None:
    assert made(cls).is_authentic is False


def test_value_that_an_error_carries_is_a_copy() -> None:
    audience: list[object] = ["a", {"b": []}]

    error = InvalidAudienceError("m", claim="aud", actual=audience)

    assert error.actual == audience
    assert error.actual is not audience
    assert isinstance(error.actual, list)
    assert error.actual[1] is not audience[1]


def test_value_that_nests_too_deep_is_shown_by_its_type() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    assert shown(value) == "<list>"


def test_no_error_says_that_a_code_is_spent_by_itself() -> None:
    assert SignInError("x", code="sign_in_unavailable").is_code_spent is False
