"""A refresh meets a logout, a store that fails, a view that is aborted, a stream and a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask, Response, stream_with_context
from flask_cognito import (
    MemorySessionStore,
    RedisSessionStore,
    cognito_auth_required,
    current_session,
    verify_cognito_jwt,
)

from ..conftest import header_of, refreshes, revoked, signed_in
from .test_fork import in_child

MakeApp = Callable[..., Flask]
HOUR = 3600


# Logout


@pytest.mark.parametrize("is_revocable", [True, False])
def test_a_session_that_is_logged_out_during_its_refresh_stays_ended(
    make_app: MakeApp,
    rotating: LocalManagedLogin,
    kept: dict[str, Any],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    is_revocable: bool,
) -> None:
    """The logout knows only the token before: the one that comes is revoked by the refresh."""
    app = make_app(rotating, **kept)
    browser = {"Cookie": header_of(signed_in(app, rotating))}
    client = app.test_client(use_cookies=False)
    clock.advance(HOUR)
    rotating.behave("token", hold=True)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: app.test_client(use_cookies=False).get("/reports", headers=browser))
        rotating.wait_for_requests(len(rotating.requests) + 1 - refreshes(rotating))
        assert client.post("/auth/logout", headers=browser).status_code == 200
        if not is_revocable:
            rotating.behave("revoke", status=500)
        rotating.release()
        answer = asked.result()

    assert answer.status_code == 401
    assert not answer.headers.getlist("Set-Cookie")
    assert len(set(revoked(rotating))) == 2
    assert ("not revoked" in caplog.text) is not is_revocable
    assert client.get("/reports", headers=browser).status_code == 401
    assert refreshes(rotating) == 1


# A store that fails


class Failing(MemorySessionStore):
    """A store that can be read, and cannot be written to for a while."""

    failures = 0

    def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        return super().replace(key, value, version, ttl_seconds)


@pytest.mark.parametrize(("is_expired", "statuses"), [(True, [503, 503, 200]), (False, [200, 200, 200])])
def test_tokens_that_the_store_could_not_take_are_kept_later(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock, is_expired: bool, statuses: list[int]
) -> None:
    store = Failing(clock=clock)
    user = signed_in(make_app(rotating, COGNITO_SESSION_STORE=store), rotating)
    clock.advance(HOUR if is_expired else HOUR - 30)
    store.failures = 2

    answers = [user.get("/reports") for _ in range(3)]

    assert [answer.status_code for answer in answers] == statuses
    assert refreshes(rotating) == 1
    clock.advance(HOUR)
    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


def test_tokens_that_were_kept_too_late_are_refreshed(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    store = Failing(clock=clock)
    user = signed_in(make_app(rotating, COGNITO_SESSION_STORE=store), rotating)
    clock.advance(HOUR)
    store.failures = 1
    assert user.get("/reports").status_code == 503
    clock.advance(HOUR)

    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


def test_a_session_that_ended_before_its_tokens_were_kept_stays_ended(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    class Ending(Failing):
        """A store in which another process ends each session that is to be replaced."""

        def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
            if not self.failures:
                self.delete(key)
            return super().replace(key, value, version, ttl_seconds)

    store = Ending(clock=clock)
    user = signed_in(make_app(rotating, COGNITO_SESSION_STORE=store), rotating)
    clock.advance(HOUR)
    store.failures = 1
    assert user.get("/reports").status_code == 503

    assert user.get("/reports").status_code == 401
    assert refreshes(rotating) == 1
    assert len(revoked(rotating)) == 1


def test_a_session_that_ends_as_its_tokens_are_kept_stays_ended(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    class Ending(Failing):
        """A store in which another process ends each session that was replaced."""

        def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
            is_kept = super().replace(key, value, version, ttl_seconds)
            self.delete(key)
            return is_kept

    store = Ending(clock=clock)
    user = signed_in(make_app(rotating, COGNITO_SESSION_STORE=store), rotating)
    clock.advance(HOUR)
    store.failures = 1
    assert user.get("/reports").status_code == 503

    assert user.get("/reports").status_code == 401
    assert refreshes(rotating) == 1


def test_a_record_that_another_process_seals_anew_meanwhile_loses_no_token(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    class Sealing(MemorySessionStore):
        """A store in which another process writes the same session just before the first replace."""

        is_new = True

        def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
            record = self.load(key)
            if self.is_new and record is not None:
                self.is_new = False
                assert super().replace(key, record.value, version, ttl_seconds)
            return super().replace(key, value, version, ttl_seconds)

    user = signed_in(make_app(rotating, COGNITO_SESSION_STORE=Sealing(clock=clock)), rotating)
    for _ in range(2):
        clock.advance(HOUR)
        assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


def test_a_slow_process_gives_way_to_the_tokens_of_a_faster_one(
    make_app: MakeApp, make_login: Callable[..., LocalManagedLogin], clock: ManualClock
) -> None:
    """Its lock has ended, and another process has refreshed meanwhile."""
    login = make_login(rotation=True, grace_seconds=60)
    tokens: list[str] = []

    class Slow(MemorySessionStore):
        """A store that is slow to replace for the first time."""

        is_fast = False

        def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
            if not self.is_fast:
                self.is_fast = True
                clock.advance(30)
                answer = other.test_client(use_cookies=False).get("/reports", headers={"Cookie": header_of(user)})
                tokens.append(answer.get_json()["token"])
            return super().replace(key, value, version, ttl_seconds)

    store = Slow(clock=clock)
    other = make_app(login, COGNITO_SESSION_STORE=store)
    user = signed_in(make_app(login, COGNITO_SESSION_STORE=store), login)
    clock.advance(HOUR)

    assert user.get("/reports").get_json()["token"] == tokens[0]
    assert refreshes(login) == 2


# Views that are aborted, and streams


class AbortedError(BaseException):
    """What a server raises in a view to stop it: no `after_request` function runs, and no answer is sent."""


def test_an_aborted_view_loses_no_token(
    make_app: MakeApp, rotating: LocalManagedLogin, kept: dict[str, Any], clock: ManualClock
) -> None:
    app = make_app(rotating, **kept)

    @app.get("/aborted")
    @cognito_auth_required
    def aborted() -> str:
        raise AbortedError

    user = signed_in(app, rotating)
    clock.advance(HOUR)
    with pytest.raises(AbortedError):
        user.get("/aborted")

    clock.advance(59)
    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 1
    clock.advance(HOUR)
    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


def test_a_browser_that_goes_away_during_a_stream_loses_no_token(
    make_app: MakeApp, rotating: LocalManagedLogin, kept: dict[str, Any], clock: ManualClock
) -> None:
    user = signed_in(make_app(rotating, **kept), rotating)
    clock.advance(HOUR)
    answer = user.get("/stream", buffered=False)
    assert next(answer.iter_encoded()) == b"one"
    answer.close()

    clock.advance(HOUR)
    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


@pytest.mark.parametrize("is_kept_on_the_server", [True, False])
def test_a_stream_that_has_begun_refreshes_only_what_it_can_keep(
    make_app: MakeApp,
    rotating: LocalManagedLogin,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    is_kept_on_the_server: bool,
) -> None:
    """With cookies the old access token goes on to its end, and the next answer carries the new ones."""
    app = make_app(
        rotating, **({"COGNITO_SESSION_STORE": MemorySessionStore(clock=clock)} if is_kept_on_the_server else {})
    )

    @app.route("/late")
    def late() -> Response:
        def parts() -> Iterator[str]:
            yield "begun "
            yield str(verify_cognito_jwt()["username"])

        return Response(stream_with_context(parts()))

    user = signed_in(app, rotating)
    clock.advance(HOUR - 30)

    assert user.get("/late").text == "begun alice"
    assert refreshes(rotating) == is_kept_on_the_server
    assert "headers had been sent" not in caplog.text
    assert user.get("/reports").status_code == 200
    assert refreshes(rotating) == 1


# Forks


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@needs_fork
def test_a_child_that_is_forked_in_a_view_has_the_session(
    make_app: MakeApp, rotating: LocalManagedLogin, kept: dict[str, Any], clock: ManualClock
) -> None:
    app = make_app(rotating, **kept)
    tokens: list[str] = []

    @app.get("/forks")
    @cognito_auth_required
    def forks() -> dict[str, bool]:
        tokens.append(current_session.access_token)
        browser = {"Cookie": header_of(user)}

        def ask() -> None:
            answer = app.test_client(use_cookies=False).get("/reports", headers=browser)
            assert answer.get_json()["token"] == tokens[0]

        return {"child": in_child(ask)}

    user = signed_in(app, rotating)
    clock.advance(HOUR)

    assert user.get("/forks").get_json() == {"child": True}
    assert user.get("/reports").get_json()["token"] == tokens[0]
    assert refreshes(rotating) == 1


@needs_fork
def test_a_child_does_not_wait_for_a_lock_in_its_copy_of_the_memory(
    make_app: MakeApp, make_login: Callable[..., LocalManagedLogin], clock: ManualClock
) -> None:
    login = make_login()
    app = make_app(login, COGNITO_SESSION_STORE=MemorySessionStore(clock=clock))
    user = signed_in(app, login)
    clock.advance(HOUR)
    login.behave("token", hold=True, times=1)
    with ThreadPoolExecutor(1) as thread:
        refreshing = thread.submit(lambda: user.get("/reports").status_code)
        login.wait_for_requests(len(login.requests) + 1 - refreshes(login))

        def refresh() -> None:
            assert user.get("/reports").status_code == 200

        is_refreshed = in_child(refresh)
        login.release()

        assert refreshing.result() == 200
    assert is_refreshed


@needs_fork
@pytest.mark.parametrize("is_redis", [True, False])
def test_a_child_does_not_release_the_lock_of_its_parent(redis_url: str, is_redis: bool) -> None:
    store = RedisSessionStore(redis_url) if is_redis else MemorySessionStore()
    lock = store.lock("key", 60)
    assert lock.__enter__() is True

    assert in_child(lambda: lock.__exit__(None, None, None))

    with store.lock("key", 60) as is_mine:
        assert is_mine is False
    lock.__exit__(None, None, None)
    with store.lock("key", 60) as is_mine:
        assert is_mine is True
