"""A target for atheris: whatever arrives, the verifier accepts what it should and raises nothing but its own errors.

The first byte of an input says what the rest is; see `KINDS`. What is JSON is signed, so that the fuzzer gets behind
the signature. The key is that of RFC 7515 appendix A.2, whose private half is published: inputs found in one run mean
the same in the next.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages/cognito-jwt-core/tests"))

with atheris.instrument_imports(include=["cognito_jwt_core", "json"]):
    from cognito_jwt_core import CognitoJWTError, CognitoVerifier, MultiPoolVerifier, UserPool
    from cognito_jwt_core.jwks import load_key_set
    from cognito_jwt_core.signature import ALGORITHMS

from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_jwt_core.testing.tokens import base64url

NOW = 1_700_000_000
KEY = json.loads((Path(__file__).parent / "rfc7515_a2_key.json").read_text(encoding="utf-8"))["jwk"]


def pool_with_the_published_key() -> LocalUserPool:
    return LocalUserPool(
        "eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(NOW), signing_key=KEY | {"kid": "a2"}
    )


POOL = pool_with_the_published_key()
ISSUERS = tuple(UserPool(POOL.id).jwks_uris)
SEGMENTS = POOL.access_token().split(".")


def verifier_of(pool: LocalUserPool, **options: int) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id, client_id=pool.client_id, token_use="access", jwks=pool.jwk_set, clock=pool.clock, **options
    )


VERIFIERS = (
    verifier_of(POOL),
    verifier_of(POOL, cache_size=0),
    MultiPoolVerifier([verifier_of(POOL), verifier_of(LocalUserPool("eu-central-1_other", clock=POOL.clock))]),
)


def check_message(message: str) -> None:
    """It can be logged and sent in a header as it is."""
    assert message.isascii()
    assert message.isprintable()


def accepted(token: str | bytes) -> dict[str, object] | None:
    """The claims if the token is accepted, by every road alike."""
    answers = []
    for verifier in VERIFIERS:
        try:
            answers.append(verifier.verify(token))
        except CognitoJWTError as error:
            check_message(str(error))
            answers.append(None)
    assert answers.count(answers[0]) == len(answers), answers
    return answers[0]


def fuzz_text(data: bytes) -> None:
    """A token: accepted only if the key signed this very text."""
    if accepted(data) is not None:
        signing_input, _, signature = data.rpartition(b".")
        assert signature.decode() == base64url(POOL.signing_key.sign(signing_input))
    assert (accepted(data.decode("latin-1")) is None) == (accepted(data) is None)


def fuzz_signature(data: bytes) -> None:
    """The signature of a good token: accepted only if it is the one."""
    signing_input = ".".join(SEGMENTS[:2])
    assert (accepted(f"{signing_input}.{base64url(data)}") is None) == (base64url(data) != SEGMENTS[2])


def fuzz_header(data: bytes) -> None:
    """The header of a good token, signed: accepted only with the key's id and its algorithm, and no `crit`."""
    if accepted(POOL.sign(data, POOL.access_claims())) is not None:
        header = json.loads(data)
        assert (header["alg"], header["kid"]) == ("RS256", "a2")
        assert "crit" not in header


def fuzz_payload(data: bytes) -> None:
    """Claims, signed: accepted only if they are good, and given back as they are."""
    claims = accepted(POOL.sign(POOL.header, data))
    if claims is not None:
        assert claims == json.loads(data)
        assert claims["iss"] in ISSUERS
        assert claims["client_id"] == POOL.client_id
        assert claims["token_use"] == "access"
        assert isinstance(claims["sub"], str)
        assert type(claims["exp"]) in (int, float)
        assert claims["exp"] > NOW
        assert claims.get("nbf", 0) <= NOW


def fuzz_key_set(data: bytes) -> None:
    """A JWK Set: read, or refused with a ValueError."""
    try:
        keys = load_key_set(data, ALGORITHMS)
    except ValueError:
        return
    assert len(keys) > 0


KINDS = {b"T": fuzz_text, b"S": fuzz_signature, b"H": fuzz_header, b"P": fuzz_payload, b"K": fuzz_key_set}


def fuzz_one(data: bytes) -> None:
    KINDS.get(data[:1], fuzz_text)(data[1:])


if __name__ == "__main__":
    logging.disable()  # left-out keys are told at each reading
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
