"""A target for atheris: whatever arrives, the verifier accepts what it should and raises nothing but its own errors.

The first byte of an input says what the rest is; see `KINDS`. What is JSON is signed, so that the fuzzer gets behind
the signature. The key is that of RFC 7515 appendix A.2, whose private half is published: inputs found in one run mean
the same in the next.

Every input is read in a thread with a stack as small as a server may give it. An overflow there kills the process
before atheris can save the input, so the newest input is always in .cache/fuzz/newest.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from itertools import cycle, islice
from pathlib import Path
from queue import SimpleQueue

import atheris

with atheris.instrument_imports(include=["cognito_jwt_core", "json"]):
    from cognito_jwt_core import CognitoJWTError, CognitoVerifier, MultiPoolVerifier, UserPool
    from cognito_jwt_core.cognito.pool_keys import COGNITO_ALGORITHMS
    from cognito_jwt_core.jose.key_set import load_key_set

from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_jwt_core.testing.tokens import base64url

NOW = 1_700_000_000
STACK_BYTES = 128 * 1024  # musl's default, and so that of threads in Alpine's Python
MAX_DEPTH = 64
NEWEST = Path(__file__).resolve().parent.parent / ".cache/fuzz/newest"
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


def depth_of(text: str) -> int:
    """The deepest nesting of arrays and objects in JSON, told one character at a time."""
    deepest = depth = 0
    in_text = is_escaped = False
    for character in text:
        if in_text:
            in_text = character != '"' or is_escaped
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


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
        assert depth_of(data.decode()) <= MAX_DEPTH
        json.dumps(claims, ensure_ascii=False).encode()  # no lone surrogate


def fuzz_key_set(data: bytes) -> None:
    """A JWK Set: read, or refused with a ValueError."""
    try:
        keys = load_key_set(data, COGNITO_ALGORITHMS)
    except ValueError:
        return
    assert len(keys) > 0
    assert depth_of(data.decode()) <= MAX_DEPTH


# What opens one more level, and what closes it: of an array or object, beside brackets in texts that count for nothing.
LEVELS = (("[", "]"), ('{"a":', "}"), ('["[{",', "]"), ('{"}\\"]":', "}"), ("[[],", "]"), (' [ "\\\\" , ', ",{}]"))


def fuzz_nested(data: bytes) -> None:
    """Nesting in the header, in a claim and beside the keys: refused if and only if it is too deep."""
    depth = data[0] if data else 0
    depth = depth if depth < 250 else 16 * depth  # mostly near the limit, and sometimes enough for any stack
    levels = [LEVELS[byte % len(LEVELS)] for byte in islice(cycle(data[1:] or b"\0"), depth)]
    nested = "".join(opening for opening, _ in levels) + "1" + "".join(closing for _, closing in reversed(levels))

    def with_nested(members: object) -> bytes:
        return f'{json.dumps(members)[:-1]},"x":{nested}}}'.encode()

    is_good = depth_of(nested) < MAX_DEPTH  # one level less: it is inside an object
    assert (accepted(POOL.sign(with_nested(POOL.header), POOL.access_claims())) is not None) == is_good
    assert (accepted(POOL.sign(POOL.header, with_nested(POOL.access_claims()))) is not None) == is_good
    try:
        load_key_set(with_nested(POOL.jwk_set), COGNITO_ALGORITHMS)
    except ValueError:
        assert not is_good
    else:
        assert is_good


KINDS = {
    b"T": fuzz_text,
    b"S": fuzz_signature,
    b"H": fuzz_header,
    b"P": fuzz_payload,
    b"K": fuzz_key_set,
    b"N": fuzz_nested,
}


def fuzz_one(data: bytes) -> None:
    KINDS.get(data[:1], fuzz_text)(data[1:])


class SmallStack:
    """A thread with a small stack, in which every input is read."""

    def __init__(self) -> None:
        self._inputs: SimpleQueue[bytes] = SimpleQueue()
        self._outcomes: SimpleQueue[BaseException | None] = SimpleQueue()
        self._newest = os.open(NEWEST, os.O_RDWR | os.O_CREAT, 0o600)
        threading.stack_size(STACK_BYTES)
        threading.Thread(target=self._work, daemon=True).start()
        threading.stack_size(0)

    def run(self, data: bytes) -> None:
        """Read one input in that thread, and raise here what it raises there."""
        os.pwrite(self._newest, data, 0)
        os.ftruncate(self._newest, len(data))
        self._inputs.put(data)
        outcome = self._outcomes.get()
        if outcome is not None:
            raise outcome

    def _work(self) -> None:
        while True:
            try:
                fuzz_one(self._inputs.get())
            except BaseException as error:  # noqa: BLE001  raised again by `run`
                self._outcomes.put(error)
            else:
                self._outcomes.put(None)


if __name__ == "__main__":
    logging.disable()  # left-out keys are told at each reading
    NEWEST.parent.mkdir(parents=True, exist_ok=True)
    atheris.Setup(sys.argv, SmallStack().run)
    atheris.Fuzz()
