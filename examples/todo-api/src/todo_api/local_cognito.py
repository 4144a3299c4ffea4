"""A Cognito of your own for development and tests: moto's server and a managed login, with a pool and three users.

moto answers the calls of the AWS SDK and has the users. moto has no sign-in page, so `LocalManagedLogin` provides one
for the same users: it asks moto for each password.

The app never imports this module: the code that starts a local pool hands its address to the app as ordinary settings.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import requests
from botocore.exceptions import ClientError
from cognito_jwt_core import CognitoVerifier, UserPool
from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from .aws_sdk import tokens_of

HOST = "127.0.0.1"
REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class LocalUser:
    """One user of the local pool."""

    name: str
    password: str
    groups: tuple[str, ...]


USERS = (
    LocalUser(name="alice", password="Alice-has-1-password", groups=("admin",)),
    LocalUser(name="mo", password="Mo-has-1-password", groups=("moderator",)),
    LocalUser(name="bob", password="Bob-has-1-password", groups=()),
)


@dataclass(frozen=True, kw_only=True)
class LocalCognito:
    """A running local Cognito."""

    url: str
    user_pool_id: str
    client_id: str

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that point the app at this pool."""
        return {
            "COGNITO_REGION": REGION,
            "COGNITO_USERPOOL_ID": self.user_pool_id,
            "COGNITO_APP_CLIENT_ID": self.client_id,
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": self.url,
            "COGNITO_JWKS_URI": self.jwks_uri,
        }

    @property
    def jwks_uri(self) -> str:
        """URL of moto's keys."""
        return f"{self.url}/{self.user_pool_id}/.well-known/jwks.json"

    def sign_in(self, user: LocalUser) -> str:
        """Return an access token of this user, as a program gets it."""
        return self._tokens(user.name, user.password)["AccessToken"]

    def claims(self, username: str, password: str) -> Mapping[str, object] | None:
        """Return what moto's ID token says of a user, or None if the password is wrong."""
        try:
            token = self._tokens(username, password)["IdToken"]
        except ClientError:
            return None
        pool = UserPool(self.user_pool_id, jwks_uri=self.jwks_uri)
        return CognitoVerifier(pool, client_id=self.client_id, token_use="id").verify(token)

    @contextmanager
    def managed_login(
        self, app_url: str, *, access_seconds: float = 3600
    ) -> Iterator[tuple[LocalManagedLogin, dict[str, str]]]:
        """Serve a sign-in page for an app, and give it with the environment variables of that app.

        Args:
            app_url: The app's URL.
            access_seconds: Lifetime of the access tokens of its sessions.
        """
        pool = PoolWithMotosKeys(self)
        login = LocalManagedLogin(
            pool,
            authenticate=self.claims,
            demo_users={user.name: user.password for user in USERS},
            callback_urls=[f"{app_url}/auth/callback"],
            logout_urls=[f"{app_url}/"],
            issuer=pool.issuer,
            access_seconds=access_seconds,
        )
        with login.serve() as domain:
            yield (
                login,
                {
                    **self.environ,
                    "COGNITO_DOMAIN": domain,
                    "COGNITO_JWKS_URI": f"{domain}/{pool.id}/.well-known/jwks.json",
                    "COGNITO_LOGOUT_URI": f"{app_url}/",
                    "SECRET_KEY": secrets.token_hex(),
                },
            )

    def _tokens(self, username: str, password: str) -> Mapping[str, str]:
        return tokens_of(username, password, client_id=self.client_id, region=REGION, endpoint_url=self.url)


class PoolWithMotosKeys(LocalUserPool):
    """The pool whose tokens the managed login signs. It publishes moto's keys beside its own."""

    def __init__(self, cognito: LocalCognito) -> None:
        super().__init__(cognito.user_pool_id, client_id=cognito.client_id)
        self._motos_keys: list[dict[str, str]] = requests.get(cognito.jwks_uri, timeout=5).json()["keys"]

    @property
    def jwk_set(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys of both."""
        return {"keys": [*super().jwk_set["keys"], *self._motos_keys]}


@contextmanager
def local_cognito() -> Iterator[LocalCognito]:
    """Run a local Cognito on a free port until the end of the `with` block."""
    # The SDK and the verifier would ask a proxy of this machine, which has no way to its loopback.
    os.environ["no_proxy"] = f"{HOST},{os.environ.get('no_proxy') or os.environ.get('NO_PROXY', '')}"
    server = ThreadedMotoServer(HOST, port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        yield _seeded(f"http://{HOST}:{port}")
    finally:
        server.stop()


def _seeded(url: str) -> LocalCognito:
    client = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    pool_id = client.create_user_pool(PoolName="todo")["UserPool"]["Id"]
    app_client = client.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="todo-web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    for group in ("admin", "moderator"):
        client.create_group(UserPoolId=pool_id, GroupName=group)
    for user in USERS:
        client.admin_create_user(UserPoolId=pool_id, Username=user.name, MessageAction="SUPPRESS")
        client.admin_set_user_password(UserPoolId=pool_id, Username=user.name, Password=user.password, Permanent=True)
        for group in user.groups:
            client.admin_add_user_to_group(UserPoolId=pool_id, Username=user.name, GroupName=group)
    return LocalCognito(url=url, user_pool_id=pool_id, client_id=app_client["UserPoolClient"]["ClientId"])
