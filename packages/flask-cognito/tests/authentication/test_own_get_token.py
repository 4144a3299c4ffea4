"""A token from the app's own `get_token` is the browser's own, unless a header carries it."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, request, session
from flask_cognito import CognitoAuth, current_cognito_jwt

MakeApp = Callable[..., Flask]
ANOTHER_SITE = {"Sec-Fetch-Site": "cross-site"}


class FromSession(CognitoAuth):
    def get_token(self) -> str | None:
        return session.get("token")


class WithPrefix(CognitoAuth):
    def get_token(self) -> str | None:
        return request.cookies.get("mine", "").removeprefix("v1.") or None


class InTwoCookies(CognitoAuth):
    def get_token(self) -> str | None:
        return request.cookies.get("a", "") + request.cookies.get("b", "") or None


class FromQuery(CognitoAuth):
    def get_token(self) -> str | None:
        return request.args.get("token")


class FromHeader(CognitoAuth):
    def get_token(self) -> str | None:
        return request.headers.get("X-Token", "").removeprefix("Token:") or None


def asked(app: Flask, found: type[CognitoAuth], token: str, method: str = "POST", **headers: str) -> Any:
    """A request with the token where this class looks for it."""
    client = app.test_client()
    path = "/required"
    if found is FromSession:
        with client.session_transaction() as kept:
            kept["token"] = token
    elif found is WithPrefix:
        client.set_cookie("mine", f"v1.{token}")
    elif found is InTwoCookies:
        client.set_cookie("a", token[:100])
        client.set_cookie("b", token[100:])
    elif found is FromQuery:
        path += f"?token={token}"
    return client.open(path, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def found() -> type[CognitoAuth]:
    return CognitoAuth


@pytest.fixture
def app(make_app: MakeApp, found: type[CognitoAuth]) -> Flask:
    app = make_app(found, SECRET_KEY="0123456789abcdef", PROPAGATE_EXCEPTIONS=True)

    @app.get("/cached")
    def cached() -> Any:
        return "", {"Cache-Control": "public, max-age=60, s-maxage=60"}

    return app


@pytest.mark.parametrize("found", [FromSession, WithPrefix, InTwoCookies, FromQuery])
class TestFromTheBrowser:
    def test_another_site_is_refused(self, app: Flask, found: type[CognitoAuth], pool: LocalUserPool) -> None:
        token = pool.access_token()

        assert asked(app, found, token).status_code == 200
        for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}):
            response = asked(app, found, token, **headers)
            assert (response.status_code, response.get_json()["code"]) == (403, "cross_site_request")

    def test_answers_are_private(self, app: Flask, found: type[CognitoAuth], pool: LocalUserPool) -> None:
        for token in (pool.access_token(), pool.expired_token(), ""):
            response = asked(app, found, token, method="GET")
            assert response.cache_control.private, token
            assert "Cookie" in response.vary


@pytest.mark.parametrize("found", [FromSession])
def test_a_view_that_says_public_is_private_all_the_same(
    app: Flask, found: type[CognitoAuth], pool: LocalUserPool
) -> None:
    app.extensions["cognito_auth"].protect(app)
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["token"] = pool.access_token()

    response = client.get("/cached")

    assert response.cache_control.private
    assert not response.cache_control.public
    assert response.cache_control.s_maxage is None


@pytest.mark.parametrize("found", [FromHeader])
class TestFromAHeader:
    @pytest.mark.parametrize("form", ["{}", "Token:{}"])
    def test_another_site_may_send_it(
        self, app: Flask, found: type[CognitoAuth], pool: LocalUserPool, form: str
    ) -> None:
        token = pool.access_token()

        response = asked(app, found, token, X_Token=form.format(token), Sec_Fetch_Site="cross-site")

        assert response.status_code == 200
        assert "X-Token" in response.vary
        assert not response.cache_control.private

    def test_a_short_token_inside_another_word_is_not_in_that_header(
        self, make_app: MakeApp, found: type[CognitoAuth]
    ) -> None:
        class Opaque(CognitoAuth):
            def get_token(self) -> str | None:
                return "html"

            def decode_token(self, token: str) -> dict[str, Any]:
                return {"sub": token}

        client = make_app(Opaque).test_client()
        headers = {"X-Kind": "xhtml+xml htmlx html-x", **ANOTHER_SITE}

        assert client.post("/required", headers=headers).status_code == 403
        assert client.post("/required", headers={"X-Kind": "(html)", **ANOTHER_SITE}).status_code == 200

    @pytest.mark.parametrize(
        "name", ["Referer", "Cookie", "X-Amzn-Oidc-Accesstoken", "x-amzn-oidc-data", "X-Forwarded-Access-Token"]
    )
    def test_headers_that_a_browser_or_balancer_fills_do_not_count(
        self, make_app: MakeApp, found: type[CognitoAuth], pool: LocalUserPool, name: str
    ) -> None:
        class Anywhere(CognitoAuth):
            def get_token(self) -> str | None:
                return request.headers[name]

        client = make_app(Anywhere).test_client(use_cookies=False)

        assert client.post("/required", headers={name: pool.access_token(), **ANOTHER_SITE}).status_code == 403


def test_a_header_that_a_load_balancer_fills_is_the_browsers_own(make_app: MakeApp, pool: LocalUserPool) -> None:
    app = make_app(
        COGNITO_JWT_HEADER_NAME="x-amzn-oidc-accesstoken",
        COGNITO_JWT_HEADER_PREFIX=None,
        COGNITO_TRUSTED_ORIGINS=["https://spa.example", "https://SPA.example:8443"],
    )
    headers = {"X-Amzn-Oidc-Accesstoken": pool.access_token()}
    client = app.test_client()

    assert client.post("/required", headers=headers).status_code == 200
    assert client.post("/required", headers={**headers, **ANOTHER_SITE}).status_code == 403
    for origin in ("https://spa.example", "https://spa.example:443", "https://spa.example:8443"):
        trusted = {**headers, **ANOTHER_SITE, "Origin": origin}
        assert client.post("/required", headers=trusted).status_code == 200, origin
        assert client.post("/required", headers={**headers, "Origin": origin}).status_code == 200
    for origin in ("http://spa.example", "https://spa.example:444", "https://x.spa.example", "null"):
        assert client.post("/required", headers={**headers, **ANOTHER_SITE, "Origin": origin}).status_code == 403, (
            origin
        )


class TestPatchedAfterwards:
    """A test may replace a method of the class when the app has long been built."""

    def test_decode_token(self, app: Flask) -> None:
        client = app.test_client()
        assert client.get("/required", headers={"Authorization": "Bearer x"}).status_code == 401

        with mock.patch.object(CognitoAuth, "decode_token", return_value={"sub": "1", "username": "patched"}):
            found = client.get("/required", headers={"Authorization": "Bearer x"}).get_json()

        assert found["claims"]["username"] == "patched"
        assert client.get("/required", headers={"Authorization": "Bearer x"}).status_code == 401

    def test_get_token_of_the_object(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
        token = pool.access_token()

        with mock.patch.object(auth, "get_token", return_value=token):
            assert app.test_client().get("/required").status_code == 200
            assert app.test_client().post("/required", headers=ANOTHER_SITE).status_code == 403

    def test_get_user(self, app: Flask, pool: LocalUserPool, bearer: Callable[[str], dict[str, str]]) -> None:
        with mock.patch.object(CognitoAuth, "get_user", lambda self, payload: payload["sub"]):
            found = app.test_client().get("/required", headers=bearer(pool.access_token())).get_json()

        assert found["user"] == found["claims"]["sub"]

    def test_the_answer_to_an_error(self, app: Flask) -> None:
        with mock.patch.object(CognitoAuth, "_cognito_auth_error_handler", lambda self, error: (error.error_code, 418)):
            answer = app.test_client().get("/required")

        assert (answer.status_code, answer.text) == (418, "authorization_required")


def test_the_default_hooks_can_be_called_outside_of_a_request(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool
) -> None:
    with app.app_context():
        assert auth.decode_token(pool.access_token("alice"))["username"] == "alice"
        assert not current_cognito_jwt
