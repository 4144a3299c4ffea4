"""The security model names tests and counts: the tests exist, the counts are those of this very code."""

from __future__ import annotations

import re
from configparser import ConfigParser
from typing import Any

import pytest
from cognito_jwt_core import InvalidTokenError
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.corpus import corpus, verifier_for
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import rows

PACKAGES = ROOT / "packages"

PAGE = (ROOT / "docs" / "explanation" / "security-model.md").read_text(encoding="utf-8")
RECOMMENDATIONS = list(rows(PAGE, "Section"))
ADVISORIES = list(rows(PAGE, "Attack"))
POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(1_700_000_000))


@pytest.fixture(scope="module")
def cases() -> list[Any]:
    return list(corpus(POOL))


@pytest.mark.parametrize(
    "named", [named for row in RECOMMENDATIONS + ADVISORIES for named in re.findall("`([^`]+)`", row["Test"])]
)
def test_every_test_that_is_named_exists(named: str, cases: list[Any]) -> None:
    found = re.fullmatch(r"(test_\w+\.py)::(test_\w+)(?:\[(.+)\])?", named)
    assert found
    file, function, case = found.groups()

    texts = [path.read_text(encoding="utf-8") for path in PACKAGES.glob(f"*/tests/**/{file}")]
    assert any(re.search(rf"^ *(async )?def {function}\(", text, re.MULTILINE) for text in texts)
    assert case is None or case in {known.name for known in cases}


def test_every_recommendation_is_there() -> None:
    assert [row["Section"] for row in RECOMMENDATIONS] == [f"3.{number}" for number in range(1, 13)]


def test_every_attack_has_its_own_row() -> None:
    known = [row["Attack"] for row in ADVISORIES]

    assert len(set(known)) == len(known) > 15


def test_the_counts_are_those_of_the_corpus(cases: list[Any]) -> None:
    verifier, accepted, refused = verifier_for(POOL), 0, 0
    for case in cases:
        try:
            verifier.verify(case.token)
        except InvalidTokenError:
            refused += case.expected is None
        else:
            accepted += case.expected is not None

    (counts,) = rows(PAGE, "Inputs")
    # Another exception would have ended this test.
    assert list(counts.values()) == [str(len(cases)), str(accepted), str(refused), "0"], (
        "hatch run bench:compare --write"
    )


def test_the_coverage_that_is_claimed_is_demanded() -> None:
    settings = ConfigParser()
    settings.read(ROOT / ".coveragerc", encoding="utf-8")

    assert settings.getboolean("run", "branch")
    assert settings.getint("report", "fail_under") == 100
    assert "pragma" not in settings.get("report", "exclude_lines") + settings.get("report", "partial_branches")


def test_the_comparison_is_about_this_corpus(cases: list[Any]) -> None:
    texts = [case for case in cases if type(case.token) is str]
    hostile = sum(case.expected is not None for case in texts)
    libraries = list(rows(PAGE, "Library"))

    assert list(libraries[0])[1:] == [
        f"hostile accepted (of {hostile})",
        "hostile crashes",
        f"valid rejected (of {len(texts) - hostile})",
        "valid crashes",
    ]
    assert list(libraries[0].values())[1:] == ["0", "0", "0", "0"]
    assert len(libraries) > 4
