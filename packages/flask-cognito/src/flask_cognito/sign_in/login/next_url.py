"""Choose where a user goes after sign-in: a path of this origin, or the start page."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, unquote

START = "/"
_MAX_CHARACTERS = 512
# Browsers percent-encode these themselves (WHATWG URL section 1.3). So a page that shows the path cannot run it as a
# script.
_ENCODED = frozenset('"<>`')
_KEPT = "".join({chr(code) for code in range(0x21, 0x7F)} - _ENCODED)


def safe_next(value: object, routes: Collection[str] = ()) -> str:
    """Return `value` if it is a path of this origin that is safe to redirect to, else ``/``.

    It is checked as it is, and percent-decoded once and twice, because proxies and frameworks decode at different
    stages.

    Args:
        value: Any value from the request, the app or a sealed login.
        routes: Paths of sign-in itself, which would cause a redirect loop.

    Spec: RFC 9700 section 4.11 (open redirectors), WHATWG URL section 4.4.
    """
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        return START
    once = unquote(value)
    texts = (value, once, unquote(once))
    if not all(_is_local(text, routes) for text in texts):
        return START
    found = quote(value, safe=_KEPT)
    return found if len(found) <= _MAX_CHARACTERS else START


def _is_local(text: str, routes: Collection[str]) -> bool:
    # Browsers treat a backslash as a slash, and drop tabs and line breaks: "/\evil.com" and "/<TAB>/evil.com" lead
    # elsewhere.
    if "\\" in text or not text.isprintable():
        return False
    path = text.partition("#")[0].partition("?")[0]
    if not path.startswith("/") or path.startswith("//"):
        return False
    segments = path.split("/")
    # A browser resolves "/.//evil.com" to "//evil.com".
    if "." in segments or ".." in segments:
        return False
    # Flask redirects "/auth//login" to "/auth/login".
    return (re.sub("/+", "/", path).rstrip("/") or START) not in routes
