"""Requests that another site makes a browser send, with the cookie that it adds to them."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito import cognito_auth_required
from werkzeug.middleware.proxy_fix import ProxyFix

MakeApp = Callable[..., Flask]
Status = Callable[..., int]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(COGNITO_TOKEN_LOCATIONS=["header", "cookie"])


@pytest.fixture
def status(app: Flask, pool: LocalUserPool) -> Status:
    """Return how the app answers a POST with a good cookie and these headers."""
    client = app.test_client(use_cookies=False)
    cookie = {"Cookie": f"session_token={pool.access_token()}"}

    def answered(headers: dict[str, str], **options: Any) -> int:
        request = {"path": "/required", "method": "POST", **options}
        return client.open(headers=cookie | headers, **request).status_code

    return answered


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_browser_says_is_of_this_site_passes(status: Status, site: str) -> None:
    assert status({"Sec-Fetch-Site": site}) == 200


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "", "Same-Origin", "something-new", "same-origin, cross-site"]
)
def test_anything_else_it_says_does_not(status: Status, site: str) -> None:
    assert status({"Sec-Fetch-Site": site}) == 403


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost", "localhost"),
        ("http://LOCALHOST", "localhost"),
        ("http://localhost:5000", "localhost:5000"),
        ("http://localhost", "localhost:80"),
        ("https://api.example", "api.example"),
        ("https://api.example", "api.example:443"),
        ("https://api.example:443", "api.example"),
        ("https://api.example:8443", "api.example:8443"),
        ("http://[::1]:5000", "[::1]:5000"),
    ],
)
def test_the_origin_of_this_host_passes(status: Status, origin: str, host: str) -> None:
    assert status({"Origin": origin, "Host": host}) == 200


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "api.example"),
        ("https://api.example.evil.example", "api.example"),
        ("https://evil-api.example", "api.example"),
        ("https://sub.api.example", "api.example"),
        ("https://api.example:8443", "api.example"),
        ("http://api.example:443", "api.example"),
        ("https://api.example:80", "api.example"),
        ("null", "api.example"),
        ("", "api.example"),
        ("api.example", "api.example"),
        ("://api.example", "api.example"),
        ("file://api.example", "api.example"),
        ("chrome-extension://api.example", "api.example"),
        ("https://api.example, https://evil.example", "api.example"),
        ("https://api.example/", "api.example"),
    ],
)
def test_another_origin_does_not(status: Status, origin: str, host: str) -> None:
    assert status({"Origin": origin, "Host": host}) == 403


def test_an_origin_in_the_clear_is_another_site_for_a_host_behind_tls(status: Status) -> None:
    headers = {"Origin": "http://api.example", "Host": "api.example"}

    assert status(headers, base_url="https://api.example") == 403
    assert status({**headers, "Origin": "https://api.example"}, base_url="https://api.example") == 200


def test_behind_a_proxy_the_host_is_the_one_that_the_browser_asked(app: Flask, status: Status) -> None:
    forwarded = {"X-Forwarded-Host": "api.example", "X-Forwarded-Proto": "https", "Host": "10.0.0.7:8000"}

    assert status({**forwarded, "Origin": "https://api.example"}) == 403
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_proto=1)  # type: ignore[method-assign]
    assert status({**forwarded, "Origin": "https://api.example"}) == 200
    assert status({**forwarded, "Origin": "http://api.example"}) == 403


def test_the_browsers_own_word_counts_more_than_the_origin(status: Status) -> None:
    proxied = {"Host": "localhost:5000", "Origin": "http://localhost:5173"}

    assert status({**proxied, "Sec-Fetch-Site": "same-origin"}) == 200
    assert status({"Host": "localhost", "Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}) == 403


def test_what_says_nothing_is_no_browser(status: Status) -> None:
    assert status({}) == 200


def test_safe_methods_change_nothing(status: Status) -> None:
    for method in ("GET", "HEAD"):
        assert status({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, method=method) == 200


def test_a_web_socket_is_no_safe_request(app: Flask, status: Status) -> None:
    """Its handshake is a GET, and nothing checks what comes after it."""
    app.add_url_rule("/socket", view_func=cognito_auth_required(lambda: "open"), websocket=True)
    handshake = {"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket"}

    def asked(**headers: str) -> int:
        return status({**handshake, **headers}, path="/socket", method="GET")

    assert asked(Origin="http://localhost") == 200
    assert asked(Origin="https://evil.example") == 403
    assert asked(**{"Sec-Fetch-Site": "cross-site"}) == 403


def test_a_token_that_the_page_itself_must_have_passes(status: Status, pool: LocalUserPool) -> None:
    headers = {"Authorization": f"Bearer {pool.access_token()}", "Sec-Fetch-Site": "cross-site"}

    assert status(headers) == 200


def test_the_token_of_another_sites_request_is_not_looked_at(client: FlaskClient) -> None:
    client.set_cookie("session_token", "rubbish")

    response = client.post("/required", headers={"Sec-Fetch-Site": "cross-site"})

    assert response.get_json()["code"] == "cross_site_request"


def test_a_view_for_anybody_is_no_way_around_it(client: FlaskClient, pool: LocalUserPool) -> None:
    client.set_cookie("session_token", pool.access_token())

    assert client.post("/optional", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_it_can_be_switched_off(make_app: MakeApp, pool: LocalUserPool) -> None:
    client = make_app(COGNITO_JWT_HEADER_NAME="Cookie", COGNITO_CSRF_PROTECTION=False).test_client()
    client.set_cookie("session_token", pool.access_token())

    assert client.post("/required", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
