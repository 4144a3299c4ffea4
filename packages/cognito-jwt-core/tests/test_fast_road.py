"""Every fast road gives the answer of the slow one: a token is verified first, again, and without being remembered.

Whole stories, with clocks, rotations and options of calls, are told in test_properties.py.
"""

import json
import threading

import pytest
from cognito_jwt_core import CognitoVerifier, InvalidTokenError, MalformedTokenError
from cognito_jwt_core.compact import BASE64URL, decode_segment
from cognito_jwt_core.testing import LocalUserPool
from hypothesis import example, given
from hypothesis import strategies as st

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
TIMES = 4


def verifier_of(cache_size: int = 10) -> CognitoVerifier:
    return CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=POOL.jwks, cache_size=cache_size)


def answers(verifier: CognitoVerifier, token: str) -> list[object]:
    """What several calls get: the claims, or the class and the words of the error."""
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


@pytest.mark.parametrize("depth", [1, 2, 3, 100, 300, 400, 480, 600, 2_000, 7_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"x":', "}")])
def test_depth_is_no_matter_of_the_road(depth: int, opening: str, closing: str) -> None:
    """Copying gives up earlier than parsing does."""
    token = token_of(opening * depth + "0" + closing * depth)

    slow, fast = answers(verifier_of(0), token), answers(verifier_of(), token)

    assert [type(answer) for answer in fast] == [type(answer) for answer in slow] == [type(slow[0])] * TIMES
    if not isinstance(slow[0], dict):
        assert slow[0] == (MalformedTokenError, "payload: expected JSON of a sane depth, found it nested too deep")
        assert fast == slow


def spelt(segment: bytes) -> bytes | None:
    """RFC 4648 section 5 to the letter: six bits a character, eight a byte, and what is left over is zero."""
    if not set(segment) <= set(BASE64URL) or len(segment) % 4 == 1:
        return None
    bits = "".join(f"{BASE64URL.index(character):06b}" for character in segment)
    whole = len(bits) // 8 * 8
    return None if "1" in bits[whole:] else bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8))


@given(st.binary(max_size=12) | st.text("AQgwBCzZ09-_+/=. \n", max_size=12).map(str.encode))
def test_segment_is_decoded_to_what_it_spells(segment: bytes) -> None:
    expected = spelt(segment)

    try:
        assert decode_segment(segment) == expected
    except ValueError:
        assert expected is None


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
