"""A session authenticates requests, and its absence is answered as the requester needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cognito_jwt_core import Claims
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from flask import Flask, request
from flask.testing import FlaskClient
from flask_cognito import CognitoAuth, MemorySessionStore, cognito_auth_required, current_session, verify_cognito_jwt
from flask_cognito.testing import as_user, sign_in
from flask_cognito.testing.sign_in import NAVIGATION

from ..conftest import PASSWORD, cookies_in

MakeApp = Callable[..., Flask]
NAME = "__Host-Http-cognito_session"
FETCH = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
SUBMIT = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}


def test_a_group_is_demanded_of_a_session(user: FlaskClient, app: Flask, login: LocalManagedLogin) -> None:
    assert user.get("/admin").status_code == 200
    bob = app.test_client()
    sign_in(bob, "bob", PASSWORD, login)

    program = bob.get("/admin", headers=FETCH)
    page = bob.get("/admin", headers=NAVIGATION)

    assert program.status_code == 403
    assert program.get_json()["code"] == "group_required"
    assert page.status_code == 403
    assert '<form method="post" action="/auth/logout">' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_the_current_session_describes_the_user(
    make_app: MakeApp, login: LocalManagedLogin, clock: ManualClock
) -> None:
    app = make_app()
    found: list[Any] = []

    @app.route("/look")
    @cognito_auth_required
    def look() -> str:
        found.append(current_session._get_current_object())  # noqa: SLF001
        current_session.id_claims["email"] = "changed"
        with pytest.raises(TypeError, match=r"id_claims\['sub'\]"):
            _ = current_session["sub"]
        return ""

    client = app.test_client()
    now = clock.time()
    sign_in(client, "alice", PASSWORD, login)
    client.get("/look")
    client.get("/look")

    first, second = found
    assert isinstance(second.id_claims, Claims)
    assert second.id_claims["email"] == "alice@example.com"
    assert second.id_claims.username == "alice"
    assert first.signed_in_at.timestamp() == pytest.approx(now)
    assert first.expires_at - first.signed_in_at == timedelta(hours=12)
    assert first.access_token not in repr(first)
    assert repr(first) == repr(second)
    second.access_token = "another"
    assert repr(first) != repr(second)
    assert not current_session


def test_without_a_session_the_current_session_says_so(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()
    found: list[str] = []

    @app.route("/look")
    @cognito_auth_required
    def look() -> str:
        with pytest.raises(AttributeError) as caught:
            _ = current_session.id_claims
        with pytest.raises(TypeError, match="no session authenticated"):
            _ = current_session["sub"]
        with pytest.raises(TypeError, match="_get_current_object"):
            hash(current_session)
        found.append(str(caught.value))
        return ""

    token = login.pool.access_token("alice", iss=login.user_pool.issuer)
    status = app.test_client().get("/look", headers={"Authorization": f"Bearer {token}"}).status_code

    assert status == 200
    assert found[0].startswith("current_session is None and has no attribute 'id_claims'")


def test_a_header_decides_where_both_are_there(user: FlaskClient, login: LocalManagedLogin) -> None:
    own = user.get("/reports").get_json()["token"]

    answer = user.get("/reports", headers={"Authorization": f"Bearer {own}"})
    bad = user.get("/reports", headers={"Authorization": "Bearer x.y.z"})

    assert answer.get_json()["session"] is False
    assert bad.status_code == 401


def test_an_app_can_look_for_the_session_first(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_TOKEN_LOCATIONS=("session", "header")).test_client()
    sign_in(client, "alice", PASSWORD, login)

    assert client.get("/reports", headers={"Authorization": "Bearer x.y.z"}).get_json()["session"] is True


def test_an_app_can_look_for_no_session(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(COGNITO_TOKEN_LOCATIONS=("header",)).test_client()
    sign_in(client, "alice", PASSWORD, login)

    assert client.get("/reports").status_code == 401


def test_a_location_without_sign_in_finds_nothing(login: LocalManagedLogin) -> None:
    app = Flask("plain")
    app.config.update(
        COGNITO_REGION=login.pool.region,
        COGNITO_USERPOOL_ID=login.pool.id,
        COGNITO_ISSUER=login.user_pool.issuer,
        COGNITO_TOKEN_LOCATIONS=("session", "header"),
    )
    CognitoAuth(app)
    app.add_url_rule("/", "home", cognito_auth_required(lambda: "home"))

    assert app.test_client().get("/").status_code == 401


def test_a_subclass_may_ask_for_the_token_of_a_session(make_app: MakeApp, login: LocalManagedLogin) -> None:
    class Own(CognitoAuth):
        def get_token(self) -> str | None:
            return super().get_token()

    app = make_app(extension=Own)
    client = app.test_client()
    assert client.get("/reports").status_code == 401

    sign_in(client, "alice", PASSWORD, login)

    assert client.get("/reports").status_code == 200
    token = app.test_client().get("/reports", headers={"Authorization": "Bearer x"})
    assert token.status_code == 401


def test_a_navigation_is_sent_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/reports?a=1&b=%20x", headers=NAVIGATION)

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/auth/login?next=/reports%3Fa%3D1%26b%3D%2520x"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not answer.headers.getlist("Set-Cookie")


def test_head_is_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.head("/reports", headers=NAVIGATION).status_code == 302


def test_an_old_browser_is_sent_to_sign_in(client: FlaskClient) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    assert client.get("/reports", headers=accept).status_code == 302
    assert client.get("/reports", headers={**accept, "X-Requested-With": "XMLHttpRequest"}).status_code == 401
    assert client.get("/reports", headers={"Accept": "application/json, text/html"}).status_code == 401
    assert client.get("/reports", headers={"Accept": "*/*"}).status_code == 401
    assert client.get("/reports").status_code == 401
    assert client.post("/reports", headers=accept).status_code == 401


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("http://localhost/form?x=1", "/auth/login?next=/form%3Fx%3D1"),
        ("http://localhost/form", "/auth/login?next=/form"),
        ("https://evil.com/form", "/auth/login"),
        ("http://[broken", "/auth/login"),
        (None, "/auth/login"),
    ],
)
def test_a_form_is_sent_to_sign_in_and_back_to_its_page(
    client: FlaskClient, referer: str | None, location: str
) -> None:
    headers = {**SUBMIT, **({} if referer is None else {"Referer": referer})}

    answer = client.post("/reports", headers=headers)

    assert answer.status_code == 303
    assert answer.headers["Location"] == location


@pytest.mark.parametrize(
    "headers",
    [
        FETCH,
        {**NAVIGATION, "Sec-Fetch-Dest": "iframe"},
        {**NAVIGATION, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "websocket"},
    ],
)
def test_a_script_gets_its_401_without_a_challenge(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get("/reports", headers=headers)

    assert answer.status_code == 401
    assert answer.get_json()["code"] == "authorization_required"
    assert answer.get_json()["login"] == "/auth/login"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not answer.headers.getlist("Set-Cookie")


def test_a_scripts_401_leads_back_to_its_page(client: FlaskClient) -> None:
    answer = client.get("/reports", headers={**FETCH, "Referer": "http://localhost/page"})

    assert answer.get_json()["login"] == "/auth/login?next=/page"


def test_another_program_gets_the_usual_challenge(client: FlaskClient) -> None:
    answer = client.get("/reports")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Cognito"'
    assert answer.get_json()["login"] == "/auth/login"


def test_a_bad_token_in_a_scripts_header_gets_no_challenge(client: FlaskClient) -> None:
    answer = client.get("/reports", headers={**FETCH, "Authorization": "Bearer x.y.z"})

    assert answer.status_code == 401
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Negotiate YII", "Digest username=a"])
def test_a_site_behind_a_password_of_its_own_can_be_signed_in_to(
    client: FlaskClient, login: LocalManagedLogin, authorization: str
) -> None:
    password = {"Authorization": authorization}

    navigation = client.get("/reports", headers={**NAVIGATION, **password})
    script = client.get("/reports", headers={**FETCH, **password})
    sign_in(client, "alice", PASSWORD, login)

    assert (navigation.status_code, navigation.headers["Location"]) == (302, "/auth/login?next=/reports")
    assert "Authorization" in navigation.vary
    assert (script.status_code, script.get_json()["code"]) == (401, "invalid_header")
    assert script.get_json()["login"] == "/auth/login"
    assert client.get("/reports", headers={**NAVIGATION, **password}).status_code == 200


def test_an_api_can_answer_everyone_with_401(make_app: MakeApp) -> None:
    client = make_app(COGNITO_UNAUTHENTICATED="401").test_client()

    assert client.get("/reports", headers=NAVIGATION).status_code == 401


def test_an_app_can_shape_refusals(make_app: MakeApp) -> None:
    def shape(app: Flask, auth: CognitoAuth) -> None:
        auth.error_handler(lambda error: (f"own {error.error_code}", error.status_code))

    client = make_app(prepare=shape).test_client()

    assert client.get("/reports", headers=FETCH).text == "own authorization_required"
    assert client.get("/reports", headers=NAVIGATION).status_code == 302


def test_an_optional_page_opens_without_a_session(client: FlaskClient) -> None:
    client.set_cookie(NAME, "1.rubbish", domain="localhost")

    assert client.get("/optional", headers=NAVIGATION).get_json()["username"] is None


def test_an_optional_page_knows_its_user(user: FlaskClient) -> None:
    assert user.get("/optional").get_json()["username"] == "alice"


def test_another_site_changes_nothing_with_a_session(user: FlaskClient) -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
    ):
        answer = user.post("/reports", headers=headers)
        assert answer.status_code == 403
        assert answer.get_json()["code"] == "cross_site_request"
    assert user.post("/reports", headers={"Sec-Fetch-Site": "same-origin"}).get_json()["session"] is True
    assert user.post("/reports").status_code == 200


def test_a_session_ends_after_its_lifetime(user: FlaskClient, clock: ManualClock) -> None:
    clock.advance(12 * 3600)

    assert user.get("/reports").status_code == 401
    assert user.get("/optional").get_json()["username"] is None
    assert user.get("/reports", headers=NAVIGATION).status_code == 302


def test_a_session_of_the_future_is_none(user: FlaskClient, clock: ManualClock) -> None:
    clock.set_time(clock.time() - 120)

    assert user.get("/reports").status_code == 401


@pytest.mark.parametrize("name", [NAME, f"{NAME}_1", f"{NAME}_id"])
def test_a_session_with_a_cookie_missing_is_none(user: FlaskClient, name: str) -> None:
    user.delete_cookie(name, domain="localhost")

    assert user.get("/reports").status_code == 401


def test_a_session_under_another_id_is_none(user: FlaskClient) -> None:
    user.set_cookie(f"{NAME}_id", "x" * 43, domain="localhost")

    assert user.get("/reports").status_code == 401


def test_a_session_of_another_app_with_the_same_secret_is_none(make_app: MakeApp, user: FlaskClient) -> None:
    other = make_app(COGNITO_SESSION_COOKIE_NAME="__Host-other").test_client()
    for name, value in cookies_in(user).items():
        other.set_cookie(name.replace(NAME, "__Host-other"), value, domain="localhost")

    assert other.get("/reports").status_code == 401


def test_a_session_survives_a_new_secret_key_and_is_sealed_anew(make_app: MakeApp, user: FlaskClient) -> None:
    client = make_app_with(make_app, "n" * 32, ["k" * 32]).test_client()
    before = cookies_in(user)
    for name, value in before.items():
        client.set_cookie(name, value, domain="localhost", max_size=0)

    answer = client.get("/reports")

    assert answer.status_code == 200
    assert answer.headers.getlist("Set-Cookie")
    assert cookies_in(client)[NAME] != before[NAME]
    assert not client.get("/reports").headers.getlist("Set-Cookie")


def make_app_with(make_app: MakeApp, key: str, fallbacks: list[str]) -> Flask:
    def change(app: Flask, auth: CognitoAuth) -> None:
        app.secret_key = key
        app.config["SECRET_KEY_FALLBACKS"] = fallbacks

    return make_app(prepare=change)


def test_a_view_may_say_how_its_page_is_cached(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()

    @app.route("/cached")
    @cognito_auth_required
    def cached() -> Any:
        return "cached", {"Cache-Control": "private, max-age=60"}

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)

    assert client.get("/cached").headers["Cache-Control"] == "private, max-age=60"


def test_a_strict_session_is_asked_for_by_a_page(make_app: MakeApp) -> None:
    client = make_app(COGNITO_SESSION_COOKIE_SAMESITE="Strict").test_client()
    from_outside = {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}

    page = client.get("/reports?x=1", headers=from_outside)

    assert page.status_code == 200
    assert 'content="0; url=/reports?x=1"' in page.text
    assert client.get("/reports", headers={**NAVIGATION, "Sec-Fetch-Site": "same-origin"}).status_code == 302
    assert client.post("/reports", headers=from_outside).status_code == 303
    assert client.get("/reports/..%5c", headers=from_outside).status_code == 404
    assert client.get("/reports?x=%5c", headers=from_outside).status_code == 302


@pytest.mark.parametrize("path", ["/page/a%3Fb", "/page/%C3%A9%20x", "/page/%22%3E"])
@pytest.mark.parametrize("samesite", ["Lax", "Strict"])
def test_a_path_is_asked_for_as_the_browser_sent_it(make_app: MakeApp, path: str, samesite: str) -> None:
    app = make_app(COGNITO_SESSION_COOKIE_SAMESITE=samesite)
    app.add_url_rule("/page/<name>", "page", cognito_auth_required(lambda name: name))
    from_outside = {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}

    answer = app.test_client().get(path, headers=from_outside)

    if samesite == "Strict":
        assert f'content="0; url={path}"' in answer.text
    else:
        assert answer.headers["Location"] == "/auth/login?next=" + path.replace("%", "%25")


def test_a_script_learns_who_is_signed_in(user: FlaskClient, clock: ManualClock) -> None:
    clock.advance(100)

    answer = user.get("/auth/session", headers=FETCH)

    assert answer.json == {"signed_in": True, "username": "alice", "expires_in": 12 * 3600 - 100}
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not answer.headers.getlist("Set-Cookie")


def test_a_script_learns_that_no_one_is_signed_in(client: FlaskClient) -> None:
    answer = client.get("/auth/session", headers=FETCH)

    assert answer.status_code == 200
    assert answer.json == {"signed_in": False}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_learns_nothing(user: FlaskClient, site: str) -> None:
    assert user.get("/auth/session", headers={"Sec-Fetch-Site": site}).json == {"signed_in": False}


def test_a_session_that_can_no_longer_be_used_is_none(
    make_app: MakeApp, clock: ManualClock, login: LocalManagedLogin
) -> None:
    client = make_app(COGNITO_JWKS=login.pool.jwks).test_client()
    as_user(client, "alice", pool=login.pool)
    clock.advance(3600)

    assert client.get("/auth/session").json == {"signed_in": False}


def local_app(login: LocalManagedLogin, **config: Any) -> Flask:
    app = Flask("local")
    app.secret_key = "k" * 32
    app.config.update(
        COGNITO_REGION=login.pool.region,
        COGNITO_USERPOOL_ID=login.pool.id,
        COGNITO_APP_CLIENT_ID=login.pool.client_id,
        COGNITO_JWKS=login.pool.jwks,
        COGNITO_DOMAIN="https://auth.example.com",
        **config,
    )
    return app


@pytest.mark.parametrize("store", [None, MemorySessionStore()])
def test_three_lines_test_a_page_behind_sign_in(login: LocalManagedLogin, store: Any) -> None:
    from flask_cognito import CognitoSignIn

    from ..conftest import add_pages

    app = local_app(login, COGNITO_SESSION_STORE=store)
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()

    with as_user(client, "alice", groups=["admin"]):
        assert client.get("/admin").get_json()["session"] is True

    assert client.get("/admin").status_code == 401


def test_as_user_gives_back_the_session_before(login: LocalManagedLogin) -> None:
    from flask_cognito import CognitoSignIn

    from ..conftest import add_pages

    app = local_app(login)
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()
    as_user(client, "bob")

    with as_user(client, "alice"):
        assert client.get("/reports").get_json()["username"] == "alice"

    assert client.get("/reports").get_json()["username"] == "bob"


def test_a_token_that_expired_in_a_session_without_refresh_leads_to_sign_in(login: LocalManagedLogin) -> None:
    from flask_cognito import CognitoSignIn

    from ..conftest import add_pages

    app = local_app(login)
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()

    with as_user(client, "alice", expires_in=-5):
        assert client.get("/reports", headers=NAVIGATION).status_code == 302
        assert client.get("/reports").get_json()["code"] == "authorization_required"
        assert client.get("/optional").get_json()["username"] is None


def test_a_session_whose_token_is_refused_gets_a_page_not_a_login(make_app: MakeApp, login: LocalManagedLogin) -> None:
    """A silent login would bring the same token back, and loop."""
    app = make_app()
    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    login.pool.rotate_key(keep_old=False)
    from cognito_jwt_core import CognitoVerifier
    from flask_cognito.state import app_state

    with app.app_context():
        app_state().verifier = CognitoVerifier(
            login.user_pool, client_id=login.client_id, token_use="access", clock=login.pool.clock
        )

    answer = client.get("/reports", headers=NAVIGATION)

    assert answer.status_code == 401
    assert "unknown_key" in answer.text
    assert "/auth/logout" in answer.text
    assert "WWW-Authenticate" not in answer.headers
    assert client.get("/optional").get_json()["username"] is None


def test_a_claim_that_is_absent_has_a_page(make_app: MakeApp, login: LocalManagedLogin) -> None:
    from flask_cognito import current_cognito_jwt

    app = make_app()

    @app.route("/claim")
    @cognito_auth_required
    def claim() -> Any:
        return current_cognito_jwt["no such claim"]

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)

    answer = client.get("/claim", headers=NAVIGATION)

    assert answer.status_code == 403
    assert "claim_required" in answer.text


def test_routes_of_sign_in_are_reachable_below_protect(make_app: MakeApp, login: LocalManagedLogin) -> None:
    client = make_app(prepare=lambda app, auth: auth.protect(app)).test_client()

    assert client.get("/open").status_code == 401
    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    assert client.get("/open").status_code == 200
    assert client.get("/auth/session").get_json()["signed_in"] is True


def test_middleware_inside_may_copy_the_environ(make_app: MakeApp, login: LocalManagedLogin) -> None:
    def add_middleware(app: Flask, auth: CognitoAuth) -> None:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start_response: inner(dict(environ), start_response)  # type: ignore[method-assign]

    client = make_app(prepare=add_middleware).test_client()

    assert sign_in(client, "alice", PASSWORD, login).status_code == 303
    assert client.get("/reports").status_code == 200


def test_an_async_view_has_its_session(make_app: MakeApp, login: LocalManagedLogin) -> None:
    app = make_app()

    @app.route("/async")
    @cognito_auth_required
    async def view() -> Any:
        return {"session": bool(current_session)}

    client = app.test_client()
    assert client.get("/async", headers=NAVIGATION).status_code == 302
    sign_in(client, "alice", PASSWORD, login)

    assert client.get("/async").get_json() == {"session": True}


def test_flask_restx_sends_browsers_to_sign_in_as_well(make_app: MakeApp, login: LocalManagedLogin) -> None:
    from flask_restx import Api, Resource  # type: ignore[import-untyped]

    app = make_app()
    api = Api(app, prefix="/api", doc=False)

    class Things(Resource):  # type: ignore[misc]  # untyped
        @cognito_auth_required
        def get(self) -> Any:
            return {"session": bool(current_session)}

    api.add_resource(Things, "/things")
    client = app.test_client()

    redirected = client.get("/api/things", headers=NAVIGATION)
    refused = client.get("/api/things", headers=FETCH)

    assert redirected.status_code == 302
    assert redirected.headers["Location"] == "/auth/login?next=/api/things"
    assert refused.status_code == 401
    assert refused.get_json()["login"] == "/auth/login"
    assert "WWW-Authenticate" not in refused.headers
    sign_in(client, "alice", PASSWORD, login)
    assert client.get("/api/things").get_json() == {"session": True}


def test_an_app_sees_its_own_cookies_and_not_those_of_sign_in(make_app: MakeApp, login: LocalManagedLogin) -> None:
    """A view or a log that shows the request's cookies shows no session."""
    app = make_app()

    @app.route("/cookies")
    @cognito_auth_required
    def cookies() -> Any:
        return dict(request.cookies)

    client = app.test_client()
    sign_in(client, "alice", PASSWORD, login)
    client.set_cookie("theme", "dark", domain="localhost")
    client.set_cookie(f"{NAME}ish", "mine", domain="localhost")

    found = client.get("/cookies").get_json()

    assert found.keys() == {"session", "theme", f"{NAME}ish"}


def test_a_request_that_came_through_no_server_has_its_cookies(user: FlaskClient) -> None:
    header = "; ".join(f"{name}={value}" for name, value in cookies_in(user).items())

    with user.application.test_request_context("/reports", headers={"Cookie": header}):
        assert verify_cognito_jwt()["username"] == "alice"
