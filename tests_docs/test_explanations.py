"""The explanations name modules, tests and standards: they exist, and none is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page import ROOT
from tables import code, rows

EXPLANATIONS = sorted((ROOT / "docs" / "explanation").glob("*.md"))
MODULES = [*ROOT.glob("packages/*/src/*/*.py")]
TESTS = {path.name: path for path in ROOT.glob("packages/*/tests/**/test_*.py")}
CITATION = re.compile(r"(RFC \d+) section (\d+(?:\.\d+)*)")


def standards() -> list[dict[str, str]]:
    return list(rows((ROOT / "docs" / "explanation" / "standards.md").read_text(encoding="utf-8"), "Standard"))


@pytest.mark.parametrize("page", EXPLANATIONS, ids=lambda page: page.name)
def test_every_module_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"\b([a-z_]+\.py)\b", page.read_text(encoding="utf-8"))
    others = {path.name for folder in ("benchmarks", "fuzz", "scripts") for path in (ROOT / folder).glob("*.py")}

    assert set(named) - {path.name for path in MODULES} - set(TESTS) - others == set()


@pytest.mark.parametrize("page", EXPLANATIONS, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)", page.read_text(encoding="utf-8"))

    assert [
        f"{file}::{name}"
        for file, name in named
        if file not in TESTS or f"def {name}(" not in TESTS[file].read_text(encoding="utf-8")
    ] == []


def test_every_section_that_the_code_cites_is_among_the_standards() -> None:
    cited = {found for module in MODULES for found in CITATION.findall(module.read_text(encoding="utf-8"))}

    assert cited - {(row["Standard"], row["Section"]) for row in standards()} == set()


def test_every_standard_is_cited_by_its_module() -> None:
    for row in standards():
        modules = [path for path in MODULES if path.name == code(row["Module"])]
        text = "".join(path.read_text(encoding="utf-8") for path in modules)
        cited = CITATION.findall(text) if row["Section"] else [(found, "") for found in re.findall(r"RFC \d+", text)]
        assert (row["Standard"], row["Section"]) in cited, row


def test_every_standard_has_a_test() -> None:
    names = {
        name for path in TESTS.values() for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }

    assert {code(row["Test"]) for row in standards()} - names == set()
