"""Run the packages' tests on other Pythons: those of the source distributions, against the built wheels.

`lowest` is the oldest supported Python with the oldest dependencies that the packages allow.

Usage: check_pythons.py [VERSION | lowest]...    without arguments: `lowest`, and each newer Python that this machine
                                                 has but the one that `hatch run test` uses
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from venvs import IN_PARALLEL, PACKAGES, ROOT, Venv, answer, build, run, test_tools, with_extras

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


def unpack(dist: Path, folder: Path) -> list[Path]:
    """Unpack each source distribution without its `src`: its tests can only find what is installed.

    Returns:
        The folders of tests.
    """
    tests = []
    for source in sorted(dist.glob("*.tar.gz")):
        with tarfile.open(source) as archive:
            archive.extractall(folder)  # noqa: S202 - built by this very script
        unpacked = folder / source.name.removesuffix(".tar.gz")
        shutil.rmtree(unpacked / "src")
        for name in ("tests", "README.md", "CHANGELOG.md", "LICENSE"):
            assert (unpacked / name).exists(), f"{source.name} lacks {name}"
        tests.append(unpacked / "tests")
    return tests


def check(name: str, python: Path, folder: Path, wheels: Sequence[str], tests: Sequence[Path], *options: str) -> str:
    """Run the tests there, and return the line in which pytest counts them."""
    venv = Venv(folder / name, python)
    venv.install(*options, *test_tools(), *wheels)
    lenient = LEFT_OPEN if name == LOWEST else ()
    process = subprocess.Popen(
        [venv.python, "-m", "pytest", "-c", folder / "pytest.ini", "-q", *lenient, *IN_PARALLEL, *tests],
        cwd=folder,
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


def check_each(wanted: Sequence[str], folder: Path) -> Iterator[str]:
    wheels = [*map(with_extras, PACKAGES, build(folder / "dist"))]
    tests = unpack(folder / "dist", folder)
    shutil.copy(ROOT / "pytest.ini", folder)
    this = "{}.{}".format(*sys.version_info)
    for version in wanted or (LOWEST, *(version for version in SUPPORTED[1:] if version != this)):
        python = find(SUPPORTED[0] if version == LOWEST else version)
        if python is None:
            yield f"{version}: not on this machine" + (", FAILED" if wanted else "")
        elif version == LOWEST:
            yield check(version, python, folder, wheels, tests, "--resolution", "lowest-direct")
        else:
            yield check(version, python, folder, wheels, tests)


def main(*wanted: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        results = [*check_each(wanted, Path(folder))]
    print(*results, sep="\n")
    return int(any("FAILED" in result for result in results))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
