"""The token that a load balancer signs, as one more place for a credential."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, InvalidTokenError, RevocationList
from cognito_jwt_core.testing import LocalLoadBalancer, LocalUserPool
from flask import Flask
from flask_cognito import (
    CognitoAuth,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_group_permissions,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
    openapi_security_schemes,
)
from flask_cognito.testing import as_user, assert_rejects_hostile

HEADER = "X-Amzn-Oidc-Data"
OTHER_ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/other/1111111111111111"


@pytest.fixture
def balancer(pool: LocalUserPool) -> Iterator[LocalLoadBalancer]:
    with LocalLoadBalancer(pool) as balancer:
        yield balancer


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_alb_app(settings: dict[str, Any], balancer: LocalLoadBalancer) -> MakeApp:
    def make(extension: type[CognitoAuth] = CognitoAuth, **config: Any) -> Flask:
        app = Flask("app")
        app.config.update(settings)
        app.config.update(
            COGNITO_TOKEN_LOCATIONS=["alb"], COGNITO_ALB_ARN=balancer.arn, COGNITO_ALB_KEYS_URL=balancer.keys_url
        )
        app.config.update(config)
        extension(app)

        def who() -> dict[str, object]:
            jwt = current_cognito_jwt
            return {"username": jwt.username, "client": jwt.client_id, "groups": jwt.groups, "scopes": jwt.scopes}

        def optional() -> dict[str, object]:
            return {"username": current_cognito_jwt.username if current_cognito_jwt else None}

        methods = ["GET", "POST"]
        app.add_url_rule("/", "who", cognito_auth_required(who), methods=methods)
        app.add_url_rule("/optional", "optional", cognito_auth_optional(optional))
        app.add_url_rule("/group", "group", cognito_group_permissions(["admin"])(who))
        app.add_url_rule("/scope", "scope", cognito_scope_permissions(["todo/read"])(who))
        app.add_url_rule("/recent", "recent", cognito_step_up(max_age=60)(who))
        app.add_url_rule("/access", "access", cognito_auth_required(token_use="access")(who))
        app.add_url_rule("/client", "client", cognito_auth_required(client_id="abcdef123456")(who))
        app.add_url_rule("/other", "other", cognito_auth_required(client_id="other")(who))
        return app

    return make


@pytest.fixture
def app(make_alb_app: MakeApp) -> Flask:
    return make_alb_app()


def get(app: Flask, token: str, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, Any]:
    sent = {HEADER: token, **{name.replace("_", "-"): value for name, value in headers.items()}}
    response = app.test_client().open(path, method=method, headers=sent)
    body = response.get_json()
    return response.status_code, body.get("code", body) if isinstance(body, Mapping) else body


# Refusals


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"signer": OTHER_ARN}, "invalid_signer"),
        ({"client": "other"}, "invalid_client"),
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"exp": 1}, "token_expired"),
        ({"kid": "4f1c0b7e-0000-4000-8000-000000000000"}, "unknown_key"),
        ({"alg": "RS256"}, "algorithm_not_allowed"),
    ],
)
def test_bad_tokens_are_401(app: Flask, balancer: LocalLoadBalancer, header: dict[str, object], code: str) -> None:
    assert get(app, balancer.token(header=header)) == (401, code)
    assert get(app, balancer.token(header=header), "/optional") == (200, {"username": None})


def test_without_the_header_there_is_no_token(app: Flask, pool: LocalUserPool) -> None:
    response = app.test_client().get(
        "/", headers={"X-Amzn-Oidc-Identity": "alice", "Authorization": f"Bearer {pool.access_token()}"}
    )

    assert (response.status_code, response.get_json()["code"]) == (401, "authorization_required")
    assert response.headers["Vary"] == HEADER


def test_pools_own_token_in_the_header_is_refused(app: Flask, pool: LocalUserPool) -> None:
    assert get(app, pool.access_token()) == (401, "algorithm_not_allowed")


def test_keys_that_cannot_be_had_are_503(app: Flask, balancer: LocalLoadBalancer) -> None:
    balancer.behave(status=500)

    assert get(app, balancer.token()) == (503, "jwks_unavailable")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/group", 403, "group_required"),
        ("/scope", 403, "scope_required"),
        ("/recent", 401, "insufficient_authentication"),
        ("/access", 401, "invalid_token_use"),
        ("/other", 401, "invalid_client"),
    ],
)
def test_demands_that_a_balancers_token_cannot_meet(
    app: Flask, balancer: LocalLoadBalancer, path: str, status: int, code: str
) -> None:
    assert get(app, balancer.token(), path) == (status, code)
    assert get(app, balancer.token(**LIKE_A_POOLS), path) == (status, code)


# What a user info endpoint that an administrator extended might return.
LIKE_A_POOLS: dict[str, Any] = {
    "token_use": "access",
    "cognito:groups": ["admin"],
    "scope": "todo/read",
    "auth_time": int(time.time()),
    "acr": "urn:cognito:loa:4",
    "amr": ["mfa"],
}


def test_claims_that_only_a_pools_own_tokens_have_are_not_read(app: Flask, balancer: LocalLoadBalancer) -> None:
    answer = app.test_client().get("/", headers={HEADER: balancer.token("bob", **LIKE_A_POOLS)})

    assert answer.get_json() == {"username": "bob", "client": "abcdef123456", "groups": [], "scopes": []}


def test_it_counts_as_the_browsers_own(make_alb_app: MakeApp, balancer: LocalLoadBalancer) -> None:
    app, token = make_alb_app(), balancer.token()
    other_site = {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"}

    assert get(app, token, method="POST", **other_site) == (403, "cross_site_request")
    assert get(app, token, method="POST", Sec_Fetch_Site="same-origin")[0] == 200
    trusting = make_alb_app(COGNITO_TRUSTED_ORIGINS=["https://evil.example"])
    assert get(trusting, token, method="POST", **other_site)[0] == 200
    assert get(make_alb_app(COGNITO_CSRF_PROTECTION=False), token, method="POST", **other_site)[0] == 200


def test_custom_check_holds_for_it(make_alb_app: MakeApp, balancer: LocalLoadBalancer) -> None:
    def refuse_bob(claims: Mapping[str, object]) -> object:
        if claims["username"] == "bob":
            raise InvalidTokenError("bob")
        return None if claims["username"] == "alice" else False

    app = make_alb_app(COGNITO_CUSTOM_CHECK=refuse_bob)

    assert get(app, balancer.token("alice"))[0] == 200
    assert get(app, balancer.token("bob")) == (401, "invalid_token")
    assert get(app, balancer.token("carol")) == (401, "invalid_token")


def test_revoked_user_is_refused(make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool) -> None:
    revocations = RevocationList()
    app, token = make_alb_app(COGNITO_REVOCATIONS=revocations, COGNITO_ALB_SESSION_SECONDS=60), balancer.token()
    assert get(app, token)[0] == 200

    revocations.revoke_user(pool.issuer, str(pool.access_claims("alice")["sub"]))

    assert get(app, token) == (401, "token_revoked")


def test_start_says_how_long_a_revoked_user_is_locked_out(
    make_alb_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    make_alb_app(COGNITO_REVOCATIONS=RevocationList(), COGNITO_ALB_SESSION_SECONDS=timedelta(hours=1))
    assert "3600 s (COGNITO_ALB_SESSION_SECONDS)" in caplog.text
    caplog.clear()

    class Own:
        def is_revoked(self, claims: object) -> bool:
            return False

    make_alb_app(COGNITO_REVOCATIONS=Own())
    assert "604800 s (COGNITO_ALB_SESSION_SECONDS)" in caplog.text


# What is accepted


def test_client_of_a_route_replaces_that_of_the_app(app: Flask, balancer: LocalLoadBalancer) -> None:
    """Also after a token of the client is remembered: the rest of the app goes on refusing it."""
    other = balancer.token(header={"client": "other"})

    for _ in range(2):
        assert get(app, other, "/other")[0] == 200
        assert get(app, other) == (401, "invalid_client")
        assert get(app, other, "/client") == (401, "invalid_client")
        assert get(app, balancer.token(), "/other") == (401, "invalid_client")
    assert balancer.requests == 1


@pytest.mark.parametrize("path", ["/", "/client"])
def test_good_token_is_the_user(app: Flask, balancer: LocalLoadBalancer, path: str) -> None:
    expected = {"username": "bob", "client": "abcdef123456", "groups": [], "scopes": []}

    assert get(app, balancer.token("bob"), path) == (200, expected)
    assert get(app, f" {balancer.token('bob')} ", path) == (200, expected)


def test_locations_are_asked_in_order(make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool) -> None:
    bearer = f"Bearer {pool.access_token('alice')}"

    for locations, username in ((["alb", "header"], "bob"), (["header", "alb"], "alice")):
        app = make_alb_app(COGNITO_TOKEN_LOCATIONS=locations)
        assert get(app, balancer.token("bob"), Authorization=bearer)[1]["username"] == username


def test_each_pool_has_its_own_clients(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool, other_pool: LocalUserPool
) -> None:
    pools = [
        {"userpool_id": each.id, "app_client_id": each.client_id, "jwks": each.jwks} for each in (pool, other_pool)
    ]
    config = dict.fromkeys(("COGNITO_REGION", "COGNITO_USERPOOL_ID", "COGNITO_APP_CLIENT_ID", "COGNITO_JWKS"))
    app = make_alb_app(COGNITO_USERPOOLS=pools, **config)

    def token(issuer: LocalUserPool, client: LocalUserPool) -> str:
        return balancer.token(header={"iss": issuer.issuer, "client": client.client_id}, iss=issuer.issuer)

    assert get(app, token(pool, pool))[0] == get(app, token(other_pool, other_pool))[0] == 200
    assert get(app, token(pool, other_pool)) == (401, "invalid_client")
    assert get(app, token(other_pool, pool)) == (401, "invalid_client")
    mixed = balancer.token(iss=other_pool.issuer)
    assert get(app, mixed) == (401, "invalid_issuer")


def test_own_methods_see_it(make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool) -> None:
    class Own(CognitoAuth):
        def decode_token(self, token: str) -> Mapping[str, Any]:
            return {**super().decode_token(token), "token_use": "access", "username": "renamed"}

    app = make_alb_app(Own, COGNITO_TOKEN_LOCATIONS=["alb", "header"])

    assert get(app, balancer.token())[1]["username"] == "renamed"
    bearer = {"Authorization": f"Bearer {pool.access_token()}"}
    assert app.test_client().get("/", headers=bearer).get_json()["username"] == "renamed"


# How it is set up


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"COGNITO_ALB_ARN": None}, "COGNITO_ALB_ARN"),
        ({"COGNITO_ALB_ARN": "x"}, "COGNITO_ALB_ARN"),
        ({"COGNITO_ALB_ARN": ""}, "COGNITO_ALB_ARN"),
        ({"COGNITO_ALB_KEYS_URL": ""}, "COGNITO_ALB_KEYS_URL"),
        ({"COGNITO_ALB_KEYS_URL": "keys.example"}, "COGNITO_ALB_KEYS_URL"),
        ({"COGNITO_ALB_KEYS_URL": "http://keys.example"}, "COGNITO_ALB_KEYS_URL"),
        (
            {"COGNITO_ALB_ARN": OTHER_ARN.replace("aws:", "aws-cn:"), "COGNITO_ALB_KEYS_URL": None},
            "COGNITO_ALB_KEYS_URL",
        ),
        ({"COGNITO_ALB_SESSION_SECONDS": 0}, "COGNITO_ALB_SESSION_SECONDS"),
        ({"COGNITO_ALB_SESSION_SECONDS": True}, "COGNITO_ALB_SESSION_SECONDS"),
        ({"COGNITO_ALB_SESSION_SECONDS": timedelta(days=8)}, "COGNITO_ALB_SESSION_SECONDS"),
        ({"COGNITO_JWT_HEADER_NAME": "X-Amzn-Oidc-Identity"}, "COGNITO_JWT_HEADER_NAME"),
        ({"COGNITO_TOKEN_LOCATIONS": ["alb", "alb"]}, "COGNITO_TOKEN_LOCATIONS"),
    ],
)
def test_invalid_settings_are_named(make_alb_app: MakeApp, config: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        make_alb_app(**config)

    assert str(refusal.value).removeprefix("one of ").startswith(named)


def test_settings_that_have_no_effect_and_checks_that_are_off_are_logged(
    make_alb_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    make_alb_app(COGNITO_TOKEN_LOCATIONS=["header"])
    assert "COGNITO_ALB_ARN is set and has no effect" in caplog.text
    assert "COGNITO_ALB_SESSION_SECONDS" not in caplog.text

    make_alb_app(COGNITO_CSRF_PROTECTION=False)
    assert "requests from other sites to the load balancer are accepted" in caplog.text


def test_openapi_and_the_testing_kit_leave_it_out(make_alb_app: MakeApp, pool: LocalUserPool) -> None:
    app = make_alb_app(COGNITO_TOKEN_LOCATIONS=["alb", "header"])
    assert set(openapi_security_schemes(app)) == {"cognito"}
    client = app.test_client()
    with as_user(client, "alice", pool=pool):
        assert client.get("/").get_json()["username"] == "alice"


def test_testing_kit_signs_in_by_the_balancer(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool
) -> None:
    client = make_alb_app().test_client()
    with as_user(client, "bob", load_balancer=balancer, email="bob@example.org"):
        assert client.get("/").get_json()["username"] == "bob"
    assert client.get("/").status_code == 401

    with pytest.raises(ValueError, match="load_balancer= with the LocalLoadBalancer"):
        as_user(client, "alice", pool=pool)
    with pytest.raises(ValueError, match="no groups"):
        as_user(client, "alice", groups=["admin"], load_balancer=balancer)
    with pytest.raises(ValueError, match="COGNITO_TOKEN_LOCATIONS"):
        as_user(make_alb_app(COGNITO_TOKEN_LOCATIONS=["header"]).test_client(), load_balancer=balancer)


@pytest.mark.parametrize("locations", [["alb"], ["header", "alb"]])
def test_hostile_tokens_are_refused(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool, locations: list[str]
) -> None:
    revocations = RevocationList()
    client = make_alb_app(COGNITO_TOKEN_LOCATIONS=locations, COGNITO_REVOCATIONS=revocations).test_client()

    assert_rejects_hostile(client, "/", pool, load_balancer=balancer, revocations=revocations)


def test_hostile_tokens_find_out_what_accepts_them(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool
) -> None:
    client = make_alb_app(COGNITO_APP_CLIENT_ID=None).test_client()
    with pytest.raises(AssertionError) as failure:
        assert_rejects_hostile(client, "/", pool, load_balancer=balancer)
    assert "- alb-client-other (answered 200" in str(failure.value)
    assert "Set COGNITO_APP_CLIENT_ID = 'abcdef123456'." in str(failure.value)

    with pytest.raises(AssertionError, match="what its tokens never have"):
        assert_rejects_hostile(client, "/group", pool, load_balancer=balancer)
    with pytest.raises(ValueError, match="load_balancer="):
        assert_rejects_hostile(client, "/", pool)


# The command line


def test_check_names_the_balancers(app: Flask, balancer: LocalLoadBalancer) -> None:
    output = app.test_cli_runner().invoke(args=["cognito", "check"]).output

    assert f"token in          {HEADER}" in output
    assert balancer.arn in output
    assert f"keys              {balancer.keys_url} answers" in output
    assert balancer.requests == 1


def test_check_fails_where_the_keys_cannot_be_had(make_alb_app: MakeApp) -> None:
    result = (
        make_alb_app(COGNITO_ALB_KEYS_URL="http://127.0.0.1:1/keys").test_cli_runner().invoke(args=["cognito", "check"])
    )

    assert (result.exit_code, "keys              FAILED: " in result.output) == (1, True)
    assert "`keys_url`" in result.output


def test_routes_says_which_are_closed_to_balancers(app: Flask) -> None:
    output = app.test_cli_runner().invoke(args=["cognito", "routes"]).output

    assert "load balancers' tokens are accepted, 4 routes demand what they never have" in output


def test_explain_without_another_location(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool, other_pool: LocalUserPool
) -> None:
    def explain(app: Flask, token: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["cognito", "explain", token])
        return result.exit_code, result.output

    def refuse_bob(claims: Mapping[str, object]) -> object:
        return claims["username"] == "bob" or None

    status, output = explain(make_alb_app(), pool.access_token())
    assert (status, "This is not a load balancer's token." in output) == (1, True)
    assert explain(make_alb_app(COGNITO_TOKEN_LOCATIONS=["alb", "header"]), pool.access_token())[0] == 0
    checked = make_alb_app(COGNITO_CUSTOM_CHECK=refuse_bob)
    assert [explain(checked, balancer.token(name))[0] for name in ("alice", "bob")] == [0, 1]

    pools = [{"userpool_id": one.id, "app_client_id": one.client_id, "jwks": one.jwks} for one in (pool, other_pool)]
    config = dict.fromkeys(("COGNITO_REGION", "COGNITO_USERPOOL_ID", "COGNITO_APP_CLIENT_ID", "COGNITO_JWKS"))
    several = make_alb_app(COGNITO_USERPOOLS=pools, **config)
    other = {"iss": other_pool.issuer, "client": other_pool.client_id}
    assert explain(several, balancer.token(header=other, iss=other_pool.issuer))[0] == 0
    assert explain(several, balancer.token(iss=other_pool.issuer))[0] == 1
    unknown = balancer.token(header={"iss": "https://o.example"}, iss="https://o.example")
    assert explain(several, unknown)[1].splitlines()[-1] == "refused: invalid_issuer (HTTP 401)"
    assert several.test_cli_runner().invoke(args=["cognito", "check"]).output.count(" answers; keys are") == 1


def test_explain_says_what_the_app_answers(app: Flask, balancer: LocalLoadBalancer) -> None:
    def explain(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["cognito", "explain", *arguments])
        return result.exit_code, result.output

    status, output = explain(balancer.token())
    assert (status, output.splitlines()[-1]) == (0, "accepted; 6 routes demand more")
    assert "ok    signature   valid" in output.splitlines()
    status, output = explain(balancer.token(), "--route", "/group")
    assert (status, output.splitlines()[-1]) == (1, "refused: group_required (HTTP 403)")
    assert "x-amzn-oidc-accesstoken" in output
    assert explain(balancer.token(**LIKE_A_POOLS), "--route", "/group") == (status, output)
    status, output = explain(balancer.token(header={"client": "other"}), "--route", "/other")
    assert (status, output.splitlines()[-1]) == (0, "accepted")
    status, output = explain(balancer.token(), "--route", "/access")
    assert (status, output.splitlines()[-1]) == (1, "refused: invalid_token_use (HTTP 401)")
    status, output = explain(balancer.token(header={"signer": OTHER_ARN}))
    assert (status, output.splitlines()[-1]) == (1, "refused: invalid_signer (HTTP 401)")
    assert output.count("COGNITO_ALB_ARN") == 1
    balancer.rotate_key()
    balancer.behave(status=500)
    status, output = explain(balancer.token())
    assert (status, output.splitlines()[-1]) == (2, "refused: jwks_unavailable (HTTP 503)")


# Report only


def reported(app: Flask) -> dict[str, int]:
    with app.app_context():
        return dict(app.extensions["cognito_auth"].reported)


@pytest.mark.parametrize("path", ["/optional", "/"])
@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"signer": OTHER_ARN}, "invalid_signer"),
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"exp": 1}, "token_expired"),
        ({"alg": "RS256"}, "algorithm_not_allowed"),
        ({"kid": "x"}, "malformed_token"),
    ],
)
def test_bad_token_is_nobodys_with_report_only(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, path: str, header: dict[str, object], code: str
) -> None:
    app = make_alb_app(COGNITO_REPORT_ONLY=True)
    enforced = make_alb_app(COGNITO_REPORT_ONLY=("token_use", "client", "audience"))
    token = balancer.token(header=header)

    # The view at "/" reads claims, which an anonymous request does not have.
    assert get(app, token, path) == ((200, {"username": None}) if path == "/optional" else (401, code))
    assert get(enforced, token) == (401, code)
    assert reported(enforced) == {}


def test_revoked_token_is_nobodys_with_report_only(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, pool: LocalUserPool
) -> None:
    revocations = RevocationList()
    app = make_alb_app(COGNITO_REPORT_ONLY=True, COGNITO_REVOCATIONS=revocations)
    app.add_url_rule("/is", "is", cognito_auth_required(lambda: {"username": bool(current_cognito_jwt)}))
    token = balancer.token()
    assert get(app, token, "/is") == (200, {"username": True})

    revocations.revoke_user(pool.issuer, str(pool.access_claims("alice")["sub"]))

    assert get(app, token, "/is") == get(app, balancer.token(), "/is") == (200, {"username": False})
    assert reported(app) == {"token_revoked": 2}


@pytest.mark.parametrize("report_only", [True, "client"])
def test_other_client_is_reported_and_goes_on_as_the_user(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, report_only: object
) -> None:
    app, other = make_alb_app(COGNITO_REPORT_ONLY=report_only), balancer.token("bob", header={"client": "other"})

    for _ in range(2):
        assert get(app, other)[1]["username"] == "bob"
    assert get(app, balancer.token("bob"), "/other")[1]["username"] == "bob"
    assert reported(app) == {"invalid_client": 3}
    assert get(make_alb_app(COGNITO_REPORT_ONLY="token_use"), other) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/group", "group_required"),
        ("/scope", "scope_required"),
        ("/recent", "insufficient_authentication"),
        ("/access", "invalid_token_use"),
    ],
)
def test_demand_that_is_not_met_is_reported_and_goes_on_as_the_user(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer, path: str, code: str
) -> None:
    app = make_alb_app(COGNITO_REPORT_ONLY=True)

    assert get(app, balancer.token("bob"), path)[1]["username"] == "bob"
    assert reported(app) == {code: 1}


def test_another_sites_request_is_refused_with_report_only(make_alb_app: MakeApp, balancer: LocalLoadBalancer) -> None:
    app = make_alb_app(COGNITO_REPORT_ONLY=True)

    assert get(app, balancer.token(), method="POST", Sec_Fetch_Site="cross-site") == (403, "cross_site_request")


def test_keys_that_cannot_be_had_are_nobodys_with_report_only(
    make_alb_app: MakeApp, balancer: LocalLoadBalancer
) -> None:
    balancer.behave(status=500)
    app = make_alb_app(COGNITO_REPORT_ONLY=True)

    assert get(app, balancer.token(), "/optional") == (200, {"username": None})
    assert reported(app) == {"jwks_unavailable": 1}
