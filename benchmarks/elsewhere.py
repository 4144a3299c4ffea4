"""What is measured in other processes: aws-jwt-verify in Node, start-up, and Flask apps on this version and on 1.21."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from material import Material

HERE = Path(__file__).resolve().parent
NODE_PEER = "aws-jwt-verify"
FLASK_1 = ("Flask-Cognito==1.21", "cognitojwt[sync]==1.4.1", "python-jose[cryptography]")
SAME = ("cryptography", "flask", "gunicorn", "werkzeug")  # in the same versions for both
MODULES_OF_JWCRYPTO = "import jwcrypto.jwk, jwcrypto.common"
IMPORT = """
import sys, time
begin = time.process_time()
{statement}
print(time.process_time() - begin, "requests" in sys.modules)
"""
COLD_START = """
import sys, time
from cognito_jwt_core import CognitoVerifier
pool_id, client_id, jwks, token = sys.argv[1:]
CognitoVerifier(pool_id, client_id=client_id, token_use="access", jwks=jwks).verify(token)
print(time.monotonic(), time.process_time())
"""


class UnavailableError(Exception):
    """It cannot be measured here; the message says why."""


def time_node(material: Material, folder: Path, rounds: int) -> dict[str, Any]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise UnavailableError("no Node.js here")
    shutil.copy(HERE / "peers" / "package.json", folder)
    shutil.copy(HERE / "node_speed.mjs", folder)
    install = [npm, "install", "--silent", "--no-fund", "--no-audit"]
    if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
        raise UnavailableError("npm could not install it")
    pool = material.pool
    question = {
        "id": pool.id,
        "client": pool.client_id,
        "jwks": pool.jwk_set,
        "tokens": [token.decode() for batch in material.batches for token in batch],
        "rounds": rounds,
    }
    found: dict[str, Any] = json.loads(_ask([node, "node_speed.mjs"], question, cwd=folder))
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return {**found, "version": package["dependencies"][NODE_PEER]}


def time_imports(rounds: int) -> tuple[float, float]:
    """How much longer our import takes than that of the modules of jwcrypto, and its milliseconds."""
    _import_seconds("import cognito_jwt_core")  # which leaves compiled modules behind, as an installation does
    ours = [(_import_seconds("import cognito_jwt_core"), _import_seconds(MODULES_OF_JWCRYPTO)) for _ in range(rounds)]
    return statistics.median(own / theirs for own, theirs in ours), statistics.median(own for own, _ in ours) * 1e3


def _import_seconds(statement: str) -> float:
    seconds, requests = _start([sys.executable, "-c", IMPORT.format(statement=statement)]).split()
    if requests == "True":
        raise AssertionError("requests is imported before the first fetch")
    return float(seconds)


class ColdStart(NamedTuple):
    """Milliseconds from the start of a process to its first verified token."""

    wall: float
    processor: float
    bare: float
    """What Python takes that does nothing, of the processor."""


def time_cold_start(material: Material, folder: Path, rounds: int) -> ColdStart:
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(material.pool.jwk_set), encoding="utf-8")
    arguments = [material.pool.id, material.pool.client_id, str(jwks), material.seen[0].decode()]
    found = []
    for _ in range(rounds + 1):
        begin = time.monotonic()
        verified_at, processor = map(float, _start([sys.executable, "-c", COLD_START, *arguments]).split())
        bare = float(_start([sys.executable, "-c", "import time; print(time.process_time())"]))
        found.append((verified_at - begin, processor, bare))
    return ColdStart(*(statistics.median(column) * 1e3 for column in zip(*found[1:], strict=True)))


@dataclass(frozen=True)
class FlaskSide:
    """A Python that has one of the versions of Flask-Cognito, and what its app is to be told."""

    python: str
    environment: dict[str, str]

    def time_requests(self, material: Material, rounds: int) -> dict[str, float]:
        """What authentication adds, in parts of an open request; and the microseconds of that."""
        tokens = [[token.decode() for token in batch] for batch in material.batches]
        question = {"seen": [token.decode() for token in material.seen], "new": tokens, "rounds": rounds}
        answer: dict[str, float] = json.loads(
            _ask([self.python, "flask_app.py"], question, cwd=HERE, env=self.environment)
        )
        return answer


def this_flask(material: Material, folder: Path) -> FlaskSide:
    return FlaskSide(sys.executable, _app_environment(material, folder))


def old_flask(material: Material, folder: Path) -> FlaskSide:
    venv = folder / "flask-cognito-1.21"
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    same = [f"{name}=={version(name)}" for name in SAME]
    steps = [
        [sys.executable, "-m", "venv", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", *FLASK_1, *same],
    ]
    for step in steps:
        if subprocess.run(step, capture_output=True, check=False).returncode:
            raise UnavailableError("Flask-Cognito 1.21 could not be installed")
    return FlaskSide(str(python), _app_environment(material, folder))


def _app_environment(material: Material, folder: Path) -> dict[str, str]:
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(material.pool.jwk_set), encoding="utf-8")
    config = {
        "COGNITO_REGION": material.pool.region,
        "COGNITO_USERPOOL_ID": material.pool.id,
        "COGNITO_APP_CLIENT_ID": material.pool.client_id,
    }
    return {
        **os.environ,
        "AWS_COGNITO_JWKS_PATH": str(jwks),
        "BENCH_CONFIG": json.dumps(config),
        "PYTHONWARNINGS": "ignore",
    }


def _start(command: list[str]) -> str:
    """What a Python prints that may keep the modules that it compiles."""
    return _run(command, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})


def _ask(command: list[str], question: object, **options: Any) -> str:
    return _run(command, input=json.dumps(question), **options)


def _run(command: list[str], **options: Any) -> str:
    return str(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout)
