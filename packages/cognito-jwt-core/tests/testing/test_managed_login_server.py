"""Serving, discovery, the script of misbehaviours, and the log of requests."""

import contextlib
import http.client
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cognito_jwt_core import UserPool
from cognito_jwt_core.testing import MISBEHAVIOURS, Behaviour, LocalManagedLogin, LocalUserPool
from cognito_test_kit.login_walk import App, error_of
from cognito_test_kit.messages import Messages

ENDPOINTS = ["authorize", "login", "logout", "token", "revoke", "userInfo", "discovery", "jwks"]


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=10, allow_redirects=False)


@pytest.fixture
def urls(login: LocalManagedLogin, app: App) -> dict[str, str]:
    issuer = login.user_pool.issuer
    return {
        "authorize": app.url(),
        "login": app.url().replace("/oauth2/authorize", "/login"),
        "logout": login.domain + "/logout",
        "token": login.domain + "/oauth2/token",
        "revoke": login.domain + "/oauth2/revoke",
        "userInfo": login.domain + "/oauth2/userInfo",
        "discovery": f"{issuer}/.well-known/openid-configuration",
        "jwks": f"{issuer}/.well-known/jwks.json",
    }


# Serving


def test_it_is_served_inside_the_with_only(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, callback_urls=[App.callback])
    for _ in range(2):
        with login.serve() as domain:
            assert domain == login.domain
            assert get(login.user_pool.jwks_uris[str(login.user_pool.issuer)]).json() == pool.jwk_set

        with pytest.raises(RuntimeError):
            _ = login.domain
        with pytest.raises(RuntimeError):
            _ = login.user_pool
        with pytest.raises(requests.ConnectionError):
            get(domain)


def test_it_is_served_once_at_a_time(login: LocalManagedLogin) -> None:
    with pytest.raises(RuntimeError), login.serve():
        raise AssertionError("served twice")

    assert get(login.domain + "/error").status_code == 400


def test_port_can_be_chosen(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, callback_urls=[App.callback])
    with login.serve() as domain:
        port = urlsplit(domain).port or 0

    with login.serve(port=port) as again:
        assert again == domain


def test_user_pool_is_on_loopback_and_has_the_id_of_the_pool(login: LocalManagedLogin, pool: LocalUserPool) -> None:
    host, port = urlsplit(login.domain).hostname, urlsplit(login.domain).port

    assert host == "127.0.0.1"
    assert login.user_pool == UserPool(pool.id, issuer=f"http://127.0.0.1:{port}/{pool.id}")


