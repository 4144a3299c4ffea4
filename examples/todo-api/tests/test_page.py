"""The page in a real browser, against the running app and the local Cognito; pictures go to `.cache/screenshots`."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from todo_api.demo import running
from todo_api.local_cognito import USERS, LocalUser

pytestmark = pytest.mark.browser

ALICE, MO, BOB = USERS
Sign = Callable[..., str]
Page = Any  # playwright's, which may not be installed


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with running(app, 0) as url:
        yield url


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Page]:
    """The page in a fresh browser window, which must go without errors and talk to the app and to Cognito alone."""
    with browser.new_context(viewport={"width": 1100, "height": 600}) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        errors: list[str] = []

        def note(line: Any) -> None:
            # A refused request is written to the console too, and is what some of these tests are about.
            if line.type == "error" and "status of 4" not in line.text:
                errors.append(line.text)

        def note_stranger(request: Any) -> None:
            if not request.url.startswith("http://127.0.0.1:"):
                errors.append(request.url)

        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.on("request", note_stranger)
        page.goto(url)
        yield page
        assert errors == []


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of the page."""
    folder = request.config.rootpath / ".cache" / "screenshots"

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return take


def sign_in(page: Page, user: LocalUser) -> None:
    page.get_by_label("User name").fill(user.name)
    page.get_by_label("Password").fill(user.password)
    page.keyboard.press("Enter")
    heading(page, "My todos")


def heading(page: Page, name: str) -> None:
    """Wait until the view of that title is there."""
    page.get_by_role("heading", name=name, level=1).wait_for()


def go(page: Page, link: str, title: str) -> None:
    page.get_by_role("link", name=link).click()
    heading(page, title)


def add(page: Page, title: str) -> None:
    page.get_by_label("What is to be done?").fill(title)
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text=f"Added “{title}”.").wait_for()


def todos(page: Page) -> list[str]:
    return [str(text) for text in page.locator("main .todos li > :first-child").all_inner_texts()]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what follows from a click."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_who_signs_in_sees_who_they_are(page: Page, user: LocalUser, shoot: Callable[[Page, str], None]) -> None:
    sign_in(page, user)

    go(page, "Who am I", "Who am I")

    text = page.locator("main").inner_text()
    assert f"\n{user.name}\n" in text
    assert all(group in text for group in user.groups or ("none",))
    assert "left of 60:00" in text
    page.get_by_text("What it says").click()
    assert '"token_use": "access"' in page.locator("pre").last.inner_text()
    shoot(page, f"me-{user.name}")


def test_a_wrong_password_is_told_by_cognito_and_nobody_is_signed_in(page: Page) -> None:
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("alert").filter(has_text="Incorrect username or password.").wait_for()
    assert page.get_by_role("navigation", name="Views").is_hidden()


def test_the_work_with_todos(page: Page, shoot: Callable[[Page, str], None]) -> None:
    sign_in(page, BOB)
    for title in ("Call Grandma", "<b>Return</b> the library books", "Water the plants"):
        add(page, title)
    assert todos(page) == ["Water the plants", "<b>Return</b> the library books", "Call Grandma"]

    page.get_by_role("checkbox", name="Call Grandma").check()
    page.get_by_role("button", name="Publish: Water the plants").click()
    page.get_by_role("button", name="Published: Water the plants").wait_for()
    page.get_by_role("button", name="Edit: <b>Return</b> the library books").click()
    page.get_by_label("New text of the todo").fill("Return the library books")
    page.get_by_role("button", name="Save").click()
    until(lambda: todos(page) == ["Water the plants", "Return the library books", "Call Grandma"])
    shoot(page, "todos")

    page.get_by_role("radio", name="Open").check()
    until(lambda: todos(page) == ["Water the plants", "Return the library books"])
    page.get_by_role("radio", name="Done").check()
    until(lambda: todos(page) == ["Call Grandma"])
    page.get_by_role("button", name="Delete: Call Grandma").click()
    page.get_by_text("Nothing done yet.").wait_for()


def test_it_can_all_be_done_with_the_keyboard(page: Page) -> None:
    press = page.keyboard.press
    said = page.get_by_role("status").filter
    sign_in(page, BOB)
    add(page, "First")
    add(page, "Second")

    for _ in range(3):  # over the button and the filter, to the newest todo
        press("Tab")
    press("Space")
    said(has_text="Second: done.").wait_for()
    for _ in range(2):
        press("Tab")
    press("Enter")
    page.keyboard.type("Second, changed")
    press("Enter")
    said(has_text="Saved.").wait_for()
    assert todos(page) == ["Second, changed", "First"]
    press("Tab")
    press("Enter")
    said(has_text="Deleted “Second, changed”.").wait_for()

    assert todos(page) == ["First"]
    assert page.evaluate("document.activeElement.id") == "title"


def test_what_is_typed_while_a_todo_is_on_its_way_is_the_next_one(page: Page) -> None:
    sign_in(page, BOB)
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

    page.get_by_role("status").filter(has_text="Added “First”.").wait_for()
    assert title.input_value() == "Second"


def test_the_list_is_paged(page: Page, ask: Callable[..., Any]) -> None:
    for number in range(21):
        ask("bob", "POST", "/api/todos", json={"title": f"Todo {number}."})
    sign_in(page, BOB)

    page.get_by_role("button", name="Next").click()
    until(lambda: todos(page) == ["Todo 0."])
    page.get_by_role("button", name="Delete: Todo 0.").click()

    until(lambda: len(todos(page)) == 20)
    assert page.get_by_role("navigation", name="Pages").count() == 0


