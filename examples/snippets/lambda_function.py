"""A Lambda function behind an HTTP API or a function URL. It verifies the token itself, without an authorizer."""

import json
import os
from collections.abc import Mapping
from typing import Any

from cognito_jwt_core import CognitoJWTError, CognitoVerifier, answer_for

verifier = CognitoVerifier(
    os.environ["COGNITO_USERPOOL_ID"],
    client_id=os.environ["COGNITO_APP_CLIENT_ID"],
    token_use="access",
    jwks=os.environ.get("COGNITO_JWKS_URI"),
)


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, object]:
    scheme, _, token = event.get("headers", {}).get("authorization", "").partition(" ")
    try:
        claims = verifier.verify(token) if scheme.lower() == "bearer" else None
    except CognitoJWTError as error:
        return refused(error)
    return refused(None) if claims is None else response(200, {}, {"sub": claims["sub"]})


def refused(error: CognitoJWTError | None) -> dict[str, object]:
    answer = answer_for(error)
    return response(answer.status, dict(answer.headers), answer.body)


def response(status: int, headers: dict[str, str], body: dict[str, object]) -> dict[str, object]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json", **headers}, "body": json.dumps(body)}
