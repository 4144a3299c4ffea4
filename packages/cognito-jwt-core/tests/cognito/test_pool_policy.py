"""What a call may ask for itself, and the application's own check."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidTokenError,
    InvalidTokenUseError,
    ScopeRequiredError,
    TokenExpiredError,
)
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages


@pytest.fixture
def strict(pool: LocalUserPool) -> CognitoVerifier:
    """A verifier that demands everything of a token."""
    return CognitoVerifier(
        pool.id,
        client_id=pool.client_id,
        token_use="access",
        audience="https://api.example",
        groups="admin",
        scopes="todo/write",
        jwks=pool.jwks,
        clock=pool.clock,
    )


def test_option_left_out_means_the_verifiers_own(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    good: dict[str, Any] = {"groups": ["admin"], "scopes": ["todo/write"], "aud": "https://api.example"}

    assert strict.verify(pool.access_token(**good))
    for change, error in (
        ({"groups": ["dev"]}, GroupRequiredError),
        ({"scopes": ["todo/read"]}, ScopeRequiredError),
        ({"aud": "x"}, InvalidAudienceError),
        ({"client_id": "x"}, InvalidClientError),
        ({"token_use": "id"}, InvalidTokenUseError),
    ):
        with pytest.raises(error):
            strict.verify(pool.access_token(**good | change))


def test_none_means_not_required_in_this_call(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    token = pool.access_token(client_id="other")

    assert strict.verify(token, client_id=None, groups=None, scopes=None)
    with pytest.raises(GroupRequiredError):
        strict.verify(token, client_id=None, scopes=None)
    with pytest.raises(ScopeRequiredError):
        strict.verify(token, client_id=None, groups=None)
    with pytest.raises(InvalidClientError):
        strict.verify(token, groups=None, scopes=None)


def test_nothing_is_required_when_none_is_said_of_everything(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    token = pool.id_token(aud="other")

    assert strict.verify(token, token_use=None, client_id=None, audience=None, groups=None, scopes=None)
    with pytest.raises(InvalidTokenUseError):
        strict.verify(token, client_id=None, audience=None, groups=None, scopes=None)
    with pytest.raises(InvalidTokenUseError):
        strict.verify(token)


def test_none_said_of_some_is_heard_though_the_others_are_left_out(
    pool: LocalUserPool, strict: CognitoVerifier
) -> None:
    without_rights, of_another = pool.access_token(), pool.access_token(client_id="other")

    assert strict.verify(without_rights, groups=None, scopes=None)
    assert strict.verify(pool.id_token(), groups=None, scopes=None, token_use=None)
    assert strict.verify(of_another, groups=None, scopes=None, token_use=None, client_id=None)
    with pytest.raises(InvalidClientError):
        strict.verify(of_another, groups=None, scopes=None, token_use=None)
    with pytest.raises(InvalidTokenUseError):
        strict.verify(pool.id_token(), groups=None, scopes=None)
    with pytest.raises(GroupRequiredError):
        strict.verify(without_rights)


def test_either_token_use_for_one_call(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    token = pool.id_token(groups=["admin"])

    assert strict.verify(token, token_use=None, scopes=None).token_use == "id"
    assert strict.verify(token, token_use="id", scopes=None).token_use == "id"
    with pytest.raises(ScopeRequiredError):
        strict.verify(token, token_use="id")
    with pytest.raises(InvalidTokenUseError):
        strict.verify(token, scopes=None)


def test_audience_for_one_call(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    token = pool.access_token(groups=["admin"], scopes=["todo/write"], aud="https://other.example")

    assert strict.verify(token, audience="https://other.example")
    assert strict.verify(token, audience=["x", "https://other.example"])
    with pytest.raises(InvalidAudienceError):
        strict.verify(token)
    with pytest.raises(InvalidAudienceError):  # bound to another API it is still bound: None leaves the client itself
        strict.verify(token, audience=None)
    assert strict.verify(pool.access_token(groups=["admin"], scopes=["todo/write"], aud=pool.client_id), audience=None)


@pytest.mark.parametrize("names", ["b", ["a", "b"], ("b",), {"b"}, frozenset({"b"}), {"b": 1}.keys()])
def test_plain_string_is_one_name_and_any_of_a_collection_is_enough(pool: LocalUserPool, names: Any) -> None:
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock)
    token = pool.access_token(groups=["b"], scopes=["b"], client_id="b", aud="b")

    assert verifier.verify(token, groups=names, scopes=names, client_id=names, audience=names)
    with pytest.raises(GroupRequiredError):
        verifier.verify(token, audience="b", groups="bb")
    with pytest.raises(ScopeRequiredError):
        verifier.verify(token, audience="b", scopes="bb")
    with pytest.raises(InvalidClientError):
        verifier.verify(token, audience="b", client_id="bb")


@pytest.mark.parametrize("option", ["groups", "scopes", "client_id", "audience"])
@pytest.mark.parametrize(
    "value", [[], (), set(), "", [""], b"x", 1, True, [1], [None], {"a": 1}, iter(["a"]), object()]
)
def test_names_that_cannot_be_meant_are_a_configuration_error(
    messages: Messages, pool: LocalUserPool, verifier: CognitoVerifier, option: str, value: object
) -> None:
    with messages.raises(ConfigurationError):
        verifier.verify(pool.access_token(groups=["a"]), **{option: value})  # type: ignore[arg-type]
    with messages.raises(ConfigurationError):
        asyncio.run(verifier.verify_async(pool.access_token(groups=["a"]), **{option: value}))  # type: ignore[arg-type]

    assert verifier.verify(pool.access_token())


@pytest.mark.parametrize("value", ["", "ACCESS", "refresh", ["access"], True, 1, b"access"])
def test_token_use_that_cannot_be_meant_is_a_configuration_error(
    messages: Messages, pool: LocalUserPool, verifier: CognitoVerifier, value: object
) -> None:
    with messages.raises(ConfigurationError):
        verifier.verify(pool.access_token(), token_use=value)  # type: ignore[arg-type]


def test_option_of_one_call_leaves_the_next_alone(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.access_token(client_id="other")

    for _ in range(3):
        assert verifier.verify(token, client_id="other")
        with pytest.raises(InvalidClientError):
            verifier.verify(token)
        assert verifier.verify(token, client_id=None)
        with pytest.raises(InvalidTokenUseError):
            verifier.verify(token, client_id=None, token_use="id")


class Recorder:
    """A custom check that remembers what it was asked, and answers as it is told."""

    def __init__(self, answer: Callable[[], object] = lambda: None) -> None:
        self.asked: list[Claims] = []
        self.answer = answer

    def __call__(self, claims: Claims) -> Any:
        self.asked.append(claims)
        return self.answer()


def checked(pool: LocalUserPool, custom_check: Any, **options: Any) -> CognitoVerifier:
    settings: dict[str, Any] = {"client_id": pool.client_id, "token_use": "access", "jwks": pool.jwks}
    return CognitoVerifier(pool.id, custom_check=custom_check, **settings | {"clock": pool.clock} | options)


@pytest.mark.parametrize("cache_size", [0, 1024])
def test_custom_check_is_asked_on_every_answer(pool: LocalUserPool, cache_size: int) -> None:
    check = Recorder()
    verifier = checked(pool, check, cache_size=cache_size)
    token = pool.access_token("bob")

    for times in range(1, 4):
        assert verifier.verify(token).username == "bob"
        assert len(check.asked) == times
    asyncio.run(verifier.verify_async(token))

    assert [claims.username for claims in check.asked] == ["bob"] * 4
    assert all(type(claims) is Claims for claims in check.asked)


@pytest.mark.parametrize(
    "override", [{"groups": None}, {"token_use": "access"}, {"client_id": None}, {"audience": "x"}]
)
def test_custom_check_is_asked_in_a_call_with_options_of_its_own(pool: LocalUserPool, override: dict[str, Any]) -> None:
    def refuse(claims: Claims) -> None:
        raise InvalidTokenError(claims.username)

    with pytest.raises(InvalidTokenError, match=r"^alice$"):
        checked(pool, refuse).verify(pool.access_token(), **override)


def test_custom_check_is_asked_after_the_claims_and_before_groups_and_scopes(pool: LocalUserPool) -> None:
    check = Recorder()
    verifier = checked(pool, check, groups="admin")

    with pytest.raises(InvalidClientError):
        verifier.verify(pool.access_token(client_id="other"))
    with pytest.raises(TokenExpiredError):
        verifier.verify(pool.expired_token())
    with pytest.raises(InvalidTokenError):
        verifier.verify(pool.badly_signed_token())
    assert not check.asked
    with pytest.raises(GroupRequiredError):
        verifier.verify(pool.access_token())
    assert len(check.asked) == 1


@pytest.mark.parametrize("answer", [False, True, 0, "", [], (), "denied", object()])
def test_custom_check_that_returns_something_refuses(messages: Messages, pool: LocalUserPool, answer: object) -> None:
    check = Recorder(lambda: answer)
    verifier = checked(pool, check)

    for _ in range(2):
        with messages.raises(InvalidTokenError) as caught:
            verifier.verify(pool.access_token())
        assert type(caught.value) is InvalidTokenError
        assert caught.value.code == "invalid_token"

    check.answer = lambda: None
    assert verifier.verify(pool.access_token())


def test_remembered_token_is_refused_as_soon_as_the_check_refuses(pool: LocalUserPool) -> None:
    check = Recorder()
    verifier = checked(pool, check)
    token = pool.access_token()
    verifier.verify(token)

    check.answer = lambda: False
    with pytest.raises(InvalidTokenError):
        verifier.verify(token)
    check.answer = lambda: None
    assert verifier.verify(token)


class DeniedError(Exception):
    pass


@pytest.mark.parametrize("error", [DeniedError("no"), KeyError("no"), ValueError("no"), RecursionError("no")])
def test_what_the_custom_check_raises_passes_through(pool: LocalUserPool, error: Exception) -> None:
    def deny() -> None:
        raise error

    check = Recorder(deny)
    verifier = checked(pool, check)
    token = pool.access_token()

    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            verifier.verify(token)
        assert caught.value is error
    with pytest.raises(type(error)):
        asyncio.run(verifier.verify_async(token))
    check.answer = lambda: None
    assert verifier.verify(token)


def test_custom_check_may_raise_errors_of_the_tree(pool: LocalUserPool) -> None:
    def only_alice(claims: Claims) -> None:
        if claims.username != "alice":
            raise InvalidClaimError("username: expected alice", claim="username", expected="alice")

    verifier = checked(pool, only_alice)

    assert verifier.verify(pool.access_token("alice"))
    with pytest.raises(InvalidClaimError):
        verifier.verify(pool.access_token("bob"))


async def coroutine_function(claims: Claims) -> None:
    raise AssertionError("this is never awaited")


class AsyncCallable:
    async def __call__(self, claims: Claims) -> None:
        raise AssertionError("this is never awaited")

    async def method(self, claims: Claims) -> None:
        raise AssertionError("this is never awaited")


@pytest.mark.parametrize(
    "check",
    [coroutine_function, functools.partial(coroutine_function), AsyncCallable(), AsyncCallable().method],
    ids=["function", "partial", "callable", "method"],
)
def test_coroutine_function_is_a_configuration_error(messages: Messages, pool: LocalUserPool, check: object) -> None:
    with messages.raises(ConfigurationError):
        checked(pool, check)


def test_coroutine_from_a_plain_function_refuses_and_is_not_left_to_be_awaited(
    messages: Messages, pool: LocalUserPool
) -> None:
    def forgetful(claims: Claims) -> Any:
        return coroutine_function(claims)

    verifier = checked(pool, forgetful)

    with messages.raises(InvalidTokenError):
        verifier.verify(pool.access_token())  # "never awaited" would be a warning, and so an error


@pytest.mark.parametrize("cache_size", [0, 1024])
def test_custom_check_gets_a_copy_of_its_own_so_that_it_grants_nothing(pool: LocalUserPool, cache_size: int) -> None:
    def promote(claims: Claims) -> None:
        assert claims["cognito:groups"] == ["dev"]
        claims["cognito:groups"].append("admin")
        claims["scope"] = "todo/write"

    verifier = checked(pool, promote, cache_size=cache_size)
    token = pool.access_token(groups=["dev"])

    for _ in range(3):
        claims = verifier.verify(token)
        assert (claims.groups, claims.scopes) == (("dev",), ("aws.cognito.signin.user.admin",))
        with pytest.raises(GroupRequiredError):
            verifier.verify(token, groups="admin")
        with pytest.raises(ScopeRequiredError):
            verifier.verify(token, scopes="todo/write")


@pytest.mark.parametrize("leeway", [0, 0.5, 30])
@pytest.mark.parametrize("cache_size", [0, 1024])
def test_leeway_at_both_edges(pool: LocalUserPool, clock: ManualClock, leeway: float, cache_size: int) -> None:
    verifier = checked(pool, None, leeway=leeway, cache_size=cache_size)
    begins, ends = 1_700_001_000, 1_700_002_000
    token = pool.access_token(nbf=begins, exp=ends)

    for now, accepted in (
        (begins - leeway - 0.25, False),
        (begins - leeway, True),
        (begins, True),
        (ends - 1, True),
        (ends + leeway - 0.25, True),
        (ends + leeway, False),
        (ends + leeway + 1, False),
    ):
        clock.set_time(now)
        try:
            verifier.verify(token)
        except InvalidClaimError as error:
            assert not accepted, now
            assert error.claim == ("nbf" if now < begins else "exp")  # noqa: PT017
        else:
            assert accepted, now


def test_without_check_of_expiration_an_expired_token_passes_and_one_to_come_does_not(pool: LocalUserPool) -> None:
    verifier = checked(pool, None, check_expiration=False)

    assert verifier.verify(pool.expired_token()).expires_at is not None
    for _ in range(2):
        with pytest.raises(InvalidClaimError) as caught:
            verifier.verify(pool.not_yet_valid_token())
        assert caught.value.code == "token_not_yet_valid"


@pytest.mark.parametrize("client_id", ["a", "abc_+.-XYZ019", "x" * 128, ["a", "b"]])
def test_app_client_id_that_can_be_one_is_accepted(pool: LocalUserPool, client_id: Any) -> None:
    assert CognitoVerifier(pool.id, client_id=client_id, token_use=None, jwks=pool.jwks)


@pytest.mark.parametrize(
    "client_id",
    ["a,b", " a", "a ", "a\n", '["a"]', "x" * 129, "\u0430bc", "a/b", "a:b", "\u0660", ["good", "not good"], {"a\0"}],
)
def test_app_client_id_that_cannot_be_one_is_refused_when_it_is_built(
    messages: Messages, pool: LocalUserPool, client_id: Any
) -> None:
    """An unset or misread variable: every token would be refused."""
    with messages.raises(ConfigurationError) as caught:
        CognitoVerifier(pool.id, client_id=client_id, token_use=None, jwks=pool.jwks)

    assert ("list" in str(caught.value)) == ("," in client_id)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock)
    with pytest.raises(ConfigurationError):
        verifier.verify(pool.access_token(), client_id=client_id)


@pytest.mark.parametrize("scopes", ["todo/read todo/write", ["a b"], 'say "x"', ["a\\b", "\u00fc"]])
def test_scopes_that_no_token_can_have_are_refused(messages: Messages, pool: LocalUserPool, scopes: Any) -> None:
    with messages.raises(ConfigurationError):
        CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=pool.jwks, scopes=scopes)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=pool.jwks, clock=pool.clock)
    with pytest.raises(ConfigurationError):
        verifier.verify(pool.access_token(), scopes=scopes)


@pytest.mark.parametrize("client_id", ["a,b", "a b"])
def test_app_client_id_that_cannot_be_one_is_shown(messages: Messages, pool: LocalUserPool, client_id: str) -> None:
    with messages.raises(ConfigurationError):
        CognitoVerifier(pool.id, client_id=client_id, token_use=None, jwks=pool.jwks)
