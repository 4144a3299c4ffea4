"""Refusals, growth, memory and threads of the verifier."""

from __future__ import annotations

import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cognito_jwt_core import CognitoVerifier, InvalidTokenError, JWKSUnavailableError, MultiPoolVerifier
from cognito_jwt_core.testing import ManualClock
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from material import BATCH, MEMORY, Endpoint, Material, other_keys, split
from measuring import Timings, interleave, refused, seconds_each
from peers_speed import FLOOR, Newcomers

T = TypeVar("T")

REFUSALS = (InvalidTokenError, JWKSUnavailableError)
NEW, INVENTED, MALFORMED, EXPIRED = "accepted", "invented kid", "malformed", "expired since seen"
DAY = 86400
FLOOD = 5_000
THREADS = (1, 2, 4, 8)
KEYS, POOLS, GROUPS, REMEMBERED = "keys in the set", "pools", "groups asked for", "tokens remembered"
SIZES = {KEYS: (1, 10, 1000), POOLS: (1, 100, 1000), GROUPS: (1, 1000), REMEMBERED: (10, MEMORY)}
FLOODED = "seen, after the flood"


def time_refusals(material: Material, rounds: int) -> Timings:
    refuse = refused(material.verifier().verify, REFUSALS)
    clock = ManualClock(time.time())
    forgetful = material.verifier(clock=clock)

    def expired(number: int) -> float:
        tokens = material.new(number)
        for token in tokens:
            forgetful.verify(token)
        now = clock.time()
        clock.set_time(now + 2 * DAY)
        try:
            return seconds_each(refused(forgetful.verify, REFUSALS), tokens)
        finally:
            clock.set_time(now)

    return interleave(
        {
            FLOOR: lambda number: material.floor(material.new(number)),
            NEW: Newcomers(material),
            INVENTED: lambda _: seconds_each(refuse, material.invented(BATCH)),
            MALFORMED: lambda number: seconds_each(refuse, malformed(material.new(number))),
            EXPIRED: expired,
        },
        rounds,
    )


def malformed(tokens: list[str]) -> list[str]:
    """Cut, padded, with a part too many, with a letter of no alphabet: some of each."""
    breaks: list[Callable[[str], str]] = [
        lambda token: token[: len(token) // 2],
        lambda token: token + "==",
        lambda token: token + ".e30",
        lambda token: token[:200] + "*" + token[201:],
        lambda token: "e30" + token[3:],
    ]
    return [breaks[at % len(breaks)](token) for at, token in enumerate(tokens)]


def flood(material: Material, rounds: int) -> tuple[Timings, float]:
    """The time of tokens seen before a flood of refusals, and the bytes that the second half of the flood added."""
    verifier = material.verifier()
    refuse = refused(verifier.verify, REFUSALS)
    for token in material.seen:
        verifier.verify(token.decode())

    def half() -> None:
        for number, token in enumerate(material.invented(FLOOD)):
            refuse(token)
            refuse(malformed(material.new(number))[number % 5])

    tracemalloc.start()
    half()
    before, _ = tracemalloc.get_traced_memory()
    half()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    timings = interleave(
        {
            FLOOR: lambda number: material.floor(material.known(number)),
            FLOODED: lambda number: seconds_each(verifier.verify, material.known(number)),
        },
        rounds,
    )
    return timings, after - before


def time_growth(material: Material, rounds: int) -> dict[str, Timings]:
    """For each thing that may grow, a token seen before at each of its sizes; `new 1000` is a new token there."""
    keys = other_keys(max(SIZES[KEYS]))
    found: dict[str, Timings] = {}
    for what, build in ((KEYS, partial(_with_keys, material, keys)), (POOLS, partial(_with_pools, material, keys))):
        contestants: dict[str, Callable[[int], float]] = {}
        for size in SIZES[what]:
            contestants[str(size)] = _seen_by(material, build(size, MEMORY).verify)
            contestants[f"new {size}"] = partial(_time_new, material, build(size, 0).verify)
        found[what] = interleave(contestants, rounds)
    asked = {size: material.verifier(groups=["admin", *map(str, range(1, size))]) for size in SIZES[GROUPS]}
    found[GROUPS] = interleave({str(size): _seen_by(material, asked[size].verify) for size in asked}, rounds)
    remembering = {size: material.verifier() for size in SIZES[REMEMBERED]}
    found[REMEMBERED] = interleave(
        {str(size): _seen_by(material, remembering[size].verify, size, min(remembering)) for size in remembering},
        rounds,
    )
    return found


def _seen_by(
    material: Material, verify: Callable[[str], object], remembered: int = MEMORY, among: int = MEMORY
) -> Callable[[int], float]:
    for token in material.seen[:remembered]:
        verify(token.decode())
    return lambda number: seconds_each(verify, material.known(number, among))


def _with_keys(material: Material, keys: list[dict[str, str]], size: int, memory: int) -> CognitoVerifier:
    return material.verifier(memory, jwks=Endpoint({"keys": [*keys[: size - 1], *material.pool.jwk_set["keys"]]}))


def _with_pools(material: Material, keys: list[dict[str, str]], size: int, memory: int) -> MultiPoolVerifier:
    others = [
        material.verifier(user_pool=f"eu-central-1_other{number}", jwks=Endpoint({"keys": [keys[number]]}))
        for number in range(size - 1)
    ]
    return MultiPoolVerifier([*others, material.verifier()], cache_size=memory)


def _time_new(material: Material, verify: Callable[[str], object], number: int) -> float:
    return seconds_each(verify, material.new(number))


def bytes_per_token(material: Material) -> float:
    verifier = material.verifier()
    first, rest = material.seen[:24], material.seen[24:]
    for token in first:
        verifier.verify(token.decode())
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for token in rest:
        verifier.verify(token.decode())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / len(rest)


def throughput(material: Material, rounds: int, seen: bool) -> dict[int, float]:
    """How much more is done by each number of threads than by one."""
    texts = material.seen * 10 if seen else [token for batch in material.batches for token in batch]
    return _shared_out(material.verifier().verify, [token.decode() for token in texts], rounds)


def floor_throughput(material: Material, rounds: int) -> dict[int, float]:
    """The same of the bare RSA verification, during which the interpreter may do something else."""
    padding, digest, verify = PKCS1v15(), SHA256(), material.public_key.verify
    tokens = [split(token) for number in range(len(material.batches)) for token in material.new(number)]
    return _shared_out(lambda parts: verify(parts[0], parts[1], padding, digest), tokens, rounds)


def _shared_out(work: Callable[[T], object], inputs: list[T], rounds: int) -> dict[int, float]:
    """Every round does the same work with each number of threads."""
    taken: dict[int, list[float]] = {threads: [] for threads in THREADS}
    for number in range(rounds + 1):
        for threads in THREADS:
            seconds = _in_threads(work, [inputs[start::threads] for start in range(threads)])
            if number:
                taken[threads].append(seconds)
    return {
        threads: statistics.median(one / many for one, many in zip(taken[1], taken[threads], strict=True))
        for threads in THREADS
    }


def _in_threads(work: Callable[[T], object], shares: list[list[T]]) -> float:
    """Seconds from the moment at which all of them may begin."""
    ready = threading.Barrier(len(shares) + 1)

    def work_off(share: list[T]) -> None:
        ready.wait()
        for given in share:
            work(given)

    workers = [threading.Thread(target=work_off, args=(share,)) for share in shares]
    for worker in workers:
        worker.start()
    ready.wait()
    begin = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin
