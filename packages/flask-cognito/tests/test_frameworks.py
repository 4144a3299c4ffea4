"""Frameworks on top of Flask answer what Flask answers, in production, testing and debug mode."""

from collections.abc import Callable, Iterator
from typing import Any

import flask_restful  # type: ignore[import-untyped]
import flask_restx  # type: ignore[import-untyped]
import flask_smorest  # type: ignore[import-untyped]
import pytest
from apiflask import APIFlask
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, current_app
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoSignIn,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    openapi_security_schemes,
)
from werkzeug.test import TestResponse

Bearer = Callable[[str], dict[str, str]]
Adds = Callable[[Flask], None]


def view() -> dict[str, Any]:
    return {"username": current_cognito_jwt["username"]}


def add_to_flask(app: Flask) -> None:
    app.add_url_rule("/required", "required", cognito_auth_required(view))
    app.add_url_rule("/admin", "admin", cognito_group_permissions("admin")(view))
    app.add_url_rule("/bare", "bare", view)


def add_to_restx(app: Flask) -> None:
    api = flask_restx.Api(app)

    @api.route("/required")
    class Required(flask_restx.Resource):  # type: ignore[misc]
        method_decorators = [cognito_auth_required]  # noqa: RUF012 - as Flask-RESTX has it

        def get(self) -> dict[str, Any]:
            return view()

    @api.route("/admin")
    class Admin(flask_restx.Resource):  # type: ignore[misc]
        @cognito_group_permissions("admin")
        def get(self) -> dict[str, Any]:
            return view()

    @api.route("/bare")
    class Bare(flask_restx.Resource):  # type: ignore[misc]
        def get(self) -> dict[str, Any]:
            return view()


def add_to_restful(app: Flask) -> None:
    class Required(flask_restful.Resource):  # type: ignore[misc]
        method_decorators = {"get": [cognito_auth_required]}  # noqa: RUF012 - as Flask-RESTful has it

        def get(self) -> dict[str, Any]:
            return view()

    class Admin(flask_restful.Resource):  # type: ignore[misc]
        @cognito_group_permissions("admin")
        def get(self) -> dict[str, Any]:
            return view()

    class Bare(flask_restful.Resource):  # type: ignore[misc]
        def get(self) -> dict[str, Any]:
            return view()

    api = flask_restful.Api(app)
    api.add_resource(Required, "/required")
    api.add_resource(Admin, "/admin")
    api.add_resource(Bare, "/bare")


def add_to_smorest(app: Flask) -> None:
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    api = flask_smorest.Api(app)
    blueprint = flask_smorest.Blueprint("todo", "todo")

    @blueprint.route("/required")
    class Required(MethodView):
        decorators = [cognito_auth_required]  # noqa: RUF012 - as Flask has it

        @blueprint.response(200)  # type: ignore[untyped-decorator]
        def get(self) -> dict[str, Any]:
            return view()

    @blueprint.route("/admin")  # type: ignore[untyped-decorator]
    @cognito_group_permissions("admin")
    @blueprint.response(200)  # type: ignore[untyped-decorator]
    def admin() -> dict[str, Any]:
        return view()

    @blueprint.route("/bare")  # type: ignore[untyped-decorator]
    @blueprint.response(200)  # type: ignore[untyped-decorator]
    def bare() -> dict[str, Any]:
        return view()

    api.register_blueprint(blueprint)


def add_to_apiflask(app: Flask) -> None:
    assert isinstance(app, APIFlask)

    @app.get("/required")
    @cognito_auth_required
    def required() -> dict[str, Any]:
        return view()

    @app.get("/admin")
    @app.doc(summary="for admins")
    @cognito_group_permissions("admin")
    def admin() -> dict[str, Any]:
        return view()

    @app.get("/bare")
    def bare() -> dict[str, Any]:
        return view()


FRAMEWORKS: dict[str, Adds] = {
    "flask-restx": add_to_restx,
    "flask-restful": add_to_restful,
    "flask-smorest": add_to_smorest,
    "apiflask": add_to_apiflask,
}
WITH_BODIES_OF_THEIR_OWN = ("flask-restx", "flask-restful")
MODES: dict[str, dict[str, Any]] = {"production": {}, "testing": {"TESTING": True}, "debug": {"DEBUG": True}}


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> dict[str, Any]:
    return MODES[request.param]


