"""Every route at once: a forgotten decorator is no hole."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import flask_restful  # type: ignore[import-untyped]
import flask_restx  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask, send_from_directory
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_group_permissions,
    cognito_public,
    current_cognito_jwt,
)
from flask_cors import CORS
from werkzeug.routing import Rule

Bearer = Callable[[str], dict[str, str]]
Status = Callable[..., int]


@pytest.fixture
def app(settings: dict[str, Any], tmp_path: Path) -> Flask:
    (tmp_path / "logo.txt").write_text("logo")
    app = Flask("app", static_folder=tmp_path, static_url_path="/static")
    app.config.update(settings)
    CognitoAuth(app)

    @app.route("/forgotten", methods=["GET", "POST"])
    def forgotten() -> ResponseReturnValue:
        return dict(current_cognito_jwt)

    @app.get("/public")
    @cognito_public
    def public() -> str:
        return "public"

    return app


@pytest.fixture
def protected(app: Flask, auth: CognitoAuth) -> Flask:
    auth.protect(app)
    return app


@pytest.fixture
def status(app: Flask, bearer: Bearer) -> Status:
    def answered(path: str, token: str | None = None, method: str = "GET") -> int:
        headers = {} if token is None else bearer(token)
        with app.test_client().open(path, method=method, headers=headers) as response:
            return response.status_code

    return answered


@pytest.mark.usefixtures("protected")
class TestWholeApp:
    def test_a_forgotten_decorator_is_no_hole(self, status: Status, pool: LocalUserPool) -> None:
        for method in ("GET", "HEAD", "POST"):
            assert status("/forgotten", method=method) == 401
            assert status("/forgotten", pool.expired_token(), method) == 401
            assert status("/forgotten", pool.access_token(), method) == 200

    def test_what_is_public_is_open(self, status: Status) -> None:
        assert status("/public") == 200
        assert status("/public", "rubbish") == 200

    def test_static_files_are_open(self, status: Status) -> None:
        assert status("/static/logo.txt") == 200
        assert status("/static/not-there.txt") == 404

    def test_automatic_answers_to_options_are_open(self, app: Flask) -> None:
        response = app.test_client().options("/forgotten")

        assert response.status_code == 200
        assert response.allow.as_set() == {"get", "head", "post", "options"}

    def test_preflights_that_flask_cors_answers_for_the_app_are_open(self, app: Flask) -> None:
        CORS(app, origins=["https://todo.example"])
        preflight = {
            "Origin": "https://todo.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }

        response = app.test_client().options("/forgotten", headers=preflight)
        refused = app.test_client().post("/forgotten", headers={"Origin": "https://todo.example"})

        assert (response.status_code, refused.status_code) == (200, 401)
        assert response.headers["Access-Control-Allow-Headers"] == "authorization"
        assert refused.headers["Access-Control-Allow-Origin"] == "https://todo.example"

    def test_unknown_urls_and_methods_stay_unknown(self, status: Status) -> None:
        assert status("/nowhere") == 404
        assert status("/forgotten", method="DELETE") == 405

    def test_an_error_page_of_the_app_is_open(self, app: Flask) -> None:
        app.register_error_handler(404, lambda error: ("mine", 404))

        assert app.test_client().get("/nowhere").text == "mine"


def test_a_view_of_options_is_not_open(app: Flask, auth: CognitoAuth, status: Status) -> None:
    @app.route("/mine", methods=["OPTIONS"])
    def mine() -> str:
        return "mine"

    class Mine(MethodView):
        def get(self) -> str:
            return "mine"

        def options(self) -> str:
            return "mine"

    app.add_url_rule("/class", view_func=Mine.as_view("class"))
    auth.protect(app)

    assert status("/mine", method="OPTIONS") == 401
    assert status("/class", method="OPTIONS") == 401


def test_a_view_called_static_is_not_open(settings: dict[str, Any]) -> None:
    app = Flask("app", static_folder=None)
    app.config.update(settings)
    auth = CognitoAuth(app)
    app.add_url_rule("/mine", "static", lambda: "mine")
    blueprint = Blueprint("bp", "bp")
    blueprint.add_url_rule("/theirs", "static", lambda: "theirs")
    app.register_blueprint(blueprint)
    auth.protect(app)

    assert app.test_client().get("/mine").status_code == 401
    assert app.test_client().get("/theirs").status_code == 401


def test_a_folder_that_flask_sends_is_not_open(app: Flask, auth: CognitoAuth, status: Status, tmp_path: Path) -> None:
    (tmp_path / "invoice.txt").write_text("private")
    folder = {"directory": tmp_path}
    app.add_url_rule("/invoices/<path:path>", "invoices.static", send_from_directory, defaults=folder)
    auth.protect(app)

    assert status("/invoices/invoice.txt") == 401


def test_a_url_without_a_view_is_not_open(app: Flask, auth: CognitoAuth, status: Status) -> None:
    app.url_map.add(Rule("/view-less", endpoint="nothing"))
    auth.protect(app)

    assert status("/view-less") == 401


def test_groups_and_scopes_can_be_demanded_of_all(
    app: Flask, auth: CognitoAuth, status: Status, pool: LocalUserPool
) -> None:
    auth.protect(app, groups=["admin", "staff"], scopes="todo/write")

    assert status("/forgotten", pool.access_token(groups=["staff"], scopes=["todo/write"])) == 200
    assert status("/forgotten", pool.access_token(groups=["staff"])) == 403
    assert status("/forgotten", pool.access_token(scopes=["todo/write"])) == 403
    assert status("/public") == 200


@pytest.mark.parametrize("demand", [{"groups": []}, {"scopes": ""}, {"groups": [1]}, {"scopes": ["a b"]}])
def test_a_demand_that_nobody_can_meet_is_refused_at_once(
    app: Flask, auth: CognitoAuth, demand: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        auth.protect(app, **demand)


def test_the_decorators_of_a_view_hold_as_well(
    app: Flask, auth: CognitoAuth, status: Status, pool: LocalUserPool
) -> None:
    app.add_url_rule("/admin", view_func=cognito_group_permissions("admin")(lambda: "admin"))
    auth.protect(app, groups="staff")

    assert status("/admin", pool.access_token(groups=["staff"])) == 403
    assert status("/admin", pool.access_token(groups=["admin"])) == 403
    assert status("/admin", pool.access_token(groups=["staff", "admin"])) == 200


def test_it_can_be_set_up_before_the_app_is_configured(settings: dict[str, Any]) -> None:
    app, auth = Flask("app"), CognitoAuth()
    auth.protect(app)
    app.add_url_rule("/", view_func=lambda: "ok")
    app.config.update(settings)
    auth.init_app(app)

    assert app.test_client().get("/").status_code == 401


class TestPublic:
    def test_it_can_stand_anywhere_among_good_citizens(self, app: Flask, auth: CognitoAuth, status: Status) -> None:
        def shouting(view: Any) -> Any:
            @wraps(view)
            def shouted() -> Any:
                return view()

            return shouted

        def losing_marks(view: Any) -> Any:
            def bare() -> Any:
                return view()

            return bare

        app.add_url_rule("/above", "above", cognito_public(shouting(lambda: "ok")))
        app.add_url_rule("/below", "below", shouting(cognito_public(lambda: "ok")))
        app.add_url_rule("/lost", "lost", losing_marks(cognito_public(lambda: "ok")))
        auth.protect(app)

        assert (status("/above"), status("/below"), status("/lost")) == (200, 200, 401)

    def test_somebody_can_still_be_recognised(
        self, app: Flask, auth: CognitoAuth, status: Status, pool: LocalUserPool
    ) -> None:
        app.add_url_rule("/login", "login", cognito_public(cognito_auth_optional(lambda: dict(current_cognito_jwt))))
        app.add_url_rule("/optional", "optional", cognito_auth_optional(lambda: "ok"))
        auth.protect(app)

        assert status("/login") == 200
        assert status("/login", pool.access_token()) == 200
        assert status("/login", "rubbish") == 401
        assert status("/optional") == 401

    def test_a_class_speaks_for_itself_and_not_for_its_subclasses(
        self, app: Flask, auth: CognitoAuth, status: Status
    ) -> None:
        @cognito_public
        class Open(MethodView):
            def get(self) -> str:
                return "open"

            def post(self) -> str:
                return "open"

        class Closed(Open):
            pass

        app.add_url_rule("/open", view_func=Open.as_view("open"))
        app.add_url_rule("/closed", view_func=Closed.as_view("closed"))
        auth.protect(app)

        assert (status("/open"), status("/open", method="POST")) == (200, 200)
        assert (status("/closed"), status("/closed", method="POST")) == (401, 401)

    def test_one_method_of_a_class(self, app: Flask, auth: CognitoAuth, status: Status) -> None:
        class Todo(MethodView):
            @cognito_public
            def get(self) -> str:
                return "open"

            def post(self) -> str:
                return "closed"

        app.add_url_rule("/todo", view_func=Todo.as_view("todo"))
        auth.protect(app)

        assert [status("/todo", method=method) for method in ("GET", "HEAD", "POST")] == [200, 200, 401]

    def test_the_decorators_of_a_class(self, app: Flask, auth: CognitoAuth, status: Status) -> None:
        class Todo(MethodView):
            decorators = [cognito_public]  # noqa: RUF012 - as Flask has it

            def get(self) -> str:
                return "open"

        app.add_url_rule("/todo", view_func=Todo.as_view("todo"))
        auth.protect(app)

        assert status("/todo") == 200

    @pytest.mark.parametrize(
        ("framework", "decorators"),
        [
            (flask_restx, [cognito_public]),
            (flask_restful, [cognito_public]),
            (flask_restful, {"get": [cognito_public]}),
        ],
    )
    def test_the_decorators_of_the_methods_of_a_resource(
        self, app: Flask, auth: CognitoAuth, status: Status, pool: LocalUserPool, framework: Any, decorators: Any
    ) -> None:
        class Todo(framework.Resource):  # type: ignore[misc]
            method_decorators = decorators

            def get(self) -> str:
                return "open"

        class Closed(Todo):
            method_decorators = []  # noqa: RUF012 - as these frameworks have it

        api = framework.Api(app)
        api.add_resource(Todo, "/todo")
        api.add_resource(Closed, "/closed")
        auth.protect(app)

        assert (status("/todo"), status("/todo", pool.access_token())) == (200, 200)
        assert (status("/closed"), status("/closed", pool.access_token())) == (401, 200)

    def test_a_bound_method_alone(self, app: Flask, auth: CognitoAuth, status: Status) -> None:
        class Views:
            def view(self) -> str:
                return "ok"

        app.add_url_rule("/open", "open", cognito_public(Views().view))
        app.add_url_rule("/closed", "closed", Views().view)
        auth.protect(app)

        assert (status("/open"), status("/closed")) == (200, 401)

    @pytest.mark.parametrize("kind", [staticmethod, classmethod])
    @pytest.mark.parametrize("is_outermost", [True, False])
    def test_static_methods_and_class_methods(
        self, app: Flask, auth: CognitoAuth, status: Status, kind: Callable[..., Any], is_outermost: bool
    ) -> None:
        def view(*_class: object) -> str:
            return "ok"

        class Views:
            opened = cognito_public(kind(view)) if is_outermost else kind(cognito_public(view))
            closed = kind(lambda *_class: "ok")

        app.add_url_rule("/open", "open", Views.opened)
        app.add_url_rule("/closed", "closed", Views.closed)
        auth.protect(app)

        assert (status("/open"), status("/closed")) == (200, 401)

    def test_what_it_marks_is_itself(self) -> None:
        def view() -> None: ...

        assert cognito_public(view) is view


class TestBlueprints:
    @pytest.fixture
    def app(self, app: Flask, auth: CognitoAuth, tmp_path: Path) -> Flask:
        api = Blueprint("api", "api", url_prefix="/api", static_folder=tmp_path, static_url_path="/static")
        auth.protect(api, groups="staff")
        api.add_url_rule("/", "index", lambda: "api")
        api.add_url_rule("/public", "public", cognito_public(lambda: "public"))
        nested = Blueprint("nested", "nested", url_prefix="/nested")
        nested.add_url_rule("/", "index", lambda: "nested")
        api.register_blueprint(nested)
        app.register_blueprint(api)
        return app

    def test_its_own_routes_alone(self, status: Status, pool: LocalUserPool) -> None:
        for path in ("/api/", "/api/nested/"):
            assert status(path) == 401
            assert status(path, pool.access_token()) == 403
            assert status(path, pool.access_token(groups=["staff"])) == 200
        assert status("/api/public") == 200
        assert status("/api/static/logo.txt") == 200
        assert status("/forgotten") == 200

    def test_together_with_the_app(self, app: Flask, auth: CognitoAuth, status: Status, pool: LocalUserPool) -> None:
        auth.protect(app)

        assert status("/api/", pool.access_token()) == 403
        assert status("/api/", pool.access_token(groups=["staff"])) == 200
        assert status("/forgotten") == 401
