"""The explanations name tests and standards: they exist, and none is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import code, rows

EXPLANATIONS = sorted((ROOT / "docs" / "explanation").glob("*.md"))
MODULES = [path for path in ROOT.glob("packages/*/src/**/*.py") if "testing" not in path.parts]
TESTS = {path.name: path for path in ROOT.glob("packages/*/tests/**/test_*.py")}
MOST_WORDS = 520
NOT_PROSE = re.compile(r"\A---\n.*?\n---\n|<svg.*?</svg>|<!--.*?-->|```.*?```|<[^>]+>|(?<=\])\([^)]*\)", re.DOTALL)
CITATION = re.compile(r"(RFC \d+) section (\d+(?:\.\d+)*)")


def standards() -> list[dict[str, str]]:
    return list(rows((ROOT / "docs" / "explanation" / "standards.md").read_text(encoding="utf-8"), "Standard"))


@pytest.mark.parametrize("page", EXPLANATIONS, ids=lambda page: page.name)
def test_an_explanation_is_short_before_its_appendix(page: Path) -> None:
    explanation = NOT_PROSE.sub("", page.read_text(encoding="utf-8")).partition("\n## Appendix")[0]

    assert len(explanation.split()) <= MOST_WORDS


@pytest.mark.parametrize("page", EXPLANATIONS, ids=lambda page: page.name)
def test_a_page_names_files_of_tests_and_tools_alone(page: Path) -> None:
    named = re.findall(r"\b([a-z_]+\.py)\b", page.read_text(encoding="utf-8"))
    tools = {path.name for folder in ("benchmarks", "fuzz", "scripts") for path in (ROOT / folder).glob("*.py")}

    assert set(named) - set(TESTS) - tools == set()


def test_every_module_of_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", text))

    assert len(named) > 20
    assert {name for name in named if not list(ROOT.glob(f"packages/*/src/*/{name}"))} == set()


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


def test_every_standard_is_cited_by_the_code() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    cited = {*CITATION.findall(text), *((found, "") for found in re.findall(r"RFC \d+", text))}

    assert {(row["Standard"], row["Section"]) for row in standards()} - cited == set()


def test_every_standard_has_a_test() -> None:
    names = {
        name for path in TESTS.values() for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }

    assert {code(row["Test"]) for row in standards()} - names == set()
