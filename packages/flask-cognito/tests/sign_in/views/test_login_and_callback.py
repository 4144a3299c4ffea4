"""From a page that needs a user, to Cognito, and back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cognito_jwt_core import CognitoVerifier, SignInError, UnavailableError, UnknownKeyError
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from flask import Flask, Request, session
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask_cognito import (
    CognitoAuth,
    CognitoSignIn,
    MemorySessionStore,
    current_cognito_jwt,
    current_session,
    sign_in_failed,
    signed_in,
)
from flask_cognito.sign_in.cookies.rules import MAX_HEADER_BYTES, size_of
from flask_cognito.state import app_state
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION, callback_of
from werkzeug.exceptions import SecurityError
from werkzeug.test import EnvironBuilder

from ..conftest import PASSWORD, cookies_in, revoked, token_requests

MakeApp = Callable[..., Flask]
NAME = "__Host-Http-cognito_session"


def begin(client: FlaskClient, path: str = "/auth/login", **options: Any) -> Any:
    return client.get(path, headers=NAVIGATION, **options)


def error_code(answer: Any) -> str:
    return str(answer.text).partition("<code>")[2].partition("</code>")[0]


def test_a_user_comes_back_to_the_page_that_was_asked_for(client: FlaskClient, login: LocalManagedLogin) -> None:
    first = client.get("/reports?page=2", headers=NAVIGATION)
    assert first.status_code == 302
    assert not first.headers.getlist("Set-Cookie")

    begun = client.get(first.headers["Location"], headers=NAVIGATION)
    answer = client.get(callback_of(begun.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/reports?page=2"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    page = client.get("/reports")
    assert page.json == {"username": "alice", "session": True, "token": page.get_json()["token"]}
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in page.headers["Vary"]
    assert not page.headers.getlist("Set-Cookie")


def test_the_request_to_cognito_has_pkce_state_and_nonce(client: FlaskClient, login: LocalManagedLogin) -> None:
    asked = parse_qs(urlsplit(begin(client).headers["Location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    assert asked["redirect_uri"] == ["http://localhost/auth/callback"]
    assert asked["scope"] == ["openid"]


def test_nothing_but_next_is_taken_from_the_query(client: FlaskClient) -> None:
    location = begin(client, "/auth/login?prompt=none&scope=x&redirect_uri=https://evil.com&demand=x&next=//evil.com")

    asked = parse_qs(urlsplit(location.headers["Location"]).query)
    assert "prompt" not in asked
    assert asked["scope"] == ["openid"]
    assert asked["redirect_uri"] == ["http://localhost/auth/callback"]


def test_every_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient, login: LocalManagedLogin) -> None:
    begun = begin(client)
    done = client.get(callback_of(begun.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)

    written = (*begun.headers.getlist("Set-Cookie"), *done.headers.getlist("Set-Cookie"))
    ours = [cookie for cookie in written if not cookie.startswith("session=")]
    assert len(ours) >= 5
    for cookie in ours:
        assert cookie.startswith("__Host-Http-")
        parts = cookie.split("; ")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(parts)
        assert not any(part.startswith("Domain") for part in parts)
        assert len(cookie) <= 4096
    assert size_of(cookies_in(client)) <= MAX_HEADER_BYTES


def test_no_token_is_readable_in_a_cookie(user: FlaskClient) -> None:
    token = user.get("/reports").get_json()["token"]

    for value in cookies_in(user).values():
        assert token not in value
        assert token.split(".")[1] not in value


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_a_prefetch_begins_and_redeems_nothing(client: FlaskClient, login: LocalManagedLogin, header: str) -> None:
    begun = begin(client)
    callback = callback_of(begun.headers["Location"], "alice", PASSWORD)

    for path in ("/auth/login", callback):
        answer = client.get(path, headers={**NAVIGATION, header: "prefetch;prerender"})
        assert answer.status_code == 503
        assert not answer.headers.getlist("Set-Cookie")
    assert client.get(callback, headers=NAVIGATION).status_code == 303


def test_head_begins_and_redeems_nothing(client: FlaskClient, login: LocalManagedLogin) -> None:
    begun = begin(client)
    callback = callback_of(begun.headers["Location"], "alice", PASSWORD)

    for path in ("/auth/login", callback):
        answer = client.head(path, headers=NAVIGATION)
        assert answer.status_code == 204
        assert not answer.headers.getlist("Set-Cookie")
    assert token_requests(login) == 0


@pytest.mark.parametrize("changes", [{"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "cors"}])
def test_a_frame_or_a_script_begins_no_login(client: FlaskClient, changes: dict[str, str]) -> None:
    answer = client.get("/auth/login", headers={**NAVIGATION, **changes})

    assert answer.status_code == 403
    assert not answer.headers.getlist("Set-Cookie")


def test_a_callback_by_post_is_not_allowed(client: FlaskClient) -> None:
    assert client.post("/auth/callback").status_code == 405


def test_two_tabs_sign_in_at_the_same_time(client: FlaskClient, login: LocalManagedLogin) -> None:
    first, second = begin(client, "/auth/login?next=/reports"), begin(client, "/auth/login?next=/admin")

    later = client.get(callback_of(second.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)
    earlier = client.get(callback_of(first.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)

    assert later.headers["Location"] == "/admin"
    assert earlier.headers["Location"] == "/reports"
    assert client.get("/reports").status_code == 200


def test_a_reload_of_a_finished_callback_goes_home(client: FlaskClient, login: LocalManagedLogin) -> None:
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    client.get(callback, headers=NAVIGATION)

    again = client.get(callback, headers=NAVIGATION)

    assert again.status_code == 303
    assert again.headers["Location"] == "/"
    assert token_requests(login) == 1


def test_two_callbacks_of_one_login_at_a_time_get_one_answer(app: Flask, login: LocalManagedLogin) -> None:
    client = app.test_client()
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    header = "; ".join(f"{name}={value}" for name, value in cookies_in(client).items())
    login.behave("token", delay=0.3)

    def ask(_: int) -> Any:
        return app.test_client(use_cookies=False).get(callback, headers={**NAVIGATION, "Cookie": header})

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(ask, range(2)))

    assert [answer.status_code for answer in answers] == [303, 303]
    ids = {
        cookie.partition(";")[0]
        for answer in answers
        for cookie in answer.headers.getlist("Set-Cookie")
        if cookie.startswith(f"{NAME}_id=")
    }
    assert len(ids) == 1
    assert token_requests(login) == 1


def test_a_callback_in_another_browser_signs_no_one_in(
    app: Flask, client: FlaskClient, login: LocalManagedLogin
) -> None:
    """RFC 9700 section 4.7: an attacker's own code and state must not sign the victim in as the attacker."""
    callback = callback_of(begin(client).headers["Location"], "bob", PASSWORD)

    answer = app.test_client().get(callback, headers=NAVIGATION)

    assert answer.status_code == 400
    assert error_code(answer) == "state_missing"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "state_mismatch"),
        ("code=x", "state_mismatch"),
        ("state=", "state_mismatch"),
        ("error=access_denied&error_description=%3Cscript%3E", "state_mismatch"),
        ("state=a&state=b&code=x", "state_mismatch"),
        ("state=unknown&code=x", "state_missing"),
        ("state=unknown&error=access_denied", "state_missing"),
        ("&".join(f"a{number}=1" for number in range(60)), "state_mismatch"),
    ],
)
def test_without_its_login_nothing_of_a_callback_is_believed(client: FlaskClient, query: str, code: str) -> None:
    answer = client.get(f"/auth/callback?{query}", headers=NAVIGATION)

    assert answer.status_code == 400
    assert error_code(answer) == code
    assert "script" not in answer.text


