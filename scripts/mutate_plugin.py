"""Pytest plugin that notes for mutate.py which mutants were never tested.

mutmut counts every failure of pytest as a kill, also exit code 4: no test has the id that mutmut recorded.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note the mutant of a session that ran no test. A test module that the mutant broke is a kill."""
    if exitstatus == pytest.ExitCode.USAGE_ERROR and not session.testsfailed:
        with Path(os.environ["MUTATE_NOT_RUN"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{os.environ.get('MUTANT_UNDER_TEST', 'no mutant')}\n")
