"""Hold every changelog to one heading format: Keep a Changelog, "Unreleased" first, dates that exist, versions that fall.

The newest version is the one in pyproject.toml, so that no release goes out without its entry.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("Security", "Added", "Changed", "Deprecated", "Removed", "Fixed")
RELEASE = re.compile(r"## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)")
VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)


def problems(text: str, version: str) -> list[str]:
    """What is wrong with a changelog of a package of this version; nothing when all is well."""
    lines = text.splitlines()
    sections = [line for line in lines if line.startswith("## ")]
    found = []
    if lines[:1] != ["# Changelog"]:
        found.append("the first line is not '# Changelog'")
    if sections[:1] != ["## [Unreleased]"]:
        found.append("the first section is not '## [Unreleased]'")
    releases = [RELEASE.fullmatch(line) for line in sections[1:]]
    for line, match in zip(sections[1:], releases, strict=True):
        if not match or not _is_date(match[4]):
            found.append(f"{line!r} is not '## [1.2.3] - 2026-01-31'")
    versions = [tuple(map(int, match.groups()[:3])) for match in releases if match]
    if versions != sorted(set(versions), reverse=True):
        found.append("the newest release does not come first")
    if versions and ".".join(map(str, versions[0])) != version:
        found.append(f"the newest release is not the {version} of pyproject.toml")
    for line in lines:
        if line.startswith("### ") and line.removeprefix("### ") not in KINDS:
            found.append(f"{line!r} is none of {', '.join(KINDS)}")
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def main() -> int:
    failed = False
    for changelog in sorted(ROOT.glob("packages/*/CHANGELOG.md")):
        match = VERSION.search(changelog.with_name("pyproject.toml").read_text(encoding="utf-8"))
        assert match
        for problem in problems(changelog.read_text(encoding="utf-8"), match[1]):
            failed = True
            print(f"{changelog.relative_to(ROOT)}: {problem}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
