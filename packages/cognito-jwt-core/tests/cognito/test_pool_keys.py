"""Which keys judge which issuer: every issuer of a pool has its own URL, and some of them a pool may not use."""

import asyncio
import datetime
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cognito_jwt_core import (
    CognitoVerifier,
    ConfigurationError,
    InvalidIssuerError,
    InvalidSignatureError,
    JWKSUnavailableError,
    KeySettings,
    UnknownKeyError,
    UserPool,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import LIFETIME, STALE, eventually
from cognito_test_kit.messages import Messages
from requests.adapters import HTTPAdapter

ORIGINAL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
UPDATED = "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
REPLICA = "https://cognito-idp.eu-west-1.amazonaws.com/eu-central-1_testpool"


class ToLoopback(HTTPAdapter):
    """As a proxy does it: Cognito's hosts are reached at local servers."""

    def __init__(self, servers: dict[str, JWKSServer]) -> None:
        self._servers = servers
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        issuer, _, _ = str(request.url).partition("/.well-known")
        request.url = self._servers[issuer].url
        return super().send(request, *args, **options)


def pool_with(issuer: str, clock: ManualClock) -> LocalUserPool:
    """The pool as it is behind this issuer: with keys of its own."""
    jwk = LocalUserPool(f"eu-central-1_{abs(hash(issuer))}").signing_key.jwk.export(as_dict=True)
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", issuer=issuer, clock=clock, signing_key=jwk)


@pytest.fixture
def pools(clock: ManualClock) -> dict[str, LocalUserPool]:
    return {issuer: pool_with(issuer, clock) for issuer in (ORIGINAL, UPDATED, REPLICA)}


@pytest.fixture
def servers(pools: dict[str, LocalUserPool]) -> Iterator[dict[str, JWKSServer]]:
    with JWKSServer(pools[ORIGINAL]) as a, JWKSServer(pools[UPDATED]) as b, JWKSServer(pools[REPLICA]) as c:
        yield {ORIGINAL: a, UPDATED: b, REPLICA: c}


@pytest.fixture
def verifier(servers: dict[str, JWKSServer], clock: ManualClock) -> Iterator[CognitoVerifier]:
    with requests.Session() as session:
        session.mount("https://", ToLoopback(servers))
        yield CognitoVerifier(
            UserPool("eu-central-1_testpool", replica_regions=["eu-west-1"]),
            client_id="abcdef123456",
            token_use="access",
            session=session,
            clock=clock,
        )


def asked(servers: dict[str, JWKSServer]) -> list[int]:
    return [server.requests for server in servers.values()]


def test_only_the_issuer_that_a_token_names_is_asked(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    counts = []
    for issuer, pool in pools.items():
        assert verifier.verify(pool.access_token()).issuer == issuer
        counts.append(asked(servers))

    assert counts == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_prefetch_asks_the_original_form_alone(servers: dict[str, JWKSServer], verifier: CognitoVerifier) -> None:
    verifier.prefetch()

    assert asked(servers) == [1, 0, 0]


def test_a_key_verifies_only_tokens_of_the_issuer_whose_set_holds_it(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    for pool in pools.values():
        verifier.verify(pool.access_token())

    with pytest.raises(UnknownKeyError):
        verifier.verify(pools[ORIGINAL].access_token(iss=UPDATED))


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("issuer", [UPDATED, REPLICA])
def test_a_form_that_the_pool_does_not_use_is_an_invalid_issuer_and_remembered_for_a_while(
    issuer: str,
    status: int,
    pools: dict[str, LocalUserPool],
    servers: dict[str, JWKSServer],
    verifier: CognitoVerifier,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    messages: Messages,
) -> None:
    caplog.set_level(logging.INFO, "cognito_jwt_core")
    servers[issuer].behave(status=status)

    for _ in range(100):
        with pytest.raises(InvalidIssuerError) as refusal:
            verifier.verify(pools[issuer].access_token())
        assert (refusal.value.claim, refusal.value.actual) == ("iss", None)
    assert servers[issuer].requests == 1
    assert [record.levelname for record in caplog.records] == ["INFO"]
    messages.show(*caplog.messages)

    clock.advance(300)
    servers[issuer].behave()
    assert verifier.verify(pools[issuer].access_token()).issuer == issuer


@pytest.mark.parametrize("status", [403, 404])
def test_the_original_form_is_never_unused(
    status: int, pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    servers[ORIGINAL].behave(status=status)

    with pytest.raises(JWKSUnavailableError) as refusal:
        verifier.verify(pools[ORIGINAL].access_token())

    assert refusal.value.retry_after == 1


def test_another_failure_of_a_form_is_an_outage(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    servers[UPDATED].behave(status=500)

    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pools[UPDATED].access_token())


def test_an_outsider_causes_one_warning_about_a_form_that_the_network_refuses(
    pools: dict[str, LocalUserPool],
    servers: dict[str, JWKSServer],
    verifier: CognitoVerifier,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    messages: Messages,
) -> None:
    """A token that nothing verified can name it, as often as an attacker likes."""
    caplog.set_level(logging.INFO, "cognito_jwt_core")
    verifier.prefetch()
    servers[UPDATED].behave(cut="silent")
    caplog.clear()

    for _ in range(4):
        with pytest.raises(JWKSUnavailableError) as refusal:
            verifier.verify(pools[ORIGINAL].badly_signed_token(iss=UPDATED))
        clock.advance(refusal.value.retry_after)

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "INFO", "INFO"]
    messages.show(caplog.messages[0])
    verifier.verify(pools[ORIGINAL].access_token())


def test_every_failure_of_a_form_in_use_is_a_warning(
    pools: dict[str, LocalUserPool],
    servers: dict[str, JWKSServer],
    verifier: CognitoVerifier,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    verifier.verify(pools[UPDATED].access_token())
    servers[UPDATED].behave(status=500)
    clock.advance(LIFETIME + STALE + 1)
    caplog.clear()

    for _ in range(3):
        with pytest.raises(JWKSUnavailableError) as refusal:
            verifier.verify(pools[UPDATED].access_token())
        clock.advance(refusal.value.retry_after)

    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_a_form_in_use_that_answers_404_is_an_outage_for_a_day_and_unused_then(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier, clock: ManualClock
) -> None:
    verifier.verify(pools[UPDATED].access_token())
    servers[UPDATED].behave(status=404)
    clock.advance(LIFETIME)

    verifier.verify(pools[UPDATED].access_token())
    eventually(lambda: verifier.keys[1].failures == 1)
    assert verifier.keys[1].next_refresh_seconds == 1
    clock.advance(STALE + 1)

    with pytest.raises(InvalidIssuerError):
        verifier.verify(pools[UPDATED].access_token())


def test_a_foreign_issuer_never_causes_a_fetch(
    messages: Messages,
    pools: dict[str, LocalUserPool],
    servers: dict[str, JWKSServer],
    verifier: CognitoVerifier,
    clock: ManualClock,
) -> None:
    foreign = pools[ORIGINAL].access_token(iss="https://example.com")
    with messages.raises(InvalidIssuerError) as refusal:
        verifier.verify(foreign)
    assert (refusal.value.actual, refusal.value.is_authentic) == (None, False)
    with pytest.raises(InvalidIssuerError):
        asyncio.run(verifier.verify_async(foreign))
    assert asked(servers) == [0, 0, 0]

    verifier.prefetch()
    clock.advance(LIFETIME + 7200)
    for _ in range(10):
        with pytest.raises(InvalidIssuerError) as refusal:
            verifier.verify(pools[ORIGINAL].access_token(iss="https://example.com"))
        assert (refusal.value.actual, refusal.value.is_authentic) == ("https://example.com", True)
        with pytest.raises(InvalidSignatureError):
            verifier.verify(pools[ORIGINAL].badly_signed_token(iss="https://example.com"))
    with pytest.raises(InvalidIssuerError):
        verifier.verify(pools[UPDATED].access_token(iss="https://example.com"))
    assert asked(servers) == [1, 0, 0]

    clock.advance(STALE)
    with pytest.raises(InvalidIssuerError):
        verifier.verify(pools[ORIGINAL].access_token(iss="https://example.com"))
    assert asked(servers) == [1, 0, 0]


@pytest.mark.parametrize("issuer", [None, 7, "", [ORIGINAL], ORIGINAL + "/", ORIGINAL.upper()])
def test_an_issuer_that_is_not_quite_the_pools_is_a_foreign_one(
    issuer: object, pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    with pytest.raises(InvalidIssuerError) as refusal:
        verifier.verify(pools[ORIGINAL].access_token(iss=issuer))

    assert refusal.value.actual is None

    assert asked(servers) == [0, 0, 0]


def test_each_form_has_a_budget_of_its_own(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], verifier: CognitoVerifier
) -> None:
    verifier.prefetch()
    for number in range(20):
        stranger = LocalUserPool(f"eu-central-1_stranger{number % 2}", client_id="x", clock=pools[ORIGINAL].clock)
        with pytest.raises(UnknownKeyError):
            verifier.verify(stranger.access_token(iss=ORIGINAL))

    assert verifier.verify(pools[UPDATED].access_token()).issuer == UPDATED
    assert asked(servers) == [3, 1, 0]


def test_one_url_for_every_issuer_is_one_set_of_keys(pool: LocalUserPool) -> None:
    with JWKSServer(pool) as server:
        user_pool = UserPool(pool.id, replica_regions=["eu-west-1"], jwks_uri=server.url)
        verifier = CognitoVerifier(
            user_pool, client_id=pool.client_id, token_use="access", clock=pool.clock, bundled_jwks=pool.jwk_set
        )
        for issuer in (ORIGINAL, UPDATED, REPLICA):
            assert verifier.verify(pool.access_token(iss=issuer)).issuer == issuer

    (status,) = verifier.keys
    assert status.issuers == (ORIGINAL, UPDATED, REPLICA)


def test_bundled_keys_are_those_of_the_original_form(
    pools: dict[str, LocalUserPool], servers: dict[str, JWKSServer], clock: ManualClock
) -> None:
    with requests.Session() as session:
        session.mount("https://", ToLoopback(servers))
        verifier = CognitoVerifier(
            "eu-central-1_testpool",
            client_id="abcdef123456",
            token_use="access",
            session=session,
            bundled_jwks=pools[ORIGINAL].jwk_set,
            clock=clock,
        )

        assert [len(status.kids) for status in verifier.keys] == [1, 0]
        with pytest.raises(UnknownKeyError):
            verifier.verify(pools[ORIGINAL].access_token(iss=UPDATED))


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("key_settings", None, "expected KeySettings, found None"),
        ("key_settings", "x", "expected KeySettings, found 'x'"),
        ("key_settings", {"timeout_seconds": 3}, "expected KeySettings, found {'timeout_seconds': 3}"),
        (
            "key_settings",
            KeySettings,
            "expected KeySettings, found <class 'cognito_jwt_core.keys.settings.KeySettings'>",
        ),
        ("clock", None, "expected time() and monotonic(), as the module time has them, found None"),
        ("clock", time.time, "expected time() and monotonic(), as the module time has them, found <built-in function"),
        ("clock", datetime, "expected time() and monotonic(), as the module time has them, found <module 'datetime'"),
        ("clock", ManualClock, "expected time() and monotonic(), as the module time has them, found <class "),
        ("session", "x", "expected a requests.Session, found 'x'"),
        ("session", {}, "expected a requests.Session, found {}"),
        ("session", requests, "expected a requests.Session, found <module 'requests'"),
        ("session", requests.Session, "expected a requests.Session, found <class 'requests.sessions.Session'>"),
    ],
)
def test_an_option_that_is_none_is_a_configuration_error(option: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        CognitoVerifier("eu-central-1_testpool", client_id=None, token_use=None, **{option: value})  # type: ignore[arg-type]

    assert str(refusal.value).startswith(f"{option}: {expected}")


class Source:
    def fetch(self, timeout_seconds: float) -> None: ...


@pytest.mark.parametrize("jwks", [5, object(), Source])
def test_what_is_no_source_of_keys_is_refused_when_the_verifier_is_built(jwks: Any) -> None:
    with pytest.raises(ConfigurationError):
        CognitoVerifier("eu-central-1_a", client_id=None, token_use=None, jwks=jwks)


@pytest.mark.parametrize("bundled", [5, "https://example.com/jwks.json", "http://example.com/jwks.json"])
def test_bundled_keys_that_are_elsewhere_are_a_configuration_error(messages: Messages, bundled: Any) -> None:
    with messages.raises(ConfigurationError):
        CognitoVerifier("eu-central-1_a", client_id=None, token_use=None, bundled_jwks=bundled)
