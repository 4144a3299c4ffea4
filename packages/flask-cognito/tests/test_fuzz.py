"""Whatever is sent in a header or a cookie: no answer is a 500, and no part of a token comes back."""

from collections.abc import Iterable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool, hostile_tokens
from flask import Flask
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.http import dump_cookie

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
PATHS = ["/required", "/optional", "/group", "/scope", "/recent", "/class", "/async"]
METHODS = ["GET", "POST", "OPTIONS", "HEAD", "DELETE"]
ANSWERS = {200, 401, 403, 405}


def make_app(**config: Any) -> Flask:
    app = Flask("fuzzed")
    app.config.update(
        COGNITO_REGION=POOL.region,
        COGNITO_USERPOOL_ID=POOL.id,
        COGNITO_APP_CLIENT_ID=POOL.client_id,
        COGNITO_TOKEN_USE="access",
        COGNITO_JWKS=POOL.jwks,
        **config,
    )
    auth = CognitoAuth(app)
    auth.identity_handler(lambda payload: payload["username"])

    def view() -> Any:
        return dict(current_cognito_jwt)

    async def async_view() -> Any:
        return dict(current_cognito_jwt)

    class Classy(MethodView):
        decorators = [cognito_auth_required]  # noqa: RUF012 - as Flask has it

        def get(self) -> Any:
            return view()

    for path, guarded in {
        "/required": cognito_auth_required(view),
        "/optional": cognito_auth_optional(view),
        "/group": cognito_group_permissions("admin")(view),
        "/scope": cognito_scope_permissions("todo/read")(view),
        "/recent": cognito_step_up(300, "urn:cognito:loa:4")(view),
        "/async": cognito_auth_required(async_view),
    }.items():
        app.add_url_rule(path, path, guarded, methods=["GET", "POST", "DELETE"])
    app.add_url_rule("/class", view_func=Classy.as_view("class"))
    return app


APPS = {
    "header": make_app(),
    "cookie": make_app(COGNITO_JWT_HEADER_NAME="Cookie"),
    "both": make_app(COGNITO_TOKEN_LOCATIONS=["cookie", "header"]),
    "no prefix": make_app(COGNITO_JWT_HEADER_PREFIX=None, COGNITO_JWT_HEADER_NAME="X-Token"),
    "resource": make_app(COGNITO_RESOURCE="https://api.example/mcp", COGNITO_RESOURCE_SCOPES=["mcp/read"]),
    "protected": make_app(COGNITO_IDENTITY_REQUIRED=True, COGNITO_REALM='"\\'),
}
APPS["protected"].extensions["cognito_auth"].protect(APPS["protected"])

GOOD = [POOL.access_token(), POOL.id_token(), POOL.client_credentials_token(), POOL.expired_token()]

# A server hands headers on as latin-1 (PEP 3333); what it never lets through are line breaks and NUL.
latin_1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"))
token = st.one_of(
    st.sampled_from(GOOD),
    latin_1,
    st.tuples(st.sampled_from(GOOD), st.integers(0, 400), st.characters(min_codepoint=33, max_codepoint=126)).map(
        lambda spoilt: spoilt[0][: spoilt[1]] + spoilt[2] + spoilt[0][spoilt[1] + 1 :]
    ),
    st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,40}", fullmatch=True), min_size=1, max_size=5).map(".".join),
)
scheme = st.one_of(st.sampled_from(["Bearer ", "bearer ", "Bearer", "Basic ", "", " ", "\t", "Bearer\xa0"]), latin_1)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": st.tuples(scheme, token).map("".join),
        "X-Token": token,
        "Cookie": st.one_of(latin_1, token.map(lambda text: f"session_token={text}; a=b"), token.map('"{}"'.format)),
        "Origin": st.one_of(latin_1, st.sampled_from(["null", "http://localhost", "http://evil.example"])),
        "Sec-Fetch-Site": st.one_of(latin_1, st.sampled_from(["cross-site", "same-origin", "none"])),
        "X-Request-ID": latin_1,
    },
)


def parts(sent: Iterable[str]) -> list[str]:
    """The parts of a token that could be told from other text."""
    return [part for text in sent for part in text.split(".") if len(part) > 40]


@pytest.mark.parametrize("name", APPS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sent=headers, path=st.sampled_from(PATHS), method=st.sampled_from(METHODS))
def test_no_header_or_cookie_makes_a_500(name: str, sent: dict[str, str], path: str, method: str) -> None:
    client = APPS[name].test_client(use_cookies=False)

    # By the environ, since the test client encodes what a server hands on as it is.
    environ = {"HTTP_" + header.upper().replace("-", "_"): value for header, value in sent.items()}
    response = client.open(path, method=method, environ_overrides=environ)

    assert response.status_code in ANSWERS
    if response.status_code != 200:
        told = response.text + str(response.headers)
        assert not [part for part in parts(sent.values()) if part in told]


@pytest.mark.parametrize("name", ["header", "cookie", "both", "no prefix"])
def test_no_hostile_token_gets_in(name: str) -> None:
    client = APPS[name].test_client(use_cookies=False)

    for kind, hostile, _ in hostile_tokens(POOL):
        for environ in (
            {"HTTP_AUTHORIZATION": f"Bearer {hostile}"},
            {"HTTP_X_TOKEN": hostile},
            {"HTTP_COOKIE": dump_cookie("session_token", hostile, path=None, max_size=0)},
        ):
            assert client.get("/required", environ_overrides=environ).status_code in (401, 403), kind
