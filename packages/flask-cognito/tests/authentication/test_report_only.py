"""Report only: what would be refused is logged, counted and signalled, and the request goes on."""

import asyncio
import copy
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from cognito_jwt_core import Claims, ConfigurationError, InvalidTokenError, RevocationList, TokenExpiredError
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, jsonify
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
    cognito_auth_optional,
    cognito_auth_required,
    cognito_claim_permissions,
    cognito_group_permissions,
    cognito_scope_permissions,
    cognito_step_up,
    current_cognito_jwt,
    current_session,
    current_user,
    token_rejected,
    token_would_be_rejected,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]
MakeApp = Callable[..., Flask]
Caplog = pytest.LogCaptureFixture

SOME: Any = ("token_use", "client", "audience")


def who() -> Any:
    return jsonify(user=current_cognito_jwt.username if current_cognito_jwt else None)


def add_routes(app: Flask) -> Flask:
    for url, decorator in {
        "/who": cognito_auth_required,
        "/who-optional": cognito_auth_optional,
        "/who-admin": cognito_group_permissions(["admin"]),
        "/who-write": cognito_scope_permissions("todo/write"),
        "/who-editor": cognito_claim_permissions("custom:role", "editor"),
        "/who-recent": cognito_step_up(max_age=1),
        "/who-id": cognito_auth_required(token_use="id"),
        "/who-other-api": cognito_auth_required(audience="https://other.example"),
    }.items():
        app.add_url_rule(url, url.strip("/"), decorator(who), methods=["GET", "POST"])
    return app


@pytest.fixture
def reporting(make_app: MakeApp) -> Callable[..., Flask]:
    def make(report_only: Any = True, **config: Any) -> Flask:
        return add_routes(make_app(COGNITO_REPORT_ONLY=report_only, **config))

    return make


