"""The page in a real browser, on a phone and a desktop, light and dark; pictures go to `.cache/screenshots`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from cognito_test_kit.redis_server import RedisServer, required_redis_program
from flask import Flask
from todo_api import create_app
from todo_api.demo import listening, serving, url_of
from todo_api.local_cognito import USERS

pytestmark = pytest.mark.browser

Page = Any  # playwright's, which may not be installed
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]

PHONE, DESKTOP = 390, 1280
REDIS = "redis"
TODOS = ("Call Grandma", "Water the plants", "Return the library books")

# Keeps each text that the page has said, so that a test can look at all of them.
LISTEN = """addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  if (!status) return;
  const note = () => {
    if (status.textContent) sessionStorage.said = `${sessionStorage.said ?? ""}${status.textContent}\\n`;
  };
  new MutationObserver(note).observe(status, {childList: true, characterData: true, subtree: true});
})"""
CALL = """async ([method, path, body]) => {
  const headers = body ? {"Content-Type": "application/json"} : {};
  const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body)});
  return {status: answer.status, body: await answer.text()};
}"""


@dataclass
class Site:
    """The served app, and the managed login where its users sign in."""

    app: Flask
    login: LocalManagedLogin
    pool: LocalUserPool
    url: str

    def token(self, user: str) -> str:
        """Return an access token, as a program of this user has it."""
        return self.pool.access_token(user, iss=str(self.login.user_pool.issuer))

    def stop_cognito(self) -> None:
        self.login.behave("token", status=500)

    def start_cognito(self) -> None:
        self.login.behave("token")


@pytest.fixture
def signed_in_ago() -> int:
    """Seconds since the users signed in, as far as Cognito knows."""
    return 0


@pytest.fixture
def clock(signed_in_ago: int) -> ManualClock:
    """Cognito's clock. The app's is this machine's."""
    return ManualClock(time.time() - signed_in_ago)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer | None]:
    """Keep sessions in cookies, or in Redis for a test with `parametrize("store", [REDIS], indirect=True)`."""
    if not hasattr(request, "param"):
        yield None
        return
    server = RedisServer(required_redis_program(), tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    with server:
        yield server


@pytest.fixture
def site(tmp_path: Path, clock: ManualClock, store: RedisServer | None) -> Iterator[Site]:
    """The app on localhost, and the managed login on 127.0.0.1: another site, as Cognito is."""
    pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456", clock=clock)
    passwords = {user.name: user.password for user in USERS}
    with listening(0) as listener:
        url = url_of(listener)
        login = LocalManagedLogin(
            pool,
            users=passwords,
            demo_users=passwords,
            groups={user.name: user.groups for user in USERS},
            callback_urls=[f"{url}/auth/callback"],
            logout_urls=[f"{url}/"],
        )
        with login.serve() as domain:
            app = create_app(
                {
                    "COGNITO_REGION": "eu-central-1",
                    "COGNITO_USERPOOL_ID": pool.id,
                    "COGNITO_APP_CLIENT_ID": pool.client_id,
                    "COGNITO_ISSUER": str(login.user_pool.issuer),
                    "COGNITO_DOMAIN": domain,
                    "COGNITO_LOGOUT_URI": f"{url}/",
                    "SECRET_KEY": "k" * 32,
                    "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db",
                    "REDIS_URL": store.url if store else "",
                }
            )
            with serving(app, listener):
                yield Site(app, login, pool, url)


@pytest.fixture
def open_page(browser: Any, site: Site) -> Iterator[Open]:
    """Open the page in a browser window of its own: `open_page("bob", width=390, scheme="dark")`.

    It must go without errors, talk only to the app and the managed login, and never say more than three words.
    """
    errors: list[str] = []
    contexts: list[Any] = []
    pages: list[Page] = []

    def watch(page: Page) -> None:
        page.set_default_timeout(20_000)
        note_errors(page, errors)
        pages.append(page)

    def open_one(user: str | None = None, *, width: int = DESKTOP, scheme: str = "light", **options: Any) -> Page:
        is_phone = width < 500
        context = browser.new_context(
            viewport={"width": width, "height": 780},
            color_scheme=scheme,
            has_touch=is_phone,
            is_mobile=is_phone,
            **options,
        )
        contexts.append(context)
        context.add_init_script(LISTEN)
        context.on("page", watch)
        page = context.new_page()
        page.goto(site.url)
        page.get_by_role("link", name="Sign in").first.wait_for()
        if user:
            page.get_by_role("link", name="Sign in").first.click()
            become(page, user)
        return page

    yield open_one
    said = [page.evaluate("sessionStorage.said ?? ''") for page in pages if page.url.startswith(site.url)]
    for context in contexts:
        context.close()
    assert errors == []
    assert [text for text in "".join(said).splitlines() if len(text.split()) > 3] == []


def note_errors(page: Page, errors: list[str]) -> None:
    """Note errors of scripts, what the console says, and requests to strangers."""

    def note(line: Any) -> None:
        # A refused request is written to the console too, and is what some of these tests are about.
        if line.type == "error" and "Failed to load resource" not in line.text:
            errors.append(line.text)

    def note_stranger(request: Any) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", "localhost"):
            errors.append(request.url)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    page.on("request", note_stranger)


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Shoot:
    """Keep a picture of the page."""
    folder = request.config.rootpath / ".cache" / "screenshots"

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take


@pytest.fixture
def seeded(open_page: Open) -> None:
    """Give every demo user some todos, and publish one of each."""
    for user, titles in {"bob": TODOS, "mo": ["Book the train"], "alice": ["Plan the party", "Read"]}.items():
        page = open_page(user)
        for number, title in enumerate(titles):
            call(page, "POST", "/api/todos", {"title": title, "published": not number})


def become(page: Page, user: str) -> None:
    """Sign in at the managed login with one click."""
    page.get_by_role("button", name=f"Sign in as {user}").click()
    account(page).filter(has_text=user).wait_for()


def account(page: Page) -> Any:
    return page.locator("header .account")


def call(page: Page, method: str, path: str, body: object = None) -> Any:
    """Ask the API as a script of the page does."""
    return page.evaluate(CALL, [method, path, body])


def end_session(page: Page) -> None:
    """Take the session away, here and at Cognito."""
    page.context.clear_cookies()


def heading(page: Page, name: str) -> None:
    """Wait until the view of that title is there."""
    page.get_by_role("heading", name=name, level=1, exact=True).wait_for()


def go(page: Page, link: str, title: str) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("link", name=link).click()
    heading(page, title)


def add(page: Page, title: str) -> None:
    page.get_by_label("What is to be done?").fill(title)
    page.keyboard.press("Enter")
    until(lambda: todos(page)[:1] == [title])


def todos(page: Page) -> list[str]:
    return [str(text) for text in page.locator("main .todos .text").all_inner_texts()]


def says(page: Page, text: str) -> None:
    page.get_by_role("status").filter(has_text=text).wait_for()


def warning(page: Page, text: str) -> Any:
    """Wait for the banner of that text."""
    banner = page.get_by_role("alert").filter(has_text=text)
    banner.wait_for()
    return banner


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what follows from a click."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


# Sessions


@pytest.mark.parametrize(("user", "group"), [("alice", "admin"), ("mo", "moderator"), ("bob", "")])
def test_header_shows_the_user_and_the_groups(open_page: Open, site: Site, user: str, group: str) -> None:
    page = open_page(user)

    assert page.url == f"{site.url}/"
    assert account(page).inner_text().split() == [user, *group.split()]
    admin = page.get_by_role("navigation", name="Views").get_by_role("link", name="Admin")
    assert admin.is_visible() == (group == "admin")


def test_reload_second_tab_and_back_keep_the_user_signed_in(open_page: Open, site: Site) -> None:
    page = open_page("bob")
    page.reload()
    account(page).filter(has_text="bob").wait_for()

    second = page.context.new_page()
    second.goto(site.url)
    account(second).filter(has_text="bob").wait_for()
    second.goto(f"{site.url}/docs/")
    second.go_back()

    account(second).filter(has_text="bob").wait_for()
    heading(second, "My todos")


def test_no_token_is_within_reach_of_a_script(open_page: Open) -> None:
    page = open_page("bob")

    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")

    assert kept == '[{},{},""]'


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_session_that_ends_says_so_and_brings_the_user_back_to_the_draft(
    open_page: Open, site: Site, width: int, shoot: Shoot
) -> None:
    page = open_page("bob", width=width)
    add(page, "Call Grandma")
    page.get_by_label("What is to be done?").fill("Half a sentence")
    page.get_by_role("button", name="Edit: Call Grandma").click()
    page.get_by_label("New text of the todo").fill("Call Grandma on Sunday")

    end_session(page)
    page.get_by_role("button", name="Save").click()
    banner = warning(page, "Your session has ended.")
    shoot(page, f"ended-{width}")
    assert page.get_by_label("New text of the todo").input_value() == "Call Grandma on Sunday"

    banner.get_by_role("button", name="Sign in again").click()
    become(page, "bob")
    page.get_by_label("New text of the todo").wait_for()
    assert page.get_by_label("New text of the todo").input_value() == "Call Grandma on Sunday"
    assert page.get_by_label("What is to be done?").input_value() == "Half a sentence"
    page.get_by_role("button", name="Save").click()
    until(lambda: todos(page) == ["Call Grandma on Sunday"])


def test_draft_is_not_shown_to_another_user(open_page: Open, site: Site) -> None:
    page = open_page("bob")
    page.get_by_label("What is to be done?").fill("A secret of bob's")
    end_session(page)
    page.get_by_role("button", name="Add").click()
    warning(page, "Your session has ended.").get_by_role("button", name="Sign in again").click()

    become(page, "mo")

    heading(page, "My todos")
    assert page.get_by_label("What is to be done?").input_value() == ""


def test_user_comes_back_to_the_view_of_the_ended_session(open_page: Open, site: Site) -> None:
    page = open_page("bob")
    go(page, "Board", "Board")
    end_session(page)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="My todos").click()
    warning(page, "Your session has ended.").get_by_role("button", name="Sign in again").click()

    become(page, "bob")

    heading(page, "My todos")
    assert page.url.endswith("/#/todos")


