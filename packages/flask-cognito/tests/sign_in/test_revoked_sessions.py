"""Revocations and sessions: what ends, what is never refreshed, and what a logout adds to the list."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cognito_jwt_core import (
    Changes,
    ConfigurationError,
    Revocation,
    RevocationList,
    SignInError,
    TokenRevokedError,
    UserPool,
)
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito import CognitoSignIn, MemorySessionStore, Record, cognito_auth_required, session_ended
from flask_cognito.sign_in.sessions.revocation import SessionRevocations
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION

from .conftest import PASSWORD, SecretiveError, WordlessError, cookies_in, token_requests

MakeApp = Callable[..., Flask]
NAME = "__Host-Http-cognito_session"
SUBMIT = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}


class SharedList:
    """A shared list that can be down."""

    def __init__(self) -> None:
        self.entries: list[Revocation] = []
        self.is_down = False

    def read(self, after: str | None) -> Changes:
        if self.is_down:
            raise ConnectionError
        entries, cursor = tuple(self.entries[int(after or 0) :]), str(len(self.entries))
        return Changes(entries, cursor, is_whole=after is None)

    def add(self, entries: Any) -> None:
        if self.is_down:
            raise ConnectionError
        self.entries += entries


class Recording:
    """Revocations that say what was added."""

    def __init__(self) -> None:
        self.revoked: list[tuple[str, Any]] = []

    def is_revoked(self, claims: Any) -> bool:
        return False

    def revoke_token(self, claims: Any) -> None:
        self.revoked.append(("token", claims["jti"]))

    def revoke_session(self, claims: Any, *, until: float | None = None) -> None:
        self.revoked.append(("session", until))


@pytest.fixture
def revocations(clock: ManualClock) -> RevocationList:
    return RevocationList(clock=clock)


@pytest.fixture(params=["cookies", "store"])
def app(request: pytest.FixtureRequest, make_app: MakeApp, revocations: RevocationList, clock: ManualClock) -> Flask:
    store = MemorySessionStore(clock=clock) if request.param == "store" else None
    return make_app(COGNITO_REVOCATIONS=revocations, COGNITO_SESSION_STORE=store)


def eventually(is_met: Callable[[], bool]) -> bool:
    """Return whether something that another thread does comes true."""
    for _ in range(200):
        if is_met():
            return True
        time.sleep(0.02)
    return False


def claims_of(user: FlaskClient) -> dict[str, Any]:
    """The claims of the session's access token."""
    with user.application.test_request_context():
        verifier = user.application.extensions["cognito_auth"].verifier
    return dict(verifier.verify(user.get("/reports").get_json()["token"]))


def login_after(user: FlaskClient, answer: Any) -> dict[str, list[str]]:
    """The parameters of the authorization request that follows an answer."""
    assert answer.status_code == 302
    begun = user.get(answer.headers["Location"], headers=NAVIGATION)
    return parse_qs(urlsplit(begun.headers["Location"]).query)


def begun_login(user: FlaskClient) -> dict[str, list[str]]:
    """The parameters of an authorization request."""
    return parse_qs(urlsplit(user.get("/auth/login", headers=NAVIGATION).headers["Location"]).query)


