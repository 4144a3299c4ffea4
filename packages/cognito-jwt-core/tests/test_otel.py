"""Metrics of OpenTelemetry, read back with the SDK's in-memory reader."""

import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from cognito_jwt_core import (
    AlbVerifier,
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    InvalidTokenError,
    MultiPoolVerifier,
    RevocationList,
)
from cognito_jwt_core.otel import instrument
from cognito_jwt_core.testing import JWKSServer, LocalUserPool, ManualClock, hostile_tokens
from cognito_test_kit.key_servers import verifier_of
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

Series = dict[tuple[str, frozenset[tuple[str, Any]]], float]

VERIFICATIONS = "cognito_jwt.verifications"
FETCHES = "cognito_jwt.keys.fetches"
KEYS_AGE = "cognito_jwt.keys.age"
ENTRIES = "cognito_jwt.cache.entries"
REVOCATIONS_AGE = "cognito_jwt.revocations.age"


class Metrics:
    """A meter provider, and what it has collected."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def collect(self) -> list[Any]:
        data = self._reader.get_metrics_data()
        resources = [] if data is None else data.resource_metrics
        return [metric for found in resources for scope in found.scope_metrics for metric in scope.metrics]

    def series(self) -> Series:
        return {
            (metric.name, frozenset(point.attributes.items())): point.value
            for metric in self.collect()
            for point in metric.data.data_points
        }

    def value(self, name: str, attributes: Mapping[str, str] | None = None) -> float | None:
        return self.series().get((name, frozenset((attributes or {}).items())))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def ask(verifier: CognitoVerifier | MultiPoolVerifier, token: str, **options: Any) -> None:
    with suppress(CognitoJWTError):
        verifier.verify(token, **options)


def outcome(name: str, code: str | None = None) -> dict[str, str]:
    return {"cognito_jwt.outcome": name, **({} if code is None else {"error.type": code})}


@pytest.mark.parametrize("verifier", [None, "eu-central-1_testpool", object(), CognitoVerifier])
def test_what_is_not_a_verifier_is_refused(verifier: Any, metrics: Metrics) -> None:
    with pytest.raises(ConfigurationError):
        instrument(verifier, metrics.provider)


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout  # noqa: S603  our own


A_VERIFIER = """
from cognito_jwt_core import CognitoVerifier, ConfigurationError
from cognito_jwt_core.otel import instrument
from cognito_jwt_core.testing import LocalUserPool
pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
def a_verifier():
    return CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=pool.jwks)
"""


def test_extra_is_named_where_it_is_not_installed() -> None:
    found = run(f"""
import sys; sys.modules['opentelemetry'] = None
{A_VERIFIER}
try: instrument(a_verifier())
except ConfigurationError as error: print(error)
""")

    assert "cognito-jwt-core[otel]" in found


def test_importing_the_core_does_not_import_opentelemetry() -> None:
    found = run("import sys, cognito_jwt_core.otel; print('opentelemetry' in sys.modules)")

    assert found == "False\n"


def test_api_package_without_an_sdk_costs_nothing_and_raises_nothing() -> None:
    found = run(f"""
import sys; sys.modules['opentelemetry.sdk'] = None
{A_VERIFIER}
verifier = a_verifier(); instrument(verifier)
print(verifier.verify(pool.access_token("alice")).username)
""")

    assert found == "alice\n"


def test_provider_of_the_process_may_be_set_later_and_is_found_again() -> None:
    found = run(f"""
{A_VERIFIER}
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
early, late, explicit = a_verifier(), a_verifier(), a_verifier()
instrument(early)
reader = InMemoryMetricReader()
provider = MeterProvider([reader])
metrics.set_meter_provider(provider)
instrument(late)
instrument(explicit, provider)
for verifier in (early, late, explicit): verifier.verify(pool.access_token())
for scope in reader.get_metrics_data().resource_metrics[0].scope_metrics:
    for metric in scope.metrics:
        if metric.name == "{VERIFICATIONS}":
            print(*(p.value for p in metric.data.data_points if p.attributes["cognito_jwt.outcome"] == "accepted"))