def test_sign_out_in_another_tab_is_seen_in_this_one(open_page: Open, site: Site) -> None:
    page = open_page("bob")
    add(page, "Call Grandma")
    second = page.context.new_page()
    second.goto(site.url)
    account(second).click()
    second.get_by_role("button", name="Sign out", exact=True).click()
    second.get_by_role("link", name="Sign in").first.wait_for()

    page.evaluate("dispatchEvent(new Event('visibilitychange'))")

    warning(page, "Your session has ended.")


def test_countdown_is_quiet_until_little_is_left_and_ends_by_itself(open_page: Open, shoot: Shoot) -> None:
    page = open_page("bob")
    page.clock.install()
    page.reload()
    heading(page, "My todos")
    left = page.get_by_role("timer")
    page.mouse.move(600, 600)
    page.evaluate("document.activeElement.blur()")
    until(lambda: bool(left.evaluate("node => getComputedStyle(node).opacity === '0'")))
    page.locator("header").hover()
    until(lambda: bool(left.evaluate("node => getComputedStyle(node).opacity === '1'")))
    page.mouse.move(600, 600)

    page.clock.fast_forward("11:58:30")
    says(page, "Session ends soon")
    until(lambda: bool(left.evaluate("node => getComputedStyle(node).opacity === '1'")))
    assert left.inner_text().startswith("1:")
    shoot(page, "countdown")
    page.clock.fast_forward("02:00")

    warning(page, "Your session has ended.")


