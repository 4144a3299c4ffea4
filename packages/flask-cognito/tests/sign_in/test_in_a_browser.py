"""Sign-in in a real browser: the app on one site, the managed login and strangers on another."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from cognito_test_kit.browser import FLAGS, browser, path_of_browser  # noqa: F401  a fixture
from flask import Flask
from flask_cognito import MemorySessionStore
from flask_cognito.testing.sign_in import NAVIGATION, callback_of
from werkzeug.serving import make_server

from .conftest import PASSWORD, token_requests

pytestmark = pytest.mark.browser

Window = Any  # playwright's context, which may not be installed
Tab = Any  # playwright's page

NAME = "__Host-Http-cognito_session"
SESSION_SECONDS = 12 * 3600
# Asks as the script of a page does. The browser sends its cookies, whatever the script can read.
FETCH = """async ([url, method]) => {
  const answer = await fetch(url, {method, credentials: "include", headers: {Accept: "application/json"}});
  const text = await answer.text();
  return {status: answer.status, challenge: answer.headers.get("WWW-Authenticate"), body: JSON.parse(text)};
}"""

SUBMIT = """path => {
  const form = document.body.appendChild(document.createElement("form"));
  Object.assign(form, {method: "post", action: path}).submit();
}"""


@dataclass(frozen=True)
class Site:
    """A served app, and the managed login that signs its users in."""

    app: Flask
    login: LocalManagedLogin
    url: str


@contextmanager
def served(app: Flask) -> Iterator[Any]:
    """Serve an app on loopback. The server's `app` can be replaced."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve(
    make_login: Callable[..., LocalManagedLogin], make_app: Callable[..., Flask]
) -> Iterator[Callable[..., Site]]:
    """Serve an app with the keys given as http://localhost. The managed login is at 127.0.0.1: on another site."""
    with ExitStack() as stack:

        def run(**config: Any) -> Site:
            server = stack.enter_context(served(Flask("not yet")))
            url = f"http://localhost:{server.port}"
            login = make_login(callback_urls=[f"{url}/auth/callback"], logout_urls=[f"{url}/open"])
            server.app = make_app(login, COGNITO_LOGOUT_URI=f"{url}/open", **config)
            return Site(server.app, login, url)

        yield run


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve()


@pytest.fixture
def window(browser: Any) -> Iterator[Window]:  # noqa: F811  the fixture
    with browser.new_context() as context:
        context.set_default_timeout(20_000)
        yield context


@pytest.fixture
def tab(window: Window) -> Tab:
    return window.new_page()


@pytest.fixture
def stranger() -> Iterator[Callable[[str], str]]:
    """Serve a page of another site. 127.0.0.1 and localhost are different sites."""
    app = Flask("stranger")
    pages: dict[str, str] = {}

    @app.route("/")
    def page() -> str:
        return pages["/"]

    with served(app) as server:

        def put(html: str) -> str:
            pages["/"] = f"<!doctype html><title>Another site</title>{html}"
            return f"http://127.0.0.1:{server.port}/"

        yield put


def fill_in(tab: Tab, username: str = "alice") -> None:
    """Sign in on the page of the managed login."""
    tab.get_by_label("Username").fill(username)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()


def sign_in(tab: Tab, site: Site, path: str = "/reports") -> None:
    tab.goto(site.url + path)
    fill_in(tab)
    tab.wait_for_url(site.url + path)


def sign_out(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}/auth/logout")
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url(f"{site.url}/open")


def user_of(tab: Tab) -> object:
    """Return the user whom the page that is shown names."""
    return json.loads(tab.inner_text("body"))["username"]


def title_of(tab: Tab) -> str:
    """Return the heading of one of our own pages."""
    return str(tab.get_by_role("heading", level=1).inner_text())


def code_of(tab: Tab) -> str:
    """Return the code of an error's page."""
    return str(tab.locator("code").inner_text())


def ask(tab: Tab, url: str, method: str = "GET") -> Any:
    """Send a request from the script of a page."""
    return tab.evaluate(FETCH, [url, method])


def cookies_of(window: Window, site: Site) -> dict[str, Any]:
    """Return the cookies that the browser keeps for the app."""
    return {cookie["name"]: cookie for cookie in window.cookies(site.url)}


