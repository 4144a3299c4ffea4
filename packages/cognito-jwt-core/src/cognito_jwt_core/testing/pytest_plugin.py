"""Opt-in pytest fixtures. To use them: `pytest_plugins = ["cognito_jwt_core.testing.pytest_plugin"]`."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from cognito_jwt_core.testing.clock import ManualClock
from cognito_jwt_core.testing.pool import LocalUserPool


@pytest.fixture
def cognito_pool_settings() -> Mapping[str, Any]:
    """Return keyword arguments for `LocalUserPool`, none by default.

    Override this fixture to set the pool's id, app client or signing key.
    """
    return {}


@pytest.fixture
def cognito_clock() -> ManualClock:
    """Return a clock that starts at the current time and stands still until the test moves it.

    If a test requests this fixture, the test's `cognito_pool` uses the clock.
    """
    return ManualClock(int(time.time()))


@pytest.fixture
def cognito_pool(request: pytest.FixtureRequest, cognito_pool_settings: Mapping[str, Any]) -> LocalUserPool:
    """Return a local user pool for this test."""
    settings = dict(cognito_pool_settings)
    if "cognito_clock" in request.fixturenames:
        settings.setdefault("clock", request.getfixturevalue("cognito_clock"))
    return LocalUserPool(**settings)
