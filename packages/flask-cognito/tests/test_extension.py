"""One extension for many apps, many extensions in one process, and nothing that leaks from one to another."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask
from flask_cognito import CognitoAuth, CognitoAuthError, cognito_auth_required, current_user

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def configured(pool: LocalUserPool, other_pool: LocalUserPool) -> Callable[..., Flask]:
    """An app of one pool, without the extension."""

    def make(of: LocalUserPool = pool, **config: Any) -> Flask:
        app = Flask("app")
        app.config.update(
            COGNITO_REGION=of.region,
            COGNITO_USERPOOL_ID=of.id,
            COGNITO_APP_CLIENT_ID=of.client_id,
            COGNITO_TOKEN_USE="access",
            COGNITO_JWKS=of.jwks,
            **config,
        )
        app.add_url_rule("/", view_func=cognito_auth_required(lambda: str(current_user)))
        return app

    return make


def user(app: Flask, token: str, header: str = "Authorization") -> str:
    """Return the user that the app finds for a token, or the code of the refusal."""
    response = app.test_client().get("/", headers={header: f"Bearer {token}"})
    return response.text if response.status_code == 200 else str(response.get_json()["code"])


def test_the_app_knows_its_extension(configured: Callable[..., Flask]) -> None:
    app = configured()
    auth = CognitoAuth(app)

    assert app.extensions["cognito_auth"] is auth


def test_nothing_needs_an_app_context(configured: Callable[..., Flask]) -> None:
    CognitoAuth().init_app(configured())


def test_one_extension_serves_many_apps(
    configured: Callable[..., Flask], pool: LocalUserPool, other_pool: LocalUserPool
) -> None:
    auth = CognitoAuth()
    one, two = configured(), configured(other_pool, COGNITO_JWT_HEADER_NAME="X-Token")
    auth.init_app(one, identity_handler=lambda payload: f"one {payload['username']}")
    auth.init_app(two, identity_handler=lambda payload: f"two {payload['username']}")

    assert user(one, pool.access_token("alice")) == "one alice"
    assert user(two, other_pool.access_token("alice"), "X-Token") == "two alice"
    assert user(one, other_pool.access_token("alice")) == "invalid_issuer"
    assert user(two, pool.access_token("alice"), "X-Token") == "invalid_issuer"
    with one.app_context():
        assert (auth.userpool_id, auth.jwt_header_name) == (pool.id, "Authorization")
        assert auth.verifier is not None
    with two.app_context():
        assert (auth.userpool_id, auth.jwt_header_name) == (other_pool.id, "X-Token")


def test_a_request_to_one_app_within_a_request_to_another(
    configured: Callable[..., Flask], pool: LocalUserPool, other_pool: LocalUserPool
) -> None:
    auth = CognitoAuth(identity_handler=lambda payload: payload["username"])
    one, two = configured(), configured(other_pool)
    auth.init_app(one)
    auth.init_app(two)

    @one.get("/outer")
    @cognito_auth_required
    def outer() -> str:
        inner = user(two, other_pool.access_token("bob"))
        return f"{inner}, {current_user}"

    response = one.test_client().get("/outer", headers={"Authorization": f"Bearer {pool.access_token('alice')}"})

    assert response.text == "bob, alice"


def test_a_factory_can_run_many_times(configured: Callable[..., Flask], pool: LocalUserPool) -> None:
    auth = CognitoAuth()

    def create_app(name: str) -> Flask:
        app = configured()
        auth.init_app(app)

        @auth.identity_handler
        def look_up(payload: dict[str, Any]) -> str:
            return f"{name} {payload['username']}"

        @auth.error_handler
        def shape(error: Any) -> Any:
            return name, error.status_code

        return app

    apps = {name: create_app(name) for name in ("first", "second", "third")}

    for name, app in apps.items():
        assert user(app, pool.access_token("alice")) == f"{name} alice"
        assert app.test_client().get("/").text == name


def test_handlers_registered_before_any_app_are_those_of_all(
    configured: Callable[..., Flask], pool: LocalUserPool
) -> None:
    auth = CognitoAuth()
    auth.identity_handler(lambda payload: "of all")
    auth.error_handler(lambda error: ("of all", 401))
    one, two = configured(), configured()
    auth.init_app(one)
    auth.init_app(two, identity_handler=lambda payload: "of two")

    assert user(one, pool.access_token()) == "of all"
    assert user(two, pool.access_token()) == "of two"
    assert one.test_client().get("/").text == two.test_client().get("/").text == "of all"


def test_a_handler_can_be_given_with_the_app(configured: Callable[..., Flask], pool: LocalUserPool) -> None:
    app = configured()
    CognitoAuth(app, identity_handler=lambda payload: "given")

    assert user(app, pool.access_token()) == "given"


@pytest.mark.parametrize("method", ["identity_handler", "error_handler"])
class TestSecondHandlers:
    def test_of_an_app_are_refused(self, messages: Messages, configured: Callable[..., Flask], method: str) -> None:
        auth = CognitoAuth(configured())
        getattr(auth, method)(str)

        with messages.raises(RuntimeError):
            getattr(auth, method)(repr)

    def test_before_any_app_are_refused(self, messages: Messages, method: str) -> None:
        auth = CognitoAuth()
        getattr(auth, method)(str)

        with messages.raises(RuntimeError):
            getattr(auth, method)(repr)

    def test_beside_one_of_all_are_refused(
        self, messages: Messages, configured: Callable[..., Flask], method: str
    ) -> None:
        auth = CognitoAuth()
        getattr(auth, method)(str)
        auth.init_app(configured())

        with messages.raises(RuntimeError):
            getattr(auth, method)(repr)

    def test_what_is_registered_is_given_back(self, configured: Callable[..., Flask], method: str) -> None:
        assert getattr(CognitoAuth(configured()), method)(str) is str


def test_the_same_app_can_be_set_up_anew(
    configured: Callable[..., Flask], pool: LocalUserPool, other_pool: LocalUserPool
) -> None:
    app = configured()
    auth = CognitoAuth(app, identity_handler=lambda payload: "old")
    app.config.update(
        COGNITO_REGION=other_pool.region,
        COGNITO_USERPOOL_ID=other_pool.id,
        COGNITO_APP_CLIENT_ID=other_pool.client_id,
        COGNITO_JWKS=other_pool.jwks,
    )
    auth.init_app(app)
    auth.identity_handler(lambda payload: "new")

    assert user(app, other_pool.access_token()) == "new"
    assert user(app, pool.access_token()) == "invalid_issuer"


def test_an_app_that_could_not_be_set_up_is_as_before(configured: Callable[..., Flask]) -> None:
    app = configured(COGNITO_LEEWAY=-1)
    before = dict(app.config)

    with pytest.raises(ConfigurationError):
        CognitoAuth(app)

    assert "cognito_auth" not in app.extensions
    assert dict(app.config) == before


def test_an_extension_keeps_no_app_alive(configured: Callable[..., Flask]) -> None:
    auth = CognitoAuth()
    apps = [configured() for _ in range(3)]
    for app in apps:
        auth.init_app(app)
    references = [weakref.ref(app) for app in apps]

    del app, apps
    gc.collect()

    assert [reference() for reference in references] == [None] * 3


def test_keys_can_be_fetched_at_start_up(configured: Callable[..., Flask], pool: LocalUserPool) -> None:
    with pool.serve() as url:
        app = configured(COGNITO_JWKS_URI=url)
        app.config["COGNITO_JWKS"] = None
        auth = CognitoAuth(app)
        with app.app_context():
            auth.verifier.prefetch()
        assert pool.server.requests == 1

        assert user(app, pool.access_token()) == "None"
        assert pool.server.requests == 1


class TestAtStartUp:
    def test_the_verifier_is_that_of_the_newest_app(self, settings: dict[str, Any], pool: LocalUserPool) -> None:
        cogauth = CognitoAuth()
        with pytest.raises(RuntimeError, match="init_app"):
            cogauth.verifier  # noqa: B018
        with pytest.raises(RuntimeError, match="init_app"):
            cogauth.decode_token("x")
        first, second = Flask("first"), Flask("second")
        for app in (first, second):
            app.config.update(settings)
            cogauth.init_app(app)

        cogauth.verifier.prefetch()
        assert cogauth.decode_token(pool.access_token("alice"))["username"] == "alice"

        assert cogauth.verifier is not None
        with second.app_context():
            of_second = cogauth.verifier
        with first.app_context():
            assert cogauth.verifier is not of_second
        assert cogauth.verifier is of_second

    @pytest.mark.parametrize(
        "attribute",
        [
            "verifier",
            "region",
            "userpool_id",
            "app_client_id",
            "check_expiration",
            "jwt_header_name",
            "jwt_header_prefix",
        ],
    )
    def test_every_attribute_follows_the_same_rule(self, settings: dict[str, Any], attribute: str) -> None:
        cogauth = CognitoAuth()
        with pytest.raises(RuntimeError):
            getattr(cogauth, attribute)
        found = {}
        for name in ("first", "second"):
            app = Flask(name)
            app.config.update(settings, COGNITO_APP_CLIENT_ID=f"client{name}", COGNITO_JWT_HEADER_NAME=f"X-{name}")
            cogauth.init_app(app)
            with app.app_context():
                found[name] = getattr(cogauth, attribute)

        assert getattr(cogauth, attribute) == found["second"]


class TestTheAppsOwnHandler:
    @pytest.mark.parametrize("before", [True, False])
    def test_is_the_one_that_answers(self, settings: dict[str, Any], before: bool) -> None:
        app = Flask("app")
        app.config.update(settings)

        def mine(error: CognitoAuthError) -> Any:
            return f"mine: {error.error_code}", 418

        if before:
            app.register_error_handler(CognitoAuthError, mine)
        CognitoAuth(app)
        if not before:
            app.register_error_handler(CognitoAuthError, mine)
        app.add_url_rule("/", view_func=cognito_auth_required(lambda: "x"))

        assert app.test_client().get("/").text == "mine: authorization_required"

    def test_of_an_earlier_extension_gives_way(self, settings: dict[str, Any]) -> None:
        app = Flask("app")
        app.config.update(settings)
        CognitoAuth(app).error_handler(lambda error: ("first", 401))
        CognitoAuth(app).error_handler(lambda error: ("second", 401))
        app.add_url_rule("/", view_func=cognito_auth_required(lambda: "x"))

        assert app.test_client().get("/").text == "second"


class Later:
    """An awaitable that is not a coroutine."""

    def __init__(self, user: Any) -> None:
        self.user = user

    def __await__(self) -> Any:
        yield from ()
        return self.user


@pytest.mark.parametrize(("user", "status"), [("alice", 200), (None, 403)])
def test_a_handler_may_return_any_awaitable(
    settings: dict[str, Any], pool: LocalUserPool, user: Any, status: int
) -> None:
    app = Flask("app")
    app.config.update({**settings, "COGNITO_IDENTITY_REQUIRED": True})
    CognitoAuth(app).identity_handler(lambda payload: Later(user))
    app.add_url_rule("/", view_func=cognito_auth_required(lambda: str(current_user)))

    response = app.test_client().get("/", headers={"Authorization": f"Bearer {pool.access_token()}"})

    assert response.status_code == status
