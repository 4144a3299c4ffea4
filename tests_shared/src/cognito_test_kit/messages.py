"""Compare error messages with a snapshot file in each package, `tests/messages.json`.

A test asserts which error is raised. The text is in the snapshot, so that a writer can review all messages in one file.
Run `UPDATE_MESSAGES=1 pytest --numprocesses 0 ...` to update the messages of these tests.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

E = TypeVar("E", bound=BaseException)
PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")
THUMBPRINT = re.compile(r"(?<![\w+/-])[\w+/-]{43}=|(?<![\w-])[\w-]{43}(?![\w-])")
MAX_NAME = 200
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


class Messages:
    """The messages of one test, in order.

    Args:
        folder: The test's temporary folder, which messages may contain.

    Attributes:
        found: The messages so far, with placeholders for the parts that differ from run to run.
    """

    def __init__(self, folder: Path) -> None:
        self.found: list[str] = []
        self._folder = folder

    @contextmanager
    def raises(self, error: type[E] | tuple[type[E], ...]) -> Iterator[pytest.ExceptionInfo[E]]:
        """Expect an error, and add its message. The `with` statement returns the `ExceptionInfo`."""
        with pytest.raises(error) as caught:
            yield caught
        self.show(str(caught.value))

    def show(self, *shown: str) -> None:
        """Add messages. Ports, addresses, generated key ids and the temporary folder become placeholders."""
        for message in shown:
            text = message.replace(str(self._folder), "TMP")
            self.found.append(PORT.sub(r"\1:PORT", THUMBPRINT.sub("KID", ADDRESS.sub("ADDRESS", text))))


@pytest.fixture
def messages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Messages]:
    """Collect the messages of a test. If the test passes, compare them with the snapshot."""
    tests = next(folder for folder in request.path.parents if folder.name == "tests")
    snapshot, name = tests / "messages.json", f"{request.path.relative_to(tests).as_posix()}::{request.node.name}"
    if len(name) > MAX_NAME:  # with a long parameter, which newer versions of pytest number
        numbers = "-".join(f"{name}{index}" for name, index in request.node.callspec.indices.items())
        name = f"{name.partition('[')[0]}[{numbers}]"
    collected = Messages(tmp_path)
    failures = request.session.testsfailed
    yield collected
    if request.session.testsfailed != failures:
        return  # the test failed before it had added all messages
    known = json.loads(snapshot.read_text(encoding="utf-8")) if snapshot.exists() else {}
    if os.environ.get("UPDATE_MESSAGES"):
        known[name] = collected.found
        text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
        snapshot.write_text(text + "\n", encoding="utf-8")
    assert collected.found == known.get(name), f"if this is meant: UPDATE_MESSAGES=1 pytest --numprocesses 0 {name}"
