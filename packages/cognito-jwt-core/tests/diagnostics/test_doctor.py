from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
from cognito_jwt_core import (
    CognitoVerifier,
    ConfigurationError,
    JWKSFetchError,
    KeySettings,
    MultiPoolVerifier,
    RevocationsUnavailableError,
    UnavailableError,
    UserPool,
    doctor,
)
from cognito_jwt_core.diagnostics.doctor import Finding, fetch_in_time
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.tls import certificate, tls_server

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
SETTINGS = KeySettings(timeout_seconds=10)


def findings_of(server: JWKSServer, settings: KeySettings = SETTINGS) -> dict[str, Finding]:
    findings = doctor(UserPool(POOL.id, jwks_uri=server.url), key_settings=settings)
    return {finding.check: finding for finding in findings}


def test_an_id_that_is_none_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ConfigurationError):
        doctor("no pool")


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

        with pytest.raises(JWKSFetchError):
            fetch_in_time(server.url, KeySettings(timeout_seconds=0.2))
        server.release()


def test_headers_that_drip_end_at_the_deadline() -> None:
    with JWKSServer(POOL) as server:
        server.behave(drip="headers")

        with pytest.raises(JWKSFetchError):
            fetch_in_time(server.url, KeySettings(timeout_seconds=0.2))


def pool_with_forms(**servers: JWKSServer) -> UserPool:
    """A pool with an issuer for each server, as AWS alone can give them."""

    class PoolWithForms(UserPool):
        @property
        def jwks_uris(self) -> Mapping[str, str]:
            return {name: server.url for name, server in servers.items()}

    return PoolWithForms(POOL.id)


def test_each_other_form_of_the_issuer_is_told_with_whether_the_pool_uses_it() -> None:
    with (
        JWKSServer(POOL) as original,
        JWKSServer(POOL) as updated,
        JWKSServer(POOL) as replica,
        JWKSServer(POOL) as down,
    ):
        updated.behave(status=404)
        down.behave(status=500)
        pool = pool_with_forms(original=original, updated=updated, replica=replica, down=down)

        told = {
            line.message.partition(":")[0]: line
            for line in doctor(pool, key_settings=SETTINGS)
            if line.check == "issuer"
        }

    assert told["updated"] == Finding("issuer", is_good=True, message="updated: not used by the pool")
    assert told["replica"] == Finding("issuer", is_good=True, message="replica: answers, 1 usable keys")
    assert told["down"] == Finding(
        "issuer", is_good=False, message="down: expected status 200, found 500", advice=told["down"].advice
    )
    assert told["down"].advice


def test_every_failure_comes_with_what_to_look_at() -> None:
    with JWKSServer(POOL) as server:
        server.behave(status=404)
        wrong_pool = findings_of(server)["endpoint"]
        server.behave(status=503)
        in_trouble = findings_of(server)["endpoint"]
        server.behave(headers={"Date": formatdate(time.time() - 90, usegmt=True)})
        clock = findings_of(server)["clock"]

    assert wrong_pool.advice
    assert in_trouble.advice
    assert clock.advice
    assert len({wrong_pool.advice, in_trouble.advice, clock.advice}) == 3


def test_a_verifier_is_examined_with_its_own_sources(tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [*POOL.jwk_set["keys"], {"kid": "old", "kty": "EC"}]}))
    options = {"client_id": None, "token_use": "access"}
    file = CognitoVerifier(POOL.id, jwks=keys, **options)  # type: ignore[arg-type]
    other = LocalUserPool("us-east-1_other")
    with JWKSServer(other) as server:
        server.behave(status=500)
        url = CognitoVerifier(UserPool(other.id, jwks_uri=server.url), **options)  # type: ignore[arg-type]

        findings = doctor(MultiPoolVerifier([file, url]))

    assert [(finding.check, finding.is_good, bool(finding.advice)) for finding in findings] == [
        ("keys", False, True),
        ("source", True, False),
        ("source", False, True),
    ]
    assert server.url in findings[-1].message


