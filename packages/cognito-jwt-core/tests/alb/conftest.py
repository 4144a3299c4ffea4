import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cognito_jwt_core import AlbClaims, AlbVerifier, KeySettings
from cognito_jwt_core.testing import LocalLoadBalancer, LocalUserPool

Verify = Callable[[AlbVerifier, str], AlbClaims]


@pytest.fixture
def balancer(pool: LocalUserPool) -> Iterator[LocalLoadBalancer]:
    with LocalLoadBalancer(pool) as balancer:
        yield balancer


@pytest.fixture
def make_alb(pool: LocalUserPool, balancer: LocalLoadBalancer) -> Callable[..., AlbVerifier]:
    """Return a function that makes a verifier of the load balancer's tokens, with the options of a test."""

    def make(**options: Any) -> AlbVerifier:
        defaults: dict[str, Any] = {
            "load_balancer_arn": balancer.arn,
            "client_id": pool.client_id,
            "issuer": pool.issuer,
            "keys_url": balancer.keys_url,
            "key_settings": KeySettings(timeout_seconds=10),
            "clock": pool.clock,
        }
        return AlbVerifier(**(defaults | options))

    return make


@pytest.fixture
def alb(make_alb: Callable[..., AlbVerifier]) -> AlbVerifier:
    return make_alb()


@pytest.fixture(params=["sync", "async"])
def verify(request: pytest.FixtureRequest) -> Verify:
    """Verify a token in one of the two ways: every promise holds for both."""
    if request.param == "sync":
        return lambda verifier, token: verifier.verify(token)
    return lambda verifier, token: asyncio.run(verifier.verify_async(token))
