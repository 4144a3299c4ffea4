"""The app is configured by environment variables."""

from pathlib import Path

import pytest
from cognito_jwt_core import ConfigurationError
from todo_api import create_app
from todo_api.config import from_environment

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
