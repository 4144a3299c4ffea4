"""A FastAPI app. A route that depends on `signed_in` requires an access token of your app client."""

import os
from typing import Annotated

from cognito_jwt_core import Claims, CognitoJWTError, CognitoVerifier, answer_for
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

verifier = CognitoVerifier(
    os.environ["COGNITO_USERPOOL_ID"],
    client_id=os.environ["COGNITO_APP_CLIENT_ID"],
    token_use="access",
    jwks=os.environ.get("COGNITO_JWKS_URI"),
)
bearer = HTTPBearer(auto_error=False)
app = FastAPI()


class NoTokenError(Exception):
    """The request has no token."""


async def signed_in(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Claims:
    if credentials is None:
        raise NoTokenError
    return await verifier.verify_async(credentials.credentials)


@app.exception_handler(NoTokenError)
@app.exception_handler(CognitoJWTError)
async def refused(request: Request, error: Exception) -> JSONResponse:
    answer = answer_for(error if isinstance(error, CognitoJWTError) else None)
    return JSONResponse(answer.body, answer.status, dict(answer.headers))


@app.get("/me")
async def me(claims: Annotated[Claims, Depends(signed_in)]) -> dict[str, object]:
    return {"sub": claims["sub"]}
