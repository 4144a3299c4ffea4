"""`CognitoAuthError`: an answer of its own, and how an app can shape it."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_cognito import CognitoAuth, CognitoAuthError, cognito_auth_required
from werkzeug.exceptions import HTTPException

Bearer = Callable[[str], dict[str, str]]


def raising(app: Flask, error: Exception, path: str = "/raise") -> None:
    def view() -> str:
        raise error

    app.add_url_rule(path, path, view)


class TestRaisedByTheApp:
    def test_it_is_answered_in_the_same_form(self, app: Flask) -> None:
        raising(app, CognitoAuthError("Not Authorized", "Locked.", 403, {"X-Why": "it is"}, "locked"))

        response = app.test_client().get("/raise")

        assert response.status_code == 403
        assert response.get_json() == {"error": "Not Authorized", "description": "Locked.", "code": "locked"}
        assert response.headers["X-Why"] == "it is"
        assert "WWW-Authenticate" not in response.headers

    def test_only_error_and_description_are_needed(self, app: Flask) -> None:
        raising(app, CognitoAuthError("No", "Just no."))

        response = app.test_client().get("/raise")

        assert response.status_code == 401
        assert response.get_json() == {"error": "No", "description": "Just no.", "code": None}

    def test_a_401_has_a_challenge_whatever_is_raised(self, make_app: Callable[..., Flask]) -> None:
        app = make_app(COGNITO_REALM="todo")
        raising(app, CognitoAuthError("No", "Just no."))
        raising(app, CognitoAuthError("No", "Just no.", headers={"www-authenticate": "Mine"}), "/own")

        assert app.test_client().get("/raise").headers.getlist("WWW-Authenticate") == ['Bearer realm="todo"']
        assert app.test_client().get("/own").headers.getlist("WWW-Authenticate") == ["Mine"]

    def test_headers_can_be_pairs(self, app: Flask) -> None:
        raising(app, CognitoAuthError("No", "Just no.", 403, [("X-A", "1"), ("X-A", "2")]))

        assert app.test_client().get("/raise").headers.getlist("X-A") == ["1", "2"]

    def test_no_handler_of_the_status_or_of_http_errors_takes_it(self, app: Flask) -> None:
        app.register_error_handler(401, lambda error: ("of 401", 401))
        app.register_error_handler(HTTPException, lambda error: ("of http", 418))
        raising(app, CognitoAuthError("No", "Just no."))

        assert app.test_client().get("/raise").get_json()["error"] == "No"
        assert app.test_client().get("/required").get_json()["error"] == "Authorization Required"

    def test_a_handler_of_its_own_class_does(self, app: Flask) -> None:
        @app.errorhandler(CognitoAuthError)
        def handle(error: CognitoAuthError) -> ResponseReturnValue:
            return jsonify(mine=error.error), error.status_code, error.headers or {}

        response = app.test_client().get("/required")

        assert (response.status_code, response.get_json()) == (401, {"mine": "Authorization Required"})
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="Cognito"'

    def test_a_handler_of_a_blueprint_does(self, app: Flask) -> None:
        blueprint = Blueprint("bp", "bp")
        blueprint.register_error_handler(CognitoAuthError, lambda error: ("of the blueprint", 401))
        blueprint.add_url_rule("/bp", view_func=cognito_auth_required(lambda: "ok"))
        app.register_blueprint(blueprint)

        assert app.test_client().get("/bp").text == "of the blueprint"
        assert app.test_client().get("/required").text != "of the blueprint"


class TestByItself:
    @pytest.fixture
    def error(self) -> CognitoAuthError:
        return CognitoAuthError("No", "Just no.", 403, {"X-A": "1"}, "no")

    def test_it_answers_without_any_app(self, error: CognitoAuthError) -> None:
        response = error.get_response()

        assert (response.status_code, response.get_json()) == (
            403,
            {"error": "No", "description": "Just no.", "code": "no"},
        )
        assert (response.mimetype, response.headers["X-A"]) == ("application/json", "1")

    def test_it_answers_in_an_app_without_the_extension(self, error: CognitoAuthError) -> None:
        app = Flask("bare")
        raising(app, error)

        assert app.test_client().get("/raise").get_json()["code"] == "no"

    def test_its_own_answer_is_the_one_before_the_app_shapes_it(
        self, app: Flask, auth: CognitoAuth, error: CognitoAuthError
    ) -> None:
        auth.error_handler(lambda found: (f"shaped {found.error}", 403))

        with app.app_context():
            assert error.get_response().get_json()["code"] == "no"

    @pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
    def test_it_can_be_copied(self, error: CognitoAuthError, copied: Callable[[Any], Any]) -> None:
        found = copied(error)

        assert type(found) is CognitoAuthError
        assert found.get_response().data == error.get_response().data
        assert (found.status_code, found.headers, found.error_code) == (403, {"X-A": "1"}, "no")

    def test_its_data_is_a_plain_dict_before_and_after_it_is_answered(
        self, app: Flask, error: CognitoAuthError
    ) -> None:
        expected = {"error": "No", "description": "Just no.", "code": "no"}
        with app.app_context():
            assert error.data == expected
            error.get_response()
            assert error.data == expected


class TestErrorHandler:
    @pytest.fixture(autouse=True)
    def problem_details(self, auth: CognitoAuth) -> None:
        """RFC 9457."""

        @auth.error_handler
        def problem(error: CognitoAuthError) -> ResponseReturnValue:
            body = {"type": "about:blank", "title": error.error, "detail": error.description, "code": error.error_code}
            return body, error.status_code, {"Content-Type": "application/problem+json"}

    def test_it_shapes_every_refusal(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        client = app.test_client()

        for path, headers, status, title in [
            ("/required", {}, 401, "Authorization Required"),
            ("/required", bearer(pool.expired_token()), 401, "Invalid Cognito Authentication Token"),
            ("/admin", bearer(pool.access_token()), 403, "Not Authorized"),
        ]:
            response = client.get(path, headers=headers)
            assert (response.status_code, response.mimetype) == (status, "application/problem+json")
            assert response.get_json()["title"] == title

    def test_what_the_protocol_needs_is_added(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        response = app.test_client().get("/required", headers=bearer(pool.expired_token()))

        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
        assert list(response.vary) == ["Authorization"]
        assert len(response.headers.getlist("Content-Type")) == 1


def test_what_an_error_says_twice_is_added_twice(app: Flask, auth: CognitoAuth) -> None:
    auth.error_handler(lambda error: ({"mine": error.error}, error.status_code, {"X-B": "mine"}))
    challenges = ['Bearer realm="todo"', 'Basic realm="todo"']
    headers = [*(("WWW-Authenticate", challenge) for challenge in challenges), ("X-B", "1"), ("X-B", "2")]
    raising(app, CognitoAuthError("No", "Just no.", headers=headers))

    response = app.test_client().get("/raise")

    assert response.headers.getlist("WWW-Authenticate") == challenges
    assert response.headers.getlist("X-B") == ["mine"]


def test_a_handler_can_send_the_browser_to_a_login_page(app: Flask, auth: CognitoAuth) -> None:
    auth.error_handler(lambda error: ("", 302, {"Location": "/login"}))

    response = app.test_client().get("/required")

    assert (response.status_code, response.location) == (302, "/login")
    assert "WWW-Authenticate" not in response.headers


def test_a_handler_can_start_from_the_answer_as_it_is(app: Flask, auth: CognitoAuth) -> None:
    @auth.error_handler
    def add(error: CognitoAuthError) -> ResponseReturnValue:
        response = app.make_response(error.get_response())
        response.headers["X-Added"] = "yes"
        return response

    response = app.test_client().get("/required")

    assert (response.get_json()["code"], response.headers["X-Added"]) == ("authorization_required", "yes")


def test_a_handler_can_be_a_coroutine_function(app: Flask, auth: CognitoAuth) -> None:
    @auth.error_handler
    async def shape(error: CognitoAuthError) -> ResponseReturnValue:
        return "awaited", error.status_code

    assert app.test_client().get("/required").text == "awaited"


def test_what_a_handler_raises_is_the_apps_own(app: Flask, auth: CognitoAuth) -> None:
    app.testing = True

    @auth.error_handler
    def failing(error: CognitoAuthError) -> ResponseReturnValue:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/required")


def test_a_subclass_can_shape_them_by_the_name_of_1_x(make_app: Callable[..., Flask]) -> None:
    class Shaping(CognitoAuth):
        def _cognito_auth_error_handler(self, error: CognitoAuthError) -> Any:
            return jsonify(mine=error.error), error.status_code, error.headers

    app = make_app(Shaping)

    assert app.test_client().get("/required").get_json() == {"mine": "Authorization Required"}