def test_sign_out_leaves_nothing_behind(open_page: Open, site: Site) -> None:
    page = open_page("bob")
    add(page, "Call Grandma")
    page.get_by_label("What is to be done?").fill("Half a sentence")

    account(page).click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    heading(page, "One list, only yours")

    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})") == "{}"
    assert call(page, "GET", "/api/todos")["status"] == 401
    page.go_back()
    page.wait_for_load_state()
    until(lambda: "Call Grandma" not in page.inner_text("body"))
    assert "Half a sentence" not in page.content()


def test_sign_out_everywhere_ends_the_session_of_another_browser(open_page: Open) -> None:
    phone = open_page("bob", width=PHONE)
    desktop = open_page("bob")

    account(phone).click()
    phone.get_by_role("button", name="Sign out everywhere").click()
    heading(phone, "One list, only yours")

    desktop.get_by_role("radio", name="Open").check()
    warning(desktop, "Your session has ended.")


@pytest.mark.parametrize("signed_in_ago", [3590])
def test_cognito_that_cannot_be_reached_is_said_in_words(
    open_page: Open, site: Site, shoot: Shoot, clock: ManualClock, signed_in_ago: int
) -> None:
    page = open_page("bob")
    page.get_by_label("What is to be done?").fill("Half a sentence")
    site.stop_cognito()
    until(lambda: call(page, "GET", "/api/me")["status"] == 503)  # once the last access token has expired

    page.get_by_role("button", name="Add").click()
    banner = warning(page, "Cognito cannot be reached.")
    shoot(page, "unreachable")
    assert page.get_by_label("What is to be done?").input_value() == "Half a sentence"
    clock.advance(signed_in_ago)  # so that the token of the next refresh has not expired already
    site.start_cognito()
    again = banner.get_by_role("button", name="Try again")

    def is_added() -> bool:
        if again.is_visible():  # the app asks Cognito again after a pause that doubles with each failure
            again.click()
        return todos(page) == ["Half a sentence"]

    until(is_added, seconds=40)
    assert banner.is_hidden()


