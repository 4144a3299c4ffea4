"""Sends requests while name lookups hang, and after. Called with a URL whose host is a name."""

import socket
import sys
import threading
import time
from typing import Any

from cognito_jwt_core.http import HTTPRequestError, Request

url = sys.argv[1]
looked_up: list[object] = []
are_well = threading.Event()
look_up = socket.getaddrinfo


def hang(*arguments: Any, **options: Any) -> Any:
    looked_up.append(arguments)
    are_well.wait()
    return look_up(*arguments, **options)


socket.getaddrinfo = hang


def refused() -> bool:
    try:
        Request("GET", url, timeout_seconds=0.05, max_bytes=1000).send()
    except HTTPRequestError:
        return True
    return False


while len(looked_up) < 8:
    assert refused()
assert refused()
assert len(looked_up) == 8  # the last one did not even begin

are_well.set()
deadline = time.monotonic() + 20
while refused():
    assert time.monotonic() < deadline
    time.sleep(0.01)
