"""Virtual environments for the checks, made by the uv that hatch brings along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cognito-jwt-core", "flask-cognito")


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=cwd, check=True, stdin=subprocess.DEVNULL)


def answer(python: Path, question: str) -> str:
    """What that Python prints for a line of code; nothing if it does not work."""
    asked = subprocess.run([str(python), "-c", question], check=False, capture_output=True, text=True)
    return asked.stdout.strip()


def test_tools() -> list[str]:
    """What the tests need beside the packages: the dependencies of hatch's test environment."""
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    return list(environments["test"]["dependencies"])


class Venv:
    """A virtual environment with nothing in it, not even pip."""

    def __init__(self, folder: Path, python: Path | str = sys.executable) -> None:
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        run("uv", "venv", "--quiet", "--python", python, folder)

    def install(self, *requirements: str | Path) -> None:
        run("uv", "pip", "install", "--quiet", "--python", self.python, *requirements)

    def site_packages(self) -> str:
        return answer(self.python, "import sysconfig; print(sysconfig.get_path('purelib'))")
