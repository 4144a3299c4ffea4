"""The app does what its OpenAPI description says, whatever it is sent: what fits the description, and what does not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from todo_api.demo import running

Sign = Callable[..., str]


@pytest.mark.slow
def test_every_answer_is_as_described(app: Flask, sign: Sign, tmp_path: Path) -> None:
    who_may_do_everything = sign(scope="todo/stats", **{"cognito:groups": ["admin", "moderator"]})

    with running(app, 0) as url:
        schemathesis = subprocess.run(  # noqa: S603
            [
                *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{url}/openapi.json"),
                *("--header", f"Authorization: Bearer {who_may_do_everything}"),
                *("--checks", "all", "--max-examples", "10", "--generation-deterministic"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert schemathesis.returncode == 0, schemathesis.stdout
