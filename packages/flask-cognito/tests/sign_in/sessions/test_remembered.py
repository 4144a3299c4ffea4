"""Opened sessions are remembered, so that a request need not decrypt one, and nothing else opens what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cognito_jwt_core.testing import ManualClock
from flask_cognito import MemorySessionStore
from flask_cognito.sign_in.cookies.rules import CookieRules
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.sessions.cookie_keeper import CookieKeeper
from flask_cognito.sign_in.sessions.keeper import Keeper
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.sessions.store_keeper import StoreKeeper
from werkzeug.http import parse_cookie

SECRETS = [b"k" * 32]
BINDING = ("https://issuer.example", "abcdef123456")
RULES = CookieRules(name="__Host-Http-cognito_session")
REMEMBERED = 1024


@pytest.fixture
def store(clock: ManualClock) -> MemorySessionStore:
    return MemorySessionStore(clock=clock)


@pytest.fixture
def in_cookies(clock: ManualClock) -> CookieKeeper:
    return CookieKeeper(SECRETS, RULES, BINDING, clock)


@pytest.fixture
def make_in_store(clock: ManualClock, store: MemorySessionStore) -> Callable[[], StoreKeeper]:
    def make() -> StoreKeeper:
        return StoreKeeper(
            store, SECRETS, RULES, BINDING, clock=clock, idle_timeout=None, user_of=lambda session: "alice"
        )

    return make


@pytest.fixture
def in_store(make_in_store: Callable[[], StoreKeeper]) -> StoreKeeper:
    return make_in_store()


def session_of(clock: ManualClock, name: str = "one") -> Session:
    now = clock.time()
    return Session(
        id=name,
        access_token="header.payload.signature",
        refresh_token="refresh",
        id_claims={"sub": "alice"},
        identity=("https://issuer.example", "alice", "abcdef123456", None, None, None),
        signed_in_at=now,
        ends_at=now + 3600,
        received_at=now,
        life_seconds=600,
    )


def begun(keeper: Keeper, session: Session) -> dict[str, str]:
    return sent(keeper.begin(session))


def sent(written: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for cookie in written:
        pairs.update(parse_cookie(cookie.partition(";")[0]))
    return pairs


def found(keeper: Keeper, cookies: dict[str, str]) -> Session | None:
    held = keeper.find(cookies)
    return None if held is None else held.session


@pytest.mark.parametrize("kind", ["in_cookies", "in_store"])
def test_a_session_is_opened_once(kind: str, clock: ManualClock, request: pytest.FixtureRequest) -> None:
    keeper: Keeper = request.getfixturevalue(kind)
    cookies = begun(keeper, session_of(clock))

    first = found(keeper, cookies)

    assert first is not None
    assert first.access_token == "header.payload.signature"
    assert found(keeper, cookies) is first


@pytest.mark.parametrize("kind", ["in_cookies", "in_store"])
def test_sessions_are_remembered_within_bounds(kind: str, clock: ManualClock, request: pytest.FixtureRequest) -> None:
    keeper: Keeper = request.getfixturevalue(kind)
    cookies = [begun(keeper, session_of(clock, f"session {number}")) for number in range(REMEMBERED + 1)]

    sessions = [found(keeper, one) for one in cookies]

    assert found(keeper, cookies[-1]) is sessions[-1]
    again = found(keeper, cookies[0])
    assert again == sessions[0]
    assert again is not sessions[0]


def test_cookies_are_remembered_as_a_whole_text(in_cookies: CookieKeeper, clock: ManualClock) -> None:
    cookies = begun(in_cookies, session_of(clock))
    assert in_cookies.find(cookies) is not None
    text = cookies[RULES.name]

    for position in range(len(text)):
        for letter in "AB/+-é":
            changed = text[:position] + letter + text[position + 1 :]
            assert changed == text or in_cookies.find({**cookies, RULES.name: changed}) is None


def test_cookies_that_do_not_open_are_not_remembered(in_cookies: CookieKeeper, clock: ManualClock) -> None:
    cookies = begun(in_cookies, session_of(clock))
    first = found(in_cookies, cookies)
    other = Seal(SECRETS, "another purpose")

    for number in range(REMEMBERED + 1):
        text = f"1.{other.seal({'n': number})}"
        assert in_cookies.find({**cookies, RULES.name: text}) is None

    assert found(in_cookies, cookies) is first


def test_text_that_no_server_sends_is_no_session(in_cookies: CookieKeeper, clock: ManualClock) -> None:
    cookies = begun(in_cookies, session_of(clock))

    assert in_cookies.find({**cookies, RULES.name: cookies[RULES.name] + "\udc80"}) is None


def test_another_secret_opens_no_remembered_record(in_store: StoreKeeper, clock: ManualClock) -> None:
    cookies = begun(in_store, session_of(clock))
    first = found(in_store, cookies)
    session_id, _, secret = cookies[RULES.name].partition(".")

    for changed in ("x", secret[:-1], secret + "A", secret.swapcase()):
        assert in_store.find({RULES.name: f"{session_id}.{changed}"}) is None

    assert found(in_store, cookies) is first


def test_a_remembered_record_ends_with_the_one_in_the_store(in_store: StoreKeeper, clock: ManualClock) -> None:
    cookies = begun(in_store, session_of(clock))
    held = in_store.find(cookies)
    assert held is not None

    in_store.end(held)

    assert in_store.find(cookies) is None


def test_a_record_that_another_process_replaced_is_opened_again(
    make_in_store: Callable[[], StoreKeeper], clock: ManualClock
) -> None:
    ours, theirs = make_in_store(), make_in_store()
    session = session_of(clock)
    cookies = begun(ours, session)
    before, of_theirs = ours.find(cookies), theirs.find(cookies)
    assert before is not None
    assert of_theirs is not None
    renewed: Any = Session(**{**session.as_json(), "access_token": "another.access.token"})

    assert theirs.renew(of_theirs, renewed) is not None

    after = ours.find(cookies)
    assert after is not None
    assert after.session.access_token == "another.access.token"
    assert after.version > before.version
    assert ours.renew(before, session) is None  # the version in hand is an old one
    assert ours.renew(after, session) is not None


def test_a_remembered_record_is_over_when_the_session_is(
    in_store: StoreKeeper, store: MemorySessionStore, clock: ManualClock
) -> None:
    cookies = begun(in_store, session_of(clock))
    held = in_store.find(cookies)
    assert held is not None
    record = store.load(held.key)
    assert record is not None
    store.create(held.key, record.value, 1_000_000, "alice")  # the store keeps it for longer

    clock.advance(3601)

    assert in_store.find(cookies) is None
