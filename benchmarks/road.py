"""Where the time of a new token goes: the way of `CognitoVerifier.verify`, cut off after each step.

What a step takes is what it adds to the way so far, in its place: behind the signature check, which leaves little of
Python in the processor's caches, it takes longer than alone.
"""

# ruff: noqa: SLF001  it goes where the verifier goes

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cognito_jwt_core.authentic import AuthenticToken, OpenToken
from cognito_jwt_core.claim_rules import check_claims, lifespan
from cognito_jwt_core.compact import UnverifiedToken, as_ascii, decode_segment
from cognito_jwt_core.pool_rules import UNSET
from cognito_jwt_core.signature import ALGORITHMS, VerificationKey, import_key
from material import Material, split
from measuring import Timings, interleave, seconds_each
from peers_speed import FLOOR


class Road:
    """A verifier whose memory is full, and the ways through it."""

    def __init__(self, material: Material) -> None:
        self._verifier = material.verifier()
        for token in material.seen:
            self._verifier.verify(token)
        self._pipeline = self._verifier._pipeline
        self._policy = self._verifier._rules.demands(UNSET, UNSET, UNSET, UNSET, UNSET).policy
        self._key = import_key(material.pool.jwk_set["keys"][0], ALGORITHMS)

    def signature(self, token: str) -> bytes:
        signing_input, _, encoded = as_ascii(token).rpartition(b".")
        self._key.check_signature(signing_input, decode_segment(encoded))
        return signing_input

    def payload(self, token: str) -> None:
        decode_segment(self.signature(token).partition(b".")[2])

    def parsed(self, token: str) -> None:
        unverified = UnverifiedToken(as_ascii(token), self._pipeline._known_headers)
        self._key.check_signature(unverified.signing_input, unverified.signature)

    def opened(self, token: str) -> None:
        opened = self._open(token)
        self._key.check_signature(opened.signing_input, opened.signature)

    def with_its_key(self, token: str) -> None:
        opened = self._open(token)
        self._key_of(opened).check_signature(opened.signing_input, opened.signature)

    def authentic(self, token: str) -> AuthenticToken:
        opened = self._open(token)
        return self._pipeline.authenticate(opened, self._key_of(opened), token)

    def judged(self, token: str) -> AuthenticToken:
        authentic = self.authentic(token)
        check_claims(authentic.payload, self._policy, self._verifier._clock.time())
        lifespan(authentic.payload, self._policy)
        return authentic

    def copied(self, token: str) -> None:
        self.judged(token).claims()

    def _open(self, token: str) -> OpenToken:
        opened = self._pipeline.open(token)
        if not isinstance(opened, OpenToken):
            raise TypeError("it is not new")
        return opened

    def _key_of(self, opened: OpenToken) -> VerificationKey:
        return opened.store.at_hand(opened.kid) or self._key


STEPS: dict[str, Callable[[Road, str], object]] = {
    "the text as bytes, and its signature's base64 (`compact.py`)": Road.signature,
    "the base64 of the payload (`compact.py`)": Road.payload,
    "its JSON, and the token as an object (`strict_json.py`, `compact.py`)": Road.parsed,
    "SHA-256 of the text, the known header, the issuer's keys (`pipeline.py`)": Road.opened,
    "the key of that `kid` (`jwks_cache.py`)": Road.with_its_key,
    "the object that is remembered (`authentic.py`)": Road.authentic,
    "the rules of the claims (`claim_rules.py`)": Road.judged,
    "the caller's copy (`authentic.py`)": Road.copied,
}
CHECK = "its check as done here (`signature.py`)"
REST = "what this call demands; remembering it, forgetting the oldest (`verifier.py`, `pipeline.py`)"
WAYS = (FLOOR, CHECK, *STEPS, REST)


def time_ways(material: Material, rounds: int, whole: Callable[[int], float]) -> Timings:
    """The way up to each of `WAYS`; `whole` is that of a verifier that remembers what it verified."""
    road = Road(material)

    def check(parts: tuple[bytes, bytes]) -> None:
        road._key.check_signature(parts[1], parts[0])

    def along(step: Callable[[Road, str], object], number: int) -> float:
        return seconds_each(partial(step, road), material.new(number))

    return interleave(
        {
            FLOOR: lambda number: material.floor(material.new(number)),
            CHECK: lambda number: seconds_each(check, map(split, material.new(number))),
            **{name: partial(along, step) for name, step in STEPS.items()},
            REST: whole,
        },
        rounds,
    )
