"""Find phrases that a reader would have to translate. Run by ``hatch run lint``."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

# Add a folder once it is clean.
CHECKED = (
    *("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "SUPPORT.md", "hatch.toml", ".github"),
    *("benchmarks", "docs", "examples", "fuzz", "packages", "scripts", "tests_docs", "tests_shared"),
)

SUFFIXES = (".css", ".html", ".js", ".md", ".mjs", ".py", ".toml", ".yml")

# What to look for, and what to write in its place.
PATTERNS = {
    r"\bnobody('s)?\b": "no user, no app, not: name the actor",
    r"\bwhoever\b": "anyone who, or the actor itself",
    r"\bsomebody\b": "a user, a caller, an attacker",
    r"\bcannot be meant\b": "is invalid",
    r"\b(this|that|it|which|what|and|who|one|token|text) (is|are) no (?!longer\b|more\b|different\b|use\b)": "is not a",
    r"\b(is|are) nobody\b": "is unauthenticated",
    r"\b(what came of|what comes of)\b": "the result",
    r"\b(that|what) (is|was|are) there\b": "name the thing",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bat hand\b": "cached, available",
    r", too(?=[.;:]|$)": "also, before the verb",
    r"(?<=, )say, ": "for example",
    r"\b(security |a |the )hole\b": "vulnerability",
    r"\byet to come\b|\b(is|are|days|times) to come\b": "in the future",
    r"(?<!leave )(?<!let )(?<!not )\balone(?=[.,;:)]|$)": "only, before the noun",
    r"\bgoes without\b|\bhas to tell\b|\bmakes anew\b": "say what happens",
    r"\bas of ``?[a-z_]": "name the option, and say what it does",
    r"\bother than in [a-z]": "unlike",
    r"\b(by|in) its own word\b": "claims to",
}
DOCSTRING_START = {
    r"(As of|Of|What|Who|Whom|How|Where|When|From which|Why) ": "begin with a verb",
}
# Texts that match a pattern and are right, each with its reason.
EXCEPTIONS = {
    "leave alone": "an English phrase: not to touch",
    "import {": "names of functions, in JavaScript",
}

_PATTERNS = {re.compile(pattern, re.IGNORECASE): remedy for pattern, remedy in PATTERNS.items()}
_STARTS = {re.compile(pattern): remedy for pattern, remedy in DOCSTRING_START.items()}
_COMMENTS = {".toml": r"#.*", ".yml": r"(^|\s)#.*|^\s*- name:.*|^\s*(description|label|title|about):.*"}


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each comment and string of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each docstring of a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and text of everything in a file that people read."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from python_texts(source)
        return
    pattern = _COMMENTS.get(path.suffix)
    for number, line in enumerate(source.splitlines(), 1):
        if pattern is None:
            yield number, line
        elif found := re.search(pattern, line):
            yield number, found[0]


def hits(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and the remedy of each phrase to replace."""
    for first, text in texts_of(path):
        for pattern, remedy in _PATTERNS.items():
            for found in pattern.finditer(text):
                line = text[text.rfind("\n", 0, found.start()) + 1 :].partition("\n")[0]
                if not any(exception in line for exception in EXCEPTIONS):
                    yield first + text.count("\n", 0, found.start()), found[0], remedy
    if path.suffix == ".py":
        yield from wrong_starts(path)


def wrong_starts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and the remedy of each docstring of a function that begins with the wrong word."""
    for number, text in docstrings(path.read_text(encoding="utf-8")):
        for pattern, remedy in _STARTS.items():
            if found := pattern.match(text):
                yield number, found[0].strip(), remedy


def main(paths: list[str]) -> int:
    """Report every hit below the paths; without arguments, below those that are clean."""
    count = 0
    for name in paths or CHECKED:
        top = ROOT / name
        files = [top] if top.is_file() else sorted(top.rglob("*"))
        for file in files:
            if file.suffix in SUFFIXES and file != Path(__file__).resolve():
                for line, words, remedy in hits(file):
                    print(f"{file.relative_to(ROOT)}:{line}: {words.strip()!r}: {remedy}")
                    count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
