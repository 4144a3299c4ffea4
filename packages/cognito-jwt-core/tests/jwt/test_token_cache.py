"""Every fast road gives the answer of the slow one: a token is verified first, again, and without being remembered.

Whole stories, with clocks, rotations and options of calls, are told in test_properties.py.
"""

import json
import threading
from collections import OrderedDict
from contextlib import suppress

import pytest
from cognito_jwt_core import CognitoVerifier, InvalidTokenError, MalformedTokenError, TokenExpiredError
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.threads import race
from hypothesis import example, given
from hypothesis import strategies as st

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
TIMES = 4


def verifier_of(cache_size: int = 10) -> CognitoVerifier:
    return CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks, cache_size=cache_size)


def answers(verifier: CognitoVerifier, token: str) -> list[object]:
    """Return the result of several calls: the claims, or the class and message of the error."""
    found: list[object] = []
    for _ in range(TIMES):
        try:
            found.append(verifier.verify(token))
        except InvalidTokenError as error:
            found.append((type(error), str(error)))
    return found


def token_of(json_of_claim: str) -> str:
    """A good token with one claim more, in exactly these words."""
    payload = POOL.access_claims() | {"claim": 0}
    text = json.dumps(payload).replace('"claim": 0', f'"claim": {json_of_claim}')
    return POOL.sign(POOL.header, text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=3))
@example([[], {}, [[]], [{}], {"": []}, {"": {"": [0]}}])
def test_claims_are_the_same_each_time_in_value_and_type(values: list[object]) -> None:
    token = POOL.access_token(claims={f"custom:{number}": value for number, value in enumerate(values)})

    slow, fast = answers(verifier_of(0), token), answers(verifier_of(), token)

    assert isinstance(slow[0], dict)
    assert [repr(dict(claims)) for claims in fast] == [repr(dict(claims)) for claims in slow]  # type: ignore[call-overload]
    assert [type(claims) for claims in fast] == [type(slow[0])] * TIMES


@pytest.mark.parametrize("depth", [1, 2, 3, 62, 63, 64, 100, 2_000, 7_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"x":', "}")])
def test_depth_is_no_matter_of_the_road(depth: int, opening: str, closing: str) -> None:
    token = token_of(opening * depth + "0" + closing * depth)

    slow, fast = answers(verifier_of(0), token), answers(verifier_of(), token)

    assert [type(answer) for answer in fast] == [type(answer) for answer in slow] == [type(slow[0])] * TIMES
    assert isinstance(slow[0], dict) == (depth < 64)
    if depth >= 64:
        assert slow[0][:1] == (MalformedTokenError,)  # type: ignore[index]
        assert fast == slow


def test_threads_that_verify_one_token_at_once_share_nothing() -> None:
    verifier = verifier_of()
    token = POOL.access_token(groups=["admin"], claims={"custom:tree": {"leaves": [1, 2]}})
    expected = verifier_of(0).verify(token)
    found: list[dict[str, object]] = []
    ready = threading.Barrier(8)

    def work() -> None:
        ready.wait()
        found.extend([verifier.verify(token) for _ in range(50)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 400
    assert all(claims == expected for claims in found)
    assert len({id(claims["cognito:groups"]) for claims in found}) == 400


def test_threads_may_share_a_memory_of_one_token() -> None:
    """Each finds the memory as another one left it: empty, full, or changed in the midst of a look."""
    verifier = verifier_of(1)
    tokens = [POOL.access_token(expires_in=seconds) for seconds in (300, 300, 300, -1)]

    def work(number: int) -> None:
        for turn in range(200):
            with suppress(TokenExpiredError):
                verifier.verify(tokens[(turn + number) % 4])

    race(work)


class Emptied(OrderedDict[bytes, object]):
    """A memory that other threads empty between a look at its length and the next step."""

    def popitem(self, last: bool = True) -> tuple[bytes, object]:
        self.clear()
        return super().popitem(last)


def test_memory_that_other_threads_emptied_is_not_emptied_further() -> None:
    verifier = verifier_of(1)
    memory = Emptied()
    verifier._cache._tokens = memory  # type: ignore[assignment]  # noqa: SLF001  its subject
    token = POOL.access_token()

    verifier.verify(POOL.access_token())
    assert verifier.verify(token)["username"] == "alice"

    assert len(memory) == 0


@pytest.mark.parametrize("size", [0, 10_000_000])
def test_bounds_of_the_size_are_sizes(pool: LocalUserPool, size: int) -> None:
    verifier = CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=pool.jwks, cache_size=size)

    assert verifier.cached_tokens == 0
