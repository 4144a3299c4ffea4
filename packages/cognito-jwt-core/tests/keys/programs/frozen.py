"""Is stopped in the middle of a refresh, as a Lambda between two requests, and goes on much later.

Called with the URL of the keys, the pool's id, and tokens: one of the key before the stop, one of the key after it.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests  # noqa: F401  imported before the first fetch, whose deadline is short here
from cognito_jwt_core import CognitoVerifier, KeySettings

url, pool_id, before, after = sys.argv[1:]
settings = KeySettings(
    timeout_seconds=0.8, default_max_age_seconds=0.001, min_max_age_seconds=0.001, max_idle_seconds=1
)
verifier = CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=url, key_settings=settings)


def next_step(done: str) -> None:
    sys.stdout.write(done + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


verifier.prefetch()
next_step("prefetched")
time.sleep(0.01)
verifier.verify(before)  # past its lifetime: a refresh begins
with ThreadPoolExecutor() as executor:
    waiting = executor.submit(verifier.prefetch)
    next_step("refreshing")
    waiting.result()
verifier.verify(after)
assert verifier.keys[0].failures == 0, verifier.keys
