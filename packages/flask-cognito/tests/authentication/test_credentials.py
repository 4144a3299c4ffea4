"""Where a token is looked for, and what a header must look like."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask, request
from flask.testing import FlaskClient
from flask_cognito import CognitoAuth, CognitoAuthError, cognito_auth_required

MakeApp = Callable[..., Flask]

BOTH = ["header", "cookie"]


@pytest.fixture
def token(pool: LocalUserPool) -> str:
    return pool.access_token("alice")


def who(client: FlaskClient, **headers: str) -> Any:
    """The username that a request is taken for, or the code it is refused with."""
    response = client.get("/required", headers={name.replace("_", "-"): value for name, value in headers.items()})
    body = response.get_json()
    return body["claims"]["username"] if response.status_code == 200 else body["code"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_compared_without_case(client: FlaskClient, token: str, scheme: str) -> None:
    assert who(client, Authorization=f"{scheme} {token}") == "alice"


def test_spaces_around_the_token_do_not_matter(client: FlaskClient, token: str) -> None:
    assert who(client, Authorization=f"  Bearer   {token}  ") == "alice"


@pytest.mark.parametrize("space", ["\x0b", "\x1c", "\x85", "\xa0"])
def test_only_what_http_calls_a_space_is_one(client: FlaskClient, pool: LocalUserPool, space: str) -> None:
    """RFC 9110 section 5.6.3."""
    for value in (f"Bearer {space}{pool.access_token()}", f"Bearer {pool.access_token()}{space}"):
        response = client.get("/required", environ_overrides={"HTTP_AUTHORIZATION": value})

        assert (response.status_code, response.get_json()["code"]) == (401, "malformed_token")


@pytest.mark.parametrize("value", ["", "   ", " \t"])
def test_an_empty_header_is_no_token(client: FlaskClient, value: str) -> None:
    assert who(client, Authorization=value) == "authorization_required"


def test_header_and_prefix_can_be_other_ones(make_app: MakeApp, token: str) -> None:
    client = make_app(COGNITO_JWT_HEADER_NAME="X-MyApp-Authorization", COGNITO_JWT_HEADER_PREFIX="JWT").test_client()

    assert who(client, X_MyApp_Authorization=f"jwt {token}") == "alice"
    assert who(client, X_MyApp_Authorization=f"Bearer {token}") == "invalid_header"
    assert who(client, Authorization=f"Bearer {token}") == "authorization_required"


@pytest.mark.parametrize("prefix", ["", None])
def test_without_a_prefix_the_whole_value_is_the_token(make_app: MakeApp, token: str, prefix: str | None) -> None:
    client = make_app(COGNITO_JWT_HEADER_PREFIX=prefix).test_client()

    assert who(client, Authorization=token) == "alice"
    assert who(client, Authorization=f"Bearer {token}") == "invalid_header"
    assert who(client) == "authorization_required"


class TestCookies:
    @pytest.fixture
    def client(self, make_app: MakeApp) -> FlaskClient:
        return make_app(COGNITO_JWT_HEADER_NAME="Cookie").test_client()

    def test_the_cookie_is_called_session_token(self, client: FlaskClient, token: str) -> None:
        client.set_cookie("session_token", token)

        assert who(client) == "alice"
        assert who(client, Authorization=f"Bearer {token}") == "alice"

    def test_without_it_there_is_no_token(self, client: FlaskClient, token: str) -> None:
        assert who(client, Authorization=f"Bearer {token}") == "authorization_required"

    def test_an_empty_one_is_no_token(self, client: FlaskClient) -> None:
        client.set_cookie("session_token", "")

        assert who(client) == "authorization_required"

    def test_it_can_be_called_otherwise(self, make_app: MakeApp, token: str) -> None:
        client = make_app(COGNITO_JWT_HEADER_NAME="cookie", COGNITO_JWT_COOKIE_NAME="__Host-token").test_client()
        client.set_cookie("__Host-token", token)

        assert who(client) == "alice"


class TestBoth:
    @pytest.fixture(params=[BOTH, BOTH[::-1]], ids=["header first", "cookie first"])
    def order(self, request: pytest.FixtureRequest) -> list[str]:
        order: list[str] = request.param
        return order

    @pytest.fixture
    def client(self, make_app: MakeApp, order: list[str]) -> FlaskClient:
        return make_app(COGNITO_TOKEN_LOCATIONS=order).test_client()

    def test_either_is_enough(self, client: FlaskClient, token: str) -> None:
        assert who(client) == "authorization_required"
        assert who(client, Authorization=f"Bearer {token}") == "alice"
        client.set_cookie("session_token", token)
        assert who(client) == "alice"

    def test_the_first_that_has_a_token_decides(
        self, client: FlaskClient, pool: LocalUserPool, order: list[str]
    ) -> None:
        client.set_cookie("session_token", pool.access_token("cookie"))

        assert who(client, Authorization=f"Bearer {pool.access_token('header')}") == order[0]

    def test_a_bad_token_is_not_made_good_by_the_other(
        self, client: FlaskClient, pool: LocalUserPool, order: list[str]
    ) -> None:
        bad, good = pool.expired_token(), pool.access_token()
        in_cookie, in_header = (good, bad) if order == BOTH else (bad, good)
        client.set_cookie("session_token", in_cookie)

        assert who(client, Authorization=f"Bearer {in_header}") == "token_expired"

    def test_a_header_of_another_scheme_leaves_it_to_the_cookie(self, client: FlaskClient, token: str) -> None:
        assert who(client, Authorization="Basic YWxpY2U6c2VjcmV0") == "invalid_header"
        client.set_cookie("session_token", token)
        assert who(client, Authorization="Basic YWxpY2U6c2VjcmV0") == "alice"

    def test_a_malformed_header_does_not(self, make_app: MakeApp, token: str) -> None:
        client = make_app(COGNITO_TOKEN_LOCATIONS=BOTH).test_client()
        client.set_cookie("session_token", token)

        assert who(client, Authorization="Bearer one two") == "invalid_header"

    def test_header_and_cookie_can_be_called_otherwise(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        client = make_app(
            COGNITO_TOKEN_LOCATIONS=BOTH, COGNITO_JWT_HEADER_NAME="X-Token", COGNITO_JWT_COOKIE_NAME="token"
        ).test_client()

        assert who(client, X_Token=f"Bearer {pool.access_token('header')}") == "header"
        client.set_cookie("token", pool.access_token("cookie"))
        assert who(client) == "cookie"


class TestFoundByASubclass:
    class FromQuery(CognitoAuth):
        def get_token(self) -> str | None:
            if request.args.get("token") == "none at all":
                raise CognitoAuthError("No Token", "Nowhere.", error_code="nowhere")
            return request.args.get("token") or super().get_token() or request.cookies.get("mine")

    @pytest.fixture
    def client(self, make_app: MakeApp) -> FlaskClient:
        return make_app(self.FromQuery).test_client()

    def test_the_token_is_taken_from_where_it_looks(self, client: FlaskClient, pool: LocalUserPool) -> None:
        token = pool.access_token()

        assert client.get(f"/required?token={token}").status_code == 200
        assert client.get("/required", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert client.get("/required").get_json()["code"] == "authorization_required"
        assert client.get("/required?token=").get_json()["code"] == "authorization_required"
        assert client.get("/required?token=none+at+all").get_json()["code"] == "nowhere"

    def test_one_that_is_a_cookies_is_treated_as_a_cookies(self, client: FlaskClient, pool: LocalUserPool) -> None:
        client.set_cookie("mine", pool.access_token())

        assert client.post("/required").status_code == 200
        assert client.post("/required", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        client.set_cookie("mine", pool.expired_token())
        assert client.get("/optional").status_code == 200


def test_get_token_can_be_called_by_hand(app: Flask, auth: CognitoAuth, token: str) -> None:
    with app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
        assert auth.get_token() == token
    with app.test_request_context():
        assert auth.get_token() is None


class TestGetTokenInAView:
    """A view that calls `get_token` itself is protected as one with a decorator is."""

    @pytest.fixture
    def client(self, make_app: MakeApp, token: str) -> FlaskClient:
        app = make_app(COGNITO_TOKEN_LOCATIONS=BOTH)
        found = app.extensions["cognito_auth"].get_token
        app.add_url_rule("/by-hand", view_func=lambda: str(found() is not None), methods=["GET", "POST"])
        client = app.test_client()
        client.set_cookie("session_token", token)
        return client

    def test_another_site_is_refused(self, client: FlaskClient) -> None:
        other = {"Sec-Fetch-Site": "cross-site"}

        assert client.post("/by-hand", headers=other).status_code == 403
        assert client.post("/by-hand", headers={"Sec-Fetch-Site": "same-origin"}).text == "True"
        assert client.get("/by-hand", headers=other).text == "True"

    def test_a_token_of_the_page_itself_passes(self, client: FlaskClient, token: str) -> None:
        headers = {"Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {token}"}

        assert client.post("/by-hand", headers=headers).text == "True"

    def test_caches_are_told_what_the_answer_depends_on(self, client: FlaskClient) -> None:
        named = client.get("/by-hand").vary
        client.delete_cookie("session_token")
        anonymous = client.get("/by-hand")

        assert {"authorization", "cookie"} <= set(named.to_header().lower().replace(" ", "").split(","))
        assert (anonymous.text, anonymous.vary.to_header()) == ("False", named.to_header())


def test_no_part_of_a_header_is_shown(client: FlaskClient, caplog: pytest.LogCaptureFixture, token: str) -> None:
    caplog.set_level(0)
    for value in (token, f"Token {token}", f"Bearer {token} {token}", f"{token} Bearer"):
        response = client.get("/required", headers={"Authorization": value})

        assert token[:20] not in response.text + str(response.headers) + caplog.text
    assert "refused" in caplog.text


def test_views_outside_of_an_app_with_the_extension_say_what_is_missing(messages: Messages) -> None:
    app = Flask("bare")
    app.testing = True
    app.add_url_rule("/", view_func=cognito_auth_required(lambda: "ok"))

    with messages.raises(RuntimeError):
        app.test_client().get("/")
