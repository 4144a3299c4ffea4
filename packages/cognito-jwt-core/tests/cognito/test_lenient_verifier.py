"""The verifier of reports: what it leaves out, what it keeps, and that it changes nothing for the strict one."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidAudienceError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenUseError,
    MultiPoolVerifier,
    RevocationList,
    ScopeRequiredError,
    TokenExpiredError,
    TokenRevokedError,
)
from cognito_jwt_core.integration import lenient_verifier
from cognito_jwt_core.testing import LocalUserPool, ManualClock

API = "https://api.example.com"
DEMANDS = ("token_use", "client", "audience")
MakeToken = Callable[[LocalUserPool], str]
WRONG: dict[str, tuple[MakeToken, type[CognitoJWTError]]] = {
    "token_use": (lambda pool: pool.id_token(), InvalidTokenUseError),
    "client": (lambda pool: pool.access_token(client_id="another", aud=API), InvalidClientError),
    "audience": (lambda pool: pool.access_token(aud="https://other.example"), InvalidAudienceError),
}


class RefusedError(Exception):
    """The custom check's own."""


def refuse_mallory(claims: Claims) -> None:
    if claims.username == "mallory":
        raise RefusedError


@pytest.fixture
def revocations(clock: ManualClock) -> RevocationList:
    return RevocationList(clock=clock)


@pytest.fixture
def strict(pool: LocalUserPool, clock: ManualClock, revocations: RevocationList) -> CognitoVerifier:
    return verifier_of(pool, clock, revocations=revocations, custom_check=refuse_mallory)


def verifier_of(pool: LocalUserPool, clock: ManualClock, **options: Any) -> CognitoVerifier:
    values: dict[str, Any] = {"token_use": "access", "audience": API, "require_audience": True, **options}
    return CognitoVerifier(pool.id, client_id=pool.client_id, jwks=pool.jwks, clock=clock, **values)


@pytest.mark.parametrize("demand", DEMANDS)
def test_demand_that_is_left_out_refuses_nothing(pool: LocalUserPool, strict: CognitoVerifier, demand: str) -> None:
    make_token, error = WRONG[demand]
    token = make_token(pool)

    for _ in range(2):  # one memory serves both, and the answer of one is not that of the other
        with pytest.raises(error):
            strict.verify(token)
        assert lenient_verifier(strict, [demand]).verify(token)


@pytest.mark.parametrize("demand", DEMANDS)
def test_demand_that_is_not_left_out_holds(pool: LocalUserPool, strict: CognitoVerifier, demand: str) -> None:
    make_token, error = WRONG[demand]

    with pytest.raises(error):
        lenient_verifier(strict, [other for other in DEMANDS if other != demand]).verify(make_token(pool))


def test_everything_else_holds(
    pool: LocalUserPool, clock: ManualClock, strict: CognitoVerifier, revocations: RevocationList
) -> None:
    lenient = lenient_verifier(strict, DEMANDS)
    revoked = pool.access_token()
    revocations.revoke_token(lenient.verify(revoked))

    for token, error in (
        (pool.expired_token(), TokenExpiredError),
        (revoked, TokenRevokedError),
        (pool.access_token("mallory"), RefusedError),
        (LocalUserPool("eu-central-1_otherpool", clock=clock).access_token(), InvalidIssuerError),
    ):
        with pytest.raises(error):
            lenient.verify(token)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"groups": ["admin"]}, GroupRequiredError),
        ({"scopes": ["other/scope"]}, ScopeRequiredError),
        ({"max_age": 300}, InsufficientAuthenticationError),
        ({"acr_values": "urn:cognito:loa:4"}, InsufficientAuthenticationError),
    ],
    ids=["groups", "scopes", "max_age", "acr_values"],
)
def test_demands_on_the_user_hold(
    pool: LocalUserPool, clock: ManualClock, options: Any, error: type[CognitoJWTError]
) -> None:
    with pytest.raises(error):
        lenient_verifier(verifier_of(pool, clock, **options), DEMANDS).verify(pool.access_token(auth_time=5))


@pytest.mark.parametrize(("leeway", "seconds"), [(0, 60), (30, 90)])
def test_leeway_is_that_of_the_strict_one(pool: LocalUserPool, clock: ManualClock, leeway: int, seconds: int) -> None:
    lenient = lenient_verifier(verifier_of(pool, clock, leeway=leeway), DEMANDS)
    token = pool.access_token(expires_in=60)
    clock.advance(seconds - 1)
    assert lenient.verify(token)
    clock.advance(1)

    with pytest.raises(TokenExpiredError):
        lenient.verify(token)


def test_expiry_that_is_not_checked_stays_so(pool: LocalUserPool, clock: ManualClock) -> None:
    assert lenient_verifier(verifier_of(pool, clock, check_expiration=False), DEMANDS).verify(pool.expired_token())


def test_its_answers_are_not_counted(pool: LocalUserPool, strict: CognitoVerifier) -> None:
    lenient_verifier(strict, DEMANDS).verify(pool.access_token())

    assert strict.stats.accepted == 0


@pytest.mark.parametrize("demand", DEMANDS)
def test_each_of_several_pools_leaves_it_out(pool: LocalUserPool, clock: ManualClock, demand: str) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id="abcdef123456", clock=clock)
    strict = MultiPoolVerifier([verifier_of(one, clock) for one in (pool, other)])
    make_token, error = WRONG[demand]

    for one in (pool, other):
        with pytest.raises(error):
            strict.verify(make_token(one))
        assert lenient_verifier(strict, [demand]).verify(make_token(one))
