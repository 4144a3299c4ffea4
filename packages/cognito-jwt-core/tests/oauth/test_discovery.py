"""The discovery document: fetched on first need, checked, and kept as keys are."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import KeySettings, SignInError
from cognito_jwt_core.oauth import OAuthClient
from cognito_jwt_core.testing import ManualClock
from cognito_test_kit.scripted_login import CODE, NONCE, REDIRECT_URI, VERIFIER, Answer, ScriptedLogin

Call = Callable[..., Any]


@pytest.fixture
def client(scripted: ScriptedLogin) -> OAuthClient:
    return scripted.client(domain=None)


def failure(call: Call, client: OAuthClient) -> SignInError:
    with pytest.raises(SignInError) as caught:
        call(client, "authorization_request", REDIRECT_URI)
    return caught.value


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.005)


def fetches(scripted: ScriptedLogin) -> int:
    return len(scripted.requests(scripted.discovery_path))


def test_building_a_client_fetches_nothing(scripted: ScriptedLogin, client: OAuthClient) -> None:
    assert scripted.received == []


def test_every_endpoint_is_the_documents(call: Call, scripted: ScriptedLogin, client: OAuthClient) -> None:
    assert call(client, "authorization_request", REDIRECT_URI).url.startswith(f"{scripted.domain}/oauth2/authorize?")
    assert call(client, "logout_url", "https://app.example/").startswith(f"{scripted.domain}/logout?")
    call(client, "exchange_code", CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)
    call(client, "refresh", "R1")
    call(client, "revoke", "R1")
    call(client, "user_info", "A1")

    assert [request.path for request in scripted.received] == [
        scripted.discovery_path,
        "/oauth2/token",
        "/oauth2/token",
        "/oauth2/revoke",
        "/oauth2/userInfo",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"},
        {"issuer": None},
        {"issuer": ["x"]},
        {"token_endpoint": None},
        {"token_endpoint": 5},
        {"revocation_endpoint": ""},
        {"end_session_endpoint": []},
        {"userinfo_endpoint": "/oauth2/userInfo"},
        {"authorization_endpoint": "http://auth.example.com/oauth2/authorize"},
        {"token_endpoint": "https://evil.example/oauth2/token"},
        {"token_endpoint": "http://127.0.0.1:1/oauth2/token"},
        {"token_endpoint": "http://user@127.0.0.1/oauth2/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"query": "?x=1"},
        {"query": "#x"},
    ],
    ids=str,
)
def test_a_document_of_another_pool_or_of_several_hosts(
    call: Call, scripted: ScriptedLogin, client: OAuthClient, changes: dict[str, Any]
) -> None:
    query = changes.get("query")
    changed = {"token_endpoint": f"{scripted.domain}/oauth2/token{query}"} if query else changes
    scripted.answers[scripted.discovery_path] = Answer(body=scripted.discovery(**changed))

    error = failure(call, client)

    assert (error.code, error.status, error.retryable) == ("sign_in_misconfigured", 502, False)
    assert fetches(scripted) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=400, body={"message": "x"}), "sign_in_misconfigured"),
        (Answer(status=404, body=b""), "sign_in_misconfigured"),
        (Answer(status=500), "sign_in_unavailable"),
        (Answer(status=429), "sign_in_unavailable"),
        (Answer(status=302, headers={"Location": "/elsewhere"}), "sign_in_unavailable"),
        (Answer(body="<html>"), "sign_in_unavailable"),
        (Answer(body=[]), "sign_in_unavailable"),
        (Answer(body="[" * 100_000), "sign_in_unavailable"),
        (Answer(body="x" * 2 * 1024 * 1024), "sign_in_unavailable"),
        (Answer(drop=True), "sign_in_unavailable"),
        (Answer(delay_seconds=30), "sign_in_unavailable"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_document_that_cannot_be_had(call: Call, scripted: ScriptedLogin, answer: Answer, code: str) -> None:
    scripted.answers[scripted.discovery_path] = answer
    client = scripted.client(scripted.verifier(key_settings=KeySettings(timeout_seconds=1)), domain=None)

    error = failure(call, client)

    assert error.code == code
    assert (error.retry_after is not None) == error.retryable


def test_failures_back_off(
    call: Call, scripted: ScriptedLogin, client: OAuthClient, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answers[scripted.discovery_path] = Answer(status=500)

    with caplog.at_level(logging.WARNING):
        assert failure(call, client).retry_after == 1
        assert failure(call, client).retry_after == 1
        assert fetches(scripted) == 1
        clock.advance(1)
        assert failure(call, client).retry_after == 2
    assert fetches(scripted) == 2
    assert [(record.name, record.levelname) for record in caplog.records] == [("cognito_jwt_core.oauth", "WARNING")] * 2

    clock.advance(2)
    scripted.answers[scripted.discovery_path] = Answer(body=scripted.discovery())
    assert call(client, "logout_url", "https://app.example/")


def test_a_fresh_document_is_fetched_once(call: Call, scripted: ScriptedLogin, client: OAuthClient) -> None:
    for _ in range(3):
        call(client, "authorization_request", REDIRECT_URI)

    assert fetches(scripted) == 1


@pytest.mark.parametrize(("header", "seconds"), [(None, 600), ("max-age=1800", 1800), ("public, max-age=1", 300)])
def test_an_old_document_serves_while_it_is_fetched_again(
    call: Call, scripted: ScriptedLogin, client: OAuthClient, clock: ManualClock, header: str | None, seconds: int
) -> None:
    headers = {"Cache-Control": header} if header else {}
    scripted.answers[scripted.discovery_path] = Answer(body=scripted.discovery(), headers=headers)
    call(client, "authorization_request", REDIRECT_URI)
    clock.advance(seconds - 1)
    call(client, "authorization_request", REDIRECT_URI)
    assert fetches(scripted) == 1

    clock.advance(1)
    scripted.answers[scripted.discovery_path] = Answer(
        body=scripted.discovery(
            **{name: f"https://new.example/{name}" for name in scripted.discovery() if "_endpoint" in name}
        )
    )
    call(client, "authorization_request", REDIRECT_URI)  # of the old document: no request waits

    wait_until(lambda: client.logout_url("https://app.example/").startswith("https://new.example/"))
    assert fetches(scripted) == 2


def test_an_old_document_serves_through_an_outage_of_a_day(
    call: Call, scripted: ScriptedLogin, client: OAuthClient, clock: ManualClock
) -> None:
    call(client, "authorization_request", REDIRECT_URI)
    scripted.answers[scripted.discovery_path] = Answer(body=scripted.discovery(issuer="https://other"))

    clock.advance(600 + 86_400)
    call(client, "authorization_request", REDIRECT_URI)
    wait_until(lambda: fetches(scripted) == 2)
    clock.advance(60)

    assert failure(call, client).code == "sign_in_misconfigured"


def test_one_fetch_for_all_who_wait(scripted: ScriptedLogin, client: OAuthClient) -> None:
    held = threading.Event()

    def answer(request: object) -> Answer:
        held.wait(10)
        return Answer(body=scripted.discovery())

    scripted.answers[scripted.discovery_path] = answer
    urls: list[str] = []
    threads = [
        threading.Thread(target=lambda: urls.append(client.logout_url("https://app.example/"))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()

    async def tasks() -> list[str]:
        waiting = asyncio.gather(*(client.logout_url_async("https://app.example/") for _ in range(5)))
        await asyncio.sleep(0)
        held.set()
        return await waiting

    found = asyncio.run(tasks())
    for thread in threads:
        thread.join()

    assert len(urls + found) == 10
    assert fetches(scripted) == 1


def test_a_sign_out_does_not_wait_until_the_fetch_ends(
    call: Call, scripted: ScriptedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    """The fetch may take 60 seconds. `revoke` and `logout_url` together wait until it has taken 3."""
    held = threading.Event()

    def answer(request: object) -> Answer:
        held.wait(90)
        return Answer(body=scripted.discovery())

    scripted.answers[scripted.discovery_path] = answer
    client = scripted.client(scripted.verifier(key_settings=KeySettings(timeout_seconds=60)), domain=None)
    try:
        for method, argument in (("revoke", "R1"), ("logout_url", "https://app.example/")):
            with pytest.raises(SignInError) as caught:
                call(client, method, argument)
            assert caught.value.code == "sign_in_unavailable"
        assert caplog.records == []  # it has not failed yet
        assert fetches(scripted) == 1
    finally:
        held.set()

    assert call(client, "authorization_request", REDIRECT_URI)


def test_a_fetch_during_which_the_process_stood_still_is_repeated(call: Call, scripted: ScriptedLogin) -> None:
    """Here every fetch seems to, since it takes longer than twice its limit."""
    settings = KeySettings(timeout_seconds=0.0001)

    error = failure(call, scripted.client(scripted.verifier(key_settings=settings), domain=None))

    assert error.code == "sign_in_unavailable"


THREADLESS = """
import sys, threading
from cognito_jwt_core import CognitoVerifier, SignInError, UserPool
from cognito_jwt_core.oauth import OAuthClient
from cognito_jwt_core.testing import ManualClock

clock = ManualClock()
pool = UserPool("eu-central-1_testpool", issuer=sys.argv[1])
oauth = OAuthClient(CognitoVerifier(pool, client_id="abc", token_use="access", clock=clock), client_id="abc")
usual = threading.stack_size()
threading.stack_size(1 << 46)  # more than there is of address space
try:
    oauth.logout_url("https://app.example/")
except SignInError as error:
    print(error.code, error.retry_after)
threading.stack_size(usual)
clock.advance(1)
print(oauth.logout_url("https://app.example/").partition("?")[0])
"""


def test_a_system_without_a_thread_to_give(scripted: ScriptedLogin) -> None:
    command = [sys.executable, "-c", THREADLESS, str(scripted.user_pool.issuer)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  our own

    assert len(done.stderr.splitlines()) == 1  # a warning in the log
    assert done.stdout.splitlines() == ["sign_in_unavailable 1", f"{scripted.domain}/logout"]