@pytest.mark.parametrize("store", [REDIS], indirect=True)
def test_store_that_cannot_be_reached_is_no_sign_out(open_page: Open, store: RedisServer) -> None:
    page = open_page("bob")
    page.get_by_label("What is to be done?").fill("Half a sentence")
    store.stop()

    page.get_by_role("button", name="Add").click()
    warning(page, "The session store cannot be reached. You are still signed in.")
    page.reload()
    banner = warning(page, "The session cannot be checked.")
    assert page.get_by_role("link", name="Sign in").count() == 0
    store.start()
    banner.get_by_role("button", name="Try again").click()

    heading(page, "My todos")
    assert page.get_by_label("What is to be done?").input_value() == "Half a sentence"


def test_app_that_gives_no_answer_is_said_in_words(open_page: Open) -> None:
    page = open_page("bob")
    page.get_by_label("What is to be done?").fill("Half a sentence")
    page.context.set_offline(True)

    page.get_by_role("button", name="Add").click()
    banner = warning(page, "The server cannot be reached.")
    page.context.set_offline(False)
    banner.get_by_role("button", name="Try again").click()

    until(lambda: todos(page) == ["Half a sentence"])


# Todos


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_todos_are_added_ticked_published_edited_and_filtered(open_page: Open, width: int) -> None:
    page = open_page("bob", width=width)
    for title in ("Call Grandma", "<b>Return</b> the library books", "Water the plants"):
        add(page, title)

    page.get_by_role("checkbox", name="Call Grandma").check()
    says(page, "Done")
    page.get_by_role("button", name="Public: Water the plants").click()
    says(page, "On the board")
    assert page.get_by_role("button", name="Public: Water the plants").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Edit: <b>Return</b> the library books").click()
    page.get_by_label("New text of the todo").fill("Return the library books")
    page.get_by_role("button", name="Save").click()
    until(lambda: todos(page) == ["Water the plants", "Return the library books", "Call Grandma"])

    page.get_by_role("radio", name="Open").check()
    until(lambda: todos(page) == ["Water the plants", "Return the library books"])
    page.get_by_role("radio", name="Done").check()
    until(lambda: todos(page) == ["Call Grandma"])


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_deleted_todo_can_be_restored_as_it_was(open_page: Open, width: int, shoot: Shoot) -> None:
    page = open_page("bob", width=width)
    for title in TODOS:
        add(page, title)
    page.get_by_role("button", name="Public: Water the plants").click()
    says(page, "On the board")

    page.get_by_role("button", name="Delete: Water the plants").click()
    says(page, "Todo deleted")
    assert todos(page) == ["Return the library books", "Call Grandma"]
    shoot(page, f"deleted-{width}")
    page.get_by_role("button", name="Undo").click()

    says(page, "Todo restored")
    assert todos(page) == ["Return the library books", "Water the plants", "Call Grandma"]
    assert page.get_by_role("button", name="Public: Water the plants").get_attribute("aria-pressed") == "true"


