"""Check that this machine can reach and use a pool's keys: endpoints, issuer forms, keys, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_jwt_core.clock import Clock
from cognito_jwt_core.cognito.multi_pool import MultiPoolVerifier
from cognito_jwt_core.cognito.pool_keys import COGNITO_ALGORITHMS
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.cognito.verifier import CognitoVerifier
from cognito_jwt_core.diagnostics.explain import mark
from cognito_jwt_core.diagnostics.network_advice import OF_A_LOAD_BALANCER, network_advice
from cognito_jwt_core.errors import RevocationsUnavailableError, UnavailableError, UnknownKeyError, shown
from cognito_jwt_core.jose.key_set import KeySet, load_key_set
from cognito_jwt_core.jwt.verifier import Verifier
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError, JWKSResponse
from cognito_jwt_core.keys.store import KeyStatus

if TYPE_CHECKING:
    from requests import Session

    from cognito_jwt_core.alb.verifier import AlbVerifier

_MAX_CLOCK_OFFSET_SECONDS = 5.0
_DEFAULT_KEY_SETTINGS = KeySettings()
_LEFT_OUT = (
    "Tokens that name this key are refused. Cognito's key sets have no such key, so check where this set comes from."
)
_OF_A_FILE = "Check the path, and that the file has a JWK Set: `cognito-jwt jwks USER_POOL_ID` prints one."
_OF_THE_APP = "The app's own key source failed. Check what it reads."
_REVOCATIONS = "Check the server that shares the revocation list."


@dataclass(frozen=True)
class Finding:
    """One result.

    Attributes:
        check: The check: "endpoint", "keys", "clock" or "issuer" of a pool; "source" or "keys" of a verifier.
        is_good: Whether the result is good. An issuer form that the pool does not use is also good.
        message: The result.
        advice: What to check if it is not good; empty otherwise.
    """

    check: str
    is_good: bool
    message: str
    advice: str = ""

    def as_text(self, *, colour: bool = False) -> str:
        """Return one line, and a second one with the advice.

        Args:
            colour: Whether to use the colours of a terminal.
        """
        line = f"{mark('passed' if self.is_good else 'failed', colour=colour)}  {self.check:<8}  {self.message}"
        return f"{line}\n{'':16}{self.advice}" if self.advice else line


def doctor(
    user_pool: str | UserPool | CognitoVerifier | MultiPoolVerifier | AlbVerifier,
    *,
    key_settings: KeySettings = _DEFAULT_KEY_SETTINGS,
    session: Session | None = None,
    clock: Clock = time,
) -> list[Finding]:
    """Check that this machine can reach and use the pool's keys.

    For a pool, request every key endpoint once. The original issuer's must answer. The other forms answer only if the
    pool uses them. For a verifier, fetch the keys as for its first token, and report each source. For an
    `AlbVerifier`, request a key that does not exist, because only tokens name its real keys.

    Args:
        user_pool: The pool's id, a `UserPool`, or a verifier with its own sources, session and settings.
        key_settings: Time and size limits of each fetch. Ignored for a verifier.
        session: A `requests.Session` with a proxy or a CA bundle. Ignored for a verifier.
        clock: Source of the time that is compared with the server's ``Date``.

    Raises:
        ConfigurationError: If the id is invalid.
    """
    if isinstance(user_pool, Verifier):
        if isinstance(user_pool, CognitoVerifier | MultiPoolVerifier):
            return _examine_verifier(user_pool)
        return [_examine_load_balancer(user_pool)]
    pool = user_pool if isinstance(user_pool, UserPool) else UserPool(user_pool)
    findings: list[Finding] = []
    asked: set[str] = set()
    for issuer, uri in pool.jwks_uris.items():
        if uri not in asked:
            findings += (
                _examine_form(issuer, uri, key_settings, session)
                if asked
                else _examine_original(uri, key_settings, session, clock)
            )
            asked.add(uri)
    return findings


def _examine_load_balancer(verifier: AlbVerifier) -> Finding:
    from uuid import uuid4  # needed only for load balancers; on Python 3.10 it imports `subprocess`

    try:
        verifier.keys_for(None).get(str(uuid4()))
    except UnavailableError as error:
        advice = network_advice(str(error), OF_A_LOAD_BALANCER)
        return Finding("source", is_good=False, message=str(error), advice=advice)
    except UnknownKeyError:
        pass
    return Finding("source", is_good=True, message=f"{verifier.keys_url} answers; keys are fetched one by one")


def _examine_verifier(verifier: CognitoVerifier | MultiPoolVerifier) -> list[Finding]:
    failure: UnavailableError | None = None
    try:
        verifier.prefetch()
    except UnavailableError as error:
        failure = error
    findings = [finding for status in verifier.keys for finding in _examine_source(status)]
    if failure is not None and all(finding.is_good or finding.check != "source" for finding in findings):
        is_of_revocations = isinstance(failure, RevocationsUnavailableError)
        advice = _REVOCATIONS if is_of_revocations else network_advice(str(failure))
        findings.append(Finding("source", is_good=False, message=str(failure), advice=advice))
    return findings


def _examine_source(status: KeyStatus) -> list[Finding]:
    findings = [
        Finding("keys", is_good=False, message=f"{status.source}: left out {line}", advice=_LEFT_OUT)
        for line in status.left_out
    ]
    if status.last_error is not None:
        advice = _advice_on_source(status.source, status.last_error)
        findings.append(
            Finding("source", is_good=False, message=f"{status.source}: {status.last_error}", advice=advice)
        )
    elif status.kids:  # other forms of an issuer are requested only when a token names them
        findings.append(Finding("source", is_good=True, message=f"{len(status.kids)} from {status.source}"))
    return findings


def _advice_on_source(source: str, error: str) -> str:
    if source.startswith(("http://", "https://")):
        return network_advice(error)
    return _OF_A_FILE if source.startswith("file ") else _OF_THE_APP


def fetch_in_time(uri: str, settings: KeySettings, session: Session | None = None) -> tuple[JWKSResponse, KeySet]:
    """Fetch usable keys once.

    Raises:
        JWKSFetchError: If no complete response arrives in time, or it has no usable key.
    """
    from cognito_jwt_core.keys.url import JWKSURL  # imported here, because `explain` imports this module too

    try:
        source = JWKSURL(uri, session=session, allow_http=settings.allow_http, max_bytes=settings.max_response_bytes)
        answer = source.fetch(settings.timeout_seconds)
        return answer, load_key_set(answer.jwks, COGNITO_ALGORITHMS)
    except ValueError as error:
        raise JWKSFetchError(str(error)) from error


def _examine_original(uri: str, settings: KeySettings, session: Session | None, clock: Clock) -> list[Finding]:
    started = time.monotonic()
    try:
        response, keys = fetch_in_time(uri, settings, session)
    except JWKSFetchError as error:
        advice = network_advice(str(error))
        return [Finding("endpoint", is_good=False, message=f"{uri}: {error}", advice=advice)]
    milliseconds = (time.monotonic() - started) * 1000
    findings = [
        Finding("endpoint", is_good=True, message=f"{uri} answered in {milliseconds:.0f} ms"),
        Finding("keys", is_good=True, message=f"{len(keys)} usable: {', '.join(map(shown, keys))}"),
    ]
    findings += [Finding("keys", is_good=False, message=f"left out {line}", advice=_LEFT_OUT) for line in keys.left_out]
    if response.server_time is not None:
        findings.append(_examine_clock(clock.time() - response.server_time))
    return findings


def _examine_clock(offset: float) -> Finding:
    if abs(offset) <= _MAX_CLOCK_OFFSET_SECONDS:
        return Finding("clock", is_good=True, message="this clock agrees with the server's")
    direction = "ahead of" if offset > 0 else "behind"
    return Finding(
        "clock",
        is_good=False,
        message=f"this clock is {abs(offset):.0f} s {direction} the server's",
        advice="Set the clock (NTP). Until then, tokens expire too early or are not valid yet.",
    )


def _examine_form(issuer: str, uri: str, settings: KeySettings, session: Session | None) -> list[Finding]:
    try:
        _, keys = fetch_in_time(uri, settings, session)
    except JWKSFetchError as error:
        if error.status in (403, 404):
            return [Finding("issuer", is_good=True, message=f"{issuer}: not used by the pool")]
        return [Finding("issuer", is_good=False, message=f"{issuer}: {error}", advice=network_advice(str(error)))]
    return [Finding("issuer", is_good=True, message=f"{issuer}: answers, {len(keys)} usable keys")]
