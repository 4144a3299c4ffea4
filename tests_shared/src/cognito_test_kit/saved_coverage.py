"""A pytest plugin for coverage runs: each process of pytest-xdist saves its data before it says that it is done.

Otherwise it saves as it exits, and pytest-xdist kills a process whose exit takes more than ten seconds.
"""

from __future__ import annotations

import pytest
from coverage import Coverage


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()
        measuring.save()