def test_actions_of_a_row_appear_when_they_are_wanted(open_page: Open) -> None:
    desktop, phone = open_page("bob"), open_page("mo", width=PHONE)
    add(desktop, "Call Grandma")
    add(phone, "Call Grandma")

    def opacity(page: Page) -> str:
        return str(page.locator(".row-actions").first.evaluate("node => getComputedStyle(node).opacity"))

    desktop.mouse.move(5, 500)
    until(lambda: opacity(desktop) == "0")
    desktop.locator(".todos li").hover()
    until(lambda: opacity(desktop) == "1")
    desktop.mouse.move(5, 500)
    until(lambda: opacity(desktop) == "0")
    desktop.get_by_role("button", name="Edit: Call Grandma").focus()
    until(lambda: opacity(desktop) == "1")
    assert opacity(phone) == "1"


def test_empty_list_invites_the_user_to_begin(open_page: Open) -> None:
    page = open_page("bob")

    page.get_by_role("button", name="Water the plants").click()
    page.keyboard.press("Enter")

    until(lambda: todos(page) == ["Water the plants"])


def test_it_can_all_be_done_with_the_keyboard(open_page: Open) -> None:
    page = open_page("bob")
    press = page.keyboard.press
    add(page, "First")
    add(page, "Second")

    for _ in range(2):  # over the button, to the newest todo
        press("Tab")
    press("Space")
    says(page, "Done")
    for _ in range(2):
        press("Tab")
    press("Enter")
    page.keyboard.type("Second, changed")
    press("Enter")
    says(page, "Saved")
    assert todos(page) == ["Second, changed", "First"]
    press("Tab")
    press("Enter")
    says(page, "Todo deleted")

    assert todos(page) == ["First"]
    assert page.evaluate("document.activeElement.id") == "undo"
    press("Enter")
    says(page, "Todo restored")
    assert todos(page) == ["Second, changed", "First"]
    assert page.evaluate("document.activeElement.ariaLabel") == "Delete: Second, changed"
    account(page).focus()
    press("Enter")
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Sign out"
    press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('account')")


def test_text_typed_while_a_todo_is_on_its_way_is_the_next_one(open_page: Open) -> None:
    page = open_page("bob")
    title = page.get_by_label("What is to be done?")
    on_their_way: list[Any] = []

    def hold(route: Any) -> None:
        on_their_way.append(route)

    page.route("**/api/todos", hold)
    title.fill("First")
    with page.expect_request("**/api/todos"):
        page.keyboard.press("Enter")

    title.fill("Second")
    until(lambda: title.is_visible() and bool(on_their_way))
    on_their_way[0].continue_()

    says(page, "Todo added")
    assert title.input_value() == "Second"


def test_the_list_is_paged(open_page: Open) -> None:
    page = open_page("bob")
    for number in range(21):
        call(page, "POST", "/api/todos", {"title": f"Todo {number}."})
    page.reload()

    page.get_by_role("button", name="Next").click()
    until(lambda: todos(page) == ["Todo 0."])
    page.get_by_role("button", name="Delete: Todo 0.").click()

    until(lambda: len(todos(page)) == 20)
    assert page.get_by_role("navigation", name="Pages").count() == 0


# Board and groups


def test_anyone_reads_the_board_and_a_moderator_closes_what_is_on_it(open_page: Open) -> None:
    bob = open_page("bob")
    call(bob, "POST", "/api/todos", {"title": "Sell the car", "published": True})
    guest, mo = open_page(), open_page("mo")
    guest.get_by_text("Sell the car").wait_for()
    assert guest.get_by_role("button", name="Close: Sell the car").count() == 0

    go(mo, "Board", "Board")
    mo.get_by_role("button", name="Close: Sell the car").click()

    says(mo, "Todo closed")
    mo.get_by_text("The board is empty.").wait_for()


