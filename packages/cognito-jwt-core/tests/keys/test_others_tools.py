"""Tools that our users' tests have: frozen time and mocked requests, with keys over HTTP."""

import asyncio
import datetime
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import freezegun
import pytest
import requests_mock
import responses
import time_machine
import vcr  # type: ignore[import-untyped]
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    JWKSResponse,
    JWKSUnavailableError,
    KeySettings,
    TokenExpiredError,
    UnknownKeyError,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import Stopwatch, status_of, with_kid

PAST, FUTURE = "2001-02-03", "2051-02-03"
URL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool/.well-known/jwks.json"


def frozen(date: str, tick: bool) -> AbstractContextManager[object]:
    return freezegun.freeze_time(date, tick=tick)


def travelled(date: str, tick: bool) -> AbstractContextManager[object]:
    return time_machine.travel(datetime.datetime.fromisoformat(date), tick=tick)


Freeze = Callable[[str, bool], AbstractContextManager[object]]
TOOLS = pytest.mark.parametrize("freeze", [frozen, travelled])
DATES = pytest.mark.parametrize("date", [PAST, FUTURE])
TICKS = pytest.mark.parametrize("tick", [False, True])


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")  # by the clock of the system


class Source:
    """A remote source of the user's own."""

    def __init__(self, server: JWKSServer) -> None:
        self.pool = server
        self.fetches = 0

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        self.fetches += 1
        import requests

        return JWKSResponse(requests.get(self.pool.url, timeout=timeout_seconds).content)


def verifier_of(pool: LocalUserPool, jwks: Any = None) -> CognitoVerifier:
    return CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=jwks)


def verify(verifier: CognitoVerifier, token: str) -> Claims:
    return verifier.verify(token)


def verify_async(verifier: CognitoVerifier, token: str) -> Claims:
    return asyncio.run(verifier.verify_async(token))


def prefetch_first(verifier: CognitoVerifier, token: str) -> Claims:
    verifier.prefetch()
    return verifier.verify(token)


@TOOLS
@DATES
@TICKS
@pytest.mark.parametrize("call", [verify, verify_async, prefetch_first])
@pytest.mark.parametrize("is_url", [True, False])
def test_keys_are_fetched_once_whatever_time_it_is_said_to_be(
    pool: LocalUserPool,
    server: JWKSServer,
    freeze: Freeze,
    date: str,
    tick: bool,
    call: Callable[[CognitoVerifier, str], Claims],
    is_url: bool,
) -> None:
    with Stopwatch(), freeze(date, tick):
        verifier = verifier_of(pool, server.url if is_url else Source(server))

        assert call(verifier, pool.access_token()).username == "alice"
        assert call(verifier, pool.access_token("bob")).username == "bob"

    assert server.requests == (2 if call is prefetch_first else 1)


@TOOLS
@DATES
def test_a_verifier_that_was_built_before_goes_on(
    pool: LocalUserPool, server: JWKSServer, freeze: Freeze, date: str
) -> None:
    verifier = verifier_of(pool, server.url)
    verifier.verify(pool.access_token())

    with Stopwatch(), freeze(date, False):
        token = pool.access_token(expires_in=60)
        assert verifier.verify(token).username == "alice"
        with pytest.raises(UnknownKeyError):
            verifier.verify(with_kid(token, "invented"))
    verifier.verify(pool.access_token())


@TOOLS
@DATES
def test_an_outage_ends_in_frozen_time(pool: LocalUserPool, server: JWKSServer, freeze: Freeze, date: str) -> None:
    with Stopwatch():
        verifier = verifier_of(pool, server.url)
        server.behave(status=503)
        with freeze(date, False):
            for _ in range(3):
                with pytest.raises(JWKSUnavailableError) as error:
                    verifier.verify(pool.access_token())
                assert error.value.retry_after == 1
        assert server.requests == 1
        server.behave()
        with freeze(date, False), pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())

    assert server.requests == 1


def test_a_failure_in_a_frozen_future_is_no_outage_for_years(pool: LocalUserPool, server: JWKSServer) -> None:
    verifier = verifier_of(pool, server.url)
    server.behave(status=503)
    with frozen(FUTURE, False), pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())
    server.behave()

    with frozen(PAST, False):
        assert verifier.verify(pool.access_token()).username == "alice"


@TOOLS
def test_the_deadline_of_a_fetch_is_real_time(pool: LocalUserPool, server: JWKSServer, freeze: Freeze) -> None:
    server.behave(drip="headers", drip_seconds=0.05)
    settings = KeySettings(timeout_seconds=0.4)
    for call in (verify, verify_async):
        with freeze(FUTURE, False), Stopwatch(), pytest.raises(JWKSUnavailableError):
            call(
                CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=server.url, key_settings=settings),
                pool.access_token(),
            )


@TOOLS
def test_time_that_is_frozen_decides_about_claims(pool: LocalUserPool, server: JWKSServer, freeze: Freeze) -> None:
    token = pool.access_token()

    with freeze(FUTURE, False), pytest.raises(TokenExpiredError):
        verifier_of(pool, server.url).verify(token)


def test_keys_from_responses(pool: LocalUserPool) -> None:
    with responses.RequestsMock() as mock:
        mock.get(URL, json=pool.jwk_set)

        assert verifier_of(pool).verify(pool.access_token()).username == "alice"


def test_keys_from_requests_mock(pool: LocalUserPool) -> None:
    with requests_mock.Mocker() as mock:
        mock.get(URL, json=pool.jwk_set)

        assert verify_async(verifier_of(pool), pool.access_token()).username == "alice"


def test_keys_from_a_cassette(pool: LocalUserPool, server: JWKSServer, tmp_path: Path) -> None:
    for _ in range(2):
        with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
            verifier = verifier_of(pool, server.url)
            assert verifier.verify(pool.access_token()).username == "alice"
            assert status_of(verifier).fetches == 1

    assert server.requests == 1


@contextmanager
def mocked_aws() -> Iterator[None]:
    """moto without its reset, which would also empty the moto servers that other tests run in this process."""
    moto = pytest.importorskip("moto").mock_aws()
    moto.start(reset=False)
    try:
        yield
    finally:
        moto.stop(remove_data=False)


@pytest.mark.parametrize("date", [None, PAST, FUTURE])
def test_keys_from_moto(date: str | None) -> None:
    boto3 = pytest.importorskip("boto3")
    password = {"USERNAME": "alice", "PASSWORD": "Aa1!aaaaab"}

    with frozen(date, False) if date else nullcontext(), mocked_aws():
        cognito = boto3.client(
            "cognito-idp", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        pool_id = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
        client_id = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="c")["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=pool_id, Username="alice")
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username="alice", Password=password["PASSWORD"], Permanent=True
        )
        answer = cognito.admin_initiate_auth(
            UserPoolId=pool_id, ClientId=client_id, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=password
        )
        token = answer["AuthenticationResult"]["AccessToken"]

        with Stopwatch():
            claims = CognitoVerifier(pool_id, client_id=client_id, token_use="access").verify(token)
    assert claims.username == "alice"
