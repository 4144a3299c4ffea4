import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import RevocationList
from cognito_jwt_core.testing import ABSENT, LocalUserPool, hostile_tokens
from cognito_test_kit.messages import Messages
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
)
from flask_cognito.testing import as_user, assert_rejects_hostile

COUNT = len(list(hostile_tokens(LocalUserPool())))
MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


@pytest.fixture
def make_client(pool: LocalUserPool) -> MakeClient:
    def make(**config: Any) -> FlaskClient:
        strict = {
            "COGNITO_REGION": "eu-central-1",
            "COGNITO_USERPOOL_ID": pool.id,
            "COGNITO_APP_CLIENT_ID": pool.client_id,
            "COGNITO_TOKEN_USE": "access",
            "COGNITO_JWKS": pool.jwks,
        }
        return create_app({**strict, **config}).test_client()

    return make


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client()


def create_app(config: dict[str, Any]) -> Flask:
    app = Flask("app")
    app.config.update(config)
    CognitoAuth(app)

    @app.route("/private", methods=["GET", "POST"])
    @cognito_auth_required
    def private() -> ResponseReturnValue:
        if request.method == "POST" and not request.get_data():
            return "expected a body", 422
        return jsonify(current_cognito_jwt)

    @app.get("/admin")
    @cognito_group_permissions(["admin"])
    @cognito_scope_permissions(["todo/write"])
    def admin() -> str:
        return "admin"

    @app.get("/optional")
    @cognito_auth_optional
    def optional() -> str:
        return "anybody"

    @app.get("/open")
    def open_to_all() -> str:
        return "anybody"

    @app.get("/failing")
    def failing() -> str:
        # What a check made by hand forgets: whether the signature holds, and that a token can have too few parts.
        if "Authorization" not in request.headers:
            return jsonify(error="no token"), 401  # type: ignore[return-value]
        return request.headers["Authorization"].split(".")[2]

    return app


def username(client: FlaskClient, **kwargs: Any) -> Any:
    answer = client.get("/private", **kwargs)
    assert answer.status_code in (200, 401)
    return answer.get_json().get("username")


def test_requests_are_signed_from_then_on(client: FlaskClient) -> None:
    assert username(client) is None

    as_user(client, "alice")

    assert [username(client), username(client)] == ["alice", "alice"]


def test_requests_are_signed_until_the_end_of_the_block(client: FlaskClient) -> None:
    with as_user(client, "alice") as signed_in:
        assert signed_in is client
        assert username(client) == "alice"

    assert username(client) is None


def test_inner_user_gives_way_to_the_outer(client: FlaskClient) -> None:
    with as_user(client, "alice"):
        with as_user(client, "bob"):
            assert username(client) == "bob"
        assert username(client) == "alice"


def test_user_can_sign_out(client: FlaskClient) -> None:
    signed_in = as_user(client, "alice")

    signed_in.sign_out()

    assert username(client) is None


def test_client_is_signed_out_when_a_test_fails(client: FlaskClient) -> None:
    with pytest.raises(ZeroDivisionError), as_user(client, "alice"):
        raise ZeroDivisionError

    assert username(client) is None


def test_groups_and_scopes_open_what_demands_them(client: FlaskClient) -> None:
    with as_user(client, "alice", groups=["dev"], scopes=["todo/write"]):
        assert client.get("/admin").status_code == 403
    with as_user(client, "alice", groups=["admin"], scopes=["todo/write"]):
        assert client.get("/admin").status_code == 200


def test_claims_and_expiry_are_passed_on(client: FlaskClient) -> None:
    with as_user(client, "alice", claims={"custom:tenant": "acme"}):
        assert client.get("/private").get_json()["custom:tenant"] == "acme"
    with as_user(client, "alice", sub=ABSENT):
        assert client.get("/private").status_code == 401
    with as_user(client, "alice", expires_in=-1):
        assert client.get("/private").status_code == 401


def test_token_that_is_sent_is_at_hand(client: FlaskClient) -> None:
    signed_in = as_user(client, "alice")

    assert signed_in.token.count(".") == 2
    assert signed_in.client is client


def test_header_of_the_request_itself_goes_before(client: FlaskClient, pool: LocalUserPool) -> None:
    with as_user(client, "alice"):
        assert username(client, headers={"Authorization": f"Bearer {pool.access_token('bob')}"}) == "bob"


@pytest.mark.parametrize(
    "config",
    [
        {"COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization"},
        {"COGNITO_JWT_HEADER_PREFIX": "JWT"},
        {"COGNITO_JWT_HEADER_PREFIX": None},
        {"COGNITO_JWT_HEADER_PREFIX": ""},
        {"COGNITO_JWT_HEADER_NAME": "Cookie"},
        {"COGNITO_JWT_HEADER_NAME": "Cookie", "COGNITO_JWT_COOKIE_NAME": "jwt"},
        {"COGNITO_JWT_HEADER_NAME": "Cookie", "SERVER_NAME": "api.example:8080"},
    ],
    ids=lambda config: "-".join(map(str, config.values())) or "none",
)
def test_token_goes_where_the_app_looks_for_it(make_client: MakeClient, config: dict[str, Any]) -> None:
    client = make_client(**config)

    with as_user(client, "alice"):
        assert username(client) == "alice"
        with as_user(client, "bob"):
            assert username(client) == "bob"
        assert username(client) == "alice"
    assert username(client) is None


