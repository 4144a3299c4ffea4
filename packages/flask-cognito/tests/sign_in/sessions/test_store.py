"""Every store keeps the law of the protocol."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import ManualClock
from flask_cognito.sign_in.sessions.store import MemorySessionStore, RedisSessionStore, SessionStore
from flask_cognito.testing.session_stores import SessionStoreTests


class TestMemorySessionStore(SessionStoreTests):
    @pytest.fixture(autouse=True)
    def _store(self) -> None:
        self.store = MemorySessionStore()

    def make_store(self) -> SessionStore:
        return self.store


class TestRedisSessionStore(SessionStoreTests):
    @pytest.fixture(autouse=True)
    def _url(self, redis_url: str) -> None:
        self.url = redis_url

    def make_store(self) -> SessionStore:
        return RedisSessionStore(self.url)


class TestRedisSessionStoreWithDecodedResponses(SessionStoreTests):
    @pytest.fixture(autouse=True)
    def _url(self, redis_url: str) -> None:
        self.url = redis_url

    def make_store(self) -> SessionStore:
        client = redis.Redis.from_url(self.url, decode_responses=True)
        return RedisSessionStore(client, prefix="other:")


def test_the_suite_asks_for_a_store() -> None:
    with pytest.raises(NotImplementedError):
        SessionStoreTests().make_store()


def test_a_store_in_memory_forgets_what_has_ended() -> None:
    clock = ManualClock()
    store = MemorySessionStore(clock=clock)
    store.create("a" * 64, "one", 60, "user")

    clock.advance(60)
    store.create("b" * 64, "two", 60, "user")

    assert store.load("a" * 64) is None
    assert store.load("b" * 64) is not None


def test_the_index_of_a_user_forgets_what_has_ended(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    store = RedisSessionStore(client, prefix="index:")
    store.create("a" * 64, "one", 0.001, "user")
    while store.load("a" * 64) is not None:
        pass

    store.create("b" * 64, "two", 60, "user")

    assert client.zrange("index:user:user", 0, -1) == [b"index:" + b"b" * 64]


def test_a_url_that_is_invalid_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        RedisSessionStore("http://:hunter2@localhost")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("socket_timeout", "warnings"), [(None, 1), (2, 0)])
def test_a_client_that_waits_for_ever_is_a_warning(
    socket_timeout: float | None, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    RedisSessionStore(redis.Redis(socket_timeout=socket_timeout))

    found = [(record.name, record.levelname) for record in caplog.records]
    assert found == [("flask_cognito.config", "WARNING")] * warnings


def test_a_server_that_is_down_raises() -> None:
    store = RedisSessionStore("unix:///nowhere/redis.sock")

    with pytest.raises(redis.ConnectionError):
        store.load("a" * 64)


def test_without_the_extra_the_error_names_it() -> None:
    code = """
import sys
sys.modules["redis"] = None
from cognito_jwt_core import ConfigurationError
from flask_cognito.sign_in.sessions.store import RedisSessionStore
try:
    RedisSessionStore("redis://localhost")
except ConfigurationError as error:
    assert "flask-cognito[redis]" in str(error)
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7  # noqa: S603
