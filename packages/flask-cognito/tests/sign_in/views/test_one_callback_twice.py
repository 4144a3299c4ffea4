"""Two callbacks of one login get one answer, in any worker, until the session has ended."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cognito_jwt_core import CognitoVerifier, KeySettings
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from cognito_jwt_core.testing.behaviour import Behaviour
from flask import Flask, Response
from flask_cognito import CognitoAuth, CognitoSignIn, MemorySessionStore, RedisSessionStore, signed_in
from flask_cognito.state import app_state
from flask_cognito.testing.sign_in import NAVIGATION, callback_of

from ..conftest import PASSWORD, header_of, revoked, token_requests

MakeApp = Callable[..., Flask]
NAME = "__Host-Http-cognito_session"
SUBMIT = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}


class Callback:
    """A login that has come back from Cognito, with the cookies that its browser had then."""

    def __init__(self, app: Flask, next_path: str = "/reports") -> None:
        client = app.test_client()
        begun = client.get(f"/auth/login?next={next_path}", headers=NAVIGATION)
        self._url = callback_of(begun.headers["Location"], "alice", PASSWORD)
        self._cookie = header_of(client)

    def arrive(self, app: Flask) -> Any:
        """Load the address in a worker, as the browser did the first time."""
        headers = {**NAVIGATION, "Cookie": self._cookie}
        return app.test_client(use_cookies=False).get(self._url, headers=headers)


def session_of(answer: Any) -> str:
    """The cookies of the session that an answer begins, as a browser would send them."""
    pairs = [cookie.partition(";")[0] for cookie in answer.headers.getlist("Set-Cookie")]
    return "; ".join(pair for pair in pairs if re.match(rf"{NAME}(_id|_\d)?=.", pair))


def code_of(answer: Any) -> str:
    return str(answer.text.partition("<code>")[2].partition("</code>")[0])


def prompt_of(answer: Any, app: Flask) -> list[str] | None:
    """Return what the link of an error page requests from Cognito."""
    link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    begun = app.test_client().get(link, headers=NAVIGATION)
    return parse_qs(urlsplit(begun.headers["Location"]).query).get("prompt")


@pytest.fixture
def workers(make_app: MakeApp, redis_url: str) -> tuple[Flask, Flask]:
    """Two workers that share nothing but Redis."""
    first, second = (make_app(COGNITO_SESSION_STORE=RedisSessionStore(redis_url)) for _ in range(2))
    return first, second


def sign_in_of(app: Flask) -> CognitoSignIn:
    found: CognitoSignIn = app.extensions["cognito_sign_in"]
    return found


def test_a_callback_that_is_replayed_after_a_logout_revives_nothing(
    make_app: MakeApp, login: LocalManagedLogin, kept: dict[str, Any]
) -> None:
    app = make_app(**kept)
    callback = Callback(app)
    session = session_of(callback.arrive(app))
    assert session_of(callback.arrive(app)) == session
    client = app.test_client(use_cookies=False)
    assert client.get("/reports", headers={"Cookie": session}).status_code == 200

    client.post("/auth/logout", headers={**SUBMIT, "Cookie": session})
    replayed = callback.arrive(app)

    assert replayed.status_code == 400
    assert code_of(replayed) == "code_rejected"
    assert not session_of(replayed)
    assert client.get("/reports", headers={"Cookie": session}).status_code == 401
    assert token_requests(login) == 1


def test_a_callback_that_is_replayed_after_another_sign_in_revives_nothing(
    make_app: MakeApp, kept: dict[str, Any]
) -> None:
    """The sign-in that came after has ended the session of this one."""
    app = make_app(**kept)
    first, second = Callback(app), Callback(app)
    session = session_of(first.arrive(app))
    second._cookie += f"; {session}"  # noqa: SLF001  the browser sends both
    assert second.arrive(app).status_code == 303

    replayed = first.arrive(app)

    assert code_of(replayed) == "code_rejected"
    assert not session_of(replayed)


def test_workers_give_callbacks_at_the_same_time_one_answer(
    workers: tuple[Flask, Flask], login: LocalManagedLogin
) -> None:
    callback = Callback(workers[0])
    login.behave("token", delay=0.3)
    heard: list[Any] = []

    def receive(sender: Flask, claims: Any, id_claims: Any) -> None:
        heard.append(claims["username"])

    with signed_in.connected_to(receive), ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(callback.arrive, workers * 3))

    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["Location"] for answer in answers} == {"/reports"}
    sessions = {session_of(answer) for answer in answers}
    assert len(sessions) == 1
    assert token_requests(login) == 1
    assert heard == ["alice"]
    for worker in workers:
        answer = worker.test_client(use_cookies=False).get("/reports", headers={"Cookie": sessions.copy().pop()})
        assert answer.get_json()["username"] == "alice"


def test_a_reload_of_the_callback_in_another_worker_gets_the_same_answer(
    workers: tuple[Flask, Flask], login: LocalManagedLogin
) -> None:
    callback = Callback(workers[0])

    first, second = [callback.arrive(worker) for worker in workers]

    assert (second.status_code, second.headers["Location"]) == (303, "/reports")
    assert session_of(second) == session_of(first)
    assert token_requests(login) == 1


def test_a_callback_that_is_replayed_in_another_worker_after_a_logout_revives_nothing(
    workers: tuple[Flask, Flask],
) -> None:
    callback = Callback(workers[0])
    session = session_of(callback.arrive(workers[0]))
    workers[1].test_client(use_cookies=False).post("/auth/logout", headers={**SUBMIT, "Cookie": session})

    for worker in workers:
        replayed = callback.arrive(worker)

        assert code_of(replayed) == "code_rejected"
        assert not session_of(replayed)


def test_a_failed_callback_fails_in_another_worker_as_well(
    workers: tuple[Flask, Flask], login: LocalManagedLogin
) -> None:
    callback = Callback(workers[0])
    login.behave("token", status=500, times=1)

    answers = [callback.arrive(worker) for worker in workers]

    assert [code_of(answer) for answer in answers] == ["sign_in_unavailable"] * 2
    assert [answer.status_code for answer in answers] == [503, 503]
    assert prompt_of(answers[0], workers[0]) is None  # no code was spent
    assert token_requests(login) == 1


def stream() -> Response:
    def parts() -> Iterator[str]:
        yield "welcome"

    return Response(parts())


@pytest.mark.parametrize(
    ("made", "status", "text", "location"),
    [
        (lambda: ("welcome", 201, {"X-App": "yes"}), 201, "welcome", None),
        (lambda: Response(status=302, headers={"Location": "/welcome"}), 302, "", "/welcome"),
        (stream, 303, None, "/reports"),  # gone with the first answer
        (lambda: "x" * 5000, 303, None, "/reports"),  # too large for some stores
    ],
)
def test_an_answer_of_the_app_is_given_by_another_worker(
    workers: tuple[Flask, Flask], made: Callable[[], Any], status: int, text: str | None, location: str | None
) -> None:
    asked = []
    for worker in workers:
        sign_in_of(worker).on_sign_in(lambda claims, id_claims: asked.append(1) or made())  # type: ignore[func-returns-value]
    callback = Callback(workers[0])

    first, second = [callback.arrive(worker) for worker in workers]

    assert first.headers.get("X-App") == second.headers.get("X-App")
    assert second.status_code == status
    assert text is None or second.text == text
    assert second.headers.get("Location") == location
    assert session_of(second) == session_of(first)
    assert asked == [1]


@pytest.mark.parametrize(
    ("made", "status", "text"),
    [
        (lambda: ("not today", 403), 403, "not today"),
        (lambda: ("x" * 5000, 403), 403, None),
    ],
)
def test_a_refusal_of_the_app_is_given_by_another_worker(
    workers: tuple[Flask, Flask], made: Callable[[], Any], status: int, text: str | None
) -> None:
    for worker in workers:
        sign_in_of(worker).on_sign_in(lambda claims, id_claims: made())
    callback = Callback(workers[0])

    answers = [callback.arrive(worker) for worker in workers]

    assert [answer.status_code for answer in answers] == [status, status]
    assert text is None or answers[1].text == text
    assert not any(map(session_of, answers))


def test_an_exception_of_the_app_is_its_own_500_and_refuses_the_user(
    workers: tuple[Flask, Flask], login: LocalManagedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    @sign_in_of(workers[0]).on_sign_in
    def hook(claims: Any, id_claims: Any) -> Any:
        raise LookupError("a bug of the app")

    callback = Callback(workers[0])

    first, second = [callback.arrive(worker) for worker in workers]

    assert first.status_code == 500
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["a bug of the app"]
    assert not any(record.exc_info for record in caplog.records if record.name == "flask_cognito.sign_in")
    assert code_of(second) == "code_rejected"
    assert prompt_of(second, workers[1]) == ["login"]
    assert not session_of(first)
    assert not session_of(second)
    assert revoked(login)


def test_a_worker_that_died_is_not_waited_for_without_end(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
) -> None:
    class Locked(MemorySessionStore):
        """A store whose locks are all held by a process that is gone."""

        @contextmanager
        def lock(self, key: str, ttl_seconds: float) -> Iterator[bool]:
            with super().lock(key, ttl_seconds), super().lock(key, ttl_seconds) as is_mine:
                yield is_mine

    def be_impatient(app: Flask, auth: CognitoAuth) -> None:
        with app.app_context():
            app_state().verifier = CognitoVerifier(
                login.user_pool,
                client_id=login.client_id,
                token_use="access",
                clock=clock,
                key_settings=KeySettings(timeout_seconds=0.02),
            )

    app = make_app(prepare=be_impatient, COGNITO_SESSION_STORE=Locked(clock=clock))

    assert code_of(Callback(app).arrive(app)) == "code_rejected"
    assert token_requests(login) == 0


class FailsLater(MemorySessionStore):
    """A store that writes some records and then no more."""

    def __init__(self, clock: ManualClock, written: int) -> None:
        super().__init__(clock=clock)
        self.left = written

    def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError
        super().create(key, value, ttl_seconds, user)


def test_a_store_that_fails_after_the_exchange_refuses_the_user(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
) -> None:
    app = make_app(COGNITO_SESSION_STORE=FailsLater(clock, 0))
    callback = Callback(app)

    answers = [callback.arrive(app), callback.arrive(app)]

    for answer in answers:
        assert (answer.status_code, code_of(answer)) == (503, "sign_in_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert prompt_of(answer, app) == ["login"]
    assert revoked(login)
    assert token_requests(login) == 1


def test_a_store_that_fails_after_the_session_is_kept_refuses_no_one(make_app: MakeApp, clock: ManualClock) -> None:
    app = make_app(COGNITO_SESSION_STORE=FailsLater(clock, 1))
    callback = Callback(app)

    first, second = callback.arrive(app), callback.arrive(app)

    assert first.status_code == 303
    assert session_of(first) == session_of(second)


def test_what_came_of_a_callback_is_forgotten(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock, kept: dict[str, Any]
) -> None:
    """In Redis by its own clock, so this one is about the memory of a process."""
    store = MemorySessionStore(clock=clock)
    app = make_app(**({"COGNITO_SESSION_STORE": store} if kept else {}))
    callback = Callback(app)
    callback.arrive(app)
    clock.advance(10)

    assert code_of(callback.arrive(app)) == "code_rejected"
    assert token_requests(login) == 2


def test_the_note_of_a_callback_shows_nothing(make_app: MakeApp, clock: ManualClock) -> None:
    """Neither to a copy of the store nor to another app with the same SECRET_KEY."""
    written: list[str] = []

    class Watched(MemorySessionStore):
        def create(self, key: str, value: str, ttl_seconds: float, user: str) -> None:
            written.append(value)
            super().create(key, value, ttl_seconds, user)

    app = make_app(COGNITO_SESSION_STORE=Watched(clock=clock))
    session = session_of(Callback(app).arrive(app))
    token = app.test_client(use_cookies=False).get("/reports", headers={"Cookie": session}).get_json()["token"]

    assert len(written) == 2
    assert not any(token in value or session.partition("=")[2] in value for value in written)


def test_tokens_of_another_login_are_revoked(app: Flask, login: LocalManagedLogin, pool: LocalUserPool) -> None:
    def with_another_nonce(body: bytes) -> bytes:
        answer = json.loads(body)
        claims = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))
        answer["id_token"] = pool.sign(pool.header, {**claims, "nonce": "another"})
        return json.dumps(answer).encode()

    login.behave("token", Behaviour(body=with_another_nonce))

    answer = Callback(app).arrive(app)

    assert code_of(answer) == "nonce_mismatch"
    assert prompt_of(answer, app) == ["login"]
    assert revoked(login)
