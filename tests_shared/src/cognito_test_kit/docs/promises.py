"""What the documentation's `pip` and `hatch` lines promise: that there is such a distribution, extra or script.

Installing from the index would test the last release, and running the scripts would test them in themselves.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HATCH = Path(__file__).resolve().parents[4] / "hatch.toml"


def environments() -> dict[str, Any]:
    hatch: dict[str, dict[str, Any]] = tomllib.loads(_HATCH.read_text(encoding="utf-8"))
    return hatch["envs"]


def check_requirement(text: str) -> None:
    requirement = Requirement(text)
    distribution = metadata.distribution(requirement.name)
    assert requirement.specifier.contains(distribution.version), f"{text}: here is {distribution.version}"
    extras = set(distribution.metadata.get_all("Provides-Extra") or ())
    assert requirement.extras <= extras, f"{text}: the extras are {sorted(extras)}"


def check_script(name: str) -> None:
    environment, _, script = name.rpartition(":")
    assert script in environments()[environment or "default"]["scripts"], f"hatch.toml has no script {name}"


def main(tool: str, verb: str, *arguments: str) -> None:
    names = [argument for argument in arguments if not argument.startswith("-")]
    if tool == "pip":
        assert verb == "install", f"pip {verb}"
        for name in names:
            check_requirement(name)
    else:
        assert verb == "run", f"hatch {verb}"
        check_script(names[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
