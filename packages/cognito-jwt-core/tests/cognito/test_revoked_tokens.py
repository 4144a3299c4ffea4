"""A verifier with revocations: they are asked on every answer, and what is not an answer accepts no token."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InvalidTokenError,
    MultiPoolVerifier,
    RevocationList,
    RevocationsUnavailableError,
    TokenExpiredError,
    TokenRevokedError,
)
from cognito_jwt_core.cognito.verifier import sign_in_verifier
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages

Verify = Callable[..., Claims]


@pytest.fixture
def revocations(clock: ManualClock) -> RevocationList:
    return RevocationList(clock=clock)


@pytest.fixture
def guarded(pool: LocalUserPool, clock: ManualClock, revocations: RevocationList) -> CognitoVerifier:
    return verifier_with(pool, clock, revocations)


def verifier_with(pool: LocalUserPool, clock: ManualClock, revocations: Any, **options: Any) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id,
        client_id=pool.client_id,
        token_use="access",
        jwks=pool.jwks,
        clock=clock,
        revocations=revocations,
        **options,
    )


def sync(verifier: CognitoVerifier | MultiPoolVerifier) -> Verify:
    return verifier.verify


def in_a_loop(verifier: CognitoVerifier | MultiPoolVerifier) -> Verify:
    return lambda token, **options: asyncio.run(verifier.verify_async(token, **options))


both_ways = pytest.mark.parametrize("way", [sync, in_a_loop])


class Answering:
    """Revocations of the app's own."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.got_ready: list[str] = []

    def is_revoked(self, claims: Claims) -> bool:
        if isinstance(self.answer, BaseException):
            raise self.answer
        answer: bool = self.answer
        return answer


class WithReady(Answering):
    def ready(self) -> None:
        self.got_ready.append("sync")

    async def ready_async(self) -> None:
        self.got_ready.append("async")


@pytest.mark.parametrize(
    "revocations", ["a list", 5, object(), RevocationList, []], ids=["str", "int", "object", "class", "list"]
)
def test_object_that_cannot_be_asked_is_refused(
    pool: LocalUserPool, clock: ManualClock, revocations: Any, messages: Messages
) -> None:
    with messages.raises(ConfigurationError):
        verifier_with(pool, clock, revocations)


@both_ways
def test_remembered_token_is_refused_from_the_moment_of_its_revocation(
    pool: LocalUserPool,
    guarded: CognitoVerifier,
    revocations: RevocationList,
    way: Callable[..., Verify],
    messages: Messages,
) -> None:
    verify, token = way(guarded), pool.access_token()
    revocations.revoke_token(verify(token))

    for _ in range(2):
        with messages.raises(TokenRevokedError) as caught:
            verify(token)
        assert caught.value.is_authentic
    assert verify(pool.access_token())


def test_revoked_token_that_is_new_is_refused(
    pool: LocalUserPool, clock: ManualClock, guarded: CognitoVerifier, revocations: RevocationList
) -> None:
    revocations.revoke_user(pool.issuer, guarded.verify(pool.access_token()).sub)

    with pytest.raises(TokenRevokedError):
        guarded.verify(pool.access_token())
    clock.advance(6)
    assert guarded.verify(pool.access_token())


def test_expired_token_is_expired_first(
    pool: LocalUserPool, clock: ManualClock, guarded: CognitoVerifier, revocations: RevocationList
) -> None:
    token = pool.access_token(expires_in=60)
    revocations.revoke_token(guarded.verify(token))
    clock.advance(60)

    with pytest.raises(TokenExpiredError):
        guarded.verify(token)


def test_revoked_token_is_a_401_before_it_is_a_403(
    pool: LocalUserPool, guarded: CognitoVerifier, revocations: RevocationList
) -> None:
    token = pool.access_token()
    revocations.revoke_token(guarded.verify(token))

    with pytest.raises(TokenRevokedError):
        guarded.verify(token, groups=["admin"])


def test_custom_check_is_not_asked_about_a_revoked_token(
    pool: LocalUserPool, clock: ManualClock, revocations: RevocationList
) -> None:
    asked: list[str] = []
    guarded = verifier_with(pool, clock, revocations, custom_check=lambda claims: asked.append(claims.sub))
    token = pool.access_token()
    revocations.revoke_token(guarded.verify(token))

    with pytest.raises(TokenRevokedError):
        guarded.verify(token)
    assert len(asked) == 1


@both_ways
@pytest.mark.parametrize(
    "answer",
    [None, 1, "yes", [], OSError("redis is down"), KeyError("jti"), RevocationsUnavailableError("old")],
    ids=repr,
)
def test_what_is_no_answer_is_a_503(
    pool: LocalUserPool, clock: ManualClock, answer: object, way: Callable[..., Verify], messages: Messages
) -> None:
    guarded = verifier_with(pool, clock, Answering(answer))

    with messages.raises(RevocationsUnavailableError) as caught:
        way(guarded)(pool.access_token())
    assert caught.value.is_authentic


@both_ways
def test_object_may_say_itself_that_a_token_is_revoked(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify]
) -> None:
    guarded = verifier_with(pool, clock, Answering(TokenRevokedError("by our own list")))

    with pytest.raises(TokenRevokedError, match="our own"):
        way(guarded)(pool.access_token())


