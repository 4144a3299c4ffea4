"""Sign in with a user name and a password: one call of the AWS SDK, for Amazon's Cognito as for a local one."""

from collections.abc import Mapping

import boto3
from botocore import UNSIGNED
from botocore.config import Config


def tokens_of(
    username: str, password: str, *, client_id: str, region: str, endpoint_url: str | None = None
) -> Mapping[str, str]:
    """Return the tokens that Cognito gives this user: `AccessToken` and `IdToken`.

    Args:
        username: The user's name in the pool.
        password: Their password, which must be a permanent one.
        client_id: An app client that allows `USER_PASSWORD_AUTH` and has no secret.
        region: The pool's region.
        endpoint_url: Where Cognito is; None for Amazon's own.
    """
    # The call needs no AWS credentials: without `UNSIGNED` the SDK would look for some all the same.
    client = boto3.client(
        "cognito-idp", region_name=region, endpoint_url=endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    answer = client.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )
    tokens = answer["AuthenticationResult"]
    return {"AccessToken": tokens["AccessToken"], "IdToken": tokens["IdToken"]}
