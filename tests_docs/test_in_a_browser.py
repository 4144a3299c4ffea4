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
DESKTOP, WIDE, TABLET, PHONE = (1300, 900), (1440, 900), (768, 1024), (390, 844)

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


# Hands the test what the worker that searches answers to the page.
LISTEN = """
const Original = window.Worker;
window.answers = [];
window.Worker = class extends Original {
  constructor(...args) {
    super(...args);
    window.searchWorker = this;
    this.addEventListener("message", (event) => window.answers.push(event.data));
  }
};
"""
# Has the site's own worker search, as for a word that was typed, and returns the pages that it found, best first. The
# page itself may ask at the same time, for the empty text of its search field. That answer has no pages.
ASK = """
async (words) => {
  const found = new Promise((resolve) => {
    const nothing = setTimeout(() => resolve([]), 10000);
    searchWorker.addEventListener("message", function listen({ data: { type, data } }) {
      if (type === 3 && data.items.length) {
        searchWorker.removeEventListener("message", listen);
        clearTimeout(nothing);
        resolve(data.items);
      }
    });
  });
  searchWorker.postMessage({ type: 2, data: words });
  return (await found).map((sections) => sections[0].location.split("#")[0]);
}
"""
COOKIES, PROXIES = "how-to/cookies/", "how-to/proxies/"
BROWSER, SPA = "how-to/call-from-a-browser/", "how-to/single-page-app/"
LAMBDA, PACKAGES = "how-to/aws-lambda-authorizer/", "how-to/lambda-packaging/"
PRODUCTION, TROUBLE = "how-to/production/", "how-to/troubleshooting/"
SESSION, KEYS = "explanation/life-of-a-session/", "explanation/life-of-keys/"
SIGN_IN, LIVE, VIEWS = "quickstart/sign-in/", "how-to/websockets-and-sse/", "how-to/flask-views/"
PROVIDERS, ATTRIBUTES = "how-to/mfa-google-saml/", "how-to/custom-attributes/"
# What people search for, and the page that comes first. Where two pages are right, they are the first two.
FIRST: dict[str, tuple[str, ...]] = {
    "401": (TROUBLE,),
    "403": (TROUBLE,),
    "503": (TROUBLE,),
    "ALB": ("how-to/load-balancer/",),
    "API Gateway": (LAMBDA,),
    "Amplify": (BROWSER,),
    "Apache": (PROXIES,),
    "CORS": (BROWSER,),
    "Elastic Beanstalk": (PROXIES,),
    "Flask-Login": ("how-to/flask-login/",),
    "Google": (PROVIDERS,),
    "Lambda packaging": (PACKAGES,),
    "MFA": (PROVIDERS, "how-to/step-up/"),
    "MethodView": (VIEWS,),
    "PKCE": (SIGN_IN, SESSION),
    "React": (BROWSER, SPA),
    "SAML": (PROVIDERS,),
    "SPA": (BROWSER, SPA),
    "SQLAlchemy": ("how-to/users-in-sqlalchemy/",),
    "SSE": (LIVE,),
    "Socket.IO": (LIVE,),
    "Swagger": (VIEWS,),
    "WebSocket": (LIVE,),
    "async": (VIEWS,),
    "aws down": (KEYS,),
    "csrf": (COOKIES,),
    "custom attribute": (ATTRIBUTES,),
    "debug": (TROUBLE,),
    "email": (ATTRIBUTES,),
    "expired": (COOKIES, "how-to/explain-a-refusal/"),
    "flask": ("quickstart/flask/", "how-to/flask-login/"),
    "freezegun": ("how-to/test-your-routes/",),
    "gevent": (PRODUCTION,),
    "group": ("how-to/groups-and-scopes/",),
    "gunicorn": (PRODUCTION,),
    "login": (SIGN_IN, "how-to/flask-login/"),
    "logout": (SIGN_IN,),
    "migrate": ("how-to/migrate-from-1x/", "how-to/migrate-from-other-libraries/"),
    "proxy": (PROXIES,),
    "rate limit": (PRODUCTION,),
    "refresh": (SESSION,),
    "rotate": (KEYS,),
    "sign in": (SIGN_IN,),
    "tenant": (ATTRIBUTES,),
    "troubleshooting": (TROUBLE,),
    "uWSGI": (PRODUCTION,),
}


def test_search_finds_the_right_page_first(served: str, window: Callable[..., Window]) -> None:
    page = window()
    page.add_init_script(LISTEN)
    page.goto(served)
    page.locator("label[for=__search]:visible, .md-search__input:visible").first.click()
    page.wait_for_function("answers.length > 0")  # the index is ready

    found = {words: page.evaluate(ASK, words) for words in FIRST}

    assert {words: sorted(pages[: len(FIRST[words])]) for words, pages in found.items()} == {
        words: sorted(pages) for words, pages in FIRST.items()
    }


