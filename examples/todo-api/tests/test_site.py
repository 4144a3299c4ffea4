"""What needs no sign-in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from todo_api import create_app
from todo_api.local_cognito import LocalCognito

Ask = Callable[..., Any]


def test_health_needs_no_token(ask: Ask) -> None:
    answer = ask(None, "GET", "/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/", "/docs/", "/docs/swagger_bundle.js", "/static/main.js", "/openapi.json"])
def test_the_page_and_the_documentation_need_no_token(ask: Ask, path: str) -> None:
    answer = ask(None, "GET", path)

    assert answer.status_code == 200
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_of_the_viewers_package_nothing_else_is_handed_out(ask: Ask) -> None:
    assert ask(None, "GET", "/docs/__init__.py").status_code == 404


def test_the_page_may_talk_to_the_app_alone(ask: Ask) -> None:
    policy = ask(None, "GET", "/").headers["Content-Security-Policy"].split("; ")

    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy


def test_every_answer_has_an_id_that_the_log_has_too(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "todo_api.access")

    answer = ask("bob", "GET", "/api/me")

    (record,) = (record for record in caplog.records if record.name == "todo_api.access")
    fields = vars(record)["fields"]
    assert fields["request_id"] == answer.headers["X-Request-ID"]
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/api/me", 200)
    assert fields["sub"] == answer.json["sub"]


def test_a_refusal_is_logged_with_the_same_id(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "flask_cognito")

    answer = ask("bob", "GET", "/api/admin/todos")

    (record,) = (record for record in caplog.records if record.name == "flask_cognito.refusals")
    assert f"request '{answer.headers['X-Request-ID']}'" in record.getMessage()


def test_the_description_of_the_api_is_openapi_3_1(ask: Ask) -> None:
    description = ask(None, "GET", "/openapi.json").json

    validate(description)
    assert description["openapi"].startswith("3.1")
    assert description["components"]["securitySchemes"]["cognito"]["scheme"] == "bearer"


def test_the_description_names_the_sessions_cookie_only_where_users_can_sign_in(
    ask: Ask, cognito: LocalCognito, tmp_path: Path
) -> None:
    without_sign_in = create_app({**cognito.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/other.db"})

    with_sign_in = ask(None, "GET", "/openapi.json").json
    api_only: Any = without_sign_in.test_client().get("/openapi.json").json

    session = with_sign_in["components"]["securitySchemes"]["cognito_session"]
    assert (session["in"], session["name"]) == ("cookie", "__Host-Http-cognito_session")
    assert with_sign_in["paths"]["/api/me"]["get"]["security"] == [{"cognito": []}, {"cognito_session": []}]
    assert api_only["paths"]["/api/me"]["get"]["security"] == [{"cognito": []}]
    assert set(api_only["components"]["securitySchemes"]) == {"cognito"}


def test_the_description_has_each_model_once(ask: Ask) -> None:
    description = ask(None, "GET", "/openapi.json").json

    assert not [name for name in description["components"]["schemas"] if "." in name]
    items = description["components"]["schemas"]["TodoPage"]["properties"]["items"]["items"]
    assert items == {"$ref": "#/components/schemas/TodoView"}


def test_the_description_says_of_every_route_whether_it_takes_a_token(app: Flask, ask: Ask) -> None:
    description = ask(None, "GET", "/openapi.json").json
    routes = {
        (method.upper(), path): {"cognito": []} in operation["security"] and {} not in operation["security"]
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }

    needs_token = {
        (method, path): ask(None, method, re.sub("{.*?}", "1", path)).status_code == 401 for method, path in routes
    }

    assert routes == needs_token
    api = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert len(api) == sum(path.startswith("/api/") for _, path in routes)


def test_no_route_is_open_by_oversight(app: Flask) -> None:
    audit = app.test_cli_runner().invoke(args=["cognito", "routes", "--fail-on-open"])

    assert audit.exit_code == 0, audit.output
    assert "group admin and moderator + group admin" in audit.output
