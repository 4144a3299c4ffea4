"""The tables of versions say what the packages' own metadata says."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import code, rows

PACKAGES = ("cognito-jwt-core", "flask-cognito")
SUPPORTED = list(rows((ROOT / "SUPPORT.md").read_text(encoding="utf-8"), "Package"))
DEPENDENCIES = list(rows((ROOT / "docs" / "versions.md").read_text(encoding="utf-8"), "Package"))
EXTRA = re.compile(r'; extra == ["\'](.+)["\']$')


def installed(package: str) -> dict[str, set[str]]:
    """Return the requirements of each extra, and of "none"."""
    found: dict[str, set[str]] = {"none": set()}
    for requirement in metadata.requires(package) or ():
        extra = EXTRA.search(requirement)
        name = extra[1] if extra else "none"
        found.setdefault(name, set()).add(EXTRA.sub("", requirement))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_the_supported_release_is_the_one_of_the_package(package: str) -> None:
    (row,) = (row for row in SUPPORTED if row["Package"] == package)

    assert row["Version"] == f"{metadata.version(package).partition('.')[0]}.x"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_supported_pythons_are_those_of_the_package(package: str) -> None:
    (row,) = (row for row in SUPPORTED if row["Package"] == package)
    classifiers = metadata.metadata(package).get_all("Classifier") or ()
    pythons = [text.rpartition(" ")[2] for text in classifiers if re.search(r"Python :: 3\.\d+$", text)]

    assert row["Python"] == f"{pythons[0]} to {pythons[-1]}"
    assert metadata.metadata(package)["Requires-Python"] == f">={pythons[0]}"


def test_the_supported_flask_is_the_one_that_is_installed() -> None:
    (row,) = (row for row in SUPPORTED if row["Package"] == "flask-cognito")
    found = re.fullmatch(r"Flask (.+) and newer, cognito-jwt-core (\d+)\.x", row["Works with"])
    assert found

    assert {f"flask>={found[1]}", f"cognito-jwt-core>={found[2]}.0.0"} <= installed("flask-cognito")["none"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_dependency_is_in_the_table_and_no_other(package: str) -> None:
    told = {
        row["Extra"].strip("`"): {code(text) for text in row["Installs"].split(", ")}
        for row in DEPENDENCIES
        if row["Package"] == package
    }

    assert told == installed(package)
