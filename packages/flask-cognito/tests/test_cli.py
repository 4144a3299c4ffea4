"""``flask cognito check``, ``explain`` and ``routes``."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_restful  # type: ignore[import-untyped]
import flask_restx  # type: ignore[import-untyped]
import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask
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
        assert output.count("warning") == 2

    def test_it_warns_of_users_that_nobody_can_be(self, make_app: MakeApp) -> None:
        _, output = run(make_app(COGNITO_IDENTITY_REQUIRED=True), "check")

        assert "warning           COGNITO_IDENTITY_REQUIRED refuses everybody" in output

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

        assert (code, "warning           a key is left out: " in output) == (0, True)


class TestExplain:
    def test_a_good_token(self, app: Flask, pool: LocalUserPool) -> None:
        code, output = run(app, "explain", pool.access_token())

        assert (code, output.splitlines()[-1]) == (0, "accepted")

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
        assert 'the scheme "Bearer" of the header was pasted along' in output
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
        """What ``flask cognito routes`` says of each URL and its methods."""

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
            "GET,POST /optional": "anybody, signed in or not",
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

    def test_a_hole_that_only_head_has(self, app: Flask, demands: Callable[[], dict[str, str]]) -> None:
        """Flask-RESTful answers HEAD by `get`, and puts around it what is there for "head"."""

        class Todo(flask_restful.Resource):  # type: ignore[misc]
            method_decorators = {"get": [cognito_auth_required]}  # noqa: RUF012 - as Flask-RESTful has it

            def get(self) -> str:
                return "closed"

        flask_restful.Api(app).add_resource(Todo, "/todo")
        client = app.test_client()

        assert (client.get("/todo").status_code, client.head("/todo").status_code) == (401, 200)
        assert demands() == {
            "GET /static/<path:filename>": "static files",
            "GET /todo": "signed in",
            "HEAD /todo": "OPEN",
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


def test_it_is_a_command_of_flask(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        """
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth
pool = LocalUserPool()
app = Flask(__name__)
app.config.update(COGNITO_REGION=pool.region, COGNITO_USERPOOL_ID=pool.id, COGNITO_JWKS=pool.jwks)
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
        assert "checks that are off" in result.stderr
