"""`decode_token` called by hand: its errors can be caught, and are answered like those of a decorator if not."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import (
    Claims,
    CognitoVerifier,
    InvalidTokenError,
    JWKSUnavailableError,
    MissingClaimError,
    TokenExpiredError,
)
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    CognitoJWTException,
    cognito_auth_optional,
    cognito_auth_required,
    token_rejected,
)
from werkzeug.test import TestResponse

Bearer = Callable[[str], dict[str, str]]
MakeApp = Callable[..., Flask]
Post = Callable[[Flask, str], TestResponse]

DEAD_KEYS = "http://127.0.0.1:9/jwks.json"


def add_by_hand(app: Flask) -> None:
    auth: CognitoAuth = app.extensions["cognito_auth"]

    @app.post("/by-hand")
    def by_hand() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    @app.post("/by-hand/async")
    async def by_hand_async() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    @app.post("/by-hand/optional")
    @cognito_auth_optional
    def beside_an_anonymous_user() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    @app.post("/by-hand/caught")
    def caught() -> ResponseReturnValue:
        try:
            auth.decode_token(request.get_data(as_text=True))
        except TokenExpiredError as error:
            return {"caught": error.code, "claim": error.claim}
        except CognitoJWTException as error:
            return {"caught": error.code}
        return {"caught": None}


PATHS = ("/by-hand", "/by-hand/async", "/by-hand/optional")


@pytest.fixture
def tokens(pool: LocalUserPool, other_pool: LocalUserPool) -> dict[str, str]:
    return {
        "token_expired": pool.expired_token("alice"),
        "token_not_yet_valid": pool.not_yet_valid_token("alice"),
        "missing_claim": pool.access_token("alice", sub=ABSENT),
        "invalid_token_use": pool.id_token("alice"),
        "invalid_client": pool.access_token("alice", client_id="anotherclient"),
        "invalid_issuer": other_pool.access_token("alice"),
        "invalid_signature": pool.badly_signed_token("alice"),
        "unknown_key": pool.sign({**pool.header, "kid": "last-year"}, pool.access_claims("alice")),
        "algorithm_not_allowed": pool.sign({**pool.header, "alg": "HS256"}, pool.access_claims("alice")),
        "malformed_token": "rubbish",
    }


@pytest.mark.parametrize("path", PATHS)
def test_each_error_is_answered_like_that_of_a_decorator(
    app: Flask, tokens: dict[str, str], bearer: Bearer, path: str
) -> None:
    add_by_hand(app)
    client = app.test_client()

    for code, token in tokens.items():
        by_hand, decorated = client.post(path, data=token), client.get("/required", headers=bearer(token))
        assert by_hand.get_json()["code"] == code
        assert (by_hand.status_code, by_hand.get_json()) == (decorated.status_code, decorated.get_json())
        assert by_hand.headers["WWW-Authenticate"] == decorated.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", PATHS)
def test_a_good_token_is_decoded(app: Flask, pool: LocalUserPool, path: str) -> None:
    add_by_hand(app)

    assert app.test_client().post(path, data=pool.access_token("alice")).get_json()["username"] == "alice"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", [{}, {"TESTING": True}, {"DEBUG": True}])
def test_the_answer_is_the_same_in_every_mode(
    make_app: MakeApp, pool: LocalUserPool, path: str, mode: dict[str, Any]
) -> None:
    app = make_app(**mode)
    add_by_hand(app)

    assert app.test_client().post(path, data=pool.expired_token()).status_code == 401


def test_keys_that_cannot_be_had_are_a_503(make_app: MakeApp, pool: LocalUserPool) -> None:
    app = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=DEAD_KEYS)
    add_by_hand(app)

    response = app.test_client().post("/by-hand", data=pool.access_token())

    assert (response.status_code, response.get_json()["code"]) == (503, "jwks_unavailable")
    assert int(response.headers["Retry-After"]) >= 1


def test_a_view_can_catch_each_error_by_its_class(app: Flask, tokens: dict[str, str]) -> None:
    add_by_hand(app)
    client = app.test_client()

    found = {code: client.post("/by-hand/caught", data=token).get_json() for code, token in tokens.items()}

    assert {code: answer["caught"] for code, answer in found.items()} == {code: code for code in tokens}
    assert found["token_expired"]["claim"] == "exp"


@pytest.mark.parametrize("kind", [TokenExpiredError, InvalidTokenError, Exception])
@pytest.mark.parametrize("path", ["/own", "/own/async"])
def test_a_handler_of_the_blueprints_own_wins(
    app: Flask, pool: LocalUserPool, kind: type[Exception], path: str
) -> None:
    auth: CognitoAuth = app.extensions["cognito_auth"]
    blueprint = Blueprint("own", __name__)

    @blueprint.errorhandler(kind)
    def handle(error: Exception) -> ResponseReturnValue:
        return {"own": isinstance(error, TokenExpiredError)}, 418

    @blueprint.post("/own")
    def own() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    @blueprint.post("/own/async")
    async def own_async() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    app.register_blueprint(blueprint)
    response = app.test_client().post(path, data=pool.expired_token())

    assert (response.status_code, response.get_json()) == (418, {"own": True})


@pytest.mark.parametrize("kind", [MissingClaimError, InvalidTokenError, KeyError])
def test_a_handler_of_the_apps_own_wins(app: Flask, pool: LocalUserPool, kind: type[Exception]) -> None:
    add_by_hand(app)
    app.register_error_handler(kind, lambda error: ({"own": type(error).__name__}, 418))

    response = app.test_client().post("/by-hand", data=pool.access_token(sub=ABSENT))

    assert (response.status_code, response.get_json()) == (418, {"own": "MissingClaimError"})


def test_the_handlers_of_refusals_shape_the_answer(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    add_by_hand(app)
    auth.error_handler(lambda error: ({"title": error.error_code}, error.status_code))

    response = app.test_client().post("/by-hand", data=pool.expired_token())

    assert (response.status_code, response.get_json()) == (401, {"title": "token_expired"})


def test_a_handler_of_refusals_that_the_app_registered_is_called(app: Flask, pool: LocalUserPool) -> None:
    add_by_hand(app)
    app.register_error_handler(CognitoAuthError, lambda error: ({"mine": error.error_code}, 400))

    response = app.test_client().post("/by-hand", data=pool.expired_token())

    assert (response.status_code, response.get_json()) == (400, {"mine": "token_expired"})


def test_an_error_of_another_verifier_is_the_apps_own(make_app: MakeApp, pool: LocalUserPool) -> None:
    app = make_app(TESTING=True)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks)
    app.add_url_rule("/partner", view_func=lambda: dict(verifier.verify(pool.expired_token())))

    with pytest.raises(TokenExpiredError):
        app.test_client().get("/partner")


def test_a_claim_that_another_object_lacks_is_the_apps_own(make_app: MakeApp) -> None:
    app = make_app(TESTING=True)
    app.add_url_rule("/plain", view_func=lambda: str(Claims({"sub": "1"})["email"]))

    with pytest.raises(MissingClaimError):
        app.test_client().get("/plain")


def test_the_identity_handler_may_decode_another_token(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
) -> None:
    auth.identity_handler(lambda claims: auth.decode_token(request.headers["X-Actor"]))

    headers = {**bearer(pool.access_token("alice")), "X-Actor": pool.expired_token("bob")}
    response = app.test_client().get("/required", headers=headers)

    assert (response.status_code, response.get_json()["code"]) == (401, "token_expired")


def test_a_subclass_that_calls_the_default_is_answered_too(
    make_app: MakeApp, pool: LocalUserPool, bearer: Bearer
) -> None:
    class Twice(CognitoAuth):
        def decode_token(self, token: str) -> Any:
            try:
                return super().decode_token(token)
            except TokenExpiredError:
                return super().decode_token(token)

    app = make_app(Twice)
    add_by_hand(app)
    client = app.test_client()

    assert client.post("/by-hand", data=pool.expired_token()).get_json()["code"] == "token_expired"
    assert client.get("/required", headers=bearer(pool.expired_token())).get_json()["code"] == "token_expired"


def test_an_error_that_comes_again_is_the_same_one(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    failure = TokenExpiredError("exp: over", claim="exp")

    def fail(claims: Claims) -> None:
        raise failure

    app.config["COGNITO_CUSTOM_CHECK"] = fail
    CognitoAuth(app)
    add_by_hand(app)
    client = app.test_client()

    for _ in range(2):
        assert client.post("/by-hand", data=pool.access_token()).get_json()["code"] == "token_expired"


def test_outside_of_a_request_the_error_is_the_callers(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    with app.app_context(), pytest.raises(TokenExpiredError) as caught:
        auth.decode_token(pool.expired_token())

    assert type(caught.value) is TokenExpiredError


def test_an_error_can_be_copied_and_pickled(app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
    with app.test_request_context(), pytest.raises(TokenExpiredError) as caught:
        auth.decode_token(pool.expired_token())

    for found in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301  our own
        assert type(found) is TokenExpiredError
        assert (str(found), found.claim, found.is_authentic) == (str(caught.value), "exp", True)


def test_the_refusal_is_logged_once_and_signalled(
    app: Flask, auth: CognitoAuth, pool: LocalUserPool, caplog: pytest.LogCaptureFixture
) -> None:
    add_by_hand(app)
    seen = []
    caplog.set_level("INFO", "flask_cognito.refusals")

    with token_rejected.connected_to(lambda sender, error: seen.append(error.code), app):
        app.test_client().post("/by-hand", data=pool.expired_token())
        app.test_client().post("/by-hand/caught", data=pool.expired_token())

    (record,) = caplog.records
    assert "token_expired" in record.getMessage()
    assert seen == ["token_expired"]


def test_an_unavailable_list_of_keys_can_be_caught(make_app: MakeApp, pool: LocalUserPool) -> None:
    app = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=DEAD_KEYS)
    auth: CognitoAuth = app.extensions["cognito_auth"]

    with app.test_request_context(), pytest.raises(JWKSUnavailableError) as caught:
        auth.decode_token(pool.access_token())

    assert caught.value.retry_after >= 1


def test_the_demand_of_the_route_counts(app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
    @app.post("/identity")
    @cognito_auth_required(token_use="id")
    def identity() -> ResponseReturnValue:
        return dict(auth.decode_token(request.get_data(as_text=True)))

    response = app.test_client().post("/identity", data=pool.access_token(), headers=bearer(pool.id_token()))

    assert (response.status_code, response.get_json()["code"]) == (401, "invalid_token_use")
