"""The real browser of the tests that drive one: those of the example's page and of the site."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

HOW_TO_GET_ONE = "these tests need a browser: `apt install chromium`, and `pip install playwright`"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def no_browser(reason: object) -> NoReturn:
    """Skip, and say how to get a browser; where one is promised (REQUIRE_BROWSER), its absence is a failure."""
    outcome = pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip
    outcome(f"{HOW_TO_GET_ONE} ({reason})")


# For the length of a module, not of the session: its event loop would be in the way of other modules' coroutines.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        no_browser(error)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path_of_browser(), args=FLAGS)


def path_of_browser() -> str:
    """Return the path of the machine's browser, or skip."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        no_browser(f"none of {', '.join(names)} is on PATH")
    return path
