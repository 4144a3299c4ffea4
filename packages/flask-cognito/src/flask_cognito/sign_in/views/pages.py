"""Sign-in's pages: one template, which an app can override with its own ``cognito/page.html``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cognito_jwt_core import SignInError, answer_for
from flask import Response, current_app, make_response, render_template

# Title and text of the pages that do not report an error.
_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "signed_out": ("You are signed out", "Sign in to continue."),
        "choose": ("Sign in", "Choose where your account is."),
        "sign_out": ("Sign out", "Do you want to sign out?"),
        "on_the_way": ("One moment", "You are taken to the page that you requested."),
        "signed_in": ("You are signed in", "You are taken to the page that you requested."),
    }
)


def texts_of(page: str) -> tuple[str, str]:
    """Return title and text of a page."""
    return _TEXTS[page]


def texts_of_error(error: SignInError) -> tuple[str, str]:
    """Return title and text of an error's page. Expected and actual values go to the log only."""
    body = answer_for(error).body
    return str(body["error"]), str(body["description"])


def page(
    status: int,
    title: str,
    text: str,
    *,
    code: str | None = None,
    link: tuple[str, str] | None = None,
    choices: Sequence[tuple[str, str]] = (),
    logout_path: str | None = None,
    go_to: str | None = None,
) -> Response:
    """Return a page.

    Args:
        status: HTTP status.
        title: The heading.
        text: What happened, and what to do.
        code: Stable name of the error.
        link: Path and text of a link.
        choices: Paths and texts of several links to choose from.
        logout_path: Path for a button to sign out.
        go_to: Path to which the browser goes immediately.
    """
    nonce = secrets.token_urlsafe(16)
    link_path, link_text = link or (None, None)
    html = render_template(
        "cognito/page.html",
        title=title,
        text=text,
        code=code,
        link_path=link_path,
        link_text=link_text,
        choices=choices,
        logout_path=logout_path,
        go_to=go_to,
        nonce=nonce,
    )
    answer = make_response(html, status)
    # No frames, scripts or external requests (RFC 9700 section 4.16). The form redirects to Cognito, so `form-action`
    # cannot be restricted.
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    )
    return with_page_headers(answer)


def with_page_headers(answer: Response) -> Response:
    """Return a response that no cache stores and whose URL is not sent to other sites."""
    answer.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    # The Referer header must not send the code to another site (RFC 9700 section 4.2.4).
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def json_answer(status: int, body: Mapping[str, object]) -> Response:
    """Return JSON."""
    answer = with_page_headers(make_response(current_app.json.dumps(body), status))
    answer.mimetype = "application/json"
    return answer
