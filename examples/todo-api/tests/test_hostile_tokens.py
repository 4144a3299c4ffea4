"""The app refuses what the testing kit can think of: some hundred tokens that each lie in one way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask.testing import FlaskClient
from flask_cognito.testing import as_user, assert_rejects_hostile
from todo_api import create_app
from todo_api.models import db


@pytest.fixture(scope="module")
def pool() -> LocalUserPool:
    return LocalUserPool()


@pytest.fixture
def client(pool: LocalUserPool, tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of the app, which takes its keys from the local pool over HTTP."""
    with pool.serve() as jwks_uri:
        app = create_app(
            {
                "COGNITO_REGION": str(pool.region),
                "COGNITO_USERPOOL_ID": pool.id,
                "COGNITO_APP_CLIENT_ID": pool.client_id,
                "COGNITO_JWKS_URI": jwks_uri,
                "DATABASE_URL": f"sqlite:///{tmp_path}/todo.db",
            }
        )
        yield app.test_client()
        with app.app_context():
            db.engine.dispose()


def test_a_users_route_refuses_every_one(client: FlaskClient, pool: LocalUserPool) -> None:
    assert_rejects_hostile(client, "/api/me", pool)


def test_the_admins_routes_refuse_every_one(client: FlaskClient, pool: LocalUserPool) -> None:
    assert_rejects_hostile(client, "/api/admin/todos", pool, groups=["admin"])


def test_the_kits_users_are_the_apps_users(client: FlaskClient, pool: LocalUserPool) -> None:
    with as_user(client, "mo", groups=["moderator"], pool=pool):
        me = client.get("/api/me").get_json()

    assert (me["user"]["username"], me["groups"]) == ("mo", ["moderator"])