def search(page: Window, words: str) -> None:
    """Search the site, as a reader types, and wait for the number of pages that it shows for these words."""
    page.locator("label[for=__search]:visible, .md-search__input:visible").first.click()
    page.wait_for_function("document.activeElement?.matches('.md-search__input')")
    page.locator(".md-search-result__meta", has_text="Type to start searching").wait_for()  # the index is ready
    page.keyboard.type(words)
    page.locator(".md-search-result__meta", has_text="matching document").wait_for()


def is_found(page: Window, expected: str, among: int) -> None:
    """Wait until one of the first pages is that one: they change with every letter that was typed."""
    page.wait_for_function(
        "([expected, among]) => [...document.querySelectorAll('.md-search-result__item')].slice(0, among)"
        ".some((item) => item.querySelector('a').href.includes(expected))",
        arg=[expected, among],
    )


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("words", "expected"), [("login", SIGN_IN), ("aws down", KEYS)])
def test_search_finds(
    words: str, expected: str, size: tuple[int, int], served: str, window: Callable[..., Window]
) -> None:
    page = window(size)
    page.goto(served)

    search(page, words)

    is_found(page, expected, among=2)
    page.screenshot(path=SCREENSHOTS / f"site-search-{words.replace(' ', '-')}-{size[0]}.png")


def test_search_finds_on_disk(site_on_disk: Path, window: Callable[..., Window]) -> None:
    page = window()
    page.goto((site_on_disk / "reference" / "errors.html").as_uri())

    search(page, "expired")

    is_found(page, "explain-a-refusal.html", among=10)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "light"), (WIDE, "dark"), (TABLET, "light"), (PHONE, "dark")],
    ids=["desktop", "wide", "tablet", "phone"],
)
@pytest.mark.parametrize("path", ["", "404.html", "concepts/", "how-to/cookies/", "reference/config-keys/"])
def test_pages_fit_their_window(
    path: str, size: tuple[int, int], scheme: str, served: str, window: Callable[..., Window]
) -> None:
    page = window(size, scheme)
    page.goto(served + path)
    page.locator("article h1").wait_for()

    page.screenshot(path=SCREENSHOTS / f"site-{path.strip('/').replace('/', '-') or 'home'}-{size[0]}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("document.body.dataset.mdColorScheme") == {"light": "default", "dark": "slate"}[scheme]


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(DESKTOP, "light"), (TABLET, "dark"), (PHONE, "light")],
    ids=["desktop", "tablet", "phone"],
)
@pytest.mark.parametrize(
    "path",
    [
        "",
        "404.html",
        "compared/",
        "concepts/",
        "how-to/cookies/",
        "how-to/explain-a-refusal/",
        "how-to/flask-views/",
        "quickstart/flask/",
        "quickstart/sign-in/",
        "reference/errors/",
        "reference/flask/",
    ],
)
def test_pages_can_be_read_by_everybody(
    path: str, size: tuple[int, int], scheme: str, served: str, window: Callable[..., Window]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = window(size, scheme)
    page.goto(served + path)
    page.locator("article h1").wait_for()

    problems = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})

    assert problems.violations_count == 0, problems.generate_report()


def test_no_page_cuts_off_its_code_or_scrolls_sideways(site: Path, served: str, window: Callable[..., Window]) -> None:
    page = window(WIDE)
    cut_off, sideways, wide_tables = [], [], []
    paths = [path.relative_to(site).as_posix().removesuffix("index.html") for path in site.rglob("*.html")]
    for path in paths:
        page.goto(served + path, wait_until="domcontentloaded")
        cut_off += [
            f"{path}: {line}"
            for line in page.evaluate(
                "[...document.querySelectorAll('article pre > code')]"
                ".filter((code) => code.scrollWidth > code.clientWidth).map((code) => code.innerText.slice(0, 60))"
            )
        ]
        for width, height in (TABLET, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                sideways.append(f"{path} at {width} px")
            wide_tables += [
                f"{path} at {width} px: {head}"
                for head in page.evaluate(
                    "[...document.querySelectorAll('.rows table')]"
                    ".filter((table) => table.getBoundingClientRect().right > innerWidth)"
                    # The comparison of libraries has eight columns, and scrolls.
                    ".filter((table) => innerWidth < 720 || !table.closest('.side-by-side'))"
                    ".map((table) => table.querySelector('th').textContent)"
                )
            ]
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    assert len(paths) > 50
    assert (cut_off, sideways, wide_tables) == ([], [], [])


def test_phone_shows_the_head_of_a_column_before_each_value(served: str, window: Callable[..., Window]) -> None:
    cell = "getComputedStyle(document.querySelectorAll('.rows td')[1], '::before').content"
    page = window(PHONE)
    page.goto(served + "reference/errors/")

    assert page.evaluate(cell) == '"HTTP status: "'

    page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    assert page.evaluate(cell) == "none"
    assert page.get_by_role("columnheader", name="Cure").first.is_visible()


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
