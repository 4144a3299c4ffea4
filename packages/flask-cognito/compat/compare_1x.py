"""Ask the same app on Flask-Cognito 1.21 and on this version, and compare.

Where 1.21 answers rightly, this version must answer the same. Where it does not, the two answers are listed, and this
version's must be right. 1.21 is installed from PyPI into a virtual environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from cases import Case, after_rotation, cases, without_keys
from cognito_jwt_core.testing import LocalUserPool

HERE = Path(__file__).resolve().parent
OLD = ("Flask-Cognito==1.21", "cognitojwt[sync]==1.4.1", "flask[async]")


class Running(AbstractContextManager["Running"]):
    """The app in a process, on one of the versions."""

    def __init__(self, python: Path | str, jwks: Path | str) -> None:
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(HERE / "app_1x.py")],
            env={**os.environ, "AWS_COGNITO_JWKS_PATH": str(jwks)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, case: Case) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(vars(case)) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


class Comparison:
    """What has been found so far."""

    def __init__(self) -> None:
        self.same = 0
        self.better: list[str] = []
        self.failures: list[str] = []

    def compare(self, old: Running, new: Running, asked: Iterable[Case]) -> None:
        for case in asked:
            before, after = old.ask(case), new.ask(case)
            if before["status"] == case.right:
                self.same += 1
                if told(before) != told(after):
                    self.failures.append(f"{case.name}: 1.21 answers {told(before)}, this version {told(after)}")
            else:
                self.better.append(f"{case.name}: {before['status']} instead of {case.right}")
                if after["status"] != case.right:
                    self.failures.append(f"{case.name}: expected {case.right}, this version answers {told(after)}")


def told(answer: dict[str, Any]) -> tuple[Any, ...]:
    """Return what clients of 1.21 may rely on: status, body and the app's headers; for a refusal, the error's name.

    The description of a refusal was the text of an exception, and varied with the version of a library.
    """
    status, body = answer["status"], answer["body"]
    if status in (401, 403) and body is not None:
        return status, body["error"], answer["headers"].get("X-Why")
    return status, body


def install_old(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-input", *OLD], check=True)
    return python


def main() -> int:
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
    found = Comparison()
    with tempfile.TemporaryDirectory() as folder:
        jwks = Path(folder, "jwks.json")
        jwks.write_text(json.dumps(pool.jwk_set))
        old_python = install_old(Path(folder, "venv"))
        with Running(old_python, jwks) as old, Running(sys.executable, jwks) as new:
            found.compare(old, new, cases(pool))
            pool.rotate_key()
            jwks.write_text(json.dumps(pool.jwk_set))
            found.compare(old, new, after_rotation(pool))
        with pool.serve() as url:
            pass
        with Running(old_python, url) as old, Running(sys.executable, url) as new:
            found.compare(old, new, without_keys(pool))
    print(f"{found.same} requests that 1.21 answers rightly: the same answer")
    print(f"{len(found.better)} requests that it does not:")
    print(*(f"  {line}" for line in found.better), sep="\n")
    if found.failures:
        print(f"{len(found.failures)} FAILED:")
        print(*(f"  {line}" for line in found.failures), sep="\n")
    return int(bool(found.failures))


if __name__ == "__main__":
    sys.exit(main())
