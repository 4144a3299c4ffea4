"""One app, several user pools that users sign in at, each with a managed login of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError, MultiPoolVerifier
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool, ManualClock
from flask import Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoSignIn,
    MemorySessionStore,
    Record,
    cognito_step_up,
    current_cognito_jwt,
)
from flask_cognito.sign_in.cookies.rules import size_of
from flask_cognito.state import app_state
from flask_cognito.testing import as_user, sign_in
from flask_cognito.testing.sign_in import NAVIGATION, callback_of

from .conftest import PASSWORD, add_pages, cookies_in, revoked, token_requests

NAMES = ("customers", "staff")
FETCH = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
MakeApp = Callable[..., Flask]


class Pools(NamedTuple):
    customers: LocalManagedLogin
    staff: LocalManagedLogin


@pytest.fixture
def logins(clock: ManualClock) -> Iterator[Pools]:
    with ExitStack() as stack:
        found = []
        for name, region in zip(NAMES, ("eu-central-1", "us-east-1"), strict=True):
            pool = LocalUserPool(f"{region}_{name}", client_id=f"{name}client", clock=clock)
            login = LocalManagedLogin(
                pool,
                users={"alice": PASSWORD, "bob": PASSWORD},
                callback_urls=[f"http://localhost/auth/{name}/callback"],
                logout_urls=["http://localhost/"],
                rotation=True,
            )
            stack.enter_context(login.serve())
            found.append(login)
        yield Pools(*found)


def entry(label: str, login: LocalManagedLogin, **values: Any) -> dict[str, Any]:
    return {
        "userpool_id": login.pool.id,
        "region": login.pool.region,
        "app_client_id": login.client_id,
        "issuer": login.user_pool.issuer,
        "domain": login.domain,
        "name": label,
        **values,
    }


@pytest.fixture
def make(logins: Pools, clock: ManualClock) -> MakeApp:
    def build(pools: list[dict[str, Any]] | None = None, **config: Any) -> Flask:
        app = Flask("app")
        app.secret_key = "k" * 32
        entries = pools or [entry(name, login) for name, login in zip(NAMES, logins, strict=True)]
        app.config.update(
            COGNITO_USERPOOLS=entries,
            COGNITO_TOKEN_USE="access",
            COGNITO_LOGOUT_URI="http://localhost/",
            **config,
        )
        CognitoAuth(app)
        with app.app_context():
            state = app_state()
        verifiers = [
            CognitoVerifier(login.user_pool, client_id=login.client_id, token_use="access", clock=clock)
            for login in logins
        ]
        state.verifier = MultiPoolVerifier(verifiers[: len(entries)])
        app.extensions["sign_in"] = CognitoSignIn(app)
        add_pages(app)

        @app.get("/pool")
        def pool() -> ResponseReturnValue:
            return current_cognito_jwt.user_pool_id if current_cognito_jwt else "none"

        return app

    return build


@pytest.fixture
def app(make: MakeApp, kept: dict[str, Any]) -> Flask:
    return make(**kept)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def links_in(page: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]*)"', page)]


def begin(client: FlaskClient, name: str) -> str:
    """Begin a login. Return its URL at Cognito."""
    return client.get(f"/auth/{name}/login", headers=NAVIGATION).headers["Location"]


# Routes and the choice


@pytest.mark.parametrize("name", NAMES)
def test_each_pool_signs_its_own_users_in(client: FlaskClient, logins: Pools, name: str) -> None:
    login = getattr(logins, name)

    answer = sign_in(client, "alice", PASSWORD, login, next="/reports")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/reports")
    found = client.get("/reports").json
    assert found is not None
    assert (found["username"], found["session"]) == ("alice", True)
    assert [token_requests(each) for each in logins] == [int(each is login) for each in logins]


def test_a_navigation_gets_a_page_that_lists_the_pools(client: FlaskClient, logins: Pools) -> None:
    answer = client.get("/reports?year=2026", headers=NAVIGATION)

    assert (answer.status_code, answer.headers.get("Set-Cookie")) == (401, None)
    assert links_in(answer.text) == [f"/auth/{name}/login?next=/reports%3Fyear%3D2026" for name in NAMES]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer.headers["Vary"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    for link, login in zip(links_in(answer.text), logins, strict=True):
        assert client.get(link, headers=NAVIGATION).headers["Location"].startswith(login.domain)


def test_a_form_of_a_user_without_a_session_gets_the_same_page(client: FlaskClient) -> None:
    headers = {**NAVIGATION, "Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/form"}

    answer = client.post("/reports", headers=headers)

    assert answer.status_code == 401
    assert links_in(answer.text) == [f"/auth/{name}/login?next=/form" for name in NAMES]


def test_a_program_is_told_where_its_user_can_choose(client: FlaskClient) -> None:
    answer = client.get("/reports", headers={**FETCH, "Referer": "http://localhost/page"})

    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["login"] == "/auth/login?next=/page"
    assert "WWW-Authenticate" not in answer.headers


def test_the_list_has_a_route_of_its_own(client: FlaskClient) -> None:
    answer = client.get("/auth/login?next=/reports&prompt=none&demand=forged", headers=NAVIGATION)

    assert answer.status_code == 200
    assert links_in(answer.text) == [f"/auth/{name}/login?next=/reports" for name in NAMES]
    assert client.get("/auth/callback", headers=NAVIGATION).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"), [({"Sec-Purpose": "prefetch"}, 503), (FETCH, 403), ({"Sec-Fetch-Dest": "iframe"}, 403)]
)
def test_the_list_is_for_users_who_go_there(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/auth/login", headers=headers).status_code == status


@pytest.mark.parametrize(
    "path", ["/auth/login", "/auth/staff/login", "/auth/customers/callback", "/auth/staff/session"]
)
def test_no_route_of_sign_in_is_a_place_to_go_afterwards(client: FlaskClient, path: str) -> None:
    answer = client.get("/auth/login", query_string={"next": path}, headers=NAVIGATION)

    assert links_in(answer.text) == [f"/auth/{name}/login" for name in NAMES]


def test_one_pool_alone_is_no_choice(make: MakeApp, logins: Pools) -> None:
    of_machines = {"userpool_id": logins.staff.pool.id, "region": "us-east-1", "issuer": logins.staff.user_pool.issuer}
    client = make([entry("customers", logins.customers), of_machines]).test_client()

    page = client.get("/reports", headers=NAVIGATION)
    chosen = client.get("/auth/login?next=/reports", headers=NAVIGATION)

    assert (page.status_code, page.headers["Location"]) == (302, "/auth/customers/login?next=/reports")
    assert (chosen.status_code, chosen.headers["Location"]) == (302, "/auth/customers/login?next=/reports")
    assert sign_in(client, "alice", PASSWORD, logins.customers).status_code == 303
    assert client.get("/reports", headers=NAVIGATION).status_code == 200
    with pytest.raises(RuntimeError):
        sign_in(client, "alice", PASSWORD, logins.staff)


def test_a_view_can_choose_the_pool(app: Flask) -> None:
    extension: CognitoSignIn = app.extensions["sign_in"]

    with app.test_request_context():
        chosen = extension.redirect_to_login("/reports", pool="staff", lang="de").headers["Location"]
        open_to_all = extension.redirect_to_login("/reports", lang="de").headers["Location"]
        with pytest.raises(ValueError, match="elsewhere"):
            extension.redirect_to_login(pool="elsewhere")

    client = app.test_client()
    assert chosen.startswith("/auth/staff/login?next=/reports&demand=")
    assert "lang=de" in client.get(chosen, headers=NAVIGATION).headers["Location"]
    for link in links_in(client.get(open_to_all, headers=NAVIGATION).text):
        assert "lang=de" in client.get(link, headers=NAVIGATION).headers["Location"]


def test_without_sessions_among_the_locations_no_one_is_sent_to_sign_in(make: MakeApp) -> None:
    client = make(COGNITO_TOKEN_LOCATIONS=("header",)).test_client()

    answer = client.get("/reports", headers=NAVIGATION)

    assert (answer.status_code, "Location" in answer.headers) == (401, False)
    assert answer.json is not None
    assert answer.json["code"] == "authorization_required"


# Callbacks


@pytest.mark.parametrize("name", NAMES)
def test_each_pool_has_its_own_callback(client: FlaskClient, name: str) -> None:
    query = parse_qs(urlsplit(begin(client, name)).query)

    assert query["redirect_uri"] == [f"http://localhost/auth/{name}/callback"]
    assert query["client_id"] == [f"{name}client"]


def test_a_callback_opens_only_its_own_pools_logins(client: FlaskClient, logins: Pools) -> None:
    callback = callback_of(begin(client, "customers"), "alice", PASSWORD)

    answer = client.get(callback.replace("/customers/", "/staff/"), headers=NAVIGATION)

    assert answer.status_code == 400
    assert "state_missing" in answer.text
    assert links_in(answer.text) == ["/auth/staff/login"]
    assert [token_requests(login) for login in logins] == [0, 0]
    assert client.get("/auth/session").json == {"signed_in": False}


def test_logins_at_two_pools_run_side_by_side(client: FlaskClient) -> None:
    urls = [begin(client, name) for name in NAMES]

    for url, pool_id in zip(urls, ("eu-central-1_customers", "us-east-1_staff"), strict=True):
        assert client.get(callback_of(url, "alice", PASSWORD), headers=NAVIGATION).status_code == 303
        client.get("/reports")
        assert client.get("/auth/session").json["signed_in"] is True  # type: ignore[index]
        with client:
            client.get("/reports")
            assert current_cognito_jwt.user_pool_id == pool_id


def test_logins_at_all_pools_share_the_room(client: FlaskClient) -> None:
    urls = [begin(client, name) for _ in range(6) for name in NAMES]

    kept = {name: value for name, value in cookies_in(client).items() if "_login_" in name}
    assert 1 < len(kept) < 12
    assert size_of(kept) <= 2048
    assert client.get(callback_of(urls[-1], "alice", PASSWORD), headers=NAVIGATION).status_code == 303


def test_sign_ins_that_leave_no_session_are_counted_at_all_pools(client: FlaskClient, logins: Pools) -> None:
    answer = None
    for name in ("customers", "staff", "customers"):
        answer = client.get(callback_of(begin(client, name), "alice", PASSWORD), headers=NAVIGATION)
        for cookie in cookies_in(client):
            if not cookie.endswith("_trail"):
                client.delete_cookie(cookie)

    assert answer is not None
    assert answer.status_code == 400
    assert "login_loop" in answer.text
    assert len(revoked(logins.customers)) == 1


def test_a_failure_is_logged_once_a_second_whichever_pool_it_is_at(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for name in NAMES:
        client.get(f"/auth/{name}/callback?state=x", headers=NAVIGATION)

    assert len([record for record in caplog.records if record.name == "flask_cognito.sign_in"]) == 1


# One session


def test_a_browser_has_one_session(client: FlaskClient, logins: Pools) -> None:
    sign_in(client, "alice", PASSWORD, logins.customers)
    before = cookies_in(client)

    sign_in(client, "bob", PASSWORD, logins.staff)

    assert client.get("/reports").json["username"] == "bob"  # type: ignore[index]
    assert [len(revoked(login)) for login in logins] == [1, 0]
    assert cookies_in(client).keys() == before.keys()


def test_the_session_of_one_pool_is_none_of_another(client: FlaskClient, logins: Pools) -> None:
    sign_in(client, "alice", PASSWORD, logins.customers)
    for name, value in cookies_in(client).items():
        client.set_cookie(name, value.replace("customers~", "staff~"), max_size=0)

    assert client.get("/reports").status_code == 401


@pytest.mark.parametrize("name", ["elsewhere", ""])
def test_a_session_of_no_pool_is_none(client: FlaskClient, logins: Pools, name: str) -> None:
    sign_in(client, "alice", PASSWORD, logins.customers)
    for key, value in cookies_in(client).items():
        client.set_cookie(key, value.replace("customers~", f"{name}~"), max_size=0)

    assert client.get("/reports").status_code == 401
    assert client.get("/auth/session").json == {"signed_in": False}


def test_scripts_can_ask_for_any_session_or_for_one_pools(client: FlaskClient, logins: Pools) -> None:
    sign_in(client, "alice", PASSWORD, logins.staff)

    found = {
        path: client.get(path).json for path in ("/auth/session", "/auth/staff/session", "/auth/customers/session")
    }

    assert [answer is not None and answer["signed_in"] for answer in found.values()] == [True, True, False]
    assert client.get("/auth/session", headers={"Sec-Fetch-Site": "cross-site"}).json == {"signed_in": False}


def test_a_session_is_refreshed_at_its_own_pool(client: FlaskClient, logins: Pools, clock: ManualClock) -> None:
    sign_in(client, "alice", PASSWORD, logins.staff)
    old = client.get("/reports").json["token"]  # type: ignore[index]

    clock.advance(3601)

    assert client.get("/reports").json["token"] != old  # type: ignore[index]
    assert [token_requests(login) for login in logins] == [0, 2]


def test_a_session_in_a_store_costs_one_round_trip(make: MakeApp, logins: Pools) -> None:
    class Counted(MemorySessionStore):
        loads = 0

        def load(self, key: str) -> Record | None:
            self.loads += 1
            return super().load(key)

    store = Counted()
    client = make(COGNITO_SESSION_STORE=store).test_client()
    sign_in(client, "alice", PASSWORD, logins.staff)
    store.loads = 0

    assert client.get("/reports").status_code == 200
    assert store.loads == 1


def test_a_store_that_is_down_is_a_503(make: MakeApp, logins: Pools) -> None:
    class Down(MemorySessionStore):
        is_down = False

        def load(self, key: str) -> Record | None:
            if self.is_down:
                raise ConnectionError
            return super().load(key)

    store = Down()
    client = make(COGNITO_SESSION_STORE=store).test_client()
    sign_in(client, "alice", PASSWORD, logins.staff)
    store.is_down = True

    answers = [client.get(path) for path in ("/reports", "/auth/session", "/auth/staff/session")]

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert client.get("/auth/customers/session").json == {"signed_in": False}


@pytest.fixture(params=["memory", "redis"])
def signed_in(
    request: pytest.FixtureRequest, make: MakeApp, logins: Pools, clock: ManualClock
) -> dict[str, FlaskClient]:
    """A client at each pool, whose sessions are in one store."""
    in_memory = MemorySessionStore(clock=clock)
    app = make(COGNITO_SESSION_STORE=request.getfixturevalue("redis_url") if request.param == "redis" else in_memory)
    clients = {name: app.test_client() for name in NAMES}
    for client, login in zip(clients.values(), logins, strict=True):
        sign_in(client, "alice", PASSWORD, login)
    return clients


def user_of(client: FlaskClient) -> tuple[str, str]:
    with client:
        client.get("/reports")
        return current_cognito_jwt.sub, current_cognito_jwt.issuer


def end_sessions(client: FlaskClient, *user: str, except_current: bool = False) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in cookies_in(client).items())
    extension: CognitoSignIn = client.application.extensions["sign_in"]
    with client.application.test_request_context(headers={"Cookie": cookies}):
        extension.end_sessions(**dict(zip(("sub", "issuer"), user, strict=False)), except_current=except_current)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("arguments", [0, 1, 2], ids=["current user", "sub", "sub and issuer"])
def test_the_sessions_of_a_user_end_at_any_pool(signed_in: dict[str, FlaskClient], name: str, arguments: int) -> None:
    end_sessions(signed_in[name], *user_of(signed_in[name])[:arguments])

    assert {other: client.get("/reports").status_code for other, client in signed_in.items()} == {
        other: 401 if other == name else 200 for other in NAMES
    }


def test_an_admin_ends_the_sessions_of_another_pools_user(signed_in: dict[str, FlaskClient]) -> None:
    admin, user = signed_in["staff"], signed_in["customers"]

    end_sessions(admin, user_of(user)[0], except_current=True)

    assert user.get("/reports").status_code == 401
    assert admin.get("/reports").status_code == 200
    end_sessions(admin, except_current=True)
    assert admin.get("/reports").status_code == 200
    end_sessions(admin, user_of(admin)[0])
    assert admin.get("/reports").status_code == 401


# Logout


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/staff/logout", "/auth/customers/logout"])
def test_logout_ends_the_session_at_its_own_pool(client: FlaskClient, logins: Pools, path: str) -> None:
    sign_in(client, "alice", PASSWORD, logins.staff)

    answer = client.post(path, headers=NAVIGATION)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{logins.staff.domain}/logout?")
    assert [len(revoked(login)) for login in logins] == [0, 1]
    assert client.get("/reports").status_code == 401


def test_logout_without_a_session(client: FlaskClient, logins: Pools) -> None:
    assert client.post("/auth/logout", headers=NAVIGATION).headers["Location"] == "/"
    location = client.post("/auth/staff/logout", headers=NAVIGATION).headers["Location"]
    assert location.startswith(f"{logins.staff.domain}/logout?")


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/staff/logout"])
def test_the_page_of_the_logout_changes_nothing(client: FlaskClient, logins: Pools, path: str) -> None:
    sign_in(client, "alice", PASSWORD, logins.staff)

    page = client.get(path, headers=NAVIGATION)

    assert f'action="{path}"' in page.text
    assert client.get("/reports").status_code == 200
    assert client.post(path, headers={**NAVIGATION, "Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_after_a_logout_a_user_chooses_again(client: FlaskClient, logins: Pools) -> None:
    sign_in(client, "alice", PASSWORD, logins.staff)
    client.post("/auth/logout", headers=NAVIGATION)

    page = client.get("/reports", headers=NAVIGATION)

    assert page.status_code == 401
    assert links_in(page.text) == [f"/auth/{name}/login?next=/reports" for name in NAMES]
    for name in NAMES:
        assert "prompt=login" in begin(client, name)


# Handlers


def test_one_handler_sees_the_users_of_all_pools(app: Flask, client: FlaskClient, logins: Pools) -> None:
    seen = []

    extension: CognitoSignIn = app.extensions["sign_in"]

    @extension.on_sign_in
    def welcome(claims: Any, id_claims: Any) -> ResponseReturnValue | None:
        seen.append(claims.user_pool_id)
        return ("not here", 403) if claims.username == "bob" else None

    for login in logins:
        assert sign_in(client, "alice", PASSWORD, login).status_code == 303
        assert sign_in(client, "bob", PASSWORD, login).status_code == 403

    assert seen == ["eu-central-1_customers"] * 2 + ["us-east-1_staff"] * 2


# Settings


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": None}, {}),
        ({"name": "Customers"}, {}),
        ({"name": "a_b"}, {}),
        ({"name": ""}, {}),
        ({"name": 7}, {}),
        ({"name": "login"}, {}),
        ({"name": "callback"}, {}),
        ({"name": "logout"}, {}),
        ({"name": "session"}, {}),
        ({"name": "staff"}, {}),
        ({"domain": None}, {}),
        ({"domain": ""}, {}),
        ({"domain": "http://auth.example.com"}, {}),
        ({"domain": None, "name": None}, {"domain": None, "name": None}),
        ({"redirect_uri": "https://app.example/cb"}, {"redirect_uri": "https://app.example/cb"}),
        ({"redirect_uri": "http://localhost/auth/staff/callback"}, {}),
        ({"redirect_uri": "/auth/customers/callback"}, {}),
        ({"client_secret": ""}, {}),
        ({"sign_in_client_id": "another"}, {}),
        ({"sign_in_scopes": ("email",)}, {}),
        ({"app_client_id": None}, {}),
        ({"app_client_id": ["a", "b"]}, {}),
        ({"token_use": "id"}, {}),
        ({"logout_uri": "http://app.example/"}, {}),
        ({"session_lifetime": 60}, {}),
        ({"title": "x"}, {}),
    ],
)
def test_a_pool_that_cannot_work_is_refused(
    make: MakeApp, logins: Pools, first: dict[str, Any], second: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        make([entry("customers", logins.customers, **first), entry("staff", logins.staff, **second)])


@pytest.mark.parametrize(
    "key", ["COGNITO_DOMAIN", "COGNITO_CLIENT_SECRET", "COGNITO_REDIRECT_URI", "COGNITO_SIGN_IN_CLIENT_ID"]
)
def test_a_key_of_one_pool_beside_the_list_is_refused(make: MakeApp, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(**{key: "https://app.example/x" if key != "COGNITO_SIGN_IN_CLIENT_ID" else "customersclient"})

    assert key in str(caught.value)


def test_a_pool_has_settings_of_its_own(make: MakeApp, logins: Pools) -> None:
    pools = [
        entry("customers", logins.customers, redirect_uri="http://localhost:5000/auth/customers/callback"),
        entry(
            "staff",
            logins.staff,
            app_client_id=["staffclient", "other1"],
            sign_in_client_id="staffclient",
            sign_in_scopes=("openid", "profile"),
            logout_uri="http://localhost/bye",
        ),
    ]
    client = make(pools).test_client()

    queries = [parse_qs(urlsplit(begin(client, name)).query) for name in NAMES]

    assert [query["redirect_uri"] for query in queries] == [
        ["http://localhost:5000/auth/customers/callback"],
        ["http://localhost/auth/staff/callback"],
    ]
    assert [query["scope"] for query in queries] == [["openid"], ["openid profile"]]
    assert "bye" in client.post("/auth/staff/logout", headers=NAVIGATION).headers["Location"]
    assert "bye" not in client.post("/auth/customers/logout", headers=NAVIGATION).headers["Location"]


@pytest.mark.parametrize(
    ("server_name", "redirect_uri"),
    [("app.example", None), (None, "https://app.example/auth/staff/callback")],
)
def test_off_loopback_a_short_secret_is_refused(
    logins: Pools, server_name: str | None, redirect_uri: str | None
) -> None:
    app = Flask("app")
    app.secret_key = "short"
    app.config["SERVER_NAME"] = server_name
    app.config["COGNITO_USERPOOLS"] = [
        entry("customers", logins.customers),
        entry("staff", logins.staff, redirect_uri=redirect_uri),
    ]
    CognitoAuth(app)

    with pytest.raises(ConfigurationError) as caught:
        CognitoSignIn(app)

    assert "SECRET_KEY" in str(caught.value)


def test_a_list_of_one_pool_signs_in_as_without_a_list(logins: Pools) -> None:
    app = Flask("app")
    app.secret_key = "k" * 32
    plain = {name: value for name, value in entry("", logins.customers).items() if name not in ("name", "domain")}
    app.config.update(COGNITO_USERPOOLS=[plain], COGNITO_DOMAIN=logins.customers.domain)
    CognitoAuth(app)
    CognitoSignIn(app)

    answer = app.test_client().get("/auth/login", headers=NAVIGATION)

    assert answer.headers["Location"].startswith(logins.customers.domain)


def test_the_log_names_the_pool_without_a_sign_out_url(
    make: MakeApp, logins: Pools, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask("app")
    app.secret_key = "k" * 32
    app.config["COGNITO_USERPOOLS"] = [
        entry("customers", logins.customers, logout_uri="http://localhost/"),
        entry("staff", logins.staff),
    ]
    CognitoAuth(app)
    CognitoSignIn(app)

    (warning,) = [record.getMessage() for record in caplog.records if "logout_uri" in record.getMessage()]
    assert "staff" in warning


# Command line and testing


def test_check_looks_at_each_pool(make: MakeApp, logins: Pools) -> None:
    app = make(SERVER_NAME="localhost")

    result = app.test_cli_runner().invoke(args=["cognito", "check"])

    assert result.exit_code == 0
    assert re.findall(r"sign-in pool +(\w+)", result.output) == list(NAMES)
    assert re.findall(r"callback URL +(\S+)", result.output) == [
        f"http://localhost/auth/{name}/callback" for name in NAMES
    ]
    assert result.output.count("knows the app client") == 2
    assert result.output.count("sessions in") == 1

    logins.staff.behave("authorize", status=500)
    assert app.test_cli_runner().invoke(args=["cognito", "check"]).exit_code == 1


def test_routes_lists_the_routes_of_each_pool(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["cognito", "routes"])

    for path in ("/auth/login", "/auth/customers/login", "/auth/staff/callback", "/auth/staff/logout"):
        assert f"\n{path} " in f"\n{result.output}"


@pytest.mark.parametrize("is_in_store", [False, True])
def test_as_user_signs_in_at_the_pool_that_is_named(is_in_store: bool) -> None:
    pools = [LocalUserPool("eu-central-1_customers"), LocalUserPool("us-east-1_staff"), LocalUserPool("eu-west-1_jobs")]
    app = Flask("app")
    app.secret_key = "k" * 32
    app.config["COGNITO_SESSION_STORE"] = MemorySessionStore() if is_in_store else None
    app.config["COGNITO_USERPOOLS"] = [
        {"userpool_id": pool.id, "region": pool.region, "app_client_id": pool.client_id, "jwks": pool.jwks}
        for pool in pools
    ]
    for values, name in zip(app.config["COGNITO_USERPOOLS"], NAMES, strict=False):
        values.update(name=name, domain="https://auth.example.com")
    CognitoAuth(app)
    CognitoSignIn(app)
    add_pages(app)
    client = app.test_client()

    for pool, is_session in zip(pools, (True, True, False), strict=True):
        with as_user(client, "alice", pool=pool):
            assert client.get("/reports").json["session"] is is_session  # type: ignore[index]
        assert client.get("/reports").status_code == 401
    with pytest.raises(RuntimeError):
        as_user(client, "alice")


def test_step_up_is_at_the_pool_of_the_session(
    app: Flask, client: FlaskClient, logins: Pools, clock: ManualClock
) -> None:
    app.add_url_rule("/recent", "recent", cognito_step_up(max_age=60)(lambda: "recent"))
    sign_in(client, "alice", PASSWORD, logins.staff)
    clock.advance(61)

    refused = client.get("/recent", headers=NAVIGATION)
    assert refused.status_code == 302
    assert refused.headers["Location"].startswith("/auth/staff/login?next=/recent&demand=")
    assert client.get("/recent", headers=FETCH).get_json()["login"].startswith("/auth/staff/login?demand=")
    begun = client.get(refused.headers["Location"], headers=NAVIGATION)
    answer = client.get(callback_of(begun.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/recent")
    assert client.get("/recent", headers=NAVIGATION).text == "recent"


def test_step_up_at_another_pool_is_refused(app: Flask, client: FlaskClient, logins: Pools, clock: ManualClock) -> None:
    app.add_url_rule("/recent", "recent", cognito_step_up(max_age=60)(lambda: "recent"))
    sign_in(client, "alice", PASSWORD, logins.staff)
    clock.advance(61)

    path = client.get("/recent", headers=FETCH).get_json()["login"].replace("/staff/", "/customers/")
    begun = client.get(path, headers=NAVIGATION)
    answer = client.get(callback_of(begun.headers["Location"], "alice", PASSWORD), headers=NAVIGATION)
    assert answer.status_code == 403
    assert "step_up_failed" in answer.text
    assert client.get("/pool", headers=NAVIGATION).status_code == 200
