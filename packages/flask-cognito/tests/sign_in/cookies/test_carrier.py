"""Sign-in's cookies are taken out of a request's header, whatever surrounds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flask_cognito.sign_in.cookies.carrier import CookieCarrier, received

NAME = "__Host-Http-cognito_session"


def taken(header: str | None) -> tuple[dict[str, str], str | None]:
    """Return sign-in's cookies in a header, and what the app sees of it."""
    environ = {} if header is None else {"HTTP_COOKIE": header}

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return ()

    CookieCarrier(app, NAME)(environ, None)  # type: ignore[arg-type]  # the app starts no response
    return received(environ), environ.get("HTTP_COOKIE")


@pytest.mark.parametrize(
    ("header", "ours", "others"),
    [
        (f"{NAME}=2.a; {NAME}_1=b; {NAME}_id=c", {NAME: "2.a", f"{NAME}_1": "b", f"{NAME}_id": "c"}, ""),
        (f"a=1; {NAME}=x; b=2", {NAME: "x"}, "a=1; b=2"),
        (f"a=1;{NAME}=x;b=2", {NAME: "x"}, "a=1; b=2"),
        (f" \t{NAME} =x \t; \tb=2 ", {NAME: "x"}, "b=2"),
        (f"{NAME}=x=y", {NAME: "x=y"}, ""),
        (f"{NAME}=first; {NAME}=second", {NAME: "first"}, ""),
        (f"{NAME}=; {NAME}_id=", {NAME: "", f"{NAME}_id": ""}, ""),
        (f"{NAME}=x;", {NAME: "x"}, ""),
        (f"{NAME}=x; ;", {NAME: "x"}, "; "),
        (NAME, {}, NAME),
        (f"{NAME}; a=1", {}, f"{NAME}; a=1"),
        (f"{NAME}ish=mine", {}, f"{NAME}ish=mine"),
        (f"a={NAME}=x", {}, f"a={NAME}=x"),
        (f"a=1 {NAME}=x", {}, f"a=1 {NAME}=x"),
        (f"={NAME}=x", {}, f"={NAME}=x"),
    ],
)
def test_the_session_is_taken_out_of_the_header(header: str, ours: dict[str, str], others: str) -> None:
    assert taken(header) == (ours, others)


def test_a_header_without_a_session_stays() -> None:
    assert taken("a=1;b=2") == ({"a": "1", "b": "2"}, "a=1;b=2")
    assert taken(None) == ({}, None)
