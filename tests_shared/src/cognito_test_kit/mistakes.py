"""Common mistakes with tokens, each made with a real app, for the page `docs/reference/what-it-says.md`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_jwt_core import UserPool, explain_token
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth, cognito_auth_required, cognito_group_permissions, cognito_scope_permissions

from cognito_test_kit.pasted import everything

POOL = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
TEXTS = everything(POOL)
GOOD = POOL.access_token("alice")
DEMANDS: dict[str, dict[str, Any]] = {"/me": {}, "/admin": {"groups": "admin"}, "/todos": {"scopes": "todo/read"}}


@dataclass(frozen=True)
class Mistake:
    """A mistake.

    Attributes:
        name: Name of the mistake on the page.
        header: Value of the `Authorization` header; None for no header.
        pasted: Text that a developer would pass to `explain`; None for none.
        path: Path of the route.
        config: Config keys of the app to add or replace.
    """

    name: str
    header: str | None
    pasted: str | None = None
    path: str = "/me"
    config: Mapping[str, object] = field(default_factory=dict)


def _with(name: str, token: str, **options: Any) -> Mistake:
    return Mistake(name, f"Bearer {token}", token, **options)


def _header(name: str, value: str) -> Mistake:
    return Mistake(name, value, value)


BOTH_ISSUERS = " or ".join(sorted(UserPool(POOL.id).jwks_uris))
_NOTHING = "\N{EN DASH}"
NO_ENDPOINT = {"COGNITO_JWKS": None, "COGNITO_JWKS_URI": "http://127.0.0.1:9/jwks.json"}

MISTAKES = (
    Mistake("No header", None),
    _header("The token without its scheme", GOOD),
    _header("The scheme `Token`", f"Token {GOOD}"),
    _header("A colon after the scheme", f"Bearer: {GOOD}"),
    _header("The scheme twice", f"Bearer Bearer {GOOD}"),
    _header("Only the scheme", "Bearer "),
    _header("An object in JavaScript", "Bearer [object Object]"),
    _header("A variable that is not set", "Bearer undefined"),
    _header("Quotes around the token", f'Bearer "{GOOD}"'),
    _header("The scheme Basic", "Basic YWxpY2U6c2VjcmV0"),
    _header("A request signed for AWS", TEXTS["SigV4"]),
    _header("The whole answer of the sign-in", f"Bearer {TEXTS['the answer of InitiateAuth']}"),
    _with("A URL-encoded token", TEXTS["URL-encoded"].partition("%20")[2]),
    _with("A token that was cut off", TEXTS["cut off in the signature"]),
    _with("An authorization code", TEXTS["an authorization code"]),
    _with("An API key", TEXTS["an API key of AppSync"]),
    _with("The refresh token", TEXTS["a refresh token"]),
    _with("The ID token", TEXTS["an ID token"]),
    _with("An expired token", TEXTS["an expired token"]),
    _with("A clock that is behind", TEXTS["a token that begins later"]),
    _with("Another app client", TEXTS["another app client"]),
    _with("Another API", TEXTS["another API"]),
    _with("Another pool", TEXTS["another pool"]),
    _with("Another Region", TEXTS["another Region"]),
    _with("Google's token", TEXTS["Google"]),
    _with("Microsoft Entra's token", TEXTS["Entra v2"]),
    _with("Auth0's token", TEXTS["Auth0"]),
    _with("An identity pool's token", TEXTS["an identity pool"]),
    _with("A load balancer's own token", TEXTS["a load balancer"]),
    _with("An app's own session", TEXTS["an app's own session"]),
    _with("An emulator's token", TEXTS["an emulator"]),
    _with("A token that was changed", TEXTS["changed after it was signed"]),
    _with("A key that was rotated", TEXTS["another key"]),
    _with("Another algorithm", TEXTS["HS256"]),
    _with("A token without a signature", TEXTS["no signature"]),
    _with("A claim that a trigger removed", TEXTS["a claim is missing"]),
    _with(
        "An issuer setting for an emulator",
        GOOD,
        config={"COGNITO_ISSUER": "http://localhost:9229/eu-central-1_c3fea2"},
    ),
    _with("A user without the group", GOOD, path="/admin"),
    _with("A program where a group is demanded", POOL.client_credentials_token(), path="/admin"),
    _with("A sign-in that gives no custom scopes", GOOD, path="/todos"),
    _with("No network to the keys", GOOD, config=NO_ENDPOINT),
)


@dataclass(frozen=True)
class Said:
    """The output of the library after a mistake.

    Attributes:
        answer: Status and error code of the response.
        log: Reason in the log; empty if nothing was logged.
        advice: Advice of `explain`; empty if `explain` was not called.
    """

    answer: str
    log: str
    advice: str


def said(mistake: Mistake) -> Said:
    """Make a mistake, and return the output of the library."""
    app, auth = _app(mistake.config)
    headers = {} if mistake.header is None else {"Authorization": mistake.header}
    records: list[logging.LogRecord] = []
    with _recorded(records):
        response = app.test_client().get(mistake.path, headers=headers)
    code = response.get_json()["code"]
    advice = ""
    if mistake.pasted is not None:
        with app.app_context():
            explanation = explain_token(auth.verifier, mistake.pasted, **DEMANDS[mistake.path])
            advice = "Accepted: the token is good." if explanation.is_accepted else explanation.advice
    reasons = [str(record.args[2]) for record in records if isinstance(record.args, tuple)]
    return Said(f"{response.status_code} `{code}`", _settled("; ".join(reasons)), _settled(advice))


def _app(config: Mapping[str, object]) -> tuple[Flask, CognitoAuth]:
    app = Flask("mistakes")
    app.config.update(
        COGNITO_REGION="eu-central-1",
        COGNITO_USERPOOL_ID=POOL.id,
        COGNITO_APP_CLIENT_ID=POOL.client_id,
        COGNITO_TOKEN_USE="access",
        COGNITO_JWKS=POOL.jwks,
    )
    app.config.update(config)
    auth = CognitoAuth(app)
    app.add_url_rule("/me", "me", cognito_auth_required(_nothing))
    app.add_url_rule("/admin", "admin", cognito_group_permissions("admin")(_nothing))
    app.add_url_rule("/todos", "todos", cognito_scope_permissions("todo/read")(_nothing))
    return app, auth


def _nothing() -> dict[str, str]:
    return {}


class _recorded(logging.Handler):  # noqa: N801  a context manager
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records
        self._logger = logging.getLogger("flask_cognito.refusals")

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)


def _settled(text: str) -> str:
    """Return a text with an ellipsis for the parts that differ from run to run, such as times and key ids."""
    text = re.sub(r"\b\d{10}\b|(?<=expired )\d+|(?<=valid in )\d+", "\N{HORIZONTAL ELLIPSIS}", text)
    text = text.replace(BOTH_ISSUERS, "\N{HORIZONTAL ELLIPSIS}")
    text = re.sub(r"'[\w+/=-]{43,44}'", "'\N{HORIZONTAL ELLIPSIS}'", text)
    return re.sub(r"\(Connection[^)]*\)|next attempt in \d+ s", "\N{HORIZONTAL ELLIPSIS}", text)


def table() -> Iterator[str]:
    """Yield the lines of the table on the page."""
    yield "| Mistake | Answer | Log | `explain` |"
    yield "| --- | --- | --- | --- |"
    for mistake in MISTAKES:
        found = said(mistake)
        yield f"| {mistake.name} | {found.answer} | {_cell(found.log)} | {found.advice or _NOTHING} |"


def _cell(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else _NOTHING
