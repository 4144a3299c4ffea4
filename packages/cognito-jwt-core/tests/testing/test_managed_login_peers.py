"""OAuth clients that others wrote sign in, refresh and sign out: they keep the local managed login honest."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests
from cognito_jwt_core.testing import LocalManagedLogin
from cognito_test_kit.login_walk import App, Browser, error_of, payload_of

SECRET = "a+secret_of_the_client"
WAYS = ["none", "client_secret_basic", "client_secret_post"]


class SignedIn(NamedTuple):
    """What a client library got for a user who signed in."""

    tokens: dict[str, Any]
    refreshed: dict[str, Any]
    user_info: dict[str, Any]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Return how the client authenticates."""
    way: str = request.param
    return way


@pytest.fixture(params=[False, True], ids=["kept", "rotated"])
def login_settings(request: pytest.FixtureRequest, way: str) -> dict[str, Any]:
    return {"client_secret": None if way == "none" else SECRET, "rotation": request.param}


@pytest.fixture
def discovery(login: LocalManagedLogin) -> dict[str, str]:
    url = f"{login.user_pool.issuer}/.well-known/openid-configuration"
    document: dict[str, str] = requests.get(url, timeout=10).json()
    return document


@pytest.fixture
def plain_http() -> Iterator[None]:
    """oauthlib speaks http, even to loopback, only with this variable."""
    before = os.environ.get("OAUTHLIB_INSECURE_TRANSPORT")
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    yield
    if before is None:
        del os.environ["OAUTHLIB_INSECURE_TRANSPORT"]
    else:
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = before


def check(login: LocalManagedLogin, settings: dict[str, Any], signed_in: SignedIn) -> None:
    """Check what every client must have got, and that its sign-in has now been revoked."""
    tokens, refreshed, user_info = signed_in
    assert user_info["username"] == "alice"
    assert payload_of(tokens["id_token"])["sub"] == payload_of(refreshed["access_token"])["sub"] == user_info["sub"]
    assert tokens["access_token"] != refreshed["access_token"]
    assert (tokens["refresh_token"] != refreshed["refresh_token"]) == settings["rotation"]
    app = App(login.domain, login.client_id, settings["client_secret"])
    assert error_of(app.refresh(refreshed["refresh_token"])) == (400, "invalid_grant")


def test_authlib(login: LocalManagedLogin, login_settings: dict[str, Any], way: str, discovery: dict[str, str]) -> None:
    library = pytest.importorskip("authlib.integrations.requests_client")
    client = library.OAuth2Session(
        login.client_id,
        login_settings["client_secret"],
        scope="openid email",
        redirect_uri=App.callback,
        code_challenge_method="S256",
        token_endpoint_auth_method=way,
        revocation_endpoint_auth_method=way,
    )
    url, state = client.create_authorization_url(
        discovery["authorization_endpoint"], code_verifier=App.verifier, nonce="a nonce"
    )
    callback = Browser().sign_in(url, "alice", "correct horse")

    tokens = dict(
        client.fetch_token(
            discovery["token_endpoint"], authorization_response=callback, code_verifier=App.verifier, state=state
        )
    )
    refreshed = dict(client.refresh_token(discovery["token_endpoint"]))
    user_info = client.get(discovery["userinfo_endpoint"], timeout=10).json()
    revoked = client.revoke_token(discovery["revocation_endpoint"], refreshed["refresh_token"])

    assert revoked.status_code == 200
    assert payload_of(tokens["id_token"])["nonce"] == "a nonce"
    check(login, login_settings, SignedIn(tokens, refreshed, user_info))
    client.close()


@pytest.mark.usefixtures("plain_http")
def test_requests_oauthlib(
    login: LocalManagedLogin, login_settings: dict[str, Any], way: str, discovery: dict[str, str]
) -> None:
    library = pytest.importorskip("requests_oauthlib")
    secret = login_settings["client_secret"]
    credentials: dict[str, dict[str, Any]] = {
        "none": {"client_id": login.client_id},
        "client_secret_basic": {"auth": (login.client_id, secret)},
        "client_secret_post": {"client_id": login.client_id, "client_secret": secret},
    }
    in_form = {"include_client_id": way != "client_secret_basic"}
    client = library.OAuth2Session(login.client_id, redirect_uri=App.callback, scope=["openid", "email"], pkce="S256")
    url, _ = client.authorization_url(discovery["authorization_endpoint"])
    callback = Browser().sign_in(url, "alice", "correct horse")

    given = {name: value for name, value in credentials[way].items() if name != "client_id"}
    tokens = dict(client.fetch_token(discovery["token_endpoint"], authorization_response=callback, **in_form, **given))
    refreshed = dict(client.refresh_token(discovery["token_endpoint"], **credentials[way]))
    user_info = client.get(discovery["userinfo_endpoint"], timeout=10).json()
    App(login.domain, login.client_id, secret).revoke(refreshed["refresh_token"])

    check(login, login_settings, SignedIn(tokens, refreshed, user_info))
    client.close()
