"""Registered time claims of any issuer (RFC 7519 section 2)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TypeGuard

# The years that `datetime` supports: 1 to 9999.
EARLIEST = -62_135_596_800
LATEST = 253_402_300_799

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def is_numeric_date(value: object) -> TypeGuard[float]:
    """Return whether `value` is a NumericDate in the years 1 to 9999. A bool, NaN or infinity is not."""
    kind = type(value)
    return (kind is int or kind is float) and EARLIEST <= value <= LATEST  # type: ignore[operator]


def as_datetime(value: object) -> datetime | None:
    """Return a NumericDate as a time in UTC, or None for any other value."""
    return _EPOCH + timedelta(seconds=value) if is_numeric_date(value) else None
