"""The page of key settings has what the code has."""

from __future__ import annotations

import ast
import dataclasses

from cognito_jwt_core import KeySettings, KeyStatus
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import code, rows

PAGE = (ROOT / "docs" / "reference" / "key-settings.md").read_text(encoding="utf-8")


def test_every_setting_is_there_with_its_default_and_no_other() -> None:
    said = {code(row["Setting"]): ast.literal_eval(code(row["Default"])) for row in rows(PAGE, "Setting")}

    assert said == {field.name: field.default for field in dataclasses.fields(KeySettings)}


def test_every_unit_is_that_of_the_name() -> None:
    for row in rows(PAGE, "Setting"):
        unit = code(row["Setting"]).rpartition("_")[2]
        assert row["Unit"] == {"burst": "fetches", "http": ""}.get(unit, unit)


def test_every_part_of_the_status_is_there_and_no_other() -> None:
    said = [code(row["Attribute"]) for row in rows(PAGE, "Attribute")]

    assert said == list(KeyStatus._fields)