def is_signed_in(tab: Tab, site: Site) -> bool:
    tab.goto(f"{site.url}/auth/session")
    return bool(json.loads(tab.inner_text("body"))["signed_in"])


def until(tab: Tab, holds: Callable[[], bool]) -> None:
    """Wait for what follows from an action, while the browser's events come in."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "nothing happened"
        tab.wait_for_timeout(20)


# What the browser keeps


def test_cookies_are_kept_as_promised(site: Site, window: Window, tab: Tab) -> None:
    """Without `__Host-` a sibling domain could set them; without `HttpOnly` a script could read them."""
    tab.goto(f"{site.url}/reports")
    before = cookies_of(window, site)
    fill_in(tab)
    tab.wait_for_url(f"{site.url}/reports")
    signed_in = cookies_of(window, site)
    sign_out(tab, site)
    after = cookies_of(window, site)

    (login_name,) = before
    assert login_name.startswith(f"{NAME}_login_")
    assert set(signed_in) - {"session"} == {NAME, f"{NAME}_1", f"{NAME}_id", f"{NAME}_trail"}
    assert set(after) - {"session"} == {f"{NAME}_out"}
    lives = {
        login_name: 900 + 3600,
        NAME: SESSION_SECONDS,
        f"{NAME}_1": SESSION_SECONDS,
        f"{NAME}_id": SESSION_SECONDS,
        f"{NAME}_trail": 60,
        f"{NAME}_out": SESSION_SECONDS,
    }
    for name, seconds in lives.items():
        cookie = {**before, **signed_in, **after}[name]
        flags = (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"], cookie["domain"])
        assert flags == (True, True, "Lax", "/", "localhost"), name
        assert seconds - 120 < cookie["expires"] - time.time() <= seconds, name
        assert len(name) + len(cookie["value"]) <= 4096


def test_scripts_can_read_no_token(site: Site, window: Window, tab: Tab) -> None:
    sign_in(tab, site)
    token = ask(tab, "/reports")["body"]["token"]

    readable = tab.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")

    assert readable == '["",{},{}]'
    assert ask(tab, "/auth/session")["body"].keys() == {"signed_in", "username", "expires_in"}
    assert not any(part in str(window.cookies()) for part in token.split("."))


def test_scripts_can_write_no_cookie_of_ours(site: Site, window: Window, tab: Tab) -> None:
    """A browser lets no script set a cookie whose name begins with ``__Host-Http-``."""
    tab.goto(f"{site.url}/open")

    tab.evaluate(f"document.cookie = '{NAME}_id=x; Secure; Path=/'")

    assert cookies_of(window, site) == {}


def test_a_cookie_without_tls_has_no_prefix(serve: Callable[..., Site], window: Window, tab: Tab) -> None:
    site = serve(COGNITO_SESSION_COOKIE_SECURE=False)

    sign_in(tab, site)

    cookies = cookies_of(window, site)
    assert set(cookies) - {"session"} == {f"cognito_session{end}" for end in ("", "_1", "_id", "_trail")}
    assert {(cookie["httpOnly"], cookie["secure"]) for cookie in cookies.values()} == {(True, False)}


def test_a_session_in_a_store_is_one_cookie(serve: Callable[..., Site], window: Window, tab: Tab) -> None:
    site = serve(COGNITO_SESSION_STORE=MemorySessionStore())

    sign_in(tab, site)

    cookies = cookies_of(window, site)
    assert set(cookies) - {"session"} == {NAME, f"{NAME}_trail"}
    assert len(cookies[NAME]["value"]) < 128
    assert (cookies[NAME]["httpOnly"], cookies[NAME]["secure"], cookies[NAME]["sameSite"]) == (True, True, "Lax")
    sign_out(tab, site)
    window.add_cookies([cookies[NAME]])  # a copy of the cookie opens nothing
    assert not is_signed_in(tab, site)


def test_a_strict_session_comes_back_from_another_site(
    serve: Callable[..., Site], window: Window, tab: Tab, stranger: Callable[[str], str]
) -> None:
    """A browser sends no strict cookie with Cognito's redirect, nor with a link of another site."""
    site = serve(COGNITO_SESSION_COOKIE_SAMESITE="Strict")

    sign_in(tab, site, "/reports?week=3")
    assert user_of(tab) == "alice"
    assert {cookie["sameSite"] for name, cookie in cookies_of(window, site).items() if name != "session"} == {"Strict"}

    tab.goto(stranger(f'<a href="{site.url}/reports?week=4">Go</a>'))
    tab.get_by_role("link", name="Go").click()
    tab.wait_for_function("document.body.innerText.includes('alice')")
    assert tab.url == f"{site.url}/reports?week=4"
    assert token_requests(site.login) == 1
    sign_out(tab, site)
    assert not is_signed_in(tab, site)


