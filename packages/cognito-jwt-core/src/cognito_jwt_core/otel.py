"""Export the counters of verifiers as OpenTelemetry metrics. Requires the extra ``otel``.

Every instrument is observable: it reads the counters when metrics are collected, so verification itself costs no more.
Attributes contain only outcomes and error codes. They never contain values from a token, and the number of series is
bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from cognito_jwt_core.errors import ConfigurationError, JWKSUnavailableError, UnavailableError, shown
from cognito_jwt_core.jwt.stats import Stats
from cognito_jwt_core.keys.store import KeyStatus

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

__all__ = ["CountingVerifier", "instrument"]

_METER = "cognito_jwt_core"


@runtime_checkable
class CountingVerifier(Protocol):
    """A verifier whose counters `instrument` can read. Every verifier of this package qualifies."""

    @property
    def stats(self) -> Stats:
        """Return the counts since the verifier was built."""

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """Return the state of the keys of each source."""

    @property
    def cached_tokens(self) -> int:
        """Return the number of verified tokens in the cache."""

    @property
    def revocations_age(self) -> float | None:
        """Return seconds since the revocation list was last read. None without a list, or before the first read."""


def instrument(verifier: CountingVerifier, meter_provider: MeterProvider | None = None) -> None:
    """Export a verifier's counters as OpenTelemetry metrics. Call it once for each verifier, at start-up.

    Counts of verifiers with the same provider are added. Of their ages, the greatest is reported.

    Args:
        verifier: A `CognitoVerifier`, a `MultiPoolVerifier` or an `AlbVerifier`.
        meter_provider: Destination of the metrics. None uses the process's global provider, which may be set later.

    Raises:
        ConfigurationError: If the extra is not installed, or `verifier` is not a verifier.

    Spec:
        OpenTelemetry metrics API, "Asynchronous instruments"; semantic conventions, ``error.type``.
    """
    if isinstance(verifier, type) or not isinstance(verifier, CountingVerifier):
        raise ConfigurationError(f"verifier: expected a verifier, such as a CognitoVerifier, found {shown(verifier)}")
    try:
        from opentelemetry import metrics
    except ImportError as error:
        raise ConfigurationError(
            "instrument: OpenTelemetry needs an extra: pip install 'cognito-jwt-core[otel]'"
        ) from error
    own = metrics.get_meter_provider()
    provider = own if meter_provider is None else meter_provider
    totals = _totals.get(provider) or (_totals.get(_PROCESS) if provider is own else None)
    if totals is None:
        totals = _Totals(metrics.Observation)
        totals.report_to(metrics.get_meter(_METER, meter_provider=meter_provider))
    _totals[provider] = totals
    if provider is own:  # A proxy until the app sets a provider. It then forwards the metrics to that provider.
        _totals[_PROCESS] = totals
    totals.add(verifier)


class _Totals:
    """The counts of all verifiers of a meter provider. A second instrument with the same name would report nothing."""

    def __init__(self, observation: type[Observation]) -> None:
        self._verifiers: list[CountingVerifier] = []
        self._observation = observation

    def add(self, verifier: CountingVerifier) -> None:
        if not any(verifier is known for known in self._verifiers):
            self._verifiers.append(verifier)

    def report_to(self, meter: Any) -> None:
        meter.create_observable_counter(
            "cognito_jwt.verifications",
            [self._observed(self._verifications)],
            unit="{token}",
            description="Tokens by outcome: accepted, refused (401), denied (403), unavailable (503).",
        )
        meter.create_observable_counter(
            "cognito_jwt.keys.fetches",
            [self._observed(self._fetches)],
            unit="{fetch}",
            description="Attempts to fetch keys. Failed attempts have error.type.",
        )
        meter.create_observable_gauge(
            "cognito_jwt.keys.age",
            [self._observed(self._age_of_keys)],
            unit="s",
            description="Time since the cached keys were fetched or read.",
        )
        meter.create_observable_up_down_counter(
            "cognito_jwt.cache.entries",
            [self._observed(self._cache_entries)],
            unit="{token}",
            description="Verified tokens in the cache.",
        )
        meter.create_observable_gauge(
            "cognito_jwt.revocations.age",
            [self._observed(self._age_of_revocations)],
            unit="s",
            description="Time since the shared list of revocations was last read.",
        )

    def _observed(
        self, read: Callable[[], Iterable[tuple[float, Mapping[str, str]]]]
    ) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def callback(_: CallbackOptions) -> Iterator[Observation]:
            for value, attributes in read():
                yield self._observation(value, attributes)

        return callback

    def _verifications(self) -> Iterable[tuple[int, Mapping[str, str]]]:
        sums: dict[tuple[str, str], int] = {}
        for verifier in self._verifiers:
            stats = verifier.stats
            counted = [
                ("accepted", "", stats.accepted),
                *(("refused", code, count) for code, count in stats.refused.items()),
                *(("denied", code, count) for code, count in stats.denied.items()),
                ("unavailable", UnavailableError.code, stats.unavailable),
            ]
            for outcome, code, count in counted:
                sums[outcome, code] = sums.get((outcome, code), 0) + count
        for (outcome, code), total in sums.items():
            yield total, {"cognito_jwt.outcome": outcome, **({"error.type": code} if code else {})}

    def _fetches(self) -> Iterable[tuple[int, Mapping[str, str]]]:
        every = [verifier.stats for verifier in self._verifiers]
        failed = sum(stats.fetch_failures for stats in every)
        yield sum(stats.fetches for stats in every) - failed, {}
        yield failed, {"error.type": JWKSUnavailableError.code}

    def _age_of_keys(self) -> Iterable[tuple[float, Mapping[str, str]]]:
        return _greatest(status.age_seconds for verifier in self._verifiers for status in verifier.keys)

    def _age_of_revocations(self) -> Iterable[tuple[float, Mapping[str, str]]]:
        return _greatest(verifier.revocations_age for verifier in self._verifiers)

    def _cache_entries(self) -> Iterable[tuple[int, Mapping[str, str]]]:
        yield sum(verifier.cached_tokens for verifier in self._verifiers), {}


def _greatest(ages: Iterable[float | None]) -> Iterable[tuple[float, Mapping[str, str]]]:
    known = [age for age in ages if age is not None]
    return [(max(known), {})] if known else []


class _Process:
    """Key for the process's global meter provider."""


_PROCESS = _Process()
_totals: WeakKeyDictionary[object, _Totals] = WeakKeyDictionary()
