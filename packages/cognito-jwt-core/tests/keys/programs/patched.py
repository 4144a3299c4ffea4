"""What gevent patches before all else, as its workers do: one fetch for many greenlets, and the hub goes on.

Called with the URL of the keys, the pool's id, and tokens: one to verify, one with an invented `kid`.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import threading  # noqa: E402

import gevent  # noqa: E402
from cognito_jwt_core import (  # noqa: E402
    Claims,
    CognitoVerifier,
    KeySettings,
    UnknownKeyError,
)

url, pool_id, token, invented = sys.argv[1:]
settings = KeySettings(timeout_seconds=20)
verifier = CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=url, key_settings=settings)
ticks = 0


def tick() -> None:
    global ticks  # noqa: PLW0603
    while True:
        gevent.sleep(0.005)
        ticks += 1


ticking = gevent.spawn(tick)
waiting = [gevent.spawn(verifier.verify, token) for _ in range(100)]
threads = [threading.Thread(target=verifier.verify, args=(token,)) for _ in range(10)]
for thread in threads:
    thread.start()
gevent.joinall(waiting)
for thread in threads:
    thread.join()

assert all(isinstance(greenlet.value, Claims) for greenlet in waiting)
assert verifier.keys[0].fetches == 1, verifier.keys
assert ticks >= 10, ticks  # the server takes a fifth of a second

try:
    verifier.verify(invented)
except UnknownKeyError:
    assert verifier.keys[0].fetches == 2
else:
    raise AssertionError("an invented kid was accepted")

ticking.kill()
