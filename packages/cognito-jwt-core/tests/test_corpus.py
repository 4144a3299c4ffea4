"""Every input of the corpus gets the answer that it must get, by every road."""

import asyncio
import tracemalloc
from collections.abc import Iterator

import pytest
from cognito_jwt_core import CognitoJWTError, CognitoVerifier, InvalidTokenError, MalformedTokenError, MultiPoolVerifier
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.corpus import API, MAX_CHARACTERS, Case, corpus, verifier_for
from cognito_test_kit.key_servers import Stopwatch
from cognito_test_kit.messages import Messages

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(1_700_000_000))
OTHER_POOL = LocalUserPool("us-east-1_otherpool", client_id="other", clock=POOL.clock)
CASES = tuple(corpus(POOL))
IDS = [case.name for case in CASES]


MEBIBYTE = 1024 * 1024


def error_of(verifier: CognitoVerifier | MultiPoolVerifier, token: object) -> CognitoJWTError | None:
    try:
        verifier.verify(token)  # type: ignore[arg-type]
    except CognitoJWTError as error:
        return error
    return None


def answer(verifier: CognitoVerifier | MultiPoolVerifier, token: object) -> type[CognitoJWTError] | None:
    error = error_of(verifier, token)
    return type(error) if error else None


async def async_answer(verifier: CognitoVerifier, token: object) -> type[CognitoJWTError] | None:
    try:
        await verifier.verify_async(token)  # type: ignore[arg-type]
    except CognitoJWTError as error:
        return type(error)
    return None


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it came from."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


@pytest.fixture(scope="module")
def verifier() -> CognitoVerifier:
    return verifier_for(POOL)


def test_names_of_cases_are_unique() -> None:
    assert len(set(IDS)) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_input_gets_its_answer(verifier: CognitoVerifier, case: Case) -> None:
    found = answer(verifier, case.token)

    if case.expected is InvalidTokenError:
        assert found is not None
        assert issubclass(found, InvalidTokenError)
    else:
        assert found is case.expected


def test_answer_is_the_same_by_every_road(verifier: CognitoVerifier) -> None:
    forgetful = verifier_for(POOL, cache_size=0)

    async def ask() -> None:
        for case in CASES:
            first = answer(verifier, case.token)

            assert answer(verifier, case.token) is first, case.name  # remembered, if it may be
            assert answer(forgetful, case.token) is first, case.name
            assert await async_answer(verifier, case.token) is first, case.name
            assert await async_answer(forgetful, case.token) is first, case.name
            if isinstance(case.token, str) and case.token.isascii():
                assert answer(forgetful, case.token.encode()) is first, case.name

    asyncio.run(ask())


def test_answer_is_the_same_among_several_pools() -> None:
    alone = verifier_for(POOL)
    others = CognitoVerifier(OTHER_POOL.id, client_id=None, token_use=None, jwks=OTHER_POOL.jwks, clock=POOL.clock)
    several = MultiPoolVerifier([others, alone])

    for case in CASES:
        assert (answer(several, case.token) is None) == (answer(alone, case.token) is None), case.name


def test_answer_is_the_same_with_the_keys_of_an_endpoint() -> None:
    with POOL.serve() as url:
        remote = verifier_for(POOL, jwks=url)
        remote.prefetch()
        for case in CASES:
            found = answer(remote, case.token)
            assert found is case.expected or (found and issubclass(found, InvalidTokenError)), case.name


def test_no_error_holds_any_part_of_the_token(verifier: CognitoVerifier) -> None:
    for case in CASES:
        segments = parts_of(case.token)
        for error in chain(error_of(verifier, case.token)):
            shown = f"{error} {error!r} {error.args!r} {getattr(error, '__notes__', '')}"
            assert not any(shares(segment, shown) for segment in segments), case.name
            assert not isinstance(error, UnicodeError), case.name  # it keeps what it could not read
            assert not hasattr(error, "doc"), case.name  # so does a JSONDecodeError


def parts_of(token: object) -> list[str]:
    if isinstance(token, (bytes, bytearray)):
        token = token.decode("latin-1")
    return token[: 2 * MAX_CHARACTERS].split(".") if isinstance(token, str) else POOL.access_token().split(".")


def shares(segment: str, shown: str, length: int = 16) -> bool:
    short, long = sorted((segment, shown), key=len)
    return any(short[start : start + length] in long for start in range(len(short) - length + 1))


def test_message_is_one_short_line_of_ascii(verifier: CognitoVerifier) -> None:
    for case in CASES:
        error = error_of(verifier, case.token)
        if error is not None:
            assert str(error).isascii(), case.name
            assert str(error).isprintable(), case.name
            assert "expected" in str(error), case.name
            assert 20 < len(str(error)) < 400, case.name


@pytest.mark.parametrize(
    "claim",
    [
        b"[" * 30_000,
        b'{"":' * 8_000,
        b"9" * 45_000,
        b"0." + b"1" * 45_000,
        b'"' + b"\\ud800" * 7_000,
        b"[" + b"1e9," * 9_000,
    ],
    ids=["arrays", "objects", "integer", "fraction", "escapes", "numbers"],
)
def test_hostile_json_of_the_greatest_length_is_refused_in_time(claim: bytes) -> None:
    verifier = verifier_for(POOL, cache_size=0)

    with Stopwatch():
        assert answer(verifier, POOL.sign(POOL.header, b'{"x":' + claim)) is MalformedTokenError


def test_length_is_judged_before_anything_else_is_done(messages: Messages) -> None:
    verifier = verifier_for(POOL)
    hundred_mebibytes = bytes(100 * MEBIBYTE)

    tracemalloc.start()
    try:
        with messages.raises(MalformedTokenError):
            verifier.verify(hundred_mebibytes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MEBIBYTE  # whatever reads a token's text makes a copy of it


def test_corpus_is_about_this_api(verifier: CognitoVerifier) -> None:
    assert verifier.verify(POOL.access_token(aud=API))["aud"] == API
