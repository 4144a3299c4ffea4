"""A decorator above ``@app.route``, which registered the function without it: enforced all the same, and said."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import flask_smorest  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask
from flask.views import MethodView, View
from flask_cognito import CognitoAuth, cognito_auth_required, cognito_group_permissions, cognito_public

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    app = Flask("app")
    app.config.update(settings)
    CognitoAuth(app)
    return app


def demand_of(app: Flask, url: str) -> str:
    output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output
    return next(line.split(None, 2)[2] for line in output.splitlines() if line.split(None, 1)[0] == url)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


class TestAView:
    def test_is_protected_and_the_first_request_says_so(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        @cognito_auth_required
        @app.get("/late")
        def late() -> str:
            return "secret"

        client = app.test_client()

        for _ in range(2):
            assert client.get("/late").status_code == 401
        assert client.get("/late", headers=bearer(pool.access_token())).text == "secret"
        (line,) = said(caplog)
        assert "view late" in line

    def test_can_be_a_coroutine(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @cognito_auth_required
        @app.get("/late")
        async def late() -> str:
            return "secret"

        assert app.test_client().get("/late").status_code == 401
        assert app.test_client().get("/late", headers=bearer(pool.access_token())).text == "secret"

    def test_can_be_of_a_blueprint(self, app: Flask) -> None:
        blueprint = Blueprint("bp", "bp")

        @cognito_auth_required
        @blueprint.get("/late")
        def late() -> str:
            return "secret"

        app.register_blueprint(blueprint)

        assert app.test_client().get("/late").status_code == 401

    def test_can_stand_between_two_routes(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        @app.get("/a", endpoint="a")
        @cognito_auth_required
        @app.get("/b", endpoint="b")
        def late() -> str:
            return "secret"

        assert [app.test_client().get(path).status_code for path in ("/a", "/b")] == [401, 401]
        (line,) = said(caplog)
        assert "view b" in line

    def test_that_a_call_guards_too_late_is_said(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        """Not enforced: the result may be meant for another app."""

        def late() -> str:
            return "secret"

        app.add_url_rule("/late", view_func=late)
        late = cognito_auth_required(late)

        assert app.test_client().get("/late").status_code == 200
        (line,) = said(caplog)
        assert "view late" in line

    def test_can_have_a_decorator_that_calls_ours(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        def admins_only(view: Callable[..., Any]) -> Callable[..., Any]:
            return cognito_group_permissions("admin")(view)

        @admins_only
        @app.get("/late")
        def late() -> str:
            return "secret"

        assert app.test_client().get("/late", headers=bearer(pool.access_token())).status_code == 403

    def test_can_have_other_decorators_between(self, app: Flask) -> None:
        def other(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def wrapper() -> Any:
                return view()

            return wrapper

        @cognito_auth_required
        @app.get("/late")
        @other
        def late() -> str:
            return "secret"

        assert app.test_client().get("/late").status_code == 401

    def test_can_be_of_flask_smorest(self, app: Flask) -> None:
        app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
        blueprint = flask_smorest.Blueprint("todo", "todo")

        @cognito_auth_required
        @blueprint.route("/late")  # type: ignore[untyped-decorator]
        @blueprint.response(200)  # type: ignore[untyped-decorator]
        def late() -> dict[str, Any]:
            return {}

        flask_smorest.Api(app).register_blueprint(blueprint)

        assert app.test_client().get("/late").status_code == 401

    def test_keeps_the_demands_that_stand_below(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @cognito_group_permissions("admin")
        @app.get("/late")
        @cognito_auth_required
        def late() -> str:
            return "secret"

        client = app.test_client()

        assert client.get("/late").status_code == 401
        assert client.get("/late", headers=bearer(pool.access_token())).status_code == 403
        assert client.get("/late", headers=bearer(pool.access_token(groups=["admin"]))).status_code == 200

    def test_below_protect_a_group_counts_too(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        app.extensions["cognito_auth"].protect(app)

        @cognito_group_permissions("admin")
        @app.get("/late")
        def late() -> str:
            return "secret"

        assert app.test_client().get("/late", headers=bearer(pool.access_token())).status_code == 403

    def test_can_demand_another_kind_of_token(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @cognito_auth_required(token_use="id")
        @app.get("/late")
        @cognito_group_permissions("admin")
        def late() -> str:
            return "secret"

        client = app.test_client()

        assert client.get("/late", headers=bearer(pool.id_token(groups=["admin"]))).status_code == 200
        assert client.get("/late", headers=bearer(pool.access_token(groups=["admin"]))).status_code == 401

    def test_of_a_class_is_said(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        class Late(MethodView):
            def get(self) -> str:
                return "secret"

        view = Late.as_view("late")
        app.add_url_rule("/late", view_func=view)
        cognito_auth_required(view)
        app.test_client().get("/late")

        (line,) = said(caplog)
        assert "view late" in line

    def test_above_the_route_of_a_class_is_refused_at_once(self, app: Flask) -> None:
        class Late(View):
            def dispatch_request(self) -> str:
                return "secret"

        with pytest.raises(TypeError):
            cognito_auth_required(Late)

    def test_is_told_by_the_audit(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        @cognito_group_permissions("admin")
        @app.get("/late")
        def late() -> str:
            return "secret"

        demand = demand_of(app, "/late")

        assert demand.startswith("group admin (")
        assert "above the route" in demand


class TestAHook:
    @pytest.mark.parametrize("before", [True, False], ids=["before the extension", "after it"])
    def test_is_enforced(self, settings: dict[str, Any], before: bool, caplog: pytest.LogCaptureFixture) -> None:
        app = Flask("app")
        app.config.update(settings)
        if not before:
            CognitoAuth(app)

        @cognito_auth_required
        @app.before_request
        def who() -> None: ...

        if before:
            CognitoAuth(app)
        app.add_url_rule("/x", view_func=lambda: "x")

        assert app.test_client().get("/x").status_code == 401
        assert app.test_client().options("/x").status_code == 200
        (line,) = said(caplog)
        assert "hook who" in line

    def test_of_a_blueprint_is_enforced_there(self, app: Flask) -> None:
        blueprint = Blueprint("bp", "bp")

        @cognito_auth_required
        @blueprint.before_request
        def who() -> None: ...

        blueprint.add_url_rule("/x", view_func=lambda: "x")
        app.register_blueprint(blueprint)
        app.add_url_rule("/open", view_func=lambda: "open")

        assert app.test_client().get("/x").status_code == 401
        assert app.test_client().get("/open").status_code == 200


class TestNothingIsMisplaced:
    def test_where_a_function_has_two_routes(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        def view() -> str:
            return "x"

        app.add_url_rule("/open", "open", view)
        app.add_url_rule("/closed", "closed", cognito_auth_required(view))
        app.add_url_rule("/admin", "admin", cognito_group_permissions("admin")(view))

        client = app.test_client()

        assert [client.get(path).status_code for path in ("/open", "/closed", "/admin")] == [200, 401, 401]
        assert said(caplog) == []

    def test_where_an_app_is_made_again(self, settings: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
        def view() -> str:
            return "x"

        for _ in range(3):
            app = Flask("app")
            app.config.update(settings)
            CognitoAuth(app)
            app.add_url_rule("/open", "open", view)
            app.add_url_rule("/closed", "closed", cognito_auth_required(view))
            client = app.test_client()
            assert [client.get(path).status_code for path in ("/open", "/closed")] == [200, 401]

        assert said(caplog) == []

    def test_by_bound_methods(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        class Views:
            def one(self) -> str:
                return "x"

        app.add_url_rule("/one", "one", cognito_auth_required(Views().one))
        app.add_url_rule("/public", "public", cognito_public(Views().one))

        assert [app.test_client().get(path).status_code for path in ("/one", "/public")] == [401, 200]
        assert said(caplog) == []

    def test_by_what_can_carry_no_note(self, app: Flask) -> None:
        app.add_url_rule("/max", "max", cognito_auth_required(max))

        assert app.test_client().get("/max").status_code == 401
