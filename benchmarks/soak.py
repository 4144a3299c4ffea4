"""A soak of key retrieval: minutes of outages, floods, rotations and forks at random, with every answer checked.

    hatch run soak [--minutes 10] [--seed 1]

The times of `KeySettings` are a few hundred times shorter than by default, so that ten minutes hold what days would.
The key server is a process of its own, and the process under test holds nothing but verifiers and tokens. It fails
when an authentic token is refused whose key was known before and after, when a forged or invented one is accepted,
when a rotation is honoured too late, when a forked child does not verify, or when memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
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
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cognito_jwt_core import CognitoJWTError, CognitoVerifier, KeySettings
from cognito_jwt_core.testing import MISBEHAVIOURS, JWKSServer, LocalUserPool
from jwcrypto.jwk import JWK

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
MOST_GROWTH_MIB = 8.0

OUTAGES: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 404},
    {"hold": True},
    {"delay_seconds": 0.4},
    {"delay_seconds": 1.0},
    {"drip": "headers", "drip_seconds": 0.01},
    {"drip": "body", "drip_seconds": 0.01},
    {"body": {"keys": []}},
    *({"misbehaviour": name} for name in MISBEHAVIOURS),
]


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
    """Everything that goes on at once, and what came of it."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.ends_at = time.monotonic() + seconds
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.ordering = threading.Lock()
        self.latencies: list[float] = []
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
        self.forged = [pool.badly_signed_token(expires_in=86_400) for pool in self.pools]
        self.pipe, theirs = multiprocessing.Pipe()
        public = [dict(pool.signing_key.public_jwk) for pool in self.pools]
        self.server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, public), daemon=True)
        self.server.start()
        url: str = self.pipe.recv()
        self.is_healthy = True
        self.newest = 0
        self.verifier = CognitoVerifier(
            POOL_ID, client_id=CLIENT_ID, token_use="access", jwks=url, key_settings=SETTINGS, cache_size=256
        )

    def run(self) -> None:
        self.verifier.prefetch()
        workers = [self.verify_good] * 4 + [self.flood] * 2 + [self.verify_in_loops, self.rotate, self.fail, self.fork]
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
        self.counts["fetches"] = self.verifier.keys[0].fetches

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self.ends_at:
                work()
        except Exception as error:  # noqa: BLE001  whatever it is, the soak has failed
            self.errors.append(f"{work.__name__}: {error!r}")

    def _outcome_of(self, token: str) -> str | None:
        """The code of the refusal, None where there was none."""
        try:
            self.verifier.verify(token)
        except CognitoJWTError as error:
            return error.code
        return None

    def _known(self) -> set[str]:
        return set(self.verifier.keys[0].kids)

    def _judge(self, kid: str, known_before: set[str], outcome: str | None) -> None:
        was_known = kid in known_before and kid in self._known()
        self.counts["verified" if outcome is None else f"refused: {outcome}"] += 1
        if was_known and outcome is not None:
            self.errors.append(f"refused though its key was known: {outcome}")

    def verify_good(self) -> None:
        which = random.randrange(KEYS)  # noqa: S311
        kid, known = self.pools[which].signing_key.kid, self._known()
        for token in random.sample(self.tokens[which], 10):
            self._judge(kid, known, self._outcome_of(token))
            known = self._known()
        if self._outcome_of(self.forged[which]) is None:
            self.errors.append("accepted a forged token")
        time.sleep(0.005)

    def flood(self) -> None:
        for token in random.sample(self.invented, 50):
            if self._outcome_of(token) is None:
                self.errors.append("accepted an invented kid")
            self.counts["invented kids"] += 1
        time.sleep(0.01)

    def verify_in_loops(self) -> None:
        """An event loop for each round, as Flask has one for each request; some tasks give up."""
        which = self.newest
        kid, known = self.pools[which].signing_key.kid, self._known()

        async def impatient(token: str) -> None:
            try:
                await asyncio.wait_for(self.verifier.verify_async(token), random.choice([0.001, 5]))  # noqa: S311
            except asyncio.TimeoutError:
                self.counts["tasks that gave up"] += 1
            except CognitoJWTError as error:
                self._judge(kid, known, error.code)
            else:
                self._judge(kid, known, None)

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
            if self._outcome_of(self.tokens[self.newest][0]) is None:
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
        time.sleep(self.random.uniform(0.2, 4))
        self._order()
        time.sleep(SETTINGS.backoff_max_seconds + SETTINGS.timeout_seconds)  # what is on its way may still fail
        self.is_healthy = True

    def fork(self) -> None:
        time.sleep(self.random.uniform(2, 8))
        if not hasattr(os, "fork"):
            return
        child = os.fork()
        if child == 0:
            os._exit(self._in_child())
        deadline = time.monotonic() + 20
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, 9)
                self.errors.append("a forked child hung")
                os.waitpid(child, 0)
                return
            time.sleep(0.01)
        self.counts["forked children"] += 1
        if ended[1] != 0:
            self.errors.append(f"a forked child failed: {ended[1]}")

    def _in_child(self) -> int:
        known = self._known()
        for pool, tokens in zip(self.pools, self.tokens, strict=True):
            outcome = self._outcome_of(tokens[1])
            if outcome is not None and pool.signing_key.kid in known & self._known():
                return 2
        return 0 if self._outcome_of(self.invented[0]) is not None else 3

    def _order(self, **order: object) -> None:
        with self.ordering:
            self.pipe.send(order or {"status": 200})
            self.pipe.recv()


def resident_mib() -> float:
    """Memory of this process."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:  # no Linux
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def report(soak: Soak, minutes: float) -> int:
    """Print what came of it; answers the exit code."""
    memory = soak.memory
    fifth = max(1, len(memory) // 5)
    early, late = statistics.median(memory[fifth : 2 * fifth] or memory), statistics.median(memory[-fifth:])
    if late - early > MOST_GROWTH_MIB:
        soak.errors.append(f"memory grew by {late - early:.1f} MiB")
    print(f"{minutes:g} minutes, Python {sys.version.split()[0]}")
    for name, count in sorted(soak.counts.items()):
        print(f"  {name}: {count:,}")
    if soak.latencies:
        ranked = sorted(soak.latencies)
        print(
            f"  rotations honoured after: median {statistics.median(ranked) * 1000:.0f} ms,"
            f" latest {ranked[-1] * 1000:.0f} ms ({len(ranked)} measured, cooldown {SETTINGS.cooldown_seconds:g} s)"
        )
    print(
        f"  memory: {early:.1f} MiB in the second fifth, {late:.1f} MiB in the last; most threads {soak.most_threads}"
    )
    for message, times in Counter(soak.errors).most_common(20):
        print(f"  FAILED {times} times: {message}")
    print("failed" if soak.errors else "no authentic token was refused while its key was known")
    return 1 if soak.errors else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Soak key retrieval in trouble.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on: a process with threads forks, which is meant
    logging.getLogger("cognito_jwt_core").setLevel(logging.CRITICAL)  # the outages are meant
    soak = Soak(options.seed, options.minutes * 60)
    soak.run()
    return report(soak, options.minutes)


if __name__ == "__main__":
    sys.exit(main())
