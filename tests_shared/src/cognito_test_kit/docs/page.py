"""Run the code blocks of a documentation page, in order, in one namespace and one empty folder.

- `python` runs, and its output is kept for the next block.
- `console` runs in bash. Lines after `$ ` are commands, and the lines below each are its expected output.
- `sh` runs in bash, and must succeed.
- `text` and `json` are the expected output of the block before them.
- A block with `title="name"` becomes a file of that name for the blocks after it. If it is `python`, it also runs.

`...` in an output matches any text. A comment before a block that cannot run gives the reason:
`<!-- skip: next "the reason" -->`. Code that readers do not need to see is in an
`<!-- invisible-code-block: python ... -->`.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.evaluators.skip import Skipper
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

ROOT = Path(__file__).resolve().parents[4]
_INFO = re.compile(r"[ \t]*(?P<language>[\w-]*)(?P<options>[^\n]*)\n")
_TITLE = re.compile(r'title="([^"]+)"')
_LEXERS = (RawFencedCodeBlockLexer(_INFO), DirectiveInHTMLCommentLexer("invisible-code-block", "python"))
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n?", re.MULTILINE)
_MARK = "=== exit code "
_SHELL = f"""
pip() {{ {sys.executable} -m cognito_test_kit.docs.promises pip "$@"; }}
hatch() {{ {sys.executable} -m cognito_test_kit.docs.promises hatch "$@"; }}
"""
_TIMEOUT_SECONDS = 60
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md")
    for path in ROOT.glob(pattern)
)


class Page:
    """A Markdown file, and the state that its blocks share.

    Args:
        path: The file.
        folder: Empty folder in which the blocks run.

    Attributes:
        printed: Output of the last block.
        namespace: Variables of the Python blocks.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.printed = ""
        self.namespace: dict[str, Any] = {}
        self._runners = {
            "console": self._run_console,
            "json": self._compare_json,
            "python": self._run_python,
            "sh": self._run_sh,
            "text": self._compare_text,
        }

    def run(self) -> None:
        """Run all blocks.

        Raises:
            AssertionError: If a block has another result than the page shows, or if a skip has no reason.
        """
        document = Document.parse(str(self.path), self._regions, SkipParser())
        document.namespace["__name__"] = "__page__"
        self.namespace = document.namespace
        with _working_in(self.folder):
            for example in document.examples():
                if isinstance(example.region.evaluator, Skipper):
                    action, reason = example.parsed
                    assert reason or action == "end", f"{self.path}:{example.line}: a skip gives its reason in quotes"
                with contextlib.suppress(SkipTest):
                    example.evaluate()

    def _regions(self, document: Document) -> Iterator[Region]:
        for lexer in _LEXERS:
            for region in lexer(document):
                region.parsed = region.lexemes["source"]
                region.evaluator = self._run_block
                yield region

    def _run_block(self, example: Example) -> str | None:
        lexemes = example.region.lexemes
        language = lexemes.get("language", "python")
        title = _TITLE.search(lexemes.get("options", ""))
        if title:
            file = self.folder / title[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(example.parsed, encoding="utf-8")
            if language != "python":
                return None
        if language not in self._runners:
            return f"nothing runs a block of {language!r}: give it a title, or a reason to skip it"
        return self._runners[language](example)

    def _run_python(self, example: Example) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            PythonEvaluator()(example)
        self.printed = printed.getvalue()

    def _run_sh(self, example: Example) -> str | None:
        done = self._bash(f"set -euo pipefail\n{_SHELL}\n{example.parsed}")
        self.printed = done.stdout
        return f"exit code {done.returncode}\n{done.stdout}" if done.returncode else None

    def _run_console(self, example: Example) -> str | None:
        _, *parts = _COMMAND.split(example.parsed)
        commands, expected = parts[::2], parts[1::2]
        script = "".join(f"{command}\nprintf '\\n{_MARK}%s\\n' $?\n" for command in commands)
        *outputs, _ = re.split(rf"\n{_MARK}(\d+)\n", self._bash(_SHELL + script).stdout)
        self.printed = "".join(outputs[::2])
        for command, wanted, got, code in zip(commands, expected, outputs[::2], outputs[1::2], strict=True):
            difference = _difference(wanted, got) if wanted.strip() else None
            if difference or (code != "0" and not wanted.strip()):
                return f"$ {command}\nexit code {code}\n{difference or got}"
        return None

    def _compare_text(self, example: Example) -> str | None:
        return _difference(example.parsed, self.printed)

    def _compare_json(self, example: Example) -> str | None:
        wanted, got = (json.dumps(json.loads(text), indent=2) for text in (example.parsed, self.printed))
        return _difference(wanted.replace('"..."', "..."), got)

    def _bash(self, script: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - the reader's bash, anywhere on PATH
            cwd=self.folder,
            # A reader's pytest does not have the plugins of our own tests, which take seconds to load.
            env={
                **{name: value for name, value in os.environ.items() if name != "CI"},  # pytest prints more there
                "PATH": path,
                "COLUMNS": "120",
                "NO_COLOR": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )


def _difference(wanted: str, got: str) -> str | None:
    wanted, got = wanted.strip() + "\n", got.strip() + "\n"
    checker = doctest.OutputChecker()
    if checker.check_output(wanted, got, doctest.ELLIPSIS):
        return None
    return checker.output_difference(doctest.Example("", wanted), got, doctest.ELLIPSIS | doctest.REPORT_NDIFF)


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
