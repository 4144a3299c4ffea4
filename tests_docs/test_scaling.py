"""The numbers on the page about scaling are those of the default settings."""

from __future__ import annotations

from cognito_jwt_core import KeySettings
from cognito_test_kit.docs.page import ROOT
from cognito_test_kit.docs.tables import rows

WORKERS = 10_000
DEPLOYMENT_SECONDS = 600


def test_the_numbers_follow_from_the_default_settings() -> None:
    settings = KeySettings()
    page = (ROOT / "docs" / "explanation" / "scaling.md").read_text(encoding="utf-8")

    assert {row["When"]: row["For 10,000 workers"] for row in rows(page, "When")} == {
        "nothing happens": f"{WORKERS / settings.default_max_age_seconds:.0f} per second",
        "a deployment of 10 minutes": f"{WORKERS / DEPLOYMENT_SECONDS:.0f} per second",
        "a key is rotated": f"{WORKERS:,} in total",
        "the endpoint is down": f"{WORKERS / settings.backoff_max_seconds:.0f} per second",
        "an attacker invents keys": f"{WORKERS / settings.cooldown_seconds:,.0f} per second",
    }
