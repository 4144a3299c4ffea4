"""Ending all sessions of a user but one, while other threads refresh, log out and end sessions themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask
from flask_cognito import CognitoSignIn, MemorySessionStore, RedisSessionStore, cognito_auth_required
from flask_cognito.sign_in.cookies.rules import CookieRules
from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.sessions.store_keeper import StoreKeeper
from flask_cognito.testing import sign_in

from ..conftest import PASSWORD, header_of

NAME = "session"
USER = "alice"
PATIENCE_SECONDS = 0.1  # for an interferer that waits for what it interferes with
STEPS = range(1, 15)  # more than the end of all sessions takes


class Interleaved:
    """A store that starts another thread just before a step of the first one.

    Args:
        store: Where the records are kept.
    """

    def __init__(self, store: MemorySessionStore | RedisSessionStore) -> None:
        self._store = store
        self._thread = 0
        self._step = 0
        self._interfere: Callable[[], object] = lambda: None
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._fails = False

    @contextmanager
    def fails_from(self, step: int) -> Iterator[None]:
        """Let this thread lose its connection before a step."""
        self._thread, self._step, self._fails = threading.get_ident(), step, True
        try:
            yield
        finally:
            self._thread, self._fails = 0, False

    @contextmanager
    def interfered(self, step: int, interfere: Callable[[], object]) -> Iterator[None]:
        """Run `interfere` in a thread of its own before a step of this thread, the first being 1."""
        self._thread, self._step, self._interfere = threading.get_ident(), step, interfere
        try:
            yield
        finally:
            self._thread = 0
            for thread in self._threads:
                thread.join(30)
        assert not self._errors

    def _before(self) -> None:
        if threading.get_ident() != self._thread:
            return
        self._step -= 1
        if self._fails and self._step <= 0:
            raise ConnectionError
        if self._step == 0:
            thread = threading.Thread(target=self._run, daemon=True)
            thread.start()
            thread.join(PATIENCE_SECONDS)
            self._threads.append(thread)

    def _run(self) -> None:
        try:
            self._interfere()
        except BaseException as error:  # noqa: BLE001  for the test's own thread
            self._errors.append(error)

    def __getattr__(self, name: str) -> Any:
        self._before()
        return getattr(self._store, name)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Interleaved:
    if request.param == "memory":
        return Interleaved(MemorySessionStore())
    return Interleaved(RedisSessionStore(request.getfixturevalue("redis_url"), prefix=f"{time.monotonic_ns()}:"))


@pytest.fixture
def keeper(store: Interleaved) -> StoreKeeper:
    return make_keeper(store)


def make_keeper(store: Any, clock: Any = time) -> StoreKeeper:
    rules = CookieRules(name=NAME, secure=False, samesite="Lax")
    return StoreKeeper(
        store,
        [b"k" * 32],
        rules,
        ("issuer", "client"),
        clock=clock,
        idle_timeout=None,
        user_of=lambda session: session.token_identity.sub,
    )


def begin(keeper: StoreKeeper, name: str, user: str = USER) -> Held:
    """Begin a session whose refresh token has this name."""
    now = time.time()
    session = Session(
        id=f"{name}-{time.monotonic_ns()}",
        access_token="",
        refresh_token=name,
        id_claims={},
        identity=("issuer", user, "client", None, None, None),
        signed_in_at=now,
        ends_at=now + 3600,
        received_at=now,
        life_seconds=3600,
    )
    cookie = keeper.begin(session)[0].partition(";")[0].partition("=")[2]
    held = keeper.find({NAME: cookie})
    assert held is not None
    return held


def refresh(keeper: StoreKeeper, held: Held) -> bool:
    """Keep a rotated token, as a refresh does. Return whether the session was there."""
    while True:
        with keeper.lock(held.key, 30) as is_mine:
            if is_mine:
                current = keeper.reload(held)
                if current is None:
                    return False
                rotated = replace(current.session, refresh_token="rotated")
                return keeper.renew(current, rotated) is not None
        time.sleep(0.002)


def token_of(keeper: StoreKeeper, held: Held) -> str | None:
    kept = keeper.reload(held)
    return None if kept is None else kept.session.refresh_token


@pytest.mark.parametrize("step", STEPS)
def test_the_session_that_stays_is_there_all_the_time(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    mine, other, bobs = begin(keeper, "mine"), begin(keeper, "other"), begin(keeper, "bob's", "bob")
    seen = []

    with store.interfered(step, lambda: seen.append(token_of(keeper, mine))):
        keeper.end_all([USER], mine)

    assert seen in ([], ["mine"])
    assert token_of(keeper, mine) == "mine"
    assert token_of(keeper, other) is None
    assert token_of(keeper, bobs) == "bob's"
    keeper.end_all([USER], None)
    assert token_of(keeper, mine) is None


@pytest.mark.parametrize("step", STEPS)
def test_a_session_that_is_logged_out_meanwhile_stays_ended(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")
    is_done = False

    def log_out() -> None:
        nonlocal is_done
        keeper.end(mine)
        is_done = True

    with store.interfered(step, log_out):
        keeper.end_all([USER], mine)

    assert token_of(keeper, mine) == (None if is_done else "mine")
    assert token_of(keeper, other) is None


@pytest.mark.parametrize("step", STEPS)
def test_a_token_that_is_rotated_meanwhile_is_kept(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")
    results = []

    with store.interfered(step, lambda: results.append(refresh(keeper, mine))):
        keeper.end_all([USER], mine)

    assert results in ([], [True])
    assert token_of(keeper, mine) == ("rotated" if results else "mine")
    assert token_of(keeper, other) is None


@pytest.mark.parametrize("step", STEPS)
def test_another_session_that_is_refreshed_meanwhile_ends(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")

    with store.interfered(step, lambda: refresh(keeper, other)):
        keeper.end_all([USER], mine)

    assert token_of(keeper, mine) == "mine"
    assert token_of(keeper, other) is None


@pytest.mark.parametrize("step", STEPS)
def test_an_end_of_all_sessions_meanwhile_spares_none(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")
    is_done = False

    def end_all() -> None:
        nonlocal is_done
        keeper.end_all([USER], None)
        is_done = True

    with store.interfered(step, end_all):
        keeper.end_all([USER], mine)

    assert token_of(keeper, mine) == (None if is_done else "mine")
    assert token_of(keeper, other) is None


@pytest.mark.parametrize("step", STEPS)
def test_of_two_that_spare_themselves_at_most_one_stays(keeper: StoreKeeper, store: Interleaved, step: int) -> None:
    first, second = begin(keeper, "first"), begin(keeper, "second")

    with store.interfered(step, lambda: keeper.end_all([USER], second)):
        keeper.end_all([USER], first)

    assert [token_of(keeper, first), token_of(keeper, second)].count(None) >= 1


@pytest.mark.parametrize("spares", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_what_was_left_half_way_ends_with_the_next(
    keeper: StoreKeeper, store: Interleaved, step: int, spares: bool
) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")
    with store.fails_from(step), suppress(StoreDownError):
        keeper.end_all([USER], mine)
    third = begin(keeper, "third")

    keeper.end_all([USER], third if spares else None)

    assert token_of(keeper, mine) is None
    assert token_of(keeper, other) is None
    assert token_of(keeper, third) == ("third" if spares else None)


def test_a_session_that_has_ended_before_is_not_spared(keeper: StoreKeeper) -> None:
    mine, other = begin(keeper, "mine"), begin(keeper, "other")
    keeper.end(mine)

    keeper.end_all([USER], mine)

    assert token_of(keeper, mine) is None
    assert token_of(keeper, other) is None


def test_another_users_session_is_not_touched(keeper: StoreKeeper) -> None:
    mine, bobs = begin(keeper, "mine"), begin(keeper, "bob's", "bob")

    keeper.end_all(["bob"], mine)

    assert token_of(keeper, mine) == "mine"
    assert token_of(keeper, bobs) is None
    keeper.end_all(["bob"], None)
    assert token_of(keeper, mine) == "mine"


def test_sessions_under_an_older_name_of_the_user_end(keeper: StoreKeeper) -> None:
    """The names come from `SECRET_KEY` and its fallbacks."""
    mine, older = begin(keeper, "mine"), begin(keeper, "older", "alice, formerly")

    keeper.end_all([USER, "alice, formerly"], mine)

    assert token_of(keeper, mine) == "mine"
    assert token_of(keeper, older) is None


@pytest.mark.slow
def test_a_lock_that_stays_is_an_error_and_not_a_success(keeper: StoreKeeper) -> None:
    mine = begin(keeper, "mine")

    with keeper.lock(mine.key, 60), pytest.raises(StoreDownError):
        keeper.end_all([USER], mine)


def test_an_end_that_took_longer_than_a_logout_is_remembered_spares_no_one(clock: ManualClock) -> None:
    """The marker of a logout lasts 30 s: what is older may have been logged out."""

    class Stopped(MemorySessionStore):
        def delete_user(self, user: str) -> None:
            clock.advance(10)
            super().delete_user(user)

    keeper = make_keeper(Stopped(clock=clock), clock)
    mine = begin(keeper, "mine")

    keeper.end_all([USER], mine)

    assert token_of(keeper, mine) is None


def test_threads_that_refresh_and_end_sessions_leave_none_that_was_ended(
    make_app: Callable[..., Flask], rotating: LocalManagedLogin, redis_url: str, clock: ManualClock
) -> None:
    """The whole way, from the routes to Redis: one browser ends the sessions of the others while all are refreshed."""
    workers = [make_app(rotating, COGNITO_SESSION_STORE=redis_url) for _ in range(2)]
    for worker in workers:
        add_route_that_ends_others(worker)
    clients = [worker.test_client() for worker in workers * 3]
    for client in clients:
        sign_in(client, "alice", PASSWORD, rotating)
    browsers = [header_of(client) for client in clients]
    clock.advance(3600)

    def ask(number: int, method: str, path: str) -> int:
        client = workers[number % 2].test_client(use_cookies=False)
        return client.open(path, method=method, headers={"Cookie": browsers[number]}).status_code

    with ThreadPoolExecutor(12) as threads:
        refreshed = [threads.submit(ask, number, "GET", "/reports") for number in range(6)]
        ended = threads.submit(ask, 0, "POST", "/end-others")
        logged_out = threads.submit(ask, 1, "POST", "/auth/logout")
        again = [threads.submit(ask, number, "GET", "/reports") for number in range(6)]

    assert ended.result() == 200
    assert logged_out.result() == 200
    assert {asked.result() for asked in [*refreshed, *again]} <= {200, 401}
    assert [refreshed[0].result(), again[0].result()] == [200, 200]
    assert [ask(number, "GET", "/reports") for number in range(6)] == [200, 401, 401, 401, 401, 401]


def add_route_that_ends_others(app: Flask) -> None:
    @app.post("/end-others")
    @cognito_auth_required
    def end_others() -> str:
        extension: CognitoSignIn = app.extensions["cognito_sign_in"]
        extension.end_sessions(except_current=True)
        return ""
