"""Run the packages' tests on every supported Python that this machine has, and on the lowest allowed dependencies.

Usage: check_pythons.py [VERSION | lowest]...    without arguments: all but this one, which `hatch run test` uses
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from venvs import IN_PARALLEL, PACKAGES, ROOT, Venv, answer, run, test_tools, with_extras

SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
LOWEST = "lowest"


def candidates(version: str) -> Iterator[Path]:
    """On PATH, among pyenv's, beside the Python that runs this."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in (pyenv, Path(sys.base_prefix).parent):
        yield from sorted(folder.glob(f"{version}.*/bin/python{version}"))


def find(version: str) -> Path | None:
    """The interpreter of that version, if one is here and works: pyenv puts commands on PATH that do not."""
    for python in candidates(version):
        said = answer(python, "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)")
        found, _, executable = said.partition(" ")
        if found == version:
            return Path(executable)
    return None


# Some of the oldest releases, of redis for one, leave their sockets to the garbage collector, which warns of them.
LEFT_OPEN = ("-W", "ignore::pytest.PytestUnraisableExceptionWarning")


def check(name: str, python: Path, *options: str, tests_options: tuple[str, ...] = ()) -> str:
    """Run the tests there, and return the line in which pytest counts them."""
    with tempfile.TemporaryDirectory() as folder:
        venv = Venv(Path(folder) / "venv", python)
        venv.install(*options, *test_tools(), *(with_extras(package, f"./packages/{package}") for package in PACKAGES))
        tests = [f"packages/{package}/tests" for package in PACKAGES]
        process = subprocess.Popen(
            [venv.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests_options, *IN_PARALLEL, *tests],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        count = "no tests"
        for line in process.stdout:
            print(line, end="", flush=True)
            if re.search(r"\d+ (passed|failed|error)", line):
                count = line.strip(" =\n")
        if process.wait():
            run("uv", "pip", "list", "--python", venv.python)
            count = f"FAILED: {count}"
        return f"{name}: {count}"


def main(*wanted: str) -> int:
    results = []
    this = "{}.{}".format(*sys.version_info)
    for version in wanted or (*(version for version in SUPPORTED if version != this), LOWEST):
        python = find(SUPPORTED[0] if version == LOWEST else version)
        if python is None:
            results.append(f"{version}: not on this machine" + (", FAILED" if wanted else ""))
        elif version == LOWEST:
            results.append(check(version, python, "--resolution", "lowest-direct", tests_options=LEFT_OPEN))
        else:
            results.append(check(version, python))
    print(*results, sep="\n")
    return int(any("FAILED" in result for result in results))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
