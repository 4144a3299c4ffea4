"""The whole road: Cognito's sign-in through the AWS SDK, HTTP, verification, a row, an answer."""

from collections.abc import Iterator, Mapping

import pytest
import requests
from botocore.exceptions import ClientError
from flask import Flask
from todo_api.aws_sdk import tokens_of
from todo_api.demo import running
from todo_api.demo_table import with_one_character_changed
from todo_api.local_cognito import USERS, LocalCognito, LocalUser


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with running(app, 0) as url:
        yield url


def get(url: str, path: str, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url + path, headers=headers, timeout=5)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_who_signs_in_is_known_to_the_api(cognito: LocalCognito, url: str, user: LocalUser) -> None:
    me = get(url, "/api/me", cognito.sign_in(user))

    assert me.status_code == 200
    assert (me.json()["user"]["username"], tuple(me.json()["groups"])) == (user.name, user.groups)


def test_a_wrong_password_gets_no_token(cognito: LocalCognito) -> None:
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        tokens_of("bob", "wrong", client_id=cognito.client_id, region="eu-central-1", endpoint_url=cognito.url)


def test_no_token_is_401_and_names_the_scheme_alone(url: str) -> None:
    answer = get(url, "/api/me")

    assert answer.status_code == 401
    assert answer.json()["error"] == "Authorization Required"
    assert answer.json()["code"] == "authorization_required"
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer realm=")
    assert "error=" not in challenge


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_one_changed_character_anywhere_is_401(url: str, tokens: Mapping[str, str], part: int) -> None:
    parts = tokens["alice"].split(".")
    parts[part] = parts[part][:10] + ("A" if parts[part][10] != "A" else "B") + parts[part][11:]

    answer = get(url, "/api/me", ".".join(parts))

    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "description", "code"}
    assert answer.json()["error"] == "Invalid Cognito Authentication Token"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Content-Type"] == "application/json"


def test_a_changed_signature_is_told_as_such(url: str, tokens: Mapping[str, str]) -> None:
    answer = get(url, "/api/me", with_one_character_changed(tokens["alice"]))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")


def test_bob_on_an_admin_route_is_403(url: str, tokens: Mapping[str, str]) -> None:
    answer = get(url, "/api/admin/todos", tokens["bob"])

    assert (answer.status_code, answer.json()["code"]) == (403, "group_required")


def test_an_id_token_opens_nothing(cognito: LocalCognito, url: str) -> None:
    alice = USERS[0]
    tokens = tokens_of(
        alice.name, alice.password, client_id=cognito.client_id, region="eu-central-1", endpoint_url=cognito.url
    )

    refused = get(url, "/api/me", tokens["IdToken"])

    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token_use")
