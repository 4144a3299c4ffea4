"""Measurements in other processes: cold start, and Flask apps on this version and on Flask-Cognito 1.21."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from libraries import HERE, UnavailableError
from material import Material

COLD_START = """
import sys, time
from cognito_jwt_core import CognitoVerifier
pool_id, client_id, jwks, token = sys.argv[1:]
CognitoVerifier(pool_id, client_id=client_id, token_use="access", jwks=jwks).verify(token)
print(time.process_time())
"""
PASSES = 3


class Added(NamedTuple):
    """Microseconds that an open request takes, and that authentication adds to it."""

    open: float
    seen: float
    new: float


def time_cold_start(material: Material, folder: Path, rounds: int) -> float:
    """Return the processor time, in milliseconds, of a process up to its first verified token, with compiled modules.

    It is the least of the rounds: others on the machine can only add to it.
    """
    pool = material.pool
    arguments = [pool.id, pool.client_id, str(_key_file(material, folder)), material.seen[0].decode()]
    command = [sys.executable, "-c", COLD_START, *arguments]
    return min(float(_run(command, PYTHONDONTWRITEBYTECODE="")) for _ in range(rounds + 1)) * 1e3


def python_of_old() -> str:
    """Return the interpreter of the environment that has Flask-Cognito 1.21, which hatch installs if needed."""
    command = ["hatch", "--env", "flask-cognito-1", "run", "python", "-c", "import sys; print(sys.executable)"]
    try:
        return _run(command).splitlines()[-1]
    except (OSError, subprocess.CalledProcessError):
        raise UnavailableError("hatch could not install it") from None


def time_flask(material: Material, folder: Path, rounds: int, pythons: list[str]) -> list[Added]:
    """Measure the app on each interpreter: several passes in turn, of which the median is taken."""
    pool, jwks = material.pool, _key_file(material, folder)
    config = {
        "COGNITO_REGION": pool.region,
        "COGNITO_USERPOOL_ID": pool.id,
        "COGNITO_APP_CLIENT_ID": pool.client_id,
    }
    question = json.dumps(
        {
            "config": config,
            "seen": [token.decode() for token in material.seen],
            "new": [[token.decode() for token in batch] for batch in material.batches],
            "rounds": rounds,
        }
    )
    found: list[list[Added]] = [[] for _ in pythons]
    for _ in range(PASSES):
        for python, passes in zip(pythons, found, strict=True):
            answer = _run([python, str(HERE / "flask_app.py")], question, AWS_COGNITO_JWKS_PATH=str(jwks))
            passes.append(Added(**json.loads(answer)))
    return [Added(*map(statistics.median, zip(*passes, strict=True))) for passes in found]


def _key_file(material: Material, folder: Path) -> Path:
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(material.pool.jwk_set), encoding="utf-8")
    return jwks


def _run(command: list[str], question: str = "", **environment: Any) -> str:
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", **environment}
    done = subprocess.run(command, input=question, stdout=subprocess.PIPE, text=True, check=True, env=environ)
    return done.stdout
