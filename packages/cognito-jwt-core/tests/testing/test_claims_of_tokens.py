"""Tokens of the kit have what Cognito's have: by AWS's documentation, by moto, and to the eyes of another library."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest
from cognito_jwt_core.testing import LocalUserPool
from moto.server import ThreadedMotoServer

# "Understanding the access token" and "Understanding the identity (ID) token" in the Amazon Cognito developer guide:
# the claims of every sign-in, without those of a remembered device, a federated user, a nonce or a group with a role.
DOCUMENTED_ACCESS_CLAIMS = {
    "sub": str,
    "cognito:groups": list,
    "iss": str,
    "version": int,
    "client_id": str,
    "origin_jti": str,
    "event_id": str,
    "token_use": str,
    "scope": str,
    "auth_time": int,
    "exp": int,
    "iat": int,
    "jti": str,
    "username": str,
}
DOCUMENTED_ID_CLAIMS = {
    "sub": str,
    "cognito:groups": list,
    "email_verified": bool,
    "iss": str,
    "cognito:username": str,
    "origin_jti": str,
    "aud": str,
    "event_id": str,
    "token_use": str,
    "auth_time": int,
    "exp": int,
    "iat": int,
    "jti": str,
    "email": str,
}


@pytest.fixture
def pool() -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def types_of(claims: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in claims.items()}


def test_access_token_has_the_documented_claims_and_no_other(pool: LocalUserPool) -> None:
    assert types_of(claims_of(pool.access_token(groups=["admin"]))) == DOCUMENTED_ACCESS_CLAIMS


def test_id_token_has_the_documented_claims_and_no_other(pool: LocalUserPool) -> None:
    assert types_of(claims_of(pool.id_token(groups=["admin"]))) == DOCUMENTED_ID_CLAIMS


def test_client_credentials_token_has_the_claims_that_belong_to_no_user(pool: LocalUserPool) -> None:
    of_a_user = {"cognito:groups", "origin_jti", "event_id", "username"}

    claims = types_of(claims_of(pool.client_credentials_token()))

    assert claims == {name: kind for name, kind in DOCUMENTED_ACCESS_CLAIMS.items() if name not in of_a_user}


@pytest.fixture(scope="module")
def moto_tokens() -> Iterator[dict[str, dict[str, Any]]]:
    """The claims of both tokens that moto gives a user who is in a group."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield _sign_in(f"http://{host}:{port}")
    finally:
        server.stop()


def _sign_in(endpoint: str) -> dict[str, dict[str, Any]]:
    session = boto3.Session("any", "any", region_name="eu-central-1")
    cognito = session.client("cognito-idp", endpoint_url=endpoint)
    pool_id = cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
    flows: Any = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="client", ExplicitAuthFlows=flows)
    client_id = client["UserPoolClient"]["ClientId"]
    attributes: Any = [{"Name": "email", "Value": "alice@example.com"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool_id, Username="alice", UserAttributes=attributes)
    password = os.urandom(8).hex() + "aA1!"
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="alice", Password=password, Permanent=True)
    cognito.create_group(UserPoolId=pool_id, GroupName="admin")
    cognito.admin_add_user_to_group(UserPoolId=pool_id, Username="alice", GroupName="admin")
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": password},
    )
    tokens = answer["AuthenticationResult"]
    return {"access": claims_of(tokens["AccessToken"]), "id": claims_of(tokens["IdToken"])}


@pytest.mark.parametrize("token_use", ["access", "id"])
def test_token_has_every_claim_of_motos_in_the_same_type(
    pool: LocalUserPool, moto_tokens: dict[str, dict[str, Any]], token_use: str
) -> None:
    token = pool.access_token(groups=["admin"]) if token_use == "access" else pool.id_token(groups=["admin"])

    ours, motos = claims_of(token), moto_tokens[token_use]

    assert types_of(motos).items() <= types_of(ours).items()
    same = {
        "token_use",
        "cognito:groups",
        "scope",
        "username",
        "cognito:username",
        "email_verified",
        "email",
        "version",
    }
    assert {name: ours[name] for name in same & motos.keys()} == {name: motos[name] for name in same & motos.keys()}


@pytest.mark.parametrize("rotations", [0, 2])
def test_tokens_are_accepted_by_pyjwt(pool: LocalUserPool, rotations: int) -> None:
    token = pool.id_token()
    for _ in range(rotations):
        pool.rotate_key()

    with pool.serve() as url:
        key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=pool.client_id, issuer=pool.issuer)

    assert claims["cognito:username"] == "alice"


def test_badly_signed_token_is_refused_by_pyjwt(pool: LocalUserPool) -> None:
    with pool.serve() as url:
        key = jwt.PyJWKClient(url).get_signing_key_from_jwt(pool.badly_signed_token())

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(pool.badly_signed_token(), key, algorithms=["RS256"])
