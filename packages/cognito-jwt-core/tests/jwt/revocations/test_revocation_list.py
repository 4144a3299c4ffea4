"""The list of revocations: what an entry revokes and for how long, and what holds while the shared list fails."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from cognito_jwt_core import (
    Changes,
    ConfigurationError,
    InvalidClaimError,
    MissingClaimError,
    Revocation,
    RevocationList,
    RevocationsUnavailableError,
)
from cognito_jwt_core.testing import ManualClock
from cognito_test_kit.key_servers import eventually
from cognito_test_kit.messages import Messages
from freezegun import freeze_time

NOW = 1_700_000_000
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
DAY = 86_400

ACCESS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-1",
    "token_use": "access",
    "client_id": "client-1",
    "jti": "token-1",
    "origin_jti": "session-1",
    "iat": NOW - 100,
    "auth_time": NOW - 1000,
    "exp": NOW + 3600,
}
ID: dict[str, Any] = {
    **{name: value for name, value in ACCESS.items() if name != "client_id"},
    "token_use": "id",
    "aud": "client-1",
}


class SharedList:
    """A source in memory that can fail, hang, forget, and go back."""

    def __init__(self) -> None:
        self.entries: list[Revocation] = []
        self.reads: list[str | None] = []
        self.fails = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def read(self, after: str | None) -> Changes:
        self.reads.append(after)
        self.may_answer.wait(30)
        if self.fails:
            raise OSError("down")
        known = int(after) if after is not None else 0
        is_whole = after is None or known > len(self.entries)
        entries = self.entries if is_whole else self.entries[known:]
        return Changes(tuple(entries), str(len(self.entries)) if self.entries else None, is_whole)

    def add(self, entries: Iterable[Revocation]) -> None:
        if self.fails:
            raise OSError("down")
        self.entries.extend(entries)


@pytest.fixture
def source() -> SharedList:
    return SharedList()


@pytest.fixture
def revocations(clock: ManualClock) -> RevocationList:
    return RevocationList(clock=clock)


# Options


@pytest.mark.parametrize(
    "options",
    [
        {"refresh_seconds": 0.09},
        {"refresh_seconds": "5"},
        {"refresh_seconds": True},
        {"max_age_seconds": 4},
        {"max_age_seconds": float("nan")},
        {"max_age_seconds": float("inf")},
        {"leeway": -0.1},
        {"leeway": 86_401},
        {"when_unknown": "pass"},
        {"source": "redis"},
        {"source": SimpleNamespace(read=list)},
    ],
    ids=str,
)
def test_option_that_cannot_be_meant_is_refused(messages: Messages, options: Any) -> None:
    with messages.raises(ConfigurationError):
        RevocationList(**options)


@pytest.mark.parametrize("seconds", [0.1, 86_400])
def test_least_and_most_seconds_are_taken(seconds: float) -> None:
    RevocationList(refresh_seconds=seconds, max_age_seconds=seconds)
    RevocationList(leeway=0)


@pytest.mark.parametrize(("issuer", "sub"), [("", "a"), (ISSUER, ""), (None, "a"), (ISSUER, 5)])
def test_revocation_of_no_user_is_refused(
    messages: Messages, revocations: RevocationList, issuer: Any, sub: Any
) -> None:
    with messages.raises(ConfigurationError):
        revocations.revoke_user(issuer, sub)
    with messages.raises(ConfigurationError):
        revocations.revoke_client(issuer, sub)


@pytest.mark.parametrize("before", ["now", True, float("nan"), datetime(2026, 1, 1)], ids=repr)  # noqa: DTZ001
def test_second_that_is_none_is_refused(messages: Messages, revocations: RevocationList, before: Any) -> None:
    with messages.raises(ConfigurationError):
        revocations.revoke_client(ISSUER, "client-1", before)


@pytest.mark.parametrize("claim", ["iss", "jti", "exp"])
def test_token_that_lacks_what_names_it_cannot_be_revoked(
    messages: Messages, revocations: RevocationList, claim: str
) -> None:
    with messages.raises(MissingClaimError) as caught:
        revocations.revoke_token({name: value for name, value in ACCESS.items() if name != claim})

    assert caught.value.claim == claim


def test_session_without_origin_jti_cannot_be_revoked(revocations: RevocationList) -> None:
    with pytest.raises(MissingClaimError):
        revocations.revoke_session({name: value for name, value in ACCESS.items() if name != "origin_jti"})


@pytest.mark.parametrize(("claim", "value"), [("jti", 5), ("jti", ""), ("exp", "tomorrow"), ("exp", True)])
def test_token_with_a_claim_of_another_type_cannot_be_revoked(
    messages: Messages, revocations: RevocationList, claim: str, value: object
) -> None:
    with messages.raises(InvalidClaimError) as caught:
        revocations.revoke_token({**ACCESS, claim: value})

    assert (caught.value.claim, caught.value.actual) == (claim, value)


# What an entry revokes


def test_empty_list_revokes_nothing(revocations: RevocationList) -> None:
    assert not revocations.is_revoked(ACCESS)
    assert revocations.is_ready
    assert revocations.age == 0


def test_token_is_revoked_alone(revocations: RevocationList) -> None:
    revocations.revoke_token(ACCESS)

    assert revocations.is_revoked(ACCESS)
    assert not revocations.is_revoked({**ACCESS, "jti": "token-2"})


def test_session_is_revoked_with_all_its_tokens_and_no_other_session(revocations: RevocationList) -> None:
    revocations.revoke_session(ACCESS)

    assert revocations.is_revoked({**ID, "jti": "token-2"})
    assert not revocations.is_revoked({**ACCESS, "origin_jti": "session-2"})


@pytest.mark.parametrize(
    ("claims", "is_revoked"),
    [
        ({"iat": NOW, "auth_time": NOW}, True),
        ({"iat": NOW + 5, "auth_time": NOW + 5}, True),  # within the leeway
        ({"iat": NOW + 6, "auth_time": NOW + 6}, False),
        ({"iat": NOW + 600, "auth_time": NOW + 5}, True),
        ({"iat": NOW + 5, "auth_time": None}, True),
        ({"iat": NOW + 600, "auth_time": NOW - 10}, True),  # a refresh moves only `iat`
        ({"iat": NOW + 600, "auth_time": "long ago"}, True),
        ({"iat": NOW + 600, "auth_time": None}, False),  # an app client's own token has none
        ({"iat": None, "auth_time": NOW + 600}, True),  # it does not say when it was issued
        ({"iat": "late", "auth_time": NOW + 600}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("token", [ACCESS, ID], ids=["access", "id"])
def test_user_and_client_are_revoked_up_to_a_second(
    clock: ManualClock, token: dict[str, Any], claims: dict[str, Any], is_revoked: bool
) -> None:
    for revoke, id_ in ((RevocationList.revoke_user, "user-1"), (RevocationList.revoke_client, "client-1")):
        revocations = RevocationList(clock=clock)
        revoke(revocations, ISSUER, id_)
        found = {name: value for name, value in {**token, **claims}.items() if value is not None}

        assert revocations.is_revoked(found) is is_revoked


def test_second_can_be_given_as_a_time_of_any_zone(revocations: RevocationList) -> None:
    revocations.revoke_user(ISSUER, "user-1", datetime.fromtimestamp(NOW - 500, timezone.utc))

    assert revocations.is_revoked({**ACCESS, "iat": NOW - 500, "auth_time": NOW - 500})
    assert not revocations.is_revoked({**ACCESS, "iat": NOW - 499, "auth_time": NOW - 499})


def test_ids_belong_to_an_issuer_and_to_their_claim(revocations: RevocationList) -> None:
    revocations.revoke_user(ISSUER, "user-1")
    revocations.revoke_token({**ACCESS, "jti": "user-2"})

    assert not revocations.is_revoked({**ACCESS, "iss": ISSUER.replace("eu-central-1", "us-east-1")})
    assert not revocations.is_revoked({**ACCESS, "sub": "user-2", "jti": "token-9"})


@pytest.mark.parametrize("claim", ["jti", "origin_jti", "sub", "client_id"])
@pytest.mark.parametrize("value", [["token-1"], {"a": 1}, None, 5, True], ids=repr)
def test_claim_that_is_no_text_is_no_entry(revocations: RevocationList, claim: str, value: object) -> None:
    revocations.revoke_token({**ACCESS, "jti": "another"})
    revocations.revoke_session({**ACCESS, "origin_jti": "another"})
    revocations.revoke_client(ISSUER, "another")

    assert not revocations.is_revoked({**ACCESS, claim: value})
    revocations.revoke_user(ISSUER, "user-1")
    assert revocations.is_revoked({**ACCESS, claim: value}) is (claim != "sub")


@pytest.mark.parametrize("ends", [(None, NOW + 2 * DAY), (NOW + 2 * DAY, None)], ids=["later", "earlier"])
def test_later_end_of_two_entries_counts(
    revocations: RevocationList, clock: ManualClock, ends: tuple[float | None, float | None]
) -> None:
    for until in ends:
        revocations.revoke_session(ACCESS, until=until)

    clock.advance(DAY)
    assert revocations.is_revoked(ACCESS)


def test_entries_of_one_user_add_up(revocations: RevocationList) -> None:
    revocations.revoke_user(ISSUER, "user-1", NOW)
    revocations.revoke_user(ISSUER, "user-1", NOW - 500)

    assert revocations.is_revoked({**ACCESS, "iat": NOW, "auth_time": NOW})


# How long


def test_entry_of_a_token_that_has_expired_takes_no_room(revocations: RevocationList) -> None:
    revocations.revoke_token({**ACCESS, "exp": NOW - 5})  # with the leeway, it ends now

    assert repr(revocations) == repr(RevocationList())


def test_entry_of_a_token_ends_with_the_token(revocations: RevocationList, clock: ManualClock) -> None:
    revocations.revoke_token({**ACCESS, "exp": NOW + 100})
    revocations.revoke_user(ISSUER, "user-2")
    clock.advance(106)
    revocations.revoke_token({**ACCESS, "jti": "token-2"})  # entries that have ended are dropped with the next

    assert not revocations.is_revoked(ACCESS)
    assert revocations.is_revoked({**ACCESS, "sub": "user-2"})


def test_purge_drops_what_ends_now_and_no_other(revocations: RevocationList, clock: ManualClock) -> None:
    elsewhere = ISSUER.replace("eu-central-1", "us-east-1")
    revocations.revoke_token({**ACCESS, "exp": NOW + 55})  # with the leeway, 60 seconds
    revocations.revoke_user(ISSUER, "user-1")
    revocations.revoke_user(elsewhere, "user-1")

    clock.advance(60)
    revocations.revoke_user(ISSUER, "another")

    assert "3 entries" in repr(revocations)
    assert revocations.is_revoked(ACCESS)
    assert revocations.is_revoked({**ACCESS, "iss": elsewhere})


def test_entry_that_has_ended_revokes_nothing(revocations: RevocationList, clock: ManualClock) -> None:
    undated = {name: value for name, value in ACCESS.items() if name != "iat"}
    revocations.revoke_user(ISSUER, "user-1")
    assert revocations.is_revoked(undated)

    clock.advance(DAY + 9)
    assert revocations.is_revoked(undated)
    clock.advance(1)  # and no other entry comes, with which it would be dropped

    assert not revocations.is_revoked(undated)


@pytest.mark.parametrize(("until", "seconds"), [(None, 3600), (NOW + 2 * DAY, 2 * DAY)])
def test_entry_of_a_session_ends_with_its_token_or_when_told(
    revocations: RevocationList, clock: ManualClock, until: float | None, seconds: int
) -> None:
    revocations.revoke_session(ACCESS, until=until)

    clock.advance(seconds)
    revocations.revoke_user(ISSUER, "another")
    assert revocations.is_revoked(ACCESS)
    clock.advance(DAY)
    revocations.revoke_user(ISSUER, "another")
    assert not revocations.is_revoked(ACCESS)


@pytest.mark.parametrize(("seconds", "kept"), [(0, DAY), (30 * DAY, 30 * DAY)])
def test_entry_of_a_user_is_kept_for_a_day_or_the_longest_session(
    revocations: RevocationList, clock: ManualClock, seconds: int, kept: int
) -> None:
    revocations.keep_for_at_least(seconds)
    revocations.revoke_user(ISSUER, "user-1")

    clock.advance(kept)
    revocations.revoke_user(ISSUER, "another")
    assert revocations.is_revoked(ACCESS)
    clock.advance(61)
    revocations.revoke_user(ISSUER, "another")
    assert not revocations.is_revoked(ACCESS)


def test_many_entries_are_kept_and_reported_once(messages: Messages, caplog: pytest.LogCaptureFixture) -> None:
    shared = SharedList()
    shared.entries = [Revocation("token", ISSUER, f"t{number}", None, NOW + DAY) for number in range(100_000)]
    revocations = RevocationList(shared, clock=ManualClock(NOW))
    with suppress(RevocationsUnavailableError):  # a request does not wait for ever, and a list takes its time
        revocations.ready()
    eventually(lambda: revocations.is_ready)
    revocations.revoke_token({**ACCESS, "jti": "last"})

    assert revocations.is_revoked({**ACCESS, "jti": "t99999"})
    assert revocations.is_revoked({**ACCESS, "jti": "last"})
    assert "100001" in repr(revocations)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.name for record in warnings] == ["cognito_jwt_core.revocations"]
    messages.show(warnings[0].getMessage())


# The shared list


def test_another_process_sees_the_entry_after_its_next_refresh(source: SharedList, clock: ManualClock) -> None:
    one, other = RevocationList(source, clock=clock), RevocationList(source, clock=clock)
    other.ready()
    one.revoke_user(ISSUER, "user-1")

    one.ready()
    assert one.is_revoked(ACCESS)
    clock.advance(5)
    other.is_revoked(ACCESS)  # begins to read
    eventually(lambda: other.is_revoked(ACCESS))
    assert other.age == 0


def test_only_what_was_added_is_read(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.revoke_user(ISSUER, "user-1")
    revocations.ready()
    clock.advance(5)
    revocations.is_revoked(ACCESS)

    eventually(lambda: source.reads == [None, "1"])


def test_list_that_was_never_read_accepts_nothing(source: SharedList, clock: ManualClock) -> None:
    source.fails = True
    revocations = RevocationList(source, clock=clock)

    with pytest.raises(RevocationsUnavailableError):
        revocations.is_revoked(ACCESS)
    with pytest.raises(RevocationsUnavailableError) as caught:
        revocations.ready()
    assert caught.value.retry_after >= 1
    assert revocations.age is None
    assert not revocations.is_ready


def test_old_copy_serves_for_a_while_and_then_no_more(
    source: SharedList, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.ready()
    source.fails = True

    clock.advance(60)
    assert not revocations.is_revoked(ACCESS)
    eventually(lambda: len(source.reads) == 2)
    clock.advance(1)
    with pytest.raises(RevocationsUnavailableError):
        revocations.is_revoked(ACCESS)
    eventually(lambda: len(caplog.records) == 1)  # an outage is reported once, not with every attempt


def test_old_copy_serves_for_good_where_that_is_chosen(source: SharedList, clock: ManualClock) -> None:
    source.fails = True
    revocations = RevocationList(source, when_unknown="accept", clock=clock)

    revocations.ready()
    assert not revocations.is_revoked(ACCESS)
    assert not revocations.is_ready


def test_outage_ends_with_the_next_reading(source: SharedList, clock: ManualClock) -> None:
    source.fails = True
    revocations = RevocationList(source, clock=clock)
    with pytest.raises(RevocationsUnavailableError):
        revocations.ready()
    eventually(lambda: len(source.reads) == 1)
    source.fails = False
    with pytest.raises(RevocationsUnavailableError):  # not before the next attempt is due
        revocations.ready()
    assert len(source.reads) == 1

    clock.advance(5)
    eventually(lambda: is_known(revocations))


def is_known(revocations: RevocationList) -> bool:
    try:
        return not revocations.is_revoked(ACCESS)
    except RevocationsUnavailableError:
        return False


def test_entry_that_cannot_be_shared_holds_here_and_is_shared_later(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.ready()
    source.fails = True
    with pytest.raises(RevocationsUnavailableError):
        revocations.revoke_user(ISSUER, "user-1")

    assert revocations.is_revoked(ACCESS)
    assert source.entries == []
    source.fails = False
    clock.advance(5)
    revocations.is_revoked(ACCESS)
    eventually(lambda: [entry.id for entry in source.entries] == ["user-1"])


def test_flushed_list_is_written_again(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.revoke_user(ISSUER, "user-1")
    revocations.revoke_token({**ACCESS, "exp": NOW + 5})  # with the leeway, 10 seconds
    revocations.ready()
    source.entries = []
    clock.advance(10)

    assert revocations.is_revoked(ACCESS)
    eventually(lambda: [entry.id for entry in source.entries] == ["user-1"])  # and not what has ended
    assert revocations.is_revoked(ACCESS)


def test_list_that_went_back_is_completed(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.revoke_user(ISSUER, "user-1", NOW - 500)
    revocations.revoke_user(ISSUER, "user-1", NOW)
    revocations.revoke_user(ISSUER, "user-2")
    revocations.ready()
    del source.entries[1:]
    clock.advance(5)
    revocations.is_revoked(ACCESS)

    eventually(lambda: len(source.entries) == 3)
    assert {(entry.id, entry.before) for entry in source.entries} == {
        ("user-1", NOW - 500),
        ("user-1", NOW),
        ("user-2", NOW + 5),
    }


def test_entries_of_the_shared_list_add_up(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    for user, before in (("user-1", NOW), ("user-1", NOW - 500), ("user-2", NOW)):
        revocations.revoke_user(ISSUER, user, before)
    revocations.ready()
    del source.entries[2:]
    clock.advance(5)
    revocations.is_revoked(ACCESS)

    eventually(lambda: len(source.entries) > 2)
    assert [entry.id for entry in source.entries] == ["user-1", "user-1", "user-2"]


def test_request_waits_for_a_long_list_but_not_for_ever(source: SharedList, clock: ManualClock) -> None:
    source.may_answer.clear()
    revocations = RevocationList(source, clock=clock)

    with pytest.raises(RevocationsUnavailableError):
        revocations.ready()
    source.may_answer.set()
    revocations.ready()
    assert revocations.is_ready
    assert len(source.reads) == 1


def test_waiting_leaves_the_event_loop_alone(source: SharedList, clock: ManualClock) -> None:
    source.may_answer.clear()
    revocations = RevocationList(source, clock=clock)

    async def waited() -> int:
        ticks = 0
        waiting = asyncio.create_task(revocations.ready_async())
        while not waiting.done():
            await asyncio.sleep(0.001)
            ticks += 1
            if ticks == 10:
                source.may_answer.set()
        await waiting
        await revocations.ready_async()
        return ticks

    assert asyncio.run(waited()) >= 10
    assert revocations.is_ready


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forked_child_reads_for_itself(source: SharedList, clock: ManualClock) -> None:
    revocations = RevocationList(source, clock=clock)
    revocations.ready()
    source.may_answer.clear()
    clock.advance(5)
    revocations.is_revoked(ACCESS)  # a reading is on its way in a thread that the child does not have
    eventually(lambda: len(source.reads) == 2)

    child = os.fork()
    if child == 0:
        source.may_answer.set()
        clock.advance(60)
        try:
            revocations.ready()
            os._exit(0 if revocations.is_ready else 1)
        finally:
            os._exit(2)
    source.may_answer.set()
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_no_answer_waits_while_a_long_list_is_taken_over(clock: ManualClock) -> None:
    may_go_on, is_taking_over = threading.Event(), threading.Event()

    class Slow(SharedList):
        def read(self, after: str | None) -> Changes:
            changes = super().read(after)
            return changes if after is None else changes._replace(entries=self.slowly())  # type: ignore[arg-type]

        def slowly(self) -> Iterator[Revocation]:
            is_taking_over.set()
            may_go_on.wait(30)
            yield from self.entries

    source = Slow()
    source.add([Revocation("session", ISSUER, "another", None, NOW + DAY)])
    revocations = RevocationList(source, clock=clock)
    revocations.ready()
    source.add([Revocation("session", ISSUER, "session-1", None, NOW + DAY)])
    clock.advance(6)

    try:
        assert not revocations.is_revoked(ACCESS)
        assert is_taking_over.wait(30)
        assert not revocations.is_revoked(ACCESS)
    finally:
        may_go_on.set()
    eventually(lambda: revocations.is_revoked(ACCESS))


def test_without_a_thread_nothing_is_known_and_with_one_all_is() -> None:
    program = """
