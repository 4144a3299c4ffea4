"""An app that fetches keys before uWSGI forks its workers, or is fetching them at that moment (`KEYS_AT_FORK`).

`KEYS_URL` and `KEYS_POOL` say which.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable

from cognito_jwt_core import CognitoJWTError, CognitoVerifier, KeySettings

verifier = CognitoVerifier(
    os.environ["KEYS_POOL"],
    client_id=None,
    token_use="access",
    jwks=os.environ["KEYS_URL"],
    key_settings=KeySettings(timeout_seconds=20),  # a busy machine is not what fails here
)
if os.environ["KEYS_AT_FORK"] == "fetched":
    verifier.prefetch()
else:
    threading.Thread(target=verifier.prefetch, daemon=True).start()
    while verifier.keys[0].fetches == 0:
        time.sleep(0.001)
    time.sleep(0.3)  # until every thread waits: without hooks no child survives a fork beside threads that run
loaded_in = os.getpid()


def application(
    environ: dict[str, str], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    try:
        answer = verifier.verify(environ.get("HTTP_AUTHORIZATION", "")).username or ""
    except CognitoJWTError as error:
        answer = error.code
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{answer} {os.getpid() != loaded_in}".encode()]