def test_an_error_of_cognito_has_a_page_without_its_words(
    client: FlaskClient, login: LocalManagedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    state = parse_qs(urlsplit(begin(client).headers["Location"]).query)["state"][0]
    query = {"state": state, "error": "access_denied", "error_description": "<b>too young</b>"}

    answer = client.get("/auth/callback", query_string=query, headers=NAVIGATION)

    assert answer.status_code == 403
    assert error_code(answer) == "sign_in_denied"
    assert "young" not in answer.text
    assert "young" in caplog.text
    assert "demand=" in answer.text
    csp = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "frame-ancestors 'none'" in csp
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_program_gets_an_error_as_json(client: FlaskClient) -> None:
    answer = client.get("/auth/callback?state=unknown&code=x", headers={"Accept": "application/json"})

    assert answer.status_code == 400
    assert answer.get_json()["code"] == "state_missing"
    assert answer.get_json()["login"] == "/auth/login"


def test_a_login_is_consumed_whatever_the_outcome(client: FlaskClient, login: LocalManagedLogin) -> None:
    begun = begin(client)
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    client.get(f"/auth/callback?state={state}&error=server_error", headers=NAVIGATION)

    answer = client.get(f"/auth/callback?state={state}&code=x", headers=NAVIGATION)

    assert error_code(answer) == "state_missing"


def test_a_late_login_is_said_to_be_late(client: FlaskClient, login: LocalManagedLogin, clock: ManualClock) -> None:
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    clock.advance(900)

    answer = client.get(callback, headers=NAVIGATION)

    assert answer.status_code == 400
    assert error_code(answer) == "login_expired"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "/auth/callback?state=x"), ("GET", "/auth/login"), ("GET", "/auth/session")),
        *(("GET", "/auth/logout"), ("POST", "/auth/logout")),
    ],
)
def test_unreadable_logins_are_deleted_by_every_answer(client: FlaskClient, method: str, path: str) -> None:
    client.set_cookie(f"{NAME}_login_old", "rubbish", domain="localhost")

    answer = client.open(path, method=method, headers=NAVIGATION)

    assert any(cookie.startswith(f"{NAME}_login_old=;") for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        ({"status": 500}, 503, "sign_in_unavailable"),
        ({"html": "<p>proxy</p>"}, 503, "sign_in_unavailable"),
        ({"throttle": 7}, 503, "sign_in_unavailable"),
        ({"error": "invalid_grant"}, 400, "code_rejected"),
        ({"error": "invalid_client"}, 502, "sign_in_misconfigured"),
        ({"error": "odd"}, 502, "provider_error"),
    ],
)
def test_a_failed_exchange_has_its_page(
    client: FlaskClient, login: LocalManagedLogin, behaviour: dict[str, Any], status: int, code: str
) -> None:
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    login.behave("token", **behaviour)

    answer = client.get(callback, headers=NAVIGATION)

    assert answer.status_code == status
    assert error_code(answer) == code
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert client.get("/reports").status_code == 401


