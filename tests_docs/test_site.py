"""The site as it is published: whole, self-contained, searchable."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from cognito_test_kit.docs.page import ROOT

BASE = "https://flask-cognito.github.io/flask-cognito/"
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
NOT_LOADED_BY_RELATION = {"alternate", "canonical", "edit", "next", "prev"}


class Html(HTMLParser):
    """What a page loads, links to, and can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors = {"", "__skip"}
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        self.classes |= set(attributes.get("class", "").split())
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        is_loaded = tag in LOADED and attributes.get("rel") not in NOT_LOADED_BY_RELATION
        if is_loaded and attributes.get(LOADED[tag]):
            self.loads.append(attributes[LOADED[tag]])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Html]:
    """Every page by its URL."""
    return {
        urljoin(BASE, path.relative_to(site).as_posix().removesuffix("index.html")): Html(
            path.read_text(encoding="utf-8")
        )
        for path in site.rglob("*.html")
    }


def test_every_link_of_the_site_leads_to_a_page_and_a_place_on_it(pages: dict[str, Html], site: Path) -> None:
    broken = []
    for url, page in pages.items():
        for link in page.links:
            target, _, anchor = urljoin(url, link).partition("#")
            if not target.startswith(BASE):
                continue
            if target in pages:
                found = unquote(anchor) in pages[target].anchors
            else:
                found = (site / unquote(target.removeprefix(BASE))).is_file()
            if not found:
                broken.append(f"{url}: {link}")

    assert broken == []


def test_links_to_elsewhere_are_encrypted(pages: dict[str, Html]) -> None:
    assert [link for page in pages.values() for link in page.links if urlsplit(link).scheme == "http"] == []


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Html], site: Path) -> None:
    foreign = [
        f"{url}: {load}"
        for url, page in pages.items()
        for load in page.loads
        if not urljoin(url, load).startswith((BASE, "data:"))
    ]
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        foreign += [
            f"{style.name}: {load}"
            for load in re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""", text)
        ]

    assert foreign == []


def test_no_page_makes_the_theme_load_its_diagrams(pages: dict[str, Html]) -> None:
    assert [url for url, page in pages.items() if "mermaid" in page.classes] == []


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("expired", "reference/errors/"),
        ("rotate", "how-to/air-gapped/"),
        ("group", "how-to/groups-and-scopes/"),
        ("401", "how-to/explain-a-refusal/"),
        ("cold start", "how-to/aws-lambda-authorizer/"),
        ("COGNITO_LEEWAY", "reference/config-keys/"),
    ],
)
def test_search_finds_what_people_ask_for(word: str, page: str, site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = [entry["location"] for entry in index["docs"] if word in f"{entry['title']} {entry['text']}"]

    assert any(location.startswith(page) for location in found)


def test_the_page_for_a_wrong_address_helps(pages: dict[str, Html]) -> None:
    page = pages[urljoin(BASE, "404.html")]

    for place in ("how-to/explain-a-refusal/", "reference/errors/", "quickstart/flask/", "reference/config-keys/"):
        assert any(urljoin(BASE, link) == urljoin(BASE, place) for link in page.links), place


def test_there_is_a_light_and_a_dark_scheme(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")

    assert 'data-md-color-scheme="default"' in text
    assert 'data-md-color-scheme="slate"' in text


def test_every_page_can_be_edited_and_names_the_version(site: Path) -> None:
    release = metadata.version("flask-cognito")

    for path in site.rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        (edited,) = set(re.findall(r'href="https://github.com/[^"]+/edit/main/(docs/[^"]+)"', text))

        assert (ROOT / edited).is_file()
        assert f'md-source__fact--version">{release}<' in text


def test_a_link_to_a_page_is_shown_with_a_picture_of_the_site(site: Path) -> None:
    for path in site.rglob("index.html"):
        (picture,) = re.findall(r'<meta property="og:image" content="([^"]+)">', path.read_text(encoding="utf-8"))

        assert (site / picture.removeprefix(BASE)).read_bytes().startswith(b"\x89PNG")


def test_the_site_is_read_and_searched_from_disk(site_on_disk: Path) -> None:
    index = (site_on_disk / "search" / "search_index.js").read_text(encoding="utf-8")
    home = Html((site_on_disk / "index.html").read_text(encoding="utf-8"))

    assert index.startswith("var __index = ")
    assert "how-to/explain-a-refusal.html" in home.links
    assert [load for load in home.loads if urlsplit(load).scheme not in ("", "data")] == []
