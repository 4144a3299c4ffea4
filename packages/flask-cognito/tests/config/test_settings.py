import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cognito_jwt_core import Claims, ConfigurationError, InvalidTokenError, KeySettings, RevocationList
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask
from flask_cognito import CognitoAuth
from flask_cognito.config.settings import read_settings
from flask_cognito.config.spelling import KEYS
from flask_cognito.config.verifiers import build_verifier

MakeApp = Callable[..., Flask]
Caplog = pytest.LogCaptureFixture


def warnings(caplog: Caplog) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("flask_cognito.") and record.levelno == logging.WARNING
    ]


@pytest.mark.parametrize("key", ["COGNITO_REGION", "COGNITO_USERPOOL_ID"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_key_that_is_missing_or_empty_names_itself(
    messages: Messages, make_app: MakeApp, key: str, value: str | None
) -> None:
    with messages.raises(ConfigurationError):
        make_app(**{key: value})


def test_a_required_key_that_is_not_there_names_itself(messages: Messages, pool: LocalUserPool) -> None:
    with messages.raises(ConfigurationError):
        CognitoAuth(Flask("app"))


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("COGNITO_REGION", 1, "int 1"),
        ("COGNITO_USERPOOL_ID", ["x"], "list"),
        ("COGNITO_APP_CLIENT_ID", "", "str ''"),
        ("COGNITO_APP_CLIENT_ID", [], "an empty list"),
        ("COGNITO_APP_CLIENT_ID", ["a", ""], "str ''"),
        ("COGNITO_APP_CLIENT_ID", [None], "NoneType"),
        ("COGNITO_APP_CLIENT_ID", {"a": 1}, "dict"),
        ("COGNITO_APP_CLIENT_ID", b"a", "bytes"),
        ("COGNITO_CHECK_TOKEN_EXPIRATION", "false", "str 'false'"),
        ("COGNITO_CHECK_TOKEN_EXPIRATION", 0, "int 0"),
        ("COGNITO_TOKEN_USE", "acess", "str 'acess'"),
        ("COGNITO_TOKEN_USE", ["access"], "list"),
        ("COGNITO_AUDIENCE", 7, "int 7"),
        ("COGNITO_LEEWAY", "5", "str '5'"),
        ("COGNITO_LEEWAY", True, "bool True"),
        ("COGNITO_LEEWAY", -1, "int -1"),
        ("COGNITO_LEEWAY", float("inf"), "float inf"),
        pytest.param("COGNITO_LEEWAY", 10**400, "int 1" + "0" * 97 + "..." + "0" * 99, id="COGNITO_LEEWAY-no float"),
        ("COGNITO_ISSUER", "", "str ''"),
        ("COGNITO_REPLICA_REGIONS", (), "an empty tuple"),
        ("COGNITO_JWKS", "keys.json", "str 'keys.json'"),
        ("COGNITO_JWKS_URI", "", "str ''"),
        ("COGNITO_JWKS_URI", {"keys": []}, "dict"),
        ("COGNITO_BUNDLED_JWKS", {}, "an empty dict"),
        ("COGNITO_BUNDLED_JWKS", 1, "int 1"),
        ("COGNITO_ALLOW_HTTP_JWKS", 1, "int 1"),
        ("COGNITO_TOKEN_CACHE_SIZE", -1, "int -1"),
        ("COGNITO_TOKEN_CACHE_SIZE", False, "bool False"),
        ("COGNITO_TOKEN_CACHE_SIZE", 1.5, "float 1.5"),
        ("COGNITO_JWT_HEADER_NAME", "", "str ''"),
        ("COGNITO_JWT_HEADER_NAME", "X My", "str 'X My'"),
        ("COGNITO_JWT_HEADER_NAME", 1, "int 1"),
        ("COGNITO_JWT_HEADER_PREFIX", "Bearer ", "str 'Bearer '"),
        ("COGNITO_JWT_HEADER_PREFIX", 1, "int 1"),
        ("COGNITO_JWT_HEADER_PREFIX", "Träger", "str 'Tr\\xe4ger'"),
        ("COGNITO_JWT_COOKIE_NAME", "a;b", "str 'a;b'"),
        ("COGNITO_TOKEN_LOCATIONS", "query", "str 'query'"),
        ("COGNITO_TOKEN_LOCATIONS", ["cookie", "cookie"], "list"),
        ("COGNITO_CSRF_PROTECTION", "off", "str 'off'"),
        ("COGNITO_IDENTITY_REQUIRED", "yes", "str 'yes'"),
        ("COGNITO_REALM", "", "str ''"),
        ("COGNITO_REALM", "a\r\nSet-Cookie: x=y", "str 'a\\r\\nSet-Cookie: x=y'"),
        ("COGNITO_REALM", "Räume", "str 'R\\xe4ume'"),
        ("COGNITO_REALM", 1, "int 1"),
        ("COGNITO_USERPOOLS", [], "an empty list"),
        ("COGNITO_USERPOOLS", {"userpool_id": "x"}, "dict"),
        ("COGNITO_USERPOOLS", "x", "str 'x'"),
    ],
)
def test_a_value_that_cannot_be_meant_names_its_key_and_what_was_found(
    make_app: MakeApp, key: str, value: object, found: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make_app(**{key: value})

    message = str(refused.value)
    assert key in message
    assert ": expected " in message
    assert message.endswith(f", found {found}")


@pytest.mark.parametrize(
    "key",
    [
        "COGNITO_APP_CLIENT_ID",
        "COGNITO_AUDIENCE",
        "COGNITO_REPLICA_REGIONS",
        "COGNITO_TOKEN_USE",
        "COGNITO_ISSUER",
        "COGNITO_JWKS_URI",
    ],
)
def test_unset_variable_is_told_that_none_leaves_the_key_unset(messages: Messages, make_app: MakeApp, key: str) -> None:
    with messages.raises(ConfigurationError):
        make_app(**{key: ""})


@pytest.mark.parametrize("value", ["", {}, 1])
def test_bundled_keys_are_no_url(messages: Messages, make_app: MakeApp, value: object) -> None:
    with messages.raises(ConfigurationError):
        make_app(COGNITO_BUNDLED_JWKS=value)


def test_long_values_are_cut(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make_app(COGNITO_TOKEN_USE="x" * 1000)

    assert len(str(refused.value)) < 400


def test_none_is_the_same_as_no_such_key(settings: dict[str, Any]) -> None:
    none = {key: None for key in KEYS if key not in settings and key != "COGNITO_JWT_HEADER_PREFIX"}

    assert read_settings({**settings, **none}) == read_settings(settings)


def test_the_defaults(settings: dict[str, Any]) -> None:
    found = read_settings({key: settings[key] for key in ("COGNITO_REGION", "COGNITO_USERPOOL_ID")})

    (pool,) = found.pools
    assert (found.jwt_header_name, found.jwt_header_prefixes, found.locations) == (
        "Authorization",
        ("Bearer",),
        ("header",),
    )
    assert (found.csrf_protection, found.identity_required) == (True, False)
    assert (pool.app_client_id, pool.token_use, pool.check_token_expiration, pool.leeway) == (None, None, True, 0)


@pytest.mark.parametrize(
    ("value", "names"), [("a", ("a",)), (["a", "b"], ("a", "b")), (("a",), ("a",)), ({"a"}, ("a",))]
)
def test_names_can_be_one_or_a_collection(settings: dict[str, Any], value: object, names: tuple[str, ...]) -> None:
    found = read_settings({**settings, "COGNITO_APP_CLIENT_ID": value, "COGNITO_AUDIENCE": value})

    assert found.pools[0].app_client_id == found.pools[0].audience == names


def test_settings_cannot_be_changed(settings: dict[str, Any]) -> None:
    with pytest.raises(AttributeError):
        read_settings(settings).realm = "other"  # type: ignore[misc]


def test_the_configuration_is_read_once(app: Flask, pool: LocalUserPool, bearer: Any) -> None:
    app.config["COGNITO_APP_CLIENT_ID"] = "another"
    app.config["COGNITO_JWT_HEADER_NAME"] = "X-Other"

    assert app.test_client().get("/required", headers=bearer(pool.access_token())).status_code == 200


@pytest.mark.parametrize(
    "config",
    [
        {"COGNITO_JWT_HEADER_NAME": "Cookie", "COGNITO_TOKEN_LOCATIONS": ["header", "cookie"]},
        {"COGNITO_JWT_HEADER_NAME": "cookie", "COGNITO_TOKEN_LOCATIONS": "header"},
    ],
)
def test_a_cookie_is_no_header(messages: Messages, make_app: MakeApp, config: dict[str, Any]) -> None:
    with messages.raises(ConfigurationError):
        make_app(**config)


def test_keys_are_given_in_one_way(messages: Messages, make_app: MakeApp) -> None:
    with messages.raises(ConfigurationError):
        make_app(COGNITO_JWKS_URI="keys.json")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"COGNITO_USERPOOL_ID": "eu-central-1_a/b"}, "COGNITO_USERPOOL_ID"),
        ({"COGNITO_USERPOOL_ID": "testpool", "COGNITO_REGION": "mars-north-1"}, "COGNITO_REGION"),
        ({"COGNITO_JWKS": None, "COGNITO_JWKS_URI": "not/there.json"}, "COGNITO_JWKS_URI"),
        ({"COGNITO_REPLICA_REGIONS": "everywhere"}, "COGNITO_REPLICA_REGIONS"),
        ({"COGNITO_JWKS": {"keys": "none"}}, "COGNITO_JWKS"),
        ({"COGNITO_BUNDLED_JWKS": "not/there.json", "COGNITO_JWKS": None}, "COGNITO_BUNDLED_JWKS"),
        ({"COGNITO_JWKS": None, "COGNITO_JWKS_URI": "http://keys.example/jwks.json"}, "COGNITO_ALLOW_HTTP_JWKS"),
    ],
)
def test_what_the_core_refuses_names_the_keys(make_app: MakeApp, config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make_app(**config)


class TestSourcesOfKeys:
    @pytest.fixture
    def is_accepted(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> Callable[..., bool]:
        def accepted(**config: Any) -> bool:
            client = make_app(**{"COGNITO_JWKS": None, **config}).test_client()
            return client.get("/required", headers=bearer(pool.access_token())).status_code == 200

        return accepted

    def test_a_mapping(self, is_accepted: Callable[..., bool], pool: LocalUserPool) -> None:
        assert is_accepted(COGNITO_JWKS=pool.jwk_set)

    def test_a_key_source_is_live(self, app: Flask, pool: LocalUserPool, bearer: Any) -> None:
        client = app.test_client()
        assert client.get("/required", headers=bearer(pool.access_token())).status_code == 200

        pool.rotate_key()

        assert client.get("/required", headers=bearer(pool.access_token())).status_code == 200

    def test_a_file(self, is_accepted: Callable[..., bool], jwks_file: Path) -> None:
        assert is_accepted(COGNITO_JWKS_URI=str(jwks_file))
        assert is_accepted(COGNITO_JWKS_URI=jwks_file)

    def test_a_url(self, is_accepted: Callable[..., bool], pool: LocalUserPool) -> None:
        with pool.serve() as url:
            assert is_accepted(COGNITO_JWKS_URI=url)

    def test_plain_http_can_be_allowed(self, make_app: MakeApp) -> None:
        make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI="http://keys.example/jwks.json", COGNITO_ALLOW_HTTP_JWKS=True)

    def test_bundled_keys_serve_the_cold_start(
        self, is_accepted: Callable[..., bool], pool: LocalUserPool, jwks_file: Path
    ) -> None:
        with pool.serve() as url:
            pass
        assert is_accepted(COGNITO_JWKS_URI=url, COGNITO_BUNDLED_JWKS=pool.jwk_set)
        assert is_accepted(COGNITO_JWKS_URI=url, COGNITO_BUNDLED_JWKS=jwks_file)

    def test_an_emulator_has_an_issuer_of_its_own(self, make_app: MakeApp, bearer: Any) -> None:
        emulated = LocalUserPool("local_abc", issuer="http://localhost:9229/local_abc", client_id="abcdef123456")
        client = make_app(
            COGNITO_USERPOOL_ID="local_abc",
            COGNITO_REGION="local",
            COGNITO_ISSUER=emulated.issuer,
            COGNITO_JWKS=emulated.jwks,
        ).test_client()

        assert client.get("/required", headers=bearer(emulated.access_token())).status_code == 200

    def test_a_replica_region_issues_tokens_too(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> None:
        token = pool.access_token(iss=f"https://cognito-idp.eu-west-1.amazonaws.com/{pool.id}")
        refusing, accepting = make_app(), make_app(COGNITO_REPLICA_REGIONS="eu-west-1")

        assert refusing.test_client().get("/required", headers=bearer(token)).status_code == 401
        assert accepting.test_client().get("/required", headers=bearer(token)).status_code == 200


@pytest.fixture
def jwks_file(pool: LocalUserPool, tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(pool.jwk_set))
    return path


class TestChecks:
    @pytest.fixture
    def status(self, make_app: MakeApp, bearer: Any) -> Callable[..., int]:
        def answered(token: str, **config: Any) -> int:
            return make_app(**config).test_client().get("/required", headers=bearer(token)).status_code

        return answered

    def test_token_use(self, status: Callable[..., int], pool: LocalUserPool) -> None:
        assert status(pool.id_token(), COGNITO_TOKEN_USE="id") == 200
        assert status(pool.access_token(), COGNITO_TOKEN_USE="id") == 401
        assert status(pool.id_token(), COGNITO_TOKEN_USE=None) == 200

    def test_client(self, status: Callable[..., int], pool: LocalUserPool) -> None:
        assert status(pool.access_token(), COGNITO_APP_CLIENT_ID=["other", pool.client_id]) == 200
        assert status(pool.access_token(), COGNITO_APP_CLIENT_ID="other") == 401
        assert status(pool.access_token(), COGNITO_APP_CLIENT_ID=None) == 200

    def test_audience(self, status: Callable[..., int], pool: LocalUserPool) -> None:
        token = pool.access_token(aud="https://api.example")

        assert status(token) == 401
        assert status(token, COGNITO_AUDIENCE="https://api.example") == 200

    def test_expiry_and_leeway(self, status: Callable[..., int], pool: LocalUserPool) -> None:
        token = pool.access_token(expires_in=-30)

        assert status(token) == 401
        assert status(token, COGNITO_LEEWAY=60) == 200
        assert status(token, COGNITO_CHECK_TOKEN_EXPIRATION=False) == 200

    def test_tokens_need_not_be_remembered(self, status: Callable[..., int], pool: LocalUserPool) -> None:
        assert status(pool.access_token(), COGNITO_TOKEN_CACHE_SIZE=0) == 200


class TestSeveralPools:
    @pytest.fixture
    def pools(self, pool: LocalUserPool, other_pool: LocalUserPool) -> list[dict[str, Any]]:
        return [
            {"region": found.region, "userpool_id": found.id, "app_client_id": found.client_id, "jwks": found.jwks}
            for found in (pool, other_pool)
        ]

    @pytest.fixture
    def app(self, pools: list[dict[str, Any]], make_app: MakeApp) -> Flask:
        return make_app(COGNITO_REGION=None, COGNITO_USERPOOL_ID=None, COGNITO_JWKS=None, COGNITO_USERPOOLS=pools)

    def test_each_opens_the_app_with_its_own_rules(
        self, app: Flask, pool: LocalUserPool, other_pool: LocalUserPool, bearer: Any
    ) -> None:
        client = app.test_client()

        for found in (pool, other_pool):
            assert client.get("/required", headers=bearer(found.access_token())).status_code == 200
            assert client.get("/required", headers=bearer(found.id_token())).status_code == 401
        wrong = pool.access_token(client_id=other_pool.client_id)
        assert client.get("/required", headers=bearer(wrong)).get_json()["code"] == "invalid_client"

    def test_a_third_opens_nothing(self, app: Flask, bearer: Any) -> None:
        third = LocalUserPool("us-east-1_third")

        response = app.test_client().get("/required", headers=bearer(third.access_token()))

        assert (response.status_code, response.get_json()["code"]) == (401, "invalid_issuer")

    def test_what_a_pool_leaves_out_is_the_apps(self, settings: dict[str, Any], pools: list[dict[str, Any]]) -> None:
        del pools[0]["app_client_id"]
        pools[1]["token_use"] = "id"
        settings["COGNITO_LEEWAY"] = 5

        found = read_settings({**settings, "COGNITO_USERPOOLS": pools}).pools

        assert [pool.app_client_id for pool in found] == [("abcdef123456",), ("fedcba654321",)]
        assert [pool.token_use for pool in found] == ["access", "id"]
        assert [pool.leeway for pool in found] == [5, 5]

    def test_the_region_is_the_pools_own(self, make_app: MakeApp, pools: list[dict[str, Any]], caplog: Caplog) -> None:
        for pool in pools:
            del pool["region"]

        make_app(COGNITO_REGION="sa-east-1", COGNITO_USERPOOL_ID=None, COGNITO_JWKS=None, COGNITO_USERPOOLS=pools)

        assert [record.getMessage() for record in caplog.records if "replica" in record.getMessage()] == []

    def test_the_keys_of_one_pool_are_not_used(
        self, make_app: MakeApp, pools: list[dict[str, Any]], caplog: Caplog
    ) -> None:
        make_app(COGNITO_USERPOOLS=pools)

        assert [line for line in warnings(caplog) if "COGNITO_JWKS, COGNITO_REGION, COGNITO_USERPOOL_ID" in line]

    def test_a_setting_that_is_none_names_the_nearest(
        self, messages: Messages, make_app: MakeApp, pools: list[dict[str, Any]]
    ) -> None:
        pools[1]["app_clientid"] = "x"

        with messages.raises(ConfigurationError):
            make_app(COGNITO_USERPOOLS=pools)
        with messages.raises(ConfigurationError):
            make_app(COGNITO_USERPOOLS=[{"zzz": 1}])

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ("eu-central-1_x", r"COGNITO_USERPOOLS\[0\]: expected a mapping"),
            ({"region": "eu-central-1"}, r"COGNITO_USERPOOLS\[0\].userpool_id: required"),
            ({"userpool_id": "eu-central-1_x", "leeway": "1"}, r"COGNITO_USERPOOLS\[0\].leeway: expected"),
        ],
    )
    def test_a_pool_that_cannot_be_meant_is_named(self, make_app: MakeApp, wrong: object, told: str) -> None:
        with pytest.raises(ConfigurationError, match=told):
            make_app(COGNITO_USERPOOLS=[wrong])

    def test_what_the_core_refuses_is_of_one_of_the_pools(
        self, messages: Messages, make_app: MakeApp, pools: list[dict[str, Any]]
    ) -> None:
        pools[1]["userpool_id"] = "eu-central-1_a/b"

        with messages.raises(ConfigurationError):
            make_app(COGNITO_USERPOOLS=pools)

    def test_a_pool_is_listed_once(self, messages: Messages, make_app: MakeApp, pools: list[dict[str, Any]]) -> None:
        with messages.raises(ConfigurationError):
            make_app(COGNITO_USERPOOLS=[pools[0], pools[0]])


