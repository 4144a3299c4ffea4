"""`verifier.keys` in each state that keys can be in."""

import json
import os
from pathlib import Path

import pytest
from cognito_jwt_core import CognitoVerifier, JWKSUnavailableError, KeyStatus, MultiPoolVerifier
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock
from cognito_test_kit.key_servers import LIFETIME, eventually, status_of, verifier_of


@pytest.fixture
def verifier(pool: LocalUserPool, server: JWKSServer) -> CognitoVerifier:
    # One source for every issuer of the pool, of which it has two.
    return verifier_of(pool, server.url)


def expected(pool: LocalUserPool, server: JWKSServer, **others: object) -> KeyStatus:
    values: dict[str, object] = {
        "source": server.url,
        "issuers": (pool.issuer, pool.issuer.replace("https://", "https://issuer-")),
        "kids": pool.kids,
        "left_out": (),
        "age_seconds": 0,
        "next_refresh_seconds": LIFETIME,
        "is_usable": True,
        "fetches": 1,
        "failed_fetches": 0,
        "failures": 0,
        "last_error": None,
        **others,
    }
    return KeyStatus(**values)  # type: ignore[arg-type]


def test_before_the_first_fetch(pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier) -> None:
    assert status_of(verifier) == expected(
        pool, server, kids=(), age_seconds=None, next_refresh_seconds=0, is_usable=False, fetches=0
    )


def test_fresh(pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, clock: ManualClock) -> None:
    verifier.prefetch()
    clock.advance(100)

    assert status_of(verifier) == expected(pool, server, age_seconds=100, next_refresh_seconds=LIFETIME - 100)


def test_past_their_lifetime(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    verifier.prefetch()
    clock.advance(LIFETIME + 100)

    assert status_of(verifier) == expected(pool, server, age_seconds=LIFETIME + 100, next_refresh_seconds=0)


def test_while_refreshing_fails(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    verifier.prefetch()
    server.behave(status=500)
    for wait in (1, 2):
        with pytest.raises(JWKSUnavailableError):
            verifier.prefetch()
        clock.advance(wait)
    clock.advance(LIFETIME)
    verifier.verify(pool.access_token())
    eventually(lambda: status_of(verifier).failures == 3)

    assert status_of(verifier) == expected(
        pool,
        server,
        age_seconds=LIFETIME + 3,
        next_refresh_seconds=4,
        fetches=4,
        failures=3,
        failed_fetches=3,
        last_error="expected status 200, found 500",
    )


def test_without_keys_while_fetching_fails(
    pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    server.misbehave("html")
    with pytest.raises(JWKSUnavailableError):
        verifier.prefetch()

    assert status_of(verifier) == expected(
        pool,
        server,
        kids=(),
        age_seconds=None,
        next_refresh_seconds=1,
        is_usable=False,
        failures=1,
        failed_fetches=1,
        last_error="expected JSON, found none (at character 0)",
    )


def test_of_a_file(pool: LocalUserPool, clock: ManualClock, tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [*pool.jwk_set["keys"], {"kid": "odd"}]}))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    verifier = verifier_of(pool, str(path))
    clock.advance(50)

    status = status_of(verifier)

    assert status.source == f"file {str(path)!r}"
    assert (status.kids, status.age_seconds, status.next_refresh_seconds) == (pool.kids, 50, None)
    assert status.left_out == ("'odd': expected a key for RS256, found kty None and alg None",)


def test_of_several_pools(pool: LocalUserPool, server: JWKSServer, verifier: CognitoVerifier) -> None:
    other = LocalUserPool("eu-west-1_otherpool")
    second = CognitoVerifier(other.id, client_id=None, token_use=None, jwks=other.jwks)

    statuses = MultiPoolVerifier([verifier, second]).keys

    assert [status.kids for status in statuses] == [(), other.kids]
