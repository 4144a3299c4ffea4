"""Check the `pip install` and `hatch run` lines of the documentation without carrying them out.

Each distribution, extra and script must exist. Installing from the index would test the last release, and running the
scripts would run the tests within the tests.
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
    """Return the environments in `hatch.toml` by name."""
    hatch: dict[str, dict[str, Any]] = tomllib.loads(_HATCH.read_text(encoding="utf-8"))
    return hatch["envs"]


def check_requirement(text: str) -> None:
    """Check that a requirement is installed, with its version and extras.

    Args:
        text: The requirement (PEP 508), such as `flask-cognito[redis]>=2`.

    Raises:
        AssertionError: If the installed distribution has another version or lacks an extra.
        PackageNotFoundError: If there is no such distribution.
    """
    requirement = Requirement(text)
    distribution = metadata.distribution(requirement.name)
    assert requirement.specifier.contains(distribution.version), f"{text}: here is {distribution.version}"
    extras = set(distribution.metadata.get_all("Provides-Extra") or ())
    assert requirement.extras <= extras, f"{text}: the extras are {sorted(extras)}"


def check_script(name: str) -> None:
    """Check that `hatch.toml` has a script.

    Args:
        name: Name of the script, with its environment if that is not the default: `docs:serve`.

    Raises:
        AssertionError: If there is no such script.
    """
    environment, _, script = name.rpartition(":")
    assert script in environments()[environment or "default"]["scripts"], f"hatch.toml has no script {name}"


def main(tool: str, verb: str, *arguments: str) -> None:
    """Check a command line.

    Args:
        tool: `"pip"` or `"hatch"`.
        verb: The subcommand: `"install"` for pip, `"run"` for hatch.
        *arguments: The rest of the line. Options are ignored.
    """
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