def test_app_for_id_tokens_gets_one(make_client: MakeClient) -> None:
    client = make_client(COGNITO_TOKEN_USE="id")

    with as_user(client, "alice", email="alice@corp.example"):
        claims = client.get("/private").get_json()

    assert (claims["token_use"], claims["email"]) == ("id", "alice@corp.example")


def test_other_pool_can_be_given(client: FlaskClient) -> None:
    with as_user(client, "alice", pool=LocalUserPool("eu-central-1_other")):
        assert client.get("/private").status_code == 401


def test_pool_must_be_given_where_the_app_has_no_local_one(
    messages: Messages, make_client: MakeClient, pool: LocalUserPool
) -> None:
    client = make_client(COGNITO_JWKS=pool.jwk_set)

    with as_user(client, "alice", pool=pool):
        assert username(client) == "alice"
    with messages.raises(RuntimeError):
        as_user(client, "alice")


def test_pool_must_be_given_where_the_app_has_two(messages: Messages, pool: LocalUserPool) -> None:
    other = LocalUserPool("eu-west-1_other", client_id="other")
    pools = [
        {"region": each.region, "userpool_id": each.id, "app_client_id": each.client_id, "jwks": each.jwks}
        for each in (pool, other)
    ]
    client = create_app({"COGNITO_USERPOOLS": pools}).test_client()

    for each in (pool, other):
        with as_user(client, "alice", pool=each):
            assert client.get("/private").get_json()["iss"] == each.issuer
    with messages.raises(RuntimeError):
        as_user(client, "alice")


def test_token_names_the_api_where_the_app_requires_it(make_client: MakeClient) -> None:
    client = make_client(COGNITO_AUDIENCE="todo", COGNITO_RESOURCE="https://api.example")

    with as_user(client, "alice") as user:
        assert user.get("/private").status_code == 200
    with as_user(client, "alice", aud="https://other.example") as user:
        assert user.get("/private").status_code == 401


def test_app_without_the_extension_is_named(messages: Messages, pool: LocalUserPool) -> None:
    with messages.raises(RuntimeError):
        as_user(Flask("app").test_client(), "alice", pool=pool)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("testing", [True, False])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization", "COGNITO_JWT_HEADER_PREFIX": None},
        {"COGNITO_JWT_HEADER_NAME": "Cookie"},
        {"COGNITO_TOKEN_LOCATIONS": ["header", "cookie"]},
        {"COGNITO_AUDIENCE": "https://api.example", "COGNITO_LEEWAY": 300},
        {"COGNITO_RESOURCE": "https://api.example"},
    ],
    ids=["header", "whole-header", "cookie", "header-and-cookie", "audience-and-leeway", "resource"],
)
def test_protected_route_rejects_hostile_tokens(
    make_client: MakeClient, pool: LocalUserPool, config: dict[str, Any], testing: bool, method: str
) -> None:
    client = make_client(TESTING=testing, **config)

    assert_rejects_hostile(client, "/private", pool, method)


def test_route_with_demands_is_tested_with_what_it_demands(client: FlaskClient, pool: LocalUserPool) -> None:
    assert_rejects_hostile(client, "/admin", pool, groups=["admin"], scopes=["todo/write"])


def test_keys_of_a_real_endpoint_do_as_well(make_client: MakeClient, pool: LocalUserPool) -> None:
    with pool.serve() as url:
        client = make_client(COGNITO_JWKS=None, COGNITO_JWKS_URI=url)

        assert_rejects_hostile(client, "/private", pool)


@pytest.mark.parametrize("locations", [["header"], ["cookie"], ["header", "cookie"]])
def test_who_is_signed_in_stays_so(make_client: MakeClient, pool: LocalUserPool, locations: list[str]) -> None:
    client = make_client(COGNITO_TOKEN_LOCATIONS=locations)

    with as_user(client, "alice"):
        assert_rejects_hostile(client, "/private", pool)
        assert username(client) == "alice"


