"""`cognito_step_up`: a route that needs a recent sign-in, or one of a certain level (RFC 9470)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_public,
    cognito_step_up,
    current_cognito_jwt,
)
from werkzeug.test import TestResponse

Ask = Callable[..., TestResponse]

HOUR = 3600
TOTP, PASSKEY = "urn:cognito:loa:4", "urn:cognito:loa:3"


@pytest.fixture
def app(settings: dict[str, Any]) -> Flask:
    app = Flask("app")
    app.config.update(settings)
    CognitoAuth(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ask(client: FlaskClient, pool: LocalUserPool, bearer: Callable[[str], dict[str, str]]) -> Ask:
    """The answer to a token with the claims given, of a user who signed in that many seconds ago."""

    def asked(path: str = "/", ago: float = 0, method: str = "GET", **claims: Any) -> TestResponse:
        token = pool.access_token(**{"auth_time": int(time.time() - ago), **claims})
        return client.open(path, method=method, headers=bearer(token))

    return asked


def ok() -> str:
    return str(current_cognito_jwt["sub"])


def code(answer: TestResponse) -> Any:
    return 200 if answer.status_code == 200 else answer.get_json()["code"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_age": -1},
        {"max_age": True},
        {"max_age": 0.5},
        {"max_age": "300"},
        {"acr_values": []},
        {"acr_values": ""},
        {"acr_values": [""]},
        {"acr_values": [TOTP, None]},
        {"acr_values": 4},
        {"acr_values": "one two"},
        {"acr_values": 'quoted"'},
        {"acr_values": "line\r\nbreak"},
    ],
    ids=str,
)
def test_demand_that_no_sign_in_can_meet_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        cognito_step_up(**options)


def test_brackets_cannot_be_left_out(app: Flask) -> None:
    with pytest.raises(ConfigurationError, match="in parentheses"):
        app.add_url_rule("/", "view", cognito_step_up(ok))  # type: ignore[arg-type]


@pytest.mark.parametrize("auth_time", [ABSENT, None, "now", True, 0, 32503680000], ids=repr)
def test_sign_in_that_is_not_known_to_be_recent_is_refused(app: Flask, ask: Ask, auth_time: object) -> None:
    app.add_url_rule("/", "view", cognito_step_up(max_age=300)(ok))

    assert code(ask(auth_time=auth_time)) == "insufficient_authentication"


def test_challenge_says_what_to_ask_for(app: Flask, ask: Ask) -> None:
    app.add_url_rule("/age", "age", cognito_step_up(max_age=300)(ok))
    app.add_url_rule("/level", "level", cognito_step_up(acr_values=[TOTP, PASSKEY])(ok))
    app.add_url_rule("/both", "both", cognito_step_up(300, TOTP)(ok))

    answer = ask("/age", HOUR)
    assert answer.status_code == 401
    assert answer.get_json() == {
        "error": "Not Authorized",
        "description": "This request needs a newer or a stronger sign-in.",
        "code": "insufficient_authentication",
    }
    begin = 'Bearer realm="Cognito", error="insufficient_user_authentication"'
    assert answer.headers["WWW-Authenticate"] == f'{begin}, max_age="300"'
    assert ask("/level").headers["WWW-Authenticate"] == f'{begin}, acr_values="{TOTP} {PASSKEY}"'
    assert ask("/both", HOUR).headers["WWW-Authenticate"] == f'{begin}, max_age="300", acr_values="{TOTP}"'
    assert answer.headers["Vary"] == "Authorization"


def test_sign_in_that_meets_it_passes(app: Flask, ask: Ask) -> None:
    app.add_url_rule("/", "view", cognito_step_up(max_age=300, acr_values=[TOTP, PASSKEY])(ok))

    assert code(ask(ago=100, acr=PASSKEY)) == 200
    assert code(ask(ago=HOUR, acr=PASSKEY)) == "insufficient_authentication"
    assert code(ask(ago=100, acr="urn:cognito:loa:1")) == "insufficient_authentication"
    assert code(ask(ago=100, acr=[PASSKEY])) == "insufficient_authentication"


def test_it_authenticates_first(app: Flask, client: FlaskClient, ask: Ask) -> None:
    app.add_url_rule("/", "view", cognito_step_up(max_age=300)(ok))

    assert client.get("/").get_json()["code"] == "authorization_required"
    assert code(ask(ago=HOUR, client_id="another")) == "invalid_client"


def test_token_of_no_user_is_refused_for_good(app: Flask, ask: Ask) -> None:
    app.add_url_rule("/", "view", cognito_step_up(max_age=300)(ok))

    answer = ask(username=ABSENT)
    assert (answer.status_code, code(answer)) == (403, "access_denied")


def test_decorators_stack_in_the_order_in_which_they_stand(app: Flask, ask: Ask) -> None:
    app.add_url_rule("/1", "1", cognito_step_up(60)(cognito_step_up(acr_values=TOTP)(ok)))
    app.add_url_rule("/2", "2", cognito_group_permissions("admin")(cognito_step_up(60)(ok)))
    app.add_url_rule("/3", "3", cognito_step_up(60)(cognito_group_permissions("admin")(ok)))
    app.add_url_rule("/4", "4", cognito_auth_optional(cognito_step_up(60)(ok)))

    assert code(ask("/1", acr=TOTP)) == 200
    assert code(ask("/1")) == code(ask("/1", HOUR, acr=TOTP)) == "insufficient_authentication"
    assert code(ask("/2", HOUR)) == "group_required"
    assert code(ask("/3", HOUR)) == "insufficient_authentication"
    assert code(ask("/4", HOUR)) == "insufficient_authentication"
    assert code(ask("/3", groups=["admin"])) == 200


def test_any_kind_of_view(app: Flask, ask: Ask) -> None:
    async def asynchronous() -> str:
        return "async"

    class Transfers(MethodView):
        @cognito_auth_required
        def get(self) -> str:
            return "list"

        @cognito_step_up(max_age=60)
        def post(self) -> str:
            return "done"

    app.add_url_rule("/async", "async", cognito_step_up(60)(asynchronous))
    app.add_url_rule("/transfers", view_func=Transfers.as_view("transfers"))

    assert code(ask("/async")) == code(ask("/transfers", HOUR)) == code(ask("/transfers", method="POST")) == 200
    assert code(ask("/async", HOUR)) == code(ask("/transfers", HOUR, "POST")) == "insufficient_authentication"


def test_below_protect(app: Flask, client: FlaskClient, ask: Ask) -> None:
    auth: CognitoAuth = app.extensions["cognito_auth"]
    blueprint = Blueprint("money", "money")
    blueprint.add_url_rule("/transfer", "transfer", cognito_step_up(60)(ok))
    blueprint.add_url_rule("/public", "public", cognito_public(cognito_step_up(60)(ok)))
    auth.protect(blueprint, groups="staff")
    app.register_blueprint(blueprint)

    assert client.get("/transfer").get_json()["code"] == "authorization_required"
    assert code(ask("/transfer", HOUR)) == "group_required"
    assert code(ask("/transfer", HOUR, groups=["staff"])) == "insufficient_authentication"
    assert code(ask("/transfer", groups=["staff"])) == 200
    assert code(ask("/public", HOUR)) == "insufficient_authentication"


def test_leeway_counts(app: Flask, settings: dict[str, Any], pool: LocalUserPool) -> None:
    lenient = Flask("lenient")
    lenient.config.update(settings, COGNITO_LEEWAY=HOUR)
    CognitoAuth(lenient)
    lenient.add_url_rule("/", "view", cognito_step_up(60)(ok))
    app.add_url_rule("/", "view", cognito_step_up(60)(ok))
    headers = {"Authorization": f"Bearer {pool.access_token(auth_time=int(time.time() - 120))}"}

    assert lenient.test_client().get("/", headers=headers).status_code == 200
    assert app.test_client().get("/", headers=headers).status_code == 401


def test_each_of_several_pools_has_its_own_leeway(pool: LocalUserPool, other_pool: LocalUserPool) -> None:
    app = Flask("app")
    app.config["COGNITO_USERPOOLS"] = [
        {"userpool_id": pool.id, "jwks": pool.jwks, "leeway": HOUR},
        {"userpool_id": other_pool.id, "jwks": other_pool.jwks},
    ]
    CognitoAuth(app)
    app.add_url_rule("/", "view", cognito_step_up(60)(ok))
    tokens = [one.access_token(auth_time=int(time.time() - 120)) for one in (pool, other_pool)]

    client = app.test_client()
    answers = [client.get("/", headers={"Authorization": f"Bearer {token}"}) for token in tokens]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_claims_of_another_issuer_have_no_leeway(pool: LocalUserPool, other_pool: LocalUserPool) -> None:
    class Own(CognitoAuth):
        def decode_token(self, token: str) -> dict[str, Any]:
            return {"sub": "alice", "iss": "https://elsewhere.example", "auth_time": time.time() - float(token)}

    app = Flask("app")
    app.config["COGNITO_USERPOOLS"] = [
        {"userpool_id": one.id, "jwks": one.jwks, "leeway": HOUR} for one in (pool, other_pool)
    ]
    Own(app)
    app.add_url_rule("/", "view", cognito_step_up(60)(ok))

    client = app.test_client()
    answers = [client.get("/", headers={"Authorization": f"Bearer {ago}"}) for ago in (30, 120)]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_commands_know_it(app: Flask, pool: LocalUserPool) -> None:
    app.add_url_rule("/both", "both", cognito_step_up(300, [TOTP, PASSKEY])(ok), methods=["POST"])
    run = app.test_cli_runner().invoke
    old, new = (pool.access_token(auth_time=int(time.time() - ago), acr=PASSKEY, username="alice") for ago in (HOUR, 0))

    routes = run(args=["cognito", "routes"]).output
    assert f"sign-in at most 300 s ago, level {TOTP} or {PASSKEY}" in routes
    assert "step-up           1 route" in run(args=["cognito", "check"]).output
    app.add_url_rule("/age", "age", cognito_step_up(300)(ok))
    assert "step-up           2 routes" in run(args=["cognito", "check"]).output
    route = ["--route", "/both", "--method", "POST"]
    refused, accepted = (run(args=["cognito", "explain", token, *route]) for token in (old, new))
    assert (refused.exit_code, accepted.exit_code) == (1, 0)
    assert "insufficient_authentication" in refused.output
    assert "2 routes demand more" in run(args=["cognito", "explain", old]).output