def test_discovery_that_fails_has_its_page(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_DOMAIN=None).test_client()
    login.behave("discovery", status=500)

    assert error_code(begin(client)) == "sign_in_unavailable"


def test_a_token_that_the_app_would_refuse_makes_no_session(make_app: MakeApp, login: LocalManagedLogin) -> None:
    def demand_a_group(app: Flask, auth: CognitoAuth) -> None:
        with app.app_context():
            state = app_state()
        state.verifier = CognitoVerifier(
            login.user_pool, client_id=login.client_id, token_use="access", groups=["unknown"], clock=login.pool.clock
        )

    client = make_app(prepare=demand_a_group).test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert answer.status_code == 502
    assert error_code(answer) == "token_rejected"
    assert "demand=" in answer.text
    assert revoked(login)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnavailableError("later"), 503, "sign_in_unavailable"),
        (UnknownKeyError("unknown"), 502, "token_rejected"),
        (LookupError(), 500, ""),
    ],
)
def test_what_stops_the_check_of_a_token_makes_no_session(
    make_app: MakeApp, login: LocalManagedLogin, error: Exception, status: int, code: str
) -> None:
    def refuse(claims: Any) -> None:
        raise error

    def add_check(app: Flask, auth: CognitoAuth) -> None:
        with app.app_context():
            app_state().verifier = CognitoVerifier(
                login.user_pool,
                client_id=login.client_id,
                token_use="access",
                clock=login.pool.clock,
                custom_check=refuse,
            )

    client = make_app(prepare=add_check).test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert answer.status_code == status
    assert error_code(answer) == code
    assert revoked(login)


def test_a_second_callback_after_one_that_failed_fails_as_well(
    app: Flask, login: LocalManagedLogin, clock: ManualClock
) -> None:
    client = app.test_client()
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    header = "; ".join(f"{name}={value}" for name, value in cookies_in(client).items())
    login.behave("token", status=500, times=1)

    def ask() -> Any:
        return app.test_client(use_cookies=False).get(callback, headers={**NAVIGATION, "Cookie": header})

    assert error_code(ask()) == "sign_in_unavailable"
    assert error_code(ask()) == "sign_in_unavailable"
    assert token_requests(login) == 1
    clock.advance(10)
    assert ask().status_code == 303


