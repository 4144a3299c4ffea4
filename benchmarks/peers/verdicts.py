"""What each library says to a token: "accepts", "refuses", or "fails" with an error that it does not document.

Each is set up for access tokens of one user pool and one app client, as its own documentation shows, with its clock
skew at zero. Where a library leaves checks to its caller, the caller's lines are here, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from cognito_jwt_core import InvalidTokenError
from cognito_jwt_core.testing import LocalUserPool
from corpus import API, verifier_for

Check: TypeAlias = Callable[[Any], object]
HERE = Path(__file__).parent


def verdict(check: Check, token: object, documented: tuple[type[Exception], ...]) -> str:
    try:
        check(token)
    except documented:
        return "refuses"
    except Exception as error:  # noqa: BLE001  which ones there are is the question
        return f"fails: {type(error).__name__}"
    return "accepts"


def ours(pool: LocalUserPool, tokens: Sequence[object]) -> list[str]:
    verifier = verifier_for(pool)
    return [verdict(verifier.verify, token, (InvalidTokenError,)) for token in tokens]


def flask_cognito(pool: LocalUserPool, tokens: list[str]) -> list[str]:
    """Its extension answers a `CognitoJWTException` with 401, and any other error with 500."""
    from cognitojwt import CognitoJWTException
    from flask import Flask
    from flask_cognito import CognitoAuth

    jwks = HERE.parent.parent / ".cache" / "peers-jwks.json"
    jwks.parent.mkdir(exist_ok=True)
    jwks.write_text(json.dumps(pool.jwk_set), encoding="utf-8")
    os.environ["AWS_COGNITO_JWKS_PATH"] = str(jwks)
    app = Flask("peer")
    app.config.update(COGNITO_REGION=pool.region, COGNITO_USERPOOL_ID=pool.id, COGNITO_APP_CLIENT_ID=pool.client_id)
    extension = CognitoAuth(app)
    return [verdict(extension.decode_token, token, (CognitoJWTException,)) for token in tokens]


def pyjwt(pool: LocalUserPool, tokens: list[str]) -> list[str]:
    import jwt

    keys = jwt.PyJWKSet.from_dict(pool.jwk_set)

    def check(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=pool.issuer,
            options={"require": ["exp", "iss", "sub", "token_use", "client_id"], "verify_aud": False},
        )
        if claims["token_use"] != "access" or claims["client_id"] != pool.client_id:
            raise jwt.InvalidTokenError

    # A kid that is not in the set is a KeyError, of a mapping: it is what the caller expects.
    return [verdict(check, token, (jwt.PyJWTError, KeyError)) for token in tokens]


def joserfc(pool: LocalUserPool, tokens: list[str]) -> list[str]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(pool.jwk_set)
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": pool.issuer},
        exp={"essential": True},
        sub={"essential": True},
        token_use={"essential": True, "value": "access"},
        client_id={"essential": True, "value": pool.client_id},
    )

    def check(token: str) -> None:
        registry.validate(jwt.decode(token, keys, algorithms=["RS256"]).claims)

    return [verdict(check, token, (JoseError,)) for token in tokens]


def powertools(pool: LocalUserPool, tokens: list[str]) -> list[str]:
    from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier
    from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError

    verifier = JWTVerifier.cognito(
        user_pool_id=pool.id,
        client_id=pool.client_id,
        audience=[API, pool.client_id],
        jwks=pool.jwk_set,
        clock_skew_seconds=0,
    )
    return [verdict(verifier.verify, token, (AuthError,)) for token in tokens]


def aws_jwt_verify(pool: LocalUserPool, tokens: list[str]) -> list[str] | None:
    """In JavaScript: None where there is no Node or no network to get it from."""
    node, npm = shutil.which("node"), shutil.which("npm")
    folder = HERE.parent.parent / ".cache" / "peers-node"
    if node is None or npm is None:
        return None
    if not (folder / "node_modules/aws-jwt-verify").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        if subprocess.run([npm, "install", "--silent", "--no-fund", "--no-audit"], cwd=folder, check=False).returncode:
            return None
    shutil.copy(HERE / "aws_jwt_verify.mjs", folder)
    question = {"id": pool.id, "client": pool.client_id, "jwks": pool.jwk_set, "tokens": tokens}
    command = [node, "aws_jwt_verify.mjs"]
    answer = subprocess.run(
        command, cwd=folder, input=json.dumps(question), capture_output=True, text=True, check=True
    ).stdout
    found: list[str] = json.loads(answer)
    return found


PEERS: dict[str, Callable[[LocalUserPool, list[str]], list[str] | None]] = {
    "cognito-jwt-core": ours,
    "Flask-Cognito": flask_cognito,
    "PyJWT": pyjwt,
    "joserfc": joserfc,
    "Powertools": powertools,
    "aws-jwt-verify": aws_jwt_verify,
}


def versions(names: Iterable[str]) -> dict[str, Any]:
    from importlib.metadata import version

    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    distributions = {"Powertools": "aws-lambda-powertools"}
    return {
        name: package["dependencies"][name]
        if name in package["dependencies"]
        else version(distributions.get(name, name))
        for name in names
    }
