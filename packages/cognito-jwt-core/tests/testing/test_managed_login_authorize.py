"""`/oauth2/authorize`, `/login` and `/error`: the rules of AWS "authorization-endpoint"."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.login_walk import App, Browser, payload_of, query_of

Q = "https://app.example/cb?tenant=1"


def location(answer: requests.Response) -> str:
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def callback_error(app: App, **changes: str | None) -> dict[str, str]:
    target = location(app.browser.get(app.url(**changes)))
    assert target.startswith(App.callback + "?"), target
    return query_of(target)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost/auth/callback/",
        "http://localhost/auth/callback?x=1",
        "http://localhost/auth/Callback",
        "http://LOCALHOST/auth/callback",
        "http://localhost:80/auth/callback",
        "http://localhost/auth/callback#f",
        "http://localhost/auth/../auth/callback",
        "http://localhost@evil.example/auth/callback",
        "https://evil.example/",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/login"])
def test_another_redirect_uri_is_never_redirected_to(app: App, path: str, redirect_uri: str) -> None:
    """RFC 9700 section 4.11.2; Cognito shows its own page."""
    url = app.url(redirect_uri=redirect_uri).replace("/oauth2/authorize", path)

    target = location(app.browser.get(url))

    assert urlsplit(target).path == "/error"
    assert query_of(target) == {"error": "redirect_mismatch", "client_id": app.client_id}


@pytest.mark.parametrize(
    "changes", [{"client_id": "another"}, {"client_id": None}, {"redirect_uri": None}, {"client_id": ""}]
)
def test_wrong_client_or_missing_redirect_uri_ends_on_the_error_page(app: App, changes: dict[str, str | None]) -> None:
    answer = app.browser.follow(app.browser.get(app.url(**changes)))

    assert (answer.status_code, urlsplit(answer.url).path) == (400, "/error")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_repeated_client_or_redirect_uri_ends_on_the_error_page(app: App, name: str) -> None:
    target = location(app.browser.get(f"{app.url()}&{name}={query_of(app.url())[name]}"))

    assert urlsplit(target).path == "/error"


def test_error_page_escapes_and_bounds_what_it_shows(login: LocalManagedLogin) -> None:
    page = requests.get(login.domain + "/error", params={"error": "<script>x</script>" + "y" * 300}, timeout=10)
    bare = requests.get(login.domain + "/error", timeout=10)

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "y" * 200 not in page.text
    assert bare.status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "id_token"}, "invalid_request"),
        ({"response_type": "code token"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "A" * 42 + "="}, "invalid_request"),
        ({"prompt": "sometimes"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"scope": "openid  email"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": "phone profile"}, "invalid_scope"),
        ({"resource": "api"}, "invalid_request"),
        ({"resource": "http://api.example"}, "invalid_request"),
        ({"resource": "http://localhost.evil.example"}, "invalid_request"),
        ({"resource": "https://"}, "invalid_request"),
        ({"resource": "https://api.example#part"}, "invalid_request"),
        ({"state": '{"next": "/"}'}, "invalid_request"),
        ({"state": "[1]"}, "invalid_request"),
        ({"identity_provider": "Google"}, "invalid_request"),
        ({"idp_identifier": "corp"}, "invalid_request"),
    ],
)
def test_other_mistakes_are_told_to_the_callback(app: App, changes: dict[str, str | None], error: str) -> None:
    told = callback_error(app, **changes)

    assert told["error"] == error
    assert told["state"] == changes.get("state", "a state")
    assert "code" not in told


def test_error_without_state_has_none(app: App) -> None:
    assert callback_error(app, state=None, prompt="none") == {"error": "login_required"}


def test_repeated_parameter_is_an_invalid_request(app: App) -> None:
    """RFC 6749 section 3.1."""
    assert query_of(location(app.browser.get(app.url() + "&nonce=another")))["error"] == "invalid_request"


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/logout"])
def test_only_get_is_allowed(login: LocalManagedLogin, path: str) -> None:
    answer = requests.post(login.domain + path, data={}, timeout=10)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_head_begins_nothing(app: App) -> None:
    assert requests.head(app.url(), timeout=10).status_code == 501


def test_authorize_leads_to_the_sign_in_page_with_the_same_parameters(app: App) -> None:
    url = app.url()

    assert location(app.browser.get(url)) == f"/login?{urlsplit(url).query}"


def test_sign_in_ends_at_the_callback_with_code_and_state_only(app: App) -> None:
    target = app.browser.sign_in(app.url(state="x y&z=ä"), "alice", "correct horse")

    assert target.startswith(App.callback + "?code=")
    assert set(query_of(target)) == {"code", "state"}  # no `iss`
    assert query_of(target)["state"] == "x y&z=ä"


def test_callback_keeps_its_own_query(app: App) -> None:
    target = app.browser.sign_in(app.url(redirect_uri=Q), "alice", "correct horse")

    assert target.startswith(Q + "&code=")


def test_state_is_optional_and_any_text(app: App) -> None:
    assert "state" not in query_of(app.browser.sign_in(app.url(state=None), "alice", "correct horse"))
    assert query_of(app.browser.sign_in(app.url(state="1"), "alice", "correct horse"))["state"] == "1"
    assert query_of(app.browser.sign_in(app.url(state="["), "alice", "correct horse"))["state"] == "["


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        ("openid", "openid"),
        ("openid openid", "openid"),
        ("openid phone", "openid"),  # exists, and the client does not have it: "ignored at runtime"
        ("todo/read openid", "todo/read openid"),
        ("todo/read", "todo/read"),
        (None, "openid email todo/read"),
        ("", "openid email todo/read"),
    ],
)
@pytest.mark.parametrize("login_settings", [{"scopes": ["openid", "email", "todo/read"]}])
def test_scopes_are_those_of_the_client(app: App, requested: str | None, granted: str) -> None:
    tokens = app.tokens(scope=requested)

    assert payload_of(tokens["access_token"])["scope"] == granted
    assert ("id_token" in tokens) == ("openid" in granted)


@pytest.mark.parametrize("login_settings", [{"scopes": ["openid"]}])
def test_no_scope_of_the_client_is_an_invalid_scope(app: App) -> None:
    assert callback_error(app, scope="aws.cognito.signin.user.admin")["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "resource", ["https://api.example/mcp", "http://localhost:8000", "http://localhost", "app://x"]
)
def test_resource_is_the_audience_and_stays_it(app: App, resource: str) -> None:
    tokens = app.tokens(resource=resource)
    refreshed = app.refresh(tokens["refresh_token"]).json()

    assert payload_of(tokens["access_token"])["aud"] == resource
    assert payload_of(refreshed["access_token"])["aud"] == resource
    assert payload_of(tokens["id_token"])["aud"] == app.client_id


def test_access_token_without_resource_has_no_audience(app: App) -> None:
    assert "aud" not in payload_of(app.tokens()["access_token"])


def test_cognito_as_identity_provider_and_no_effect_prompts_change_nothing(app: App) -> None:
    assert app.code(identity_provider="COGNITO", prompt="select_account consent")
    assert app.code(prompt="select_account")  # "no effect on local sign-in": silent, with the session


def test_unknown_parameters_are_ignored(app: App) -> None:
    assert app.code(max_age="0", acr_values="x", request="y")


def test_scripted_error_is_redirected_to_the_callback(login: LocalManagedLogin, app: App) -> None:
    login.behave("authorize", error="server_error", times=1)

    assert callback_error(app) == {"error": "server_error", "state": "a state"}
    assert app.code()


def test_refusal_of_a_lambda_trigger_has_its_text(login: LocalManagedLogin, app: App) -> None:
    hostile = "PreSignUp failed with error <script>alert(1)</script>."
    login.behave("login", error="invalid_request", error_description=hostile, times=1)

    target = app.browser.sign_in(app.url(), "alice", "correct horse")

    assert query_of(target) == {"error": "invalid_request", "error_description": hostile, "state": "a state"}


def test_wrong_client_is_not_redirected_by_a_scripted_error_either(login: LocalManagedLogin, app: App) -> None:
    login.behave("authorize", error="server_error")

    target = location(app.browser.get(app.url(redirect_uri="https://evil.example/")))

    assert urlsplit(target).path == "/error"


def test_two_browsers_share_no_session(app: App) -> None:
    assert app.code()

    answer = Browser().get(app.url(prompt="none"))

    assert query_of(location(answer))["error"] == "login_required"


def test_settings_that_cognito_does_not_take(make_login: Any) -> None:
    refused: list[dict[str, Any]] = [
        {"callback_urls": []},
        {"callback_urls": "http://localhost/cb"},
        {"callback_urls": ["/cb"]},
        {"callback_urls": ["http://app.example/cb"]},
        {"callback_urls": ["https://app.example/cb#f"]},
        {"callback_urls": ["https://app.example/" + "x" * 1024]},
        {"callback_urls": [f"https://app.example/{number}" for number in range(101)]},
        {"logout_urls": ["http://app.example/"]},
        {"client_secret": ""},
        {"client_secret": "with space"},
        {"grace_seconds": 61},
        {"grace_seconds": -1},
        {"access_seconds": 0},
        {"refresh_seconds": -1},
        {"groups": {"carol": ["admin"]}},
    ]
    for settings in refused:
        with pytest.raises(ValueError, match=next(iter(settings))):
            make_login(**settings)


def test_settings_that_cognito_takes(make_login: Any) -> None:
    urls = ["https://app.example/", "http://127.0.0.1:5000/cb", "http://[::1]/cb", "myapp://cb"]

    assert "LocalManagedLogin" in repr(make_login(callback_urls=urls, logout_urls=urls, grace_seconds=60))