def test_ordinary_user_is_refused_the_admin_view_and_sees_why(open_page: Open, site: Site, shoot: Shoot) -> None:
    page = open_page("mo")

    page.goto(f"{site.url}/#/admin")
    heading(page, "Not Authorized")

    text = page.locator("main").inner_text()
    assert "403 group_required" in text
    assert "moderator" in text
    shoot(page, "refused")


@pytest.mark.parametrize("signed_in_ago", [600])
def test_admin_signs_in_again_to_clear_everybodys_todos(
    open_page: Open, seeded: None, clock: ManualClock, shoot: Shoot
) -> None:
    page = open_page("alice")
    go(page, "Admin", "Admin")
    rows = page.locator('[data-list="everybody"] li')
    assert rows.count() == 6
    shoot(page, "admin")
    page.get_by_role("button", name="Clear everybody").click()
    page.get_by_role("button", name="Keep them").click()
    assert rows.count() == 6

    clock.advance(600)
    page.get_by_role("button", name="Clear everybody").click()
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("button", name="Sign in as alice").click()
    heading(page, "Admin")
    page.get_by_role("button", name="Clear all").click()

    says(page, "6 todos deleted")
    page.get_by_text("No user has a todo.").wait_for()


def test_admin_signs_a_user_out(open_page: Open, seeded: None) -> None:
    bob, alice = open_page("bob"), open_page("alice")
    go(alice, "Admin", "Admin")

    alice.get_by_role("button", name="Sign out: bob").click()
    says(alice, "bob signed out")

    bob.get_by_role("radio", name="Open").check()
    warning(bob, "Your session has ended.")