def test_issuer_can_be_that_of_another_emulator(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(
        pool, users={"alice": "x"}, callback_urls=[App.callback], issuer="https://emulator.example/pool"
    )

    with login.serve() as domain:
        jwks_uri = f"{domain}/{pool.id}/.well-known/jwks.json"
        assert login.user_pool.jwks_uris == {"https://emulator.example/pool": jwks_uri}
        assert get(jwks_uri).json() == pool.jwk_set
        discovery = get(f"{domain}/{pool.id}/.well-known/openid-configuration").json()
        assert (discovery["issuer"], discovery["jwks_uri"]) == ("https://emulator.example/pool", jwks_uri)


def test_discovery_document_is_that_of_cognito(login: LocalManagedLogin, urls: dict[str, str]) -> None:
    document = get(urls["discovery"]).json()

    assert document["issuer"] == login.user_pool.issuer
    assert document["jwks_uri"] == urls["jwks"]
    assert document["end_session_endpoint"] == urls["logout"]
    for name, endpoint in (("token", "token"), ("revocation", "revoke"), ("userinfo", "userInfo")):
        assert document[f"{name}_endpoint"] == urls[endpoint]
    assert document["authorization_endpoint"] == login.domain + "/oauth2/authorize"
    absent = {"code_challenge_methods_supported", "grant_types_supported", "backchannel_logout_supported"}
    assert not absent & set(document)


def test_keys_follow_a_rotation(pool: LocalUserPool, urls: dict[str, str]) -> None:
    new = pool.rotate_key(keep_old=False)

    assert [key["kid"] for key in get(urls["jwks"]).json()["keys"]] == [new]


@pytest.mark.parametrize("endpoint", ["discovery", "jwks"])
def test_documents_are_got_and_not_posted(urls: dict[str, str], endpoint: str) -> None:
    assert requests.post(urls[endpoint], data={}, timeout=10).status_code == 405


@pytest.mark.parametrize("path", ["/", "/oauth2/TOKEN", "/.well-known/openid-configuration", "/x"])
def test_nothing_is_found_elsewhere(login: LocalManagedLogin, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(login.domain).netloc, timeout=10)
    connection.request("GET", path)

    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize(("length", "status"), [(None, 411), ("x", 411), ("٣", 411), (str(64 * 1024 + 1), 413)])
def test_body_has_to_have_a_length_within_bounds(login: LocalManagedLogin, length: str | None, status: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(login.domain).netloc, timeout=10)
    connection.putrequest("POST", "/oauth2/token")
    if length is not None:
        connection.putheader("Content-Length", length.encode())
    connection.endheaders()

    assert connection.getresponse().status == status
    connection.close()


def test_process_that_never_leaves_the_with_ends() -> None:
    program = """
import threading
from urllib.request import urlopen
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool
login = LocalManagedLogin(LocalUserPool(), callback_urls=["http://localhost/cb"])
serving = login.serve()
domain = serving.__enter__()
login.behave("jwks", delay=600)
url = login.user_pool.issuer + "/.well-known/jwks.json"
threading.Thread(target=urlopen, args=(url,), daemon=True).start()
while not login.requests:
    pass
print("under way")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own

    assert (ended.stdout, ended.stderr) == ("under way\n", "")


# The script


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_can_fail_and_be_well_again(
    login: LocalManagedLogin, urls: dict[str, str], endpoint: str
) -> None:
    well = get(urls[endpoint]).status_code

    login.behave(endpoint, status=500)
    failed = [get(urls[endpoint]).status_code for _ in range(2)]
    login.behave(endpoint)

    assert failed == [500, 500]
    assert get(urls[endpoint]).status_code == well != 500


def test_failure_can_be_for_some_requests(login: LocalManagedLogin, urls: dict[str, str]) -> None:
    login.behave("jwks", status=503, times=2)

    assert [get(urls[name]).status_code for name in ("jwks", "discovery", "jwks", "jwks")] == [503, 200, 503, 200]


@pytest.mark.parametrize("endpoint", ["tokens", "/oauth2/token", ""])
def test_unknown_endpoint_cannot_be_scripted(messages: Messages, login: LocalManagedLogin, endpoint: str) -> None:
    with messages.raises(ValueError):
        login.behave(endpoint, status=500)


def test_unknown_misbehaviour_cannot_be_scripted(messages: Messages, login: LocalManagedLogin) -> None:
    with messages.raises(ValueError):
        login.behave("token", "strange")


@pytest.mark.parametrize(
    "combined", [{"html": "x", "throttle": 1}, {"html": "x", "error": "x"}, {"throttle": 1, "error": "x"}]
)
def test_answers_cannot_be_combined(login: LocalManagedLogin, combined: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="html"):
        login.behave("token", **combined)


def test_held_answer_waits_and_the_request_is_carried_out(login: LocalManagedLogin, app: App) -> None:
    code = app.code()
    asked = len(login.requests)
    login.behave("token", hold=True, times=1)
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(app.exchange, code)
        login.wait_for_requests(asked + 1)

        assert error_of(app.exchange("x")) == (400, "invalid_grant")  # the others are answered meanwhile
        assert not held.done()

        login.release()

        assert held.result(10).status_code == 200


def test_requests_that_do_not_arrive_are_told(login: LocalManagedLogin) -> None:
    with pytest.raises(TimeoutError):
        login.wait_for_requests(1, timeout_seconds=0.01)


def test_held_answer_is_given_up_when_the_server_stops(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, callback_urls=[App.callback])
    with login.serve() as domain:
        login.behave("jwks", Behaviour(hold=True))
        connection = http.client.HTTPConnection(urlsplit(domain).netloc, timeout=10)
        connection.request("GET", f"/{pool.id}/.well-known/jwks.json")
        login.wait_for_requests(1)

    with contextlib.suppress(http.client.RemoteDisconnected, ConnectionError):
        connection.getresponse()  # an answer that was on its way, or none: but not a wait
    connection.close()


def test_failing_token_endpoint_leaves_the_code_unused(login: LocalManagedLogin, app: App) -> None:
    code = app.code()
    login.behave("token", status=500, times=1)

    assert app.exchange(code).status_code == 500
    assert app.exchange(code).status_code == 200


def test_dropped_answer_uses_the_code_up(login: LocalManagedLogin, app: App) -> None:
    code = app.code()
    login.behave("token", drop_answer=True, times=1)

    with pytest.raises(requests.ConnectionError):
        app.exchange(code)
    assert error_of(app.exchange(code)) == (400, "invalid_grant")


def test_dropped_answer_may_have_rotated_the_refresh_token(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, users={"alice": "correct horse"}, callback_urls=[App.callback], rotation=True)
    with login.serve() as domain:
        app = App(domain, login.client_id)
        token = app.tokens()["refresh_token"]
        login.behave("token", drop_answer=True, times=1)

        with pytest.raises(requests.ConnectionError):
            app.refresh(token)

        assert error_of(app.refresh(token)) == (400, "invalid_grant")


def test_throttling_is_429_with_retry_after(login: LocalManagedLogin, app: App) -> None:
    login.behave("token", throttle=7)

    answer = app.exchange("x")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_html_is_that_of_a_proxy(login: LocalManagedLogin, app: App) -> None:
    login.behave("token", html="<title>Wi-Fi</title>", times=1)
    answer = app.exchange("x")
    login.behave("token", html="<title>Bad gateway</title>", status=502)
    failed = app.exchange("x")

    assert (answer.status_code, answer.text) == (200, "<title>Wi-Fi</title>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert failed.status_code == 502


def test_delay_is_a_delay_and_the_answer_is_good(login: LocalManagedLogin, app: App) -> None:
    code = app.code()
    login.behave("token", delay=0.3, times=1)
    started = time.monotonic()

    answer = app.exchange(code)

    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.3


def test_delayed_answer_is_given_up_when_the_server_stops(pool: LocalUserPool) -> None:
    login = LocalManagedLogin(pool, callback_urls=[App.callback])
    with login.serve() as domain:
        login.behave("token", delay=600)
        connection = http.client.HTTPConnection(urlsplit(domain).netloc, timeout=10)
        connection.request("POST", "/oauth2/token", body="", headers={"Content-Length": "0"})
        login.wait_for_requests(1)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "something_new"])
def test_error_of_cognito_can_be_scripted(login: LocalManagedLogin, app: App, error: str) -> None:
    login.behave("token", error=error, error_description="a text", times=1)

    answer = app.exchange("x")

    assert (answer.status_code, answer.json()) == (400, {"error": error, "error_description": "a text"})


def test_status_of_a_scripted_error_can_be_given(login: LocalManagedLogin, app: App) -> None:
    login.behave("userInfo", error="invalid_token", status=401)

    assert error_of(app.user_info("x")) == (401, "invalid_token")


@pytest.mark.parametrize("name", sorted(set(MISBEHAVIOURS) - {"reset", "closed-early", "bad-gzip", "gzip-bomb"}))
def test_named_misbehaviours_of_the_kit_fit_any_endpoint(
    login: LocalManagedLogin, urls: dict[str, str], name: str
) -> None:
    login.behave("discovery", name)

    answer = get(urls["discovery"])

    assert answer.status_code == MISBEHAVIOURS[name].status


def test_good_answer_can_be_changed_on_its_way(login: LocalManagedLogin, app: App) -> None:
    def without_id_token(good: bytes) -> bytes:
        return good.replace(b'"id_token"', b'"other"')

    login.behave("token", Behaviour(body=without_id_token, headers={"X-Proxy": "1"}))

    answer = app.exchange(app.code())

    assert "id_token" not in answer.json()
    assert (answer.status_code, answer.headers["X-Proxy"]) == (200, "1")
    assert answer.headers["Cache-Control"] == "no-store"


def test_behaviour_keeps_the_status_of_an_error_and_may_replace_it(login: LocalManagedLogin, app: App) -> None:
    login.behave("token", Behaviour(headers={"X-Proxy": "1"}), times=1)
    kept = app.exchange("x")
    login.behave("token", Behaviour(status=418))
    replaced = app.exchange("x")

    assert [kept.status_code, replaced.status_code] == [400, 418]
    assert kept.headers["X-Proxy"] == "1"


# The log


def test_requests_are_logged_with_method_query_and_form(login: LocalManagedLogin, app: App) -> None:
    app.tokens(state="a state")

    asked = login.requests

    assert [(request.method, request.route) for request in asked] == [
        ("GET", "/oauth2/authorize"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/oauth2/token"),
    ]
    assert asked[0].query["state"] == "a state"
    assert asked[3].form["grant_type"] == "authorization_code"
    assert asked[3].headers["content-type"] == "application/x-www-form-urlencoded"


def test_log_shows_no_body_and_no_header(login: LocalManagedLogin) -> None:
    app = App(login.domain, login.client_id, "a-planted-secret")
    code = app.code()
    app.exchange(code)
    app.user_info("a-planted-token")

    assert app.secret is not None
    assert any("basic" in request.headers.get("authorization", "").lower() for request in login.requests)
    for hidden in (code, app.verifier, "correct horse", "correct+horse", "a-planted-token", "Basic"):
        assert hidden not in repr(login.requests)


def test_times_of_a_login_error_count_forms_and_not_pages(login: LocalManagedLogin, urls: dict[str, str]) -> None:
    login.behave("login", error="invalid_request", times=1)

    assert [get(urls["login"]).status_code for _ in range(2)] == [200, 200]
