import inspect
from collections.abc import Callable
from functools import wraps
from itertools import permutations
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View
from flask_cognito import (
    CognitoAuthError,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    current_cognito_jwt,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]
Answer = Callable[..., Any]


@pytest.fixture
def code(app: Flask, bearer: Bearer) -> Answer:
    """Return the error that refuses a request for `path` with `token`, or None if it is accepted."""

    def answered(path: str, token: str | None = None) -> str | None:
        response = app.test_client().get(path, headers={} if token is None else bearer(token))
        code: str | None = None if response.status_code == 200 else response.get_json()["code"]
        return code

    return answered


@pytest.fixture
def add(app: Flask) -> Callable[..., None]:
    """Add a view with these decorators, the first outermost."""

    def added(path: str, *decorators: Any) -> None:
        def view() -> ResponseReturnValue:
            return dict(current_cognito_jwt)

        view.__name__ = path.strip("/").replace("/", "_")
        decorated: Any = view
        for decorator in reversed(decorators):
            decorated = decorator(decorated)
        app.add_url_rule(path, view_func=decorated)

    return added


class TestGroups:
    def test_any_of_them_is_enough(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_group_permissions(["admin", "developer"]))

        assert code("/x", pool.access_token(groups=["developer", "other"])) is None
        assert code("/x", pool.access_token(groups=["other"])) == "group_required"
        assert code("/x", pool.access_token()) == "group_required"

    def test_all_can_be_needed(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_group_permissions(["admin", "developer"], require="all"))

        assert code("/x", pool.access_token(groups=["developer"])) == "group_required"
        assert code("/x", pool.access_token(groups=["developer", "other", "admin"])) is None

    def test_a_plain_string_is_one_group(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_group_permissions("admin"))

        assert code("/x", pool.access_token(groups=["admin"])) is None
        assert code("/x", pool.access_token(groups=["a", "d", "m", "i", "n"])) == "group_required"

    @pytest.mark.parametrize("claim", ["admin", "superadmin", {"admin": 1}, [["admin"]], None, 7])
    def test_a_claim_of_another_type_is_no_group(
        self, add: Answer, code: Answer, pool: LocalUserPool, claim: object
    ) -> None:
        add("/x", cognito_group_permissions(["admin"]))

        assert code("/x", pool.access_token(claims={"cognito:groups": claim})) == "group_required"

    def test_id_tokens_have_groups_too(
        self, make_app: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        client = make_app(COGNITO_TOKEN_USE=None).test_client()

        assert client.get("/admin", headers=bearer(pool.id_token(groups=["admin"]))).status_code == 200


class TestScopes:
    def test_any_of_them_is_enough(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_scope_permissions(["todo/read", "todo/write"]))

        assert code("/x", pool.access_token(scopes=["openid", "todo/read"])) is None
        assert code("/x", pool.access_token(scopes=["todo/readme"])) == "scope_required"

    def test_all_can_be_needed(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_scope_permissions(["todo/read", "todo/write"], require="all"))

        assert code("/x", pool.access_token(scopes=["todo/read"])) == "scope_required"
        assert code("/x", pool.access_token(scopes=["todo/write", "todo/read"])) is None

    def test_client_credentials_have_scopes_and_no_user(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        add("/x", cognito_scope_permissions("todo/read"))

        assert code("/x", pool.client_credentials_token(scopes=["todo/read"])) is None

    def test_an_id_token_has_none(self, make_app: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer) -> None:
        client = make_app(COGNITO_TOKEN_USE=None).test_client()

        response = client.get("/write", headers=bearer(pool.id_token(scope="todo/write")))

        assert response.get_json()["code"] == "scope_required"


@pytest.mark.parametrize("decorator", [cognito_group_permissions, cognito_scope_permissions])
@pytest.mark.parametrize("names", [[], "", ["a", ""], [None], None, 7, {"a": 1}, b"a"])
def test_names_that_can_satisfy_nobody_are_refused_at_once(decorator: Any, names: object) -> None:
    with pytest.raises(ConfigurationError):
        decorator(names)


@pytest.mark.parametrize("decorator", [cognito_group_permissions, cognito_scope_permissions])
def test_a_decorator_without_its_names_is_refused_at_once(messages: Messages, decorator: Any) -> None:
    with messages.raises(ConfigurationError):
        decorator(lambda: "a view")


def test_a_scope_that_cannot_be_one_is_refused_at_once(messages: Messages) -> None:
    for scope in ("todo read", 'todo"', "tödo", "a\r\nb"):
        with messages.raises(ConfigurationError):
            cognito_scope_permissions([scope])


@pytest.mark.parametrize("decorator", [cognito_group_permissions, cognito_scope_permissions])
def test_an_unknown_requirement_is_refused_at_once(messages: Messages, decorator: Any) -> None:
    with messages.raises(ConfigurationError):
        decorator(["a"], require="none")
    with messages.raises(ConfigurationError):
        decorator("admin", "analyst")


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_they_stack_in_any_order_and_each_must_hold(
    add: Answer, code: Answer, pool: LocalUserPool, order: tuple[int, int, int]
) -> None:
    decorators = cognito_auth_required, cognito_group_permissions(["a"]), cognito_scope_permissions(["s"])
    add("/x", *(decorators[index] for index in order))

    assert code("/x") == "authorization_required"
    assert code("/x", pool.access_token(groups=["a"], scopes=["s"])) is None
    assert code("/x", pool.access_token(groups=["a"], scopes=["t"])) == "scope_required"
    assert code("/x", pool.access_token(groups=["b"], scopes=["s"])) == "group_required"


def test_two_of_a_kind_must_both_hold(add: Answer, code: Answer, pool: LocalUserPool) -> None:
    add("/x", cognito_group_permissions(["a"]), cognito_group_permissions(["b"]))

    assert code("/x", pool.access_token(groups=["a"])) == "group_required"
    assert code("/x", pool.access_token(groups=["a", "b"])) is None


class TestOptional:
    def test_nobody_may_ask_too(self, app: Flask, bearer: Bearer, pool: LocalUserPool) -> None:
        client = app.test_client()

        assert client.get("/optional").get_json() == {"claims": {}, "user": None}
        signed_in = client.get("/optional", headers=bearer(pool.access_token("alice"))).get_json()
        assert signed_in["claims"]["username"] == "alice"

    @pytest.mark.parametrize(
        ("value", "refused"),
        [("Bearer rubbish", "malformed_token"), ("Bearer", "invalid_header"), ("Bearer one two", "invalid_header")],
    )
    def test_a_bad_header_is_still_refused(self, app: Flask, value: str, refused: str) -> None:
        response = app.test_client().get("/optional", headers={"Authorization": value})

        assert (response.status_code, response.get_json()["code"]) == (401, refused)

    @pytest.mark.parametrize("value", ["Basic YTpi", "Digest username=a", "Token abc", "Negotiate"])
    @pytest.mark.parametrize("locations", [["header"], ["header", "cookie"]])
    def test_a_header_of_another_scheme_is_anonymous(
        self, make_app: Callable[..., Flask], value: str, locations: list[str]
    ) -> None:
        client = make_app(COGNITO_TOKEN_LOCATIONS=locations).test_client()

        assert client.get("/optional", headers={"Authorization": value}).get_json() == {"claims": {}, "user": None}
        assert client.get("/required", headers={"Authorization": value}).get_json()["code"] == "invalid_header"

    @pytest.mark.parametrize("kind", ["expired", "rubbish", "of another pool"])
    def test_a_bad_cookie_counts_as_none(
        self, make_app: Callable[..., Flask], pool: LocalUserPool, other_pool: LocalUserPool, kind: str
    ) -> None:
        tokens = {"expired": pool.expired_token(), "rubbish": "x", "of another pool": other_pool.access_token()}
        client = make_app(COGNITO_TOKEN_LOCATIONS=["header", "cookie"]).test_client()
        client.set_cookie("session_token", tokens[kind])

        assert client.get("/optional").get_json() == {"claims": {}, "user": None}
        assert client.get("/required").status_code == 401

    def test_a_cookie_that_lacks_a_claim_of_the_identity_handler_counts_as_none(
        self, make_app: Callable[..., Flask], pool: LocalUserPool
    ) -> None:
        app = make_app(COGNITO_JWT_HEADER_NAME="Cookie")
        app.extensions["cognito_auth"].identity_handler(lambda payload: payload["email"])
        client = app.test_client()
        client.set_cookie("session_token", pool.access_token())

        assert client.get("/optional").get_json() == {"claims": {}, "user": None}

    def test_an_outage_is_no_bad_cookie(self, make_app: Callable[..., Flask], pool: LocalUserPool) -> None:
        with pool.serve() as url:
            pass
        app = make_app(COGNITO_JWT_HEADER_NAME="Cookie", COGNITO_JWKS=None, COGNITO_JWKS_URI=url)
        client = app.test_client()
        client.set_cookie("session_token", pool.access_token())

        assert client.get("/optional").status_code == 503

    def test_what_is_optional_outside_can_be_required_inside(
        self, add: Answer, code: Answer, pool: LocalUserPool
    ) -> None:
        add("/x", cognito_auth_optional, cognito_auth_required)
        add("/y", cognito_auth_required, cognito_auth_optional)

        for path in ("/x", "/y"):
            assert code(path) == "authorization_required"
            assert code(path, pool.access_token()) is None


class TestByHand:
    def test_it_returns_the_claims(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        with app.test_request_context(headers=bearer(pool.access_token("alice"))):
            assert verify_cognito_jwt().username == "alice"
            assert current_cognito_jwt.username == "alice"

    def test_it_refuses_like_the_decorators(self, app: Flask) -> None:
        with app.test_request_context(), pytest.raises(CognitoAuthError) as refused:
            verify_cognito_jwt()
        assert refused.value.error_code == "authorization_required"

    def test_nobody_can_be_allowed_to_ask(self, app: Flask) -> None:
        with app.test_request_context():
            assert verify_cognito_jwt(optional=True) is None


class TestFunctions:
    @pytest.mark.parametrize(
        "decorator",
        [cognito_auth_required, cognito_auth_optional, cognito_group_permissions("a"), cognito_scope_permissions("a")],
    )
    def test_name_text_and_signature_are_kept(self, decorator: Any) -> None:
        def view(number: int, *, name: str = "x") -> str:
            """Say it."""
            return f"{name}{number}"

        view.endpoint = "mine"  # type: ignore[attr-defined]
        decorated = decorator(view)

        assert (decorated.__name__, decorated.__doc__, decorated.endpoint) == ("view", "Say it.", "mine")
        assert decorated.__wrapped__ is view
        assert inspect.signature(decorated) == inspect.signature(view)

    def test_arguments_and_result_pass_through(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/<int:number>/<name>")
        @cognito_auth_required
        def view(number: int, name: str) -> ResponseReturnValue:
            return {name: number}, 201, {"X-Mine": "yes"}

        response = app.test_client().get("/7/x", headers=bearer(pool.access_token()))

        assert (response.status_code, response.get_json(), response.headers["X-Mine"]) == (201, {"x": 7}, "yes")

    def test_others_decorators_can_stand_above_and_below(self, add: Answer, code: Answer, pool: LocalUserPool) -> None:
        def shouting(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def shouted(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs)

            return shouted

        add("/x", shouting, cognito_group_permissions("a"), shouting, cognito_auth_required, shouting)

        assert code("/x") == "authorization_required"
        assert code("/x", pool.access_token(groups=["a"])) is None

    def test_a_class_is_no_view(self, messages: Messages) -> None:
        with messages.raises(TypeError):

            @cognito_auth_required
            class Listed(MethodView):
                pass


class TestClassBasedViews:
    def test_decorators_of_the_class(self, app: Flask, code: Answer, pool: LocalUserPool) -> None:
        class Todo(MethodView):
            decorators = [cognito_group_permissions(["admin"]), cognito_auth_required]  # noqa: RUF012 - as Flask has it

            def get(self, number: int) -> ResponseReturnValue:
                return {"number": number}

        app.add_url_rule("/todo/<int:number>", view_func=Todo.as_view("todo"))

        assert code("/todo/1") == "authorization_required"
        assert code("/todo/1", pool.access_token()) == "group_required"
        assert code("/todo/1", pool.access_token(groups=["admin"])) is None

    def test_decorators_of_one_method(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        class Todo(MethodView):
            def get(self) -> ResponseReturnValue:
                return {}

            @cognito_auth_required
            def post(self) -> ResponseReturnValue:
                return dict(current_cognito_jwt)

        app.add_url_rule("/todo", view_func=Todo.as_view("todo"))
        client = app.test_client()

        assert client.get("/todo").status_code == 200
        assert client.post("/todo").status_code == 401
        assert client.post("/todo", headers=bearer(pool.access_token())).status_code == 200

    def test_dispatch_request(self, app: Flask, code: Answer, pool: LocalUserPool) -> None:
        class Hello(View):
            @cognito_auth_required
            def dispatch_request(self) -> ResponseReturnValue:
                return "hello"

        app.add_url_rule("/hello", view_func=Hello.as_view("hello"))

        assert code("/hello") == "authorization_required"
        assert code("/hello", pool.access_token()) is None
