"""Fixtures for pytest, there for who asks: `pytest_plugins = ["cognito_jwt_core.testing.pytest_plugin"]`."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from .clock import ManualClock
from .pool import LocalUserPool


@pytest.fixture
def cognito_pool_settings() -> Mapping[str, Any]:
    """Arguments of `LocalUserPool`, to be overridden: the id, the app client, a signing key of your own."""
    return {}


@pytest.fixture
def cognito_clock() -> ManualClock:
    """A clock that stands at the present until the test moves it; the pool of a test that asks for it goes by it."""
    return ManualClock(int(time.time()))


@pytest.fixture
def cognito_pool(request: pytest.FixtureRequest, cognito_pool_settings: Mapping[str, Any]) -> LocalUserPool:
    """A user pool of this test's own."""
    settings = dict(cognito_pool_settings)
    if "cognito_clock" in request.fixturenames:
        settings.setdefault("clock", request.getfixturevalue("cognito_clock"))
    return LocalUserPool(**settings)
