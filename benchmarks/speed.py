"""Measurements in this process: this library beside others, refusals and memory."""

from __future__ import annotations

import logging
import time
import tracemalloc
import uuid
from collections.abc import Callable
from functools import partial

from cognito_jwt_core import CognitoVerifier, InvalidTokenError, JWKSUnavailableError, RevocationList
from cognito_jwt_core.testing import ManualClock
from libraries import LIBRARIES, Check
from material import BATCH, Material
from measuring import Timings, interleave, refused, seconds_each

FLOOR, OURS = "RSA verification alone", "cognito-jwt-core"
FORGETFUL, AGAIN = "cognito-jwt-core with cache_size=0", "cognito-jwt-core, one token"
ACCEPTED, INVENTED, MALFORMED, EXPIRED = "accepted", "invented kid", "malformed", "expired since seen"
UNLISTED, LISTED = "without a list", "with a list"
FLOOD = 5_000
ENTRIES = 100_000
REFUSALS = (InvalidTokenError, JWKSUnavailableError)


class Newcomers:
    """A verifier whose memory is full, and to which every token is new: another verifier when the batches repeat."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._verifier: CognitoVerifier | None = None

    def __call__(self, number: int) -> float:
        if self._verifier is None or number % len(self._material.batches) == 0:
            self._verifier = self._material.verifier()
            for token in self._material.seen:
                self._verifier.verify(token)
        return seconds_each(self._verifier.verify, self._material.new(number))


def time_libraries(material: Material, rounds: int) -> tuple[Timings, Timings]:
    """Return the times of a new token and of one seen before, for each library."""
    bound = Material(batches=4, seen=BATCH, aud=material.pool.client_id)
    new: dict[str, Callable[[int], float]] = {
        FLOOR: lambda number: material.floor(material.new(number)),
        OURS: Newcomers(material),
        FORGETFUL: partial(_time, material.verifier(cache_size=0).verify, material.new),
    }
    seen: dict[str, Callable[[int], float]] = {
        FLOOR: lambda number: material.floor(material.known(number)),
        AGAIN: partial(_time, material.verifier().verify, lambda _: [material.seen[0].decode()] * BATCH),
        OURS: _seen_by(material, material.verifier().verify),
    }
    for name, library in LIBRARIES.items():
        check, _ = library.build(material.pool)
        tokens = bound if library.needs_audience else material
        new[name] = partial(_time, check, tokens.new)
        seen[name] = _seen_by(tokens, check)
    return interleave(new, rounds), interleave(seen, rounds)


def time_refusals(material: Material, rounds: int) -> Timings:
    refuse = refused(material.verifier().verify, REFUSALS)
    clock = ManualClock(time.time())
    verifier = material.verifier(clock=clock)

    def expired(number: int) -> float:
        tokens = material.new(number)
        for token in tokens:
            verifier.verify(token)
        now = clock.time()
        clock.set_time(now + 2 * 86400)
        try:
            return seconds_each(refused(verifier.verify, REFUSALS), tokens)
        finally:
            clock.set_time(now)

    return interleave(
        {
            ACCEPTED: Newcomers(material),
            INVENTED: lambda _: seconds_each(refuse, material.invented(BATCH)),
            MALFORMED: lambda number: seconds_each(refuse, malformed(material.new(number))),
            EXPIRED: expired,
        },
        rounds,
    )


def time_revocations(material: Material, rounds: int) -> tuple[Timings, Timings]:
    """Return the times of a token seen before, with a list and without: of the same one each time, and of others."""
    verify = {
        UNLISTED: material.verifier().verify,
        LISTED: material.verifier(revocations=listed(material.pool.issuer)).verify,
    }
    same = {
        name: partial(_time, check, lambda _: [material.seen[0].decode()] * BATCH) for name, check in verify.items()
    }
    others = {name: _seen_by(material, check) for name, check in verify.items()}
    return interleave(same, rounds), interleave(others, rounds)


def listed(issuer: str) -> RevocationList:
    """Return a list of sessions that were logged out, and users who were locked out."""
    logging.getLogger("cognito_jwt_core.revocations").setLevel(logging.ERROR)  # it warns of that many
    revocations = RevocationList()
    for _ in range(ENTRIES // 2):
        revocations.revoke_session({"iss": issuer, "origin_jti": str(uuid.uuid4()), "exp": time.time() + 3600})
        revocations.revoke_user(issuer, str(uuid.uuid4()))
    return revocations


def malformed(tokens: list[str]) -> list[str]:
    """Break tokens: cut, padded, with a fourth part, with a letter outside of the alphabet, with another header."""
    breaks: list[Callable[[str], str]] = [
        lambda token: token[: len(token) // 2],
        lambda token: token + "==",
        lambda token: token + ".e30",
        lambda token: token[:200] + "*" + token[201:],
        lambda token: "e30" + token[3:],
    ]
    return [breaks[at % len(breaks)](token) for at, token in enumerate(tokens)]


def bytes_of_a_flood(material: Material) -> float:
    """Return the memory that the second half of a flood of refusals adds."""
    refuse = refused(material.verifier().verify, REFUSALS)

    def half() -> int:
        for token in material.invented(FLOOD):
            refuse(token)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        return -half() + half()
    finally:
        tracemalloc.stop()


def bytes_per_token(material: Material) -> float:
    verifier = material.verifier()
    first, rest = material.seen[:24], material.seen[24:]
    for token in first:
        verifier.verify(token.decode())
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for token in rest:
            verifier.verify(token.decode())
        return (tracemalloc.get_traced_memory()[0] - before) / len(rest)
    finally:
        tracemalloc.stop()


def _seen_by(material: Material, check: Check) -> Callable[[int], float]:
    for token in material.seen:
        check(token.decode())
    return partial(_time, check, material.known)


def _time(check: Check, tokens: Callable[[int], list[str]], number: int) -> float:
    return seconds_each(check, tokens(number))