@pytest.fixture
def make(settings: dict[str, Any]) -> Callable[..., Flask]:
    def made(framework: str, **config: Any) -> Flask:
        app = APIFlask("app") if framework == "apiflask" else Flask("app")
        app.config.update({**settings, **config})
        CognitoAuth(app)
        FRAMEWORKS.get(framework, add_to_flask)(app)
        return app

    return made


@pytest.fixture
def requests(pool: LocalUserPool, bearer: Bearer) -> list[tuple[str, dict[str, str]]]:
    """One for each kind of refusal."""
    return [
        ("/required", {}),
        ("/required", {"Authorization": "Basic YTpi"}),
        ("/required", {"Authorization": "Bearer one two"}),
        ("/required", bearer(pool.expired_token())),
        ("/required", bearer("rubbish")),
        ("/required", bearer(pool.client_credentials_token())),
        ("/admin", bearer(pool.access_token())),
        ("/admin", bearer(pool.client_credentials_token())),
    ]


Told = tuple[int, Any, dict[str, str]]


def told(response: TestResponse) -> Told:
    """Status, JSON and headers; Flask-RESTX and Flask-RESTful write the same JSON with other white space."""
    headers = {name: value for name, value in response.headers if name != "Content-Length"}
    return response.status_code, response.get_json(), headers


def answers(app: Flask, requests: list[tuple[str, dict[str, str]]]) -> Iterator[Told]:
    for path, headers in requests:
        yield told(app.test_client().get(path, headers=headers))


def test_every_refusal_is_the_same(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], requests: list[tuple[str, dict[str, str]]]
) -> None:
    found = list(answers(make(framework, **mode), requests))

    assert found == list(answers(make("flask"), requests))
    assert {status for status, _, _ in found} == {401, 403}


@pytest.mark.parametrize("framework", ["flask-smorest", "apiflask"], indirect=True)
def test_a_token_that_a_view_decodes_itself_is_refused_in_the_same_way(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], pool: LocalUserPool
) -> None:
    def answered(name: str, **config: Any) -> Told:
        app = make(name, **config)
        auth: CognitoAuth = app.extensions["cognito_auth"]
        app.add_url_rule("/by-hand", view_func=lambda: dict(auth.decode_token(pool.expired_token())))
        return told(app.test_client().get("/by-hand"))

    assert answered(framework, **mode) == answered("flask")
    assert answered(framework, **mode)[0] == 401


def test_a_shaped_refusal_is_the_same(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], requests: list[tuple[str, dict[str, str]]]
) -> None:
    def shaped(name: str, **config: Any) -> Flask:
        app = make(name, **config)

        @app.extensions["cognito_auth"].error_handler  # type: ignore[untyped-decorator]
        def problem(error: CognitoAuthError) -> Any:
            response = current_app.response_class(f'{{"title": "{error.error}"}}', error.status_code)
            response.mimetype = "application/problem+json"
            return response

        return app

    found = list(answers(shaped(framework, **mode), requests))

    if framework in WITH_BODIES_OF_THEIR_OWN:  # an `error_handler` is not asked
        assert found == list(answers(make("flask"), requests))
    else:
        assert found == list(answers(shaped("flask"), requests))
        assert {headers["Content-Type"] for _, _, headers in found} == {"application/problem+json"}


def test_a_refusal_before_the_view_is_the_same(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], requests: list[tuple[str, dict[str, str]]]
) -> None:
    def protected(name: str, **config: Any) -> Flask:
        app = make(name, **config)
        app.extensions["cognito_auth"].protect(app, scopes="unknown/scope")
        return app

    assert list(answers(protected(framework, **mode), requests)) == list(answers(protected("flask"), requests))


def test_a_missing_claim_of_a_view_without_decorators_is_the_same(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], pool: LocalUserPool, bearer: Bearer
) -> None:
    def answer(name: str, **config: Any) -> Told:
        app = make(name, **config)
        app.extensions["cognito_auth"].protect(app)
        return told(app.test_client().get("/bare", headers=bearer(pool.client_credentials_token())))

    found = answer(framework, **mode)

    assert found == answer("flask")
    assert (found[0], found[1]["code"]) == (403, "claim_required")


