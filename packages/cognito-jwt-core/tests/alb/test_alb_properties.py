"""Whatever a load balancer's token says: a promised error, or claims of the right signer, issuer, client and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cognito_jwt_core import AlbVerifier, CognitoJWTError
from cognito_jwt_core.testing import LocalLoadBalancer, LocalUserPool
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["\ud800", "9" * 5000, [], {}, ["x"], {"a": [1]}]),
)
MEMBERS = ["alg", "kid", "typ", "crit", "jwk", "exp", "iss", "client", "signer"]
CLAIMS = ["sub", "iss", "exp", "iat", "nbf", "username", "client_id", "signer"]
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


@QUICK
@given(
    header=st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=3),
    claims=st.dictionaries(st.sampled_from(CLAIMS), VALUES, max_size=3),
)
@example(header={}, claims={})
def test_what_is_accepted_meets_every_demand(
    make_alb: Callable[..., AlbVerifier],
    balancer: LocalLoadBalancer,
    pool: LocalUserPool,
    header: dict[str, Any],
    claims: dict[str, Any],
) -> None:
    said = {**balancer.header, **header}
    payload = {**balancer.claims(), **claims}
    alb = make_alb()

    try:
        accepted = alb.verify(balancer.sign(said, payload))
    except CognitoJWTError:
        assert header or claims
        return

    assert accepted["signer"] == balancer.arn == said["signer"]
    assert accepted["client_id"] == pool.client_id == said["client"]
    assert accepted["iss"] == pool.issuer == said["iss"]
    expires_at = accepted.expires_at
    assert expires_at is not None
    assert expires_at.timestamp() > pool.clock.time()
    assert isinstance(accepted["sub"], str)
    assert accepted["sub"]


@QUICK
@given(st.integers(0, 2000), st.sampled_from([*"AZaz09-_=.+/ \n\0\x7f\xe9", ""]))
def test_no_changed_text_is_accepted(alb: AlbVerifier, balancer: LocalLoadBalancer, place: int, character: str) -> None:
    token = balancer.token("alice")
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]

    try:
        alb.verify(changed)
    except CognitoJWTError:
        return

    # The padding of the last part is not signed.
    assert changed == token or changed.rstrip("=") == token.rstrip("=")
