"""`COGNITO_RESOURCE`: where clients of this API sign in, told to each that asks (RFC 9728)."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, session
from flask.testing import FlaskClient
from flask_cognito import (
    CognitoAuth,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
)

API = "https://api.example.com/mcp"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
NAMED = f'resource_metadata="https://api.example.com{WELL_KNOWN}/mcp"'

MakeApp = Callable[..., Flask]
Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def make(settings: dict[str, Any]) -> MakeApp:
    """An app that is a protected resource, with the keys given."""

    def made(prepare: Callable[[Flask], Any] | None = None, **config: Any) -> Flask:
        app = Flask("app")
        app.secret_key = "k" * 32
        app.config.update({**settings, "COGNITO_RESOURCE": API, "COGNITO_RESOURCE_SCOPES": ["mcp/read"], **config})
        if prepare is not None:
            prepare(app)
        CognitoAuth(app)
        app.add_url_rule("/", "home", cognito_auth_required(lambda: str(current_cognito_jwt["sub"])))
        return app

    return made


@pytest.fixture
def client(make: MakeApp) -> FlaskClient:
    return make().test_client()


@pytest.mark.parametrize("path", [f"{WELL_KNOWN}/mcp", WELL_KNOWN])
def test_metadata_is_served(client: FlaskClient, pool: LocalUserPool, path: str) -> None:
    answer = client.get(path, headers={"Host": "attacker.example", "X-Forwarded-Host": "attacker.example"})

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_json() == {
        "resource": API,
        "authorization_servers": [pool.issuer],
        "scopes_supported": ["mcp/read"],
        "bearer_methods_supported": ["header"],
    }


def test_every_cache_and_every_origin_may_have_it(make: MakeApp) -> None:
    def prepare(app: Flask) -> None:
        @app.before_request
        def touch() -> None:
            session["seen"] = True

        @app.after_request
        def share(answer: Any) -> Any:  # as Flask-CORS does
            answer.headers.add("Access-Control-Allow-Origin", "https://spa.example")
            answer.headers.add("Access-Control-Allow-Credentials", "true")
            return answer

    answer = make(prepare).test_client().get(WELL_KNOWN, headers={"Origin": "https://client.example"})

    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert {"Set-Cookie", "Vary", "Access-Control-Allow-Credentials"}.isdisjoint(answer.headers.keys())


def test_preflight_of_a_client_in_a_browser_passes(client: FlaskClient) -> None:
    headers = {"Origin": "https://client.example", "Access-Control-Request-Headers": "mcp-protocol-version"}
    answer = client.options(f"{WELL_KNOWN}/mcp", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert client.post(WELL_KNOWN).status_code == 405
    assert client.head(WELL_KNOWN).status_code == 200


def test_it_is_reachable_below_protect(make: MakeApp) -> None:
    app = make()
    app.extensions["cognito_auth"].protect(app)
    client = app.test_client()

    assert client.get(f"{WELL_KNOWN}/mcp").status_code == client.get(WELL_KNOWN).status_code == 200
    assert client.options(WELL_KNOWN).status_code == 204
    assert client.get("/").status_code == 401


def test_api_at_the_root_of_its_host_has_one_route(make: MakeApp) -> None:
    app = make(COGNITO_RESOURCE="https://api.example.com/")

    assert [rule.rule for rule in app.url_map.iter_rules("cognito_resource_metadata")] == [WELL_KNOWN]
    assert app.test_client().get(WELL_KNOWN).get_json()["resource"] == "https://api.example.com/"


def test_several_pools_are_all_named(pool: LocalUserPool, other_pool: LocalUserPool) -> None:
    app = Flask("app")
    app.config["COGNITO_RESOURCE"] = API
    app.config["COGNITO_USERPOOLS"] = [{"userpool_id": one.id, "jwks": one.jwks} for one in (pool, other_pool)]
    CognitoAuth(app)

    found = app.test_client().get(WELL_KNOWN).get_json()
    assert found["authorization_servers"] == [pool.issuer, other_pool.issuer]
    assert "scopes_supported" not in found


@pytest.mark.parametrize(
    "config",
    [
        {"COGNITO_JWT_HEADER_NAME": "X-Token"},
        {"COGNITO_JWT_HEADER_PREFIX": "JWT"},
        {"COGNITO_TOKEN_LOCATIONS": "cookie"},
    ],
    ids=str,
)
def test_app_that_takes_no_bearer_tokens_names_no_method(make: MakeApp, config: dict[str, Any]) -> None:
    assert "bearer_methods_supported" not in make(**config).test_client().get(WELL_KNOWN).get_json()


def test_second_init_app_replaces_the_first(make: MakeApp) -> None:
    app = make()
    app.config["COGNITO_RESOURCE_SCOPES"] = ["mcp/write"]
    CognitoAuth(app)
    assert app.test_client().get(WELL_KNOWN).get_json()["scopes_supported"] == ["mcp/write"]

    app = make()
    del app.config["COGNITO_RESOURCE"]
    CognitoAuth(app)
    assert app.test_client().get(WELL_KNOWN).status_code == 404


def test_app_without_a_resource_has_neither_route_nor_parameter(app: Flask, client: FlaskClient, make: MakeApp) -> None:
    plain = make(COGNITO_RESOURCE=None).test_client()

    assert plain.get(WELL_KNOWN).status_code == 404
    assert plain.get("/").headers["WWW-Authenticate"] == 'Bearer realm="Cognito"'


class TestChallenges:
    @pytest.fixture
    def client(self, make: MakeApp) -> FlaskClient:
        app = make()
        app.add_url_rule("/group", "group", cognito_group_permissions("admin")(lambda: "ok"))
        app.add_url_rule("/scope", "scope", cognito_scope_permissions(["mcp/write", "mcp/all"])(lambda: "ok"))
        app.add_url_rule("/recent", "recent", cognito_step_up(max_age=1)(lambda: "ok"))
        app.add_url_rule("/claim", "claim", cognito_auth_required(lambda: str(current_cognito_jwt["email"])))
        return app.test_client()

    @pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Bearer", "Bearer not-a-token"], ids=str)
    def test_401_names_the_metadata_and_its_scopes(self, client: FlaskClient, authorization: str | None) -> None:
        answer = client.get("/", headers={"Authorization": authorization} if authorization else {})

        assert answer.status_code == 401
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith(f'Bearer realm="Cognito", scope="mcp/read", {NAMED}')

    def test_403_of_a_scope_names_those_of_the_route(
        self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        answer = client.get("/scope", headers=bearer(pool.access_token(aud=API)))

        assert answer.status_code == 403
        expected = f'Bearer realm="Cognito", error="insufficient_scope", scope="mcp/write mcp/all", {NAMED}'
        assert answer.headers["WWW-Authenticate"] == expected

    @pytest.mark.parametrize("path", ["/group", "/claim"])
    def test_other_403_names_no_scope(
        self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str
    ) -> None:
        answer = client.get(path, headers=bearer(pool.access_token(aud=API)))

        assert answer.status_code == 403
        assert answer.headers["WWW-Authenticate"] == f'Bearer realm="Cognito", error="insufficient_scope", {NAMED}'

    def test_step_up_names_it(self, client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
        answer = client.get("/recent", headers=bearer(pool.access_token(aud=API, auth_time=1)))

        assert answer.status_code == 401
        assert NAMED in answer.headers["WWW-Authenticate"]
        assert 'scope="mcp/read"' in answer.headers["WWW-Authenticate"]


class TestAudience:
    def status(self, app: Flask, token: str) -> Any:
        answer = app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})
        return 200 if answer.status_code == 200 else answer.get_json()["code"]

    def test_token_must_name_the_api(self, make: MakeApp, pool: LocalUserPool) -> None:
        app = make()

        assert self.status(app, pool.access_token()) == "invalid_audience"
        assert self.status(app, pool.access_token(aud="https://other.example")) == "invalid_audience"
        assert self.status(app, pool.access_token(aud=pool.client_id)) == "invalid_audience"
        assert self.status(app, pool.access_token(aud=API)) == 200

    def test_app_may_accept_tokens_of_client_credentials(self, make: MakeApp, pool: LocalUserPool) -> None:
        app = make(COGNITO_REQUIRE_AUDIENCE=False)

        assert self.status(app, pool.access_token()) == 200
        assert self.status(app, pool.access_token(aud="https://other.example")) == "invalid_audience"
        run = app.test_cli_runner().invoke
        assert "COGNITO_REQUIRE_AUDIENCE" in run(args=["cognito", "check"]).output

    def test_one_of_several_pools_may(self, make: MakeApp, pool: LocalUserPool, other_pool: LocalUserPool) -> None:
        app = Flask("app")
        app.config["COGNITO_RESOURCE"] = API
        app.config["COGNITO_USERPOOLS"] = [
            {"userpool_id": pool.id, "jwks": pool.jwks},
            {"userpool_id": other_pool.id, "jwks": other_pool.jwks, "require_audience": False},
        ]
        CognitoAuth(app)
        app.add_url_rule("/", "home", cognito_auth_required(lambda: "ok"))

        assert self.status(app, pool.access_token()) == "invalid_audience"
        assert self.status(app, other_pool.access_token()) == 200

    def test_it_can_be_required_without_metadata(self, make: MakeApp, pool: LocalUserPool) -> None:
        app = make(COGNITO_RESOURCE=None, COGNITO_AUDIENCE="todo", COGNITO_REQUIRE_AUDIENCE=True)

        assert self.status(app, pool.access_token()) == "invalid_audience"
        assert self.status(app, pool.access_token(aud="todo")) == 200

    def test_requiring_no_audience_in_particular_is_refused(self, make: MakeApp) -> None:
        with pytest.raises(ConfigurationError, match=r"^COGNITO_REQUIRE_AUDIENCE"):
            make(COGNITO_RESOURCE=None, COGNITO_REQUIRE_AUDIENCE=True)


class TestCommands:
    def test_check_and_routes_show_it(self, make: MakeApp) -> None:
        run = make().test_cli_runner().invoke

        checked = run(args=["cognito", "check"]).output
        assert f"resource          {API}, metadata at https://api.example.com{WELL_KNOWN}/mcp" in checked
        assert "resource scopes   mcp/read\n" in checked
        assert f"audience          {API}, required" in checked
        listed = run(args=["cognito", "routes", "--fail-on-open"]).output
        assert listed.count("public") == 2

    def test_check_says_that_there_are_no_scopes(self, make: MakeApp) -> None:
        output = make(COGNITO_RESOURCE_SCOPES=None).test_cli_runner().invoke(args=["cognito", "check"]).output

        assert "resource scopes   none" in output

    def test_scopes_without_a_resource_draw_a_warning(self, make: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
        make(COGNITO_RESOURCE=None)

        assert "COGNITO_RESOURCE_SCOPES" in caplog.text


def test_issuer_of_an_emulator_is_named_as_it_is(make: MakeApp) -> None:
    issuer = "http://0.0.0.0:9229/pool"

    assert make(COGNITO_ISSUER=issuer).test_client().get(WELL_KNOWN).get_json()["authorization_servers"] == [issuer]


def test_loopback_that_only_browsers_know_is_refused(make: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match=r"^COGNITO_RESOURCE"):
        make(COGNITO_RESOURCE="http://api.localhost:5000/mcp")
