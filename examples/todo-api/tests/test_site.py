from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]


def test_health_needs_no_token(ask: Ask) -> None:
    answer = ask(None, "GET", "/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
