"""The request that begins a sign-in: fresh values, S256 always, and no parameter that was not asked for."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.oauth import AuthorizationRequest, OAuthClient
from cognito_test_kit.scripted_login import REDIRECT_URI, ScriptedLogin

Call = Callable[..., Any]


@pytest.fixture
def client(scripted: ScriptedLogin) -> OAuthClient:
    return scripted.client(domain="https://auth.example.com")


def query(request: AuthorizationRequest) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(request.url).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_what_the_url_holds(call: Call, client: OAuthClient) -> None:
    request = call(client, "authorization_request", REDIRECT_URI, scopes=("openid", "email"))

    challenge = base64.urlsafe_b64encode(hashlib.sha256(request.code_verifier.encode()).digest()).rstrip(b"=").decode()
    assert request.url.startswith("https://auth.example.com/oauth2/authorize?")
    assert request.redirect_uri == REDIRECT_URI
    assert query(request) == {
        "response_type": "code",
        "client_id": "abcdef123456",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid email",
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def test_values_are_long_and_new_each_time(client: OAuthClient) -> None:
    requests = [client.authorization_request(REDIRECT_URI) for _ in range(50)]

    for values in zip(*((one.state, one.nonce, one.code_verifier) for one in requests), strict=True):
        assert len(set(values)) == 50
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{43,128}", value or "") for value in values)  # 256 bits and more
    assert all(one.code_verifier not in one.url for one in requests)


@pytest.mark.parametrize("scopes", ["email", ["email", "todo/read"]])
def test_a_login_without_openid_has_no_nonce(call: Call, client: OAuthClient, scopes: Any) -> None:
    request = call(client, "authorization_request", REDIRECT_URI, scopes=scopes)

    assert request.nonce is None
    assert "nonce" not in query(request)


@pytest.mark.parametrize("scopes", [(), None, "", "openid email", ["openid", ""], ["a\nb"], [5], b"openid", {"a": 1}])
def test_scopes_that_cannot_be_meant(call: Call, client: OAuthClient, scopes: Any) -> None:
    with pytest.raises(ConfigurationError):
        call(client, "authorization_request", REDIRECT_URI, scopes=scopes)


def test_parameters_of_the_allowlist(call: Call, client: OAuthClient) -> None:
    params: dict[str, Any] = {
        "identity_provider": "Google",
        "idp_identifier": "example.com",
        "lang": "de",
        "login_hint": "jürgen+test@example.com & co",
        "prompt": ["login", "select_account"],
        "resource": "https://api.example.com",
        "max_age": 0,
        "acr_values": ("phr", "mfa"),
    }

    request = call(client, "authorization_request", REDIRECT_URI, **params)

    found = query(request)
    assert request.url.isascii()
    assert {name: found[name] for name in params} == {
        **params,
        "prompt": "login select_account",
        "max_age": "0",
        "acr_values": "phr mfa",
    }


def test_a_parameter_that_is_none_is_left_out(call: Call, client: OAuthClient) -> None:
    request = call(client, "authorization_request", REDIRECT_URI, prompt=None, max_age=None)

    assert not {"prompt", "max_age"} & set(query(request))


@pytest.mark.parametrize(
    "params",
    [
        {"state": "mine"},
        {"nonce": "mine"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"client_id": "other"},
        {"new": "x"},
        {"prompt": ""},
        {"prompt": []},
        {"prompt": [5]},
        {"prompt": b"login"},
        {"lang": ["de"]},
        {"login_hint": "a\r\nb"},
        {"login_hint": 5},
        {"max_age": -1},
        {"max_age": True},
        {"max_age": "300"},
        {"max_age": 1.5},
    ],
    ids=str,
)
def test_other_parameters_and_values(call: Call, client: OAuthClient, params: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        call(client, "authorization_request", REDIRECT_URI, **params)


GOOD_URIS = [
    "https://app.example/auth/callback",
    "https://app.example:8443/cb?tenant=1",
    "http://localhost:5000/cb",
    "http://127.0.0.1/cb",
    "http://[::1]:49152/",
    "myapp://callback",
]
BAD_URIS = [
    None,
    "",
    "/auth/callback",
    "app.example/cb",
    "http://app.example/cb",
    "http://localhost.evil.example/cb",
    "HTTP://app.example/cb",
    "https:///cb",
    "https://app.example/cb#fragment",
    "https://app.example/c b",
    "https://app.example/cb\n",
    "https://[app.example/cb",
    "https://\u00e4.example/",
    "javascript:alert(1)",
    "https://app.example/" + "x" * 1024,
    b"https://app.example/",
]


@pytest.mark.parametrize("uri", GOOD_URIS)
def test_urls_of_the_app(call: Call, client: OAuthClient, uri: str) -> None:
    assert query(call(client, "authorization_request", uri))["redirect_uri"] == uri
    assert call(client, "logout_url", uri).startswith("https://auth.example.com/logout?client_id=abcdef123456&")


@pytest.mark.parametrize("uri", BAD_URIS)
def test_urls_that_no_app_can_have(call: Call, client: OAuthClient, uri: Any) -> None:
    for method in ("authorization_request", "logout_url"):
        with pytest.raises(ConfigurationError):
            call(client, method, uri)


def test_the_logout_url(call: Call, client: OAuthClient) -> None:
    url = call(client, "logout_url", "https://app.example/?bye=1&x=2")

    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "abcdef123456",
        "logout_uri": "https://app.example/?bye=1&x=2",
    }


def test_the_repr_shows_none_of_the_values(client: OAuthClient) -> None:
    request = client.authorization_request(REDIRECT_URI)

    assert repr(request) == "<AuthorizationRequest to auth.example.com>"
