"""Hold every changelog to the headings of Keep a Changelog: "Unreleased" first, dates that exist, versions that fall.

The newest version is the one in pyproject.toml, so that no release goes out without its entry.

Usage: check_changelogs.py [TAG]    with a tag, the package that it names must be ready to be released
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
    """Return what is wrong with the changelog of a package of this version, or an empty value."""
    lines = text.splitlines()
    sections = [line for line in lines if line.startswith("## ")]
    found = []
    if lines[:1] != ["# Changelog"]:
        found.append("the first line is not '# Changelog'")
    if sections[:1] != ["## [Unreleased]"]:
        found.append("the first section is not '## [Unreleased]'")
    kinds = [line for line in lines if line.startswith("### ")]
    found += [f"{line!r} is none of {', '.join(KINDS)}" for line in kinds if line.removeprefix("### ") not in KINDS]
    return found + _problems_of_releases(sections[1:], version)


def _problems_of_releases(sections: list[str], version: str) -> list[str]:
    matches = [RELEASE.fullmatch(line) for line in sections]
    found = [
        f"{line!r} is not '## [1.2.3] - 2026-01-31'"
        for line, match in zip(sections, matches, strict=True)
        if not match or not _is_date(match[4])
    ]
    versions = [tuple(map(int, match.groups()[:3])) for match in matches if match]
    if versions != sorted(set(versions), reverse=True):
        found.append("the newest release does not come first")
    if versions and ".".join(map(str, versions[0])) != version:
        found.append(f"the newest release is not the {version} of pyproject.toml")
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def unready(tag: str) -> list[str]:
    """Return why a tag such as flask-cognito-v2.0.0 cannot be released, or an empty value."""
    package, _, version = tag.rpartition("-v")
    folder = ROOT / "packages" / package
    if not package or not folder.is_dir():
        return ["there is no such package"]
    found = []
    if _version(folder) != version:
        found.append(f"pyproject.toml says {_version(folder)}")
    if f"## [{version}] - " not in (folder / "CHANGELOG.md").read_text(encoding="utf-8"):
        found.append(f"the changelog has no section of {version}")
    return found


def _version(folder: Path) -> str:
    match = VERSION.search((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert match
    return match[1]


def main(*tags: str) -> int:
    found = [f"{tag}: {problem}" for tag in tags for problem in unready(tag)]
    for changelog in sorted(ROOT.glob("packages/*/CHANGELOG.md")):
        text = changelog.read_text(encoding="utf-8")
        found += [f"{changelog.relative_to(ROOT)}: {problem}" for problem in problems(text, _version(changelog.parent))]
    if found:
        print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