""")

    assert found == "3\n"


def test_every_outcome_is_reported_with_its_code(
    verifier: CognitoVerifier, pool: LocalUserPool, metrics: Metrics
) -> None:
    instrument(verifier, metrics.provider)
    token = pool.access_token()
    for _ in range(3):
        ask(verifier, token)
    ask(verifier, pool.expired_token())
    ask(verifier, "no token")
    ask(verifier, token, groups=["admin"])
    ask(verifier, pool.access_token(auth_time=5), max_age=300)

    found = {key: value for key, value in metrics.series().items() if key[0] == VERIFICATIONS}
    assert found == {
        (VERIFICATIONS, frozenset(attributes.items())): value
        for attributes, value in (
            (outcome("accepted"), 3),
            (outcome("refused", "token_expired"), 1),
            (outcome("refused", "malformed_token"), 1),
            (outcome("refused", "insufficient_authentication"), 1),
            (outcome("denied", "group_required"), 1),
            (outcome("unavailable", "unavailable"), 0),
        )
    }


def test_instruments_have_the_units_and_kinds_of_their_names(verifier: CognitoVerifier, metrics: Metrics) -> None:
    verifier.prefetch()
    instrument(verifier, metrics.provider)

    found = {metric.name: (metric.unit, getattr(metric.data, "is_monotonic", None)) for metric in metrics.collect()}
    assert found == {
        VERIFICATIONS: ("{token}", True),
        FETCHES: ("{fetch}", True),
        KEYS_AGE: ("s", None),
        ENTRIES: ("{token}", False),
    }


def test_fetches_their_failures_and_the_age_of_the_keys(
    pool: LocalUserPool, server: JWKSServer, clock: ManualClock, metrics: Metrics
) -> None:
    verifier = verifier_of(pool, server.url)
    instrument(verifier, metrics.provider)
    server.behave(status=500)
    ask(verifier, pool.access_token())
    without_keys = metrics.value(KEYS_AGE)
    clock.advance(1)
    server.behave(status=200)
    ask(verifier, pool.access_token())
    clock.advance(30)

    assert without_keys is None
    assert metrics.value(KEYS_AGE) == 30
    assert metrics.value(FETCHES) == 1
    assert metrics.value(FETCHES, {"error.type": "jwks_unavailable"}) == 1
    assert metrics.value(VERIFICATIONS, outcome("unavailable", "unavailable")) == 1


def test_remembered_tokens_are_counted(verifier: CognitoVerifier, pool: LocalUserPool, metrics: Metrics) -> None:
    instrument(verifier, metrics.provider)
    for _ in range(2):
        ask(verifier, pool.access_token())
    ask(verifier, pool.expired_token())

    assert metrics.value(ENTRIES) == 2


class WithoutAge:
    """Revocations of an app's own that say nothing of their age."""

    def is_revoked(self, claims: Claims) -> bool:
        return False


class WithOddAge(WithoutAge):
    age = "young"


@pytest.mark.parametrize(
    ("revocations", "expected"), [(None, None), (RevocationList(), 0), (WithoutAge(), None), (WithOddAge(), None)]
)
def test_age_of_the_revocations(
    pool: LocalUserPool, revocations: Any, expected: float | None, metrics: Metrics
) -> None:
    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", jwks=pool.jwks, clock=pool.clock, revocations=revocations
    )
    instrument(verifier, metrics.provider)

    assert metrics.value(REVOCATIONS_AGE) == expected
    assert verifier.revocations_age == expected


def test_verifiers_of_one_provider_are_added_up(pool: LocalUserPool, clock: ManualClock, metrics: Metrics) -> None:
    verifiers = [verifier_of(pool, pool.jwks) for _ in range(2)]  # type: ignore[arg-type]
    for verifier in verifiers:
        instrument(verifier, metrics.provider)
        ask(verifier, pool.access_token())
        ask(verifier, pool.expired_token())
        clock.advance(5)

    assert metrics.value(VERIFICATIONS, outcome("accepted")) == 2
    assert metrics.value(VERIFICATIONS, outcome("refused", "token_expired")) == 2
    assert metrics.value(ENTRIES) == 2
    assert metrics.value(KEYS_AGE) == max(verifier.keys[0].age_seconds or 0 for verifier in verifiers)


