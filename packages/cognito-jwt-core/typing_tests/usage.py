"""Calls that must type-check, and with `type: ignore` calls that must not: mypy judges, nothing is run."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import requests
from cognito_jwt_core import (
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    InvalidClaimError,
    JWKSResponse,
    JWKSUnavailableError,
    KeySettings,
    KeySource,
    MissingClaimError,
    MultiPoolVerifier,
    ScopeRequiredError,
    SignInError,
    UserPool,
)
from cognito_jwt_core.oauth import AuthorizationRequest, OAuthClient, TokenIdentity, TokenSet

if TYPE_CHECKING:
    from typing_extensions import assert_type


def check_tenant(claims: Claims) -> None:
    if claims["custom:tenant"] != "acme":
        raise InvalidClaimError("no such tenant", claim="custom:tenant")


class Source:
    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(b"{}", max_age_seconds=600)


def building() -> None:
    CognitoVerifier("eu-central-1_c3fea2", client_id="abc", token_use="access")
    CognitoVerifier("eu-central-1_c3fea2", client_id=None, token_use=None)
    CognitoVerifier(
        UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"]),
        client_id=["abc", "def"],
        token_use="id",
        audience={"https://api.example"},
        groups=("admin", "dev"),
        scopes=frozenset({"todo/read"}),
        leeway=0.5,
        check_expiration=True,
        custom_check=check_tenant,
        jwks="https://proxy.example/jwks.json",
        bundled_jwks=pathlib.Path("jwks.json"),
        session=requests.Session(),
        key_settings=KeySettings(allow_http=True),
        cache_size=0,
    )
    CognitoVerifier("x", client_id=None, token_use=None, jwks={"keys": []})
    CognitoVerifier("x", client_id=None, token_use=None, jwks=Source())
    source: KeySource = Source()
    CognitoVerifier("x", client_id=None, token_use=None, jwks=source)
    path: os.PathLike[str] = pathlib.Path("jwks.json")
    CognitoVerifier("x", client_id=None, token_use=None, jwks=path)


def wrong_building() -> None:
    CognitoVerifier("x")  # type: ignore[call-arg]
    CognitoVerifier("x", client_id="abc")  # type: ignore[call-arg]
    CognitoVerifier("x", token_use="access")  # type: ignore[call-arg]
    CognitoVerifier("x", "abc", "access")  # type: ignore[call-arg]
    CognitoVerifier(1, client_id=None, token_use=None)  # type: ignore[arg-type]
    CognitoVerifier("x", client_id=1, token_use=None)  # type: ignore[arg-type]
    CognitoVerifier("x", client_id=None, token_use="refresh")  # type: ignore[arg-type]
    CognitoVerifier("x", client_id=None, token_use=None, groups=[1])  # type: ignore[list-item]
    CognitoVerifier("x", client_id=None, token_use=None, leeway="5")  # type: ignore[arg-type]
    CognitoVerifier("x", client_id=None, token_use=None, jwks=1)  # type: ignore[arg-type]
    CognitoVerifier("x", client_id=None, token_use=None, custom_check=lambda: None)  # type: ignore[arg-type, misc]
    CognitoVerifier("x", client_id=None, token_use=None, verify=False)  # type: ignore[call-arg]
    UserPool("x", "eu-central-1", ["us-east-1"])  # type: ignore[call-arg]
    UserPool("x").id = "y"  # type: ignore[misc]


def verifying(verifier: CognitoVerifier, token: str) -> None:
    claims = verifier.verify(token)
    verifier.verify(token.encode())
    verifier.verify(token, groups="admin", scopes=["a"], token_use="id", client_id=None, audience={"x"})
    verifier.verify(token, groups=None, scopes=None, token_use=None, client_id="abc", audience=None)
    verifier.prefetch()

    assert_type(claims, Claims)
    assert_type(claims.sub, str)
    assert_type(claims.username, str | None)
    assert_type(claims.groups, tuple[str, ...])
    assert_type(claims.scopes, tuple[str, ...])
    assert_type(claims.token_use, str)
    assert_type(claims.client_id, str | None)
    assert_type(claims.issuer, str)
    assert_type(claims.user_pool_id, str)
    assert_type(claims.issued_at, datetime | None)
    assert_type(claims.expires_at, datetime | None)
    assert_type(claims["email"], object)
    assert_type(claims.copy(), Claims)
    mapping: Mapping[str, object] = claims
    dict(mapping)


async def verifying_in_a_task(verifier: MultiPoolVerifier, token: str) -> None:
    assert_type(await verifier.verify_async(token, groups=["admin"]), Claims)


def wrong_verifying(verifier: CognitoVerifier, token: str) -> None:
    verifier.verify(None)  # type: ignore[arg-type]
    verifier.verify(token, "admin")  # type: ignore[call-arg]
    verifier.verify(token, groups=1)  # type: ignore[arg-type]
    verifier.verify(token, token_use="refresh")  # type: ignore[arg-type]
    verifier.verify(token, leeway=5)  # type: ignore[call-arg]
    verifier.verify(token).email  # type: ignore[attr-defined]  # noqa: B018  a claim is no attribute
    verifier.verify(token)["iat"] + 1  # type: ignore[operator]


def several(one: CognitoVerifier, two: CognitoVerifier) -> None:
    MultiPoolVerifier([one, two], cache_size=10)
    MultiPoolVerifier(verifier for verifier in (one, two))
    MultiPoolVerifier(one)  # type: ignore[arg-type]
    MultiPoolVerifier(["eu-central-1_c3fea2"])  # type: ignore[list-item]


def refusals(error: CognitoJWTError) -> None:
    assert_type(error.code, str)
    if isinstance(error, JWKSUnavailableError):
        assert_type(error.retry_after, int)
    if isinstance(error, InvalidClaimError):
        assert_type(error.claim, str)
        assert_type(error.expected, object)
        assert_type(error.actual, object)
    if isinstance(error, ScopeRequiredError):
        assert_type(error.required, tuple[str, ...])
    try:
        raise error
    except KeyError as missing:
        assert_type(missing, KeyError)
    except MissingClaimError as missing_claim:
        assert_type(missing_claim, MissingClaimError)


async def sign_in(verifier: CognitoVerifier) -> None:
    oauth = OAuthClient(verifier, client_id="abcdef123456")
    OAuthClient(verifier, client_id="abcdef123456", client_secret=lambda: "secret", domain="my-app")
    login = oauth.authorization_request("https://app.example/cb", scopes=["openid"], prompt="login", max_age=300)
    assert_type(login, AuthorizationRequest)
    assert_type(login.nonce, str | None)
    code = oauth.read_callback("code=x&state=y", state=login.state)
    tokens = oauth.exchange_code(
        code, redirect_uri=login.redirect_uri, code_verifier=login.code_verifier, nonce=login.nonce
    )
    assert_type(tokens, TokenSet)
    assert_type(tokens.claims, Claims)
    assert_type(tokens.id_claims, Claims | None)
    assert_type(tokens.expires_at, datetime)
    assert_type(tokens.identity, TokenIdentity)
    assert_type(oauth.refresh(tokens.refresh_token, previous=tokens.identity), TokenSet)
    assert_type(await oauth.refresh_async(tokens.refresh_token, previous=tokens), TokenSet)
    assert_type(await oauth.user_info_async(tokens.access_token), dict[str, object])
    assert_type(oauth.logout_url("https://app.example/"), str)


def wrong_sign_in(verifier: CognitoVerifier, tokens: TokenSet) -> None:
    OAuthClient(verifier)  # type: ignore[call-arg]
    oauth = OAuthClient(verifier, client_id="abcdef123456", client_secret=5)  # type: ignore[arg-type]
    oauth.exchange_code("code", redirect_uri="x", code_verifier="x")  # type: ignore[call-arg]
    oauth.refresh("R", previous={"sub": "x"})  # type: ignore[arg-type]
    tokens.access_token = "x"  # type: ignore[misc]  # frozen


def failed_sign_in(error: SignInError) -> None:
    assert_type(error.status, int)
    assert_type(error.retryable, bool)
    assert_type(error.retry_after, int | None)


def no_key_source(source: Sequence[str]) -> None:
    found: KeySource = source  # type: ignore[assignment]
    found.fetch(1.0)