class TestWarnings:
    def test_nothing_is_said_where_every_check_is_on(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app()

        assert warnings(caplog) == []

    def test_one_warning_names_the_checks_that_are_off(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app(
            COGNITO_APP_CLIENT_ID=None,
            COGNITO_TOKEN_USE=None,
            COGNITO_CHECK_TOKEN_EXPIRATION=False,
            COGNITO_JWT_HEADER_NAME="Cookie",
            COGNITO_CSRF_PROTECTION=False,
        )

        (line,) = warnings(caplog)
        for key in ("APP_CLIENT_ID", "TOKEN_USE", "CHECK_TOKEN_EXPIRATION", "CSRF_PROTECTION"):
            assert f"COGNITO_{key}" in line

    def test_a_leeway_in_milliseconds_is_pointed_out(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app(COGNITO_LEEWAY=3600)
        assert warnings(caplog) == []

        make_app(COGNITO_LEEWAY=60_000)

        (line,) = warnings(caplog)
        assert "COGNITO_LEEWAY" in line

    def test_cross_site_protection_is_nothing_for_headers(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app(COGNITO_CSRF_PROTECTION=False)

        assert warnings(caplog) == []

    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("COGNITO_APP_CLIENT", "COGNITO_APP_CLIENT_ID"),
            ("COGNITO_CLIENT_ID", "COGNITO_APP_CLIENT_ID"),
            ("COGNITO_USER_POOL_ID", "COGNITO_USERPOOL_ID"),
            ("COGNITO_CHECK_EXPIRATION", "COGNITO_CHECK_TOKEN_EXPIRATION"),
            ("COGNITO_HEADER_NAME", "COGNITO_JWT_HEADER_NAME"),
            ("COGNITO_TOKEN_USES", "COGNITO_TOKEN_USE"),
            ("COGNITO_JWK", "COGNITO_JWKS"),
        ],
    )
    def test_a_misspelt_key_is_pointed_out(self, make_app: MakeApp, caplog: Caplog, key: str, meant: str) -> None:
        make_app(**{key: "x"})

        (line,) = warnings(caplog)
        assert line.startswith(f"{key} ")
        assert line.endswith(f"did you mean {meant}?")

    def test_keys_that_nothing_reads_are_named_in_one_line(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app(COGNITO_WEBHOOK="x", COGNITO_PALETTE="y")

        (line,) = warnings(caplog)
        assert "COGNITO_PALETTE, COGNITO_WEBHOOK" in line

    @pytest.mark.parametrize(
        "config",
        [
            {"COGNITO_TRUSTED_ORIGINS": ["https://spa.example"]},
            {"COGNITO_JWT_HEADER_PREFIX": "JWT", "COGNITO_TOKEN_LOCATIONS": ["cookie"]},
            {"COGNITO_REQUESTS_SESSION": requests.Session()},
            {"COGNITO_ALLOW_HTTP_JWKS": True},
            {"COGNITO_AUDIENCE": "https://api.example", "COGNITO_TOKEN_USE": "id"},
            {"COGNITO_REPLICA_REGIONS": ["eu-west-1"], "COGNITO_ISSUER": "https://auth.internal/pool"},
        ],
        ids=lambda config: next(iter(config)),
    )
    def test_a_key_that_is_set_and_has_no_effect_is_named(
        self, make_app: MakeApp, caplog: Caplog, config: dict[str, Any]
    ) -> None:
        make_app(**config)

        (line,) = warnings(caplog)
        assert line.startswith(f"{next(iter(config))} is set and has no effect")

    def test_keys_of_a_file_are_not_fetched(
        self, make_app: MakeApp, pool: LocalUserPool, caplog: Caplog, tmp_path: Path
    ) -> None:
        (tmp_path / "keys.json").write_text(json.dumps(pool.jwk_set))
        make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=tmp_path / "keys.json", COGNITO_BUNDLED_JWKS=pool.jwk_set)

        (line,) = warnings(caplog)
        assert line.startswith("COGNITO_BUNDLED_JWKS is set and has no effect")

    def test_trusted_origins_have_an_effect_with_an_own_get_token(self, make_app: MakeApp, caplog: Caplog) -> None:
        class FromSession(CognitoAuth):
            def get_token(self) -> str | None:
                return None

        make_app(FromSession, COGNITO_TRUSTED_ORIGINS="https://spa.example")
        make_app(COGNITO_JWT_HEADER_NAME="x-amzn-oidc-accesstoken", COGNITO_TRUSTED_ORIGINS="https://spa.example")

        assert warnings(caplog) == []

    @pytest.mark.parametrize("key", ["COGNITO_DOMAIN", "COGNITO_CLIENT_SECRET", "COGNITOREGION", "OTHER_REGION"])
    def test_keys_of_others_are_left_alone(self, make_app: MakeApp, caplog: Caplog, key: str) -> None:
        make_app(**{key: "x"})

        assert warnings(caplog) == []

    def test_a_cookie_that_nobody_reads_is_pointed_out(self, make_app: MakeApp, caplog: Caplog) -> None:
        make_app(COGNITO_JWT_COOKIE_NAME="token")

        (line,) = warnings(caplog)
        assert "COGNITO_JWT_COOKIE_NAME" in line


@pytest.mark.parametrize(
    ("config", "path"),
    [({"COGNITO_JWKS": None}, "old.json"), ({}, None), ({"COGNITO_JWKS_URI": "new.json"}, "new.json")],
)
def test_the_environment_variable_of_1_x_gives_way_to_a_key(
    settings: dict[str, Any], config: dict[str, Any], path: str | None
) -> None:
    if "COGNITO_JWKS_URI" in config:
        del settings["COGNITO_JWKS"]

    found = read_settings({**settings, **config}, {"AWS_COGNITO_JWKS_PATH": "old.json"})

    assert found.pools[0].jwks_uri == path


class TestJWKSPathOfVersion1:
    """The environment variable is set in a process of its own."""

    SCRIPT = """
import logging, sys
from flask import Flask
from flask_cognito import CognitoAuth, cognito_auth_required
logging.basicConfig(stream=sys.stdout, format="%(name)s %(levelname)s %(message)s")
app = Flask("app")
app.config.update(
    COGNITO_REGION="eu-central-1", COGNITO_USERPOOL_ID="eu-central-1_testpool", COGNITO_APP_CLIENT_ID="abcdef123456"
)
if len(sys.argv) > 2:
    app.config["COGNITO_JWKS_URI"] = sys.argv[2]
CognitoAuth(app)
app.add_url_rule("/", view_func=cognito_auth_required(lambda: "ok"))
print(app.test_client().get("/", headers={"Authorization": "Bearer " + sys.argv[1]}).status_code)
"""

    @pytest.fixture
    def run(self) -> Callable[..., str]:
        def answered(path: str, *arguments: str) -> str:
            return subprocess.run(  # noqa: S603 - this very file's script
                [sys.executable, "-c", self.SCRIPT, *arguments],
                env={**os.environ, "AWS_COGNITO_JWKS_PATH": path},
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        return answered

    @pytest.fixture(params=["file", "url"])
    def path(self, request: pytest.FixtureRequest, pool: LocalUserPool, jwks_file: Path) -> Iterator[str]:
        if request.param == "file":
            yield str(jwks_file)
        else:
            with pool.serve() as url:
                yield url

    def test_it_is_honoured_with_a_warning(self, run: Callable[..., str], path: str, pool: LocalUserPool) -> None:
        printed = run(path, pool.access_token())

        assert "flask_cognito.config WARNING" in printed
        assert "AWS_COGNITO_JWKS_PATH" in printed
        assert printed.splitlines()[-1] == "200"

    def test_a_key_of_the_configuration_wins(
        self, run: Callable[..., str], pool: LocalUserPool, jwks_file: Path
    ) -> None:
        printed = run("not/there.json", pool.access_token(), str(jwks_file))

        assert "AWS_COGNITO_JWKS_PATH" not in printed
        assert printed.splitlines()[-1] == "200"


class TestValuesThatCannotExist:
    """Each would start, and then refuse every token."""

    @pytest.mark.parametrize(
        "value",
        [
            *("abcdef123456,other", " abcdef123456", "abcdef123456\n", '["abcdef123456"]', "abc def", "a" * 129),
            *(["abcdef123456", "b;c"], "\u00e4bc"),
        ],
    )
    def test_app_clients(self, make_app: MakeApp, value: object) -> None:
        with pytest.raises(ConfigurationError, match="COGNITO_APP_CLIENT_ID"):
            make_app(COGNITO_APP_CLIENT_ID=value)

    @pytest.mark.parametrize("value", ["abc+def_1", "a.b-c"])
    def test_odd_app_clients_that_can(self, make_app: MakeApp, value: str) -> None:
        make_app(COGNITO_APP_CLIENT_ID=value)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("COGNITO_ISSUER", "https://todo.auth.eu-central-1.amazoncognito.com"),
            ("COGNITO_ISSUER", "https://todo.auth.eu-central-1.amazoncognito.com/eu-central-1_c3fea2"),
            ("COGNITO_ISSUER", "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2"),
            ("COGNITO_ISSUER", "https://localhost:9229/pool\n"),
            ("COGNITO_ISSUER", "https://localhost:9229/pool?x=1"),
            ("COGNITO_ISSUER", "https://localhost:9229/pool/.well-known/jwks.json"),
            ("COGNITO_ISSUER", 7),
            ("COGNITO_JWKS_URI", "https://todo.auth.eu-central-1.amazoncognito.com/jwks.json"),
            ("COGNITO_JWKS_URI", "ftp://keys.example/jwks.json"),
            ("COGNITO_JWKS_URI", "https:// keys.example/jwks.json"),
            ("COGNITO_AUDIENCE", '["https://api.example"]'),
            ("COGNITO_AUDIENCE", "https://api.example "),
            ("COGNITO_AUDIENCE", ["https://a.example", "two words"]),
            ("COGNITO_TRUSTED_ORIGINS", "https://spa.example/"),
            ("COGNITO_TRUSTED_ORIGINS", "spa.example"),
            ("COGNITO_TRUSTED_ORIGINS", ["https://spa.example", "null"]),
            ("COGNITO_TRUSTED_ORIGINS", "*"),
            ("COGNITO_KEY_SETTINGS", {"timeout_seconds": 1}),
            ("COGNITO_REQUESTS_SESSION", requests.Session),
            ("COGNITO_REQUESTS_SESSION", {"verify": "corporate.pem"}),
            ("COGNITO_CUSTOM_CHECK", "app.checks.tenant"),
            ("COGNITO_REVOCATIONS", "redis://localhost/0"),
            ("COGNITO_REVOCATIONS", RevocationList),
            ("COGNITO_JWT_HEADER_PREFIX", ["Bearer", "two words"]),
            ("COGNITO_JWT_HEADER_PREFIX", []),
            ("COGNITO_REGION", "eu-central-1\n"),
            ("COGNITO_USERPOOL_ID", "eu-central-1_c3fea2 "),
            ("COGNITO_REPLICA_REGIONS", ["Frankfurt"]),
        ],
    )
    def test_others(self, make_app: MakeApp, key: str, value: object) -> None:
        config = {"COGNITO_JWKS": None, key: value} if key == "COGNITO_JWKS_URI" else {key: value}

        with pytest.raises(ConfigurationError, match=key):
            make_app(**config)

    def test_a_custom_check_that_nothing_would_await(self, make_app: MakeApp) -> None:
        async def check(claims: Claims) -> None: ...

        with pytest.raises(ConfigurationError, match=r"^COGNITO_CUSTOM_CHECK"):
            make_app(COGNITO_CUSTOM_CHECK=check)

    @pytest.mark.parametrize(
        ("found", "required"),
        [
            ("COGNITO_USER_POOL_ID", "COGNITO_USERPOOL_ID"),
            ("AWS_COGNITO_USER_POOL_ID", "COGNITO_USERPOOL_ID"),
            ("COGNITO_USERPOOL", "COGNITO_USERPOOL_ID"),
            ("cognito_userpool_id", "COGNITO_USERPOOL_ID"),
            ("USER_POOL_ID", "COGNITO_USERPOOL_ID"),
            ("AWS_DEFAULT_REGION", "COGNITO_REGION"),
            ("COGNITO_REGION_NAME", "COGNITO_REGION"),
        ],
    )
    def test_a_near_miss_of_a_required_key_is_named(self, settings: dict[str, Any], found: str, required: str) -> None:
        settings[found] = settings.pop(required)

        with pytest.raises(ConfigurationError) as refused:
            read_settings(settings)

        assert str(refused.value).startswith(f"{required}: ")
        assert found in str(refused.value).removeprefix(required).replace(f'config["{required}"]', "")


class TestWhatTheCoreTakes:
    def test_a_custom_check_decides(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> None:
        def tenant(claims: Claims) -> None:
            if claims.get("custom:tenant") != "acme":
                raise InvalidTokenError("custom:tenant: expected acme")

        client = make_app(COGNITO_CUSTOM_CHECK=tenant).test_client()

        refused = client.get("/required", headers=bearer(pool.access_token()))
        assert (refused.status_code, refused.get_json()["code"]) == (401, "invalid_token")
        passed = client.get("/required", headers=bearer(pool.access_token(claims={"custom:tenant": "acme"})))
        assert passed.status_code == 200

    def test_a_revoked_token_is_refused(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> None:
        revocations, claims = RevocationList(), pool.access_claims()
        client = make_app(COGNITO_REVOCATIONS=revocations).test_client()
        token = bearer(pool.sign(pool.header, claims))
        assert client.get("/required", headers=token).status_code == 200

        revocations.revoke_token(claims)

        refused = client.get("/required", headers=token)
        assert (refused.status_code, refused.get_json()["code"]) == (401, "token_revoked")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]

    def test_each_pool_can_have_its_own_revocations(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> None:
        own, claims = RevocationList(), pool.access_claims()
        entry = {"region": pool.region, "userpool_id": pool.id, "jwks": pool.jwk_set}
        token = bearer(pool.sign(pool.header, claims))
        shared = RevocationList()
        config = {"COGNITO_REGION": None, "COGNITO_USERPOOL_ID": None, "COGNITO_JWKS": None}

        with_own = make_app(**config, COGNITO_REVOCATIONS=shared, COGNITO_USERPOOLS=[{**entry, "revocations": own}])
        without = make_app(**config, COGNITO_REVOCATIONS=shared, COGNITO_USERPOOLS=[entry])
        own.revoke_token(claims)
        assert with_own.test_client().get("/required", headers=token).status_code == 401
        assert without.test_client().get("/required", headers=token).status_code == 200

        shared.revoke_token(claims)

        assert without.test_client().get("/required", headers=token).status_code == 401

    def test_revocations_that_do_not_answer_are_a_503(
        self, make_app: MakeApp, pool: LocalUserPool, bearer: Any
    ) -> None:
        class Down:
            def is_revoked(self, claims: Claims) -> bool:
                raise ConnectionError

        client = make_app(COGNITO_REVOCATIONS=Down()).test_client()

        refused = client.get("/required", headers=bearer(pool.access_token()))

        assert (refused.status_code, refused.get_json()["code"]) == (503, "revocations_unavailable")
        assert int(refused.headers["Retry-After"]) >= 1

    def test_a_session_fetches_the_keys(self, make_app: MakeApp, pool: LocalUserPool, bearer: Any) -> None:
        session = requests.Session()
        seen: list[str] = []
        session.hooks["response"].append(lambda response, **options: seen.append(response.url))

        with pool.serve() as url:
            client = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url, COGNITO_REQUESTS_SESSION=session).test_client()
            assert client.get("/required", headers=bearer(pool.access_token())).status_code == 200

        assert seen == [url]

    @pytest.mark.parametrize(("allow", "expected"), [(False, False), (True, True)])
    def test_key_settings_keep_what_the_other_key_says(
        self, settings: dict[str, Any], allow: bool, expected: bool
    ) -> None:
        key_settings = KeySettings(timeout_seconds=1)
        url = "http://keys.example/jwks.json"
        config = {**settings, "COGNITO_JWKS": None, "COGNITO_JWKS_URI": url, "COGNITO_KEY_SETTINGS": key_settings}

        found = read_settings({**config, "COGNITO_ALLOW_HTTP_JWKS": allow})

        if expected:
            assert build_verifier(found).keys
        else:
            with pytest.raises(ConfigurationError):
                build_verifier(found)


class TestKeysThatChangeTooLate:
    """They are read once, at `init_app`."""

    def test_are_named_at_the_first_request(
        self, make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
    ) -> None:
        app = make_app()
        app.config["COGNITO_TOKEN_USE"] = "id"
        app.config["COGNITO_REALM"] = "late"
        app.config["COGNITO_TRUSTED_ORIGINS"] = None

        for _ in range(2):
            app.test_client().get("/open")

        (line,) = warnings(caplog)
        assert line.endswith(": COGNITO_REALM, COGNITO_TOKEN_USE")

    def test_are_named_by_check(self, make_app: Callable[..., Flask]) -> None:
        app = make_app()
        app.config["COGNITO_LEEWAY"] = 60

        output = app.test_cli_runner().invoke(args=["cognito", "check"]).output

        assert "warning           changed after CognitoAuth read them, without effect: COGNITO_LEEWAY\n" in output

    def test_with_the_same_value_have_not_changed(
        self, make_app: Callable[..., Flask], settings: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        app = make_app(COGNITO_AUDIENCE=["https://app.example"])
        app.config.update(settings, COGNITO_AUDIENCE=["https://app.example"])

        app.test_client().get("/open")

        assert warnings(caplog) == []
