from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from cognito_jwt_core import JWKSFetchError, KeySettings, UserPool
from cognito_jwt_core.doctor import Finding, examine, fetch_in_time
from cognito_jwt_core.jwks_sources import JWKSURL
from cognito_jwt_core.testing import JWKSServer, LocalUserPool

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
SETTINGS = KeySettings(timeout_seconds=10)


def findings_of(server: JWKSServer, settings: KeySettings = SETTINGS) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(UserPool(POOL.id, jwks_uri=server.url), settings)}


def test_the_endpoint_is_asked_once_for_all_issuers_that_share_it() -> None:
    with JWKSServer(POOL) as server:
        findings = findings_of(server)

        assert server.requests == 1
    assert {check: finding.is_good for check, finding in findings.items()} == {
        "endpoint": True,
        "keys": True,
        "clock": True,
    }


@pytest.mark.parametrize(("offset", "words"), [(-90, "ahead of"), (90, "behind")])
def test_a_clock_that_differs_from_the_servers_is_told(offset: int, words: str) -> None:
    with JWKSServer(POOL) as server:
        server.behave(headers={"Date": formatdate(time.time() + offset, usegmt=True)})

        clock = findings_of(server)["clock"]

    assert not clock.is_good
    assert words in clock.message


def test_no_date_is_no_finding() -> None:
    with JWKSServer(POOL) as server:
        server.behave(headers={"Date": None})

        assert "clock" not in findings_of(server)


def test_keys_that_are_left_out_are_told() -> None:
    bad = {"kid": "old", "kty": "EC", "alg": "ES256", "use": "sig"}
    with JWKSServer(POOL) as server:
        server.behave(body={"keys": [*POOL.jwk_set["keys"], bad]})

        keys = findings_of(server)["keys"]

    assert not keys.is_good
    assert keys.message.startswith("left out 'old': expected a key for RS256")


@pytest.mark.parametrize("misbehaviour", ["html", "empty", "no-keys", "redirect", "reset"])
def test_an_endpoint_without_keys_is_told(misbehaviour: str) -> None:
    with JWKSServer(POOL) as server:
        server.misbehave(misbehaviour)

        findings = findings_of(server)

    assert {check: finding.is_good for check, finding in findings.items()} == {"endpoint": False}


def test_silence_ends_at_the_deadline() -> None:
    with JWKSServer(POOL) as server:
        server.behave(hold=True)

        with pytest.raises(JWKSFetchError, match=r"no whole answer within 0\.2 s|Timeout"):
            fetch_in_time(JWKSURL(server.url), KeySettings(timeout_seconds=0.2))
        server.release()


def test_headers_that_drip_end_at_the_deadline() -> None:
    with JWKSServer(POOL) as server:
        server.behave(drip="headers")

        with pytest.raises(JWKSFetchError, match=r"^no whole answer within 0\.2 s$"):
            fetch_in_time(JWKSURL(server.url), KeySettings(timeout_seconds=0.2))


def test_each_other_form_of_the_issuer_is_told_with_whether_the_pool_uses_it() -> None:
    with (
        JWKSServer(POOL) as original,
        JWKSServer(POOL) as updated,
        JWKSServer(POOL) as replica,
        JWKSServer(POOL) as down,
    ):
        updated.behave(status=404)
        down.behave(status=500)
        pool = UserPool(POOL.id)
        servers = {"original": original, "updated": updated, "replica": replica, "down": down}
        object.__setattr__(pool, "jwks_uris", {name: server.url for name, server in servers.items()})

        told = {line.message.partition(":")[0]: line for line in examine(pool, SETTINGS) if line.check == "issuer"}

    assert told["updated"] == Finding("issuer", is_good=True, message="updated: not used by the pool")
    assert told["replica"] == Finding("issuer", is_good=True, message="replica: answers, 1 usable keys")
    assert told["down"] == Finding("issuer", is_good=False, message="down: expected status 200, found 500")
