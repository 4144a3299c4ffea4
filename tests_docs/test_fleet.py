"""The page on scaling: its model of a worker asks as a real verifier asks, and its chart is what the model draws."""

from __future__ import annotations

import math
import runpy
import time
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, InvalidTokenError, JWKSFetchError, JWKSResponse, JWKSUnavailableError
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from page import ROOT

START = 1_700_000_000
MINUTE = 60
PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def fleet() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "fleet.py"), run_name="fleet")


class Endpoint:
    """A key source that fails during the outage, and writes down when it is asked."""

    def __init__(self, pool: LocalUserPool, clock: ManualClock, outage: tuple[float, float]) -> None:
        self.pool, self.clock, self.outage = pool, clock, outage
        self.asked_at: list[float] = []

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        now = self.clock.time() - START
        self.asked_at.append(now)
        if self.outage[0] <= now < self.outage[1]:
            raise JWKSFetchError("out of order")
        return JWKSResponse(self.pool.jwk_set)


def every_seven_seconds(at: float) -> float:
    return math.ceil((at - 0.5) / 7) * 7 + 0.5


def invented(pool: LocalUserPool, at: float) -> str:
    return pool.sign({"alg": "RS256", "kid": f"invented-{at}"}, {"iss": pool.issuer})


def await_the_fetch(verifier: CognitoVerifier, endpoint: Endpoint, failures_before: int) -> None:
    """Until what the newest fetch brought is taken note of; it runs in a thread of its own."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        (status, *_) = verifier.keys
        landed = status.age_seconds == 0 if status.failures == 0 else status.failures > failures_before
        if len(endpoint.asked_at) == status.fetches and landed:
            return
        time.sleep(0.0005)
    raise AssertionError("the fetch did not end")


def test_a_worker_of_the_model_asks_when_a_real_verifier_does(fleet: dict[str, Any]) -> None:
    afternoon = fleet["Afternoon"](outage=(105 * MINUTE, 120 * MINUTE), flood=(150 * MINUTE + 0.25, 152 * MINUTE))
    rotation = every_seven_seconds(60 * MINUTE)
    clock = ManualClock(START)
    pool = LocalUserPool(clock=clock)
    endpoint = Endpoint(pool, clock, afternoon.outage)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=endpoint, clock=clock)
    arrivals = [(7 * number + 0.5, False) for number in range(180 * MINUTE // 7)]
    arrivals += [(second + 0.25, True) for second in range(int(afternoon.flood[0]), int(afternoon.flood[1]))]
    token = pool.access_token(expires_in=86400)

    for at, is_invented in sorted(arrivals):
        clock.advance(START + at - clock.time())
        if at == rotation:
            pool.rotate_key()
            token = pool.access_token(expires_in=86400)
        (before, *_) = verifier.keys
        try:
            verifier.verify(invented(pool, at) if is_invented else token)
        except (InvalidTokenError, JWKSUnavailableError):
            assert is_invented
        if verifier.keys[0].fetches > before.fetches:
            await_the_fetch(verifier, endpoint, before.failures)

    assert endpoint.asked_at == list(
        fleet["fetches_of_a_worker"](0, 180 * MINUTE, every_seven_seconds, afternoon, rotation)
    )


def test_the_chart_is_the_one_that_the_simulation_draws(fleet: dict[str, Any]) -> None:
    chart = (ROOT / "docs" / "assets" / "fleet.svg").read_text(encoding="utf-8")

    assert chart == fleet["svg"](fleet["fetches_of_the_fleet"]())
