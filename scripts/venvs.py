"""Virtual environments for the checks, made by the uv that hatch brings along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cognito-jwt-core", "flask-cognito")
IN_PARALLEL = ("--numprocesses", "2", "--dist", "worksteal")  # of pytest-xdist, which is among the test tools


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=cwd, check=True, stdin=subprocess.DEVNULL)


def answer(python: Path, question: str) -> str:
    """Return what that Python prints for a line of code, or an empty text if it fails."""
    asked = subprocess.run([str(python), "-c", question], check=False, capture_output=True, text=True)
    return asked.stdout.strip()


def test_environment() -> dict[str, Any]:
    environments: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    return environments["test"]


def test_tools() -> list[str]:
    """Return what the tests need beside the packages: dependencies of hatch's test environment, and the test kit."""
    return [*test_environment()["dependencies"], str(ROOT / "tests_shared")]


def with_extras(package: str, distribution: str | Path) -> str:
    """Return the requirement of a package with the extras that its tests need."""
    members = test_environment()["workspace"]["members"]
    (member,) = (one for one in members if isinstance(one, dict) and one["path"] == f"packages/{package}")
    return f"{distribution}[{','.join(member['features'])}]"


def build(folder: Path) -> list[Path]:
    """Build both distributions of each package into that folder.

    Returns:
        The wheels, in the order of PACKAGES.
    """
    run("hatch", "build", "--all", "--target", "sdist", "--target", "wheel", folder)
    return [next(folder.glob(f"{package.replace('-', '_')}-*.whl")) for package in PACKAGES]


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
