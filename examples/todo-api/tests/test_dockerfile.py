"""The Dockerfile, as far as it can be told without Docker."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCKERFILE = Path(__file__).parent.parent / "Dockerfile"


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if not hadolint:
        pytest.skip("there is no hadolint for this platform")

    linter = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)  # noqa: S603

    assert (linter.returncode, linter.stdout) == (0, "")


def test_what_it_copies_is_there() -> None:
    root = DOCKERFILE.parent.parent.parent
    lines = [line.split() for line in DOCKERFILE.read_text(encoding="utf-8").splitlines()]
    copied = [line[1] for line in lines if line[:1] == ["COPY"] and not line[1].startswith("--")]

    assert copied
    assert all((root / path).exists() for path in copied)