# Tabs and history


def test_tabs_sign_in_at_once(site: Site, window: Window, tab: Tab) -> None:
    """Each login has a cookie of its own: the next does not break the ones before."""
    tab.goto(f"{site.url}/open")
    paths = ("/reports?tab=1", "/admin?tab=2", "/reports?tab=3")
    tabs: list[Tab] = []
    for path in paths:  # they load at once, because nothing waits for a page
        with window.expect_page() as opened:
            tab.evaluate("path => { window.open(path) }", path)
        tabs.append(opened.value)
    for other in tabs:
        other.get_by_label("Username").wait_for()

    for other, path in reversed(list(zip(tabs, paths, strict=True))):
        fill_in(other)
        other.wait_for_url(site.url + path)

    for other in tabs:
        other.reload()
        assert user_of(other) == "alice"


def test_a_tab_that_waited_at_the_login_is_signed_in_by_the_other(site: Site, window: Window) -> None:
    first, second = window.new_page(), window.new_page()
    first.goto(f"{site.url}/reports?tab=1")
    sign_in(second, site)

    first.goto(f"{site.url}/reports?tab=1")

    assert user_of(first) == "alice"
    assert token_requests(site.login) == 1


def test_back_after_a_sign_in_redeems_nothing_twice(site: Site, tab: Tab) -> None:
    sign_in(tab, site, "/reports?week=3")

    tab.go_back()
    assert urlsplit(tab.url).netloc == urlsplit(site.login.domain).netloc  # the callback left no entry behind
    tab.go_forward()
    tab.wait_for_url(f"{site.url}/reports?week=3")

    assert user_of(tab) == "alice"
    assert token_requests(site.login) == 1


def test_a_sign_in_from_a_page_of_the_history_goes_home(site: Site, tab: Tab) -> None:
    """The login of that page is finished. Its second answer is no error for a user who is signed in."""
    sign_in(tab, site)
    tab.go_back()

    fill_in(tab)
    tab.wait_for_url(f"{site.url}/")

    assert is_signed_in(tab, site)
    assert token_requests(site.login) == 1


def test_a_reload_of_the_callback_goes_home(site: Site, window: Window, tab: Tab) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    sign_in(tab, site)
    (callback,) = [url for url in asked if "/auth/callback" in url]
    cookies = cookies_of(window, site)

    tab.goto(callback)

    assert tab.url == f"{site.url}/"
    assert is_signed_in(tab, site)
    assert token_requests(site.login) == 1
    assert cookies_of(window, site) == cookies


def test_a_code_stays_in_no_address_and_no_referer(site: Site, tab: Tab) -> None:
    told: list[str] = []
    tab.on("request", lambda request: told.append(request.all_headers().get("referer", "")))
    sign_in(tab, site)

    assert "code=" not in tab.url
    assert not [address for address in told if "code=" in address]


def test_back_after_a_logout_shows_nothing_private(site: Site, tab: Tab) -> None:
    sign_in(tab, site)
    tab.goto(f"{site.url}/reports?week=3")
    sign_out(tab, site)

    tab.go_back()
    tab.go_back()

    assert tab.url == f"{site.url}/reports?week=3"
    assert "alice" not in tab.content()
    assert title_of(tab) == "You are signed out"


def test_the_button_to_sign_out_says_where_it_comes_from(site: Site, tab: Tab) -> None:
    """A browser without `Sec-Fetch-Site` proves by `Origin` alone that our own page sent the form."""
    origins: list[str] = []
    tab.on("request", lambda asked: origins.append(asked.all_headers()["origin"]) if asked.method == "POST" else None)
    sign_in(tab, site)
    origins.clear()

    sign_out(tab, site)

    assert origins == [site.url]


