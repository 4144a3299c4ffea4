"""The shared list of revocations in a real Redis: flushed, behind, filled with junk, stopped."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any, cast

import pytest
import redis
from cognito_jwt_core import ConfigurationError, Revocation, RevocationList, RevocationsUnavailableError
from cognito_jwt_core.redis import RedisRevocations
from cognito_jwt_core.testing import ManualClock
from cognito_test_kit.key_servers import eventually
from cognito_test_kit.redis_server import redis_url  # noqa: F401  a fixture

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:  # noqa: F811
    with redis.Redis.from_url(redis_url, socket_timeout=10) as client:
        yield client


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4()}:"


@pytest.fixture
def source(client: redis.Redis, prefix: str) -> RedisRevocations:
    return RedisRevocations(client, prefix)


def entry(id_: str, seconds: float = 1000, **fields: Any) -> Revocation:
    values: dict[str, Any] = {"kind": "token", "issuer": ISSUER, "id": id_, "before": None}
    return Revocation(**{**values, "until": time.time() + seconds, **fields})


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://localhost", "redis://:secret-word@host:port"])
def test_url_that_is_none_is_refused_and_no_password_is_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RedisRevocations(url)

    assert "secret-word" not in str(caught.value)


def test_extra_is_named_where_it_is_not_installed() -> None:
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from cognito_jwt_core import ConfigurationError\n"
        "from cognito_jwt_core.redis import RedisRevocations\n"
        "try: RedisRevocations('redis://localhost')\n"
        "except ConfigurationError as error: print(error)"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert "cognito-jwt-core[redis]" in found.stdout


@pytest.mark.parametrize(("socket_timeout", "warnings"), [(None, 1), (2, 0)])
def test_client_that_waits_for_ever_is_a_warning(
    socket_timeout: float | None, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = redis.Redis(socket_timeout=socket_timeout)

    RedisRevocations(client)

    found = [(record.name, record.levelname) for record in caplog.records]
    assert found == [("cognito_jwt_core.revocations", "WARNING")] * warnings


def test_client_without_a_pool_of_connections_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    RedisRevocations(cast("redis.Redis", OtherClient()))

    assert caplog.records == []


class OtherClient:
    """A client of another kind, such as a cluster's."""


def test_empty_list_is_whole(source: RedisRevocations) -> None:
    assert source.read(None) == ((), None, True)


def test_entries_come_back_as_they_were(source: RedisRevocations) -> None:
    added = (entry("t"), entry("u", kind="user", before=1_700_000_000.5), entry("c", kind="client", before=5))
    source.add(added)

    whole = source.read(None)

    assert whole.entries == added
    assert whole.is_whole


def test_only_what_was_added_after_the_cursor_is_read(source: RedisRevocations) -> None:
    source.add([entry("one")])
    cursor = source.read(None).cursor
    assert source.read(cursor) == ((), cursor, False)
    source.add([entry("two"), entry("three")])

    changes = source.read(cursor)

    assert [found.id for found in changes.entries] == ["two", "three"]
    assert not changes.is_whole


def test_many_entries_are_read_in_pages(source: RedisRevocations) -> None:
    source.add(entry(f"t{number}") for number in range(12_345))

    assert len(source.read(None).entries) == 12_345


def test_flushed_list_is_read_whole(source: RedisRevocations, client: redis.Redis, prefix: str) -> None:
    source.add([entry("one"), entry("two")])
    cursor = source.read(None).cursor
    client.delete(f"{prefix}list")
    assert source.read(cursor) == ((), None, True)
    source.add([entry("three")])

    changes = source.read(cursor)

    assert [found.id for found in changes.entries] == ["three"]
    assert changes.is_whole


