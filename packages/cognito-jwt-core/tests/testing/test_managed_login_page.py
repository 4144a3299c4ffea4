"""The sign-in page, the browser's session, and `/logout`."""

import logging
import re
from urllib.parse import urlencode

import pytest
import requests
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from cognito_test_kit.login_walk import App, Browser, payload_of, query_of


@pytest.fixture
def page(app: App) -> requests.Response:
    return app.browser.follow(app.browser.get(app.url()))


def goes_to_the_callback(answer: requests.Response) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(App.callback + "?code=")


def signs_in_silently(app: App) -> bool:
    return goes_to_the_callback(app.browser.get(app.url(prompt="none")))


# Who gets in


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", "battery staple"),
        ("ALICE", "correct horse"),
        ("", ""),
        ("äöü", "ß"),
    ],
)
def test_wrong_password_shows_the_page_again(app: App, username: str, password: str) -> None:
    page = app.browser.follow(app.browser.get(app.url()))

    again = app.browser.submit(page, {"username": username, "password": password})

    assert (again.status_code, 'role="alert"' in again.text) == (400, True)
    assert f'value="{username}"' in again.text
    assert password == "" or password not in re.sub(r"<style>.*</style>", "", again.text, flags=re.DOTALL)
    assert not signs_in_silently(app)
    assert goes_to_the_callback(app.browser.submit(again, {"username": "alice", "password": "correct horse"}))


def test_form_without_fields_shows_the_page_again(app: App, page: requests.Response) -> None:
    assert app.browser.submit(page, {}).status_code == 400


@pytest.mark.parametrize("field", ["", "guess", "é"])
def test_form_of_another_site_signs_nobody_in(app: App, page: requests.Response, field: str) -> None:
    """Login CSRF: the attacker's own account in the victim's browser."""
    fields = {"username": "alice", "password": "correct horse", "_csrf": field}

    answer = app.browser.submit(page, fields)

    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert not signs_in_silently(app)


def test_form_without_the_pages_cookie_signs_nobody_in(app: App, page: requests.Response) -> None:
    other = Browser()

    answer = other.submit(page, {"username": "alice", "password": "correct horse"})

    assert answer.status_code == 400
    assert goes_to_the_callback(other.submit(answer, {"username": "alice", "password": "correct horse"}))


def test_pages_of_two_tabs_work_both(app: App) -> None:
    first, second = (app.browser.follow(app.browser.get(app.url(state=state))) for state in ("1", "2"))

    answers = [app.browser.submit(page, {"username": "alice", "password": "correct horse"}) for page in (second, first)]

    assert [query_of(answer.headers["Location"])["state"] for answer in answers] == ["2", "1"]


@pytest.mark.parametrize("cookie", ["", "cognito", "cognito=", "cognito=guess", "Cognito=x; =;;[]=", ";"])
def test_cookie_that_was_not_issued_is_no_session(app: App, cookie: str) -> None:
    url = app.url(prompt="none")

    answer = requests.get(url, headers={"Cookie": cookie}, allow_redirects=False, timeout=10)

    assert query_of(answer.headers["Location"])["error"] == "login_required"


def test_cookies_of_other_apps_on_the_host_do_no_harm(app: App) -> None:
    app.code()
    cookie = app.browser.session.cookies["cognito"]
    headers = {"Cookie": f'a/b[c]="x; =y; cognito={cookie}; z'}

    answer = requests.get(app.url(prompt="none"), headers=headers, allow_redirects=False, timeout=10)

    assert goes_to_the_callback(answer)


def test_form_for_another_callback_is_not_redirected(app: App, page: requests.Response) -> None:
    page.url = page.url.replace("auth%2Fcallback", "evil")
    body = page.text.replace("auth%2Fcallback", "evil")

    answer = app.browser.session.post(
        page.url, data={"_csrf": re.findall('name="_csrf" value="([^"]+)"', body)[0]}, allow_redirects=False, timeout=10
    )

    assert answer.headers["Location"].startswith("/error?error=redirect_mismatch")