class TestRevoked:
    @pytest.mark.parametrize("what", ["user", "client", "session", "token"])
    def test_a_revoked_session_leads_to_a_login_with_the_password(
        self, user: FlaskClient, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock, what: str
    ) -> None:
        claims = claims_of(user)
        {
            "user": lambda: revocations.revoke_user(claims["iss"], claims["sub"]),
            "client": lambda: revocations.revoke_client(claims["iss"], claims["client_id"]),
            "session": lambda: revocations.revoke_session(claims),
            "token": lambda: revocations.revoke_token(claims),
        }[what]()

        answer = user.get("/reports", headers=NAVIGATION)

        assert login_after(user, answer)["prompt"] == ["login"]
        clock.advance(10)  # past the second of the entry
        assert sign_in(user, "alice", PASSWORD, login).status_code == 303
        assert user.get("/reports").get_json()["session"] is True
        assert f"{NAME}_out" not in cookies_in(user)

    def test_a_program_gets_its_401_and_its_user_the_prompt(
        self, user: FlaskClient, revocations: RevocationList
    ) -> None:
        claims = claims_of(user)
        revocations.revoke_user(claims["iss"], claims["sub"])

        answer = user.get("/reports", headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})

        assert answer.status_code == 401
        assert answer.get_json()["code"] == "authorization_required"
        begun = user.get(answer.get_json()["login"], headers=NAVIGATION)
        assert parse_qs(urlsplit(begun.headers["Location"]).query)["prompt"] == ["login"]
        assert user.get("/optional").get_json()["username"] is None

    def test_a_login_that_the_user_begins_asks_for_the_password(
        self, user: FlaskClient, revocations: RevocationList
    ) -> None:
        claims = claims_of(user)
        assert "prompt" not in begun_login(user)

        revocations.revoke_session(claims)

        assert begun_login(user)["prompt"] == ["login"]

    def test_what_has_ended_stays_ended_when_the_entry_is_over(
        self, user: FlaskClient, revocations: RevocationList, clock: ManualClock
    ) -> None:
        claims = claims_of(user)
        revocations.revoke_token(claims)
        cookies = cookies_in(user)
        assert user.get("/reports").status_code == 401

        clock.advance(claims["exp"] - clock.time() + 10)

        assert cookies.items() <= cookies_in(user).items()  # a late answer must not delete those of a new session
        assert user.get("/reports").status_code == 401

    def test_a_revoked_session_is_never_refreshed(
        self, user: FlaskClient, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        claims = claims_of(user)
        revocations.revoke_user(claims["iss"], claims["sub"])
        asked = token_requests(login)
        clock.advance(4000)  # the access token has expired

        answer = user.get("/reports", headers=NAVIGATION)

        assert login_after(user, answer)["prompt"] == ["login"]
        assert token_requests(login) == asked
        assert user.get("/reports").status_code == 401

    def test_a_session_that_a_refresh_finds_revoked_ends(
        self, make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        class Later(Recording):
            asked = 0

            def is_revoked(self, claims: Any) -> bool:
                self.asked += claims["token_use"] == "access"
                return self.asked > 4  # callback twice, one request, one before the refresh

        user = make_app(COGNITO_REVOCATIONS=Later()).test_client()
        sign_in(user, "alice", PASSWORD, login)
        assert user.get("/reports").status_code == 200
        clock.advance(4000)

        assert login_after(user, user.get("/reports", headers=NAVIGATION))["prompt"] == ["login"]

    def test_the_app_is_told_once(self, user: FlaskClient, revocations: RevocationList) -> None:
        claims = claims_of(user)
        ended: list[dict[str, Any]] = []

        def note(_: Flask, **values: Any) -> None:
            ended.append(values)

        with session_ended.connected_to(note):
            revocations.revoke_session(claims)
            assert user.get("/auth/session").get_json() == {"signed_in": False}
            assert [user.get("/reports").status_code for _ in range(3)] == [401, 401, 401]

        assert ended == [{"sub": claims["sub"], "code": "token_revoked"}]

    def test_entries_of_users_last_as_long_as_sessions(
        self, make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        app = make_app(COGNITO_REVOCATIONS=revocations, COGNITO_SESSION_LIFETIME=3 * 86_400)
        user = app.test_client()
        sign_in(user, "alice", PASSWORD, login)
        claims = claims_of(user)
        revocations.revoke_user(claims["iss"], claims["sub"])

        clock.advance(2 * 86_400)

        assert login_after(user, user.get("/reports", headers=NAVIGATION))["prompt"] == ["login"]

    def test_a_sign_in_before_the_second_of_the_entry_is_refused(
        self, user: FlaskClient, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        claims = claims_of(user)
        revocations.revoke_user(claims["iss"], claims["sub"], before=clock.time() + 60)

        answer = sign_in(user, "alice", PASSWORD, login)

        assert answer.status_code == 502
        assert user.get("/reports").status_code == 401

    def test_a_store_that_fails_leaves_the_session_revoked(
        self, make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        class Fails(MemorySessionStore):
            def delete(self, key: str) -> None:
                raise ConnectionError

        user = make_app(COGNITO_REVOCATIONS=revocations, COGNITO_SESSION_STORE=Fails(clock=clock)).test_client()
        sign_in(user, "alice", PASSWORD, login)
        revocations.revoke_session(claims_of(user))

        for _ in range(2):
            assert user.get("/reports").status_code == 401

    def test_a_store_that_is_down_stops_no_login(
        self, make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        class Down(MemorySessionStore):
            is_down = False

            def load(self, key: str) -> Record | None:
                if self.is_down:
                    raise ConnectionError
                return super().load(key)

        store = Down(clock=clock)
        user = make_app(COGNITO_REVOCATIONS=revocations, COGNITO_SESSION_STORE=store).test_client()
        sign_in(user, "alice", PASSWORD, login)
        store.is_down = True

        assert "prompt" not in begun_login(user)


class TestUnknown:
    @pytest.fixture
    def source(self) -> SharedList:
        return SharedList()

    @pytest.fixture
    def revocations(self, source: SharedList, clock: ManualClock) -> RevocationList:
        return RevocationList(source, clock=clock)

    def test_a_session_outlives_a_list_that_is_away(
        self, user: FlaskClient, source: SharedList, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        source.is_down = True
        asked = token_requests(login)
        for passed in (61, 4000):  # the access token is valid, then it has expired
            clock.advance(passed)

            answer = user.get("/reports")

            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            assert user.get("/auth/session", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 503
            assert "prompt" not in begun_login(user)
            page = user.get("/reports", headers=NAVIGATION)
            assert page.status_code == 503
            assert page.mimetype == "text/html"
        assert token_requests(login) == asked  # with rotation, a refresh would spend the token

        source.is_down = False
        clock.advance(6)

        user.get("/reports")  # begins to read the list
        assert eventually(lambda: user.get("/reports").status_code == 200)

    def test_a_code_is_not_spent_for_nothing(
        self, app: Flask, source: SharedList, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        user = app.test_client()
        sign_in(user, "alice", PASSWORD, login)
        source.is_down = True
        clock.advance(61)
        asked = token_requests(login)

        assert sign_in(app.test_client(), "bob", PASSWORD, login).status_code == 503
        assert token_requests(login) == asked


class TestLogout:
    def test_the_tokens_of_a_session_are_revoked(self, user: FlaskClient) -> None:
        token = user.get("/reports").get_json()["token"]
        other = user.application.test_client()
        assert other.get("/reports", headers={"Authorization": f"Bearer {token}"}).status_code == 200

        user.post("/auth/logout", headers=SUBMIT)

        answer = other.get("/reports", headers={"Authorization": f"Bearer {token}"})
        assert answer.get_json()["code"] == "token_revoked"

    def test_copied_cookies_serve_no_longer(
        self, make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        source = SharedList()
        lists = [RevocationList(source, clock=clock) for _ in range(2)]
        one, other = (make_app(COGNITO_REVOCATIONS=found).test_client() for found in lists)
        sign_in(one, "alice", PASSWORD, login)
        for name, value in cookies_in(one).items():
            other.set_cookie(name, value, domain="localhost", path="/")
        assert other.get("/reports").status_code == 200

        one.post("/auth/logout", headers=SUBMIT)
        clock.advance(6)
        other.get("/reports")  # begins to read what was added

        assert eventually(lambda: other.get("/reports").status_code == 401)

    def test_the_entry_lasts_to_the_tokens_end_or_the_sessions(
        self, make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        found = Recording()
        user = make_app(COGNITO_REVOCATIONS=found).test_client()
        sign_in(user, "alice", PASSWORD, login)
        user.post("/auth/logout", headers=SUBMIT)
        assert found.revoked == [("session", None)]

        begun_at = clock.time()
        sign_in(user, "alice", PASSWORD, login)
        login.behave("revoke", status=500)
        user.post("/auth/logout", headers=SUBMIT)

        assert found.revoked[1:] == [("session", None), ("session", begun_at + 12 * 3600)]

    def test_without_origin_jti_one_token_is_revoked(self, pool: LocalUserPool) -> None:
        claims = pool.access_claims()
        del claims["origin_jti"]
        session = Session(
            id="id",
            access_token=pool.sign(pool.header, claims),
            refresh_token=None,
            id_claims={},
            identity=(),
            signed_in_at=0,
            ends_at=0,
            received_at=0,
            life_seconds=0,
        )
        found = Recording()

        assert SessionRevocations(found).revoke_session(session) is None
        assert found.revoked == [("token", claims["jti"])]

    def test_without_token_revocation_there_is_a_warning(
        self,
        make_app: MakeApp,
        make_login: Callable[..., LocalManagedLogin],
        revocations: RevocationList,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        login = make_login(revocation=False)
        user = make_app(login=login, COGNITO_REVOCATIONS=revocations).test_client()
        sign_in(user, "alice", PASSWORD, login)

        assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
        assert "MissingClaimError" in caplog.text

    def test_a_logout_never_fails_because_of_the_list(
        self, make_app: MakeApp, login: LocalManagedLogin, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Fails(Recording):
            def revoke_session(self, claims: Any, *, until: float | None = None) -> None:
                raise SecretiveError

        user = make_app(COGNITO_REVOCATIONS=Fails()).test_client()
        sign_in(user, "alice", PASSWORD, login)

        assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
        assert "SecretiveError" in caplog.text
        assert "hunter2" not in caplog.text
        assert user.get("/reports").status_code == 401

    def test_nor_because_of_an_error_that_fails_to_describe_itself(
        self, make_app: MakeApp, login: LocalManagedLogin
    ) -> None:
        class Fails(Recording):
            def revoke_session(self, claims: Any, *, until: float | None = None) -> None:
                raise WordlessError

        user = make_app(COGNITO_REVOCATIONS=Fails()).test_client()
        sign_in(user, "alice", PASSWORD, login)

        assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
        assert user.get("/reports").status_code == 401

    def test_an_object_that_can_only_be_asked_is_only_asked(self, make_app: MakeApp, login: LocalManagedLogin) -> None:
        class OnlyAsked:
            def is_revoked(self, claims: Any) -> bool:
                return False

        app = make_app(COGNITO_REVOCATIONS=OnlyAsked())
        user = app.test_client()
        sign_in(user, "alice", PASSWORD, login)

        assert user.post("/auth/logout", headers=SUBMIT).status_code == 303
        with app.test_request_context(), pytest.raises(ConfigurationError):
            app.extensions["cognito_sign_in"].end_sessions("sub")


class TestEndSessions:
    def test_every_session_of_a_user_ends(
        self, app: Flask, user: FlaskClient, login: LocalManagedLogin, clock: ManualClock
    ) -> None:
        other, bob = app.test_client(), app.test_client()
        sign_in(other, "alice", PASSWORD, login)
        sign_in(bob, "bob", PASSWORD, login)
        token = other.get("/reports").get_json()["token"]
        sub = claims_of(user)["sub"]
        extension: CognitoSignIn = app.extensions["cognito_sign_in"]

        with app.test_request_context():
            extension.end_sessions(sub)

        assert login_after(other, other.get("/reports", headers=NAVIGATION))["prompt"] == ["login"]
        assert [one.get("/reports").status_code for one in (user, other, bob)] == [401, 401, 200]
        answer = app.test_client().get("/reports", headers={"Authorization": f"Bearer {token}"})
        assert answer.get_json()["code"] == "token_revoked"
        clock.advance(10)
        sign_in(user, "alice", PASSWORD, login)
        assert user.get("/reports").status_code == 200

    def test_the_current_session_is_spared_with_a_store(
        self, make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList, clock: ManualClock
    ) -> None:
        app = make_app(COGNITO_REVOCATIONS=revocations, COGNITO_SESSION_STORE=MemorySessionStore(clock=clock))
        add_ending(app)
        before, user, after = (app.test_client() for _ in range(3))
        for one in (before, user, after):
            sign_in(one, "alice", PASSWORD, login)
            clock.advance(10)
        token = before.get("/reports").get_json()["token"]

        assert user.post("/end", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200

        assert [one.get("/reports").status_code for one in (before, user, after)] == [401, 200, 401]
        answer = app.test_client().get("/reports", headers={"Authorization": f"Bearer {token}"})
        assert answer.get_json()["code"] == "token_revoked"

    def test_cookies_cannot_spare_one(
        self, make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList
    ) -> None:
        app = make_app(COGNITO_REVOCATIONS=revocations)

        with app.test_request_context(), pytest.raises(ConfigurationError):
            app.extensions["cognito_sign_in"].end_sessions("sub", except_current=True)

    @pytest.mark.parametrize("has_store", [True, False])
    def test_an_entry_that_is_not_shared_yet_holds_here(
        self, make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock, *, has_store: bool
    ) -> None:
        source = SharedList()
        store = MemorySessionStore(clock=clock) if has_store else None
        app = make_app(COGNITO_REVOCATIONS=RevocationList(source, clock=clock), COGNITO_SESSION_STORE=store)
        user = app.test_client()
        sign_in(user, "alice", PASSWORD, login)
        sub = claims_of(user)["sub"]
        source.is_down = True

        with app.test_request_context(), pytest.raises(SignInError) as caught:
            app.extensions["cognito_sign_in"].end_sessions(sub)

        assert caught.value.code == "sign_in_unavailable"
        assert user.get("/reports").status_code == 401

    @pytest.mark.parametrize("failure", [SecretiveError(), WordlessError()], ids=["a password", "no words"])
    def test_an_object_of_the_apps_own_that_fails_is_unavailable(
        self, make_app: MakeApp, clock: ManualClock, failure: Exception
    ) -> None:
        class Fails(Recording):
            asked = 0

            def revoke_user(self, issuer: str, sub: str, before: float | None) -> None:
                self.asked += 1
                raise failure

        own = Fails()
        app = make_app(COGNITO_REVOCATIONS=own, COGNITO_SESSION_STORE=MemorySessionStore(clock=clock))

        with app.test_request_context(), pytest.raises(SignInError) as caught:
            app.extensions["cognito_sign_in"].end_sessions("sub")

        assert caught.value.code == "sign_in_unavailable"
        assert "hunter2" not in str(caught.value)
        assert own.asked == len(app.extensions["cognito_sign_in.state"].first.verifier.user_pool.jwks_uris)

    def test_another_pools_issuer_adds_nothing(
        self, app: Flask, user: FlaskClient, revocations: RevocationList
    ) -> None:
        with app.test_request_context():
            app.extensions["cognito_sign_in"].end_sessions("sub", UserPool("us-east-1_other").issuer)

        assert user.get("/reports").status_code == 200


def add_ending(app: Flask) -> None:
    @app.route("/end", methods=["POST"])
    @cognito_auth_required
    def end() -> Any:
        extension: CognitoSignIn = app.extensions["cognito_sign_in"]
        extension.end_sessions(except_current=True)
        return {}


def test_a_token_that_a_list_refuses_is_401(
    make_app: MakeApp, login: LocalManagedLogin, revocations: RevocationList
) -> None:
    class Refuses(Recording):
        def is_revoked(self, claims: Any) -> bool:
            raise TokenRevokedError("by the app's own rule")

    app = make_app(COGNITO_REVOCATIONS=Refuses())

    assert sign_in(app.test_client(), "alice", PASSWORD, login).status_code == 502