import threading
from cognito_jwt_core import Changes, RevocationList, RevocationsUnavailableError

class Empty:
    def read(self, after): return Changes((), None, True)
    def add(self, entries): pass

revocations = RevocationList(Empty())
usual = threading.stack_size()
threading.stack_size(1 << 46)  # more than there is of address space
try:
    revocations.ready()
except RevocationsUnavailableError:
    threading.stack_size(usual)
    revocations.ready()
    print(revocations.is_ready)
"""

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert found.stdout.strip() == "True"


def test_source_that_hangs_for_ever_is_no_outage_once_it_is_well(clock: ManualClock) -> None:
    source = HangingList()
    shared = RevocationList(source, clock=clock, refresh_seconds=0.1, max_age_seconds=0.2)
    shared.ready()
    source.hangs = True
    clock.advance(1)
    with pytest.raises(RevocationsUnavailableError):
        shared.is_revoked(ACCESS)  # begins a read that never ends
    eventually(lambda: source.running == 1)
    source.hangs = False

    eventually(lambda: becomes_ready(shared))
    assert not shared.is_revoked(ACCESS)

    # The read that hung ends after all: with what it saw it takes nothing back.
    shared.revoke_user(ISSUER, "user-1")
    shared.ready()
    source.may_answer.set()
    eventually(lambda: not hung_reads(shared))
    assert shared.is_revoked(ACCESS)
    assert source.added == 1


@pytest.mark.parametrize("ends_with", [None, OSError("reset")], ids=["an answer", "an error"])
def test_reads_that_hang_are_few(clock: ManualClock, ends_with: Exception | None) -> None:
    source = HangingList()
    shared = RevocationList(source, clock=clock, refresh_seconds=0.1, max_age_seconds=0.1)
    source.hangs, source.ends_with = True, ends_with

    def ask() -> None:
        with suppress(RevocationsUnavailableError):
            shared.is_revoked(ACCESS)

    def has_begun(reads: int) -> bool:
        ask()
        return source.running == reads

    eventually(lambda: has_begun(3))
    threading.Event().wait(0.3)  # longer than the time after which another read would begin
    ask()
    assert source.running == 3
    source.hangs = False
    source.may_answer.set()
    eventually(lambda: not hung_reads(shared))
    clock.advance(1)

    eventually(lambda: becomes_ready(shared))

    assert not shared.is_revoked(ACCESS)


def hung_reads(shared: RevocationList) -> list[object]:
    assert shared._shared is not None  # noqa: SLF001  nothing else tells when a thread has ended
    return [*shared._shared._process.get().hung]  # noqa: SLF001


def becomes_ready(shared: RevocationList) -> bool:
    with suppress(RevocationsUnavailableError):
        shared.ready()
    return shared.is_ready


class HangingList(SharedList):
    """A source without time limits of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = False
        self.ends_with: Exception | None = None
        self.may_answer.clear()
        self.running = 0
        self.added = 0

    def read(self, after: str | None) -> Changes:
        seen = Changes(tuple(self.entries), str(len(self.entries)) if self.entries else None, is_whole=True)
        if self.hangs:
            self.running += 1
            self.may_answer.wait(600)
            self.running -= 1
            if self.ends_with is not None:
                raise self.ends_with
        return seen

    def add(self, entries: Iterable[Revocation]) -> None:
        self.added += 1
        super().add(entries)


