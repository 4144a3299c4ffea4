"""How long keys are trusted and how often they are asked for: numbers and arithmetic, no state."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import ConfigurationError

_MAX_SECONDS = 1e9  # thirty years; above it, the system's own timeouts overflow


@dataclass(frozen=True)
class KeySettings:
    """Every time and size of key retrieval. The defaults suit a server and a Lambda alike.

    Attributes:
        timeout_seconds: One whole fetch, name lookup and a slow drip included.
        default_max_age_seconds: Lifetime of keys whose source names none.
        min_max_age_seconds: Shortest lifetime that a source can ask for.
        max_max_age_seconds: Longest lifetime that a source can ask for.
        max_idle_seconds: Keys this long past their lifetime serve no request until a refresh has been tried.
        max_stale_seconds: How long past their lifetime keys still serve while refreshing fails.
        cooldown_seconds: One more unknown-`kid` fetch per this time; a missing `kid` is remembered for it.
        unknown_kid_burst: Unknown-`kid` fetches that may follow each other at once.
        backoff_initial_seconds: Wait after a failed fetch; it doubles with every further one.
        backoff_max_seconds: Longest such wait.
        unused_issuer_seconds: How long an issuer form that answers 403 or 404 counts as not used by the pool.
        max_response_bytes: Largest answer that is read.
        allow_http: Whether plain http to hosts other than loopback is allowed.
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
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "allow_http":
                acceptable = type(value) is bool
            elif field.name in ("unknown_kid_burst", "max_response_bytes"):
                acceptable = type(value) is int and value > 0
            else:
                acceptable = type(value) in (int, float) and 0 < value <= _MAX_SECONDS
            if not acceptable:
                wanted = {"bool": "True or False", "int": "a whole number above 0"}.get(
                    str(field.type), "seconds above 0, up to thirty years"
                )
                raise ConfigurationError(f"KeySettings.{field.name}: expected {wanted}, found {value!r}")
        for low, high in (
            ("min_max_age_seconds", "max_max_age_seconds"),
            ("backoff_initial_seconds", "backoff_max_seconds"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ConfigurationError(f"KeySettings: expected {low} to be no more than {high}")

    def lifetime(self, max_age_seconds: float | None) -> float:
        """How long keys are fresh that came with `max_age_seconds`."""
        if max_age_seconds is None:
            return self.default_max_age_seconds
        # The limits first: a NaN from a source by somebody else then counts as the shortest.
        return min(self.max_max_age_seconds, max(self.min_max_age_seconds, max_age_seconds))

    def backoff(self, failures: int) -> float:
        """How long to wait after this many failed fetches in a row."""
        return min(self.backoff_initial_seconds * 2.0 ** min(failures - 1, 60), self.backoff_max_seconds)