def test_verifier_that_is_instrumented_twice_is_counted_once(
    verifier: CognitoVerifier, pool: LocalUserPool, metrics: Metrics
) -> None:
    instrument(verifier, metrics.provider)
    instrument(verifier, metrics.provider)
    ask(verifier, pool.access_token())

    assert metrics.value(VERIFICATIONS, outcome("accepted")) == 1


def test_several_pools_report_as_one(pool: LocalUserPool, clock: ManualClock, metrics: Metrics) -> None:
    other = LocalUserPool("eu-central-1_otherpool", client_id="abcdef123456", clock=clock)
    revocations = RevocationList(clock=clock)
    pools = [verifier_of(one, one.jwks, revocations=revocations) for one in (pool, other)]  # type: ignore[arg-type]
    verifier = MultiPoolVerifier(pools)
    instrument(verifier, metrics.provider)
    for one in (pool, other):
        ask(verifier, one.access_token())

    assert metrics.value(VERIFICATIONS, outcome("accepted")) == 2
    assert metrics.value(FETCHES) == 2
    assert metrics.value(REVOCATIONS_AGE) == 0


def test_pools_without_revocations_report_no_age(pool: LocalUserPool, metrics: Metrics) -> None:
    instrument(MultiPoolVerifier([verifier_of(pool, pool.jwks)]), metrics.provider)  # type: ignore[arg-type]

    assert metrics.value(REVOCATIONS_AGE) is None


def test_ten_thousand_hostile_tokens_make_at_most_64_series(
    verifier: CognitoVerifier, pool: LocalUserPool, metrics: Metrics
) -> None:
    instrument(verifier, metrics.provider)
    hostile = [token for _, token, _ in hostile_tokens(pool)]
    for number in range(10_000):
        ask(verifier, hostile[number % len(hostile)])

    series = metrics.series()
    assert len(series) <= 64
    assert sum(value for (name, _), value in series.items() if name == VERIFICATIONS) == 10_000
    names = {name for _, attributes in series for name, _ in attributes}
    values = {value for _, attributes in series for _, value in attributes}
    assert names == {"cognito_jwt.outcome", "error.type"}
    assert all(re.fullmatch("[a-z_]{1,40}", value) for value in values)


def test_codes_that_a_check_makes_up_stay_within_the_bound(pool: LocalUserPool, metrics: Metrics) -> None:
    def check(claims: Claims) -> None:
        error = InvalidTokenError("x")
        error.code = f"code_{claims['jti']}"
        raise error

    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use="access", custom_check=check, jwks=pool.jwks, clock=pool.clock
    )
    instrument(verifier, metrics.provider)
    for token in [token for _, token, _ in hostile_tokens(pool)]:
        ask(verifier, token)
    for _ in range(100):
        ask(verifier, pool.access_token())

    assert len(metrics.series()) <= 64
    assert (metrics.value(VERIFICATIONS, outcome("refused", "other")) or 0) > 0


@pytest.mark.parametrize(("revocations", "expected"), [(None, None), (RevocationList(), 0)])
def test_verifier_of_a_load_balancer_reports_what_it_has(
    revocations: RevocationList | None, expected: float | None, metrics: Metrics
) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/x/0123456789abcdef"
    verifier = AlbVerifier(arn, client_id="abc", issuer="https://issuer.example", revocations=revocations)
    instrument(verifier, metrics.provider)
    with pytest.raises(InvalidTokenError):
        verifier.verify("no token")

    assert metrics.value(VERIFICATIONS, outcome("refused", "malformed_token")) == 1
    assert metrics.value(REVOCATIONS_AGE) == expected
    assert metrics.value(KEYS_AGE) is None
