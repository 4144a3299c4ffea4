"""Sign out everywhere, for oneself and by an admin; and what takes a recent sign-in."""

import time
from collections.abc import Callable
from typing import Any

from cognito_jwt_core.testing import LocalManagedLogin
from flask.testing import FlaskClient
from flask_cognito.testing import sign_in

Ask = Callable[..., Any]
Add = Callable[..., int]
Sign = Callable[..., str]


def test_sign_out_everywhere_ends_sessions_and_tokens(client: FlaskClient, ask: Ask, login: LocalManagedLogin) -> None:
    sign_in(client, "bob", "Bob-has-1-password", login)

    assert client.post("/api/me/sign-out-everywhere").status_code == 204

    assert client.get("/api/me").status_code == 401
    refused = ask("bob", "GET", "/api/me")
    assert (refused.status_code, refused.json["code"]) == (401, "token_revoked")
    assert ask("mo", "GET", "/api/me").status_code == 200


def test_an_admin_signs_another_user_out(ask: Ask) -> None:
    bob = ask("bob", "GET", "/api/me").json["user"]["id"]

    assert ask("alice", "POST", f"/api/admin/users/{bob}/sign-out").status_code == 204

    assert ask("bob", "GET", "/api/me").json["code"] == "token_revoked"
    assert ask("alice", "GET", "/api/me").status_code == 200


def test_only_an_admin_signs_other_users_out(ask: Ask) -> None:
    bob = ask("bob", "GET", "/api/me").json["user"]["id"]

    assert ask("mo", "POST", f"/api/admin/users/{bob}/sign-out").status_code == 403
    assert ask("bob", "GET", "/api/me").status_code == 200


def test_an_unknown_user_cannot_be_signed_out(ask: Ask) -> None:
    assert ask("alice", "POST", "/api/admin/users/99/sign-out").status_code == 404


def test_clearing_all_todos_takes_a_recent_sign_in(ask: Ask, add: Add, sign: Sign) -> None:
    add("bob")
    hour_ago = int(time.time()) - 3600
    stale = sign(username="alice", auth_time=hour_ago, **{"cognito:groups": ["admin"]})

    refused = ask(stale, "DELETE", "/api/admin/todos")

    assert (refused.status_code, refused.json["code"]) == (401, "insufficient_authentication")
    assert ask("bob", "GET", "/api/todos").json["total"] == 1


def test_export_takes_an_id_token_with_the_plan(ask: Ask, add: Add, sign: Sign, cognito: Any) -> None:
    add("bob")
    attributes = {"token_use": "id", "aud": cognito.client_id, "sub": ask("bob", "GET", "/api/me").json["sub"]}

    without_plan = ask(sign(**attributes), "GET", "/api/export")
    with_plan = ask(sign(**attributes, **{"custom:plan": "pro"}), "GET", "/api/export")

    assert (without_plan.status_code, without_plan.json["code"]) == (403, "claim_required")
    assert [todo["title"] for todo in with_plan.json["items"]] == ["Buy milk"]
    assert ask("bob", "GET", "/api/export").json["code"] == "invalid_token_use"