def test_a_prefetch_begins_no_login(site: Site, window: Window, tab: Tab) -> None:
    """The user has not decided yet, and 20 links would begin 20 logins."""
    answers: list[int] = []
    tab.on("response", lambda answer: answers.append(answer.status) if "/auth/login" in answer.url else None)
    tab.goto(f"{site.url}/open")

    tab.evaluate(
        """() => {
          const rules = document.createElement("script");
          rules.type = "speculationrules";
          rules.textContent = JSON.stringify({prefetch: [{urls: ["/auth/login", "/reports"], eagerness: "immediate"}]});
          document.head.append(rules);
        }"""
    )
    until(tab, lambda: len(answers) >= 2)

    assert set(answers) == {503}
    assert cookies_of(window, site) == {}
    assert site.login.requests == ()


def test_a_logout_in_one_tab_is_one_in_the_other(site: Site, window: Window) -> None:
    first, second = window.new_page(), window.new_page()
    sign_in(first, site)
    second.goto(f"{site.url}/reports")
    assert user_of(second) == "alice"

    sign_out(first, site)

    assert ask(second, "/auth/session")["body"] == {"signed_in": False}
    assert ask(second, "/reports")["status"] == 401
    second.reload()
    assert title_of(second) == "You are signed out"
    second.get_by_role("link", name="Sign in").click()
    assert second.get_by_label("Password").is_visible()  # the next user does not become alice by a click
    fill_in(second, "bob")
    second.wait_for_url(f"{site.url}/reports")
    assert user_of(second) == "bob"


# A session that expires during work


def test_an_expired_session_comes_back_where_it_was(site: Site, tab: Tab, clock: ManualClock) -> None:
    sign_in(tab, site)
    clock.advance(SESSION_SECONDS)

    tab.goto(f"{site.url}/reports?week=3&q=a%20b")
    fill_in(tab)
    tab.wait_for_url(f"{site.url}/reports?week=3&q=a%20b")

    assert user_of(tab) == "alice"


def test_an_expired_session_comes_back_unseen_while_cognitos_lasts(
    serve: Callable[..., Site], tab: Tab, clock: ManualClock
) -> None:
    site = serve(COGNITO_SESSION_LIFETIME=600)
    sign_in(tab, site)
    clock.advance(600)

    tab.goto(f"{site.url}/reports?week=3")

    assert tab.url == f"{site.url}/reports?week=3"
    assert user_of(tab) == "alice"


def test_a_form_of_an_expired_session_comes_back_to_its_page(site: Site, tab: Tab, clock: ManualClock) -> None:
    """The form is not sent again after the sign-in: the user may have changed."""
    sign_in(tab, site)
    tab.goto(f"{site.url}/optional?week=3")
    clock.advance(SESSION_SECONDS)

    tab.evaluate(SUBMIT, "/reports")
    fill_in(tab)
    tab.wait_for_url(f"{site.url}/optional?week=3")

    assert user_of(tab) == "alice"


def test_a_script_whose_session_expired_is_told_where_to_sign_in(site: Site, tab: Tab, clock: ManualClock) -> None:
    sign_in(tab, site)
    tab.goto(f"{site.url}/optional?week=3")
    clock.advance(SESSION_SECONDS)

    answer = ask(tab, "/reports")
    posted = ask(tab, "/reports", "POST")

    assert (answer["status"], posted["status"]) == (401, 401)
    assert answer["challenge"] is None
    assert answer["body"]["login"] == posted["body"]["login"]
    tab.goto(site.url + answer["body"]["login"])
    fill_in(tab)
    tab.wait_for_url(f"{site.url}/optional?week=3")
    assert user_of(tab) == "alice"


def test_an_outage_at_the_end_of_a_token_has_a_page_and_ends_nothing(site: Site, tab: Tab, clock: ManualClock) -> None:
    sign_in(tab, site)
    clock.advance(3600)
    site.login.behave("token", status=500)

    answer = tab.goto(f"{site.url}/reports")

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert title_of(tab) == "Sign-in is not available"
    assert code_of(tab) == "sign_in_unavailable"
    site.login.behave("token")
    clock.advance(60)
    tab.reload()
    assert user_of(tab) == "alice"