def test_forms_of_an_issuer_that_nothing_asked_for_are_no_finding() -> None:
    with JWKSServer(POOL) as server, JWKSServer(POOL) as unasked:
        pool = pool_with_forms(original=server, updated=unasked)

        findings = doctor(CognitoVerifier(pool, client_id=None, token_use="access"))

    assert [finding.is_good for finding in findings] == [True]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (UnavailableError("RuntimeError: can't start new thread"), "limits"),
        (RevocationsUnavailableError("the list is 90 s old"), "revocation"),
    ],
)
def test_a_verifier_that_cannot_start_is_a_finding_where_no_source_says_why(error: UnavailableError, word: str) -> None:
    class NotReady(CognitoVerifier):
        def prefetch(self) -> None:
            raise error

    (finding,) = doctor(NotReady(POOL.id, client_id=None, token_use="access"))

    assert (finding.check, finding.is_good) == ("source", False)
    assert word in finding.advice


class Vault:
    """A key source of the app's own."""

    def fetch(self, timeout_seconds: float) -> None:
        raise OSError("the vault is sealed")


@pytest.mark.parametrize("contents", [None, "{", '{"keys": []}'])
def test_a_file_or_a_source_of_the_apps_own_is_no_network(tmp_path: Path, contents: str | None) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(POOL.jwk_set))
    options: dict[str, Any] = {"client_id": None, "token_use": "access"}
    file, own = CognitoVerifier(POOL.id, jwks=keys, **options), CognitoVerifier(POOL.id, jwks=Vault(), **options)  # type: ignore[arg-type]
    if contents is None:
        keys.unlink()
    else:
        keys.write_text(contents)

    assert ["cognito-jwt jwks" in finding.advice for finding in doctor(file)] == [True]
    assert ["own key source" in finding.advice for finding in doctor(own)] == [True]


def test_a_name_that_cannot_be_looked_up_and_a_proxy_that_refuses_are_told_apart() -> None:
    settings = KeySettings(timeout_seconds=10)
    nowhere = doctor(UserPool(POOL.id, jwks_uri="https://nowhere.invalid/jwks.json"), key_settings=settings)
    with JWKSServer(POOL) as proxy:
        session = requests.Session()
        session.proxies = {"https": proxy.url.partition("/eu-")[0]}
        refused = doctor(
            UserPool(POOL.id, jwks_uri="https://nowhere.invalid/jwks.json"), key_settings=settings, session=session
        )

    assert "DNS" in nowhere[0].advice
    assert "HTTPS_PROXY" in refused[0].advice


def test_a_line_with_advice_has_a_second_one() -> None:
    finding = Finding("keys", is_good=False, message="none", advice="look")

    assert finding.as_text() == "FAIL  keys      none\n                look"
    assert finding.as_text(colour=True).startswith("\x1b[31mFAIL\x1b[0m")


@pytest.mark.parametrize(
    ("options", "is_trusted", "reason", "word"),
    [
        ({}, False, "self-signed certificate", "session.verify"),
        ({"begins_in_days": -9}, True, "certificate has expired", "clock"),
        ({"begins_in_days": 3}, True, "certificate is not yet valid", "clock"),
        ({"address": "10.1.2.3"}, True, "IP address mismatch", "another host"),
    ],
)
def test_a_certificate_is_told_whole_with_what_to_look_at(
    options: dict[str, Any], is_trusted: bool, reason: str, word: str, tmp_path: Path
) -> None:
    pem, key = certificate(tmp_path, **options)
    session = requests.Session()
    if is_trusted:
        session.verify = str(pem)
    with tls_server(pem, key) as url:
        (finding,) = doctor(
            UserPool(POOL.id, jwks_uri=url), session=session, key_settings=KeySettings(timeout_seconds=30)
        )

    assert reason in finding.message
    assert word in finding.advice
