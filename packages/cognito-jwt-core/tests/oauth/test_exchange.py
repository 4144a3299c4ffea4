"""A code is exchanged for tokens, each of which is verified before the caller sees it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from cognito_jwt_core import CognitoVerifier, ConfigurationError, GroupRequiredError, KeySettings, SignInError
from cognito_jwt_core.oauth import OAuthClient, TokenSet
from cognito_jwt_core.testing import ABSENT, LocalManagedLogin, LocalUserPool
from cognito_test_kit.scripted_login import (
    CODE,
    NONCE,
    REDIRECT_URI,
    REFRESH_TOKEN,
    SECRET,
    VERIFIER,
    Answer,
    ScriptedLogin,
)

Call = Callable[..., Any]


def exchange(call: Call, scripted: ScriptedLogin, *, code: object = CODE, **changes: Any) -> TokenSet:
    options = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "nonce": NONCE, **changes}
    return call(scripted.client(), "exchange_code", code, **options)  # type: ignore[no-any-return]


def refused(call: Call, scripted: ScriptedLogin, **changes: Any) -> SignInError:
    with pytest.raises(SignInError) as caught:
        exchange(call, scripted, **changes)
    return caught.value


def answer_with(scripted: ScriptedLogin, **changes: Any) -> None:
    scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens(**changes))


def test_the_tokens_of_a_good_answer(call: Call, scripted: ScriptedLogin) -> None:
    tokens = exchange(call, scripted)

    assert tokens.claims.username == "alice"
    assert tokens.claims.token_use == "access"
    assert tokens.id_claims is not None
    assert tokens.id_claims.token_use == "id"
    assert tokens.id_claims["nonce"] == NONCE
    assert tokens.refresh_token == REFRESH_TOKEN
    assert tokens.access_token.count(".") == 2
    assert tokens.id_token is not None
    assert tokens.expires_at == tokens.claims.expires_at
    assert tokens.expires_at.tzinfo is not None


def test_what_is_sent_for_a_public_client(call: Call, scripted: ScriptedLogin) -> None:
    exchange(call, scripted)

    (request,) = scripted.requests("/oauth2/token")
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in request.headers
    assert request.form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT_URI,
        "client_id": scripted.pool.client_id,
        "code_verifier": VERIFIER,
    }


@pytest.mark.parametrize("secret", [SECRET, lambda: SECRET], ids=["text", "function"])
def test_what_is_sent_for_a_confidential_client(call: Call, scripted: ScriptedLogin, secret: object) -> None:
    client = scripted.client(client_secret=secret)

    call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)

    (request,) = scripted.requests("/oauth2/token")
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(credentials).decode() == f"{scripted.pool.client_id}:{SECRET}"
    assert "client_secret" not in request.form
    assert request.form["client_id"] == scripted.pool.client_id


def test_a_secret_of_a_function_is_asked_for_each_time(call: Call, scripted: ScriptedLogin) -> None:
    secrets = iter(["the-first", "the-second"])
    client = scripted.client(client_secret=lambda: next(secrets))

    for _ in range(2):
        call(client, "revoke", "R1")

    sent = [base64.b64decode(request.headers["authorization"].split()[1]) for request in scripted.received]
    assert [text.partition(b":")[2] for text in sent] == [b"the-first", b"the-second"]


def raising() -> str:
    raise OSError(SECRET)


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (raising, "sign_in_unavailable"),
        (lambda: "", "sign_in_misconfigured"),
        (lambda: 5, "sign_in_misconfigured"),
        (lambda: SECRET + "\ud800", "sign_in_misconfigured"),  # half a character, which cannot be sent
    ],
)
def test_a_function_that_gives_no_secret(call: Call, scripted: ScriptedLogin, function: Any, code: str) -> None:
    with pytest.raises(SignInError) as caught:
        call(scripted.client(client_secret=function), "revoke", "R1")

    assert caught.value.code == code
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    assert scripted.received == []


# Wrong answers


@pytest.mark.parametrize(
    "members",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": "not-a-jwt"},
        {"access_token": "ä.ö.ü"},
        {"id_token": None},
        {"id_token": ""},
        {"id_token": ["x"]},
        {"id_token": "a.b.c"},
        {"refresh_token": ""},
        {"refresh_token": "two words"},
        {"refresh_token": "a line\nand another"},
        {"refresh_token": "é"},
        {"refresh_token": {}},
        {"token_type": None},
        {"token_type": "DPoP"},
        {"token_type": 1},
        {"expires_in": "3600"},
        {"expires_in": 0},
        {"expires_in": True},
        {"expires_in": 1.5},
    ],
    ids=str,
)
def test_a_member_that_is_missing_or_wrong(call: Call, scripted: ScriptedLogin, members: dict[str, object]) -> None:
    answer_with(scripted, **members)

    error = refused(call, scripted)

    assert (error.code, error.status, error.retryable, error.retry_after) == ("token_rejected", 502, False, None)


@pytest.mark.parametrize(
    "members", [{"expires_in": None}, {"token_type": "bearer"}, {"scope": 5}, {"new": [None]}, {"error_uri": "x"}]
)
def test_members_that_do_not_matter_pass(call: Call, scripted: ScriptedLogin, members: dict[str, object]) -> None:
    answer_with(scripted, **members)

    assert exchange(call, scripted).claims.username == "alice"


def test_an_answer_without_a_refresh_token(call: Call, scripted: ScriptedLogin) -> None:
    answer_with(scripted, refresh_token=None)

    assert exchange(call, scripted).refresh_token is None


@pytest.mark.parametrize(
    "access",
    [
        {"client_id": "anotherclient"},
        {"token_use": "id"},
        {"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"},
        {"exp": 1_600_000_000},
        {"nbf": 1_800_000_000},
        {"sub": ABSENT},
        {"sub": "another user"},
    ],
    ids=str,
)
def test_an_access_token_that_does_not_verify(call: Call, scripted: ScriptedLogin, access: dict[str, object]) -> None:
    answer_with(scripted, access=access)

    assert refused(call, scripted).code == "token_rejected"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "anotherclient"},
        {"aud": ["abcdef123456", "another"]},
        {"azp": "anotherclient"},
        {"azp": None},
        {"token_use": "access"},
        {"exp": 1_600_000_000},
        {"sub": "another user"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 5},
        {"at_hash": None},
        {"at_hash": "\u00e4"},
    ],
    ids=str,
)
def test_an_id_token_that_does_not_fit(call: Call, scripted: ScriptedLogin, claims: dict[str, object]) -> None:
    answer_with(scripted, identity=claims)

    assert refused(call, scripted).code == "token_rejected"


@pytest.mark.parametrize("claims", [{"at_hash": ABSENT}, {"azp": "abcdef123456"}], ids=str)
def test_claims_of_an_id_token_that_may_be_there(
    call: Call, scripted: ScriptedLogin, claims: dict[str, object]
) -> None:
    answer_with(scripted, identity=claims)

    assert exchange(call, scripted).id_claims is not None


@pytest.mark.parametrize("nonce", [ABSENT, "another", NONCE + "x", "", None, 5, [NONCE], "\u00e4"], ids=str)
def test_the_nonce_of_another_login(call: Call, scripted: ScriptedLogin, nonce: object) -> None:
    answer_with(scripted, identity={"nonce": nonce})

    error = refused(call, scripted)

    assert (error.code, error.status) == ("nonce_mismatch", 400)


@pytest.mark.parametrize("is_revocable", [True, False])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access": {"client_id": "anotherclient"}}, "token_rejected"),
        ({"identity": {"nonce": "another"}}, "nonce_mismatch"),
        ({"id_token": None}, "token_rejected"),
    ],
)
def test_tokens_that_are_refused_are_revoked(
    call: Call, scripted: ScriptedLogin, changes: dict[str, Any], code: str, is_revocable: bool
) -> None:
    """RFC 9700 section 4.14: a refresh token that no session holds must serve no one."""
    answer_with(scripted, **changes)
    scripted.answers["/oauth2/revoke"] = Answer(status=200 if is_revocable else 500)

    assert refused(call, scripted).code == code

    (request,) = scripted.requests("/oauth2/revoke")
    assert request.form["token"] == REFRESH_TOKEN


def test_refused_tokens_without_a_refresh_token_are_revoked_nowhere(call: Call, scripted: ScriptedLogin) -> None:
    answer_with(scripted, identity={"nonce": "another"}, refresh_token=None)

    assert refused(call, scripted).code == "nonce_mismatch"

    assert not scripted.requests("/oauth2/revoke")


def test_tokens_of_another_pool(call: Call, scripted: ScriptedLogin) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id=scripted.pool.client_id, clock=scripted.clock)
    forged = other.sign({"alg": "RS256", "kid": scripted.pool.signing_key.kid}, scripted.pool.access_claims())
    answer_with(scripted, access_token=forged)

    assert refused(call, scripted).code == "token_rejected"


# A login without openid


def test_a_login_without_a_nonce_ignores_an_id_token(call: Call, scripted: ScriptedLogin) -> None:
    for id_token in (scripted.pool.id_token(), "garbage", 5, None):
        answer_with(scripted, id_token=id_token)

        tokens = exchange(call, scripted, nonce=None)

        assert tokens.id_token is None
        assert tokens.id_claims is None
        assert tokens.identity.nonce is None


# Arguments


@pytest.mark.parametrize("code", [None, "", 5, "x" * 2049, "\u00e4", "a\nb", "\udc80"], ids=ascii)
def test_a_code_that_cannot_be_one_is_not_sent(call: Call, scripted: ScriptedLogin, code: object) -> None:
    assert refused(call, scripted, code=code).code == "code_rejected"
    assert scripted.received == []


@pytest.mark.parametrize(
    "options",
    [
        {"nonce": ""},
        {"nonce": 5},
        {"code_verifier": None},
        {"code_verifier": "v" * 42},
        {"code_verifier": "v" * 129},
        {"code_verifier": "v" * 42 + "="},
        {"code_verifier": VERIFIER + "\n"},
        {"redirect_uri": "/auth/callback"},
        {"redirect_uri": None},
    ],
    ids=str,
)
def test_what_the_session_lost_is_not_sent(call: Call, scripted: ScriptedLogin, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        exchange(call, scripted, **options)

    assert "vvv" not in str(caught.value)
    assert scripted.received == []


# The verifier's demands


def test_the_repr_shows_nothing_of_the_tokens(call: Call, scripted: ScriptedLogin) -> None:
    tokens = exchange(call, scripted)

    for shown in (repr(tokens), repr(tokens.identity), str(tokens)):
        for value in (tokens.access_token, tokens.id_token, REFRESH_TOKEN, NONCE, "alice", tokens.claims.sub):
            assert str(value) not in shown


def test_the_repr_tells_users_apart(call: Call, scripted: ScriptedLogin) -> None:
    """Caches of functions make their keys of it."""
    tokens = exchange(call, scripted)

    assert repr(replace(tokens, access_token="another")) != repr(tokens) == repr(replace(tokens))
    assert repr(tokens.identity._replace(sub="another")) != repr(tokens.identity) == repr(tokens.identity._replace())


def refuse_all(claims: object) -> None:
    raise AssertionError


def test_no_demand_of_the_app_on_requests_refuses_a_sign_in(call: Call, scripted: ScriptedLogin) -> None:
    verifier = scripted.verifier(
        token_use="id",
        groups=["admin"],
        scopes=["todo/read"],
        audience="https://api.example",
        custom_check=refuse_all,
        check_expiration=False,
    )
    answer_with(scripted, access={"aud": "https://another.example"})

    tokens = call(
        scripted.client(verifier), "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE
    )

    assert tokens.claims["aud"] == "https://another.example"


def test_expiry_counts_although_the_app_does_not_check_it(call: Call, scripted: ScriptedLogin) -> None:
    verifier = scripted.verifier(check_expiration=False)

    for claims in ({"exp": 1_600_000_000}, {"exp": ABSENT}):
        answer_with(scripted, access=claims)
        with pytest.raises(SignInError) as caught:
            call(
                scripted.client(verifier),
                "exchange_code",
                CODE,
                redirect_uri=REDIRECT_URI,
                code_verifier=VERIFIER,
                nonce=NONCE,
            )
        assert caught.value.code == "token_rejected"


def test_the_verifiers_own_demands_stay(call: Call, scripted: ScriptedLogin) -> None:
    verifier = scripted.verifier(groups=["admin"])
    tokens = call(
        scripted.client(verifier), "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE
    )

    with pytest.raises(GroupRequiredError):
        verifier.verify(tokens.access_token)


# The verifier's session


def test_the_session_of_the_verifier_is_used_without_its_password_and_its_cookies(
    call: Call, scripted: ScriptedLogin
) -> None:
    session = requests.Session()
    session.auth = ("user", "password")
    session.headers["X-Through"] = "the proxy"
    session.cookies.set("visited", "yes", domain="127.0.0.1")
    headers = {"Set-Cookie": "visited=again; Path=/"}
    scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens(), headers=headers)
    client = scripted.client(scripted.verifier(session=session), domain=None)

    call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)

    assert [request.method for request in scripted.received] == ["GET", "POST"]
    for request in scripted.received:
        assert request.headers["x-through"] == "the proxy"
        assert not {"authorization", "cookie"} & set(request.headers)
    assert session.cookies.get("visited") == "yes"


@pytest.mark.slow
def test_a_revocation_takes_at_most_three_seconds_whatever_the_settings_say(call: Call) -> None:
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
    login = LocalManagedLogin(pool, users={"alice": "correct horse"}, callback_urls=[REDIRECT_URI])
    with login.serve() as domain:
        login.behave("revoke", delay=60)
        settings = KeySettings(timeout_seconds=50)
        verifier = CognitoVerifier(login.user_pool, client_id=pool.client_id, token_use="access", key_settings=settings)
        client = OAuthClient(verifier, client_id=pool.client_id, domain=domain)
        began_at = time.monotonic()

        with pytest.raises(SignInError) as caught:
            call(client, "revoke", "R1")

    assert caught.value.code == "sign_in_unavailable"
    assert time.monotonic() - began_at < 40