def test_the_link_of_a_refused_user_asks_for_the_password_again(client: FlaskClient, login: LocalManagedLogin) -> None:
    state = parse_qs(urlsplit(begin(client).headers["Location"]).query)["state"][0]
    answer = client.get(f"/auth/callback?state={state}&error=access_denied", headers=NAVIGATION)
    link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")

    asked = parse_qs(urlsplit(begin(client, link).headers["Location"]).query)

    assert asked["prompt"] == ["login"]


@pytest.mark.parametrize(("seconds", "serves"), [(60, True), (61, False)])
def test_a_demand_of_a_host_whose_clock_is_ahead_serves(
    client: FlaskClient, clock: ManualClock, seconds: float, serves: bool
) -> None:
    state = parse_qs(urlsplit(begin(client).headers["Location"]).query)["state"][0]
    answer = client.get(f"/auth/callback?state={state}&error=access_denied", headers=NAVIGATION)
    link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    clock.set_time(clock.time() - seconds)

    asked = parse_qs(urlsplit(begin(client, link).headers["Location"]).query)

    assert ("prompt" in asked) is serves


def test_a_demand_serves_for_ten_minutes(client: FlaskClient, clock: ManualClock) -> None:
    state = parse_qs(urlsplit(begin(client).headers["Location"]).query)["state"][0]
    answer = client.get(f"/auth/callback?state={state}&error=access_denied", headers=NAVIGATION)
    link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    clock.advance(600)

    asked = parse_qs(urlsplit(begin(client, link).headers["Location"]).query)

    assert "prompt" not in asked


def test_a_loop_of_sign_ins_ends(app: Flask, login: LocalManagedLogin) -> None:
    """A browser that drops the session's cookies, but keeps the others, would go round for ever."""
    client = app.test_client()
    answers = []
    for _ in range(3):
        answers.append(sign_in(client, "alice", PASSWORD, login))
        for name in (NAME, f"{NAME}_1", f"{NAME}_id"):
            client.delete_cookie(name, domain="localhost")

    assert [answer.status_code for answer in answers] == [303, 303, 400]
    assert error_code(answers[2]) == "login_loop"


def test_sign_ins_whose_sessions_come_back_are_no_loop(app: Flask, login: LocalManagedLogin) -> None:
    client = app.test_client()

    assert [sign_in(client, "alice", PASSWORD, login).status_code for _ in range(4)] == [303] * 4


def test_sign_ins_far_apart_are_no_loop(app: Flask, login: LocalManagedLogin, clock: ManualClock) -> None:
    client = app.test_client()
    for _ in range(4):
        assert sign_in(client, "alice", PASSWORD, login).status_code == 303
        for name in (NAME, f"{NAME}_1", f"{NAME}_id"):
            client.delete_cookie(name, domain="localhost")
        clock.advance(31)


def test_a_new_sign_in_ends_the_session_before(user: FlaskClient, login: LocalManagedLogin) -> None:
    """OWASP: a session id that someone has seen, or planted, must not outlive a sign-in."""
    before = cookies_in(user)

    sign_in(user, "alice", PASSWORD, login)

    after = cookies_in(user)
    assert before[f"{NAME}_id"] != after[f"{NAME}_id"]
    assert revoked(login)
    mixed = {**before, f"{NAME}_id": after[f"{NAME}_id"]}
    header = "; ".join(f"{name}={value}" for name, value in mixed.items())
    assert (
        user.application.test_client(use_cookies=False).get("/reports", headers={"Cookie": header}).status_code == 401
    )


