"""A new token and one seen before: ours and the other libraries in one process, beside the floor.

Each checks signature, issuer, expiry, token use and app client, and is set up once, as its documentation shows.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any, TypeAlias

from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import LocalUserPool
from jwcrypto.jwk import JWKSet
from material import BATCH, Material
from measuring import Timings, interleave, seconds_each

Check: TypeAlias = Callable[[str], object]
FLOOR, OURS = "RSA verification alone", "cognito-jwt-core"
# As every peer works, without a memory of the tokens that it verified; and as a client does, with one token, again.
FORGETFUL, AGAIN = "cognito-jwt-core with cache_size=0", "cognito-jwt-core, one token"


def pyjwt(pool: LocalUserPool) -> Check:
    import jwt

    keys = jwt.PyJWKSet.from_dict(pool.jwk_set)

    def check(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"require": ["exp", "iss", "sub"], "verify_aud": False}
        must_match(jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, options=options), pool)

    return check


def joserfc(pool: LocalUserPool) -> Check:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys: Any = KeySet.import_key_set(pool.jwk_set)  # type: ignore[arg-type]
    rules = jwt.JWTClaimsRegistry(**claim_options(pool))
    return lambda token: rules.validate(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def authlib(pool: LocalUserPool) -> Check:
    from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it says that joserfc follows it
    from authlib.jose import JsonWebKey, JsonWebToken  # type: ignore[import-untyped]

    keys, jwt, options = JsonWebKey.import_key_set(pool.jwk_set), JsonWebToken(["RS256"]), claim_options(pool)
    return lambda token: jwt.decode(token, keys, claims_options=options).validate()


def python_jose(pool: LocalUserPool) -> Check:
    from jose import jwk, jwt  # type: ignore[import-untyped]

    keys = {key["kid"]: jwk.construct(key) for key in pool.jwk_set["keys"]}
    options = {"verify_aud": False, "require_exp": True, "require_iss": True, "require_sub": True}

    def check(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        must_match(jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, options=options), pool)

    return check


def flask_cognito_1(pool: LocalUserPool) -> Check:
    """What Flask-Cognito 1.21 verifies with; it checks neither issuer nor token use."""
    import cognitojwt  # type: ignore[import-untyped]

    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(json.dumps(pool.jwk_set))
        file.flush()
        os.environ["AWS_COGNITO_JWKS_PATH"] = file.name
        cognitojwt.decode(pool.access_token(), pool.region, pool.id)  # keeps what the file says for good
    return lambda token: cognitojwt.decode(token, pool.region, pool.id, pool.client_id)


def jwcrypto(pool: LocalUserPool) -> Check:
    from jwcrypto.jwt import JWT

    keys = JWKSet.from_json(json.dumps(pool.jwk_set))
    wanted = {"iss": pool.issuer, "exp": None, "sub": None, "token_use": "access", "client_id": pool.client_id}
    return lambda token: json.loads(JWT(jwt=token, key=keys, algs=["RS256"], check_claims=wanted).claims)


def powertools(pool: LocalUserPool) -> Check:
    """It takes none but tokens that are bound to an API."""
    from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier

    audience = pool.client_id
    verifier = JWTVerifier.cognito(
        user_pool_id=pool.id, client_id=pool.client_id, audience=audience, jwks=pool.jwk_set, clock_skew_seconds=0
    )
    return verifier.verify


def claim_options(pool: LocalUserPool) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": pool.issuer},
        "exp": {"essential": True},
        "sub": {"essential": True},
        "token_use": {"essential": True, "value": "access"},
        "client_id": {"essential": True, "value": pool.client_id},
    }


def must_match(claims: dict[str, Any], pool: LocalUserPool) -> None:
    if claims["token_use"] != "access" or claims["client_id"] != pool.client_id:
        raise ValueError("meant for somebody else")


PEERS: dict[str, tuple[str, Callable[[LocalUserPool], Check]]] = {
    "joserfc": ("joserfc", joserfc),
    "Authlib": ("authlib", authlib),
    "PyJWT": ("pyjwt", pyjwt),
    "python-jose": ("python-jose", python_jose),
    "cognitojwt, of Flask-Cognito 1.21": ("cognitojwt", flask_cognito_1),
    "jwcrypto's JWT": ("jwcrypto", jwcrypto),
    "Powertools' auth_alpha": ("aws-lambda-powertools", powertools),
}


def versions() -> dict[str, str]:
    return {OURS: version(OURS), **{name: version(distribution) for name, (distribution, _) in PEERS.items()}}


class Newcomers:
    """A verifier whose memory is full, and to which every token is new: another verifier when they begin again."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._verifier: CognitoVerifier | None = None

    def __call__(self, number: int) -> float:
        if self._verifier is None or number % len(self._material.batches) == 0:
            self._verifier = self._material.verifier()
            for token in self._material.seen:
                self._verifier.verify(token)
        return seconds_each(self._verifier.verify, self._material.new(number))


def peers(material: Material) -> Iterator[tuple[str, Check, Material]]:
    """Each with the tokens that it takes."""
    bound = Material(batches=4, seen=BATCH, aud=material.pool.client_id)
    for name, (_, build) in PEERS.items():
        yield name, build(material.pool), bound if build is powertools else material


def time_new_tokens(material: Material, rounds: int) -> Timings:
    contestants: dict[str, Callable[[int], float]] = {
        FLOOR: lambda number: material.floor(material.new(number)),
        OURS: Newcomers(material),
        FORGETFUL: partial(_time, material.verifier(0).verify, material.new),
    }
    for name, check, tokens in peers(material):
        contestants[name] = partial(_time, check, tokens.new)
    return interleave(contestants, rounds)


def time_seen_tokens(material: Material, rounds: int) -> Timings:
    contestants: dict[str, Callable[[int], float]] = {
        FLOOR: lambda number: material.floor(material.known(number)),
        AGAIN: partial(_time, material.verifier().verify, lambda _: [material.seen[0].decode()] * BATCH),
    }
    for name, check, tokens in [(OURS, material.verifier().verify, material), *peers(material)]:
        for token in tokens.seen:
            check(token.decode())
        contestants[name] = partial(_time, check, tokens.known)
    return interleave(contestants, rounds)


def _time(check: Check, tokens: Callable[[int], list[str]], number: int) -> float:
    return seconds_each(check, tokens(number))