def test_login_page_checks_what_authorize_checks(app: App) -> None:
    answer = app.browser.get(app.url(code_challenge_method="plain").replace("/oauth2/authorize", "/login"))

    assert query_of(answer.headers["Location"])["error"] == "invalid_request"


def test_cancel_is_access_denied(app: App, page: requests.Response) -> None:
    answer = app.browser.submit(page, {"cancel": "yes", "username": "alice", "password": "correct horse"})

    told = query_of(answer.headers["Location"])
    assert (told["error"], told["state"]) == ("access_denied", "a state")
    assert not signs_in_silently(app)


@pytest.mark.parametrize("login_settings", [{"demo_users": {"bob": "battery staple", "mallory": "no such user"}}])
def test_demo_users_sign_in_with_one_click(app: App, page: requests.Response) -> None:
    assert 'name="demo_user" value="bob"' in page.text
    for name in ("mallory", "alice", "unknown"):
        assert app.browser.submit(page, {"demo_user": name}, form=1).status_code == 400

    answer = app.browser.submit(page, {"demo_user": "bob"}, form=1)

    tokens = app.exchange(query_of(answer.headers["Location"])["code"]).json()
    assert payload_of(tokens["access_token"])["username"] == "bob"
    assert "cognito:groups" not in payload_of(tokens["access_token"])


def test_page_without_demo_users_has_one_form(page: requests.Response) -> None:
    assert page.text.count("<form") == 1


# Users from elsewhere


def known_elsewhere(username: str, password: str) -> dict[str, object] | None:
    if (username, password) != ("carol@example.org", "swordfish"):
        return None
    return {
        "sub": "11111111-2222-3333-4444-555555555555",
        "cognito:username": "carol",
        "cognito:groups": ["ops"],
        "email": "carol@example.org",
        "email_verified": False,
    }


@pytest.mark.parametrize("login_settings", [{"authenticate": known_elsewhere}])
def test_users_may_come_from_elsewhere(app: App) -> None:
    page = app.browser.follow(app.browser.get(app.url()))
    assert app.browser.submit(page, {"username": "carol@example.org", "password": "x"}).status_code == 400

    answer = app.browser.submit(page, {"username": "carol@example.org", "password": "swordfish"})

    tokens = app.exchange(query_of(answer.headers["Location"])["code"]).json()
    access, identity = payload_of(tokens["access_token"]), payload_of(tokens["id_token"])
    assert access["sub"] == identity["sub"] == "11111111-2222-3333-4444-555555555555"
    assert access["username"] == identity["cognito:username"] == "carol"
    assert access["cognito:groups"] == identity["cognito:groups"] == ["ops"]
    assert (identity["email"], identity["email_verified"]) == ("carol@example.org", False)


@pytest.mark.parametrize("login_settings", [{"authenticate": lambda _username, _password: {"cognito:groups": 7}}])
def test_user_from_elsewhere_needs_no_claims_of_its_own(app: App, pool: LocalUserPool) -> None:
    code = query_of(app.browser.sign_in(app.url(), "carol", "any"))["code"]

    access = payload_of(app.exchange(code).json()["access_token"])

    assert access["sub"] == payload_of(pool.access_token("carol"))["sub"]
    assert "cognito:groups" not in access


TOKEN_FROM_ELSEWHERE = {
    "sub": "carol-sub",
    "iss": "https://elsewhere.example/",
    "aud": "another-client",
    "exp": 1,
    "iat": 1,
    "auth_time": 1,
    "jti": "x",
    "origin_jti": "x",
    "event_id": "x",
    "token_use": "access",
    "nonce": "another",
    "at_hash": "x",
    "scope": "all",
    "custom:tenant": "acme",
}


