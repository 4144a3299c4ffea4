"""Is the set-up right, seen from here: key endpoints, issuer forms, keys, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from .clock import Clock
from .errors import shown
from .jwks import KeySet, load_key_set
from .jwks_sources import JWKSURL, JWKSFetchError, JWKSResponse
from .key_settings import KeySettings
from .signature import ALGORITHMS
from .user_pool import UserPool

_MAX_CLOCK_OFFSET_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        check: What was looked at: "endpoint", "keys", "clock" or "issuer".
        is_good: Whether it is as it should be; a form of the issuer that the pool does not use is.
        message: What was found.
    """

    check: str
    is_good: bool
    message: str


def examine(pool: UserPool, settings: KeySettings, clock: Clock = time) -> list[Finding]:
    """Ask every key endpoint of `pool` once: the first must answer, the other issuer forms if the pool uses them."""
    findings: list[Finding] = []
    asked: set[str] = set()
    for issuer, uri in pool.jwks_uris.items():
        if uri not in asked:
            findings += _examine_original(uri, settings, clock) if not asked else [_examine_form(issuer, uri, settings)]
            asked.add(uri)
    return findings


def fetch_in_time(source: JWKSURL, settings: KeySettings) -> tuple[JWKSResponse, KeySet]:
    """One bounded fetch of usable keys.

    Raises:
        JWKSFetchError: There was no whole answer in time, or it has no usable key.
    """
    answers: SimpleQueue[JWKSResponse | Exception] = SimpleQueue()

    def fetch() -> None:
        try:
            answers.put(source.fetch(settings.timeout_seconds))
        except (JWKSFetchError, OSError, ValueError) as error:
            answers.put(error)

    Thread(target=fetch, daemon=True).start()  # nothing but leaving it bounds a name lookup
    try:
        answer = answers.get(timeout=settings.timeout_seconds)
        if isinstance(answer, Exception):
            raise answer
        return answer, load_key_set(answer.jwks, ALGORITHMS)
    except Empty:
        raise JWKSFetchError(f"no whole answer within {settings.timeout_seconds:g} s") from None
    except (OSError, ValueError) as error:
        raise JWKSFetchError(str(error)) from error


def _examine_original(uri: str, settings: KeySettings, clock: Clock) -> list[Finding]:
    started = time.monotonic()
    try:
        response, keys = fetch_in_time(JWKSURL(uri, allow_http=settings.allow_http), settings)
    except JWKSFetchError as error:
        return [Finding("endpoint", is_good=False, message=f"{uri}: {error}")]
    milliseconds = (time.monotonic() - started) * 1000
    findings = [
        Finding("endpoint", is_good=True, message=f"{uri} answered in {milliseconds:.0f} ms"),
        Finding("keys", is_good=True, message=f"{len(keys)} usable: {', '.join(map(shown, keys))}"),
    ]
    findings += [Finding("keys", is_good=False, message=f"left out {line}") for line in keys.left_out]
    if response.server_time is not None:
        findings.append(_examine_clock(clock.time() - response.server_time))
    return findings


def _examine_clock(offset: float) -> Finding:
    if abs(offset) <= _MAX_CLOCK_OFFSET_SECONDS:
        return Finding("clock", is_good=True, message="this clock agrees with the server's")
    direction = "ahead of" if offset > 0 else "behind"
    return Finding(
        "clock", is_good=False, message=f"this clock is {abs(offset):.0f} s {direction} the server's: set it"
    )


def _examine_form(issuer: str, uri: str, settings: KeySettings) -> Finding:
    try:
        _, keys = fetch_in_time(JWKSURL(uri, allow_http=settings.allow_http), settings)
    except JWKSFetchError as error:
        unused = error.status in (403, 404)
        return Finding("issuer", is_good=unused, message=f"{issuer}: {'not used by the pool' if unused else error}")
    return Finding("issuer", is_good=True, message=f"{issuer}: answers, {len(keys)} usable keys")
