"""The app is configured by environment variables."""

from pathlib import Path

import pytest
from cognito_jwt_core import ConfigurationError
from todo_api import create_app
from todo_api.config import from_environment
from todo_api.demo import cognito_url

POOL = {
    "COGNITO_REGION": "eu-central-1",
    "COGNITO_USERPOOL_ID": "eu-central-1_c3fea2",
    "COGNITO_APP_CLIENT_ID": "abcdef123456",
}


def test_a_real_pool_needs_its_id_region_and_app_client_only() -> None:
    config = from_environment(POOL)

    assert config["COGNITO_USERPOOL_ID"] == "eu-central-1_c3fea2"
    assert config["COGNITO_TOKEN_USE"] == "access"
    assert "COGNITO_JWKS_URI" not in config


def test_the_database_is_a_file_in_the_instance_folder_unless_a_url_is_given() -> None:
    assert from_environment(POOL)["SQLALCHEMY_DATABASE_URI"] == "sqlite:///todo.db"
    assert from_environment({**POOL, "DATABASE_URL": "postgresql+psycopg://db/todo"})["SQLALCHEMY_DATABASE_URI"] == (
        "postgresql+psycopg://db/todo"
    )


@pytest.mark.parametrize("missing", POOL)
def test_an_app_without_its_pool_does_not_start(missing: str, tmp_path: Path) -> None:
    environ = {name: value for name, value in POOL.items() if name != missing}

    with pytest.raises(ConfigurationError, match=missing):
        create_app({**environ, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"})


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "https://cognito-idp.eu-central-1.amazonaws.com/"),
        ("us-gov-west-1", "https://cognito-idp.us-gov-west-1.amazonaws.com/"),
        ("cn-north-1", "https://cognito-idp.cn-north-1.amazonaws.com.cn/"),
        ("eusc-de-east-1", "https://cognito-idp.eusc-de-east-1.amazonaws.eu/"),
    ],
)
def test_programs_sign_in_at_the_host_of_the_pools_partition(region: str, host: str) -> None:
    assert cognito_url({"COGNITO_REGION": region, "COGNITO_USERPOOL_ID": f"{region}_c3fea2"}) == host


def test_programs_sign_in_at_an_emulator_if_the_sdk_is_told_so() -> None:
    emulator = {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://127.0.0.1:5000"}

    assert cognito_url({**POOL, **emulator}) == "http://127.0.0.1:5000"


def test_a_session_lifetime_is_a_number_of_seconds(tmp_path: Path) -> None:
    app_of_12_hours = {**POOL, "SECRET_KEY": "k" * 32, "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db"}

    assert "COGNITO_SESSION_LIFETIME" not in from_environment(app_of_12_hours)
    assert from_environment({**POOL, "COGNITO_SESSION_LIFETIME": "60"})["COGNITO_SESSION_LIFETIME"] == 60
    with pytest.raises(ConfigurationError, match="COGNITO_SESSION_LIFETIME"):
        create_app({**app_of_12_hours, "COGNITO_SESSION_LIFETIME": "one hour"})


@pytest.mark.parametrize(("value", "is_allowed"), [("1", True), ("true", True), ("", False), ("no", False)])
def test_keys_over_plain_http_are_an_explicit_choice(value: str, is_allowed: bool) -> None:
    assert from_environment({**POOL, "COGNITO_ALLOW_HTTP_JWKS": value})["COGNITO_ALLOW_HTTP_JWKS"] is is_allowed
