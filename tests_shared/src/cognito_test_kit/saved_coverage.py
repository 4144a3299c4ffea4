"""A pytest plugin that saves coverage data at the end of a test session, in each process of pytest-xdist.

By default, a process saves its data while it exits, and pytest-xdist kills a process whose exit takes more than ten
seconds.
"""

from __future__ import annotations

import pytest
from coverage import Coverage


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop measuring coverage in this process, and save the data."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.stop()
        measuring.save()
