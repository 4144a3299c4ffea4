"""Whatever the endpoint answers: within the deadline, and without harm to the keys that are held."""

import logging
from collections.abc import Callable

import pytest
from cognito_jwt_core import JWKSUnavailableError, KeySettings
from cognito_jwt_core.testing import MISBEHAVIOURS, JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import LIFETIME, QUICK, Stopwatch, eventually, status_of, verifier_of
from cognito_test_kit.messages import Messages

WAYS: dict[str, Callable[[JWKSServer], None]] = {
    **{name: lambda server, name=name: server.misbehave(name) for name in MISBEHAVIOURS},  # type: ignore[misc]
    **{
        f"status {status}": lambda server, status=status: server.behave(status=status)  # type: ignore[misc]
        for status in (203, 204, 206, 301, 304, 307, 400, 401, 403, 404, 429, 500, 502, 503, 599)
    },
    "silence": lambda server: server.behave(hold=True),
    "late": lambda server: server.behave(delay_seconds=2),
    "headers drip": lambda server: server.behave(drip="headers", drip_seconds=0.05),
    "body drips": lambda server: server.behave(drip="body", drip_seconds=0.05),
    "deflate": lambda server: server.behave(headers={"Content-Encoding": "deflate"}),
    "two bodies": lambda server: server.behave(body=b'{"keys": []}{"keys": []}'),
    "utf-16": lambda server: server.behave(body='{"keys": []}'.encode("utf-16")),
    "a member twice": lambda server: server.behave(body=b'{"keys": [], "keys": []}'),
}


@pytest.mark.parametrize("way", WAYS)
def test_known_keys_stay_and_the_caller_is_told_in_time(
    way: str,
    pool: LocalUserPool,
    server: JWKSServer,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    verifier, token = verifier_of(pool, server.url, key_settings=QUICK), pool.access_token()
    verifier.prefetch()
    WAYS[way](server)

    with Stopwatch(), pytest.raises(JWKSUnavailableError):
        verifier.prefetch()

    assert verifier.verify(token).username == "alice"
    assert verifier.verify(pool.access_token("bob")).username == "bob"
    assert server.requests == 2
    status = status_of(verifier)
    assert (status.kids, status.failures, status.fetches) == (pool.kids, 1, 2)
    assert status.last_error is not None
    assert status.last_error.isprintable()
    # Where the deadline ended the fetch, another thread may still be about to tell it.
    eventually(lambda: "could not be fetched" in caplog.text)
    (told,) = [record for record in caplog.records if "could not be fetched" in record.msg]
    assert (told.name, told.levelno) == ("cognito_jwt_core.keys", logging.WARNING)
    server.behave()
    clock.advance(1)
    verifier.prefetch()
    assert status_of(verifier).last_error is None


@pytest.mark.parametrize("way", WAYS)
def test_without_keys_the_caller_is_told_in_time_and_the_next_at_once(
    way: str, pool: LocalUserPool, server: JWKSServer
) -> None:
    verifier, token = verifier_of(pool, server.url, key_settings=QUICK), pool.access_token()
    WAYS[way](server)

    with Stopwatch():
        for _ in range(10):
            with pytest.raises(JWKSUnavailableError):
                verifier.verify(token)

    assert server.requests == 1


def test_a_misbehaving_endpoint_goes_unnoticed_by_requests(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier = verifier_of(pool, server.url, key_settings=QUICK)
    verifier.prefetch()
    server.behave(drip="headers", drip_seconds=0.05)
    clock.advance(LIFETIME)

    verified = sum(verifier.verify(pool.access_token()).username == "alice" for _ in range(200))
    eventually(lambda: status_of(verifier).failures == 1)

    assert verified == 200
    assert server.requests == 2


def test_an_answer_as_large_as_allowed_is_read_and_a_larger_one_not(
    messages: Messages, pool: LocalUserPool, server: JWKSServer
) -> None:
    padded = str(pool.jwk_set).replace("'", '"').encode().ljust(4096)
    verifier = verifier_of(pool, server.url, key_settings=KeySettings(timeout_seconds=10, max_response_bytes=4096))

    server.behave(body=padded)
    verifier.prefetch()
    server.behave(body=padded + b" ")

    with messages.raises(JWKSUnavailableError):
        verifier.prefetch()


def test_one_bad_key_among_good_ones_is_left_out_and_told_once(
    messages: Messages, pool: LocalUserPool, server: JWKSServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave(body={"keys": [{"kty": "EC", "kid": "curve", "crv": "P-256"}, *pool.jwk_set["keys"]]})
    verifier = verifier_of(pool, server.url)

    for _ in range(3):
        verifier.prefetch()

    assert verifier.verify(pool.access_token()).username == "alice"
    (record,) = (record for record in caplog.records if record.levelno > logging.INFO)
    assert record.levelname == "WARNING"
    messages.show(record.getMessage(), *status_of(verifier).left_out)
    assert status_of(verifier).kids == pool.kids


def test_a_set_that_loses_its_keys_never_replaces_a_good_one(
    messages: Messages, pool: LocalUserPool, server: JWKSServer
) -> None:
    verifier = verifier_of(pool, server.url)
    verifier.prefetch()
    server.behave(body={"keys": [{**pool.signing_key.public_jwk, "use": "enc"}]})

    with messages.raises(JWKSUnavailableError):
        verifier.prefetch()

    assert verifier.verify(pool.access_token()).username == "alice"


def test_a_redirect_is_not_followed(messages: Messages, pool: LocalUserPool, server: JWKSServer) -> None:
    server.misbehave("redirect")
    verifier = verifier_of(pool, server.url)

    with messages.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())

    assert [request.path for request in server.received] == [f"/{pool.id}/.well-known/jwks.json"]