# Looks


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_fits(
    open_page: Open, site: Site, seeded: None, width: int, scheme: str, shoot: Shoot
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(width=width, scheme=scheme)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        shoot(page, f"{name}-{width}-{scheme}")
        problems = axe.run(page)
        assert problems.violations_count == 0, problems.generate_report()
        assert_fits(page)

    look("welcome")
    page.get_by_role("link", name="Sign in").first.click()
    look("sign-in")
    become(page, "alice")
    call(page, "POST", "/api/todos", {"title": "W" * 200, "published": True})
    page.reload()
    heading(page, "My todos")
    look("todos")
    page.get_by_role("button", name="Delete: Read").click()
    says(page, "Todo deleted")
    look("undo")
    account(page).click()
    look("account")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit: Plan the party").click()
    look("edit")
    go(page, "Board", "Board")
    look("board")
    go(page, "Admin", "Admin")
    look("admin")
    page.get_by_role("button", name="Clear everybody").click()
    look("clear")
    page.get_by_role("button", name="Keep them").click()
    end_session(page)
    go_anyway = page.get_by_role("navigation", name="Views").get_by_role("link", name="My todos")
    go_anyway.click()
    warning(page, "Your session has ended.")
    until(lambda: page.get_by_role("timer").inner_text() == "0:00 left")
    assert page.get_by_role("navigation", name="Views").locator("[aria-current]").inner_text() == "Admin"
    look("ended")


@pytest.mark.parametrize("signed_in_ago", [3590])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_trouble_is_accessible_and_fits(
    open_page: Open, site: Site, width: int, scheme: str, shoot: Shoot, signed_in_ago: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page("bob", width=width, scheme=scheme)

    def look(name: str) -> None:
        shoot(page, f"{name}-{width}-{scheme}")
        problems = axe.run(page)
        assert problems.violations_count == 0, problems.generate_report()
        assert_fits(page)

    heading(page, "My todos")
    look("empty")
    page.clock.install()
    page.reload()
    heading(page, "My todos")
    page.clock.fast_forward("11:58:30")
    says(page, "Session ends soon")
    look("countdown")
    page.context.set_offline(True)
    page.get_by_label("What is to be done?").fill("Call Grandma")
    page.get_by_role("button", name="Add").click()
    warning(page, "The server cannot be reached.")
    look("silent")
    page.context.set_offline(False)
    site.stop_cognito()
    until(lambda: call(page, "GET", "/api/me")["status"] == 503)  # once the last access token has expired
    page.get_by_role("button", name="Try again").click()
    warning(page, "Cognito cannot be reached.")
    look("unreachable")
    page.reload()
    warning(page, "Cognito cannot be reached.")
    heading(page, "Not right now")
    look("no-view")


def assert_fits(page: Page) -> None:
    """Check that nothing is wider than the window, from the narrowest phone to a desktop."""
    before = page.viewport_size
    for width in (320, 390, 768, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 780})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"wider than {width}"
    page.set_viewport_size(before)


def test_todo_takes_one_line_on_a_phone(open_page: Open) -> None:
    page = open_page("bob", width=PHONE)
    add(page, "Short")
    add(page, "A long one, " * 12 + "that would take many lines")

    long, short = (page.locator(".todos li").nth(number).bounding_box() for number in (0, 1))

    assert long["height"] <= short["height"] + 1


@pytest.mark.parametrize("width", [320, PHONE, DESKTOP])
def test_toast_covers_nothing(open_page: Open, width: int) -> None:
    page = open_page("bob", width=width)
    for number in range(15):
        call(page, "POST", "/api/todos", {"title": f"Todo {number}."})
    page.reload()
    page.get_by_role("checkbox", name="Todo 0.").check()
    says(page, "Done")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")

    last = page.locator(".todos li").last.bounding_box()
    bar = page.locator("footer").bounding_box()

    assert last["y"] + last["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= 781


def test_nothing_moves_for_a_user_who_asked_for_that(open_page: Open) -> None:
    still, moving = open_page("bob", reduced_motion="reduce"), open_page("mo", reduced_motion="no-preference")

    durations = """[...new Set([...document.querySelectorAll("*")].map(
        (node) => getComputedStyle(node).transitionDuration + getComputedStyle(node).animationName))]"""

    assert still.evaluate(durations) == ["0snone"]
    assert moving.evaluate(durations) != ["0snone"]


# Documentation


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_documentation_follows_the_colours_is_accessible_and_leads_back(
    open_page: Open, width: int, scheme: str, shoot: Shoot
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page("bob", width=width, scheme=scheme)
    page.get_by_role("link", name="API").click()
    page.get_by_text("/api/todos/{todo_id}/close").wait_for()
    page.get_by_text("Signed in as bob").wait_for()
    shoot(page, f"docs-{width}-{scheme}")

    assert page.evaluate("document.documentElement.classList.contains('dark-mode')") == (scheme == "dark")
    # The viewer's own markup: a button within the head of each route, a title outside its landmark, no first heading.
    its_own = {rule: {"enabled": False} for rule in ("nested-interactive", "heading-order", "region")}
    problems = axe.run(page, options={"rules": its_own})
    assert problems.violations_count == 0, problems.generate_report()
    assert_fits(page)
    page.get_by_role("link", name="Back to the todos").click()

    heading(page, "My todos")


def test_documentation_tries_a_route_with_the_session_and_with_a_pasted_token(
    open_page: Open, site: Site, shoot: Shoot
) -> None:
    page = open_page("bob", scheme="dark")
    page.goto(f"{site.url}/docs/")
    route = page.locator("#operations-Todos-get_todos_show_me")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_role("button", name="Execute").click()
    answer = route.locator(".live-responses-table .highlight-code").first
    answer.filter(has_text='"username": "bob"').wait_for()

    page.get_by_role("button", name="Authorize").click()
    assert page.locator(".modal-ux input").count() == 1  # a cookie cannot be pasted
    page.locator(".modal-ux input").fill(site.token("mo"))
    shoot(page, "docs-authorize")
    page.locator(".modal-ux .authorize").click()
    page.locator(".modal-ux .btn-done").click()
    route.get_by_role("button", name="Execute").click()

    answer.filter(has_text='"username": "mo"').wait_for()


def test_documentation_without_a_session_offers_to_sign_in_and_comes_back(open_page: Open, site: Site) -> None:
    page = open_page()
    page.goto(f"{site.url}/docs/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Sign in as bob").click()

    page.get_by_text("Signed in as bob").wait_for()
    assert urlsplit(page.url).path == "/docs/"
