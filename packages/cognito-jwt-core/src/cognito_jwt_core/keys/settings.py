"""Settings for how long keys are trusted and how often they are fetched. This module has no state."""

from __future__ import annotations

from dataclasses import dataclass

from cognito_jwt_core.errors import ConfigurationError, shown

_MAX_SECONDS = 1e9  # thirty years; larger values overflow the system's own timeouts


@dataclass(frozen=True)
class KeySettings:
    """Times, in seconds, and sizes of key retrieval. The defaults suit both a server and a Lambda function.

    Attributes:
        timeout_seconds: Limit for one whole fetch, including the name lookup and a slow response.
        default_max_age_seconds: Lifetime of keys if the source names none.
        min_max_age_seconds: Shortest lifetime that a source can set.
        max_max_age_seconds: Longest lifetime that a source can set.
        max_idle_seconds: Keys this long past their lifetime serve no request until a refresh has been tried.
        max_stale_seconds: How long past their lifetime keys still serve while refreshing fails.
        cooldown_seconds: Interval at which one more fetch for an unknown `kid` is allowed. Also how long a missing
            `kid` is remembered.
        unknown_kid_burst: Fetches for unknown `kid`s that are allowed at once.
        backoff_initial_seconds: Wait after a failed fetch. It doubles with each further failure.
        backoff_max_seconds: Longest wait after a failed fetch.
        unused_issuer_seconds: How long an issuer whose keys answer 403 or 404 counts as not used by the pool.
        max_response_bytes: Largest response that is read.
        allow_http: Whether plain http is allowed for hosts other than loopback.
    """

    timeout_seconds: float = 3.0
    default_max_age_seconds: float = 600.0
    min_max_age_seconds: float = 300.0
    max_max_age_seconds: float = 3600.0
    max_idle_seconds: float = 3600.0
    max_stale_seconds: float = 86400.0
    cooldown_seconds: float = 10.0
    unknown_kid_burst: int = 5
    backoff_initial_seconds: float = 1.0
    backoff_max_seconds: float = 30.0
    unused_issuer_seconds: float = 300.0
    max_response_bytes: int = 1024 * 1024
    allow_http: bool = False

    def __post_init__(self) -> None:
        for name in (
            "timeout_seconds",
            "default_max_age_seconds",
            "min_max_age_seconds",
            "max_max_age_seconds",
            "max_idle_seconds",
            "max_stale_seconds",
            "cooldown_seconds",
            "backoff_initial_seconds",
            "backoff_max_seconds",
            "unused_issuer_seconds",
        ):
            seconds = getattr(self, name)
            self._check(
                name,
                type(seconds) in (int, float) and 0 < seconds <= _MAX_SECONDS,
                "seconds above 0, up to thirty years",
            )
        for name in ("unknown_kid_burst", "max_response_bytes"):
            number = getattr(self, name)
            self._check(name, type(number) is int and number > 0, "a whole number above 0")
        self._check("allow_http", type(self.allow_http) is bool, "True or False")
        for low, high in (
            ("min_max_age_seconds", "max_max_age_seconds"),
            ("backoff_initial_seconds", "backoff_max_seconds"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ConfigurationError(f"KeySettings: expected {low} to be no more than {high}")

    def _check(self, name: str, is_acceptable: bool, expected: str) -> None:
        if not is_acceptable:
            raise ConfigurationError(f"KeySettings.{name}: expected {expected}, found {getattr(self, name)!r}")

    def lifetime(self, max_age_seconds: float | None) -> float:
        """Return how long keys that came with `max_age_seconds` stay fresh."""
        if max_age_seconds is None:
            return self.default_max_age_seconds
        # Apply the limits first, so that NaN from a user's source counts as the shortest lifetime.
        return min(self.max_max_age_seconds, max(self.min_max_age_seconds, max_age_seconds))

    def backoff(self, failures: int) -> float:
        """Return the wait after this number of consecutive failed fetches."""
        return min(self.backoff_initial_seconds * 2.0 ** min(failures - 1, 60), self.backoff_max_seconds)


def check_transport(session: object, settings: object, clock: object) -> None:
    """Check the options of a verifier that control how keys are fetched.

    Raises:
        ConfigurationError: If an option has the wrong type. Without this check, the first token would report an
            outage.
    """
    for option, value, is_one, expected in (
        ("session", session, session is None or _has(session, "send", "get_adapter"), "a requests.Session"),
        ("key_settings", settings, isinstance(settings, KeySettings), "KeySettings"),
        ("clock", clock, _has(clock, "time", "monotonic"), "time() and monotonic(), as the module time has them"),
    ):
        if not is_one:
            raise ConfigurationError(f"{option}: expected {expected}, found {shown(value)}")


def _has(value: object, *methods: str) -> bool:
    """Return whether an instance has the methods. A class itself does not count."""
    return not isinstance(value, type) and all(callable(getattr(value, method, None)) for method in methods)