def test_flasks_session_of_another_user_is_cleared(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()

    @app.route("/cart", methods=["GET", "POST"])
    def cart() -> Any:
        session.setdefault("cart", "apples")
        return {"cart": session["cart"], "all": len(session)}

    @app.route("/peek")
    def peek() -> Any:
        return {"cart": session.get("cart")}

    client = app.test_client()
    client.post("/cart")
    sign_in(client, "alice", PASSWORD, login)
    assert client.get("/peek").json == {"cart": "apples"}

    sign_in(client, "alice", PASSWORD, login)
    assert client.get("/peek").json == {"cart": "apples"}

    sign_in(client, "bob", PASSWORD, login)
    assert client.get("/peek").json == {"cart": None}


def test_flasks_session_gets_a_new_id_where_it_has_one(make_app: MakeApp, login: LocalManagedLogin) -> None:
    class WithRegenerate(SecureCookieSessionInterface):
        regenerated = 0

        def regenerate(self, session: Any) -> None:
            self.regenerated += 1

    app = make_app()
    app.session_interface = interface = WithRegenerate()

    sign_in(app.test_client(), "alice", PASSWORD, login)

    assert interface.regenerated == 1


def test_an_unknown_user_has_no_session(make_app: MakeApp, login: LocalManagedLogin) -> None:
    def only_bob(app: Flask, auth: CognitoAuth) -> None:
        auth.identity_handler(lambda claims: claims["username"] if claims["username"] == "bob" else None)

    client = make_app(prepare=only_bob, COGNITO_IDENTITY_REQUIRED=True).test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert answer.status_code == 403
    assert error_code(answer) == "unknown_user"
    assert sign_in(client, "bob", PASSWORD, login).status_code == 303


def test_an_identity_handler_that_reads_an_absent_claim_refuses(make_app: MakeApp, login: LocalManagedLogin) -> None:
    def by_email(app: Flask, auth: CognitoAuth) -> None:
        auth.identity_handler(lambda claims: claims["email"])

    client = make_app(prepare=by_email, COGNITO_IDENTITY_REQUIRED=True).test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert answer.status_code == 403
    assert answer.get_json()["code"] == "claim_required"
    assert client.get("/auth/session").get_json() == {"signed_in": False}


def test_an_async_identity_handler_is_awaited(make_app: MakeApp, login: LocalManagedLogin) -> None:
    async def find(claims: Any) -> Any:
        return None

    def register(app: Flask, auth: CognitoAuth) -> None:
        auth.identity_handler(find)

    client = make_app(prepare=register, COGNITO_IDENTITY_REQUIRED=True).test_client()

    assert error_code(sign_in(client, "alice", PASSWORD, login)) == "unknown_user"


def sign_in_of(app: Flask) -> CognitoSignIn:
    found: CognitoSignIn = app.extensions["cognito_sign_in"]
    return found


def test_the_app_is_asked_before_there_is_a_session(app: Flask, login: LocalManagedLogin) -> None:
    asked = []

    @sign_in_of(app).on_sign_in
    def hook(claims: Any, id_claims: Any) -> Any:
        asked.append((claims["username"], id_claims["email"], bool(current_session)))

    assert sign_in(app.test_client(), "alice", PASSWORD, login).status_code == 303
    assert asked == [("alice", "alice@example.com", False)]


def test_a_refusal_of_the_app_makes_no_session(app: Flask, login: LocalManagedLogin) -> None:
    sign_in_of(app).on_sign_in(lambda claims, id_claims: ("not today", 403))
    client = app.test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert (answer.status_code, answer.text) == (403, "not today")
    assert client.get("/reports").status_code == 401
    assert revoked(login)


def test_another_answer_of_the_app_takes_the_place_of_the_redirect(app: Flask, login: LocalManagedLogin) -> None:
    sign_in_of(app).on_sign_in(lambda claims, id_claims: "welcome")
    client = app.test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert (answer.status_code, answer.text) == (200, "welcome")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert client.get("/reports").status_code == 200


def test_an_exception_of_the_app_makes_no_session(app: Flask, login: LocalManagedLogin) -> None:
    @sign_in_of(app).on_sign_in
    def hook(claims: Any, id_claims: Any) -> Any:
        raise LookupError

    client = app.test_client()

    assert sign_in(client, "alice", PASSWORD, login).status_code == 500
    assert client.get("/reports").status_code == 401
    assert revoked(login)


def test_an_error_page_of_the_apps_own(app: Flask) -> None:
    @sign_in_of(app).error_page
    def page(error: SignInError) -> Any:
        return f"oh: {error.code}", error.status

    answer = app.test_client().get("/auth/callback?state=x", headers=NAVIGATION)

    assert (answer.status_code, answer.text) == (400, "oh: state_missing")
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_handlers_can_be_registered_before_the_app(make_app: MakeApp, pool: LocalUserPool, login: Any) -> None:
    app = Flask("other")
    app.secret_key = "k" * 32
    app.config.update(
        COGNITO_REGION=pool.region,
        COGNITO_USERPOOL_ID=pool.id,
        COGNITO_APP_CLIENT_ID=pool.client_id,
        COGNITO_ISSUER=login.user_pool.issuer,
        COGNITO_DOMAIN=login.domain,
    )
    CognitoAuth(app)
    extension = CognitoSignIn()
    extension.on_sign_in(lambda claims, id_claims: "early hook")
    extension.error_page(lambda error: "early page")
    extension.init_app(app)

    assert app.test_client().get("/auth/callback?state=x").text == "early page"
    assert sign_in(app.test_client(), "alice", PASSWORD, login).text == "early hook"


def test_signals_tell_of_success_and_failure(app: Flask, login: LocalManagedLogin) -> None:
    heard: list[Any] = []

    def on_success(sender: Flask, claims: Any, id_claims: Any) -> None:
        heard.append((sender, claims["username"], id_claims["email"]))

    def on_failure(sender: Flask, error: SignInError) -> None:
        heard.append((sender, error.code))

    client = app.test_client()
    with signed_in.connected_to(on_success, app), sign_in_failed.connected_to(on_failure, app):
        client.get("/auth/callback?state=x")
        sign_in(client, "alice", PASSWORD, login)

    assert heard == [(app, "state_missing"), (app, "alice", "alice@example.com")]


def test_failures_are_logged_at_most_once_a_second(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        client.get("/auth/callback?state=x", headers=NAVIGATION)

    records = [record for record in caplog.records if record.name == "flask_cognito.sign_in"]
    assert len(records) == 1
    assert records[0].levelno == logging.WARNING


def test_redirect_to_login_takes_parameters(app: Flask, login: LocalManagedLogin) -> None:
    @app.route("/go")
    def go() -> Any:
        return sign_in_of(app).redirect_to_login("/reports", identity_provider="Google", lang="de")

    client = app.test_client()
    answer = client.get("/go", headers=NAVIGATION)
    assert answer.status_code == 302
    assert "Google" not in answer.headers["Location"]

    asked = parse_qs(urlsplit(begin(client, answer.headers["Location"]).headers["Location"]).query)

    assert asked["identity_provider"] == ["Google"]
    assert asked["lang"] == ["de"]


def test_a_second_attempt_keeps_the_parameters(app: Flask) -> None:
    @app.route("/go")
    def go() -> Any:
        return sign_in_of(app).redirect_to_login("/reports", lang="de")

    client = app.test_client()
    begun = begin(client, client.get("/go").headers["Location"])
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    answer = client.get(f"/auth/callback?state={state}&error=server_error", headers=NAVIGATION)
    link = answer.text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")

    asked = parse_qs(urlsplit(begin(client, link).headers["Location"]).query)

    assert asked["lang"] == ["de"]
    assert link.startswith("/auth/login?next=/reports&")


@pytest.mark.parametrize("name", ["scope", "scopes", "redirect_uri", "state"])
def test_a_parameter_that_cannot_be_set_has_a_page(app: Flask, name: str) -> None:
    @app.route("/go")
    def go() -> Any:
        return sign_in_of(app).redirect_to_login(**{name: "https://evil.example/"})

    client = app.test_client()

    assert error_code(begin(client, client.get("/go").headers["Location"])) == "sign_in_misconfigured"


def test_http_off_loopback_has_a_page(make_app: MakeApp) -> None:
    """A proxy ends TLS, and the app does not know of it: ProxyFix is missing."""
    client = make_app(TRUSTED_HOSTS=["app.example"]).test_client()

    assert error_code(begin(client, base_url="http://app.example")) == "sign_in_misconfigured"


def test_a_strict_session_comes_back_by_a_page(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_SESSION_COOKIE_SAMESITE="Strict").test_client()

    answer = sign_in(client, "alice", PASSWORD, login, next="/reports")

    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/reports"' in answer.text
    assert client.get("/reports").status_code == 200


def test_a_resource_is_asked_for(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_RESOURCE="https://api.example").test_client()

    asked = parse_qs(urlsplit(begin(client).headers["Location"]).query)

    assert asked["resource"] == ["https://api.example"]


def test_a_token_that_is_bound_to_the_resource_signs_in(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_RESOURCE="https://api.example").test_client()

    sign_in(client, "alice", PASSWORD, login)

    with client:
        assert client.get("/reports").status_code == 200
        assert current_cognito_jwt["aud"] == "https://api.example"


def test_the_callback_url_comes_from_no_untrusted_host(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app().test_client()

    for options in (
        {"base_url": "https://evil.example"},
        {"environ_overrides": {"REMOTE_ADDR": "203.0.113.7"}},
    ):
        answer = begin(client, **options)
        assert answer.status_code == 502
        assert error_code(answer) == "sign_in_misconfigured"
    for name in ("X-Forwarded-Host", "X-Forwarded-Server", "x-forwarded-prefix", "Forwarded"):
        forwarded = client.get("/auth/login", headers={**NAVIGATION, name: "app.example"})
        assert error_code(forwarded) == "sign_in_misconfigured"
    assert "COGNITO_REDIRECT_URI" in caplog.text


@pytest.mark.parametrize(
    "config",
    [{"TRUSTED_HOSTS": ["app.example"]}, {"COGNITO_REDIRECT_URI": "https://app.example/auth/callback"}],
)
def test_a_host_that_is_trusted_serves(make_app: MakeApp, config: dict[str, Any]) -> None:
    client = make_app(**config).test_client()

    answer = begin(client, base_url="https://app.example")

    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["redirect_uri"] == ["https://app.example/auth/callback"]


def test_trusted_hosts_hold_for_every_flask(make_app: MakeApp) -> None:
    """Flask before 3.1 does not read the key."""
    app = make_app(TRUSTED_HOSTS=["app.example", ".sub.example"])
    state = app.extensions["cognito_sign_in.state"].first

    with app.app_context():
        for host in ("app.example", "app.example:8443", "a.sub.example"):
            state.check_host(Request(EnvironBuilder(base_url=f"https://{host}").get_environ()))
        for host in ("evil.example", "app.example.evil", "localhost"):
            with pytest.raises(SecurityError):
                state.check_host(Request(EnvironBuilder(base_url=f"https://{host}").get_environ()))


def test_ipv6_loopback_is_loopback(client: FlaskClient) -> None:
    answer = begin(client, base_url="http://[::1]", environ_overrides={"REMOTE_ADDR": "::1"})

    assert answer.status_code == 302


def test_a_short_secret_is_refused_off_loopback(make_app: MakeApp) -> None:
    app = make_app(SECRET_KEY="short", TRUSTED_HOSTS=["app.example", "localhost"])

    assert begin(app.test_client()).status_code == 302
    assert error_code(begin(app.test_client(), base_url="https://app.example")) == "sign_in_misconfigured"


def test_a_session_that_does_not_fit_names_the_store(
    make_login: Callable[..., LocalManagedLogin], make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    login = make_login(groups={"alice": [f"a group with a long name, number {number}" for number in range(60)]})
    client = make_app(login).test_client()

    answer = sign_in(client, "alice", PASSWORD, login)

    assert error_code(answer) == "sign_in_misconfigured"
    assert "COGNITO_SESSION_STORE" in caplog.text
    assert revoked(login)
    stored = make_app(login, COGNITO_SESSION_STORE=MemorySessionStore()).test_client()
    assert sign_in(stored, "alice", PASSWORD, login).status_code == 303


def test_a_full_set_of_logins_beside_a_session_fits(user: FlaskClient) -> None:
    for _ in range(8):
        begin(user, "/auth/login?next=/" + "x" * 500)

    assert size_of(cookies_in(user)) <= MAX_HEADER_BYTES


def test_messages_name_no_secret(
    client: FlaskClient, login: LocalManagedLogin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    callback = callback_of(begin(client).headers["Location"], "alice", PASSWORD)
    login.behave("token", status=500)

    client.get(callback, headers=NAVIGATION)

    code = parse_qs(urlsplit(callback).query)["code"][0]
    assert code not in caplog.text
