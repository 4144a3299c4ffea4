"""`next` leads to a path of this origin, or to the start page."""

from __future__ import annotations

import pytest
from flask_cognito.sign_in.login.next_url import safe_next

ROUTES = frozenset({"/auth/login", "/auth/logout", "/app/auth/callback"})


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "/reports",
        "/reports/2026?page=2&q=a%20b",
        "/a//b",
        "/search?u=https://example.com/",
        "/search?path=../x",
        "/%C3%A9t%C3%A9",
        "/auth",
        "/auth/login-help",
        "/x#part",
        "/" + "x" * 511,
    ],
)
def test_a_path_of_this_origin_is_kept(value: str) -> None:
    assert safe_next(value, ROUTES) == value


def test_other_characters_are_percent_encoded() -> None:
    assert safe_next("/été un") == "/%C3%A9t%C3%A9%20un"


def test_no_path_can_become_markup() -> None:
    assert safe_next('/"><script>`') == "/%22%3E%3Cscript%3E%60"


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        b"/reports",
        "",
        "reports",
        "https://evil.com",
        "//evil.com",
        "///evil.com",
        "////evil.com",
        "/\\evil.com",
        "\\/evil.com",
        "\\\\evil.com",
        "/\tevil.com",
        "/\t/evil.com",
        "/\n/evil.com",
        "/\r\n/evil.com",
        " //evil.com",
        "\0//evil.com",
        "/\x7f/evil.com",
        "/\u2028/evil.com",
        "/\ud800",
        "//app@evil.com",
        "/.//evil.com",
        "/a/..//evil.com",
        "/a/../b",
        "/./a",
        "/%2F/evil.com",
        "/%2fevil.com",
        "/%5Cevil.com",
        "/%255Cevil.com",
        "/%09/evil.com",
        "/%0d%0aSet-Cookie:a=b",
        "/%2e%2e//evil.com",
        "/%252e%252e//evil.com",
        "%2F%2Fevil.com",
        "javascript:alert(1)",
        "/auth/login",
        "/auth/login/",
        "/auth/login?next=/x",
        "/auth/%6Cogin",
        "/auth//login",
        "//auth/login",
        "/auth///login//?next=/x",
        "/auth/%2Flogin",
        "/app/auth/callback#x",
        "/" + "x" * 512,
        "/" + "é" * 400,
    ],
)
def test_anything_else_leads_to_the_start_page(value: object) -> None:
    assert safe_next(value, ROUTES) == "/"
