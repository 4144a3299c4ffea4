"""The site, and the page of the guide on cookies, in a real browser; pictures go to `.cache/screenshots`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cognito_test_kit.docs.page import ROOT, Page
from werkzeug.serving import make_server

SCREENSHOTS = ROOT / ".cache" / "screenshots"
DESKTOP, WIDE, PHONE = (1300, 900), (1440, 900), (390, 844)

pytestmark = pytest.mark.browser

Window = Any  # playwright's page, which may not be installed


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Window]]:
    """Open a window of a size and scheme. In the end, none has asked another host for anything."""
    asked: list[str] = []
    contexts = []

    def opened(size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Window:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [
        url for url in asked if not url.startswith(("http://127.0.0.1:", "http://localhost:", "file:", "data:"))
    ] == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def served(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site below the path that it is published at, which its page for wrong addresses counts on."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "flask-cognito").symlink_to(site)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/flask-cognito/"
        server.shutdown()


def search(page: Window, words: str) -> None:
    """Search the site, as a reader types."""
    page.locator("label[for=__search]:visible, .md-search__input:visible").first.click()
    page.locator(".md-search__input").press_sequentially(words)


def is_found(page: Window, expected: str, among: int) -> None:
    """Wait until one of the first results leads there: they change with every letter that was typed."""
    page.wait_for_function(
        "([expected, among]) => [...document.querySelectorAll('.md-search-result__link')].slice(0, among)"
        ".some((link) => link.href.includes(expected))",
        arg=[expected, among],
    )


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("expired", "explain-a-refusal"),
        ("rotate", "life-of-keys"),
        ("group", "groups-and-scopes"),
        ("migrate", "migrate-from-1x"),
        ("aws down", "life-of-keys"),
        ("csrf", "cookies"),
        ("login", "flask-login"),
        ("logout", "life-of-a-session"),
        ("pkce", "life-of-a-session"),
        ("cors", "single-page-app"),
        ("mfa", "step-up"),
        ("email", "access-or-id-token"),
        ("async", "quickstart/core"),
        ("proxy", "sign-in-behind-a-proxy"),
    ],
)
def test_search_finds(
    words: str, expected: str, size: tuple[int, int], served: str, window: Callable[..., Window]
) -> None:
    page = window(size)
    page.goto(served)

    search(page, words)

    is_found(page, expected, among=3)
    page.screenshot(path=SCREENSHOTS / f"site-search-{words.replace(' ', '-')}-{size[0]}.png")


def test_search_finds_on_disk(site_on_disk: Path, window: Callable[..., Window]) -> None:
    page = window()
    page.goto((site_on_disk / "reference" / "errors.html").as_uri())

    search(page, "expired")

    is_found(page, "explain-a-refusal.html", among=10)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "path",
    ["", "how-to/cookies/", "reference/config-keys/", "reference/errors/", "explanation/life-of-a-token/", "404.html"],
)
def test_pages_fit_their_window(
    path: str, size: tuple[int, int], scheme: str, served: str, window: Callable[..., Window]
) -> None:
    page = window(size, scheme)
    page.goto(served + path)
    page.locator("article h1").wait_for()

    page.screenshot(path=SCREENSHOTS / f"site-{path.strip('/').replace('/', '-') or 'home'}-{size[0]}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "404.html",
        "concepts/",
        "how-to/cookies/",
        "how-to/explain-a-refusal/",
        "quickstart/flask/",
        "reference/errors/",
        "reference/flask/",
    ],
)
def test_pages_can_be_read_by_everybody(path: str, scheme: str, served: str, window: Callable[..., Window]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = window(DESKTOP, scheme)
    page.goto(served + path)
    page.locator("article h1").wait_for()

    problems = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})

    assert problems.violations_count == 0, problems.generate_report()


def test_no_page_cuts_off_its_code_or_scrolls_sideways(site: Path, served: str, window: Callable[..., Window]) -> None:
    wide, narrow = window(WIDE), window(PHONE)
    cut_off, sideways = [], []
    paths = [path.relative_to(site).as_posix().removesuffix("index.html") for path in site.rglob("*.html")]
    for path in paths:
        wide.goto(served + path, wait_until="domcontentloaded")
        cut_off += [
            f"{path}: {line}"
            for line in wide.evaluate(
                "[...document.querySelectorAll('article pre > code')]"
                ".filter((code) => code.scrollWidth > code.clientWidth).map((code) => code.innerText.slice(0, 60))"
            )
        ]
        narrow.goto(served + path, wait_until="domcontentloaded")
        if narrow.evaluate("document.documentElement.scrollWidth") > PHONE[0]:
            sideways.append(path)

    assert len(paths) > 50
    assert (cut_off, sideways) == ([], [])


def test_a_page_signs_in_with_a_cookie(tmp_path: Path, window: Callable[..., Window]) -> None:
    guide = Page(ROOT / "docs" / "how-to" / "cookies.md", tmp_path)
    guide.run()
    pool = guide.namespace["pool"]
    app = guide.namespace["create_app"](COGNITO_JWKS=pool.jwks)
    app.root_path = str(tmp_path)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = window()

    page.goto(f"http://localhost:{server.port}/")
    page.get_by_text("Not signed in").wait_for()
    page.evaluate("token => signIn(token)", pool.access_token("alice"))
    page.get_by_text("Signed in as alice").wait_for()
    page.reload()
    page.get_by_text("Signed in as alice").wait_for()

    (cookie,) = page.context.cookies()
    server.shutdown()
    server.server_close()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
        "__Host-session",
        True,
        True,
        "Lax",
    )
