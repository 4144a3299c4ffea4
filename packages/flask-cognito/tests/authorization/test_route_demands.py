"""Demands on the token per route: they replace those of the app and of `protect`."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flask_restx  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.views import MethodView, View
from flask_cognito import (
    CognitoAuth,
    CognitoJWTException,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_claim_permissions,
    cognito_group_permissions,
    cognito_public,
    current_cognito_jwt,
    verify_cognito_jwt,
)
from flask_cognito.state import AppState, app_state
from werkzeug.routing import Rule

Bearer = Callable[[str], dict[str, str]]

API = "https://api.example"


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    app = Flask("app")
    app.config.update(settings)
    CognitoAuth(app)
    return app


@pytest.fixture
def auth(app: Flask) -> CognitoAuth:
    found: CognitoAuth = app.extensions["cognito_auth"]
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def status(client: FlaskClient, bearer: Bearer) -> Callable[[str, str], Any]:
    """Return how a route answers a token: 200, or the code of the refusal."""

    def asked(path: str, token: str) -> Any:
        response = client.get(path, headers=bearer(token))
        return 200 if response.status_code == 200 else response.get_json()["code"]

    return asked


def ok() -> str:
    return str(current_cognito_jwt.token_use)


class TestTokenUse:
    def test_one_route_can_take_id_tokens(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.add_url_rule("/transfer", "t", cognito_auth_required(token_use="id")(ok))
        app.add_url_rule("/either", "e", cognito_auth_required(token_use=None)(ok))
        app.add_url_rule("/me", "m", cognito_auth_required(ok))

        assert [status(path, pool.id_token()) for path in ("/transfer", "/either", "/me")] == [
            *(200, 200, "invalid_token_use"),
        ]
        assert [status(path, pool.access_token()) for path in ("/transfer", "/either", "/me")] == [
            *("invalid_token_use", 200, 200),
        ]

    def test_empty_brackets_are_the_same_as_none(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.add_url_rule("/me", "m", cognito_auth_required()(ok))

        assert status("/me", pool.access_token()) == 200
        assert status("/me", pool.id_token()) == "invalid_token_use"

    def test_below_protect_the_decorator_counts(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, status: Any
    ) -> None:
        auth.protect(app, token_use="access")
        app.add_url_rule("/transfer", "t", cognito_auth_required(token_use="id")(ok))
        app.add_url_rule("/me", "m", ok)

        assert status("/transfer", pool.id_token()) == 200
        assert status("/me", pool.id_token()) == "invalid_token_use"

    def test_of_a_blueprint_counts_before_that_of_the_app(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, status: Any
    ) -> None:
        auth.protect(app, token_use="access")
        blueprint = Blueprint("bp", "bp", url_prefix="/bp")
        auth.protect(blueprint, token_use="id")
        blueprint.add_url_rule("/me", view_func=ok)
        app.register_blueprint(blueprint)
        app.add_url_rule("/me", "me", ok)

        assert (status("/bp/me", pool.id_token()), status("/me", pool.access_token())) == (200, 200)
        assert status("/bp/me", pool.access_token()) == "invalid_token_use"

    def test_holds_for_a_call_by_hand(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.config["SEEN"] = []

        @app.before_request
        def look() -> None:
            app.config["SEEN"].append(verify_cognito_jwt().token_use)

        app.add_url_rule("/transfer", "t", cognito_auth_required(token_use="id")(ok))

        assert status("/transfer", pool.id_token()) == 200
        assert app.config["SEEN"] == ["id"]

    def test_with_an_optional_view(self, app: Flask, pool: LocalUserPool, client: FlaskClient, status: Any) -> None:
        app.add_url_rule("/o", "o", cognito_auth_optional(token_use="id")(lambda: "o"))

        assert client.get("/o").status_code == 200
        assert (status("/o", pool.id_token()), status("/o", pool.access_token())) == (200, "invalid_token_use")

    def test_adds_to_groups(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.add_url_rule("/g", "g", cognito_auth_required(token_use="id")(cognito_group_permissions("admin")(ok)))

        assert status("/g", pool.id_token()) == "group_required"
        assert status("/g", pool.id_token(groups=["admin"])) == 200
        assert status("/g", pool.access_token(groups=["admin"])) == "invalid_token_use"

    def test_survives_a_decorator_that_loses_marks(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        def careless(view: Callable[..., Any]) -> Callable[..., Any]:
            def lost() -> Any:
                return view()

            return lost

        app.add_url_rule("/t", "t", careless(cognito_auth_required(token_use="id")(ok)))
        app.extensions["cognito_auth"].protect(app, token_use=None)

        assert status("/t", pool.id_token()) == 200
        assert status("/t", pool.access_token()) == "invalid_token_use"

    def test_of_classes(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        class ByMethod(MethodView):
            @cognito_auth_required(token_use="id")
            def get(self) -> str:
                return ok()

        class ByDispatch(View):
            @cognito_auth_required(token_use="id")
            def dispatch_request(self) -> str:
                return ok()

        class ByList(MethodView):
            decorators = [cognito_auth_required(token_use="id")]  # noqa: RUF012 - as Flask has it

            def get(self) -> str:
                return ok()

        api = flask_restx.Api(app)

        @api.route("/restx")
        class OfRestx(flask_restx.Resource):  # type: ignore[misc]
            method_decorators = [cognito_auth_required(token_use="id")]  # noqa: RUF012 - as Flask-RESTX has it

            def get(self) -> str:
                return ok()

        app.add_url_rule("/method", view_func=ByMethod.as_view("method"))
        app.add_url_rule("/dispatch", view_func=ByDispatch.as_view("dispatch"))
        app.add_url_rule("/list", view_func=ByList.as_view("list"))

        for path in ("/method", "/dispatch", "/list", "/restx"):
            assert status(path, pool.id_token()) == 200, path
            assert status(path, pool.access_token()) == "invalid_token_use", path


class TestClientAndAudience:
    def test_a_route_of_another_client(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.add_url_rule("/billing", "b", cognito_auth_required(client_id=["billing", "batch"])(ok))
        app.add_url_rule("/any", "a", cognito_auth_required(client_id=None)(ok))
        token = pool.access_token(client_id="batch")

        assert (status("/billing", token), status("/any", token)) == (200, 200)
        assert status("/billing", pool.access_token()) == "invalid_client"

    def test_a_route_of_another_audience(self, app: Flask, pool: LocalUserPool, status: Any) -> None:
        app.add_url_rule("/api", "a", cognito_auth_required(audience=API)(ok))
        app.add_url_rule("/me", "m", cognito_auth_required(ok))

        assert status("/api", pool.access_token(aud=API)) == 200
        assert status("/me", pool.access_token(aud=API)) == "invalid_audience"
        assert status("/api", pool.access_token(aud="https://other.example")) == "invalid_audience"


class TestAnOwnDecodeToken:
    """It knows nothing of the route, so that its claims are compared."""

    @pytest.fixture
    def status(self, settings: dict[str, Any], bearer: Bearer) -> Callable[..., Any]:
        def asked(decorator: Callable[..., Any], **claims: object) -> Any:
            class Own(CognitoAuth):
                def decode_token(self, token: str) -> dict[str, Any]:
                    return {"sub": "1", **claims}

            app = Flask("app")
            app.config.update(settings)
            Own(app)
            app.add_url_rule("/", "x", decorator(lambda: "ok"))
            response = app.test_client().get("/", headers=bearer("x"))
            return 200 if response.status_code == 200 else response.get_json()["code"]

        return asked

    @pytest.mark.parametrize(
        ("options", "claims", "expected"),
        [
            ({"token_use": "id"}, {"token_use": "id"}, 200),
            ({"token_use": "id"}, {"token_use": "access"}, "invalid_token_use"),
            ({"token_use": "id"}, {}, "invalid_token_use"),
            ({"token_use": None}, {}, 200),
            ({"client_id": "a"}, {"token_use": "access", "client_id": "a"}, 200),
            ({"client_id": "a"}, {"token_use": "access", "client_id": "b"}, "invalid_client"),
            ({"client_id": "a"}, {"token_use": "id", "aud": "a"}, 200),
            ({"client_id": "a"}, {}, "invalid_client"),
            ({"client_id": None}, {}, 200),
            ({"audience": API}, {"token_use": "access", "aud": [API, "x"]}, 200),
            ({"audience": API}, {"token_use": "access", "aud": "x"}, "invalid_audience"),
            ({"audience": API}, {"token_use": "access", "aud": "a", "client_id": "a"}, 200),
            ({"audience": None}, {"token_use": "access", "aud": "x"}, "invalid_audience"),
            ({"audience": API}, {"token_use": "access"}, 200),
        ],
    )
    def test_each_demand(
        self, status: Callable[..., Any], options: dict[str, Any], claims: dict[str, Any], expected: object
    ) -> None:
        assert status(cognito_auth_required(**options), **claims) == expected

    def test_what_is_no_mapping_is_the_apps_own_mistake(self, make_app: Callable[..., Flask], bearer: Bearer) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                return [token]

        app = make_app(Own, TESTING=True)

        with pytest.raises(TypeError, match="decode_token: expected a mapping of claims, found list"):
            app.test_client().get("/required", headers=bearer("x"))

    def test_empty_claims_let_no_request_in(self, make_app: Callable[..., Flask], bearer: Bearer) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                try:
                    return super().decode_token(token)
                except CognitoJWTException:
                    return {}

        client = make_app(Own, PROPAGATE_EXCEPTIONS=False).test_client()

        assert client.get("/required", headers=bearer("x")).status_code == 500


class TestClaims:
    @pytest.mark.parametrize(
        ("require", "value", "expected"),
        [
            ("any", "editor", 200),
            ("any", ["reader", "editor"], 200),
            ("any", "editor-in-chief", "claim_required"),
            ("any", "Editor", "claim_required"),
            ("any", ["editor", 7], "claim_required"),
            ("any", {"editor": True}, "claim_required"),
            ("any", None, "claim_required"),
            ("all", ["editor", "owner"], 200),
            ("all", "editor", "claim_required"),
        ],
    )
    def test_are_compared_whole(
        self, app: Flask, pool: LocalUserPool, status: Any, require: Any, value: object, expected: object
    ) -> None:
        decorator = cognito_claim_permissions("custom:role", ["editor", "owner"], require=require)
        app.add_url_rule("/c", "c", decorator(ok))

        assert status("/c", pool.access_token(claims={"custom:role": value})) == expected

    def test_an_absent_one_is_a_403_with_a_challenge(
        self, app: Flask, pool: LocalUserPool, client: FlaskClient, bearer: Bearer
    ) -> None:
        app.add_url_rule("/c", "c", cognito_claim_permissions("custom:role", "editor")(ok))

        response = client.get("/c", headers=bearer(pool.access_token()))

        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
        assert client.get("/c").status_code == 401

    @pytest.mark.parametrize(("claim", "values"), [("", "a"), ("custom:role", []), ("custom:role", ""), (7, "a")])
    def test_no_names_are_refused(self, claim: Any, values: Any) -> None:
        with pytest.raises(ConfigurationError):
            cognito_claim_permissions(claim, values)


class TestArguments:
    @pytest.mark.parametrize(
        "options",
        [
            {"token_use": "acess"},
            {"token_use": ""},
            {"client_id": "a,b"},
            {"client_id": []},
            {"client_id": 7},
            {"audience": ""},
            {"audience": {"a": 1}},
        ],
    )
    def test_that_cannot_be(self, auth: CognitoAuth, app: Flask, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            cognito_auth_required(**options)
        with pytest.raises(ConfigurationError):
            cognito_auth_optional(**options)
        with pytest.raises(ConfigurationError):
            auth.protect(app, **options)

    @pytest.mark.parametrize(
        ("outer", "inner"), [({"token_use": "id"}, {"token_use": "access"}), ({"client_id": "a"}, {"client_id": "b"})]
    )
    def test_of_two_decorators_that_contradict_each_other(self, outer: dict[str, Any], inner: dict[str, Any]) -> None:
        required: Any = cognito_auth_required

        with pytest.raises(ConfigurationError):
            required(**outer)(required(**inner)(lambda: "x"))

    def test_of_two_decorators_that_agree(self) -> None:
        marked = cognito_public(cognito_auth_required(token_use="id")(lambda: "x"))

        assert callable(cognito_auth_required(token_use="id", client_id="a")(marked))

    def test_that_are_no_view(self) -> None:
        with pytest.raises(TypeError, match="token_use='id'"):
            cognito_auth_required("admin")  # type: ignore[call-overload]


def test_the_audit_shows_them(app: Flask, auth: CognitoAuth) -> None:
    auth.protect(app, client_id=["a", "b"])
    app.add_url_rule("/t", "t", cognito_auth_required(token_use="id", audience=None)(ok))
    app.add_url_rule("/c", "c", cognito_claim_permissions("custom:role", ["x", "y"], require="all")(ok))
    app.add_url_rule("/o", "o", cognito_auth_optional(token_use="id")(ok))

    output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output

    for text in (
        *("token use id, audience any", "app client a or b", "claim custom:role x and y"),
        *("/o                       GET                 token use id + app client a or b",),  # `protect` wants a token
    ):
        assert text in output


def test_a_hook_of_the_apps_own_is_seen_and_lets_preflights_pass(app: Flask) -> None:
    api = Blueprint("api", "api")

    @api.before_request
    @cognito_auth_required
    def who() -> None: ...

    @app.before_request
    @cognito_auth_optional
    async def maybe() -> None: ...

    api.add_url_rule("/x", view_func=lambda: "x")
    app.register_blueprint(api)
    preflight = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}

    assert app.test_client().get("/x").status_code == 401
    assert app.test_client().options("/x", headers=preflight).status_code == 200
    output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output
    assert "OPEN" not in output


class CallableHook:
    @cognito_auth_required
    def __call__(self) -> None: ...

    @cognito_auth_required
    def method(self) -> None: ...


@cognito_auth_required
def hook_of(name: str) -> None: ...


@pytest.mark.parametrize("hook", [CallableHook(), CallableHook().method, partial(hook_of, "x")], ids=type)
def test_the_audit_sees_hooks_that_are_no_functions(app: Flask, hook: Any) -> None:
    app.before_request(hook)
    app.add_url_rule("/x", view_func=lambda: "x")

    assert app.test_client().get("/x").status_code == 401
    assert "OPEN" not in app.test_cli_runner().invoke(args=["cognito", "routes"]).output


@pytest.mark.parametrize("reads", [False, True])
def test_a_hook_that_verifies_by_hand_lets_preflights_pass_until_it_reads_a_claim(app: Flask, reads: bool) -> None:
    @app.before_request
    def who() -> None:
        claims = verify_cognito_jwt()
        assert not claims
        assert verify_cognito_jwt(optional=True) is None
        if reads:
            claims["sub"]

    app.add_url_rule("/x", view_func=lambda: "x")

    assert app.test_client().get("/x").status_code == 401
    assert app.test_client().options("/x").status_code == (401 if reads else 200)


def test_a_view_of_options_is_no_automatic_answer(app: Flask) -> None:
    app.add_url_rule("/x", "x", cognito_auth_required(lambda: "mine"), methods=["OPTIONS"])

    assert app.test_client().options("/x").status_code == 401


def test_public_above_dispatch_request(app: Flask, auth: CognitoAuth) -> None:
    class Health(View):
        @cognito_public
        def dispatch_request(self) -> str:
            return "well"

    auth.protect(app)
    app.add_url_rule("/health", view_func=Health.as_view("health"))

    assert app.test_client().get("/health").text == "well"
    output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output
    assert next(line.split() for line in output.splitlines() if "/health" in line) == ["/health", "GET", "public"]


def test_a_view_that_replaces_another_has_its_own_demand(app: Flask, pool: LocalUserPool, status: Any) -> None:
    app.add_url_rule("/me", "me", cognito_auth_required(token_use="id")(ok))
    assert status("/me", pool.id_token()) == 200

    app.view_functions["me"] = cognito_auth_required(token_use="access")(ok)

    assert status("/me", pool.id_token()) == "invalid_token_use"
    assert status("/me", pool.access_token()) == 200


def test_what_was_asked_during_the_set_up_is_not_remembered(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer, status: Any
) -> None:
    app.add_url_rule("/me", "me", cognito_auth_required(lambda: str(verify_cognito_jwt().token_use)))
    with app.test_request_context("/me", headers=bearer(pool.access_token())):
        assert verify_cognito_jwt().token_use == "access"

    auth.protect(app, token_use="id")

    assert status("/me", pool.id_token()) == 200
    assert status("/me", pool.access_token()) == "invalid_token_use"


def test_methods_that_a_client_invents_take_no_memory(
    app: Flask, client: FlaskClient, pool: LocalUserPool, bearer: Bearer
) -> None:
    app.view_functions["any"] = cognito_auth_required(token_use="access")(ok)
    app.url_map.add(Rule("/any", endpoint="any"))  # of every method
    state = app_state_of(app)

    for method in ("GET", "BREW", "PROPFIND", "X-1"):
        assert client.open("/any", method=method, headers=bearer(pool.access_token())).status_code == 200
        assert client.open("/any", method=method, headers=bearer(pool.id_token())).status_code == 401
    assert state.route_demands == {}


def app_state_of(app: Flask) -> AppState:
    with app.app_context():
        return app_state()


class TestContradictions:
    """A route that demands no API, in an app that requires one, could answer no request."""

    @pytest.fixture
    def app(self, settings: dict[str, Any]) -> Flask:
        app = Flask("app")
        app.config.update(settings, COGNITO_AUDIENCE="https://api.example", COGNITO_REQUIRE_AUDIENCE=True)
        CognitoAuth(app)
        app.add_url_rule("/good", "good", cognito_auth_required(lambda: "good"))
        return app

    @pytest.mark.parametrize("demand", [cognito_auth_required, cognito_auth_optional])
    def test_no_request_is_answered_until_it_is_put_right(self, app: Flask, demand: Any) -> None:
        app.add_url_rule("/bad", "bad", demand(audience=None)(lambda: "bad"))
        app.testing = True

        for _ in range(2):
            with pytest.raises(ConfigurationError, match="route /bad: audience: "):
                app.test_client().get("/good")

    def test_command_line_names_the_route(self, app: Flask) -> None:
        runner = app.test_cli_runner()
        assert runner.invoke(args=["cognito", "check"]).exit_code == 0
        app.add_url_rule("/bad", "bad", cognito_auth_required(audience=None)(lambda: "bad"))

        check = runner.invoke(args=["cognito", "check"])
        assert (check.exit_code, "route             FAILED: /bad: audience: " in check.output) == (1, True)
        assert "FAILED: /bad: audience: " in runner.invoke(args=["cognito", "routes"]).output
        assert runner.invoke(args=["cognito", "routes", "--fail-on-open"]).exit_code == 1

    def test_protect_refuses_it_at_once(self, app: Flask) -> None:
        auth = app.extensions["cognito_auth"]
        with pytest.raises(ConfigurationError, match="audience"):
            auth.protect(app, audience=None)

        blueprint = Blueprint("b", "b")
        auth.protect(blueprint, audience=None)
        blueprint.add_url_rule("/late", "late", lambda: "late")
        app.register_blueprint(blueprint)
        app.testing = True
        with pytest.raises(ConfigurationError, match="route /late"):
            app.test_client().get("/good")

    def test_own_decode_token_decides(self, settings: dict[str, Any]) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> dict[str, Any]:
                return {"sub": "1"}

        app = Flask("app")
        app.config.update(settings, COGNITO_AUDIENCE="https://api.example", COGNITO_REQUIRE_AUDIENCE=True)
        Own(app)
        app.add_url_rule("/mine", "mine", cognito_auth_required(audience=None)(lambda: "mine"))

        assert app.test_client().get("/mine", headers={"Authorization": "Bearer x"}).status_code == 200

    def test_protect_before_the_extension_serves_the_app(self, settings: dict[str, Any]) -> None:
        app, auth = Flask("app"), CognitoAuth()
        auth.protect(app, audience=None)
        app.config.update(settings)
        auth.init_app(app)

        assert app.test_client().get("/nowhere").status_code == 404
