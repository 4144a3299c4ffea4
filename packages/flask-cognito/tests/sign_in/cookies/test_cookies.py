"""Cookies fit into what browsers keep and servers take."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask_cognito.sign_in.cookies.rules import MAX_COOKIE_BYTES, CookieRules, parse_cookies, size_of

RULES = CookieRules(name="__Host-Http-cognito_session")


def test_a_cookie_has_every_attribute() -> None:
    written = RULES.written("__Host-Http-x", "value", 60.5)

    parts = written.split("; ")
    assert parts[0] == "__Host-Http-x=value"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=60"} <= set(parts)
    assert "Domain" not in written


def test_a_deleted_cookie_has_the_same_attributes() -> None:
    """A browser ignores the deletion of a `__Host-` cookie that is not `Secure`."""
    parts = RULES.deleted("__Host-Http-x").split("; ")

    assert parts[0] == "__Host-Http-x="
    assert {"Secure", "HttpOnly", "Path=/", "Max-Age=0"} <= set(parts)


def test_a_cookie_on_loopback_need_not_be_secure() -> None:
    assert "Secure" not in CookieRules(name="x", secure=False).written("x", "y", 1)


def joined(cookies: Mapping[str, str]) -> str | None:
    text = RULES.joined(cookies)
    return None if text is None else RULES.text_in(text)


@pytest.mark.parametrize("length", [1, 100, 3900, 5000, 9000])
def test_chunks_join_to_the_text(length: int) -> None:
    text = "x" * (length - 1) + "y"

    chunks = RULES.chunks(text)

    assert joined(chunks) == text
    assert all(len(RULES.written(name, value, 10**9)) <= MAX_COOKIE_BYTES for name, value in chunks.items())
    assert RULES.session_names({**chunks, "other": "x"}) == list(chunks)


def test_surplus_chunks_are_ignored() -> None:
    assert joined({**RULES.chunks("short"), RULES.chunk_name(1): "x"}) == "short"


def test_a_missing_chunk_is_no_session() -> None:
    chunks = RULES.chunks("x" * 9000)

    for name in chunks:
        assert RULES.joined({other: value for other, value in chunks.items() if other != name}) is None


@pytest.mark.parametrize("value", ["", "x", "1", "0.x", "-1.x", "99.x", "²."])
def test_another_count_is_no_session(value: str) -> None:
    assert RULES.joined({RULES.name: value}) is None


def test_cookies_are_parsed_as_browsers_send_them() -> None:
    assert parse_cookies("a=1; b=x=y;c=; d; a=2 ;  e=3") == {"a": "1", "b": "x=y", "c": "", "e": "3"}
    assert parse_cookies("") == {}


def test_the_size_counts_names_and_separators() -> None:
    assert size_of({"ab": "xyz", "c": ""}) == len("ab=xyz; ") + len("c=; ")
