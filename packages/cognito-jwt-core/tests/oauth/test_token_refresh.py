"""Refreshed tokens continue the login that they came from; while Cognito gives no answer, refreshes back off."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, SignInError
from cognito_jwt_core.oauth import OAuthClient, TokenIdentity, TokenSet
from cognito_jwt_core.testing import ABSENT, ManualClock
from cognito_test_kit.scripted_login import CODE, NONCE, REDIRECT_URI, REFRESH_TOKEN, VERIFIER, Answer, ScriptedLogin

Call = Callable[..., Any]


def signed_in(scripted: ScriptedLogin, **options: Any) -> TokenSet:
    given: dict[str, Any] = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "nonce": NONCE}
    return scripted.client().exchange_code(CODE, **{**given, **options})


def answer_with(scripted: ScriptedLogin, **changes: Any) -> None:
    scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens(**{"refresh_token": None, **changes}))


def test_what_is_sent(call: Call, scripted: ScriptedLogin) -> None:
    call(scripted.client(), "refresh", REFRESH_TOKEN)

    assert scripted.received[-1].form == {
        "grant_type": "refresh_token",
        "refresh_token": REFRESH_TOKEN,
        "client_id": scripted.pool.client_id,
    }


def test_a_refresh_token_that_is_left_out_is_the_old_one(call: Call, scripted: ScriptedLogin) -> None:
    answer_with(scripted)

    assert call(scripted.client(), "refresh", "R1").refresh_token == "R1"


def test_a_rotated_refresh_token_is_the_new_one(call: Call, scripted: ScriptedLogin) -> None:
    answer_with(scripted, refresh_token="R2")

    assert call(scripted.client(), "refresh", "R1").refresh_token == "R2"


@pytest.mark.parametrize("nonce", [ABSENT, None, NONCE])
@pytest.mark.parametrize("kind", ["set", "identity", "stored"])
def test_tokens_of_the_same_login(
    call: Call, scripted: ScriptedLogin, clock: ManualClock, nonce: object, kind: str
) -> None:
    before = signed_in(scripted)
    previous = {"set": before, "identity": before.identity}.get(kind)
    clock.advance(60)
    answer_with(scripted, identity={"nonce": nonce})

    tokens = call(
        scripted.client(),
        "refresh",
        before.refresh_token,
        previous=previous or TokenIdentity(*json.loads(json.dumps(before.identity))),
    )

    assert tokens.claims.sub == before.claims.sub
    assert tokens.expires_at > before.expires_at
    assert tokens.id_claims is not None
    assert tokens.identity == before.identity._replace(iat=tokens.claims["iat"])


@pytest.mark.parametrize(
    "changes",
    [
        {"access": {"sub": "mallory"}, "identity": {"sub": "mallory"}},
        {"access": {"auth_time": 1}},
        {"access": {"auth_time": ABSENT}},
        {"access": {"iat": 1_699_999_000}},
        {"access": {"iat": ABSENT}},
        {"identity": {"auth_time": 1}},
        {"identity": {"iat": 1_699_999_000}},
        {"identity": {"nonce": "another"}},
        {"identity": {"nonce": 5}},
        {"identity": {"at_hash": "x"}},
        {"identity": {"sub": "mallory"}},
        {"id_token": None},
        {"id_token": "garbage"},
        {"access_token": None},
    ],
    ids=str,
)
def test_tokens_of_another_login(call: Call, scripted: ScriptedLogin, changes: dict[str, Any]) -> None:
    before = signed_in(scripted)
    answer_with(scripted, **changes)

    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "refresh", before.refresh_token, previous=before)

    assert (caught.value.code, caught.value.retryable) == ("token_rejected", False)
    answer_with(scripted)
    assert call(scripted.client(), "refresh", before.refresh_token, previous=before).claims.sub == before.claims.sub


@pytest.mark.parametrize(("field", "value"), [("iss", "https://other"), ("client", "other"), ("auth_time", None)])
def test_an_identity_of_another_login(call: Call, scripted: ScriptedLogin, field: str, value: Any) -> None:
    previous = signed_in(scripted).identity._replace(**{field: value})

    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "refresh", REFRESH_TOKEN, previous=previous)

    assert caught.value.code == "token_rejected"


def test_without_previous_nothing_is_compared_but_tokens_are_verified(call: Call, scripted: ScriptedLogin) -> None:
    answer_with(scripted, access={"auth_time": 1, "iat": 1}, identity={"nonce": "another"})
    assert call(scripted.client(), "refresh", "R1").id_claims is not None

    answer_with(scripted, id_token=None)
    assert call(scripted.client(), "refresh", "R1").id_token is None

    answer_with(scripted, identity={"aud": "other"})
    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "refresh", "R1")
    assert caught.value.code == "token_rejected"


def test_a_login_without_openid_has_no_id_token_after_a_refresh(call: Call, scripted: ScriptedLogin) -> None:
    before = signed_in(scripted, nonce=None)

    for id_token in (scripted.pool.id_token(), "garbage", None):
        answer_with(scripted, id_token=id_token)

        assert call(scripted.client(), "refresh", "R1", previous=before).id_token is None


def test_a_token_set_without_a_refresh_token(call: Call, scripted: ScriptedLogin) -> None:
    with pytest.raises(SignInError) as caught:
        call(scripted.client(), "refresh", None)

    assert (caught.value.code, caught.value.status) == ("session_expired", 401)
    assert scripted.received == []


@pytest.mark.parametrize("arguments", [("",), (5,), ("R 1",)])
def test_a_refresh_token_that_cannot_be_one(call: Call, scripted: ScriptedLogin, arguments: Any) -> None:
    with pytest.raises(ConfigurationError):
        call(scripted.client(), "refresh", *arguments)


def test_a_previous_of_another_type(call: Call, scripted: ScriptedLogin) -> None:
    with pytest.raises(ConfigurationError) as caught:
        call(scripted.client(), "refresh", "R1", previous={"sub": "alice"})

    assert "alice" not in str(caught.value)


# Backing off


def failed(call: Call, client: OAuthClient) -> SignInError:
    with pytest.raises(SignInError) as caught:
        call(client, "refresh", "R1")
    return caught.value


def test_refreshes_without_an_answer_back_off(call: Call, scripted: ScriptedLogin, clock: ManualClock) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=503)
    client = scripted.client()

    for number, seconds in enumerate([1, 2, 4, 8, 16, 30, 30], 1):
        assert failed(call, client).retry_after == seconds
        clock.advance(seconds - 0.5)
        held_off = failed(call, client)
        assert (held_off.code, held_off.retry_after) == ("sign_in_unavailable", 1)
        assert len(scripted.received) == number
        clock.advance(0.5)

    scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens())
    assert call(client, "refresh", "R1").claims.username == "alice"
    scripted.answers["/oauth2/token"] = Answer(status=503)
    assert failed(call, client).retry_after == 1  # from the beginning


def test_a_longer_wait_that_cognito_asks_for_is_told(call: Call, scripted: ScriptedLogin) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=429, headers={"Retry-After": "20"})

    assert failed(call, scripted.client()).retry_after == 20


def test_an_answer_that_refuses_ends_the_wait(call: Call, scripted: ScriptedLogin, clock: ManualClock) -> None:
    client = scripted.client()
    waits = []
    for answer in (Answer(status=503), Answer(status=400, body={"error": "invalid_grant"}), Answer(status=503)):
        scripted.answers["/oauth2/token"] = answer
        waits.append(failed(call, client).retry_after)
        clock.advance(1)

    assert waits == [1, None, 1]


def test_exchanges_do_not_back_off(call: Call, scripted: ScriptedLogin) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=503)
    client = scripted.client()
    failed(call, client)

    for _ in range(3):
        with pytest.raises(SignInError):
            call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)

    assert len(scripted.received) == 4


def test_each_client_waits_for_itself(call: Call, scripted: ScriptedLogin) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=503)

    failed(call, scripted.client())
    failed(call, scripted.client())

    assert len(scripted.received) == 2


def test_failures_side_by_side_count_once(scripted: ScriptedLogin, clock: ManualClock) -> None:
    together = threading.Barrier(5)

    def answer(request: object) -> Answer:
        together.wait(10)
        return Answer(status=503)

    scripted.answers["/oauth2/token"] = answer
    client = scripted.client()
    errors: list[SignInError] = []

    def refresh() -> None:
        try:
            client.refresh("R1")
        except SignInError as error:
            errors.append(error)

    threads = [threading.Thread(target=refresh) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {error.retry_after for error in errors} == {1}
    clock.advance(1)
    scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens())
    assert client.refresh("R1").claims.username == "alice"


# A rotated refresh token outlives an outage of the keys

KEYS = "/eu-central-1_testpool/.well-known/jwks.json"


def client_without_the_new_key(scripted: ScriptedLogin) -> OAuthClient:
    """A client whose keys were rotated at Cognito, and whose key endpoint fails."""
    scripted.answers[KEYS] = Answer(body=scripted.pool.jwk_set)
    client = scripted.client(scripted.verifier(jwks=None))
    client.refresh("R0")
    scripted.pool.rotate_key()
    scripted.answers[KEYS] = Answer(status=500)
    return client


def sent_refresh_tokens(scripted: ScriptedLogin) -> list[str]:
    return [request.form["refresh_token"] for request in scripted.requests("/oauth2/token")]


def test_answer_that_cannot_be_verified_yet_is_held_and_not_asked_for_again(
    call: Call, scripted: ScriptedLogin, clock: ManualClock
) -> None:
    client = client_without_the_new_key(scripted)
    answer_with(scripted, refresh_token="R2")
    for _ in range(2):
        with pytest.raises(SignInError) as caught:
            call(client, "refresh", "R1")
        assert caught.value.code == "sign_in_unavailable"
    clock.advance(60)
    scripted.answers[KEYS] = Answer(body=scripted.pool.jwk_set)

    tokens = call(client, "refresh", "R1")

    assert tokens.refresh_token == "R2"
    assert sent_refresh_tokens(scripted) == ["R0", "R1"]


def test_answer_is_held_for_its_own_refresh_token_and_once(
    call: Call, scripted: ScriptedLogin, clock: ManualClock
) -> None:
    client = client_without_the_new_key(scripted)
    answer_with(scripted, refresh_token="R2")
    with pytest.raises(SignInError):
        call(client, "refresh", "R1")
    clock.advance(60)
    scripted.answers[KEYS] = Answer(body=scripted.pool.jwk_set)

    for token in ("another", "R1", "R1"):
        call(client, "refresh", token)

    assert sent_refresh_tokens(scripted) == ["R0", "R1", "another", "R1"]


def test_held_answer_of_another_login_is_rejected_like_any_other(
    call: Call, scripted: ScriptedLogin, clock: ManualClock
) -> None:
    previous = signed_in(scripted).identity
    client = client_without_the_new_key(scripted)
    answer_with(scripted, refresh_token="R2", access={"sub": "another-user"}, identity={"sub": "another-user"})
    for code in ("sign_in_unavailable", "token_rejected"):
        with pytest.raises(SignInError) as caught:
            call(client, "refresh", "R1", previous=previous)
        assert caught.value.code == code
        clock.advance(60)
        scripted.answers[KEYS] = Answer(body=scripted.pool.jwk_set)


@pytest.mark.slow
def test_held_answers_are_bounded(scripted: ScriptedLogin) -> None:
    client = client_without_the_new_key(scripted)
    answer_with(scripted, refresh_token="R2")
    for number in range(1025):
        with pytest.raises(SignInError):
            client.refresh(f"first-{number}")

    with pytest.raises(SignInError):
        client.refresh("first-0")
    assert sent_refresh_tokens(scripted).count("first-0") == 2


class Unreadable:
    """Revocations that cannot be read yet."""

    is_ready = False

    def __init__(self) -> None:
        self.is_down = True

    def ready(self) -> None:
        if self.is_down:
            raise ConnectionError

    def is_revoked(self, claims: Any) -> bool:
        return claims["token_use"] == "access" and self.is_down


@pytest.mark.parametrize("has_keys", [True, False])
def test_nothing_is_spent_while_it_is_not_known_what_is_revoked(
    call: Call, scripted: ScriptedLogin, *, has_keys: bool
) -> None:
    revocations = Unreadable()
    verifier = scripted.verifier(revocations=revocations)
    client = scripted.client(verifier)
    if has_keys:
        revocations.is_down = False
        verifier.prefetch()
        revocations.is_down = True

    with pytest.raises(SignInError) as caught:
        call(client, "refresh", REFRESH_TOKEN)

    assert caught.value.code == "sign_in_unavailable"
    assert not any(request.form for request in scripted.received)
    revocations.is_down = False
    assert call(client, "refresh", REFRESH_TOKEN).claims.sub


def test_refreshed_tokens_that_are_revoked_are_rejected(call: Call, scripted: ScriptedLogin) -> None:
    class Revoked(Unreadable):
        is_ready = True

        def ready(self) -> None: ...

    revocations = Revoked()
    client = scripted.client(scripted.verifier(revocations=revocations))

    with pytest.raises(SignInError) as caught:
        call(client, "refresh", REFRESH_TOKEN)

    assert caught.value.code == "token_rejected"