def failure(client: FlaskClient, path: str, pool: LocalUserPool, **kwargs: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_rejects_hostile(client, path, pool, **kwargs)
    return str(caught.value)


def test_open_route_is_found_out(client: FlaskClient, pool: LocalUserPool) -> None:
    assert failure(client, "/open", pool).startswith("GET /open is not protected: without a token it answers 200")


def test_optional_route_is_found_out(client: FlaskClient, pool: LocalUserPool) -> None:
    assert "is not protected" in failure(client, "/optional", pool)


def test_unknown_route_is_found_out(client: FlaskClient, pool: LocalUserPool) -> None:
    assert "without a token it answers 404" in failure(client, "/nowhere", pool)


def test_route_that_lets_nobody_in_proves_nothing(client: FlaskClient, pool: LocalUserPool) -> None:
    message = failure(client, "/admin", pool)

    assert "refuses every token, which proves nothing: with a good token it answers 403" in message
    assert "groups=" in message


def test_app_of_another_pool_proves_nothing(client: FlaskClient) -> None:
    message = failure(client, "/private", LocalUserPool("eu-west-1_other"))

    assert "COGNITO_USERPOOL_ID = 'eu-west-1_other'" in message


@pytest.mark.parametrize(
    ("config", "token", "advice"),
    [
        ({"COGNITO_TOKEN_USE": None}, "id-token", 'Set COGNITO_TOKEN_USE = "access".'),
        ({"COGNITO_APP_CLIENT_ID": None}, "client-id-other", "Set COGNITO_APP_CLIENT_ID = 'abcdef123456'."),
        ({"COGNITO_CHECK_TOKEN_EXPIRATION": False}, "expired", "Set COGNITO_CHECK_TOKEN_EXPIRATION = True."),
    ],
    ids=["either-use", "any-client", "no-expiry"],
)
def test_failure_names_the_key_to_set(
    make_client: MakeClient, pool: LocalUserPool, config: dict[str, Any], token: str, advice: str
) -> None:
    message = failure(make_client(**config), "/private", pool)

    assert message.startswith("GET /private does not refuse ")
    assert f"- {token} (answered 200" in message
    assert message.count(advice) == len(message.splitlines()) - 1


def test_failure_says_why_it_matters(make_client: MakeClient, pool: LocalUserPool) -> None:
    message = failure(make_client(COGNITO_TOKEN_USE=None), "/private", pool)

    assert "an ID token tells an app who signed in, and grants no access" in message


@pytest.mark.parametrize("testing", [True, False])
def test_route_that_fails_over_a_token_is_found_out(
    make_client: MakeClient, pool: LocalUserPool, testing: bool
) -> None:
    message = failure(make_client(TESTING=testing), "/failing", pool)

    assert "- two-parts (answered 500" in message
    assert "- no-signature (answered 200" in message
    assert message.splitlines()[-1] == f"- and {COUNT - 20} more"


def test_route_that_asks_nobody_is_found_out_with_any_pool(client: FlaskClient) -> None:
    message = failure(client, "/failing", LocalUserPool("eu-west-1_other"))

    assert "- one-part (answered 500" in message


def test_failure_under_testing_keeps_the_cause(make_client: MakeClient, pool: LocalUserPool) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_rejects_hostile(make_client(TESTING=True), "/failing", pool)

    assert isinstance(caught.value.__cause__, IndexError)


def test_production_code_imports_nothing_of_the_kit() -> None:
    code = "import flask_cognito, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - our own

    assert "flask_cognito" in loaded
    assert not {name for name in loaded if name.endswith(".testing") and "cognito" in name}


class TestFurtherDemands:
    def test_revoked_tokens(self, make_client: MakeClient, pool: LocalUserPool) -> None:
        revocations = RevocationList()

        assert_rejects_hostile(make_client(COGNITO_REVOCATIONS=revocations), "/private", pool, revocations=revocations)

    def test_an_app_that_does_not_ask_its_list_is_found_out(self, client: FlaskClient, pool: LocalUserPool) -> None:
        message = failure(client, "/private", pool, revocations=RevocationList())

        assert "- revoked-by-jti (answered 200" in message
        assert message.count("Set COGNITO_REVOCATIONS.") == 7

    def test_an_app_that_asks_another_list_is_found_out(self, make_client: MakeClient, pool: LocalUserPool) -> None:
        client = make_client(COGNITO_REVOCATIONS=RevocationList())

        message = failure(client, "/private", pool, revocations=RevocationList())

        assert "- revoked-by-user-and-refreshed (answered 200" in message
        assert "Set COGNITO_REVOCATIONS." not in message

    @pytest.mark.parametrize("acr_values", ["urn:cognito:loa:4", ["urn:cognito:loa:4"]])
    def test_old_and_weak_sign_ins(self, client: FlaskClient, pool: LocalUserPool, acr_values: Any) -> None:
        demand = cognito_step_up(max_age=300, acr_values=acr_values)
        client.application.add_url_rule("/step-up", view_func=demand(lambda: "stepped up"))

        assert_rejects_hostile(client, "/step-up", pool, max_age=300, acr_values=acr_values)

    @pytest.mark.parametrize(
        ("demands", "token"), [({"max_age": 300}, "auth-time-too-old"), ({"acr_values": ["loa:4"]}, "acr-absent")]
    )
    def test_a_route_without_the_check_is_found_out(
        self, client: FlaskClient, pool: LocalUserPool, demands: dict[str, Any], token: str
    ) -> None:
        assert f"- {token} (answered 200" in failure(client, "/private", pool, **demands)
