"""A soak of key retrieval: minutes of outages, floods, rotations and forks at random, with every answer checked.

    hatch run soak [--minutes 10] [--seed 1]

The times of `KeySettings` are a few hundred times shorter than by default, so that ten minutes hold what days would.
The key server is a process of its own, and the process under test holds nothing but verifiers and tokens. Its threads
have small stacks, some of its verifiers have clocks that disagree or remember one token only, and its session retries.
Linux only.

The soak fails

- if an authentic token is refused whose key was known before and after;
- if a forged token, or one with an invented `kid`, is accepted;
- if a rotation is honoured too late, or a verifier is not healthy again in time after an outage;
- if a call takes too long or causes too many fetches, whatever the clocks say;
- if a forked child does not verify, whichever hooks of the fork ran;
- if memory or the number of threads grows.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import multiprocessing
import os
import random
import statistics
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cognito_jwt_core import CognitoJWTError, CognitoVerifier, KeySettings
from cognito_jwt_core.testing import MISBEHAVIOURS, JWKSServer, LocalUserPool
from jwcrypto.jwk import JWK
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

POOL_ID, CLIENT_ID = "eu-central-1_soakpool", "abcdef123456"
SETTINGS = KeySettings(
    timeout_seconds=0.5,
    default_max_age_seconds=1,
    min_max_age_seconds=1,
    max_idle_seconds=20,
    max_stale_seconds=600,
    cooldown_seconds=1,
    backoff_initial_seconds=0.1,
    backoff_max_seconds=1,
)
KEYS, PUBLISHED_AT_ONCE, TOKENS_A_KEY = 6, 3, 100
LATEST_ROTATION_SECONDS = 2 * (SETTINGS.cooldown_seconds + SETTINGS.timeout_seconds)
# A fetch that began during the outage, the wait after it, one more fetch; and a cooldown, since the flood goes on.
LATEST_RECOVERY_SECONDS = SETTINGS.backoff_max_seconds + SETTINGS.cooldown_seconds + 2 * SETTINGS.timeout_seconds
MOST_FETCHES_OF_A_CALL = 3  # one, and two repeats where the clocks say that the process stood still
LONGEST_CALL_SECONDS = 2 * MOST_FETCHES_OF_A_CALL * SETTINGS.timeout_seconds
MOST_GROWTH_MIB = 16.0
MOST_THREADS = 80
STACK_BYTES = 128 * 1024  # musl's default, and so that of threads in Alpine's Python

OUTAGES: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 404},
    {"hold": True},
    {"delay_seconds": 0.4},
    {"delay_seconds": 1.0},
    {"drip": "headers", "drip_seconds": 0.01},
    {"drip": "body", "drip_seconds": 0.01},
    {"endless": "continue"},
    {"endless": "trailers"},
    {"status": 503, "headers": {"Retry-After": "3600"}},  # which the session would obey
    {"body": {"keys": []}},
    *({"misbehaviour": name} for name in MISBEHAVIOURS),
]


@dataclass(frozen=True)
class CrookedClock:
    """Two clocks that disagree: how each differs from the system's."""

    wall: Callable[[float], float] = float
    steady: Callable[[float], float] = float

    def time(self) -> float:
        return self.wall(time.time())

    def monotonic(self) -> float:
        return self.steady(time.monotonic())


BEGAN_AT = time.time()
CLOCKS = {
    "fast": CrookedClock(wall=lambda now: BEGAN_AT + 50 * (now - BEGAN_AT)),
    "wall clock frozen": CrookedClock(wall=lambda now: BEGAN_AT),
    "monotonic clock frozen": CrookedClock(steady=lambda now: 1000.0),
    "jumping": CrookedClock(wall=lambda now: now + random.choice([-3600, 0, 0, 3600])),  # noqa: S311
}


def retrying_session() -> Session:
    """Return a session as many apps configure it: it repeats requests, and obeys `Retry-After`."""
    session = Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503], backoff_factor=0.5)))
    return session


def serve(pipe: Connection, jwks: list[dict[str, Any]]) -> None:
    """The key server's process: does as it is told through the pipe, and tells its URL and count of requests."""

    class Window:
        """Publishes the newest key and the ones before it, in a ring."""

        id = POOL_ID
        newest = 0

        @property
        def jwk_set(self) -> Mapping[str, object]:
            return {"keys": [jwks[(self.newest - back) % KEYS] for back in range(PUBLISHED_AT_ONCE)]}

    window = Window()
    with JWKSServer(window) as server:
        pipe.send(server.url)
        while order := pipe.recv():
            if "newest" in order:
                window.newest = order["newest"]
            elif "misbehaviour" in order:
                server.misbehave(order["misbehaviour"])
            else:
                server.release()
                server.behave(**order)
            pipe.send(None)
        pipe.send(server.requests)


