"""Requests end in real time where a test of the app froze the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask
from flask_cognito import CognitoAuth, MemorySessionStore
from flask_cognito.state import app_state
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION, callback_of
from freezegun import freeze_time

from ..conftest import PASSWORD


class Locked(MemorySessionStore):
    """A store whose locks another process holds, once it `is_held`."""

    is_held = False

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        if self.is_held:
            yield False
        else:
            with super().lock(key, ttl_seconds) as is_mine:
                yield is_mine


@pytest.fixture
def store(clock: ManualClock) -> Locked:
    return Locked(clock=clock)


@pytest.fixture
def app(make_app: Any, store: Locked, login: LocalManagedLogin, clock: ManualClock) -> Flask:
    def prepare(app: Flask, _auth: CognitoAuth) -> None:
        quick = KeySettings(timeout_seconds=0.8)
        with app.app_context():
            app_state().verifier = CognitoVerifier(
                login.user_pool, client_id=login.client_id, token_use="access", clock=clock, key_settings=quick
            )

    app: Flask = make_app(prepare=prepare, COGNITO_SESSION_STORE=store)
    return app


@pytest.mark.slow
def test_requests_that_wait_for_a_lock_of_another_process_end(
    app: Flask, store: Locked, login: LocalManagedLogin, clock: ManualClock
) -> None:
    user, newcomer = app.test_client(), app.test_client()
    sign_in(user, "alice", PASSWORD, login)
    begun = newcomer.get("/auth/login", headers=NAVIGATION)
    callback = callback_of(begun.headers["Location"], "bob", PASSWORD)
    store.is_held = True

    with freeze_time("2026-01-15"):
        completed = newcomer.get(callback, headers=NAVIGATION)
        clock.advance(3600)
        refreshed = user.get("/reports")

    assert (completed.status_code, refreshed.status_code) == (400, 503)