def get(app: Flask, url: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    answer = app.test_client().get(url, headers=headers or {})
    body = answer.get_json()
    return answer.status_code, body.get("code", body.get("user"))


def reported(app: Flask) -> dict[str, int]:
    auth: CognitoAuth = app.extensions["cognito_auth"]
    with app.app_context():
        return dict(auth.reported)


def lines(caplog: Caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "flask_cognito.refusals"]


@pytest.mark.parametrize("value", [(), [], "", "groups", ("client", "expired"), ["token_use", 1], 1, 0])
def test_values_that_mean_nothing_are_refused(make_app: MakeApp, value: Any) -> None:
    with pytest.raises(ConfigurationError):
        make_app(COGNITO_REPORT_ONLY=value)


@pytest.mark.parametrize("value", [None, False])
def test_it_can_be_off(reporting: Callable[..., Flask], value: Any) -> None:
    app = reporting(value)

    assert get(app, "/who") == (401, "authorization_required")
    assert reported(app) == {}


class TestEverything:
    @pytest.mark.parametrize(
        ("make", "code"),
        [
            (lambda pool: pool.expired_token("alice"), "token_expired"),
            (lambda pool: pool.not_yet_valid_token("alice"), "token_not_yet_valid"),
            (lambda pool: pool.access_token("alice", iss="https://other.example"), "invalid_issuer"),
            (lambda pool: pool.access_token("alice")[:-8] + "AAAAAAAA", "invalid_signature"),
            (lambda pool: "no token", "invalid_header"),
            (lambda pool: "nonsense", "malformed_token"),
        ],
    )
    @pytest.mark.parametrize("url", ["/who", "/who-optional", "/who-admin"])
    def test_token_that_is_not_valid_is_nobodys(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, make: Any, code: str, url: str
    ) -> None:
        app = reporting()

        assert get(app, url, bearer(make(pool))) == (200, None)
        assert reported(app) == {code: 1}

    def test_request_without_a_token_is_nobodys(self, reporting: Callable[..., Flask]) -> None:
        app = reporting()

        assert get(app, "/who") == (200, None)
        assert get(app, "/who-optional") == (200, None)
        assert reported(app) == {"authorization_required": 1}

    def test_custom_check_and_outage_make_it_nobodys(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        def check(claims: Claims) -> None:
            raise InvalidTokenError("x")

        headers = bearer(pool.access_token("alice"))

        assert get(reporting(COGNITO_CUSTOM_CHECK=check), "/who", headers) == (200, None)
        down = reporting(COGNITO_JWKS=None, COGNITO_JWKS_URI="http://127.0.0.1:9/", COGNITO_ALLOW_HTTP_JWKS=True)
        assert get(down, "/who", headers) == (200, None)
        assert reported(down) == {"jwks_unavailable": 1}

    @pytest.mark.parametrize(
        ("url", "make", "code"),
        [
            ("/who", lambda pool: pool.id_token("alice"), "invalid_token_use"),
            ("/who", lambda pool: pool.access_token("alice", client_id="other"), "invalid_client"),
            ("/who", lambda pool: pool.access_token("alice", aud="https://billing.example"), "invalid_audience"),
            ("/who-id", lambda pool: pool.access_token("alice"), "invalid_token_use"),
            ("/who-admin", lambda pool: pool.access_token("alice"), "group_required"),
            ("/who-write", lambda pool: pool.access_token("alice"), "scope_required"),
            ("/who-editor", lambda pool: pool.access_token("alice"), "claim_required"),
            ("/who-recent", lambda pool: pool.access_token("alice", auth_time=5), "insufficient_authentication"),
        ],
    )
    def test_token_that_fails_a_demand_is_its_users(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, url: str, make: Any, code: str
    ) -> None:
        app = reporting()

        assert get(app, url, bearer(make(pool))) == (200, "alice")
        assert reported(app) == {code: 1}

    def test_request_is_reported_once_by_its_first_refusal(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        app = reporting()
        headers = bearer(pool.access_token("alice", client_id="other", aud="https://billing.example"))

        assert get(app, "/who-admin", headers) == (200, "alice")
        assert reported(app) == {"invalid_client": 1}

    def test_token_that_fails_a_demand_and_more_is_nobodys(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        def check(claims: Claims) -> None:
            raise InvalidTokenError("x")

        app = reporting(COGNITO_CUSTOM_CHECK=check)

        assert get(app, "/who", bearer(pool.access_token("alice", client_id="other"))) == (200, None)
        assert reported(app) == {"invalid_token": 1}

    def test_unknown_user_and_a_handler_that_refuses_make_it_nobodys(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        headers = bearer(pool.access_token("alice"))
        unknown = reporting(COGNITO_IDENTITY_REQUIRED=True)
        reads_email = reporting()
        reads_email.extensions["cognito_auth"].identity_handler(lambda payload: payload["email"])

        assert get(unknown, "/who", headers) == (200, None)
        assert get(reads_email, "/who", headers) == (200, None)
        assert (reported(unknown), reported(reads_email)) == ({"unknown_user": 1}, {"claim_required": 1})

    def test_handlers_and_views_that_are_coroutines(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        app = reporting(COGNITO_IDENTITY_REQUIRED=True)

        @app.extensions["cognito_auth"].identity_handler  # type: ignore[untyped-decorator]
        async def handler(payload: Claims) -> None:
            await asyncio.sleep(0)

        @app.get("/later")
        @cognito_group_permissions("admin")
        async def later() -> Any:
            return who()

        assert get(app, "/later", bearer(pool.access_token("alice"))) == (200, None)
        assert get(app, "/later", bearer(pool.expired_token("alice"))) == (200, None)
        assert reported(app) == {"unknown_user": 1, "token_expired": 1}

    def test_user_is_forgotten_where_a_later_demand_is_refused(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        app = reporting()
        found: list[Claims] = []

        @app.extensions["cognito_auth"].identity_handler  # type: ignore[untyped-decorator]
        def once(payload: Claims) -> str:
            if found:
                raise CognitoAuthError("Locked", "The user is locked.", 403, error_code="locked")
            found.append(payload)
            return "alice"

        @app.get("/twice")
        @cognito_auth_required
        def twice() -> Any:
            before = str(current_user)
            inner = cognito_auth_required(client_id=pool.client_id)(lambda: bool(current_user))
            return {"user": [before, inner()]}

        assert get(app, "/twice", bearer(pool.access_token("alice"))) == (200, ["alice", False])
        assert reported(app) == {"locked": 1}

    def test_cookie_that_is_bad_counts_as_none_and_is_reported_where_a_user_is_needed(
        self, reporting: Callable[..., Flask], pool: LocalUserPool
    ) -> None:
        app = reporting(COGNITO_TOKEN_LOCATIONS=["cookie"])

        @app.get("/both")
        @cognito_auth_optional
        def both() -> Any:
            before = reported(app)
            verify_cognito_jwt()
            return {"user": None, "before": before}

        client = app.test_client()
        client.set_cookie("session_token", pool.expired_token("alice"))
        assert client.get("/who-optional").get_json() == {"user": None}
        assert reported(app) == {}
        assert client.get("/both").get_json() == {"user": None, "before": {}}
        assert reported(app) == {"token_expired": 1}

    def test_forged_requests_are_refused(self, reporting: Callable[..., Flask], pool: LocalUserPool) -> None:
        for report_only in (True, SOME):
            app = reporting(report_only, COGNITO_TOKEN_LOCATIONS=["cookie"])
            client = app.test_client()
            client.set_cookie("session_token", pool.access_token("alice"))

            answer = client.post("/who", headers={"Sec-Fetch-Site": "cross-site"})

            assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_site_request")
            assert reported(app) == {}

    def test_rejected_signal_is_not_sent_and_the_other_one_is(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        app = reporting()
        would, did = [], []

        def would_be(sender: Any, error: Any) -> None:
            would.append((sender, error))

        def was(sender: Any, error: Any) -> None:
            did.append(error)

        with token_would_be_rejected.connected_to(would_be), token_rejected.connected_to(was):
            get(app, "/who", bearer(pool.expired_token()))
            get(app, "/who")

        (sender, expired), (_, absent) = would
        assert sender is app
        assert isinstance(expired, TokenExpiredError)
        assert absent.error_code == "authorization_required"
        assert did == []

    def test_log_has_the_code_and_the_route_and_one_line_a_second(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, caplog: Caplog
    ) -> None:
        app = reporting()
        token = pool.expired_token()
        caplog.clear()

        began = time.monotonic()
        for _ in range(30):
            get(app, "/who", bearer(token))
        get(app, "/who")
        seconds = time.monotonic() - began

        expired = [line for line in lines(caplog) if "(token_expired)" in line]
        assert 1 <= len(expired) <= 1 + seconds
        assert "GET '/who', endpoint who" in expired[0]
        assert [line for line in lines(caplog) if "(authorization_required)" in line]
        assert all(record.levelno == logging.WARNING for record in caplog.records)
        assert token not in caplog.text
        assert reported(app) == {"token_expired": 30, "authorization_required": 1}

    def test_left_out_lines_are_counted(self, reporting: Callable[..., Flask], caplog: Caplog) -> None:
        app = reporting()
        get(app, "/who")
        get(app, "/who")
        time.sleep(1.1)
        get(app, "/who")

        assert "1 more with this code were not logged" in lines(caplog)[-1]

    def test_codes_of_the_apps_own_are_bounded(self, make_app: MakeApp) -> None:
        class Own(CognitoAuth):
            number = 0

            def get_token(self) -> str | None:
                self.number += 1
                raise CognitoAuthError("No", "No.", 401, error_code=f"code_{self.number}")

        app = add_routes(make_app(Own, COGNITO_REPORT_ONLY=True))
        for _ in range(70):
            assert get(app, "/who") == (200, None)

        assert len(reported(app)) == 65
        assert reported(app)["other"] == 6


READS: dict[str, Callable[[], Any]] = {
    "item": lambda: current_cognito_jwt["sub"],
    "get": lambda: current_cognito_jwt.get("sub"),
    "property": lambda: current_cognito_jwt.sub,
    "groups": lambda: current_cognito_jwt.groups,
    "dict": lambda: dict(current_cognito_jwt),
    "json": lambda: json.dumps(current_cognito_jwt),
    "iteration": lambda: list(current_cognito_jwt),
    "copy": lambda: copy.deepcopy(current_cognito_jwt),
    "user's attribute": lambda: current_user.id,
    "user's item": lambda: current_user["id"],
    "by hand": lambda: verify_cognito_jwt()["sub"],
}


class TestViewsThatReadClaimsOfNobody:
    @pytest.mark.parametrize("read", READS.values(), ids=READS)
    def test_they_answer_as_without_report_only(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, read: Callable[[], Any]
    ) -> None:
        app = reporting()
        app.add_url_rule("/reads", "reads", cognito_auth_required(lambda: jsonify(read())))

        answer = app.test_client().get("/reads", headers=bearer(pool.expired_token()))

        assert (answer.status_code, answer.get_json()["code"]) == (401, "token_expired")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert get(app, "/reads") == (401, "authorization_required")

    def test_nobody_is_falsy_and_has_no_claims(self, reporting: Callable[..., Flask]) -> None:
        app = reporting()

        @app.get("/looks")
        @cognito_auth_required
        def looks() -> Any:
            claims = verify_cognito_jwt()
            assert not claims
            assert "sub" not in claims
            assert (repr(claims), verify_cognito_jwt(optional=True)) == ("None", None)
            assert not hasattr(claims, "email")
            assert not current_user
            assert not current_session
            return {"user": "none"}

        assert get(app, "/looks") == (200, "none")


class TestSomeDemands:
    @pytest.mark.parametrize(
        ("demand", "url", "make", "code"),
        [
            ("token_use", "/who", lambda pool: pool.id_token("alice"), "invalid_token_use"),
            ("token_use", "/who-id", lambda pool: pool.access_token("alice"), "invalid_token_use"),
            ("client", "/who", lambda pool: pool.access_token("alice", client_id="other"), "invalid_client"),
            ("audience", "/who", lambda pool: pool.access_token("alice", aud="https://b.example"), "invalid_audience"),
            (
                "audience",
                "/who-other-api",
                lambda pool: pool.access_token("alice", aud="https://b.example"),
                "invalid_audience",
            ),
        ],
    )
    def test_only_those_named_are_reported(
        self,
        reporting: Callable[..., Flask],
        pool: LocalUserPool,
        bearer: Bearer,
        demand: str,
        url: str,
        make: Any,
        code: str,
    ) -> None:
        headers = bearer(make(pool))
        app = reporting((demand,))
        others = reporting([name for name in SOME if name != demand])

        assert get(app, url, headers) == (200, "alice")
        assert reported(app) == {code: 1}
        assert get(others, url, headers) == (401, code)
        assert reported(others) == {}

    @pytest.mark.parametrize(
        ("url", "make", "expected"),
        [
            ("/who", lambda pool: pool.expired_token("alice"), (401, "token_expired")),
            ("/who", lambda pool: pool.access_token("alice", iss="https://o.example"), (401, "invalid_issuer")),
            ("/who-admin", lambda pool: pool.access_token("alice"), (403, "group_required")),
            ("/who-admin", lambda pool: pool.access_token("alice", client_id="other"), (403, "group_required")),
            ("/who-recent", lambda pool: pool.access_token(auth_time=5), (401, "insufficient_authentication")),
        ],
    )
    def test_everything_else_is_enforced(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer, url: str, make: Any, expected: Any
    ) -> None:
        app = reporting(SOME)

        assert get(app, url, bearer(make(pool))) == expected
        assert get(app, url) == (401, "authorization_required")

    def test_custom_check_is_asked_about_a_token_that_fails_a_reported_demand(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        def check(claims: Claims) -> None:
            raise InvalidTokenError("x")

        app = reporting("client", COGNITO_CUSTOM_CHECK=check)

        assert get(app, "/who", bearer(pool.access_token("alice", client_id="other"))) == (401, "invalid_token")
        assert reported(app) == {}

    def test_several_pools(self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer) -> None:
        other = LocalUserPool("us-east-1_otherpool", client_id="fedcba654321")
        pools = [{"userpool_id": one.id, "app_client_id": one.client_id, "jwks": one.jwks} for one in (pool, other)]
        app = reporting("client", COGNITO_USERPOOLS=pools, COGNITO_JWKS=None)

        for one in (pool, other):
            assert get(app, "/who", bearer(one.access_token("alice", client_id="x"))) == (200, "alice")
        assert reported(app) == {"invalid_client": 2}

    def test_own_decode_token_that_calls_ours(self, make_app: MakeApp, pool: LocalUserPool, bearer: Bearer) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                return dict(super().decode_token(token))

        app = add_routes(make_app(Own, COGNITO_REPORT_ONLY="client"))

        assert get(app, "/who", bearer(pool.access_token("alice", client_id="other"))) == (200, "alice")
        assert get(app, "/who", bearer(pool.id_token("alice"))) == (401, "invalid_token_use")
        assert reported(app) == {"invalid_client": 1}

    @pytest.mark.parametrize(
        ("report_only", "expected"), [("token_use", (200, "alice")), ("client", (401, "invalid_token_use"))]
    )
    def test_demand_of_a_route_on_claims_of_an_own_decode_token(
        self, make_app: MakeApp, report_only: str, expected: Any, bearer: Bearer
    ) -> None:
        class Own(CognitoAuth):
            def decode_token(self, token: str) -> Any:
                return {"sub": "1", "username": "alice", "token_use": "access"}

        app = add_routes(make_app(Own, COGNITO_REPORT_ONLY=report_only))

        assert get(app, "/who-id", bearer("anything")) == expected


class TestRevokedTokens:
    def test_they_are_nobodys(self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer) -> None:
        revocations = RevocationList()
        app, claims = reporting(COGNITO_REVOCATIONS=revocations), pool.access_claims("alice")
        headers = bearer(pool.sign(pool.header, claims))
        assert get(app, "/who", headers) == (200, "alice")

        revocations.revoke_token(claims)

        assert get(app, "/who", headers) == (200, None)
        assert get(app, "/who-admin", headers) == (200, None)
        assert reported(app) == {"token_revoked": 2}

    def test_one_that_fails_a_reported_demand_as_well_is_refused(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        revocations = RevocationList()
        app = reporting(SOME, COGNITO_REVOCATIONS=revocations)
        claims = {**pool.access_claims("alice"), "client_id": "other"}
        headers = bearer(pool.sign(pool.header, claims))
        assert get(app, "/who", headers) == (200, "alice")

        revocations.revoke_token(claims)

        assert get(app, "/who", headers) == (401, "token_revoked")
        assert reported(app) == {"invalid_client": 1}

    def test_a_list_that_is_down_makes_nobody(
        self, reporting: Callable[..., Flask], pool: LocalUserPool, bearer: Bearer
    ) -> None:
        class Down(RevocationList):
            def ready(self) -> None:
                raise ConnectionError

        for report_only, expected in ((True, (200, None)), (SOME, (503, "revocations_unavailable"))):
            app = reporting(report_only, COGNITO_REVOCATIONS=Down())
            assert get(app, "/who", bearer(pool.access_token("alice"))) == expected


class TestSayingSo:
    @pytest.mark.parametrize("value", [True, SOME, "client"])
    def test_start_check_and_routes_say_it(self, reporting: Callable[..., Flask], caplog: Caplog, value: Any) -> None:
        app = reporting(value)
        runner = app.test_cli_runner()

        assert any("COGNITO_REPORT_ONLY" in record.getMessage() for record in caplog.records)
        check = runner.invoke(args=["cognito", "check"])
        assert check.exit_code == 1
        assert check.output.count("COGNITO_REPORT_ONLY") == 1
        assert "FAILED: COGNITO_REPORT_ONLY" in check.output

    @pytest.mark.parametrize(("value", "code"), [(True, 1), ("client", 1), (False, 0)])
    def test_routes_fail_on_it(self, settings: dict[str, Any], value: Any, code: int) -> None:
        app = Flask("app", static_folder=None)
        app.config.update(settings, COGNITO_REPORT_ONLY=value)
        CognitoAuth(app)
        app.add_url_rule("/who", "who", cognito_auth_required(who))
        runner = app.test_cli_runner()

        assert runner.invoke(args=["cognito", "routes", "--fail-on-open"]).exit_code == code
        assert runner.invoke(args=["cognito", "routes"]).exit_code == 0

    def test_explain_says_why_a_refused_token_may_get_through(
        self, reporting: Callable[..., Flask], pool: LocalUserPool
    ) -> None:
        runner = reporting().test_cli_runner()

        refused = runner.invoke(args=["cognito", "explain", pool.expired_token()])
        accepted = runner.invoke(args=["cognito", "explain", pool.access_token()])

        assert "COGNITO_REPORT_ONLY" in refused.output
        assert "COGNITO_REPORT_ONLY" not in accepted.output
