"""Other libraries, each set up once for access tokens of one user pool and one app client, with no clock skew.

Each is set up as its own documentation shows. Where a library leaves checks to its caller, those lines are here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from cognito_jwt_core.testing import LocalUserPool

Check: TypeAlias = Callable[[Any], object]
HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
NODE_LIBRARY = "aws-jwt-verify"
API = "https://api.example/todo"


class Library(NamedTuple):
    """A library's distribution on PyPI, and how it is set up.

    Attributes:
        distribution: Name on PyPI.
        build: Returns the check of one token, and the errors that the library documents for a refusal.
        needs_audience: True if it takes only tokens that are addressed to an API.
    """

    distribution: str
    build: Callable[[LocalUserPool], tuple[Check, tuple[type[Exception], ...]]]
    needs_audience: bool = False


class UnavailableError(Exception):
    """Something cannot be measured on this machine; the message gives the reason."""


def pyjwt(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    import jwt

    keys = jwt.PyJWKSet.from_dict(pool.jwk_set)
    options: Any = {"require": ["exp", "iss", "sub", "token_use", "client_id"], "verify_aud": False}

    def check(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, options=options)
        if claims["token_use"] != "access" or claims["client_id"] != pool.client_id:
            raise jwt.InvalidTokenError

    return check, (jwt.PyJWTError, KeyError)  # a mapping raises KeyError for an unknown kid


def joserfc(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys: Any = KeySet.import_key_set(pool.jwk_set)  # type: ignore[arg-type]
    rules = jwt.JWTClaimsRegistry(**claim_options(pool))
    return lambda token: rules.validate(jwt.decode(token, keys, algorithms=["RS256"]).claims), (JoseError,)


def authlib(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it recommends joserfc
    from authlib.jose import JsonWebKey, JsonWebToken  # type: ignore[import-untyped]
    from authlib.jose.errors import JoseError  # type: ignore[import-untyped]

    keys, jwt, options = JsonWebKey.import_key_set(pool.jwk_set), JsonWebToken(["RS256"]), claim_options(pool)
    return lambda token: jwt.decode(token, keys, claims_options=options).validate(), (JoseError, ValueError)


def python_jose(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    from jose import JOSEError, jwk, jwt  # type: ignore[import-untyped]

    keys = {key["kid"]: jwk.construct(key) for key in pool.jwk_set["keys"]}
    options = {"verify_aud": False, "require_exp": True, "require_iss": True, "require_sub": True}

    def check(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, options=options)
        if claims["token_use"] != "access" or claims["client_id"] != pool.client_id:
            raise JOSEError

    return check, (JOSEError, KeyError)


def flask_cognito_1(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    """Verify as Flask-Cognito 1.21 does: it checks neither issuer nor token use."""
    import cognitojwt  # type: ignore[import-untyped]
    from jose import JWTError

    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(pool.jwk_set, file)
        file.flush()
        os.environ["AWS_COGNITO_JWKS_PATH"] = file.name
        cognitojwt.decode(pool.access_token(), pool.region, pool.id)  # reads the file, once
    return (
        lambda token: cognitojwt.decode(token, pool.region, pool.id, pool.client_id),
        (cognitojwt.CognitoJWTException, JWTError, ValueError),  # the extension answers each of them with 401
    )


def jwcrypto(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    from jwcrypto.common import JWException
    from jwcrypto.jwk import JWKSet
    from jwcrypto.jwt import JWT

    keys = JWKSet.from_json(json.dumps(pool.jwk_set))
    wanted = {"iss": pool.issuer, "exp": None, "sub": None, "token_use": "access", "client_id": pool.client_id}
    return (
        lambda token: json.loads(JWT(jwt=token, key=keys, algs=["RS256"], check_claims=wanted).claims),
        (JWException, ValueError),
    )


def powertools(pool: LocalUserPool) -> tuple[Check, tuple[type[Exception], ...]]:
    from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier
    from aws_lambda_powertools.utilities.auth_alpha.exceptions import AuthError

    verifier = JWTVerifier.cognito(
        user_pool_id=pool.id,
        client_id=pool.client_id,
        audience=[API, pool.client_id],
        jwks=pool.jwk_set,
        clock_skew_seconds=0,
    )
    return verifier.verify, (AuthError,)


def claim_options(pool: LocalUserPool) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": pool.issuer},
        "exp": {"essential": True},
        "sub": {"essential": True},
        "token_use": {"essential": True, "value": "access"},
        "client_id": {"essential": True, "value": pool.client_id},
    }


LIBRARIES = {
    "joserfc": Library("joserfc", joserfc),
    "Authlib": Library("authlib", authlib),
    "PyJWT": Library("pyjwt", pyjwt),
    "python-jose": Library("python-jose", python_jose),
    "cognitojwt, of Flask-Cognito 1.21": Library("cognitojwt", flask_cognito_1),
    "jwcrypto's JWT": Library("jwcrypto", jwcrypto),
    "Powertools' auth_alpha": Library("aws-lambda-powertools", powertools, needs_audience=True),
}


def versions() -> dict[str, str]:
    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    return {
        "cognito-jwt-core": version("cognito-jwt-core"),
        NODE_LIBRARY: package["dependencies"][NODE_LIBRARY],
        **{name: version(library.distribution) for name, library in LIBRARIES.items()},
    }


def ask_node(pool: LocalUserPool, tokens: list[str], rounds: int = 0) -> Any:
    """Return the verdicts of aws-jwt-verify on the tokens, or its times if `rounds` is above 0.

    Raises:
        UnavailableError: Node.js or the package is missing.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise UnavailableError("no Node.js here")
    folder = CACHE / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "node.mjs"):
        shutil.copy(HERE / name, folder)
    install = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefer-offline"]
    if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:
        raise UnavailableError("npm could not install it")
    question = {"id": pool.id, "client": pool.client_id, "jwks": pool.jwk_set, "tokens": tokens, "rounds": rounds}
    answer = subprocess.run(
        [node, "node.mjs"], cwd=folder, input=json.dumps(question), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(answer.stdout)
