"""What an `OAuthClient` is made of."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, MultiPoolVerifier, UserPool
from cognito_jwt_core.oauth import OAuthClient
from cognito_test_kit.scripted_login import REDIRECT_URI, SECRET, verifier_of


def host_of(client: OAuthClient) -> str:
    url = client.authorization_request(REDIRECT_URI).url
    return url.partition("/oauth2/authorize?")[0]


@pytest.mark.parametrize(
    ("pool", "domain", "host"),
    [
        ("eu-central-1_a", "https://auth.example.com", "https://auth.example.com"),
        ("eu-central-1_a", "https://auth.example.com/", "https://auth.example.com"),
        ("eu-central-1_a", "https://auth.example.com:8443", "https://auth.example.com:8443"),
        ("eu-central-1_a", "auth.example.com", "https://auth.example.com"),
        ("eu-central-1_a", "localhost:8443", "https://localhost:8443"),
        ("eu-central-1_a", "http://localhost:9000", "http://localhost:9000"),
        ("eu-central-1_a", "my-app", "https://my-app.auth.eu-central-1.amazoncognito.com"),
        ("us-gov-west-1_a", "my-app", "https://my-app.auth-fips.us-gov-west-1.amazoncognito.com"),
        ("cn-north-1_a", "https://auth.example.cn", "https://auth.example.cn"),
        ("eusc-de-east-1_a", "auth.example.eu", "https://auth.example.eu"),
    ],
)
def test_domains(pool: str, domain: str, host: str) -> None:
    assert host_of(OAuthClient(verifier_of(pool), client_id="abc", domain=domain)) == host


@pytest.mark.parametrize(
    ("pool", "domain"),
    [
        ("eu-central-1_a", "todo.auth.eu-central-1"),
        ("eu-central-1_a", ""),
        ("eu-central-1_a", 5),
        ("eu-central-1_a", "My-App"),
        ("eu-central-1_a", "-app"),
        ("eu-central-1_a", "my_app"),
        ("eu-central-1_a", "my-cognito-app"),
        ("eu-central-1_a", "aws"),
        ("eu-central-1_a", "x" * 64),
        ("eu-central-1_a", "app\n"),
        ("eu-central-1_a", "http://auth.example.com"),
        ("eu-central-1_a", "ftp://auth.example.com"),
        ("eu-central-1_a", "https://auth.example.com/oauth2"),
        ("eu-central-1_a", "auth.example.com/login"),
        ("eu-central-1_a", "https://auth.example.com?x=1"),
        ("eu-central-1_a", "https://auth.example.com#x"),
        ("eu-central-1_a", "https://user:pass@auth.example.com"),
        ("eu-central-1_a", "https://auth example.com"),
        ("eu-central-1_a", "https://\u00e4.example.com"),
        ("eu-central-1_a", "https://"),
        ("eu-central-1_a", "cognito-idp.eu-central-1.amazonaws.com"),
        ("eu-central-1_a", "https://issuer-cognito-idp.eu-central-1.amazonaws.com"),
        ("cn-north-1_a", "https://cognito-idp.cn-north-1.amazonaws.com.cn/"),
        ("cn-north-1_a", "my-app"),
        ("eusc-de-east-1_a", "my-app"),
        (UserPool("local_x", issuer="http://localhost:9229/local_x"), "my-app"),
    ],
)
def test_domains_that_cannot_be_one(pool: Any, domain: Any) -> None:
    with pytest.raises(ConfigurationError):
        OAuthClient(verifier_of(pool), client_id="abc", domain=domain)


@pytest.mark.parametrize(
    "options",
    [
        {"client_secret": ""},
        {"client_secret": " "},
        {"client_secret": SECRET + "\n"},
        {"client_secret": "two words"},
        {"client_secret": str},
        {"client_secret": SECRET.encode()},
        {"client_secret": SECRET + "\ud800"},
        {"client_id": ""},
        {"client_id": None},
        {"client_id": "a b"},
        {"client_id": "a,b"},
        {"client_id": "a:b"},
        {"client_id": "x" * 129},
        {"client_id": ["abc"]},
    ],
    ids=str,
)
def test_options_that_cannot_be_meant(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OAuthClient(verifier_of("eu-central-1_a"), **{"client_id": "abc", "domain": "my-app", **options})

    assert SECRET not in str(caught.value)


def test_a_secret_that_nothing_would_await() -> None:
    async def secret() -> str:
        raise NotImplementedError

    with pytest.raises(ConfigurationError):
        OAuthClient(verifier_of("eu-central-1_a"), client_id="abc", client_secret=secret)  # type: ignore[arg-type]


def test_a_secret_of_an_object_that_nothing_would_await() -> None:
    class Secret:
        async def __call__(self) -> str:
            raise NotImplementedError

    with pytest.raises(ConfigurationError):
        OAuthClient(verifier_of("eu-central-1_a"), client_id="abc", client_secret=Secret())  # type: ignore[arg-type]


def test_a_verifier_of_several_pools() -> None:
    several = MultiPoolVerifier([verifier_of("eu-central-1_a"), verifier_of("eu-central-1_b")])

    with pytest.raises(ConfigurationError):
        OAuthClient(several, client_id="abc")  # type: ignore[arg-type]


def test_a_client_whose_tokens_the_verifier_refuses() -> None:
    verifier = verifier_of("eu-central-1_a", client_id=["web", "mobile"])

    assert OAuthClient(verifier, client_id="web", domain="my-app")
    with pytest.raises(ConfigurationError):
        OAuthClient(verifier, client_id="other", domain="my-app")


@pytest.mark.parametrize("secret", [SECRET, lambda: SECRET])
def test_nothing_shows_the_secret(secret: Any) -> None:
    client = OAuthClient(verifier_of("eu-central-1_a"), client_id="abc", client_secret=secret, domain="my-app")

    assert repr(client) == "<OAuthClient of confidential app client abc of eu-central-1_a>"
    assert SECRET not in client.authorization_request(REDIRECT_URI).url + client.logout_url("https://app.example/")
    with pytest.raises(TypeError) as caught:
        pickle.dumps(client)
    assert SECRET not in str(caught.value)


def test_the_repr_of_a_public_client() -> None:
    client = OAuthClient(verifier_of("eu-central-1_a"), client_id="abc", domain="my-app")

    assert repr(client) == "<OAuthClient of public app client abc of eu-central-1_a>"
