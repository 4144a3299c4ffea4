"""Each key of the configuration refuses, at start-up, values that cannot exist. The error names the key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from cognito_jwt_core import Claims, ConfigurationError, KeySettings, RevocationList
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask_cognito import CognitoAuth, CognitoSignIn, MemorySessionStore
from flask_cognito.config.spelling import KEYS, SIGN_IN_KEYS


class Source:
    """A key source, which is of use only as an object."""

    def fetch(self, timeout_seconds: float) -> None: ...


class Check:
    """A custom check, which is of use only as an object."""

    def __init__(self, claims: Claims) -> None: ...


ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
SIGN_IN_DOMAIN = "https://todo.auth.eu-central-1.amazoncognito.com"

IMPOSSIBLE: dict[str, list[object]] = {
    "COGNITO_REGION": [
        1,
        "eu-central-1\n",
        "eu-central-1a",
        "EU-CENTRAL-1",
        "Frankfurt",
        "cn-north-1",
        "us-gov-west-1",
    ],
    "COGNITO_USERPOOL_ID": [
        *(["x"], "eu-central-1_c3fea2 ", "my pool", "eu-central-1_a/b", "eu-central-1_" + "a" * 50),
        "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_c3fea2",
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2",
    ],
    "COGNITO_USERPOOLS": [
        *([], {"userpool_id": "eu-central-1_c3fea2"}, "eu-central-1_c3fea2", ["eu-central-1_c3fea2"], [{}]),
        [{"userpool_id": "eu-central-1_c3fea2", "leeway": 86_401}],
        [{"userpool_id": "eu-central-1_c3fea2", "app_client_id": "a,b"}],
        [{"userpool_id": "eu-central-1_c3fea2", "issuer": SIGN_IN_DOMAIN}],
        [{"userpool_id": "eu-central-1_c3fea2"}] * 2,
    ],
    "COGNITO_REPLICA_REGIONS": [(), ["Frankfurt"], "eu-west-1,eu-west-2", ["eu-west-1", ""], "cn-north-1", 1],
    "COGNITO_ISSUER": [
        *("", 7, "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2", "https://", "https://:80/pool"),
        *("https://localhost:99999/pool", "https://localhost:port/pool", "https://alice:secret@localhost/pool"),
        *(
            "https://localhost:9229/pool\n",
            "https://localhost:9229/po ol",
            "https://localhost/\x00",
            "https://h\u00f6st/",
        ),
        *("https://localhost:9229/pool?x=1", "https://localhost:9229/pool#x", "ftp://localhost/pool"),
        *("https://localhost:9229/pool/.well-known/jwks.json", SIGN_IN_DOMAIN, f"{SIGN_IN_DOMAIN}/eu-central-1_c3fea2"),
        *("https://cognito-idp.eu-central-1.amazonaws.com", "https://cognito-identity.amazonaws.com"),
        *(f"{ISSUER}/", f"{ISSUER}/.well-known/openid-configuration", ISSUER.replace("https", "http")),
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_another",
    ],
    "COGNITO_APP_CLIENT_ID": [
        *("", [], [None], {"a": 1}, b"a", "abcdef123456,other", " abcdef123456", "abcdef123456\n", '["abcdef123456"]'),
        *("abc def", "a" * 129, ["abcdef123456", "b;c"], "\u00e4bc", "arn:aws:cognito-idp:x"),
        *("None", "null", "${CLIENT_ID}", "'abcdef123456'", "eu-central-1_c3fea2", "abcdef123456;other"),
    ],
    "COGNITO_TOKEN_USE": ["", "acess", "Access", ["access"], "both", True],
    "COGNITO_AUDIENCE": [
        *("", [], 7, "two words", "https://api.example\n", "a\x00", "\u00e4", '["https://api.example"]'),
        *("${API}", "'https://api.example'", ["None"]),
    ],
    "COGNITO_CHECK_TOKEN_EXPIRATION": ["false", "True", 0, 1],
    "COGNITO_CUSTOM_CHECK": ["app.checks.tenant", Check, True],
    "COGNITO_REVOCATIONS": ["redis://localhost/0", RevocationList, True, {"is_revoked": True}],
    "COGNITO_LEEWAY": ["5", True, -1, 86_401, 10**9, 10**400, float("inf"), float("nan"), timedelta(seconds=5)],
    "COGNITO_JWKS_URI": [
        *("", {"keys": []}, "ftp://keys.example/jwks.json", "file:///keys.json", "https:// keys.example/jwks.json"),
        *(
            "https://keys.example:99999/",
            "https://a:b@keys.example/",
            "https://keys.example/#x",
            " ",
            "a\0b",
            "not/there",
        ),
        *("http://keys.example/jwks.json", f"{SIGN_IN_DOMAIN}/jwks.json"),
        *(ISSUER, f"{ISSUER}/.well-known/openid-configuration", "https://id.example/.well-known/openid-configuration"),
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_another/.well-known/jwks.json",
    ],
    "COGNITO_JWKS": ["keys.json", {}, {"keys": "none"}, {"keys": []}, Source, 7],
    "COGNITO_BUNDLED_JWKS": [{}, {"keys": []}, 1, "", "a\0b", "not/there.json", "https://keys.example/jwks.json"],
    "COGNITO_ALLOW_HTTP_JWKS": [1, "true"],
    "COGNITO_KEY_SETTINGS": [{"timeout_seconds": 1}, KeySettings, 3],
    "COGNITO_REQUESTS_SESSION": [requests.Session, requests, {"verify": "corporate.pem"}, "session", object()],
    "COGNITO_TOKEN_CACHE_SIZE": [-1, 1.5, False, "10", 10_000_001, 10**12],
    "COGNITO_JWT_HEADER_NAME": [
        *("", 1, "X My", "Authorization:", "X-T\u00f6ken", "X-Token\n", "x" * 101),
        *("HTTP_AUTHORIZATION", "Host", "Set-Cookie"),
    ],
    "COGNITO_JWT_HEADER_PREFIX": ["Bearer ", 1, "Tr\u00e4ger", [], ["Bearer", "two words"], "B\x00", "x" * 101],
    "COGNITO_TOKEN_LOCATIONS": ["query", ["cookie", "cookie"], [], ["header", 1], "header,cookie"],
    "COGNITO_JWT_COOKIE_NAME": ["", "a;b", "a b", "a=b", 1, "x" * 101],
    "COGNITO_CSRF_PROTECTION": ["off", 0],
    "COGNITO_TRUSTED_ORIGINS": [
        *("https://spa.example/", "spa.example", ["https://spa.example", "null"], "*", "https://*.example", []),
        *("https://spa.example:99999", "https://spa.example:0", "https://..", "https://-", "https://a..", "ws://a"),
        *("https://spa.example\n", "https://a:b@spa.example", "https://", "file://"),
    ],
    "COGNITO_IDENTITY_REQUIRED": ["yes", 1],
    "COGNITO_REALM": ["", 1, "a\r\nSet-Cookie: x=y", "R\u00e4ume", "x" * 201],
    "COGNITO_REPORT_ONLY": ["", (), [], "groups", ("client", "expired"), 1],
    "COGNITO_RESOURCE": [
        *("", 7, "api", "urn:api", "http://api.example/mcp", "https://api.example/#x", "https://api.example/a b"),
        *(["https://api.example"], "https://api.example:99999/", "https://a:b@api.example/"),
        *(
            "https://api.example/a/../b",
            "https://api.example/a//b",
            "https://api.example/?a=b",
            "https://api.example/%41",
        ),
        *("https://api.example/<path:any>", "https://api.example/."),
    ],
    "COGNITO_RESOURCE_SCOPES": ["", 7, [], "mcp/read mcp/write", ["mcp/read", ""], ["a\r\nb"], ['a"b'], {"a": "b"}],
    "COGNITO_REQUIRE_AUDIENCE": ["yes", 1, True],
    "COGNITO_ALB_ARN": ["", 7, [], {"arn": "x"}, ["x", ""]],
    "COGNITO_ALB_KEYS_URL": ["", 7, "keys.example", "ftp://keys.example", "https://a:b@keys.example/"],
    "COGNITO_ALB_SESSION_SECONDS": ["60", 0, -1, True, 604_801, float("nan"), float("inf"), timedelta(days=8)],
    "COGNITO_DOMAIN": [
        *("", 7, "http://auth.example.com", "https://auth.example.com/login", "auth.example.com ", "Auth"),
        *("auth.example.com:99999", "https://a:b@auth.example.com", "cognito-idp.eu-central-1.amazonaws.com"),
        *("https://issuer-cognito-idp.eu-central-1.amazonaws.com", "my-aws-login", "a" * 64),
        *("todo.auth.eu-central-1", "https://todo.auth-fips.us-gov-west-1/"),
    ],
    "COGNITO_CLIENT_SECRET": [
        *("", 7, "secret\n", " secret", "two words", "s\u00e9cret", "a\x00", str),
        *("${SECRET}", "'secret'", "None", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:todo"),
    ],
    "COGNITO_LOGOUT_URI": [
        *("", "/", 7, "http://app.example/", "https://app.example/#x", "https://app.example:99999/"),
        *("https://app.example/a b", "https://a:b@app.example/", "https://app.example/" + "a" * 1024, "app.example"),
        *("https://*.app.example/", f"{SIGN_IN_DOMAIN}/logout"),
    ],
    "COGNITO_REDIRECT_URI": [
        *("", "https://app.example/#x", "https://app.example/\n", "https://app.example/a b", "myapp://callback"),
        *("https://app.example:port/", "https://app.example/" + "a" * 1024, "http://app.example/auth/callback"),
        *("https://*.app.example/auth/callback", f"{SIGN_IN_DOMAIN}/oauth2/idpresponse"),
    ],
    "COGNITO_SIGN_IN_CLIENT_ID": ["", 7, "another", "a b", "abcdef123456\n", "abcdef123456,another"],
    "COGNITO_SIGN_IN_SCOPES": [
        *((), ("email",), "openid email", ["openid", "e mail"], ["openid", 'a"b'], ["openid", 1]),
        *(["openid", "offline_access"], "openid,email", ["OpenID"]),
    ],
    "COGNITO_SIGN_IN_URL_PREFIX": ["auth", "/", 7, "/..", "/a/../b", "/./auth", "/auth/", "//auth", "/a?b", "/a b"],
    "COGNITO_SIGN_IN_LIFETIME": [0, -1, True, "900", 86_401, timedelta(days=2), float("nan"), float("inf")],
    "COGNITO_SESSION_STORE": ["", "http://localhost", "localhost:6379", object(), MemorySessionStore, {}],
    "COGNITO_SESSION_LIFETIME": [0, -1, True, "3600", timedelta(days=401), float("nan"), 10**400],
    "COGNITO_SESSION_IDLE_TIMEOUT": [0, -1, True, "600", timedelta(days=401), 600],
    "COGNITO_SESSION_COOKIE_NAME": ["", "__Host-", "__Host-Http-", "a b", "a;b", "x" * 65, 7],
    "COGNITO_SESSION_COOKIE_SECURE": ["no", 0],
    "COGNITO_SESSION_COOKIE_SAMESITE": ["None", "lax", "", True],
    "COGNITO_UNAUTHENTICATED": ["403", 401, "Redirect", ""],
}

# The far ends of what is accepted, where an end was drawn.
POSSIBLE: dict[str, list[object]] = {
    "COGNITO_REPLICA_REGIONS": [["eu-west-1", "us-east-1"]],
    "COGNITO_JWKS_URI": [
        f"{ISSUER}/.well-known/jwks.json",
        "https://cognito-idp-fips.eu-central-1.amazonaws.com/eu-central-1_testpool/.well-known/jwks.json",
    ],
    "COGNITO_ISSUER": [
        ISSUER,
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-central-1_testpool",
        "http://localhost:9229/local_pool",
        "http://0.0.0.0:9229/pool",
        "https://[::1]:65535/a/b/",
    ],
    "COGNITO_APP_CLIENT_ID": ["a" * 128, "abc+def_1", ["a.b-c", "d"]],
    "COGNITO_AUDIENCE": ["https://api.example/a,b?c=d", ["urn:api", "todo"]],
    "COGNITO_LEEWAY": [0, 0.5, 86_400],
    "COGNITO_TOKEN_CACHE_SIZE": [0, 10_000_000],
    "COGNITO_JWT_HEADER_NAME": ["X-MyApp-Authorization", "x" * 100],
    "COGNITO_JWT_HEADER_PREFIX": [None, "", "Bearer:", ["Bearer", None], "x" * 100],
    "COGNITO_TRUSTED_ORIGINS": [
        "https://spa.example:65535",
        ["http://localhost:3000", "https://[::1]", "https://a--b.c"],
    ],
    "COGNITO_REALM": ["x" * 200, 'say "x"'],
    "COGNITO_REPORT_ONLY": [True, False, "client", ["token_use", "audience"]],
    "COGNITO_RESOURCE": ["https://api.example.com/mcp", "http://localhost:5000/api", "https://a.example/~b/.c/"],
    "COGNITO_RESOURCE_SCOPES": ["https://api.example.com/mcp/read", ["mcp/read", "mcp/write"]],
    "COGNITO_REQUIRE_AUDIENCE": [False],
    "COGNITO_ALB_KEYS_URL": ["https://keys.example/elb", "http://127.0.0.1:8080/keys/"],
    "COGNITO_ALB_SESSION_SECONDS": [60, 0.5, timedelta(days=7)],
    "COGNITO_DOMAIN": ["auth.example.com", "auth.example.com:8443", "a" * 63, "https://cognito-idp.example.com"],
    "COGNITO_CLIENT_SECRET": ["a" * 64, "a+b_c", lambda: "secret"],
    "COGNITO_LOGOUT_URI": ["http://localhost:5000/", "https://app.example/?signed=out"],
    "COGNITO_REDIRECT_URI": ["http://127.0.0.1/auth/callback"],
    "COGNITO_SIGN_IN_SCOPES": [["openid", "https://api.example/todo/read", "aws.cognito.signin.user.admin"]],
    "COGNITO_SIGN_IN_URL_PREFIX": ["/auth/v1.0", "/.auth", "/..auth"],
    "COGNITO_SIGN_IN_LIFETIME": [1, 86_400, timedelta(days=1)],
    "COGNITO_SESSION_LIFETIME": [0.5, timedelta(days=400)],
    "COGNITO_SESSION_COOKIE_NAME": ["__Host-" + "x" * 57],
}

Starts = Callable[[str, object], Flask]


@pytest.fixture
def start(pool: LocalUserPool) -> Starts:
    """Start an app with every key in order but one."""

    def started(key: str, value: object) -> Flask:
        app = Flask("app")
        app.secret_key = "k" * 32
        app.config.update(
            {
                "COGNITO_REGION": pool.region,
                "COGNITO_USERPOOL_ID": pool.id,
                "COGNITO_APP_CLIENT_ID": pool.client_id,
                "COGNITO_TOKEN_USE": "access",
                "COGNITO_JWKS": None if key == "COGNITO_JWKS_URI" else pool.jwks,
                "COGNITO_DOMAIN": "https://auth.example.com",
                key: value,
            }
        )
        CognitoAuth(app)
        if key in SIGN_IN_KEYS:
            CognitoSignIn(app)
        return app

    return started


def cases(table: dict[str, list[object]]) -> list[Any]:
    return [
        pytest.param(key, value, id=f"{key}-{number}")
        for key, values in table.items()
        for number, value in enumerate(values)
    ]


def test_no_key_is_missing_from_the_table() -> None:
    assert set(IMPOSSIBLE) == KEYS | SIGN_IN_KEYS
    assert all(IMPOSSIBLE.values())
    assert set(POSSIBLE) < set(IMPOSSIBLE)


@pytest.mark.parametrize(("key", "value"), cases(IMPOSSIBLE))
def test_a_value_that_cannot_exist_is_refused_at_start_up_by_the_name_of_its_key(
    start: Starts, key: str, value: object
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        start(key, value)

    assert key in str(refused.value)
    assert len(str(refused.value)) < 700
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(("key", "value"), cases(POSSIBLE))
def test_the_far_ends_of_what_can_exist_start(start: Starts, key: str, value: object) -> None:
    assert start(key, value).extensions["cognito_auth"]


def test_the_error_shows_no_secret(start: Starts) -> None:
    for key, value in (
        ("COGNITO_CLIENT_SECRET", "hunter2 \n"),
        ("COGNITO_CLIENT_SECRET", '"hunter2"'),
        ("COGNITO_ISSUER", "https://alice:hunter2@localhost/pool"),
        ("COGNITO_LOGOUT_URI", "https://alice:hunter2@app.example/"),
        ("COGNITO_DOMAIN", "https://alice:hunter2@auth.example.com"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            start(key, value)
        assert "hunter2" not in str(refused.value)