def test_an_outage_is_the_same(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], pool: LocalUserPool, bearer: Bearer
) -> None:
    with pool.serve() as url:
        pass

    def answer(name: str, **config: Any) -> Told:
        app = make(name, COGNITO_JWKS=None, COGNITO_JWKS_URI=url, **config)
        return told(app.test_client().get("/required", headers=bearer(pool.access_token())))

    found = answer(framework, **mode)

    assert found == answer("flask")
    assert (found[0], "Retry-After" in found[2]) == (503, True)


def test_who_may_gets_in(
    make: Callable[..., Flask], framework: str, mode: dict[str, Any], pool: LocalUserPool, bearer: Bearer
) -> None:
    client = make(framework, **mode).test_client()

    for path in ("/required", "/admin"):
        response = client.get(path, headers=bearer(pool.access_token("alice", groups=["admin"])))
        assert (response.status_code, response.get_json()) == (200, {"username": "alice"})
        assert "Authorization" in response.vary


def test_a_handler_of_flask_restx_for_these_errors_is_asked(settings: dict[str, Any]) -> None:
    app = Flask("app")
    app.config.update(settings)
    CognitoAuth(app)
    api = flask_restx.Api(app)

    @api.errorhandler(CognitoAuthError)  # type: ignore[untyped-decorator]
    def handle(error: CognitoAuthError) -> Any:
        return {"message": "mine", "error": error.error}, 418

    @api.route("/required")
    class Required(flask_restx.Resource):  # type: ignore[misc]
        @cognito_auth_required
        def get(self) -> None: ...

    response = app.test_client().get("/required")

    assert response.status_code == 418
    assert response.get_json() == {
        "error": "Authorization Required",
        "description": "The request has no access token.",
        "code": "authorization_required",
    }  # Flask-RESTX writes `error.data`, and takes status and headers from its handler


class TestOpenAPI:
    @pytest.mark.parametrize(
        ("config", "schemes"),
        [
            ({}, {"cognito": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}),
            (
                {"COGNITO_JWT_HEADER_NAME": "X-Token"},
                {
                    "cognito": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "X-Token",
                        "description": "Bearer and the token, with a space between them.",
                    }
                },
            ),
            (
                {"COGNITO_JWT_HEADER_PREFIX": None},
                {
                    "cognito": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "Authorization",
                        "description": "The token.",
                    }
                },
            ),
            (
                {"COGNITO_JWT_HEADER_NAME": "Cookie"},
                {"cognito_cookie": {"type": "apiKey", "in": "cookie", "name": "session_token"}},
            ),
        ],
    )
    def test_the_schemes_are_those_of_the_settings(
        self, make: Callable[..., Flask], config: dict[str, Any], schemes: dict[str, Any]
    ) -> None:
        assert openapi_security_schemes(make("flask", **config)) == schemes

    def test_sign_in_adds_the_cookie_of_the_session(self, make: Callable[..., Flask]) -> None:
        app = make(
            "flask",
            SECRET_KEY="k" * 32,
            COGNITO_DOMAIN="https://todo.auth.eu-central-1.amazoncognito.com",
            COGNITO_SESSION_COOKIE_NAME="__Host-todo",
        )
        CognitoSignIn(app)

        assert openapi_security_schemes(app)["cognito_session"] == {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-todo",
        }

    def test_flask_smorest_takes_them(self, settings: dict[str, Any]) -> None:
        app = Flask("app")
        app.config.update(settings, API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
        app.config["COGNITO_TOKEN_LOCATIONS"] = ["header", "cookie"]
        CognitoAuth(app)
        api = flask_smorest.Api(app)
        for name, scheme in openapi_security_schemes(app).items():
            api.spec.components.security_scheme(name, scheme)

        assert set(api.spec.to_dict()["components"]["securitySchemes"]) == {"cognito", "cognito_cookie"}

    def test_apiflask_takes_them(self, make: Callable[..., Flask]) -> None:
        app = make("apiflask")
        assert isinstance(app, APIFlask)
        app.security_schemes = openapi_security_schemes(app)

        spec = app.test_client().get("/openapi.json").get_json()

        assert spec["components"]["securitySchemes"]["cognito"]["scheme"] == "bearer"
