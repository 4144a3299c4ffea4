"""Measurements in this process: this library beside others, refusals, options and memory."""

from __future__ import annotations

import logging
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from cognito_jwt_core import CognitoVerifier, InvalidTokenError, JWKSUnavailableError, RevocationList
from cognito_jwt_core.otel import instrument
from cognito_jwt_core.testing import ManualClock
from libraries import LIBRARIES, Check
from material import BATCH, Material
from measuring import Timings, interleave, refused, seconds_each
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

FLOOR, OURS = "RSA verification alone", "cognito-jwt-core"
FORGETFUL, AGAIN = "cognito-jwt-core with cache_size=0", "cognito-jwt-core, one token"
ACCEPTED, INVENTED, MALFORMED, EXPIRED = "accepted", "invented kid", "malformed", "expired since seen"
PLAIN, LISTED, INSTRUMENTED = "without options", "with revocations", "with instruments"
FLOOD = 5_000
ENTRIES = 100_000
Contestant = Callable[[int], float]

# Ways to break a token: cut, padded, a fourth part, a letter outside of the alphabet, another header.
BREAKS: tuple[Callable[[str], str], ...] = (
    lambda token: token[: len(token) // 2],
    lambda token: token + "==",
    lambda token: token + ".e30",
    lambda token: token[:200] + "*" + token[201:],
    lambda token: "e30" + token[3:],
)


def time_libraries(material: Material, rounds: int) -> tuple[Timings, Timings]:
    """Return the times of a new token and of one seen before, for each library."""
    bound = Material(batches=4, seen=BATCH, aud=material.pool.client_id)
    verify = material.verifier().verify
    new: dict[str, Contestant] = {
        FLOOR: lambda number: material.floor(material.new(number)),
        OURS: newcomers(material),
        FORGETFUL: partial(_time, material.verifier(cache_size=0).verify, material.new),
    }
    seen: dict[str, Contestant] = {
        FLOOR: lambda number: material.floor(material.known(number)),
        OURS: _seen_by(material, verify),
        AGAIN: _same(material, verify),
    }
    for name, library in LIBRARIES.items():
        check, _ = library.build(material.pool)
        tokens = bound if library.needs_audience else material
        new[name] = partial(_time, check, tokens.new)
        seen[name] = _seen_by(tokens, check)
    return interleave(new, rounds), interleave(seen, rounds)


def newcomers(material: Material) -> Contestant:
    """Time new tokens with a verifier whose memory is full: another verifier when the batches repeat."""
    verifiers: dict[int, CognitoVerifier] = {}

    def seconds(number: int) -> float:
        turn = number // len(material.batches)
        if turn not in verifiers:
            verifiers.clear()
            verifiers[turn] = material.verifier()
            for token in material.seen:
                verifiers[turn].verify(token)
        return seconds_each(verifiers[turn].verify, material.new(number))

    return seconds


def time_refusals(material: Material, rounds: int) -> Timings:
    refuse = _refused_by(material.verifier())
    clock = ManualClock(time.time())
    verifier = material.verifier(clock=clock)

    def expired(number: int) -> float:
        tokens = material.new(number)
        for token in tokens:
            verifier.verify(token)
        now = clock.time()
        clock.set_time(now + 2 * 86400)
        try:
            return seconds_each(_refused_by(verifier), tokens)
        finally:
            clock.set_time(now)

    def malformed(number: int) -> float:
        tokens = [BREAKS[at % len(BREAKS)](token) for at, token in enumerate(material.new(number))]
        return seconds_each(refuse, tokens)

    return interleave(
        {
            ACCEPTED: newcomers(material),
            INVENTED: lambda _: seconds_each(refuse, material.invented(BATCH)),
            MALFORMED: malformed,
            EXPIRED: expired,
        },
        rounds,
    )


def time_options(material: Material, rounds: int) -> tuple[Timings, Timings]:
    """Return the times of a token seen before, by option: of the same one each time, and of another each time."""
    instrumented, reader = material.verifier(), InMemoryMetricReader()
    instrument(instrumented, MeterProvider([reader]))
    verify: Mapping[str, Check] = {
        PLAIN: material.verifier().verify,
        LISTED: material.verifier(revocations=revocations(material.pool.issuer)).verify,
        INSTRUMENTED: instrumented.verify,
    }
    same = interleave({name: _same(material, check) for name, check in verify.items()}, rounds)
    assert reader.get_metrics_data() is not None  # the instruments are read
    return same, interleave({name: _seen_by(material, check) for name, check in verify.items()}, rounds)


def revocations(issuer: str) -> RevocationList:
    """Return a list of sessions that were logged out, and users who were locked out."""
    logging.getLogger("cognito_jwt_core.revocations").setLevel(logging.ERROR)  # it warns of that many
    found = RevocationList()
    for _ in range(ENTRIES // 2):
        found.revoke_session({"iss": issuer, "origin_jti": str(uuid.uuid4()), "exp": time.time() + 3600})
        found.revoke_user(issuer, str(uuid.uuid4()))
    return found


def bytes_of_a_flood(material: Material) -> float:
    """Return the memory that the second half of a flood of refusals adds."""
    refuse = _refused_by(material.verifier())
    return _bytes_added(refuse, material.invented(FLOOD), material.invented(FLOOD))


def bytes_per_token(material: Material) -> float:
    tokens = [token.decode() for token in material.seen]
    return _bytes_added(material.verifier().verify, tokens[:24], tokens[24:]) / len(tokens[24:])


def _bytes_added(work: Check, before: Iterable[str], counted: Iterable[str]) -> int:
    tracemalloc.start()
    try:
        for token in before:
            work(token)
        begin, _ = tracemalloc.get_traced_memory()
        for token in counted:
            work(token)
        return tracemalloc.get_traced_memory()[0] - begin
    finally:
        tracemalloc.stop()


def _refused_by(verifier: CognitoVerifier) -> Check:
    return refused(verifier.verify, (InvalidTokenError, JWKSUnavailableError))


def _seen_by(material: Material, check: Check) -> Contestant:
    for token in material.seen:
        check(token.decode())
    return partial(_time, check, material.known)


def _same(material: Material, check: Check) -> Contestant:
    return partial(_time, check, lambda _: [material.seen[0].decode()] * BATCH)


def _time(check: Check, tokens: Callable[[int], list[str]], number: int) -> float:
    return seconds_each(check, tokens(number))