class Soak:
    """Everything that goes on at once, and its results."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.ends_at = time.monotonic() + seconds
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.ordering = threading.Lock()
        self.latencies: list[float] = []
        self.recoveries: list[float] = []
        self.memory: list[float] = []
        self.most_threads = 0
        private = [JWK.generate(kty="RSA", size=2048).export(as_dict=True) for _ in range(KEYS)]
        self.pools = [LocalUserPool(POOL_ID, client_id=CLIENT_ID, signing_key=jwk) for jwk in private]
        self.tokens = [
            [pool.access_token(f"user{number}", expires_in=86_400) for number in range(TOKENS_A_KEY)]
            for pool in self.pools
        ]
        stranger = LocalUserPool("eu-central-1_stranger", client_id=CLIENT_ID, issuer=self.pools[0].issuer)
        self.invented = [stranger.sign({"alg": "RS256", "kid": f"invented {n}"}, {}) for n in range(5000)]
        nested = f'{{"alg":"RS256","kid":"x","x":{"[" * 20_000}'
        self.nested = [self.pools[0].sign(nested, {}), self.pools[0].sign(self.pools[0].header, nested)]
        self.forged = [pool.badly_signed_token(expires_in=86_400) for pool in self.pools]
        self.pipe, theirs = multiprocessing.Pipe()
        public = [dict(pool.signing_key.public_jwk) for pool in self.pools]
        self.server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, public), daemon=True)
        self.server.start()
        url: str = self.pipe.recv()
        self.is_healthy = True
        self.newest = 0
        self.verifier = verifier_of(url, cache_size=256, session=retrying_session())
        self.forgetful = verifier_of(url, cache_size=1)
        self.crooked = {
            name: verifier_of(url, clock=clock, check_expiration=False, session=retrying_session())
            for name, clock in CLOCKS.items()
        }

    @property
    def verifiers(self) -> dict[str, CognitoVerifier]:
        return {"": self.verifier, "cache_size=1": self.forgetful, **self.crooked}

    def run(self) -> None:
        for verifier in self.verifiers.values():
            verifier.prefetch()
        workers = [
            *[self.verify_good] * 4,
            *[self.verify_forgetfully] * 3,
            *[self.flood] * 2,
            self.flood_at_once,
            self.nest,
            self.verify_in_loops,
            self.verify_with_crooked_clocks,
            self.rotate,
            self.fail,
            self.fork,
        ]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in workers]
        for thread in threads:
            thread.start()
        while time.monotonic() < self.ends_at:
            time.sleep(1)
            self.memory.append(resident_mib())
            self.most_threads = max(self.most_threads, threading.active_count())
        for thread in threads:
            thread.join()
        self.pipe.send(None)
        self.counts["requests to the server"] = self.pipe.recv()
        self.counts["fetches"] = sum(verifier.keys[0].fetches for verifier in self.verifiers.values())

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self.ends_at:
                work()
        except Exception as error:  # noqa: BLE001  whatever it is, the soak has failed
            self.errors.append(f"{work.__name__}: {error!r}")

    def _judge(self, kid: str, known_before: set[str], outcome: str | None, verifier: CognitoVerifier) -> None:
        was_known = kid in known_before and kid in kids(verifier)
        self.counts["verified" if outcome is None else f"refused: {outcome}"] += 1
        if was_known and outcome is not None:
            self.errors.append(f"refused though its key was known: {outcome}")

    def _refuse(self, what: str, token: str, verifier: CognitoVerifier | None = None) -> None:
        self.counts[what] += 1
        if outcome_of(verifier or self.verifier, token) is None:
            self.errors.append(f"accepted one of {what}")

    def verify_good(self) -> None:
        self._verify(self.verifier, times=1)

    def verify_forgetfully(self) -> None:
        """Several threads, and one place for a token in the memory of their verifier."""
        self._verify(self.forgetful, times=2)

    def _verify(self, verifier: CognitoVerifier, times: int) -> None:
        which = random.randrange(KEYS)  # noqa: S311
        for token in random.sample(self.tokens[which], 10):
            for _ in range(times):
                known = kids(verifier)
                self._judge(self.pools[which].signing_key.kid, known, outcome_of(verifier, token), verifier)
        self._refuse("forged tokens", self.forged[which], verifier)
        time.sleep(0.01)

    def verify_with_crooked_clocks(self) -> None:
        name = random.choice(list(self.crooked))  # noqa: S311
        verifier = self.crooked[name]
        for token in self.tokens[self.newest][0], random.choice(self.invented):  # noqa: S311
            fetches, began = verifier.keys[0].fetches, time.monotonic()
            outcome = outcome_of(verifier, token)
            if verifier.keys[0].fetches - fetches > MOST_FETCHES_OF_A_CALL:
                self.errors.append(f"clock {name}: one call caused too many fetches")
            if time.monotonic() - began > LONGEST_CALL_SECONDS:
                self.errors.append(f"clock {name}: a call took too long")
            if outcome is None and token in self.invented:
                self.errors.append("accepted an invented kid")
            self.counts["calls with clocks that disagree"] += 1
        time.sleep(0.01)

    def nest(self) -> None:
        """Nesting that overflows the stack of this thread unless it is refused before it is parsed."""
        for token in self.nested:
            self._refuse("tokens nested too deep", token)
        time.sleep(0.2)

    def flood_at_once(self) -> None:
        """More invented kids at once than the memory of missing kids has places."""

        async def together() -> list[Any]:
            calls = (self.verifier.verify_async(token) for token in self.invented[:1500])
            return await asyncio.gather(*calls, return_exceptions=True)

        outcomes = asyncio.run(together())
        self.counts["invented kids"] += len(outcomes)
        if not all(isinstance(outcome, CognitoJWTError) for outcome in outcomes):
            self.errors.append("an invented kid met neither of the promised errors")
        time.sleep(1)

    def flood(self) -> None:
        for token in random.sample(self.invented, 50):
            self._refuse("invented kids", token)
        time.sleep(0.01)

    def verify_in_loops(self) -> None:
        """An event loop for each round, as Flask has one for each request; some tasks give up."""
        which = self.newest
        kid, known = self.pools[which].signing_key.kid, kids(self.verifier)

        async def impatient(token: str) -> None:
            try:
                await asyncio.wait_for(self.verifier.verify_async(token), random.choice([0.001, 5]))  # noqa: S311
            except asyncio.TimeoutError:
                self.counts["tasks that gave up"] += 1
            except CognitoJWTError as error:
                self._judge(kid, known, error.code, self.verifier)
            else:
                self._judge(kid, known, None, self.verifier)

        async def together() -> None:
            tokens = [*self.tokens[which][:15], *random.sample(self.invented, 5)]
            await asyncio.gather(*(impatient(token) for token in tokens[:15]))
            await asyncio.gather(*(self.verifier.verify_async(token) for token in tokens[15:]), return_exceptions=True)

        asyncio.run(together())
        time.sleep(0.02)

    def rotate(self) -> None:
        time.sleep(self.random.uniform(0.5, 4))
        self.newest = (self.newest + 1) % KEYS
        self._order(newest=self.newest)
        self.counts["rotations"] += 1
        began, was_healthy = time.monotonic(), self.is_healthy
        while was_healthy and self.is_healthy:
            if outcome_of(self.verifier, self.tokens[self.newest][0]) is None:
                self.latencies.append(time.monotonic() - began)
                break
            if time.monotonic() - began > LATEST_ROTATION_SECONDS:
                self.errors.append("a rotation was not honoured in time")
                break
            time.sleep(0.005)

    def fail(self) -> None:
        time.sleep(self.random.uniform(1, 6))
        self.is_healthy = False
        self._order(**self.random.choice(OUTAGES))
        self.counts["outages"] += 1
        time.sleep(self.random.uniform(0.2, 5))
        self._order()
        self._recover()
        self.is_healthy = True

    def _recover(self) -> None:
        """Wait until every verifier is healthy again, and accepts the newest key."""
        began = time.monotonic()
        unhealthy = dict(self.verifiers)
        while unhealthy:
            for name, verifier in tuple(unhealthy.items()):
                if outcome_of(verifier, self.tokens[self.newest][0]) is None and not verifier.keys[0].failures:
                    del unhealthy[name]
            if time.monotonic() - began > LATEST_RECOVERY_SECONDS:
                for name, verifier in unhealthy.items():
                    self.errors.append(f"not healthy in time after an outage: {name or 'verifier'}: {verifier.keys[0]}")
                return
            time.sleep(0.005)
        self.recoveries.append(time.monotonic() - began)

    def fork(self) -> None:
        time.sleep(self.random.uniform(2, 8))
        hooks = self.random.choice(["all", "child", "none"])
        before = len(self.errors)
        child = fork_with(hooks)
        if child == 0:
            os._exit(self._in_child() if len(self.errors) == before else 4)  # 4: a hook of the fork failed
        deadline = time.monotonic() + 20
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, 9)
                os.waitpid(child, 0)
                if hooks == "none":
                    # Without hooks the interpreter can hang by itself: its lock is inherited with waiting threads.
                    self.counts["forked children that hung (hooks: none)"] += 1
                else:
                    self.errors.append(f"a forked child hung (hooks: {hooks})")
                return
            time.sleep(0.01)
        self.counts[f"forked children (hooks: {hooks})"] += 1
        if ended[1] != 0:
            self.errors.append(f"a forked child failed (hooks: {hooks}): {ended[1]}")

    def _in_child(self) -> int:
        known = kids(self.verifier)
        for pool, tokens in zip(self.pools, self.tokens, strict=True):
            outcome = outcome_of(self.verifier, tokens[1])
            if outcome is not None and pool.signing_key.kid in known & kids(self.verifier):
                return 2
        return 0 if outcome_of(self.verifier, self.invented[0]) is not None else 3

    def _order(self, **order: object) -> None:
        with self.ordering:
            self.pipe.send(order or {"status": 200})
            self.pipe.recv()


def verifier_of(url: str, **options: Any) -> CognitoVerifier:
    return CognitoVerifier(POOL_ID, client_id=CLIENT_ID, token_use="access", jwks=url, key_settings=SETTINGS, **options)


def outcome_of(verifier: CognitoVerifier, token: str) -> str | None:
    """Return the code of the refusal, None where there was none."""
    try:
        verifier.verify(token)
    except CognitoJWTError as error:
        return error.code
    return None


def kids(verifier: CognitoVerifier) -> set[str]:
    return set(verifier.keys[0].kids)


def fork_with(hooks: str) -> int:
    """Fork as Python does, or as servers in C do: some call no hook, others only that of the child."""
    if hooks == "all":
        return os.fork()
    child = int(ctypes.PyDLL(None).fork())
    if child == 0 and hooks == "child":
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return child


def resident_mib() -> float:
    """Return the memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def report(soak: Soak, minutes: float) -> int:
    """Print the results and return the exit code."""
    memory = soak.memory
    fifth = max(1, len(memory) // 5)
    early, late = statistics.median(memory[fifth : 2 * fifth] or memory), statistics.median(memory[-fifth:])
    if late - early > MOST_GROWTH_MIB:
        soak.errors.append(f"memory grew by {late - early:.1f} MiB")
    if soak.most_threads > MOST_THREADS:
        soak.errors.append(f"there were {soak.most_threads} threads")
    print(f"{minutes:g} minutes, Python {sys.version.split()[0]}")
    for name, count in sorted(soak.counts.items()):
        print(f"  {name}: {count:,}")
    for what, seconds, bound in (
        ("rotations honoured after", soak.latencies, f"cooldown {SETTINGS.cooldown_seconds:g} s"),
        ("healthy again after an outage", soak.recoveries, f"promised {LATEST_RECOVERY_SECONDS:g} s"),
    ):
        if seconds:
            median, latest = statistics.median(seconds), max(seconds)
            print(f"  {what}: median {median:.2f} s, latest {latest:.2f} s ({len(seconds)} measured, {bound})")
    print(
        f"  memory: {early:.1f} MiB in the second fifth, {late:.1f} MiB in the last; most threads {soak.most_threads}"
    )
    for message, times in Counter(soak.errors).most_common(20):
        print(f"  FAILED {times} times: {message}")
    print("failed" if soak.errors else "every promise held")
    return 1 if soak.errors else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Soak key retrieval in trouble.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on: a process with threads forks, which is meant
    logging.getLogger("cognito_jwt_core").setLevel(logging.CRITICAL)  # the outages are meant
    threading.stack_size(STACK_BYTES)  # of every thread from now on
    soak = Soak(options.seed, options.minutes * 60)
    sys.unraisablehook = lambda found: soak.errors.append(f"unraisable: {found.exc_value!r} in {found.object!r}")
    soak.run()
    return report(soak, options.minutes)


if __name__ == "__main__":
    sys.exit(main())
