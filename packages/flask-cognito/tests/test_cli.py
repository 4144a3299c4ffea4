"""``flask cognito check``, ``explain`` and ``routes``."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_restful  # type: ignore[import-untyped]
import flask_restx  # type: ignore[import-untyped]
import pytest
import requests
from cognito_jwt_core import Claims, KeySettings, RevocationList
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask, request
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_public,
    cognito_scope_permissions,
)
from werkzeug.routing import Rule

MakeApp = Callable[..., Flask]


def run(app: Flask, *arguments: str, text: str | None = None) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["cognito", *arguments], input=text)
    return result.exit_code, result.output


class TestCheck:
    def test_it_describes_the_set_up(self, app: Flask) -> None:
        code, output = run(app, "check")

        assert code == 0
        for line in (
            "user pool         eu-central-1_testpool",
            "app clients       abcdef123456",
            "token use         access",
            "token in          header Authorization (Bearer)",
            "identity handler  none: current_user is None",
        ):
            assert line in output.splitlines()
        assert "keys              1 from" in output
        assert "warning" not in output

    def test_it_names_the_checks_that_are_off(self, make_app: MakeApp) -> None:
        app = make_app(
            COGNITO_APP_CLIENT_ID=None,
            COGNITO_TOKEN_USE=None,
            COGNITO_TOKEN_LOCATIONS=["cookie", "header"],
            COGNITO_JWT_HEADER_PREFIX=None,
        )
        app.extensions["cognito_auth"].identity_handler(str)

        code, output = run(app, "check")

        assert code == 0
        assert "app clients       any" in output
        assert "advice: COGNITO_TOKEN_USE = 'access'" in output
        assert "token in          cookie session_token, then header Authorization (without a prefix)" in output
        assert "identity handler  registered" in output
        assert output.count("warning") == 1

    def test_it_says_what_is_set_beyond_the_defaults(self, make_app: MakeApp) -> None:
        def tenant(claims: Claims) -> None: ...

        app = make_app(
            COGNITO_AUDIENCE="https://api.example",
            COGNITO_CUSTOM_CHECK=tenant,
            COGNITO_KEY_SETTINGS=KeySettings(),
            COGNITO_REQUESTS_SESSION=requests.Session(),
            COGNITO_TOKEN_LOCATIONS=["header", "cookie"],
            COGNITO_TRUSTED_ORIGINS=["https://spa.example"],
            COGNITO_JWT_HEADER_PREFIX=["Bearer", None],
        )

        _, output = run(app, "check")

        for text in (
            *("audience          https://api.example", "tenant", "COGNITO_REQUESTS_SESSION", "COGNITO_KEY_SETTINGS"),
            *("trusted origins   https://spa.example", "(Bearer or without a prefix), then cookie session_token"),
        ):
            assert text in output

    def test_it_asks_for_the_revocations(self, make_app: MakeApp) -> None:
        class Down(RevocationList):
            def ready(self) -> None:
                raise ConnectionError

        good, bad = (run(make_app(COGNITO_REVOCATIONS=found), "check") for found in (RevocationList(), Down()))

        assert (good[0], "revocations       RevocationList" in good[1].splitlines()) == (0, True)
        assert (bad[0], "revocations       FAILED: Down: " in bad[1]) == (1, True)

    def test_it_warns_of_users_that_nobody_can_be(self, make_app: MakeApp) -> None:
        _, output = run(make_app(COGNITO_IDENTITY_REQUIRED=True), "check")

        assert "warning           COGNITO_IDENTITY_REQUIRED refuses every user" in output

    def test_it_reaches_the_keys(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        with pool.serve() as url:
            code, output = run(make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url), "check")

            assert (code, f"keys              1 from {url}" in output) == (0, True)

    def test_it_fails_where_it_does_not(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        with pool.serve() as url:
            pass
        code, output = run(make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url), "check")

        assert (code, "keys              FAILED: " in output) == (1, True)

    def test_it_names_keys_that_are_left_out(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        good = pool.jwk_set["keys"]
        assert isinstance(good, list)
        code, output = run(make_app(COGNITO_JWKS={"keys": [*good, {"kty": "oct", "kid": "bad", "k": "AA"}]}), "check")

        assert (code, "left out 'bad': " in output) == (0, True)


class TestExplain:
    def test_a_good_token(self, app: Flask, pool: LocalUserPool) -> None:
        code, output = run(app, "explain", pool.access_token())

        assert (code, output.splitlines()[-1]) == (0, "accepted; 2 routes demand more")

    def test_an_app_whose_routes_demand_no_more(self, settings: dict[str, Any], pool: LocalUserPool) -> None:
        app = Flask("app")
        app.config.update(settings)
        CognitoAuth(app)
        app.add_url_rule("/me", view_func=cognito_auth_required(lambda: "me"))

        assert run(app, "explain", pool.access_token())[1].splitlines()[-1] == "accepted"

    @pytest.mark.parametrize(("groups", "code", "last"), [((), 1, "group_required"), (("admin",), 0, "accepted")])
    def test_a_route_adds_what_it_demands(
        self, app: Flask, pool: LocalUserPool, groups: tuple[str, ...], code: int, last: str
    ) -> None:
        found, output = run(app, "explain", pool.access_token(groups=groups), "--route", "/admin")

        assert (found, last in output.splitlines()[-1]) == (code, True)

    def test_a_route_can_replace_what_the_app_demands(self, app: Flask, pool: LocalUserPool) -> None:
        view = cognito_auth_required(token_use="id")(lambda number: "t")
        app.add_url_rule("/todos/<int:number>", "t", view, methods=["PUT"])

        for route in ("/todos/7", "/todos/<int:number>"):
            code, output = run(app, "explain", pool.id_token(), "--route", route, "--method", "put")
            assert (code, output.splitlines()[-1]) == (0, "accepted")
            assert run(app, "explain", pool.access_token(), "--route", route, "--method", "PUT")[0] == 1

    @pytest.mark.parametrize("route", ["http://localhost:5000/admin?page=2#top", "/admin?page=2"])
    def test_a_route_can_be_a_url(self, app: Flask, pool: LocalUserPool, route: str) -> None:
        assert "group_required" in run(app, "explain", pool.access_token(), "--route", route)[1]

    @pytest.mark.parametrize(
        ("arguments", "needs_none"),
        [(["/health"], True), (["/static/x.css"], True), (["/admin", "--method", "OPTIONS"], True), (["/open"], False)],
    )
    def test_a_route_that_requires_no_token(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, arguments: list[str], needs_none: bool
    ) -> None:
        auth.protect(app)
        app.add_url_rule("/health", view_func=cognito_public(lambda: "well"))

        for token in (pool.access_token(), pool.expired_token()):
            output = run(app, "explain", token, "--route", *arguments)[1]
            assert ("this route requires no token" in output) == needs_none

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--route", "/nowhere"], "no route /nowhere"),
            (["--route", "/admin", "--method", "DELETE"], "does not answer DELETE"),
            (["--route", "/folder"], "redirects to"),
        ],
    )
    def test_a_route_that_the_app_does_not_have(
        self, app: Flask, pool: LocalUserPool, arguments: list[str], told: str
    ) -> None:
        app.add_url_rule("/folder/", view_func=lambda: "folder")

        code, output = run(app, "explain", pool.access_token(), *arguments)

        assert (code, told in output) == (2, True)

    def test_the_host_of_a_route_counts(self, settings: dict[str, Any], pool: LocalUserPool) -> None:
        app = Flask("app", host_matching=True, static_host="a.example")
        app.config.update(settings)
        CognitoAuth(app)
        app.add_url_rule("/x", "public", cognito_public(lambda: "x"), host="a.example")
        app.add_url_rule("/x", "admin", cognito_group_permissions("admin")(lambda: "x"), host="b.example")

        assert [line.split()[0] for line in run(app, "routes")[1].splitlines()[:3]] == [
            "a.example/static/<path:filename>",
            "a.example/x",
            "b.example/x",
        ]
        code, output = run(app, "explain", pool.access_token(), "--route", "/x")
        assert (code, "several hosts have a route /x" in output) == (2, True)
        for route in ("http://a.example/x", "a.example/x"):
            assert "requires no token" in run(app, "explain", pool.access_token(), "--route", route)[1]
        for route in ("http://b.example/x?page=2", "b.example/x"):
            assert "group_required" in run(app, "explain", pool.access_token(), "--route", route)[1]

    def test_the_subdomain_of_a_route_counts(self, settings: dict[str, Any], pool: LocalUserPool) -> None:
        app = Flask("app", subdomain_matching=True)
        app.config.update(settings, SERVER_NAME="example")
        CognitoAuth(app)
        app.add_url_rule("/x", "public", cognito_public(lambda: "x"), subdomain="a")
        app.add_url_rule("/x", "admin", cognito_group_permissions("admin")(lambda: "x"))

        assert [line.split()[0] for line in run(app, "routes")[1].splitlines()[1:3]] == ["/x", "a.example/x"]
        for route in ("http://a.example/x", "a.example/x"):
            assert "requires no token" in run(app, "explain", pool.access_token(), "--route", route)[1]
        for route in ("http://example/x", "/x", "/x?page=2"):
            assert "group_required" in run(app, "explain", pool.access_token(), "--route", route)[1]

    def test_what_does_not_run_is_said(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        class Own(CognitoAuth):
            def get_user(self, payload: Claims) -> None:
                raise NotImplementedError

        with_handler = make_app()
        with_handler.extensions["cognito_auth"].identity_handler(lambda payload: payload["email"])

        for app in (with_handler, make_app(Own)):
            lines = run(app, "explain", pool.access_token())[1].splitlines()
            assert "identity handler does not run" in lines[0]
            assert lines[-1].startswith("accepted")
        assert "identity handler" not in run(make_app(), "explain", pool.access_token())[1]

    def test_an_own_decode_token_is_said_to_decide(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> dict[str, Any]:
                return {"sub": token}

        app = make_app(Own)

        assert "overrides decode_token" in run(app, "explain", pool.access_token())[1]
        code, output = run(app, "check")
        assert (code, "not fetched: the app overrides decode_token" in output) == (0, True)

    def test_a_bad_one_read_from_standard_input(self, app: Flask, pool: LocalUserPool) -> None:
        code, output = run(app, "explain", "-", text=pool.expired_token() + "\n")

        assert (code, "token_expired" in output) == (1, True)

    def test_no_keys_to_tell_by(self, make_app: MakeApp, pool: LocalUserPool) -> None:
        with pool.serve() as url:
            pass
        code, output = run(make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url), "explain", pool.access_token())

        assert (code, "jwks_unavailable" in output) == (2, True)

    def test_a_token_is_needed(self, app: Flask) -> None:
        assert run(app, "explain")[0] == 2

    def test_a_token_with_its_scheme_and_no_quotes_is_explained_and_not_echoed(
        self, app: Flask, pool: LocalUserPool
    ) -> None:
        token = pool.access_token()

        code, output = run(app, "explain", "Bearer", token)

        assert code == 1
        assert "Give only the token, without the scheme" in output
        assert token[:12] not in output

    def test_input_that_is_no_text_is_a_token_that_is_refused(self, app: Flask) -> None:
        result = app.test_cli_runner().invoke(args=["cognito", "explain", "-"], input=b"\xff\xfe")

        assert result.exit_code == 1
        assert "expected ASCII text" in result.output


class TestRoutes:
    @pytest.fixture
    def app(self, settings: dict[str, Any]) -> Flask:
        app = Flask("app")
        app.config.update(settings)
        CognitoAuth(app)
        return app

    @pytest.fixture
    def demands(self, app: Flask) -> Callable[[], dict[str, str]]:
        """Return what ``flask cognito routes`` prints for each URL and method."""

        def told() -> dict[str, str]:
            _, output = run(app, "routes")
            rows = (line.split(None, 2) for line in output.splitlines() if line.startswith("/"))
            return {f"{methods} {url}": demand for url, methods, demand in rows}

        return told

    def test_what_decorators_say(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        def view() -> str:
            return ""

        for url, decorated in {
            "/required": cognito_auth_required(view),
            "/optional": cognito_auth_optional(view),
            "/group": cognito_group_permissions(["a", "b"])(view),
            "/groups": cognito_auth_required(cognito_group_permissions(["a", "b"], require="all")(view)),
            "/scope": cognito_group_permissions("a")(cognito_scope_permissions("s")(view)),
            "/forgotten": lambda: "",
            "/public": cognito_public(lambda: ""),
        }.items():
            app.add_url_rule(url, url, decorated, methods=["GET", "POST"])

        assert demands() == {
            "GET,POST /required": "signed in",
            "GET,POST /optional": "any caller, signed in or not",
            "GET,POST /group": "group a or b",
            "GET,POST /groups": "group a and b",
            "GET,POST /scope": "group a + scope s",
            "GET,POST /forgotten": "OPEN",
            "GET,POST /public": "public",
            "GET /static/<path:filename>": "static files",
        }

    def test_what_classes_say(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        class Todo(MethodView):
            @cognito_public
            def get(self) -> str:
                return ""

            @cognito_auth_required
            def post(self) -> str:
                return ""

            def options(self) -> str:
                return ""

        app.add_url_rule("/todo", view_func=Todo.as_view("todo"))
        api = flask_restx.Api(app, doc=False)

        @api.route("/restx")
        class Restx(flask_restx.Resource):  # type: ignore[misc]
            method_decorators = [cognito_group_permissions("a")]  # noqa: RUF012 - as Flask-RESTX has it

            def get(self) -> None: ...

        found = demands()

        assert [found[f"{method} /todo"] for method in ("GET", "POST", "OPTIONS")] == ["public", "signed in", "OPEN"]
        assert found["GET /restx"] == "group a"

    def test_a_hook_that_asks_some_requests_leaves_the_routes_open(
        self, app: Flask, demands: Callable[[], dict[str, str]]
    ) -> None:
        def but_for_health(hook: Callable[[], Any]) -> Callable[[], Any]:
            @functools.wraps(hook)
            def wrapper() -> Any:
                return None if request.path == "/health" else hook()

            return wrapper

        @app.before_request
        @but_for_health
        @cognito_auth_required
        def who() -> None: ...

        app.before_request({}.clear)
        app.add_url_rule("/health", "health", lambda: "well")

        assert app.test_client().get("/health").status_code == 200
        assert demands()["GET /health"] == "OPEN"

    def test_an_optional_decorator_beside_others_changes_nothing(
        self, app: Flask, demands: Callable[[], dict[str, str]]
    ) -> None:
        app.add_url_rule("/a", "a", cognito_auth_optional(cognito_auth_required(lambda: "a")))
        app.add_url_rule("/b", "b", cognito_auth_optional(token_use="id")(cognito_group_permissions("x")(lambda: "b")))

        found = demands()

        assert app.test_client().get("/a").status_code == 401
        assert (found["GET /a"], found["GET /b"]) == ("signed in", "token use id + group x")

    def test_head_is_guarded_like_get(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        """Flask-RESTful answers HEAD with `get`, and applies the decorators of "head"."""

        class Todo(flask_restful.Resource):  # type: ignore[misc]
            method_decorators = {"get": [cognito_auth_required]}  # noqa: RUF012 - as Flask-RESTful has it

            def get(self) -> str:
                return "closed"

        flask_restful.Api(app).add_resource(Todo, "/todo")
        client = app.test_client()

        assert (client.get("/todo").status_code, client.head("/todo").status_code) == (401, 401)
        assert demands() == {
            "GET /static/<path:filename>": "static files",
            "GET /todo": "signed in (the class does not apply method_decorators: write it above the method)",
        }

    def test_what_protection_says(self, app: Flask, auth: CognitoAuth, demands: Callable[[], dict[str, str]]) -> None:
        auth.protect(app)
        app.before_request(lambda: None)
        parent, child = Blueprint("parent", "parent"), Blueprint("child", "child")
        auth.protect(parent, groups="staff")
        child.add_url_rule("/child", "index", lambda: "")
        parent.register_blueprint(child)
        app.register_blueprint(parent)
        app.add_url_rule("/forgotten", "forgotten", lambda: "")
        app.add_url_rule("/public", "public", cognito_public(lambda: ""))
        app.add_url_rule("/both", "both", cognito_public(cognito_auth_required(lambda: "")))

        assert demands() == {
            "GET /child": "group staff",
            "GET /forgotten": "signed in",
            "GET /public": "public",
            "GET /both": "signed in",
            "GET /static/<path:filename>": "static files",
        }

    def test_an_open_route_can_fail_a_build(self, app: Flask) -> None:
        app.add_url_rule("/closed", "closed", cognito_auth_required(lambda: ""))
        assert run(app, "routes", "--fail-on-open")[0] == 0

        app.add_url_rule("/forgotten", "forgotten", lambda: "")

        code, output = run(app, "routes", "--fail-on-open")
        assert (code, output.splitlines()[-1]) == (1, "3 routes, 1 open")
        assert run(app, "routes")[0] == 0

    def test_rules_that_werkzeug_alone_knows(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        app.url_map.add(Rule("/bare", endpoint="bare"))

        assert demands()["* /bare"] == "OPEN"

    def test_rules_that_lead_to_no_view_demand_nothing(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        app.add_url_rule("/uploads/<name>", endpoint="download", build_only=True)
        app.url_map.add(Rule("/old", endpoint="old", redirect_to="/new"))

        assert list(demands()) == ["GET /static/<path:filename>"]


@pytest.mark.parametrize(
    "config",
    [
        "{}",
        pytest.param("{'COGNITO_CHECK_TOKEN_EXPIRATION': False}", marks=pytest.mark.slow),
        pytest.param("{'COGNITO_JWT_HEADER_NAME': 'Cookie'}", marks=pytest.mark.slow),
    ],
)
def test_it_is_a_command_of_flask_and_warns_once(tmp_path: Path, config: str) -> None:
    (tmp_path / "app.py").write_text(
        f"""
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth
pool = LocalUserPool()
app = Flask(__name__)
app.config.update(COGNITO_REGION=pool.region, COGNITO_USERPOOL_ID=pool.id, COGNITO_JWKS=pool.jwks)
app.config.update({config})
CognitoAuth(app)
"""
    )
    environment = {**os.environ, "FLASK_APP": "app.py"}
    for arguments in (["routes"], ["check"]):
        result = subprocess.run(  # noqa: S603 - flask's own command
            [sys.executable, "-m", "flask", "cognito", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert result.returncode == 0, result.stderr
        # Once: `check` prints it itself, and for other commands the log does.
        assert (result.stdout + result.stderr).count("checks that are off") == 1


EXPLAIN = [sys.executable, "-m", "flask", "cognito", "explain", "-"]


@pytest.fixture
def folder(pool: LocalUserPool, tmp_path: Path) -> Path:
    """A folder with an app in it."""
    (tmp_path / "app.py").write_text(
        "from flask import Flask\n"
        "from flask_cognito import CognitoAuth\n"
        "app = Flask(__name__)\n"
        f"app.config.update(COGNITO_REGION={pool.region!r}, COGNITO_USERPOOL_ID={pool.id!r})\n"
        f"app.config.update(COGNITO_JWKS={pool.jwk_set!r})\n"
        "CognitoAuth(app)\n"
    )
    return tmp_path


def test_a_closed_standard_input_is_said_with_exit_code_2(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - flask's own command
        EXPLAIN, cwd=folder, capture_output=True, text=True, check=False, preexec_fn=functools.partial(os.close, 0)
    )

    assert done.returncode == 2
    assert "found it closed" in done.stderr


def test_a_terminal_is_told_that_a_token_is_waited_for(folder: Path) -> None:
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    pipes = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(EXPLAIN, cwd=folder, text=True, **pipes) as process:  # noqa: S603 - flask's own command
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any(line.startswith("Paste the token") for line in lines)
        os.write(controller, b"undefined\n\x04")
        out, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)

    assert process.returncode == 1
    assert out.endswith("refused: malformed_token (HTTP 401)\n")
    assert "\x1b" not in out
