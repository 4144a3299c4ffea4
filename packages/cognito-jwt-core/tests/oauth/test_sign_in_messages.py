"""What the errors of a sign-in say. The words stand in the snapshot of messages."""

from __future__ import annotations

from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, SignInError
from cognito_jwt_core.oauth import OAuthClient
from cognito_test_kit.messages import Messages
from cognito_test_kit.scripted_login import (
    CODE,
    NONCE,
    REDIRECT_URI,
    VERIFIER,
    Answer,
    ScriptedLogin,
    verifier_of,
)

ANSWERS = [
    Answer(status=400, body={"error": "invalid_grant"}),
    Answer(status=400, body={"error": "unauthorized_client", "error_description": "invalid_redirect"}),
    Answer(status=400, body={"error": "invalid_request", "error_description": f"no such code: {CODE}"}),
    Answer(status=403, body={"message": "Forbidden"}),
    Answer(status=429),
    Answer(body="<html>"),
    Answer(body={}),
    Answer(body={"token_type": "DPoP"}),
    Answer(body={"token_type": "Bearer", "expires_in": "soon"}),
    Answer(body={"token_type": "Bearer", "access_token": "x", "id_token": "y"}),
]
CALLBACKS = [
    "code=x",
    "code=x&state=other",
    "state=the-state",
    "state=the-state&code=x&code=y",
    "state=the-state&code=x&iss=https://evil.example",
    "state=the-state&error=access_denied",
    "state=the-state&error=invalid_request&error_description=PreSignUp+failed+with+error+Not+from+here.",
]


def exchange(scripted: ScriptedLogin, **changes: Any) -> None:
    options: dict[str, Any] = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, "nonce": NONCE, **changes}
    scripted.client().exchange_code(CODE, **options)


def test_messages_of_an_exchange(scripted: ScriptedLogin, messages: Messages) -> None:
    for answer in ANSWERS:
        scripted.answers["/oauth2/token"] = answer
        with messages.raises(SignInError):
            exchange(scripted)


def test_messages_of_tokens_that_do_not_fit(scripted: ScriptedLogin, messages: Messages) -> None:
    changes: list[dict[str, Any]] = [
        {"id_token": None},
        {"access": {"client_id": "other"}},
        {"identity": {"azp": "other"}},
        {"identity": {"sub": "other"}},
        {"identity": {"at_hash": "other"}},
        {"identity": {"nonce": "other"}},
    ]
    for change in changes:
        scripted.answers["/oauth2/token"] = Answer(body=scripted.tokens(**change))
        with messages.raises(SignInError):
            exchange(scripted)


def test_messages_of_a_refresh(scripted: ScriptedLogin, messages: Messages) -> None:
    client = scripted.client()
    previous = client.refresh("R1").identity._replace(nonce=NONCE)
    for identity in (previous._replace(sub="other"), previous._replace(iat=9e9), previous._replace(nonce="other")):
        with messages.raises(SignInError):
            client.refresh("R1", previous=identity)
    scripted.answers["/oauth2/token"] = Answer(status=503)
    for _ in range(2):
        with messages.raises(SignInError):
            client.refresh("R1")


@pytest.mark.parametrize("query", CALLBACKS)
def test_messages_of_a_callback(scripted: ScriptedLogin, messages: Messages, query: str) -> None:
    with messages.raises(SignInError):
        scripted.client().read_callback(query, state="the-state")


def test_messages_of_a_discovery_document(scripted: ScriptedLogin, messages: Messages) -> None:
    for change in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"token_endpoint": "https://a.example"},
    ):
        scripted.answers[scripted.discovery_path] = Answer(body=scripted.discovery(**change))
        with messages.raises(SignInError):
            scripted.client(domain=None).logout_url("https://app.example/")


def test_messages_of_a_wrong_set_up(messages: Messages) -> None:
    verifier = verifier_of("eu-central-1_a", client_id="web")
    options: list[dict[str, Any]] = [
        {"client_id": "other"},
        {"client_id": "web", "client_secret": ""},
        {"client_id": "web", "domain": "Not a domain"},
        {"client_id": "web", "domain": "https://auth.example.com/oauth2"},
    ]
    for given in options:
        with messages.raises(ConfigurationError):
            OAuthClient(verifier, **given)
    client = OAuthClient(verifier, client_id="web", domain="my-app")
    calls: list[dict[str, Any]] = [{"scopes": ()}, {"state": "mine"}, {"max_age": -1}, {"prompt": ""}]
    for call in calls:
        with messages.raises(ConfigurationError):
            client.authorization_request(REDIRECT_URI, **call)
    with messages.raises(ConfigurationError):
        client.authorization_request("http://app.example/cb")
