"""The pages of a local managed login. They work on a phone, in dark mode, and without JavaScript."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import Final

from cognito_jwt_core.testing.managed_login.answers import NOT_STORED, Answer

_STYLE: Final = """
:root { color-scheme: light dark; --accent: #3f51b5; --on-accent: #fff; --ground: #f6f7fb; --card: #fff;
  --text: #1b1f2d; --muted: #5b6277; --line: #d5d9e5; --field: #868da3; --alert: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --accent: #aab6ff; --on-accent: #14161f; --ground: #12141b;
  --card: #1a1d27; --text: #e6e8f0; --muted: #a2a9bd; --line: #3a3f51; --field: #6d7590; --alert: #ff9d94; } }
* { box-sizing: border-box; }
body { display: grid; min-height: 100vh; margin: 0; place-items: center; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(100%, 26rem); padding: clamp(1.25rem, 6vw, 2.25rem); border-radius: 1rem; background: var(--card);
  border: 1px solid var(--line); overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 1.75rem 0 0; padding-top: 1.25rem; border-top: 1px solid var(--line); }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; font-size: .925rem; }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--field); border-radius: .5rem; }
button { width: 100%; min-height: 2.75rem; margin-top: 1.25rem; padding: .5rem 1rem; font: inherit; font-weight: 600;
  border: 1px solid transparent; border-radius: .5rem; background: var(--accent); color: var(--on-accent);
  cursor: pointer; }
button.plain { margin-top: .5rem; border-color: var(--line); background: transparent; color: inherit;
  font-weight: 500; }
button.plain:hover { border-color: var(--accent); color: var(--accent); }
[role=alert] { color: var(--alert); font-weight: 600; margin: 1rem 0 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.note { margin: 0; color: var(--muted); font-size: .9rem; }
@media (max-width: 30rem) { body { background: var(--card); place-items: start stretch; } main { border: 0; } }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# No script, no frame, and only the style above. Not `form-action`: Chromium also applies it to the redirect to the app.
_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        **NOT_STORED,
    }
)

_ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "Sign in",
        "note": "A sign-in page on this machine, for development and tests. It is not Amazon Cognito.",
        "username": "Username",
        "password": "Password",
        "sign_in": "Sign in",
        "cancel": "Cancel",
        "demo": "Demo users",
        "sign_in_as": "Sign in as",
        "wrong": "Incorrect username or password.",
        "stale": "This page had expired. Please sign in again.",
    }
)
_GERMAN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "Anmelden",
        "note": "Eine Anmeldeseite auf diesem Rechner, für Entwicklung und Tests: nicht Amazon Cognito.",
        "username": "Benutzername",
        "password": "Passwort",
        "sign_in": "Anmelden",
        "cancel": "Abbrechen",
        "demo": "Demo-Benutzer",
        "sign_in_as": "Anmelden:",
        "wrong": "Benutzername und Passwort passen nicht zusammen.",
        "stale": "Diese Seite war abgelaufen. Bitte erneut anmelden.",
    }
)
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": _ENGLISH, "de": _GERMAN})


def sign_in_page(
    *,
    action: str,
    csrf_token: str,
    language: str | None,
    username: str,
    demo_users: Iterable[str],
    problem: str | None = None,
    cookie: str | None = None,
) -> Answer:
    """Return the sign-in page. Its status is 400 if it shows a problem.

    Args:
        action: URL to which the form is sent.
        csrf_token: Value of the hidden field `_csrf`.
        language: The request's `lang`: `"en"` or `"de"`. Any other value means English.
        username: Initial value of the username field.
        demo_users: Names of users who can sign in with one click.
        problem: Message to show: `"wrong"` for a wrong password, `"stale"` for an expired page. None shows none.
        cookie: Value of a `Set-Cookie` header, if any.
    """
    code = language if language is not None and language in _TEXTS else "en"
    text = _TEXTS[code]
    hidden = f'<input type="hidden" name="_csrf" value="{escape(csrf_token)}">'
    alert = f'<p role="alert" id="problem">{text[problem]}</p>' if problem else ""
    described = ' aria-describedby="problem"' if problem else ""
    form = f"""<h1>{text["title"]}</h1>
<p class="note">{text["note"]}</p>
{alert}
<form method="post" action="{escape(action)}">
{hidden}
<label for="username">{text["username"]}</label>
<input id="username" name="username" value="{escape(username)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" required{described}>
<label for="password">{text["password"]}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{described}>
<button type="submit">{text["sign_in"]}</button>
<button type="submit" name="cancel" value="yes" class="plain" formnovalidate>{text["cancel"]}</button>
</form>"""
    buttons = "".join(
        f'<button type="submit" name="demo_user" value="{escape(name)}" class="plain">'
        f"{text['sign_in_as']} {escape(name)}</button>\n"
        for name in demo_users
    )
    if buttons:
        form += f"""
<h2>{text["demo"]}</h2>
<form method="post" action="{escape(action)}">
{hidden}
{buttons}</form>"""
    return _page(400 if problem else 200, code, text["title"], form, cookie)


def error_page(message: str) -> Answer:
    """Return Cognito's own error page, with at most 200 characters of a message. Its status is 400."""
    shown = escape(message[:200])
    return _page(
        400, "en", "Error", f'<h1>Error</h1>\n<p role="alert">An error was encountered: <code>{shown}</code></p>', None
    )


def _page(status: int, language: str, title: str, content: str, cookie: str | None) -> Answer:
    page = f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""
    headers = _HEADERS if cookie is None else {**_HEADERS, "Set-Cookie": cookie}
    return Answer(status, headers, page.encode())
