"""A Cognito of your own for development and tests: moto's server on loopback, with a pool, groups and three users.

The app never imports this module: whoever starts a local pool hands its address to the app as ordinary settings.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from .sign_in import sign_in

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
            "COGNITO_JWKS_URI": f"{self.url}/{self.user_pool_id}/.well-known/jwks.json",
        }

    def sign_in(self, user: LocalUser) -> str:
        """Return an access token of this user."""
        return sign_in(user.name, user.password, client_id=self.client_id, region=REGION, endpoint_url=self.url)


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