@pytest.mark.parametrize("login_settings", [{"authenticate": lambda _username, _password: TOKEN_FROM_ELSEWHERE}])
def test_claims_of_a_token_from_elsewhere_change_no_claim_of_the_protocol(app: App) -> None:
    code = query_of(app.browser.sign_in(app.url(), "carol", "any"))["code"]

    tokens = app.exchange(code).json()
    refreshed = app.refresh(tokens["refresh_token"]).json()

    for name in ("access_token", "id_token"):
        for given in (payload_of(tokens[name]), payload_of(refreshed[name])):
            assert {claim for claim, value in TOKEN_FROM_ELSEWHERE.items() if given.get(claim) == value} <= {
                "sub",
                "custom:tenant",
            } | ({"token_use"} if name == "access_token" else set())
    assert set(app.user_info(tokens["access_token"]).json()) == {"sub", "username", "custom:tenant"}


@pytest.mark.parametrize("login_settings", [{"authenticate": known_elsewhere}])
def test_own_users_are_not_asked_for_elsewhere(app: App) -> None:
    assert app.code()


def cannot_be_asked(username: str, password: str) -> None:
    raise ConnectionError(f"no database for {username}")


@pytest.mark.parametrize("login_settings", [{"authenticate": cannot_be_asked}])
def test_users_that_cannot_be_asked_about_are_a_server_error(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """AWS "authorization-endpoint": an unexpected error is redirected, never a 500."""
    target = app.browser.sign_in(app.url(), "carol", "a secret password")

    assert query_of(target) == {"error": "server_error", "state": "a state"}
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("cognito_jwt_core.testing", logging.ERROR)
    assert "a secret password" not in caplog.text


def test_email_of_a_user_is_the_name_where_that_is_one(make_login: object, pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, users={"a@example.org": "pw"}, callback_urls=[App.callback])
    with login.serve() as domain:
        app = App(domain, login.client_id)
        code = query_of(app.browser.sign_in(app.url(), "a@example.org", "pw"))["code"]

        assert payload_of(app.exchange(code).json()["id_token"])["email"] == "a@example.org"


# The page itself


def test_page_needs_no_script_and_lets_nothing_else_in(page: requests.Response) -> None:
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"


def test_page_has_labels_and_fits_a_phone(page: requests.Response) -> None:
    assert '<html lang="en">' in page.text
    assert 'name="viewport" content="width=device-width' in page.text
    for name in ("username", "password"):
        assert f'<label for="{name}">' in page.text
        assert f'id="{name}"' in page.text
    assert "color-scheme: light dark" in page.text


def test_page_escapes_everything_it_repeats(app: App) -> None:
    hostile = "\"><script>alert(1)</script>'&"
    url = app.url(state=hostile, nonce=hostile, login_hint=hostile, lang=hostile)

    page = app.browser.follow(app.browser.get(url))
    again = app.browser.submit(page, {"username": hostile, "password": "x"})

    for text in (page.text, again.text):
        assert "<script" not in text
        assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;&amp;" in text
    answer = app.browser.submit(again, {"username": "alice", "password": "correct horse"})
    assert query_of(answer.headers["Location"])["state"] == hostile


def test_cookies_are_for_http_only(app: App, page: requests.Response) -> None:
    answer = app.browser.submit(page, {"username": "alice", "password": "correct horse"})

    for cookie in (page.headers["Set-Cookie"], answer.headers["Set-Cookie"]):
        assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize(("language", "shown"), [("de", "de"), ("en", "en"), ("xx", "en"), (None, "en")])
def test_language_of_the_page_is_the_one_asked_for(app: App, language: str | None, shown: str) -> None:
    page = app.browser.follow(app.browser.get(app.url(lang=language)))

    assert f'<html lang="{shown}">' in page.text


def test_login_hint_fills_the_username_in(app: App) -> None:
    assert 'value="bob"' in app.browser.follow(app.browser.get(app.url(login_hint="bob"))).text


# The browser's session


def test_signed_in_browser_is_not_asked_again(app: App, clock: ManualClock) -> None:
    first = app.tokens()
    clock.advance(60)

    answer = app.browser.get(app.url())
    second = app.exchange(query_of(answer.headers["Location"])["code"]).json()

    assert goes_to_the_callback(answer)
    before, after = payload_of(first["access_token"]), payload_of(second["access_token"])
    assert after["auth_time"] == before["auth_time"]
    assert after["iat"] == before["iat"] + 60
    assert after["origin_jti"] != before["origin_jti"]


def test_prompt_none_is_silent_with_a_session_and_login_required_without(app: App) -> None:
    assert not signs_in_silently(app)
    app.code()

    assert signs_in_silently(app)


def test_prompt_login_asks_again_and_makes_the_authentication_new(app: App, clock: ManualClock) -> None:
    app.code()
    clock.advance(60)
    page = app.browser.follow(app.browser.get(app.url(prompt="login")))
    assert page.status_code == 200
    assert signs_in_silently(app)  # "without invalidating that session"

    answer = app.browser.submit(page, {"username": "alice", "password": "correct horse"})

    tokens = app.exchange(query_of(answer.headers["Location"])["code"]).json()
    assert payload_of(tokens["id_token"])["auth_time"] == int(clock.time())
    assert payload_of(tokens["access_token"])["auth_time"] == int(clock.time())


def test_session_ends_after_an_hour(app: App, clock: ManualClock) -> None:
    app.code()

    clock.advance(3599)
    assert signs_in_silently(app)
    clock.advance(1)
    assert not signs_in_silently(app)


# Sign-out


def logout(app: App, **parameters: str) -> requests.Response:
    return app.browser.get(f"{app.domain}/logout?{urlencode(parameters)}")


@pytest.mark.parametrize("url", ["http://localhost/", "https://app.example/bye"])
def test_logout_ends_the_session_and_goes_to_a_sign_out_url(app: App, url: str) -> None:
    tokens = app.tokens()

    answer = logout(app, client_id=app.client_id, logout_uri=url)

    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not signs_in_silently(app)
    assert app.refresh(tokens["refresh_token"]).status_code == 200  # only the browser has signed out


def test_logout_is_known_to_the_server_and_not_only_to_the_browser(app: App) -> None:
    app.code()
    kept = dict(app.browser.session.cookies)
    logout(app, client_id=app.client_id, logout_uri="http://localhost/")

    app.browser.session.cookies.update(kept)

    assert not signs_in_silently(app)


def test_logout_to_sign_in_again(app: App) -> None:
    app.code()
    parameters = query_of(app.url())

    answer = logout(app, **parameters)

    assert answer.headers["Location"] == f"/login?{urlencode(parameters)}"
    page = app.browser.follow(answer)
    assert page.status_code == 200
    assert goes_to_the_callback(app.browser.submit(page, {"username": "alice", "password": "correct horse"}))


def test_logout_uri_wins_over_redirect_uri(app: App) -> None:
    answer = logout(app, **query_of(app.url()), logout_uri="http://localhost/")

    assert answer.headers["Location"] == "http://localhost/"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"client_id": "abcdef123456"},
        {"client_id": "another", "logout_uri": "http://localhost/"},
        {"logout_uri": "http://localhost/"},
        {"client_id": "abcdef123456", "logout_uri": "http://localhost"},
        {"client_id": "abcdef123456", "logout_uri": "https://evil.example/"},
        {"client_id": "abcdef123456", "logout_uri": App.callback},
        {"client_id": "abcdef123456", "logout_uri": ""},
        {"client_id": "abcdef123456", "redirect_uri": App.callback},
        {"client_id": "abcdef123456", "redirect_uri": "https://evil.example/", "response_type": "code"},
        {"client_id": "abcdef123456", "post_logout_redirect_uri": "http://localhost/", "id_token_hint": "x"},
    ],
)
def test_logout_with_a_mistake_ends_on_the_error_page_and_no_session(app: App, parameters: dict[str, str]) -> None:
    app.code()

    answer = logout(app, **parameters)

    assert answer.headers["Location"].startswith("/error?error=")
    assert signs_in_silently(app)
