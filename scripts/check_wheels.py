"""Build what would be released, and use it as a stranger would: installed, with this repository out of sight.

The wheels go into an empty environment, which must hold nothing that is not needed, and the first example runs there.
`check_pythons.py` runs the tests of the source distributions against such wheels.

Usage: check_wheels.py [FOLDER]    with a folder, what was built is put there
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from venvs import PACKAGES, ROOT, Venv, build, run

DIRECT = {
    "cognito-jwt-core": {"cryptography", "jwcrypto", "requests", "urllib3"},
    "flask-cognito": {"cognito-jwt-core", "cryptography", "flask", "jwcrypto"},
}
FRAMEWORKS = {"django", "fastapi", "flask", "starlette", "werkzeug"}


def installed(venv: Venv) -> dict[str, metadata.Distribution]:
    distributions = metadata.distributions(path=[venv.site_packages()])
    return {canonicalize_name(distribution.name): distribution for distribution in distributions}


def requirements(distribution: metadata.Distribution) -> set[str]:
    every = map(Requirement, distribution.requires or ())
    return {canonicalize_name(one.name) for one in every if not one.marker or one.marker.evaluate({"extra": ""})}


def needed(root: str, here: dict[str, metadata.Distribution]) -> set[str]:
    found: set[str] = set()
    waiting = {root}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= requirements(here[name]) - found
    return found


def check_contents(venv: Venv, package: str) -> None:
    here = installed(venv)
    for name in DIRECT.keys() & here.keys():
        assert requirements(here[name]) == DIRECT[name], f"{name} requires {requirements(here[name])}"
    assert set(here) == needed(package, here), f"not needed by {package}: {set(here) - needed(package, here)}"
    assert package == "flask-cognito" or not FRAMEWORKS & set(here), f"{package} brings {FRAMEWORKS & set(here)}"
    print(package, "brings", *sorted(set(here) - {package}))


def main(*keep: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dist = folder / "dist"
        wheels = build(dist)
        alone = Venv(folder / "core")
        alone.install(wheels[0])
        check_contents(alone, PACKAGES[0])
        both = Venv(folder / "both")
        both.install(*wheels)
        check_contents(both, PACKAGES[1])
        run(both.python, "-I", ROOT / "scripts" / "first_use.py", cwd=folder)
        for target in keep:
            shutil.copytree(dist, ROOT / target, dirs_exist_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
