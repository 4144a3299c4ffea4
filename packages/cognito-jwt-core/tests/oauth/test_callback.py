"""The query of the callback: `state` first, each parameter once, and nothing of an attacker's is used."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from cognito_jwt_core import ConfigurationError, SignInError, UserPool
from cognito_jwt_core.oauth import OAuthClient
from cognito_test_kit.scripted_login import verifier_of

STATE = "s" * 43
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a"


@pytest.fixture
def client() -> OAuthClient:
    return OAuthClient(verifier_of(UserPool("eu-central-1_a")), client_id="abc", domain="my-app")


def refused(client: OAuthClient, query: Any) -> SignInError:
    with pytest.raises(SignInError) as caught:
        client.read_callback(query, state=STATE)
    return caught.value


@pytest.mark.parametrize("more", ["", f"&iss={ISSUER}", "&utm_source=x&utm_source=y", "&x", "&session_state=%C3%A4"])
def test_a_good_callback(client: OAuthClient, more: str) -> None:
    assert client.read_callback(f"code=c0de&state={STATE}{more}", state=STATE) == "c0de"


@pytest.mark.parametrize(
    "query",
    [
        "",
        None,
        5,
        b"code=x",
        "code=x",
        "code=x&state=",
        f"code=x&state={STATE}x",
        f"code=x&state={STATE[:-1]}",
        f"code=x&state={STATE}&state={STATE}",
        f"code=x&state={STATE}&state=other",
        "code=x&state=%C3%A4",
        "code=x&state=\udc80",
        f"code=x&STATE={STATE}",
        f"error=access_denied&state={STATE}x",
        "error=access_denied",
        f"code=x&state={STATE}&y=%FF",
        f"code=x&state={STATE}&pad=" + "x" * 8192,
        f"code=x&state={STATE}" + "&a=b" * 60,
    ],
    ids=lambda query: str(query)[:50],
)
def test_a_callback_of_another_login(client: OAuthClient, query: Any) -> None:
    error = refused(client, query)

    assert (error.code, error.status) == ("state_mismatch", 400)


@pytest.mark.parametrize(
    ("params", "code", "status"),
    [
        ({"error": "access_denied"}, "sign_in_denied", 403),
        ({"error": "access_denied", "code": "x"}, "sign_in_denied", 403),
        (
            {"error": "invalid_request", "error_description": "PreSignUp failed with error Not from here. "},
            "sign_in_denied",
            403,
        ),
        ({"error": "login_required"}, "login_required", 401),
        ({"error": "unauthorized_client"}, "sign_in_misconfigured", 502),
        ({"error": "invalid_scope"}, "sign_in_misconfigured", 502),
        ({"error": "invalid_request"}, "provider_error", 502),
        ({"error": "invalid_request", "error_description": "<script>\r\n"}, "provider_error", 502),
        ({"error": "server_error"}, "provider_error", 502),
        ({"error": ""}, "provider_error", 502),
        ({"error": ["access_denied", "access_denied"]}, "provider_error", 502),
        ({}, "code_rejected", 400),
        ({"code": ""}, "code_rejected", 400),
        ({"code": ["x", "x"]}, "code_rejected", 400),
        ({"code": "x", "iss": "https://evil.example"}, "code_rejected", 400),
        ({"code": "x", "iss": ISSUER + "/"}, "code_rejected", 400),
        ({"code": "x", "iss": ""}, "code_rejected", 400),
        ({"code": "x", "iss": [ISSUER, ISSUER]}, "code_rejected", 400),
    ],
    ids=str,
)
def test_what_a_callback_of_this_login_can_say(
    client: OAuthClient, params: dict[str, Any], code: str, status: int
) -> None:
    error = refused(client, urlencode({**params, "state": STATE}, doseq=True))

    assert (error.code, error.status) == (code, status)
    assert str(error).isascii()
    assert str(error).isprintable()


@pytest.mark.parametrize("state", [None, "", 5])
def test_a_state_that_the_session_lost(client: OAuthClient, state: Any) -> None:
    with pytest.raises(ConfigurationError):
        client.read_callback("code=x&state=", state=state)