def test_a_moderator_closes_what_is_on_the_board(page: Page, ask: Callable[..., Any]) -> None:
    ask("bob", "POST", "/api/todos", json={"title": "Sell the car", "published": True})
    sign_in(page, MO)
    go(page, "Board", "Board")

    page.get_by_role("button", name="Close: Sell the car").click()

    page.get_by_text("The board is empty.").wait_for()


def test_an_ordinary_user_is_refused_the_admin_view_and_sees_why(
    page: Page, shoot: Callable[[Page, str], None]
) -> None:
    sign_in(page, BOB)

    go(page, "Admin", "Not Authorized")

    text = page.locator("main").inner_text()
    assert "403 group_required" in text
    assert 'error="insufficient_scope"' in text
    assert "The user is not in a group that may do this." in text
    shoot(page, "refused")


def test_an_admin_sees_and_clears_everybodys_todos(
    page: Page, ask: Callable[..., Any], shoot: Callable[[Page, str], None]
) -> None:
    ask("bob", "POST", "/api/todos", json={"title": "Call Grandma"})
    ask("mo", "POST", "/api/todos", json={"title": "Book the train"})
    sign_in(page, ALICE)
    go(page, "Admin", "All todos")
    everybody, audit = page.get_by_role("table").all()
    assert "bob\tCall Grandma\topen" in everybody.inner_text()
    assert "mo\tPOST /api/todos\tchanged" in audit.inner_text()
    shoot(page, "admin")

    page.get_by_role("button", name="Delete all todos…").click()
    page.get_by_role("button", name="Keep them").click()
    assert everybody.get_by_role("row").count() == 3
    page.get_by_role("button", name="Delete all todos…").click()
    page.get_by_role("button", name="Delete all", exact=True).click()

    until(lambda: everybody.get_by_role("row").count() == 1)
    assert ask("bob", "GET", "/api/todos").json["total"] == 0


def test_an_expired_token_is_said_refused_and_renewed(
    page: Page, sign: Sign, shoot: Callable[[Page, str], None]
) -> None:
    sign_in(page, BOB)
    page.get_by_label("What is to be done?").fill("Half a sentence")

    # The time passes: what the page holds now is a token that Cognito signed an hour ago.
    page.evaluate(
        "token => import('/static/session.js').then(session => session.accept("
        "{RefreshToken: session.refreshToken(), AccessToken: token}, 'renewed'))",
        sign(exp=int(time.time()) - 1),
    )

    banner = page.get_by_role("alert").filter(has_text="Your token has expired.")
    banner.wait_for()
    page.get_by_role("button", name="Add").click()
    banner.filter(has_text="The API said: The token has expired.").wait_for()
    shoot(page, "expired")
    page.get_by_role("button", name="Stay signed in").click()
    banner.wait_for(state="hidden")
    assert page.get_by_label("What is to be done?").input_value() == "Half a sentence"
    page.get_by_role("button", name="Add").click()
    until(lambda: todos(page) == ["Half a sentence"])


def test_the_countdown_ends_by_itself(page: Page) -> None:
    page.clock.install()
    sign_in(page, BOB)
    go(page, "Who am I", "Who am I")

    page.clock.fast_forward("59:50")
    page.get_by_text("left of 60:00").wait_for()
    page.clock.fast_forward("00:11")

    page.get_by_role("alert").filter(has_text="Your token has expired.").wait_for()
    page.get_by_role("timer").filter(has_text="expired").wait_for()


def test_who_signs_out_leaves_nothing_behind(page: Page, url: str) -> None:
    sign_in(page, BOB)
    addresses = [page.url]
    go(page, "Who am I", "Who am I")
    addresses.append(page.url)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{},""]'

    page.get_by_role("button", name="Sign out").first.click()

    heading(page, "Sign in")
    assert [*addresses, page.url] == [f"{url}/", f"{url}/#/me", f"{url}/"]
    assert page.context.cookies() == []


def test_a_reload_signs_out_since_the_token_lives_in_the_page(page: Page) -> None:
    sign_in(page, BOB)

    page.reload()

    heading(page, "Sign in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_can_be_read_by_everybody_and_on_a_phone(
    page: Page, ask: Callable[..., Any], scheme: str, shoot: Callable[[Page, str], None]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    ask("alice", "POST", "/api/todos", json={"title": "W" * 200, "published": True})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        shoot(page, f"phone-{name}-{scheme}")
        problems = axe.run(page)
        assert problems.violations_count == 0, problems.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the phone"

    look("sign-in")
    sign_in(page, ALICE)
    look("todos")
    for link, title in (("Board", "Board"), ("Admin", "All todos"), ("Who am I", "Who am I")):
        go(page, link, title)
        look(link.lower().replace(" ", "-"))


def test_the_documentation_comes_from_the_app_alone(page: Page, url: str, shoot: Callable[[Page, str], None]) -> None:
    page.goto(f"{url}/docs/")

    page.get_by_text("/api/todos/{todo_id}/close").wait_for()
    page.get_by_role("button", name="Authorize").click()
    page.get_by_text("cognito (http, Bearer)").wait_for()
    shoot(page, "docs")
