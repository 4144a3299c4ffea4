"""Chromium, for tests of the sign-in page, the example and the documentation site in a real browser."""

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
    """Skip the test, and say how to install a browser. With `REQUIRE_BROWSER` in the environment, fail instead.

    Args:
        reason: The missing part, for the message.
    """
    outcome = pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip
    outcome(f"{HOW_TO_GET_ONE} ({reason})")


# One browser for each module. With one for the session, its event loop would disturb coroutines in other modules.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium, or skip the tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        no_browser(error)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path_of_browser(), args=FLAGS)


def path_of_browser() -> str:
    """Return the path of an installed Chromium or Chrome, or skip the test."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        no_browser(f"none of {', '.join(names)} is on PATH")
    return path
