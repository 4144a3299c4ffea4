"""A decorator above ``@app.route``, which registered the function without it: enforced all the same, and said."""

import logging
from collections.abc import Callable
from functools import lru_cache, partial, wraps
from typing import Any

import flask_restful  # type: ignore[import-untyped]
import flask_smorest  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask, request
from flask.views import MethodView, View
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_public,
    current_cognito_jwt,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


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

    @pytest.mark.parametrize(
        "hook",
        [cognito_auth_required, cognito_auth_required(), cognito_group_permissions("admin"), verify_cognito_jwt],
    )
    def test_that_is_a_decorator_itself_is_refused(self, app: Flask, hook: Any) -> None:
        app.testing = True
        app.before_request(hook)
        app.add_url_rule("/x", view_func=lambda: "x")

        for _ in range(2):
            with pytest.raises(ConfigurationError, match="before_request: expected a function"):
                app.test_client().get("/x")


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

    def test_by_a_partial(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        def view(kind: str = "x") -> str:
            return kind

        app.add_url_rule("/open", "open", view)
        app.add_url_rule("/closed", "closed", partial(cognito_auth_required(view), kind="y"))

        assert [app.test_client().get(path).status_code for path in ("/open", "/closed")] == [200, 401]
        assert said(caplog) == []


class TestWhatIsAddedLater:
    """`flask cognito routes` in a test, or a plugin, looks at the routes before all are there."""

    def test_is_seen_after_an_audit(self, app: Flask) -> None:
        app.add_url_rule("/x", view_func=lambda: "x", endpoint="x")
        demand_of(app, "/x")

        @cognito_auth_required
        @app.get("/late")
        def late() -> str:
            return "secret"

        assert app.test_client().get("/late").status_code == 401

    def test_is_seen_after_the_first_request(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        client = app.test_client()
        client.get("/")
        app._got_first_request = False  # noqa: SLF001 - as systems of plugins do

        @cognito_auth_required
        @app.get("/late")
        def late() -> str:
            return "secret"

        assert client.get("/late").status_code == 401
        assert client.get("/late").status_code == 401
        assert len(said(caplog)) == 1

    def test_what_was_said_is_not_said_again(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        def view() -> str:
            return "x"

        app.add_url_rule("/x", view_func=view)
        cognito_auth_required(view)

        for _ in range(2):
            demand_of(app, "/x")

        assert len(said(caplog)) == 1


def remembered(view: Callable[..., Any]) -> Callable[..., Any]:
    """A cache like Flask-Caching's `cached`, which makes its key of the path."""
    memory: dict[str, Any] = {}

    @wraps(view)
    def cached(*args: Any, **kwargs: Any) -> Any:
        if request.path not in memory:
            memory[request.path] = view(*args, **kwargs)
        return memory[request.path]

    cached.uncached = view  # type: ignore[attr-defined]
    return cached


def plain(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapper


class TestACacheAboveAGuard:
    @pytest.mark.parametrize("cache", [remembered, lru_cache, lambda view: lru_cache(remembered(view))])
    def test_answers_no_request_in_its_place(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, cache: Wrapper, caplog: pytest.LogCaptureFixture
    ) -> None:
        @app.get("/me")
        @cache
        @cognito_auth_required
        def me() -> str:
            return str(current_cognito_jwt.username)

        client = app.test_client()

        for name in ("alice", "bob", "alice"):
            assert client.get("/me", headers=bearer(pool.access_token(name))).text == name
        assert client.get("/me").status_code == 401
        (line,) = said(caplog)
        assert "view me" in line
        assert "a cache stands above" in demand_of(app, "/me")
        assert len(said(caplog)) == 1

    def test_below_another_decorator_skips_no_guard(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        @app.get("/me")
        @plain
        @remembered
        @cognito_group_permissions("admin")
        @cognito_auth_required
        def me() -> str:
            return "secret"

        client = app.test_client()

        assert client.get("/me", headers=bearer(pool.access_token(groups=["admin"]))).text == "secret"
        assert client.get("/me", headers=bearer(pool.access_token())).status_code == 403
        assert client.get("/me").status_code == 401
        assert demand_of(app, "/me").startswith("group admin (")
        (line,) = said(caplog)
        assert "users get each other's responses" in line

    def test_is_seen_again_in_another_app(self, settings: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
        @plain
        @remembered
        @cognito_auth_required
        def me() -> str:
            return "secret"

        for _ in range(2):
            app = Flask("app")
            app.config.update(settings)
            CognitoAuth(app)
            app.add_url_rule("/me", view_func=me)
            assert app.test_client().get("/me").status_code == 401

        assert ["a cache stands above" in line for line in said(caplog)] == [True, True]

    def test_of_a_method_of_a_class_skips_no_guard(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Me(MethodView):
            @remembered
            @cognito_auth_required
            def get(self) -> str:
                return "secret"

            async def post(self) -> str:
                return "posted"

        app.add_url_rule("/me", view_func=Me.as_view("me"))
        client = app.test_client()

        assert client.get("/me", headers=bearer(pool.access_token())).text == "secret"
        assert [client.open("/me", method=method).status_code for method in ("GET", "HEAD", "POST")] == [401, 401, 200]
        assert "a cache stands above" in demand_of(app, "/me")
        assert len(said(caplog)) == 1

    def test_in_the_decorators_of_a_resource_skips_no_guard(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The last one is the outermost."""

        class Me(flask_restful.Resource):  # type: ignore[misc]
            method_decorators = [cognito_auth_required, lru_cache]  # noqa: RUF012

            def get(self) -> str:
                return "secret"

        flask_restful.Api(app).add_resource(Me, "/me")
        client = app.test_client()

        assert client.get("/me", headers=bearer(pool.access_token())).status_code == 200
        assert client.get("/me").status_code == 401
        (line,) = said(caplog)
        assert "a cache stands above" in line

    def test_of_a_hook_answers_no_request_in_its_place(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        @app.before_request
        @lru_cache
        @cognito_auth_required
        def who() -> None: ...

        app.add_url_rule("/x", view_func=lambda: "x", endpoint="x")
        client = app.test_client()

        assert client.get("/x", headers=bearer(pool.access_token())).status_code == 200
        assert client.get("/x").status_code == 401
        (line,) = said(caplog)
        assert "hook who" in line

    def test_below_the_guard_is_the_apps_own_choice(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer, caplog: pytest.LogCaptureFixture
    ) -> None:
        @app.get("/report")
        @cognito_auth_required
        @remembered
        def report() -> str:
            return str(current_cognito_jwt.username)

        client = app.test_client()

        assert client.get("/report", headers=bearer(pool.access_token("alice"))).text == "alice"
        assert client.get("/report", headers=bearer(pool.access_token("bob"))).text == "alice"
        assert client.get("/report").status_code == 401
        assert said(caplog) == []


class TestMethodDecorators:
    """Flask-RESTX and Flask-RESTful apply them; Flask does not."""

    def test_of_a_class_of_flask_are_enforced(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        class Late(MethodView):
            method_decorators = (cognito_auth_required, plain)

            def get(self) -> str:
                return "secret"

        app.add_url_rule("/late", view_func=Late.as_view("late"))
        client = app.test_client()

        assert [client.open("/late", method=method).status_code for method in ("GET", "HEAD")] == [401, 401]
        assert "method_decorators" in demand_of(app, "/late")
        (line,) = said(caplog)
        assert "view late" in line

    def test_for_get_hold_for_head_too(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        class Late(flask_restful.Resource):  # type: ignore[misc]
            method_decorators = {"get": [cognito_auth_required], "post": [cognito_group_permissions("admin")]}  # noqa: RUF012

            def get(self) -> str:
                return "secret"

            def post(self) -> str:
                return "secret"

        flask_restful.Api(app).add_resource(Late, "/late")
        client = app.test_client()

        assert [client.open("/late", method=method).status_code for method in ("GET", "HEAD", "POST")] == [401] * 3
        assert client.head("/late", headers=bearer(pool.access_token())).status_code == 200
        assert client.post("/late", headers=bearer(pool.access_token())).status_code == 403

    def test_that_a_framework_applies_are_left_alone(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        class Late(flask_restful.Resource):  # type: ignore[misc]
            method_decorators = [cognito_auth_required]  # noqa: RUF012

            def get(self) -> str:
                return "secret"

        flask_restful.Api(app).add_resource(Late, "/late")
        view = app.view_functions["late"]

        assert app.test_client().get("/late").status_code == 401
        assert app.view_functions["late"] is view
        assert said(caplog) == []

    def test_for_some_methods_leave_the_others_open(self, app: Flask) -> None:
        class Late(MethodView):
            method_decorators = {"post": [cognito_auth_required]}  # noqa: RUF012
            head = None

            def get(self) -> str:
                return "open"

            def post(self) -> str:
                return "secret"

        app.add_url_rule("/late", view_func=Late.as_view("late"))
        output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output

        assert [app.test_client().open("/late", method=method).status_code for method in ("GET", "POST")] == [200, 401]
        assert "1 open" in output

    def test_of_another_kind_are_ignored(self, app: Flask) -> None:
        class Late(MethodView):
            method_decorators = property(lambda _: [])

            def get(self) -> str:
                return "open"

        app.add_url_rule("/late", view_func=Late.as_view("late"))

        assert app.test_client().get("/late").status_code == 200


class TestTheAudit:
    def test_counts_no_method_that_the_class_may_not_call(self, app: Flask) -> None:
        class Late(View):
            @cognito_auth_required
            def get(self) -> str:
                return "secret"

            def dispatch_request(self) -> str:
                return "open"

        app.add_url_rule("/late", view_func=Late.as_view("late"))

        assert demand_of(app, "/late") == "OPEN"


@pytest.mark.parametrize(
    "decorator", [cognito_auth_required, cognito_auth_optional, cognito_group_permissions("admin")]
)
def test_above_what_returns_no_view_is_refused_at_once(decorator: Any) -> None:
    """As the routes of Flask-Sock: the guard would have no effect."""
    with pytest.raises(TypeError, match="None"):
        decorator(None)


class TestAFunctionThatACallOpens:
    def test_is_open_on_its_other_routes_and_the_log_says_so(
        self, app: Flask, caplog: pytest.LogCaptureFixture
    ) -> None:
        def view() -> str:
            return "x"

        app.extensions["cognito_auth"].protect(app)
        app.add_url_rule("/open", "open", cognito_public(view))
        app.add_url_rule("/closed", "closed", plain(view))
        for _ in range(2):
            demand_of(app, "/open")

        assert app.test_client().get("/closed").status_code == 200
        (line,) = said(caplog)
        assert line.startswith("views closed, open: ")

    def test_can_have_a_partial_of_its_own(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        def view() -> str:
            return "x"

        app.extensions["cognito_auth"].protect(app)
        app.add_url_rule("/open", "open", cognito_public(partial(view)))
        app.add_url_rule("/closed", "closed", view)

        assert [app.test_client().get(path).status_code for path in ("/open", "/closed")] == [200, 401]
        assert said(caplog) == []

    @pytest.mark.parametrize("is_protected", [True, False])
    def test_may_have_several_routes_that_were_meant(
        self, app: Flask, is_protected: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        @cognito_public
        def by_decorator() -> str:
            return "x"

        def by_call() -> str:
            return "x"

        blueprint = Blueprint("bp", "bp")
        blueprint.add_url_rule("/x", "x", cognito_public(by_call))
        if is_protected:
            app.extensions["cognito_auth"].protect(app)
        else:
            app.add_url_rule("/y", "y", by_call)
        app.register_blueprint(blueprint, url_prefix="/1")
        app.register_blueprint(blueprint, url_prefix="/2", name="again")
        app.add_url_rule("/a", "a", by_decorator)
        app.add_url_rule("/b", "b", by_decorator)

        assert [app.test_client().get(path).status_code for path in ("/1/x", "/2/x", "/a", "/b")] == [200] * 4
        assert said(caplog) == []


class Guarded(MethodView):
    decorators = [cognito_group_permissions("staff")]  # noqa: RUF012 - as Flask has it

    @cognito_auth_required
    def get(self) -> str:
        return "base"


class OtherList(Guarded):
    decorators = [plain]  # noqa: RUF012


class OtherMethod(Guarded):
    def get(self) -> str:
        return "secret"


class CallsSuper(Guarded):
    def get(self) -> str:
        return super().get()


class Repeats(Guarded):
    decorators = [plain, *Guarded.decorators]  # noqa: RUF012

    @cognito_auth_required
    def get(self) -> str:
        return "secret"


class Opened(Guarded):
    decorators = []  # noqa: RUF012

    @cognito_public
    def get(self) -> str:
        return "open"


class Dispatching(View):
    @cognito_auth_required
    def dispatch_request(self) -> str:
        return "base"


class OtherDispatch(Dispatching):
    def dispatch_request(self) -> str:
        return "secret"


class TestAClassThatOverridesAGuard:
    @pytest.mark.parametrize(
        ("view_class", "lost"), [(OtherList, "group staff"), (OtherMethod, "signed in"), (OtherDispatch, "signed in")]
    )
    def test_is_said(self, app: Flask, view_class: Any, lost: str, caplog: pytest.LogCaptureFixture) -> None:
        app.add_url_rule("/x", view_func=view_class.as_view("x"))

        app.test_client().get("/x")
        demand_of(app, "/x")

        (line,) = said(caplog)
        assert "view x" in line
        assert f"({lost})" in line

    @pytest.mark.parametrize("view_class", [Guarded, CallsSuper, Repeats, Opened])
    def test_is_no_mistake_where_the_guard_holds_or_is_not_meant(
        self, app: Flask, view_class: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.add_url_rule("/x", view_func=view_class.as_view("x"))

        status = app.test_client().get("/x").status_code

        assert status == (200 if view_class is Opened else 401)
        assert said(caplog) == []

    def test_is_no_mistake_where_protect_asks_the_same(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        app.extensions["cognito_auth"].protect(app)
        app.add_url_rule("/x", view_func=OtherMethod.as_view("x"))

        assert app.test_client().get("/x").status_code == 401
        assert said(caplog) == []
