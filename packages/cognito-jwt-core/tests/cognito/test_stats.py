"""What a verifier counts, and when it is ready."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    InvalidTokenError,
    JWKSUnavailableError,
    MultiPoolVerifier,
    TokenExpiredError,
)
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock, hostile_tokens
from cognito_test_kit.key_servers import STALE, verifier_of


@pytest.fixture
def server(pool: LocalUserPool) -> Iterator[JWKSServer]:
    with JWKSServer(pool) as server:
        yield server


def ask(verifier: CognitoVerifier | MultiPoolVerifier, token: str, **options: object) -> None:
    with suppress(CognitoJWTError):
        verifier.verify(token, **options)  # type: ignore[arg-type]


def test_nothing_is_counted_before_the_first_token(verifier: CognitoVerifier) -> None:
    assert verifier.stats[:5] == (0, 0, {}, {}, 0)


def test_every_answer_is_counted_once(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    token = pool.access_token()
    for _ in range(3):
        ask(verifier, token)
    ask(verifier, pool.expired_token())
    ask(verifier, "no token")
    ask(verifier, token, groups=["admin"])
    ask(verifier, token, max_age=0)
    ask(verifier, pool.access_token(auth_time=5), max_age=300)

    stats = verifier.stats
    assert (stats.accepted, stats.remembered) == (4, 3)
    assert stats.refused == {"token_expired": 1, "malformed_token": 1, "insufficient_authentication": 1}
    assert stats.denied == {"group_required": 1}


def test_numbers_of_a_moment_do_not_change(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    before = verifier.stats
    ask(verifier, pool.expired_token())

    assert before.refused == {}


def test_fetches_and_what_cannot_be_judged_are_counted(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier = verifier_of(pool, server.url)
    server.behave(status=500)
    ask(verifier, pool.access_token())
    clock.advance(1)
    server.behave(status=200)
    ask(verifier, pool.access_token())

    stats = verifier.stats
    assert (stats.unavailable, stats.fetches, stats.fetch_failures) == (1, 2, 1)
    assert stats.accepted == 1


def test_ten_thousand_hostile_tokens_make_few_series(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    hostile = [token for _, token, _ in hostile_tokens(pool)]
    for number in range(10_000):
        ask(verifier, hostile[number % len(hostile)])

    stats = verifier.stats
    assert sum(stats.refused.values()) == 10_000
    assert len(stats.refused) + len(stats.denied) <= 64


def test_codes_of_an_apps_own_check_cannot_make_series_without_end(pool: LocalUserPool, clock: ManualClock) -> None:
    def check(claims: Claims) -> None:
        error = InvalidTokenError("x")
        error.code = f"code_{claims['jti']}"
        raise error

    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", custom_check=check, jwks=pool.jwks, clock=clock
    )
    for _ in range(100):
        ask(verifier, pool.access_token())

    refused = verifier.stats.refused
    assert sum(refused.values()) == 100
    assert len(refused) <= 64
    assert refused["other"] > 0


def test_several_pools_are_counted_together(pool: LocalUserPool, clock: ManualClock) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id="abcdef123456", clock=clock)
    verifier = MultiPoolVerifier([verifier_of(one, one.jwks) for one in (pool, other)])  # type: ignore[arg-type]
    for one in (pool, other):
        ask(verifier, one.access_token())
    ask(verifier, other.expired_token())

    stats = verifier.stats
    assert (stats.accepted, dict(stats.refused)) == (2, {"token_expired": 1})
    assert stats.fetches == 2
    assert verifier.is_ready


def test_errors_that_no_token_causes_are_not_counted(pool: LocalUserPool, clock: ManualClock) -> None:
    def check(claims: Claims) -> None:
        raise CognitoJWTError("of the app's own")

    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", custom_check=check, jwks=pool.jwks, clock=clock
    )
    ask(verifier, pool.access_token())

    assert verifier.stats[:5] == (0, 0, {}, {}, 0)


def test_verifier_is_ready_while_it_holds_keys_that_serve(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock
) -> None:
    verifier = verifier_of(pool, server.url)
    before = verifier.is_ready
    verifier.prefetch()
    assert (before, verifier.is_ready) == (False, True)
    server.behave(status=500)
    clock.advance(STALE)
    late = verifier.is_ready
    clock.advance(3601)

    assert (late, verifier.is_ready) == (True, False)
    with pytest.raises(JWKSUnavailableError):
        verifier.verify(pool.access_token())
    assert server.requests == 2


def test_keys_of_a_file_that_is_gone_serve_for_a_while(pool: LocalUserPool, clock: ManualClock, tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(pool.jwk_set))
    verifier = verifier_of(pool, str(path))
    before = verifier.is_ready
    path.unlink()
    clock.advance(2)
    verifier.verify(pool.access_token())
    soon = verifier.is_ready
    clock.advance(STALE + 1)

    assert (before, soon, verifier.is_ready) == (True, True, False)
    assert verifier.stats.fetch_failures > 0


def test_answers_in_an_event_loop_are_counted_too(verifier: CognitoVerifier, pool: LocalUserPool) -> None:
    with pytest.raises(TokenExpiredError):
        asyncio.run(verifier.verify_async(pool.expired_token()))

    assert verifier.stats.refused == {"token_expired": 1}


def test_token_that_expired_is_remembered_no_more_in_an_event_loop_either(
    verifier: CognitoVerifier, pool: LocalUserPool, clock: ManualClock
) -> None:
    token = pool.access_token(expires_in=60)
    verifier.verify(token)
    before = verifier.cached_tokens
    clock.advance(60)

    with pytest.raises(TokenExpiredError):
        asyncio.run(verifier.verify_async(token))
    assert (before, verifier.cached_tokens) == (1, 0)
