"""What one environment variable switches on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.redis_server import redis_url  # noqa: F401  a fixture
from flask import Flask
from flask.testing import FlaskClient
from flask_cognito.testing import sign_in
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from todo_api import create_app

Environ = Mapping[str, str]


def app_of(login_and_environ: tuple[LocalManagedLogin, Environ], folder: Path, **environ: str) -> Flask:
    return create_app({**login_and_environ[1], "DATABASE_URL": f"sqlite:///{folder}/todo.db", **environ})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_redis_shares_sessions_and_revocations(
    login_and_environ: tuple[LocalManagedLogin, Environ],
    tmp_path: Path,
    redis_url: str,  # noqa: F811
) -> None:
    one, other = (app_of(login_and_environ, tmp_path, REDIS_URL=redis_url) for _ in range(2))
    browser: FlaskClient = one.test_client()
    sign_in(browser, "bob", "Bob-has-1-password", login_and_environ[0])
    session = list((browser._cookies or {}).values())  # noqa: SLF001 - the jar of the test client
    elsewhere = other.test_client()
    for cookie in session:
        elsewhere.set_cookie(cookie.key, cookie.value)

    assert elsewhere.get("/api/me").status_code == 200
    assert elsewhere.post("/api/me/sign-out-everywhere").status_code == 204
    assert browser.get("/api/me").status_code == 401


def test_report_only_lets_a_token_of_another_kind_in(
    login_and_environ: tuple[LocalManagedLogin, Environ], tmp_path: Path, sign: Any
) -> None:
    id_token = sign(token_use="id", aud=login_and_environ[0].client_id)

    enforcing = app_of(login_and_environ, tmp_path).test_client()
    reporting = app_of(login_and_environ, tmp_path, COGNITO_REPORT_ONLY="1").test_client()

    assert enforcing.get("/api/me", headers=bearer(id_token)).status_code == 401
    assert reporting.get("/api/me", headers=bearer(id_token)).status_code == 200


def test_resource_publishes_metadata_and_demands_the_audience(
    login_and_environ: tuple[LocalManagedLogin, Environ], tmp_path: Path, tokens: Mapping[str, str]
) -> None:
    app = app_of(login_and_environ, tmp_path, COGNITO_RESOURCE="https://todo.example/api")
    client: Any = app.test_client()

    metadata = client.get("/.well-known/oauth-protected-resource/api").json
    refused = client.get("/api/me", headers=bearer(tokens["bob"]))

    assert metadata["resource"] == "https://todo.example/api"
    assert (refused.status_code, refused.json["code"]) == (401, "invalid_audience")
    assert "resource_metadata=" in refused.headers["WWW-Authenticate"]


def test_open_telemetry_counts_once_an_exporter_is_configured(
    login_and_environ: tuple[LocalManagedLogin, Environ], tmp_path: Path, tokens: Mapping[str, str]
) -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    app = app_of(login_and_environ, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")

    assert app.test_client().get("/api/me", headers=bearer(tokens["bob"])).status_code == 200

    collected = reader.get_metrics_data()
    assert collected is not None
    names = {
        metric.name
        for resource in collected.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert "cognito_jwt.verifications" in names