def test_replica_that_was_behind_is_read_whole(source: RedisRevocations, client: redis.Redis, prefix: str) -> None:
    source.add([entry("one"), entry("two")])
    cursor = source.read(None).cursor
    assert cursor
    client.xdel(f"{prefix}list", cursor)  # what a failover to it loses

    changes = source.read(cursor)

    assert [found.id for found in changes.entries] == ["one"]
    assert changes.is_whole


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "{}",
        "null",
        "[]",
        json.dumps(["token", ISSUER, "t", None]),
        json.dumps(["tokens", ISSUER, "t", None, 2_000_000_000]),
        json.dumps([["token"], ISSUER, "t", None, 2_000_000_000]),
        json.dumps(["token", "", "t", None, 2_000_000_000]),
        json.dumps(["token", ISSUER, 5, None, 2_000_000_000]),
        json.dumps(["token", ISSUER, "t", 5, 2_000_000_000]),
        json.dumps(["user", ISSUER, "t", None, 2_000_000_000]),
        json.dumps(["user", ISSUER, "t", "now", 2_000_000_000]),
        json.dumps(["user", ISSUER, "t", True, 2_000_000_000]),
        json.dumps(["token", ISSUER, "t", None, "later"]),
        '["token", "i", "t", null, 1e400]',
        '["token", "i", "t", null, NaN]',
    ],
    ids=lambda junk: junk[:40],
)
def test_junk_is_left_out_and_reported(
    source: RedisRevocations, client: redis.Redis, prefix: str, junk: str, caplog: pytest.LogCaptureFixture
) -> None:
    client.xadd(f"{prefix}list", {"revocation": junk})
    client.xadd(f"{prefix}list", {"another": "field"})
    source.add([entry("good")])

    assert [found.id for found in source.read(None).entries] == ["good"]
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("cognito_jwt_core.revocations", "WARNING")
    ]


def test_entries_that_have_ended_are_deleted_with_the_next(
    source: RedisRevocations, client: redis.Redis, prefix: str
) -> None:
    source.add([entry("ended", seconds=-1), entry("current")])
    source.add([entry("next")])

    assert [found.id for found in source.read(None).entries] == ["current", "next"]
    assert client.xlen(f"{prefix}list") == 2


def test_client_that_decodes_answers_works(redis_url: str, prefix: str) -> None:  # noqa: F811
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        source = RedisRevocations(client, prefix)
        source.add([entry("one")])
        cursor = source.read(None).cursor
        source.add([entry("two")])

        assert [found.id for found in source.read(cursor).entries] == ["two"]


def test_two_hosts_share_a_list(redis_url: str, prefix: str) -> None:  # noqa: F811
    clock = ManualClock(time.time())
    one, other = (RevocationList(source=RedisRevocations(redis_url, prefix), clock=clock) for _ in range(2))
    other.ready()
    one.revoke_user(ISSUER, "user-1")
    clock.advance(5)

    eventually(lambda: other.is_revoked({"iss": ISSUER, "sub": "user-1", "iat": clock.time() - 5}))


def test_server_that_is_gone_makes_the_list_unavailable() -> None:
    revocations = RevocationList(RedisRevocations("unix:///nowhere/redis.sock"))

    with pytest.raises(RevocationsUnavailableError):
        revocations.ready()
    with pytest.raises(RevocationsUnavailableError):
        revocations.revoke_user(ISSUER, "user-1")


DEEP_PROGRAM = """
import sys, threading
from cognito_jwt_core import RevocationList
from cognito_jwt_core.redis import RedisRevocations

threading.stack_size(128 * 1024)  # as of Alpine's Python, also for the thread that reads
shared = RevocationList(RedisRevocations(sys.argv[1], sys.argv[2]))
shared.ready()
print(shared)
"""


def test_deep_junk_does_not_overflow_the_stack_of_the_thread_that_reads(
    redis_url: str,  # noqa: F811
    source: RedisRevocations,
    client: redis.Redis,
    prefix: str,
) -> None:
    source.add([entry("one")])
    for opening in ("[", '{"":', '["x",['):
        client.xadd(f"{prefix}list", {"revocation": opening * 20_000})

    ended = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", DEEP_PROGRAM, redis_url, prefix], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 0
    assert ended.stdout == "<RevocationList of 1 entries>\n"