@both_ways
def test_method_that_a_test_replaces_later_is_asked(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Answering(answer=False)
    guarded = verifier_with(pool, clock, own)
    token = pool.access_token()
    assert way(guarded)(token)

    monkeypatch.setattr(own, "is_revoked", lambda claims: True)

    with pytest.raises(TokenRevokedError):
        way(guarded)(token)


@pytest.mark.parametrize(("way", "name"), [(sync, "sync"), (in_a_loop, "async")])
def test_object_gets_ready_before_the_first_answer_and_not_for_a_refused_token(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify], name: str
) -> None:
    revocations = WithReady(False)
    verify = way(verifier_with(pool, clock, revocations))

    with pytest.raises(InvalidTokenError):
        verify(pool.expired_token())
    assert revocations.got_ready == []
    for _ in range(3):
        verify(pool.access_token())
    assert revocations.got_ready == [name]


@both_ways
def test_object_that_cannot_get_ready_is_a_503(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify], messages: Messages
) -> None:
    class Failing(Answering):
        def ready(self) -> None:
            raise OSError("down")

    class FailingAsync(Failing):
        async def ready_async(self) -> None:
            raise OSError("down")

    for kind in (Failing, FailingAsync):
        with messages.raises(RevocationsUnavailableError):
            way(verifier_with(pool, clock, kind(False)))(pool.access_token())


@both_ways
def test_list_that_became_old_while_idle_is_read_before_the_answer(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify]
) -> None:
    class Idle(WithReady):
        def is_revoked(self, claims: Claims) -> bool:
            if len(self.got_ready) < 2:
                raise RevocationsUnavailableError("too old")
            return claims.username == "mallory"

    revocations = Idle(False)

    verify = way(verifier_with(pool, clock, revocations))
    assert verify(pool.access_token())
    assert len(revocations.got_ready) == 2
    revocations.got_ready = ["once"]
    with pytest.raises(TokenRevokedError):
        verify(pool.access_token("mallory"))


@both_ways
def test_object_that_fails_again_after_it_got_ready_is_a_503(
    pool: LocalUserPool, clock: ManualClock, way: Callable[..., Verify], messages: Messages
) -> None:
    class Failing(WithReady):
        def is_revoked(self, claims: Claims) -> bool:
            if len(self.got_ready) < 2:
                raise RevocationsUnavailableError("too old")
            raise OSError("down")

    with messages.raises(RevocationsUnavailableError):
        way(verifier_with(pool, clock, Failing(False)))(pool.access_token())


def test_prefetch_lets_the_object_get_ready(pool: LocalUserPool, clock: ManualClock) -> None:
    revocations = WithReady(False)
    guarded = verifier_with(pool, clock, revocations)

    guarded.prefetch()

    assert revocations.got_ready == ["sync"]
    assert guarded.is_ready


def test_verifier_is_not_ready_while_its_revocations_are_not(pool: LocalUserPool, clock: ManualClock) -> None:
    revocations = Answering(False)
    revocations.is_ready = False  # type: ignore[attr-defined]

    assert not verifier_with(pool, clock, revocations).is_ready


def test_several_pools_have_revocations_of_their_own(pool: LocalUserPool, clock: ManualClock) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id="abcdef123456", clock=clock)
    verifier = MultiPoolVerifier(
        [verifier_with(pool, clock, Answering(True)), verifier_with(other, clock, Answering(False))]
    )

    assert verifier.verify(other.access_token())
    with pytest.raises(TokenRevokedError):
        verifier.verify(pool.access_token())


def test_what_the_object_does_with_the_claims_reaches_no_other_answer(pool: LocalUserPool, clock: ManualClock) -> None:
    class Careless(Answering):
        def is_revoked(self, claims: Claims) -> bool:
            claims["cognito:groups"] = ["admin"]
            return False

    guarded = verifier_with(pool, clock, Careless(False))
    token = pool.access_token(groups=["staff"])
    guarded.verify(token)
    plain = verifier_with(pool, clock, None)

    assert plain.verify(token).groups == ("staff",)
    with pytest.raises(GroupRequiredError):
        plain.verify(token, groups=["admin"])


@pytest.mark.parametrize("revoke", [RevocationList.revoke_token, RevocationList.revoke_session])
def test_revoked_token_stays_refused_while_leeway_accepts_it(
    pool: LocalUserPool, clock: ManualClock, revocations: RevocationList, revoke: Callable[..., None]
) -> None:
    verifier = verifier_with(pool, clock, revocations, leeway=300)
    token = pool.access_token(expires_in=60)
    revoke(revocations, verifier.verify(token))

    clock.advance(350)
    revocations.revoke_user(pool.issuer, "another")  # drops what has ended

    with pytest.raises(TokenRevokedError):
        verifier.verify(token)


def test_sign_in_asks_the_revocations_of_the_app(
    pool: LocalUserPool, guarded: CognitoVerifier, revocations: RevocationList
) -> None:
    token = pool.access_token()
    revocations.revoke_token(guarded.verify(token))

    with pytest.raises(TokenRevokedError):
        sign_in_verifier(guarded, pool.client_id, "access").verify(token)