def test_a_token_that_expires_during_work_is_refreshed_unseen(
    site: Site, window: Window, tab: Tab, clock: ManualClock
) -> None:
    sign_in(tab, site)
    before = cookies_of(window, site)
    clock.advance(3600)

    answer = ask(tab, "/reports", "POST")

    assert (answer["status"], answer["body"]["username"]) == (200, "alice")
    after = cookies_of(window, site)
    assert token_requests(site.login) == 2
    assert after[NAME]["value"] != before[NAME]["value"]
    assert after[f"{NAME}_id"] == before[f"{NAME}_id"]
    tab.reload()
    assert user_of(tab) == "alice"


# Other sites


def test_a_frame_of_another_site_sees_no_session(
    site: Site, window: Window, tab: Tab, stranger: Callable[[str], str]
) -> None:
    sign_in(tab, site)
    cookies = window.cookies()
    sent: list[dict[str, str]] = []
    tab.on("request", lambda request: sent.append(request.all_headers()) if request.url.startswith(site.url) else None)
    paths = ("/reports", "/auth/login", "/optional")
    url = stranger("".join(f'<iframe src="{site.url}{path}"></iframe>' for path in paths))

    tab.goto(url)

    frames = {urlsplit(frame.url).path: frame.content() for frame in tab.frames[1:]}
    assert '"login":' in frames["/reports"]  # the 401 for programs, not a login in a frame
    assert '"username":null' in frames["/optional"].replace(" ", "")
    assert "alice" not in str(frames)
    assert len(sent) == len(paths)
    assert not [headers for headers in sent if "cookie" in headers]
    assert window.cookies() == cookies
    assert token_requests(site.login) == 1
    tab.goto(f"{site.url}/reports")
    assert user_of(tab) == "alice"


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/callback", "/auth/callback?state=x&code=y", "/auth/session"])
def test_pages_of_sign_in_refuse_a_frame(site: Site, tab: Tab, stranger: Callable[[str], str], path: str) -> None:
    """A frame over the button could have the user sign out, or sign in as another (RFC 9700 section 4.16)."""
    failed: list[str] = []
    tab.on("requestfailed", lambda request: failed.append(request.failure))

    tab.goto(stranger(f'<iframe src="{site.url}{path}"></iframe>'))

    assert failed == ["net::ERR_BLOCKED_BY_RESPONSE"]
    for _ in range(100):  # the browser puts its own page into the frame a moment later
        if tab.frames[1].url:
            break
        tab.wait_for_timeout(50)
    assert urlsplit(tab.frames[1].url).scheme == "chrome-error"


def test_a_login_in_a_frame_begins_nothing(site: Site, window: Window, stranger: Callable[[str], str]) -> None:
    tab = window.new_page()

    tab.goto(stranger(f'<iframe src="{site.url}/reports"></iframe><iframe src="{site.url}/auth/login"></iframe>'))

    assert cookies_of(window, site) == {}
    assert site.login.requests == ()


def test_another_site_signs_no_user_out_and_reads_nothing(
    site: Site, window: Window, tab: Tab, stranger: Callable[[str], str]
) -> None:
    sign_in(tab, site)
    form = f'<form method="post" action="{site.url}/auth/logout"><button>Go</button></form>'

    tab.goto(stranger(form))
    for path in ("/reports", "/auth/session", "/auth/logout"):
        with pytest.raises(Exception, match="Failed to fetch"):  # no answer of ours allows another origin
            ask(tab, site.url + path, "POST" if path == "/auth/logout" else "GET")
    with tab.expect_request(f"{site.url}/auth/logout") as sent:
        tab.get_by_role("button", name="Go").click()
    tab.wait_for_url(f"{site.url}/auth/logout")

    # That is SameSite, and the app refuses the request all the same. Flask's own session has no SameSite.
    assert NAME not in sent.value.all_headers().get("cookie", "")
    assert "cross_site_request" in tab.content()
    assert is_signed_in(tab, site)


def test_another_site_can_only_begin_a_login(site: Site, tab: Tab, stranger: Callable[[str], str]) -> None:
    """A link may lead to the login, never from there to another site."""
    evil = quote("//127.0.0.1/", safe="")

    tab.goto(stranger(f'<a href="{site.url}/auth/login?next={evil}">Go</a>'))
    tab.get_by_role("link", name="Go").click()
    fill_in(tab)
    tab.wait_for_url(f"{site.url}/")

    assert is_signed_in(tab, site)


