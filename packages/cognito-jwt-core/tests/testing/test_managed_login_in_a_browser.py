"""The sign-in page in a real browser, without scripts: on a phone and a desktop, light and dark."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cognito_jwt_core.testing import Behaviour, LocalManagedLogin, LocalUserPool
from cognito_jwt_core.testing.answering import AnsweringServer
from cognito_test_kit.browser import browser  # noqa: F401  a fixture
from cognito_test_kit.login_walk import App, query_of

pytestmark = pytest.mark.browser

USERS = {"alice": "correct horse", "bob": "battery staple"}


@pytest.fixture
def app_url() -> Iterator[str]:
    """The app that the browser comes back to: on another site than the login."""
    server = AnsweringServer(lambda _request: (Behaviour(headers={"Content-Type": "text/plain"}), b"the app"))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/cb"
    server.stop(thread)


@pytest.fixture
def login(pool: LocalUserPool, app_url: str) -> Iterator[LocalManagedLogin]:
    login = LocalManagedLogin(pool, users=USERS, demo_users=USERS, callback_urls=[app_url], logout_urls=[app_url])
    with login.serve():
        yield login


@pytest.fixture(params=[("light", 1024), ("dark", 360)], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:  # noqa: F811 - the fixture
    scheme, width = request.param
    context = browser.new_context(
        java_script_enabled=False, color_scheme=scheme, viewport={"width": width, "height": 740}
    )
    yield context.new_page()
    context.close()


def url(login: LocalManagedLogin, app_url: str, **changes: str) -> str:
    return App(login.domain, login.client_id).url(redirect_uri=app_url, **changes)


def test_user_signs_in_and_out(login: LocalManagedLogin, app_url: str, page: Any) -> None:
    page.goto(url(login, app_url))
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in", exact=True).click()

    assert set(query_of(page.url)) == {"code", "state"}
    assert page.inner_text("body") == "the app"

    page.goto(url(login, app_url, prompt="none"))
    assert "code" in query_of(page.url)  # silent: the cookie comes along from another site
    page.goto(f"{login.domain}/logout?client_id={login.client_id}&logout_uri={app_url}")
    assert page.url == app_url
    page.goto(url(login, app_url, prompt="none"))
    assert query_of(page.url)["error"] == "login_required"


def test_user_cancels_with_empty_fields(login: LocalManagedLogin, app_url: str, page: Any) -> None:
    page.goto(url(login, app_url))
    page.get_by_role("button", name="Cancel").click()

    assert query_of(page.url)["error"] == "access_denied"


def test_demo_user_signs_in_with_one_click(login: LocalManagedLogin, app_url: str, page: Any) -> None:
    page.goto(url(login, app_url))
    page.get_by_role("button", name="Sign in as bob").click()

    assert "code" in query_of(page.url)


def test_page_has_its_style_and_fits(login: LocalManagedLogin, app_url: str, page: Any) -> None:
    page.goto(url(login, app_url, login_hint="a-long-name" * 20))

    box = page.get_by_label("Username").bounding_box()
    assert box["x"] >= 16
    assert box["x"] + box["width"] <= page.viewport_size["width"] - 16
    assert box["height"] >= 40  # a finger hits it, and the policy let the style in
