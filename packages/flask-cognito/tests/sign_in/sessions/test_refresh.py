"""Tokens are refreshed once, and a rotated refresh token is never lost."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import pytest
from cognito_jwt_core import CognitoVerifier, KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from cognito_jwt_core.testing.behaviour import Behaviour
from flask import Flask, Response, stream_with_context
from flask.testing import FlaskClient
from flask_cognito import (
    CognitoAuth,
    CognitoSignIn,
    MemorySessionStore,
    session_ended,
    session_refreshed,
    verify_cognito_jwt,
)
from flask_cognito.state import app_state
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION

from ..conftest import (
    PASSWORD,
    SecretiveError,
    WordlessError,
    cookies_in,
    header_of,
    refreshes,
    revoked,
    token_requests,
    with_clock,
)

MakeApp = Callable[..., Flask]
MakeLogin = Callable[..., LocalManagedLogin]
NAME = "__Host-Http-cognito_session"
HOUR = 3600


@pytest.fixture(params=["cookies", "store"])
def kept(request: pytest.FixtureRequest, clock: ManualClock) -> dict[str, Any]:
    """Return the keys of the configuration that say where sessions are kept."""
    return {} if request.param == "cookies" else {"COGNITO_SESSION_STORE": MemorySessionStore(clock=clock)}


@pytest.fixture
def signed_in_app(make_app: MakeApp, rotating: LocalManagedLogin, kept: dict[str, Any]) -> Flask:
    return make_app(rotating, **kept)


@pytest.fixture
def signed_in_user(signed_in_app: Flask, rotating: LocalManagedLogin) -> FlaskClient:
    client = signed_in_app.test_client()
    assert sign_in(client, "alice", PASSWORD, rotating).status_code == 303
    return client


def test_a_token_is_refreshed_a_minute_ahead(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    first = signed_in_user.get("/reports").get_json()["token"]
    clock.advance(HOUR - 61)
    assert signed_in_user.get("/reports").get_json()["token"] == first

    clock.advance(1)
    second = signed_in_user.get("/reports").get_json()["token"]
    assert second != first
    assert signed_in_user.get("/reports").get_json()["token"] == second
    assert refreshes(rotating) == 1

    clock.advance(HOUR)
    assert signed_in_user.get("/reports").status_code == 200
    assert refreshes(rotating) == 2


def test_a_client_without_rotation_is_refreshed_again_and_again(
    make_app: MakeApp, login: LocalManagedLogin, kept: dict[str, Any], clock: ManualClock
) -> None:
    client = make_app(login, **kept).test_client()
    sign_in(client, "alice", PASSWORD, login)

    for _ in range(3):
        clock.advance(HOUR)
        assert client.get("/reports").status_code == 200
    assert refreshes(login) == 3


def test_a_refresh_does_not_extend_a_session(signed_in_user: FlaskClient, clock: ManualClock) -> None:
    for _ in range(11):
        clock.advance(HOUR)
        assert signed_in_user.get("/reports").status_code == 200
    clock.advance(HOUR)

    assert signed_in_user.get("/reports").status_code == 401


def test_an_answer_that_carries_new_tokens_is_kept_by_no_cache(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    client = make_app(rotating).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    answer = client.get("/reports")

    names = {cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")}
    assert names == {NAME, f"{NAME}_1"}
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_no_header_of_the_app_lets_a_shared_cache_keep_new_tokens(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    names = ("Cache-Control", "CDN-Cache-Control", "Example-CDN-Cache-Control", "Surrogate-Control")
    app = make_app(rotating)

    @app.after_request
    def cache(answer: Response) -> Response:
        answer.headers.update(dict.fromkeys(names, "public, max-age=60"))
        return answer

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    answer = client.get("/reports")

    assert "Set-Cookie" in answer.headers
    assert [answer.headers.get(name) for name in names] == ["private, no-store", None, None, None]


def test_a_store_needs_no_new_cookie(make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock) -> None:
    client = make_app(rotating, COGNITO_SESSION_STORE=MemorySessionStore(clock=clock)).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    assert not client.get("/reports").headers.getlist("Set-Cookie")
    assert sum(len(value) for value in cookies_in(client).values()) < 500


@pytest.mark.parametrize("path", ["/fail", "/stream", "/admin", "/nowhere"])
def test_every_answer_carries_a_rotated_token(
    signed_in_app: Flask, signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock, path: str
) -> None:
    signed_in_app.before_request_funcs.setdefault(None, []).append(lambda: verify_cognito_jwt() and None)
    clock.advance(HOUR)

    signed_in_user.get(path)

    assert refreshes(rotating) == 1
    clock.advance(HOUR)
    assert signed_in_user.get("/reports").status_code == 200


def test_an_after_request_that_fails_loses_no_token(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    app = make_app(rotating)
    is_broken = False

    @app.after_request
    def fail(answer: Response) -> Response:
        if is_broken:
            raise LookupError
        return answer

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)
    is_broken = True
    assert client.get("/reports").status_code == 500
    is_broken = False
    clock.advance(HOUR)

    assert client.get("/reports").status_code == 200


def test_a_refresh_after_the_headers_is_logged(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(rotating)

    @app.route("/late")
    def late() -> Response:
        def parts() -> Iterator[str]:
            yield "begun "
            yield str(verify_cognito_jwt()["username"])

        return Response(stream_with_context(parts()))

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    assert client.get("/late").text == "begun alice"
    assert "headers had been sent" in caplog.text


def test_fifty_requests_with_an_expired_token_refresh_once(
    signed_in_app: Flask, signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    headers = {"Cookie": header_of(signed_in_user)}
    clock.advance(HOUR)
    rotating.behave("token", delay=0.3)

    def ask(_: int) -> Any:
        return signed_in_app.test_client(use_cookies=False).get("/reports", headers=headers)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(ask, range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.get_json()["username"] for answer in answers} == {"alice"}
    assert len({answer.get_json()["token"] for answer in answers}) == 1
    assert refreshes(rotating) == 1


def test_while_one_refreshes_the_others_go_on(
    signed_in_app: Flask, signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    headers = {"Cookie": header_of(signed_in_user)}
    old = signed_in_user.get("/reports").get_json()["token"]
    clock.advance(HOUR - 30)
    rotating.behave("token", hold=True)
    client = signed_in_app.test_client(use_cookies=False)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(lambda: signed_in_app.test_client(use_cookies=False).get("/reports", headers=headers))
        while refreshes(rotating) < 1:
            pass

        meanwhile = client.get("/reports", headers=headers)
        rotating.release()

        assert meanwhile.get_json()["token"] == old
        assert first.result().get_json()["token"] != old
    assert refreshes(rotating) == 1


def test_a_request_with_the_old_cookie_gets_the_same_successor(
    signed_in_app: Flask, signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    headers = {"Cookie": header_of(signed_in_user)}
    clock.advance(HOUR)
    new = signed_in_user.get("/reports").get_json()["token"]

    late = signed_in_app.test_client(use_cookies=False).get("/reports", headers=headers)

    assert late.get_json()["token"] == new
    assert refreshes(rotating) == 1


def test_an_old_cookie_long_after_is_refused_and_deletes_nothing(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    """A loser of a race looks like this, and the winner's cookie may be in the browser already."""
    app = make_app(rotating)
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    headers = {"Cookie": header_of(client)}
    clock.advance(HOUR)
    client.get("/reports")
    clock.advance(HOUR - 61)
    ended: list[str] = []

    def receive(sender: Flask, sub: str, code: str) -> None:
        ended.append(code)

    with session_ended.connected_to(receive, app):
        answers = [app.test_client(use_cookies=False).get("/reports", headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert not any(answer.headers.getlist("Set-Cookie") for answer in answers)
    assert ended == ["session_expired"]
    assert refreshes(rotating) == 2
    assert client.get("/reports").status_code == 200


@pytest.mark.parametrize(
    "behaviour", [{"status": 500}, {"html": "proxy"}, {"throttle": 9}, {"drop_answer": True}, {"error": "odd"}]
)
def test_during_an_outage_the_old_token_serves_to_its_end(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock, behaviour: dict[str, Any]
) -> None:
    clock.advance(HOUR - 30)
    rotating.behave("token", **behaviour)
    assert signed_in_user.get("/reports").status_code == 200

    clock.advance(30)
    answer = signed_in_user.get("/reports")
    page = signed_in_user.get("/reports", headers=NAVIGATION)

    assert answer.status_code == 503
    assert answer.get_json()["code"] == "sign_in_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert page.status_code == 503
    assert "<code>sign_in_unavailable</code>" in page.text
    assert int(page.headers["Retry-After"]) >= 1
    assert signed_in_user.get("/optional").status_code == 503


def test_a_token_that_was_received_late_serves_to_its_own_end(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock, kept: dict[str, Any]
) -> None:
    """From `exp` on the verifier rejects it. That is an outage as well, and no reason to sign in again."""
    issued_at = int(clock.time())
    clock.set_time(issued_at + 0.9)
    client = make_app(rotating, **kept).test_client()
    assert sign_in(client, "alice", PASSWORD, rotating).status_code == 303
    rotating.behave("token", status=500)
    statuses = []

    for seconds in (HOUR - 1.1, HOUR - 0.9, HOUR, HOUR + 0.5):
        clock.set_time(issued_at + seconds)
        statuses.append(client.get("/reports").status_code)

    assert statuses == [200, 503, 503, 503]


def test_a_clock_ahead_of_cognito_refreshes_in_time(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock, kept: dict[str, Any]
) -> None:
    ahead = ManualClock(clock.time() + 120)
    client = make_app(rotating, prepare=lambda app, _: with_clock(app, rotating, ahead), **kept).test_client()
    assert sign_in(client, "alice", PASSWORD, rotating).status_code == 303

    for seconds in (HOUR - 181, 2):
        clock.advance(seconds)
        ahead.advance(seconds)
        assert client.get("/reports").status_code == 200

    assert refreshes(rotating) == 1


def test_after_an_outage_the_session_goes_on(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    clock.advance(HOUR)
    rotating.behave("token", status=500)
    assert signed_in_user.get("/reports").status_code == 503

    rotating.behave("token")
    clock.advance(31)

    assert signed_in_user.get("/reports").status_code == 200


def test_a_misconfigured_client_ends_no_session(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the operator's mistake, and would sign every user out."""
    clock.advance(HOUR)
    rotating.behave("token", error="invalid_client")
    assert signed_in_user.get("/reports").status_code == 503
    assert "invalid_client" in caplog.text

    rotating.behave("token")

    assert signed_in_user.get("/reports").status_code == 200


def test_a_refused_refresh_token_is_sent_once(
    signed_in_app: Flask, signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    clock.advance(HOUR)
    rotating.behave("token", error="invalid_grant")
    ended: list[Any] = []

    def receive(sender: Flask, sub: str, code: str) -> None:
        ended.append((sub, code))

    with session_ended.connected_to(receive, signed_in_app):
        for _ in range(3):
            assert signed_in_user.get("/reports").status_code == 401
    assert signed_in_user.get("/reports", headers=NAVIGATION).status_code == 302
    assert signed_in_user.get("/optional").get_json()["username"] is None
    assert refreshes(rotating) == 1
    assert len(ended) == 1
    assert ended[0][1] == "session_expired"


def test_tokens_of_another_user_end_the_session(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, pool: LocalUserPool, clock: ManualClock
) -> None:
    clock.advance(HOUR)

    def exchanged(body: bytes) -> bytes:
        answer = json.loads(body)
        claims = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
        answer["access_token"] = pool.access_token("bob", iss=claims["iss"], auth_time=claims["auth_time"])
        return json.dumps(answer).encode()

    rotating.behave("token", Behaviour(body=exchanged))

    assert signed_in_user.get("/reports").status_code == 401


@pytest.mark.parametrize(("changes", "is_warned"), [({"origin_jti": "another"}, True), ({}, False)])
def test_an_origin_jti_that_changes_is_a_warning(
    signed_in_user: FlaskClient,
    rotating: LocalManagedLogin,
    pool: LocalUserPool,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    is_warned: bool,
) -> None:
    clock.advance(HOUR)
    rotating.behave("token", Behaviour(body=lambda body: with_access_token(body, pool, **changes)))

    assert signed_in_user.get("/reports").status_code == 200
    warned = [record for record in caplog.records if record.name == "flask_cognito.sign_in"]
    assert [record.levelname for record in warned] == ["WARNING"] * is_warned


def with_access_token(body: bytes, pool: LocalUserPool, **changes: Any) -> bytes:
    """Return an answer of the token endpoint with another access token, and the ID token that fits."""
    answer = json.loads(body)
    claims = claims_of(answer["access_token"])
    kept = {name: claims[name] for name in ("iss", "auth_time", "sub", "origin_jti")}
    answer["access_token"] = pool.access_token("alice", **{**kept, **changes})
    digest = hashlib.sha256(answer["access_token"].encode()).digest()
    at_hash = base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    answer["id_token"] = pool.id_token("alice", at_hash=at_hash, **kept)
    return json.dumps(answer).encode()


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def test_a_refresh_is_signalled(signed_in_app: Flask, signed_in_user: FlaskClient, clock: ManualClock) -> None:
    heard: list[Any] = []

    def receive(sender: Flask, claims: Any) -> None:
        heard.append(claims["username"])

    clock.advance(HOUR)
    with session_refreshed.connected_to(receive, signed_in_app):
        signed_in_user.get("/reports")
        signed_in_user.get("/reports")

    assert heard == ["alice"]


def test_a_receiver_that_fails_loses_no_token(
    signed_in_app: Flask, signed_in_user: FlaskClient, clock: ManualClock
) -> None:
    def fail(sender: Flask, claims: Any) -> None:
        raise LookupError("a receiver that fails")

    clock.advance(HOUR)
    with session_refreshed.connected_to(fail, signed_in_app):
        assert signed_in_user.get("/reports").status_code == 500

    clock.advance(HOUR)
    assert signed_in_user.get("/reports").status_code == 200


def test_a_refresh_that_no_longer_fits_ends_the_session(
    make_app: MakeApp, rotating: LocalManagedLogin, pool: LocalUserPool, clock: ManualClock, caplog: Any
) -> None:
    client = make_app(rotating).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    def grown(body: bytes) -> bytes:
        answer = json.loads(body)
        claims = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
        kept = {name: claims[name] for name in ("iss", "auth_time", "sub")}
        answer["access_token"] = pool.access_token("alice", note="x" * 3000, **kept)
        digest = hashlib.sha256(answer["access_token"].encode()).digest()
        at_hash = base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
        id_claims = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))
        kept |= {"nonce": id_claims["nonce"]} if "nonce" in id_claims else {}
        answer["id_token"] = pool.id_token("alice", at_hash=at_hash, **kept)
        return json.dumps(answer).encode()

    rotating.behave("token", Behaviour(body=grown))
    caplog.set_level("INFO")

    assert client.get("/reports").status_code == 401
    assert "COGNITO_SESSION_STORE" in caplog.text


def test_another_site_causes_no_refresh(
    signed_in_user: FlaskClient, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    clock.advance(HOUR)

    assert signed_in_user.post("/reports", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert signed_in_user.get("/auth/session").get_json()["signed_in"] is True
    assert refreshes(rotating) == 0


class OwnToken(CognitoAuth):
    """An extension whose own method leaves the work to the one that it overrides."""

    def get_token(self) -> str | None:
        return super().get_token()


def test_another_site_causes_no_refresh_through_an_own_get_token(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    client = make_app(rotating, extension=OwnToken).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(HOUR)

    assert client.post("/reports", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert refreshes(rotating) == 0


def test_a_page_of_a_session_through_an_own_get_token_is_kept_by_no_cache(
    make_app: MakeApp, rotating: LocalManagedLogin
) -> None:
    client = make_app(rotating, extension=OwnToken).test_client()
    sign_in(client, "alice", PASSWORD, rotating)

    answer = client.get("/reports")

    assert answer.status_code == 200
    assert {"private", "no-store"} <= set(answer.headers["Cache-Control"].split(", "))


# In a store


class FlakyStore(MemorySessionStore):
    """A store that can be down, or slow to give its lock."""

    is_down = False
    failure: type[Exception] = ConnectionError
    hold: threading.Event | None = None

    def _check(self) -> None:
        if self.is_down:
            raise self.failure("redis://:hunter2@host is down")

    def load(self, key: str) -> Any:
        self._check()
        return super().load(key)

    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        self._check()
        super().create(key, value, ttl_seconds, user)

    def delete(self, key: str) -> None:
        self._check()
        super().delete(key)

    def delete_user(self, user: str) -> None:
        self._check()
        super().delete_user(user)

    @contextmanager
    def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
        if self.hold is not None:
            self.hold.wait(10)
        with super().lock(key, ttl_seconds) as is_mine:
            yield is_mine


@pytest.fixture
def store(clock: ManualClock) -> FlakyStore:
    return FlakyStore(clock=clock)


@pytest.fixture
def stored_app(make_app: MakeApp, rotating: LocalManagedLogin, store: FlakyStore) -> Flask:
    return make_app(rotating, prepare=patient(rotating, 2.0), COGNITO_SESSION_STORE=store)


@pytest.fixture
def stored_user(stored_app: Flask, rotating: LocalManagedLogin) -> FlaskClient:
    client = stored_app.test_client()
    assert sign_in(client, "alice", PASSWORD, rotating).status_code == 303
    return client


def patient(login: LocalManagedLogin, seconds: float) -> Callable[[Flask, CognitoAuth], None]:
    """Give the app another deadline."""

    def prepare(app: Flask, auth: CognitoAuth) -> None:
        with app.app_context():
            app_state().verifier = CognitoVerifier(
                login.user_pool,
                client_id=login.client_id,
                token_use="access",
                clock=login.pool.clock,
                key_settings=KeySettings(timeout_seconds=seconds),
            )

    return prepare


def key_of(client: FlaskClient) -> str:
    return hashlib.sha256(cookies_in(client)[NAME].partition(".")[0].encode()).hexdigest()


def test_a_session_is_over_though_the_store_keeps_it(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    client = make_app(rotating, COGNITO_SESSION_STORE=MemorySessionStore()).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    clock.advance(12 * HOUR)

    assert client.get("/reports").status_code == 401


def test_a_stored_session_survives_a_new_secret_key_and_is_sealed_anew(
    make_app: MakeApp, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin
) -> None:
    def change(app: Flask, auth: CognitoAuth) -> None:
        app.secret_key = "n" * 32
        app.config["SECRET_KEY_FALLBACKS"] = ["k" * 32]

    app = make_app(rotating, prepare=change, COGNITO_SESSION_STORE=store)
    client = app.test_client()
    client.set_cookie(NAME, cookies_in(stored_user)[NAME], domain="localhost")
    before = store.load(key_of(stored_user))

    assert client.get("/reports").status_code == 200
    after = store.load(key_of(stored_user))
    assert before is not None
    assert after is not None
    assert after.value != before.value
    assert client.get("/reports").status_code == 200
    assert store.load(key_of(stored_user)) == after
    assert stored_user.get("/reports").status_code == 401

    token = client.get("/reports").get_json()["token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    with app.app_context():
        extension_of(app).end_sessions(claims["sub"])
    assert client.get("/reports").status_code == 401


def test_a_store_that_cannot_be_written_to_anew_is_a_503(
    make_app: MakeApp, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin
) -> None:
    class NoReplace(FlakyStore):
        def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
            raise ConnectionError

    def change(app: Flask, auth: CognitoAuth) -> None:
        app.secret_key = "n" * 32
        app.config["SECRET_KEY_FALLBACKS"] = ["k" * 32]

    client = make_app(rotating, prepare=change, COGNITO_SESSION_STORE=store).test_client()
    client.set_cookie(NAME, cookies_in(stored_user)[NAME], domain="localhost")
    store.__class__ = NoReplace

    assert client.get("/reports").status_code == 503


def test_a_copy_of_the_store_opens_no_session(stored_user: FlaskClient, store: FlakyStore) -> None:
    record = store.load(key_of(stored_user))
    token = stored_user.get("/reports").get_json()["token"]

    assert record is not None
    assert token not in record.value
    session_id, _, secret = cookies_in(stored_user)[NAME].partition(".")
    stored_user.set_cookie(NAME, f"{session_id}.{secret[:-1]}", domain="localhost")
    assert stored_user.get("/reports").status_code == 401


@pytest.mark.parametrize("value", ["", "x", ".x", "x.", "x.y"])
def test_another_cookie_is_no_session(stored_app: Flask, value: str) -> None:
    client = stored_app.test_client()
    client.set_cookie(NAME, value, domain="localhost")

    assert client.get("/reports").status_code == 401


def test_a_store_that_is_down_is_a_503_not_a_stranger(
    stored_user: FlaskClient, store: FlakyStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_down = True

    for path in ("/reports", "/optional", "/auth/session"):
        answer = stored_user.get(path)
        assert answer.status_code == 503
        assert answer.get_json()["code"] == "sign_in_unavailable"
        assert "Retry-After" in answer.headers
    page = stored_user.get("/reports", headers=NAVIGATION)
    assert page.status_code == 503
    assert "<code>sign_in_unavailable</code>" in page.text
    assert stored_user.get("/open").status_code == 200
    assert "ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text
    store.is_down = False
    assert stored_user.get("/reports").status_code == 200


def test_a_store_that_is_down_costs_no_code(stored_app: Flask, rotating: LocalManagedLogin, store: FlakyStore) -> None:
    store.is_down = True

    answer = sign_in(stored_app.test_client(), "alice", PASSWORD, rotating)

    assert answer.status_code == 503
    assert token_requests(rotating) == 0


def test_a_store_that_fails_after_the_exchange_keeps_no_tokens(
    make_app: MakeApp, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    class ReadOnly(MemorySessionStore):
        def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
            raise ConnectionError

    client = make_app(rotating, COGNITO_SESSION_STORE=ReadOnly(clock=clock)).test_client()

    assert sign_in(client, "alice", PASSWORD, rotating).status_code == 503
    assert revoked(rotating)


def test_a_store_that_is_down_hinders_no_reload_page(stored_user: FlaskClient, store: FlakyStore) -> None:
    store.is_down = True

    answer = stored_user.get("/auth/callback?state=old&code=x", headers=NAVIGATION)

    assert answer.status_code == 503


def test_a_logout_deletes_the_cookies_though_the_store_is_down(
    stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin
) -> None:
    store.is_down = True

    answer = stored_user.post("/auth/logout", headers={"Accept": "text/html"})

    assert answer.status_code == 303
    assert NAME not in cookies_in(stored_user)


@pytest.mark.parametrize("kind", [WordlessError, SecretiveError])
def test_the_text_of_a_stores_exception_is_not_used(
    stored_user: FlaskClient, store: FlakyStore, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    store.is_down, store.failure = True, kind

    assert stored_user.get("/reports").status_code == 503
    assert stored_user.post("/auth/logout", headers={"Accept": "text/html"}).status_code == 303

    assert NAME not in cookies_in(stored_user)
    assert "hunter2" not in " ".join(record.getMessage() for record in caplog.records)


def test_a_sign_in_goes_on_though_the_session_before_cannot_be_ended(
    stored_app: Flask, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin
) -> None:
    class NoDelete(FlakyStore):
        def delete(self, key: str) -> None:
            raise ConnectionError

    store.__class__ = NoDelete

    assert sign_in(stored_user, "alice", PASSWORD, rotating).status_code == 303
    assert stored_user.get("/reports").status_code == 200


def test_a_new_sign_in_deletes_the_record_before(
    stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin
) -> None:
    before = key_of(stored_user)

    sign_in(stored_user, "alice", PASSWORD, rotating)

    assert store.load(before) is None
    assert store.load(key_of(stored_user)) is not None


def test_a_logout_deletes_the_record(stored_user: FlaskClient, store: FlakyStore) -> None:
    key = key_of(stored_user)

    stored_user.post("/auth/logout", headers={"Accept": "text/html"})

    assert store.load(key) is None


def test_a_session_that_ends_during_its_refresh_stays_ended(
    stored_app: Flask, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    key, headers = key_of(stored_user), {"Cookie": header_of(stored_user)}
    clock.advance(HOUR)
    rotating.behave("token", hold=True)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: stored_app.test_client(use_cookies=False).get("/reports", headers=headers))
        while refreshes(rotating) < 1:
            pass
        store.delete(key)
        rotating.release()

        assert asked.result().status_code == 401
    assert store.load(key) is None


def test_a_session_that_ends_before_its_refresh_is_ended(
    stored_app: Flask, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    key, headers = key_of(stored_user), {"Cookie": header_of(stored_user)}
    clock.advance(HOUR)
    store.hold = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: stored_app.test_client(use_cookies=False).get("/reports", headers=headers))
        threading.Event().wait(0.1)
        store.delete(key)
        store.hold.set()

        assert asked.result().status_code == 401
    assert refreshes(rotating) == 0


def test_another_process_refreshes_and_this_one_uses_it(
    make_app: MakeApp, stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    headers = {"Cookie": header_of(stored_user)}
    other = make_app(rotating, COGNITO_SESSION_STORE=store).test_client(use_cookies=False)
    clock.advance(HOUR)
    rotating.behave("token", delay=0.2)

    with ThreadPoolExecutor(2) as threads:
        mine = threads.submit(lambda: stored_user.get("/reports"))
        theirs = threads.submit(lambda: other.get("/reports", headers=headers))
        answers = [mine.result(), theirs.result()]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].get_json()["token"] == answers[1].get_json()["token"]
    assert refreshes(rotating) == 1


def test_a_lock_of_another_process_is_waited_for_only_with_an_expired_token(
    stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    with store.lock(key_of(stored_user), 10 * HOUR):
        clock.advance(HOUR - 30)
        assert stored_user.get("/reports").status_code == 200
        clock.advance(30)
        answer = stored_user.get("/reports")
    assert answer.status_code == 503
    assert refreshes(rotating) == 0

    assert stored_user.get("/reports").status_code == 200


def test_the_lock_of_a_dead_process_ends(
    stored_user: FlaskClient, store: FlakyStore, rotating: LocalManagedLogin, clock: ManualClock
) -> None:
    clock.advance(HOUR)
    dead = store.lock(key_of(stored_user), 1)
    dead.__enter__()
    assert stored_user.get("/reports").status_code == 503

    clock.advance(2)

    assert stored_user.get("/reports").status_code == 200
    dead.__exit__(None, None, None)


def test_requests_wait_for_a_refresh_at_most_the_deadline(
    stored_app: Flask, stored_user: FlaskClient, store: FlakyStore, clock: ManualClock
) -> None:
    headers = {"Cookie": header_of(stored_user)}
    clock.advance(HOUR)
    store.hold = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(lambda: stored_app.test_client(use_cookies=False).get("/reports", headers=headers))
        threading.Event().wait(0.1)

        second = stored_app.test_client(use_cookies=False).get("/reports", headers=headers)
        store.hold.set()

        assert second.status_code == 503
        assert first.result().status_code == 200


def test_a_store_that_fails_in_a_refresh_is_a_503(
    stored_user: FlaskClient, store: FlakyStore, clock: ManualClock, rotating: LocalManagedLogin
) -> None:
    class NoLock(FlakyStore):
        def lock(self, key: str, ttl_seconds: float) -> Any:
            raise ConnectionError

    clock.advance(HOUR)
    store.__class__ = NoLock

    assert stored_user.get("/reports").status_code == 503


class Stale(FlakyStore):
    """A store that never replaces the record that it returns, as a replica that lags behind."""

    replaced = 0

    def replace(self, key: str, value: str, version: int, ttl_seconds: float) -> bool:
        self.replaced += 1
        if self.replaced > 100:
            raise AssertionError("it is asked forever")
        return False


def test_a_store_that_never_replaces_a_record_is_a_503(
    stored_user: FlaskClient, store: FlakyStore, clock: ManualClock, rotating: LocalManagedLogin
) -> None:
    clock.advance(HOUR)
    store.__class__ = Stale

    assert stored_user.get("/reports").status_code == 503
    assert cast("Stale", store).replaced < 100
    store.__class__ = FlakyStore
    assert stored_user.get("/reports").status_code == 200
    assert refreshes(rotating) == 1


def test_a_token_that_expires_while_the_store_fails_is_a_503(
    stored_user: FlaskClient, store: FlakyStore, clock: ManualClock
) -> None:
    class SlowToFail(FlakyStore):
        def lock(self, key: str, ttl_seconds: float) -> Any:
            clock.advance(30)
            raise TimeoutError

    clock.advance(HOUR - 30)
    store.__class__ = SlowToFail

    assert stored_user.get("/reports").status_code == 503


def test_a_session_that_is_not_used_ends(
    make_app: MakeApp, rotating: LocalManagedLogin, store: FlakyStore, clock: ManualClock
) -> None:
    client = make_app(rotating, COGNITO_SESSION_STORE=store, COGNITO_SESSION_IDLE_TIMEOUT=600).test_client()
    sign_in(client, "alice", PASSWORD, rotating)
    for _ in range(3):
        clock.advance(500)
        assert client.get("/reports").status_code == 200
        assert client.get("/reports").status_code == 200
    for _ in range(2):
        clock.advance(300)
        client.get("/auth/session")

    assert client.get("/reports").status_code == 401


def extension_of(app: Flask) -> CognitoSignIn:
    found: CognitoSignIn = app.extensions["cognito_sign_in"]
    return found


def test_a_session_that_was_ended_between_is_kept_ended(stored_app: Flask, store: FlakyStore) -> None:
    """`except_current` creates nothing where there is nothing any more."""
    client = stored_app.test_client()
    client.set_cookie(NAME, "x.y", domain="localhost")

    @stored_app.route("/end-others", methods=["POST"])
    def end_others() -> str:
        extension_of(stored_app).end_sessions("sub", except_current=True)
        return ""

    assert client.post("/end-others").status_code == 200


def test_every_session_of_a_user_can_be_ended(stored_app: Flask, rotating: LocalManagedLogin) -> None:
    @stored_app.route("/end", methods=["POST"])
    def end() -> str:
        extension_of(stored_app).end_sessions()
        return ""

    @stored_app.route("/end-others", methods=["POST"])
    def end_others() -> str:
        extension_of(stored_app).end_sessions(except_current=True)
        return ""

    clients = [stored_app.test_client() for _ in range(3)]
    for client, name in zip(clients, ("alice", "alice", "bob"), strict=True):
        sign_in(client, name, PASSWORD, rotating)

    clients[0].post("/end-others")
    assert [client.get("/reports").status_code for client in clients] == [200, 401, 200]

    clients[0].post("/end")
    assert [client.get("/reports").status_code for client in clients] == [401, 401, 200]
    with pytest.raises(RuntimeError), stored_app.test_request_context():
        extension_of(stored_app).end_sessions()


def test_an_administrator_ends_the_sessions_of_a_user(
    stored_app: Flask, stored_user: FlaskClient, rotating: LocalManagedLogin
) -> None:
    token = stored_user.get("/reports").get_json()["token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    with stored_app.app_context():
        extension_of(stored_app).end_sessions(claims["sub"], issuer="https://other.example")
    assert stored_user.get("/reports").status_code == 200
    with stored_app.app_context():
        extension_of(stored_app).end_sessions(claims["sub"])

    assert stored_user.get("/reports").status_code == 401


def test_sessions_in_cookies_cannot_be_ended_from_outside(make_app: MakeApp) -> None:
    from cognito_jwt_core import ConfigurationError

    app = make_app()

    with app.app_context(), pytest.raises(ConfigurationError):
        extension_of(app).end_sessions("sub")


def test_sessions_are_not_ended_while_the_store_is_down(stored_app: Flask, store: FlakyStore) -> None:
    from cognito_jwt_core import SignInError

    store.is_down = True
    with stored_app.app_context(), pytest.raises(SignInError) as caught:
        extension_of(stored_app).end_sessions("sub")

    assert caught.value.code == "sign_in_unavailable"
