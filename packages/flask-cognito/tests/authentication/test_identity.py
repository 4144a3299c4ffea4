"""The identity handler: once per request, after the token is verified, and its exceptions are the app's own."""

from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import Claims, MissingClaimError, TokenExpiredError
from cognito_jwt_core.testing import LocalUserPool
from flask import Blueprint, Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoJWTException,
    cognito_auth_required,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
    verify_cognito_jwt,
)

MakeApp = Callable[..., Flask]
Bearer = Callable[[str], dict[str, str]]


def test_what_it_returns_is_the_current_user(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
) -> None:
    auth.identity_handler(lambda payload: {"name": payload["username"], "is_claims": isinstance(payload, Claims)})

    response = app.test_client().get("/required", headers=bearer(pool.access_token("alice")))

    assert response.get_json()["user"] == {"name": "alice", "is_claims": True}


def test_without_one_there_is_no_user(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    response = app.test_client().get("/required", headers=bearer(pool.access_token()))

    assert (response.status_code, response.get_json()["user"]) == (200, None)


def test_it_is_asked_once_per_request(app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
    asked: list[str] = []
    auth.identity_handler(lambda payload: asked.append(payload["username"]))
    auth.protect(app)

    @app.get("/stacked")
    @cognito_auth_required
    @cognito_group_permissions(["admin"])
    @cognito_auth_required
    def stacked() -> str:
        verify_cognito_jwt()
        return "ok"

    client = app.test_client()
    assert client.get("/stacked", headers=bearer(pool.access_token("alice", groups=["admin"]))).status_code == 200
    assert client.get("/stacked", headers=bearer(pool.access_token("bob", groups=["admin"]))).status_code == 200

    assert asked == ["alice", "bob"]


def test_it_is_not_asked_about_a_token_that_is_refused(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    auth.identity_handler(lambda payload: pytest.fail("asked"))

    for token in (pool.expired_token(), "rubbish", ""):
        app.test_client().get("/required", headers={"Authorization": f"Bearer {token}"})


def test_nobody_is_established_until_it_has_succeeded(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
) -> None:
    seen: list[object] = []

    @auth.identity_handler
    def failing(payload: Claims) -> None:
        seen.append(bool(current_cognito_jwt) or bool(current_user))
        raise LookupError("no such row")

    @app.errorhandler(LookupError)
    def lost(error: LookupError) -> ResponseReturnValue:
        seen.append(bool(current_cognito_jwt) or bool(current_user))
        return "lost", 418

    assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 418
    assert seen == [False, False]


@pytest.mark.parametrize("error", [LookupError("x"), KeyError("x"), TokenExpiredError("x", claim="exp")])
def test_its_exceptions_reach_the_apps_own_handlers(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer, error: Exception
) -> None:
    @auth.identity_handler
    def failing(payload: Claims) -> None:
        raise error

    caught: list[Exception] = []

    @app.errorhandler(Exception)
    def handle(found: Exception) -> ResponseReturnValue:
        caught.append(found)
        return "mine", 418

    assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 418
    assert caught == [error]


def test_its_exceptions_are_seen_in_tests(app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
    app.testing = True

    @auth.identity_handler
    def failing(payload: Claims) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/required", headers=bearer(pool.access_token()))


def test_it_can_refuse_in_the_same_form(app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
    @auth.identity_handler
    def refusing(payload: Claims) -> None:
        raise CognitoAuthError("Not Authorized", "Locked.", status_code=403, error_code="locked")

    response = app.test_client().get("/required", headers=bearer(pool.access_token()))

    assert (response.status_code, response.get_json()["code"]) == (403, "locked")


@pytest.mark.parametrize("testing", [True, False])
class TestMissingClaims:
    @pytest.fixture
    def app(self, make_app: MakeApp, testing: bool) -> Flask:
        return make_app(TESTING=testing, COGNITO_TOKEN_USE=None)

    def test_in_the_handler(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
        auth.identity_handler(lambda payload: payload["username"])

        response = app.test_client().get("/required", headers=bearer(pool.id_token()))

        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]

    def test_in_a_view(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/name")
        @cognito_auth_required
        def name() -> str:
            return str(current_cognito_jwt["username"])

        client = app.test_client()

        assert client.get("/name", headers=bearer(pool.access_token("alice"))).text == "alice"
        for token in (pool.id_token(), pool.client_credentials_token()):
            response = client.get("/name", headers=bearer(token))
            assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")

    def test_in_a_view_that_authenticates_by_hand(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/name")
        def name() -> str:
            return str(verify_cognito_jwt()["username"])

        response = app.test_client().get("/name", headers=bearer(pool.id_token()))

        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")

    def test_in_a_view_whose_blueprint_handles_key_errors(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        blueprint = Blueprint("bp", "bp")
        auth.protect(blueprint)
        blueprint.register_error_handler(KeyError, lambda error: ("mine", 418))
        blueprint.add_url_rule("/name", view_func=lambda: str(current_cognito_jwt["username"]))
        app.register_blueprint(blueprint)

        response = app.test_client().get("/name", headers=bearer(pool.id_token()))

        assert (response.status_code, response.text) == (418, "mine")

    def test_before_a_view(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
        auth.protect(app)

        @app.before_request
        def remember() -> None:
            g.username = current_cognito_jwt["username"]

        response = app.test_client().get("/open", headers=bearer(pool.id_token()))

        assert (response.status_code, response.get_json()["code"]) == (403, "claim_required")

    def test_a_view_can_catch_it(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/name")
        @cognito_auth_required
        def name() -> str:
            try:
                return str(current_cognito_jwt["username"])
            except KeyError:
                return str(current_cognito_jwt["cognito:username"])

        assert app.test_client().get("/name", headers=bearer(pool.id_token("alice"))).text == "alice"

    def test_another_key_error_is_the_apps_own(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/name")
        @cognito_auth_required
        def name() -> str:
            empty: dict[str, str] = {}
            return empty["username"]

        @app.errorhandler(KeyError)
        def handle(error: KeyError) -> ResponseReturnValue:
            return "mine", 418

        assert app.test_client().get("/name", headers=bearer(pool.access_token())).status_code == 418


class Empty(list[str]):
    """A user with items, of which there are none."""


class TestUnknownUsers:
    def test_are_none_by_default(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
        auth.identity_handler(lambda payload: None)

        assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 200

    @pytest.mark.parametrize("user", ["alice", 0, Empty()], ids=["a name", "a number", "an object without items"])
    def test_a_falsy_user_of_the_app_is_one(
        self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer, user: object
    ) -> None:
        app = make_app(COGNITO_IDENTITY_REQUIRED=True)
        app.extensions["cognito_auth"].identity_handler(lambda payload: user)

        assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 200

    @pytest.mark.parametrize("found", [False, "", [], (), {}, set()], ids=repr)
    def test_are_what_a_search_without_result_returns(
        self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer, found: object
    ) -> None:
        app = make_app(COGNITO_IDENTITY_REQUIRED=True)
        app.extensions["cognito_auth"].identity_handler(lambda payload: found)

        assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 403

    def test_are_refused_where_one_is_required(self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer) -> None:
        client = make_app(COGNITO_IDENTITY_REQUIRED=True).test_client()

        for path in ("/required", "/optional", "/admin"):
            response = client.get(path, headers=bearer(pool.access_token(groups=["admin"])))
            assert (response.status_code, response.get_json()["code"]) == (403, "unknown_user")
        assert client.get("/optional").status_code == 200


class TestSubclasses:
    def test_get_user(self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer) -> None:
        class WithTenant(CognitoAuth):
            def get_user(self, payload: Claims) -> Any:
                return {"handled": super().get_user(payload), "name": payload["username"]}

        app = make_app(WithTenant)
        app.extensions["cognito_auth"].identity_handler(lambda payload: "by the handler")

        response = app.test_client().get("/required", headers=bearer(pool.access_token("alice")))

        assert response.get_json()["user"] == {"handled": "by the handler", "name": "alice"}

    def test_decode_token_can_return_a_plain_dict(self, make_app: MakeApp, bearer: Bearer) -> None:
        class Fixed(CognitoAuth):
            def decode_token(self, token: str) -> dict[str, Any]:
                return {"username": token, "cognito:groups": ["admin"]}

        client = make_app(Fixed).test_client()

        assert client.get("/admin", headers=bearer("anything")).get_json()["claims"]["username"] == "anything"
        response = client.get("/write", headers=bearer("anything"))
        assert response.status_code in (401, 403)

    def test_decode_token_can_refuse_by_the_name_of_1_x(self, make_app: MakeApp, bearer: Bearer) -> None:
        class Refusing(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                raise CognitoJWTException("not on my watch")

        response = make_app(Refusing).test_client().get("/required", headers=bearer("x"))

        assert (response.status_code, response.get_json()["code"]) == (401, "invalid_token")
        assert "watch" not in response.text + str(response.headers)

    def test_decode_token_can_ask_the_verifier_for_more(
        self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        class Strict(CognitoAuth):
            def decode_token(self, token: str) -> Claims:
                return self.verifier.verify(token, groups="staff", scopes=["a b", 'say "x"', "todo/read"])

        client = make_app(Strict).test_client()

        assert client.get("/required", headers=bearer(pool.access_token())).get_json()["code"] == "group_required"
        response = client.get("/required", headers=bearer(pool.access_token(groups=["staff"])))
        assert response.get_json()["code"] == "scope_required"
        assert response.headers["WWW-Authenticate"].endswith('error="insufficient_scope", scope="todo/read"')

    def test_an_error_of_its_own_has_its_code_and_the_sentence_of_its_base(
        self, make_app: MakeApp, bearer: Bearer
    ) -> None:
        class SuspendedError(CognitoJWTException):
            code = "tenant_suspended"

        class Revoking(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                raise SuspendedError("it is on the list")

        response = make_app(Revoking).test_client().get("/required", headers=bearer("x"))

        assert response.status_code == 401
        assert response.get_json()["code"] == "tenant_suspended"
        assert response.get_json()["description"] == "The token was not accepted."

    def test_other_exceptions_of_decode_token_are_its_own(self, make_app: MakeApp, bearer: Bearer) -> None:
        class Failing(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            make_app(Failing, TESTING=True).test_client().get("/required", headers=bearer("x"))

    def test_a_method_replaced_on_the_object_counts_too(
        self, settings: dict[str, Any], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        auth = CognitoAuth()
        auth.get_user = lambda payload: "mine"  # type: ignore[method-assign]
        app = Flask("app")
        app.config.update(settings)
        auth.init_app(app)
        app.add_url_rule("/", view_func=cognito_auth_required(lambda: str(current_user)))

        assert app.test_client().get("/", headers=bearer(pool.access_token())).text == "mine"


def test_the_hooks_can_be_called_by_hand(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    auth.identity_handler(lambda payload: payload["username"])
    with app.app_context():
        claims = auth.decode_token(pool.access_token("alice"))

        assert auth.get_user(Claims(claims)) == "alice"
        with pytest.raises(MissingClaimError):
            auth.get_user(Claims())


def test_g_and_jsonify_are_the_apps_own(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    @app.get("/mine")
    @cognito_auth_required
    def mine() -> ResponseReturnValue:
        return jsonify(sorted(vars(g)), request.path)

    assert app.test_client().get("/mine", headers=bearer(pool.access_token())).get_json() == [[], "/mine"]


def test_one_behind_a_cache_of_functions_gives_no_user_to_another(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Callable[[str], dict[str, str]]
) -> None:
    """Flask-Caching's `memoize` and dogpile.cache make their keys of the `repr` or `str` of the arguments."""
    cache: dict[str, Any] = {}

    @auth.identity_handler
    def lookup(payload: Claims) -> Any:
        key = f"lookup {(payload,)!r} {payload}"
        return cache.setdefault(key, payload["username"])

    client = app.test_client()
    tokens = {name: pool.access_token(name) for name in ("alice", "bob")}

    for name in ("alice", "bob", "alice"):
        assert client.get("/required", headers=bearer(tokens[name])).get_json()["user"] == name
    assert len(cache) == 2