def test_a_callback_of_another_browser_signs_no_user_in(site: Site, tab: Tab) -> None:
    """An attacker's own callback would sign the user in as the attacker (RFC 6749 section 10.12)."""
    begun = site.app.test_client().get("/auth/login", base_url=site.url, headers=NAVIGATION)
    callback = callback_of(begun.headers["Location"], "bob", PASSWORD)

    tab.goto(callback)

    assert code_of(tab) == "state_missing"
    assert not is_signed_in(tab, site)
    assert token_requests(site.login) == 0


# Cookies blocked, and the pages of errors


@pytest.fixture
def blocked(browser: Any, site: Site, tmp_path: Path) -> Iterator[Window]:  # noqa: F811  the fixture
    """A browser whose user has blocked the cookies of the app's site, and no others."""
    port = urlsplit(site.url).port
    exceptions = {f"http://localhost:{port},*": {"setting": 2}}
    (tmp_path / "Default").mkdir()
    preferences = {"profile": {"content_settings": {"exceptions": {"cookies": exceptions}}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    with browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=path_of_browser(), args=FLAGS
    ) as context:
        context.set_default_timeout(20_000)
        yield context


def test_blocked_cookies_are_named_on_the_page(site: Site, blocked: Window) -> None:
    """One page, and no loop: the next attempt begins with a click of the user."""
    tab = blocked.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(urlsplit(request.url).path))

    tab.goto(f"{site.url}/reports")
    fill_in(tab)
    tab.wait_for_url("**/auth/callback**")

    assert cookies_of(blocked, site) == {}
    assert code_of(tab) == "state_missing"
    assert "Allow cookies" in tab.inner_text("main")
    assert token_requests(site.login) == 0
    assert asked.count("/auth/callback") == 1
    tab.get_by_role("link", name="Sign in").click()
    tab.wait_for_url("**/auth/callback**")
    assert code_of(tab) == "state_missing"
    assert asked.count("/auth/callback") == 2


def callback_without_login(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}/auth/callback?state=unknown&code=x")
    assert code_of(tab) == "state_missing"


def cancelled(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}/reports")
    tab.get_by_role("button", name="Cancel").click()
    assert code_of(tab) == "sign_in_denied"


def unavailable(tab: Tab, site: Site) -> None:
    site.login.behave("token", status=500)
    tab.goto(f"{site.url}/reports")
    fill_in(tab)
    tab.wait_for_url("**/auth/callback**")
    assert code_of(tab) == "sign_in_unavailable"


def button(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}/auth/logout")


def signed_out(tab: Tab, site: Site) -> None:
    sign_in(tab, site)
    sign_out(tab, site)
    tab.goto(f"{site.url}/reports")
    assert title_of(tab) == "You are signed out"


def denied(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}/admin")
    fill_in(tab, "bob")
    tab.wait_for_url(f"{site.url}/admin")
    assert code_of(tab) == "group_required"


@pytest.mark.parametrize("show", [callback_without_login, cancelled, unavailable, button, signed_out, denied])
def test_pages_can_be_read_and_used_with_the_keyboard(
    site: Site, window: Window, tab: Tab, show: Callable[[Tab, Site], None]
) -> None:
    """On a phone and a desktop, light and dark, without scripts and without requests to anywhere."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    asked: list[str] = []
    show(tab, site)
    tab.on("request", lambda request: asked.append(request.url))

    for scheme, width in (("light", 1024), ("dark", 320)):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 740})
        problems = axe.run(tab)
        assert problems.violations_count == 0, problems.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.keyboard.press("Tab")
    focused = tab.locator(":focus")
    outline, box = focused.evaluate("it => getComputedStyle(it).outlineStyle"), focused.bounding_box()
    assert focused.inner_text() in ("Sign in", "Sign out")
    assert outline == "solid"  # so our style came through our own policy
    assert box["height"] >= 40  # a finger hits it
    assert asked == []
    tab.keyboard.press("Enter")
    tab.wait_for_url(lambda url: "/oauth2/" in url or "/login" in url or "/open" in url or "callback" in url)
