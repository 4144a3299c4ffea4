"""Forks while threads use the key of a load balancer; each child then has to verify.

Called with the URL of the keys, the ARN, the issuer, and two tokens: of a key that the parent holds, and of another.
"""

from __future__ import annotations

import sys
import threading

from cognito_jwt_core import AlbVerifier, KeySettings
from cognito_test_kit.forked import in_child, waited_for

url, arn, issuer, held, new = sys.argv[1:]

settings = KeySettings(timeout_seconds=20)  # a busy machine is not what fails here
# Without a memory each verification takes the lock, to note that the key was used.
verifier = AlbVerifier(arn, client_id=None, issuer=issuer, keys_url=url, key_settings=settings, cache_size=0)
verifier.verify(held)
is_over = threading.Event()


def go_on() -> None:
    while not is_over.is_set():
        verifier.verify(held)


def check() -> None:
    verifier.verify(held)
    verifier.verify(new)


threads = [threading.Thread(target=go_on) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(10):
    waited_for(in_child(check))
is_over.set()
for thread in threads:
    thread.join()