@pytest.mark.parametrize("date", ["2020-01-15", "2031-05-05"])
def test_shared_list_serves_where_a_test_froze_the_time_of_its_thread(source: SharedList, date: str) -> None:
    with freeze_time(date) as frozen:
        shared = RevocationList(source, refresh_seconds=5, max_age_seconds=60)
        shared.ready()
        assert not shared.is_revoked(ACCESS)
        shared.revoke_user(ISSUER, "user-1")
        frozen.tick(61)
        shared.ready()

        assert shared.is_revoked({**ACCESS, "iat": time.time() - 100, "auth_time": time.time() - 100})


def test_sharing_after_an_outage_compares_each_entry_a_few_times(source: SharedList, clock: ManualClock) -> None:
    shared = RevocationList(source, clock=clock)
    source.fails = True
    for number in range(500):
        with suppress(RevocationsUnavailableError):
            shared.revoke_session({**ACCESS, "origin_jti": CountedText(f"session-{number}")})
    source.fails = False
    CountedText.compared = 0

    shared.revoke_token(ACCESS)

    assert len(source.entries) == 501
    assert CountedText.compared < 10 * 500  # each with each other would be 125,000


class CountedText(str):
    """A text that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedText.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_outage_is_one_warning_however_long_it_lasts(
    source: SharedList, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    shared = RevocationList(source, clock=clock, refresh_seconds=5, max_age_seconds=60)
    shared.ready()
    source.fails = True

    for _ in range(3):
        before = len(source.reads)
        clock.advance(6)
        assert not shared.is_revoked(ACCESS)
        eventually(partial(has_ended, shared, source, before + 1))

    assert [record.name for record in caplog.records] == ["cognito_jwt_core.revocations"]


def has_ended(shared: RevocationList, source: SharedList, reads: int) -> bool:
    assert shared._shared is not None  # noqa: SLF001  nothing else tells when a thread has ended
    return len(source.reads) == reads and shared._shared._process.get().loading is None  # noqa: SLF001
