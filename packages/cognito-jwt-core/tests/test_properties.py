"""Properties: what must hold of any mutation, any header, any claims, any order of events.

The examples of one run are few; HYPOTHESIS_PROFILE=thorough tries thousands.
"""

import asyncio
import base64
import copy
import json
import math
import threading
from collections.abc import Callable, Mapping
from itertools import cycle, islice
from typing import Any, TypeVar

from cognito_jwt_core import (
    AccessDeniedError,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSFetchError,
    JWKSResponse,
    JWKSUnavailableError,
    KeySource,
    MalformedTokenError,
    MissingClaimError,
    MultiPoolVerifier,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    UserPool,
)
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.corpus import API
from hypothesis import example, given
from hypothesis import strategies as st

T = TypeVar("T")

NOW = 1_700_000_000
MAX_DEPTH = 64
SMALL_STACK_BYTES = 128 * 1024  # musl's default, and so that of threads in Alpine's Python
MOST_FETCHES_OF_A_CALL = 3  # one, and two repeats where the clocks say that the process stood still
POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(NOW))
OTHER = LocalUserPool("eu-central-1_otherpool", client_id="abcdef123456", clock=POOL.clock)
GOOD = tuple(POOL.access_token(name) for name in ("alice", "bob"))
ISSUERS = tuple(UserPool(POOL.id).jwks_uris)


def verifier_of(pool: LocalUserPool = POOL, **options: Any) -> CognitoVerifier:
    settings: dict[str, Any] = {"client_id": None, "token_use": None, "jwks": pool.jwks, "clock": pool.clock}
    return CognitoVerifier(pool.id, **settings | options)


def answer(verifier: CognitoVerifier | MultiPoolVerifier, token: object, **options: Any) -> object:
    """The claims, or the error's class. Any other error than the promised ones ends the test."""
    try:
        return verifier.verify(token, **options)  # type: ignore[arg-type]
    except CognitoJWTError as error:
        return type(error)


async def async_answer(verifier: CognitoVerifier, token: object, **options: Any) -> object:
    try:
        return await verifier.verify_async(token, **options)  # type: ignore[arg-type]
    except CognitoJWTError as error:
        return type(error)


VERIFIER = verifier_of()
FORGETFUL = verifier_of(cache_size=0)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
characters = st.sampled_from("AQgwBCzZ09-_=+/. \n\0é") | st.characters()


def flipped(token: str, at: int, bit: int) -> str:
    """The token with one bit of one character changed."""
    data = bytearray(token or ".", "utf-8", "surrogatepass")
    data[at % len(data)] ^= 1 << bit
    return data.decode("latin-1")


def turned(token: str, places: int) -> str:
    """The token with its parts in another order."""
    parts = token.split(".")
    return ".".join(parts[places % len(parts) :] + parts[: places % len(parts)])


MUTATIONS: list[Callable[[str, int, int, str], str]] = [
    lambda token, at, size, text: token[:at] + text + token[at + len(text) :],
    lambda token, at, size, text: token[:at] + text + token[at:],
    lambda token, at, size, text: token[:at] + token[at + size :],
    lambda token, at, size, text: token[: at + size] + token[at:],
    lambda token, at, size, text: token[:at] + token[at : at + size].swapcase() + token[at + size :],
    lambda token, at, size, text: token[:at] + GOOD[size % 2][at:],
    lambda token, at, size, text: turned(token, size),
    lambda token, at, size, text: flipped(token, at, size % 7),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid token after some changes, which may also have undone each other."""
    token = draw(st.sampled_from(GOOD))
    for change in draw(st.lists(st.sampled_from(MUTATIONS), max_size=3)):
        at = draw(st.integers(0, len(token)))
        token = change(token, at, draw(st.integers(0, 20)), draw(st.text(characters, max_size=3)))
    return token


@given(mutated())
def test_mutation_is_accepted_if_and_only_if_nothing_has_changed(token: str) -> None:
    assert isinstance(answer(VERIFIER, token), dict) == (token in GOOD)
    assert answer(FORGETFUL, token) == answer(VERIFIER, token)
    assert answer(FORGETFUL, token.encode("utf-8", "surrogatepass")) == answer(VERIFIER, token)


@given(st.binary(min_size=256, max_size=256), st.sampled_from(GOOD))
def test_no_other_signature_is_accepted(signature: bytes, token: str) -> None:
    text = f"{token.rpartition('.')[0]}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    assert isinstance(answer(VERIFIER, text), dict) == (text == token)


@given(st.text() | st.binary() | json_values | st.text("ABeyJ9.-_=", max_size=60))
@example("e30.e30.")
@example("e30.e30.e30")
@example(b"..")
def test_anything_at_all_is_answered_by_a_promised_error(token: object) -> None:
    found = answer(VERIFIER, token)

    assert isinstance(found, type)
    assert issubclass(found, InvalidTokenError)


headers = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["RS256", "none", "HS256", "RS512", "rs256", ""]) | json_values,
        "kid": st.just(POOL.kids[0]) | st.sampled_from([*OTHER.kids, "", POOL.kids[0].lower()]) | json_values,
        "crit": json_values,
        "typ": json_values,
        "jwk": st.just(dict(OTHER.signing_key.public_jwk)) | json_values,
        "jku": json_values,
        "x": json_values,
    },
)


@given(headers)
@example({"alg": "RS256", "kid": POOL.kids[0]})
@example({"alg": "RS256", "kid": POOL.kids[0], "typ": 1, "jwk": {}, "jku": None, "x": [[]]})
def test_header_is_accepted_if_and_only_if_it_names_the_key_and_its_algorithm(header: dict[str, object]) -> None:
    good = header.get("alg") == "RS256" and header.get("kid") == POOL.kids[0] and "crit" not in header

    for signer in (POOL, OTHER):
        token = signer.sign(header, POOL.access_claims())
        assert isinstance(answer(VERIFIER, token), dict) == (good and signer is POOL)


times = (
    st.integers(NOW - 3, NOW + 3)
    | st.sampled_from([NOW - 60, NOW + 60, 0, -1, 253_402_300_799, 253_402_300_800, -62_135_596_800, -62_135_596_801])
    | st.floats(NOW - 2, NOW + 2)
    | json_values
)
texts = st.sampled_from(["", "x", POOL.client_id, API, API + "/", "other"])
odd_claims = {
    "iss": st.sampled_from([*ISSUERS, OTHER.issuer, ISSUERS[0] + "/"]) | json_values,
    "exp": times,
    "nbf": times,
    "iat": times,
    "token_use": st.sampled_from(["access", "id", "refresh"]) | json_values,
    "sub": st.text() | json_values,
    "client_id": texts | json_values,
    "aud": texts | st.lists(texts, max_size=3) | json_values,
    "username": st.text() | json_values,
    "cognito:groups": st.lists(st.sampled_from(["admin", "dev", "adm"]) | json_values, max_size=3) | json_values,
    "scope": st.sampled_from(["todo/read", "x todo/read", "todo/reads", "todo/read\ttodo/write"]) | json_values,
    "x": json_values,
}
good_claims = st.fixed_dictionaries(
    {
        "iss": st.sampled_from(ISSUERS),
        "exp": st.integers(NOW + 1, NOW + 60),
        "token_use": st.sampled_from(["access", "access", "id"]),
        "sub": st.text(),
        "client_id": st.sampled_from([POOL.client_id, "other"]),
    },
    optional={
        "nbf": st.integers(NOW - 60, NOW),
        "iat": st.integers(NOW - 60, NOW + 60),
        "aud": st.sampled_from([POOL.client_id, API, [API, "x"], ["other"]]),
        "cognito:groups": st.lists(st.sampled_from(["admin", "dev"]), max_size=2),
        "scope": st.sampled_from(["todo/read", "todo/read todo/write", "openid"]),
    },
)


@st.composite
def claims_sets(draw: st.DrawFn) -> dict[str, object]:
    """Good claims, of which some may be odd and some may be gone."""
    claims = draw(good_claims)
    for name in draw(st.lists(st.sampled_from(sorted(odd_claims)), max_size=2)):
        claims[name] = draw(odd_claims[name])
    for name in draw(st.sets(st.sampled_from(sorted(odd_claims)), max_size=1)):
        claims.pop(name, None)
    return claims


BASE: Mapping[str, object] = {
    "iss": ISSUERS[0],
    "exp": NOW + 60,
    "token_use": "access",
    "sub": "x",
    "client_id": POOL.client_id,
}
demands = st.fixed_dictionaries(
    {
        "token_use": st.sampled_from(["access", "id", None]),
        "client_id": st.sampled_from([None, POOL.client_id, ["other", POOL.client_id]]),
        "audience": st.sampled_from([None, API, [API, "other"]]),
        "groups": st.sampled_from([None, "admin", ["admin", "dev"]]),
        "scopes": st.sampled_from([None, "todo/read", ["todo/read", "todo/write"]]),
        "leeway": st.sampled_from([0, 0.5, 1, 60]),
        "check_expiration": st.booleans(),
    }
)


def is_time(value: object) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and not math.isnan(value)
        and -62_135_596_800 <= value <= 253_402_300_799
    )


def names(value: object) -> list[object]:
    """One name, or several."""
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []


def restated(claims: Mapping[str, Any], asked: Mapping[str, Any]) -> type[CognitoJWTError] | None:  # noqa: C901
    """The rules once more, as one would tell them: which error is due, or None."""
    if "iss" not in claims:
        return MissingClaimError
    if not isinstance(claims["iss"], str):
        return InvalidClaimError
    if claims["iss"] not in ISSUERS:
        return InvalidIssuerError

    if "exp" not in claims and asked["check_expiration"]:
        return MissingClaimError
    if "exp" in claims and not is_time(claims["exp"]):
        return InvalidClaimError
    if asked["check_expiration"] and claims["exp"] + asked["leeway"] <= NOW:
        return TokenExpiredError
    if "nbf" in claims and not is_time(claims["nbf"]):
        return InvalidClaimError
    if "nbf" in claims and claims["nbf"] - asked["leeway"] > NOW:
        return TokenNotYetValidError
    if "iat" in claims and not is_time(claims["iat"]):
        return InvalidClaimError

    use = claims.get("token_use")
    if "token_use" not in claims:
        return MissingClaimError
    if not isinstance(use, str):
        return InvalidClaimError
    if use not in ("access", "id") or (asked["token_use"] is not None and use != asked["token_use"]):
        return InvalidTokenUseError
    if "sub" not in claims:
        return MissingClaimError
    if not isinstance(claims["sub"], str) or claims["sub"] == "":
        return InvalidClaimError

    if asked["client_id"] is not None:
        claim = {"access": "client_id", "id": "aud"}[use]
        if claim not in claims:
            return MissingClaimError
        if not isinstance(claims[claim], str):
            return InvalidClaimError
        if claims[claim] not in names(asked["client_id"]):
            return InvalidClientError
    if use == "access" and "aud" in claims:
        audience = claims["aud"]
        if not isinstance(audience, (str, list)) or not all(isinstance(name, str) for name in names(audience)):
            return InvalidClaimError
        wanted = [*names(asked["audience"]), claims.get("client_id")]
        if not any(name == wanted_name for name in names(audience) for wanted_name in wanted):
            return InvalidAudienceError

    groups = claims.get("cognito:groups")
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        groups = []
    if asked["groups"] is not None and not any(group in names(asked["groups"]) for group in groups):
        return GroupRequiredError
    scope = claims.get("scope")
    scopes = scope.split(" ") if isinstance(scope, str) and use == "access" else []
    if asked["scopes"] is not None and not any(name in names(asked["scopes"]) for name in scopes):
        return ScopeRequiredError
    return None


@given(claims_sets(), demands)
def test_verdict_equals_that_of_the_rules_restated(payload: dict[str, object], asked: dict[str, Any]) -> None:
    expected = restated(payload, asked)
    token = POOL.sign(POOL.header, payload)
    verifier = verifier_of(**asked)

    for _ in range(2):
        found = answer(verifier, token)
        assert found == payload if expected is None else found is expected

    # Asked for one call, of a verifier that asks nothing itself.
    of_a_call = {name: value for name, value in asked.items() if name not in ("leeway", "check_expiration")}
    lenient = verifier_of(leeway=asked["leeway"], check_expiration=asked["check_expiration"])
    for _ in range(2):
        found = answer(lenient, token, **of_a_call)
        assert found == payload if expected is None else found is expected


events = st.lists(
    st.one_of(
        st.tuples(st.just("verify"), st.integers(0, 5), demands),
        st.tuples(st.just("advance"), st.integers(0, 400), st.none()),
        st.tuples(st.just("put the clock"), st.integers(-400, 400), st.none()),
        st.tuples(st.just("rotate"), st.booleans(), st.none()),
        st.tuples(st.just("mint"), st.integers(0, 5), st.none()),
    ),
    min_size=4,
    max_size=25,
)


@given(events, st.sampled_from([1, 2, 1024]))
def test_every_road_gives_the_same_answer_whatever_happened_before(happened: list[Any], cache_size: int) -> None:
    clock = ManualClock(NOW)
    pool = LocalUserPool(POOL.id, client_id=POOL.client_id, clock=clock)
    slow = verifier_of(pool, cache_size=0)
    roads = [verifier_of(pool, cache_size=cache_size), verifier_of(pool, cache_size=cache_size)]
    several = MultiPoolVerifier([verifier_of(pool), verifier_of(OTHER)], cache_size=cache_size)
    tokens = [
        pool.access_token(groups=["admin"], scopes=["todo/read"], nbf=NOW - 100, expires_in=300),
        pool.access_token(client_id="other", aud=API, expires_in=600),
        pool.id_token(groups=["dev"]),
        pool.badly_signed_token(),
        pool.access_token(iss=OTHER.issuer),
        "x.y.z",
    ]
    for event, value, asked in happened:
        if event == "advance":
            clock.advance(value)
        elif event == "put the clock":
            clock.set_time(clock.time() + value)
        elif event == "rotate":
            pool.rotate_key(keep_old=value)
        elif event == "mint":
            tokens[value] = pool.access_token(groups=["dev"], expires_in=200)
        else:
            options = {name: asked[name] for name in asked if name not in ("leeway", "check_expiration")}
            token = tokens[value]
            expected = answer(slow, token, **options)
            assert answer(roads[0], token, **options) == expected
            assert answer(roads[0], token.encode(), **options) == expected
            assert asyncio.run(async_answer(roads[1], token, **options)) == expected
            if expected is not InvalidIssuerError:  # found earlier among several pools
                found = answer(several, token, **options)
                assert found == expected or (found is InvalidIssuerError and not isinstance(expected, dict))


@given(st.dictionaries(st.text().map("x".__add__), json_values, max_size=6))
def test_claims_are_the_payload_and_the_callers_own(claims: dict[str, object]) -> None:
    payload = dict(BASE) | claims
    token = POOL.sign(POOL.header, payload)

    for _ in range(3):
        found = VERIFIER.verify(token)
        assert found == payload
        assert json.loads(json.dumps(found)) == payload
        scribble(found)


def scribble(value: object) -> None:
    """Change everything that can be changed."""
    if isinstance(value, dict):
        for inner in value.values():
            scribble(inner)
        value.clear()
        value["mine"] = True
    elif isinstance(value, list):
        for inner in value:
            scribble(inner)
        value.append("mine")


@given(st.lists(st.text(max_size=5) | json_values, max_size=4) | json_values, st.text(min_size=1, max_size=5))
def test_group_matches_whole_or_not_at_all(groups: object, required: str) -> None:
    is_member = isinstance(groups, list) and all(isinstance(group, str) for group in groups) and required in groups
    token = POOL.access_token(claims={"cognito:groups": groups})

    found = answer(VERIFIER, token, groups=required)

    assert isinstance(found, dict) if is_member else found is GroupRequiredError


@given(
    st.text(max_size=60)
    | st.builds("{}_{}".format, st.sampled_from(["eu-central-1", "cn-north-1", "local"]), st.text(max_size=12))
    | st.text("abc-_019", min_size=1, max_size=60),
    st.sampled_from([None, "eu-central-1"]) | st.text(max_size=20),
)
def test_no_pool_id_and_no_region_leads_to_another_host(pool_id: str, region: str | None) -> None:
    try:
        pool = UserPool(pool_id, region)
    except ConfigurationError:
        return
    for issuer, uri in pool.jwks_uris.items():
        scheme, _, rest = issuer.partition("://")
        host, _, path = rest.partition("/")
        assert scheme == "https"
        assert host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))
        assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert path == pool_id
        assert uri == f"{issuer}/.well-known/jwks.json"


@given(st.sampled_from([AccessDeniedError, InvalidClaimError, ConfigurationError]), st.text(), json_values)
def test_errors_survive_copying_with_whatever_they_carry(cls: Any, message: str, value: object) -> None:
    error = cls(message) if cls is not InvalidClaimError else cls(message, claim=message, actual=value)

    again = copy.deepcopy(error)

    assert (type(again), str(again), vars(again)) == (cls, message, vars(error))


def on_a_small_stack(call: Callable[[], T]) -> T:
    """Call it in a thread with a stack as small as a server may give it."""
    results: list[T] = []
    before = threading.stack_size(SMALL_STACK_BYTES)
    try:
        thread = threading.Thread(target=lambda: results.append(call()))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    (result,) = results
    return result


# What opens one more level, and what closes it. A bracket in a text counts for nothing, nor does a closed level beside.
LEVELS = (("[", "]"), ('{"a":', "}"), ('["[{",', "]"), ('{"}\\"]":', "}"), ("[[],", "]"), ('["\\\\",', ",{}]"))


@st.composite
def nestings(draw: st.DrawFn) -> tuple[int, str]:
    """A depth, and JSON that is nested as deep."""
    depth = draw(st.integers(1, 70) | st.sampled_from([61, 62, 63, 64, 65, 1000, 3000]))
    shape = draw(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5))
    levels = list(islice(cycle(shape), depth))
    beside = 1 if levels[-1] in LEVELS[4:] else 0
    text = "".join(opening for opening, _ in levels) + "1" + "".join(closing for _, closing in reversed(levels))
    return depth + beside, text


def with_nested(members: object, nested: str) -> bytes:
    return f'{json.dumps(members)[:-1]},"x":{nested}}}'.encode()


class KeysAsText:
    """A local source, which is read in the thread that builds the verifier."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(self.text)

    def revision(self) -> object:
        return None


def built(jwks: KeySource) -> type[CognitoVerifier] | type[ConfigurationError]:
    try:
        return type(verifier_of(jwks=jwks))
    except ConfigurationError as error:
        return type(error)


@given(nestings())
@example((8000, "[" * 8000 + "]" * 8000))
def test_nesting_is_judged_by_its_depth_and_overflows_no_stack(nesting: tuple[int, str]) -> None:
    depth, nested = nesting
    is_good = depth < MAX_DEPTH  # one level less: it is inside an object
    in_header = POOL.sign(with_nested(POOL.header, nested), BASE)
    in_payload = POOL.sign(POOL.header, with_nested(BASE, nested))
    keys = KeysAsText(with_nested(POOL.jwk_set, nested))

    for token in (in_header, in_payload):
        found = on_a_small_stack(lambda token=token: answer(FORGETFUL, token))  # type: ignore[misc]
        assert isinstance(found, dict) if is_good else found is MalformedTokenError
    assert on_a_small_stack(lambda: built(keys)) is (CognitoVerifier if is_good else ConfigurationError)


@given(
    st.lists(st.sampled_from(["[", '{"a":', '"', "\\", "]", "}", ",", "1", '"a"', ":"]), max_size=400),
    st.integers(1, 9),
)
@example(["["], 5000)
@example(['{"a":'], 2000)
@example(['"'], 60_000)
@example(['"\\'], 30_000)
def test_no_text_overflows_a_small_stack(pieces: list[str], times: int) -> None:
    text = "".join(pieces) * times

    for token in (POOL.sign(text, BASE), POOL.sign(POOL.header, text)):
        found = on_a_small_stack(lambda token=token: answer(FORGETFUL, token))  # type: ignore[misc]
        assert isinstance(found, type)
        assert issubclass(found, InvalidTokenError)


@given(st.text(st.characters(codec=None) | st.sampled_from("\ud83d\ude00"), max_size=6), st.booleans())
@example("\ud800", False)
@example("\udc00\ud800", True)
@example("\ud83d\ude00", True)  # as two escapes: a character
def test_half_a_character_is_refused(text: str, is_name: bool) -> None:
    claims = json.dumps({**BASE, **({text: 1} if is_name else {"x": [{"y": text}]})})

    found = answer(FORGETFUL, POOL.sign(POOL.header, claims))

    assert isinstance(found, dict) if is_encodable(json.loads(claims)) else found is MalformedTokenError


def is_encodable(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


class CrookedClock:
    """Two clocks that disagree: each reading moves either of them by a jump of its own, or lets it stand."""

    def __init__(self, wall_jumps: list[float], monotonic_jumps: list[float]) -> None:
        self.wall, self.elapsed = float(NOW), 1000.0
        self.wall_jumps, self.monotonic_jumps = cycle(wall_jumps), cycle(monotonic_jumps)

    def time(self) -> float:
        self.wall += next(self.wall_jumps)
        return self.wall

    def monotonic(self) -> float:
        self.elapsed += next(self.monotonic_jumps)
        return self.elapsed

    def agree(self) -> None:
        """Stand still from now on, both of them."""
        self.wall_jumps = self.monotonic_jumps = cycle([0.0])


class Endpoint:
    """A remote source that works or does not."""

    works = True

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        if not self.works:
            raise JWKSFetchError("expected an answer, found none")
        return JWKSResponse(POOL.jwk_set)


jumps = st.lists(st.sampled_from([0.0, 0.001, 0.5, 2.0, 50.0, 3600.0, 1e5, 1e7]), min_size=1, max_size=5)
wall_jumps = st.lists(
    st.sampled_from([0.0, 0.001, 50.0, 3600.0, -3600.0, -1e5, 1e5, 1e7, -1e7]), min_size=1, max_size=5
)
deeds = st.lists(st.sampled_from(["verify", "invented", "badly signed", "works", "fails"]), min_size=1, max_size=12)


@given(wall_jumps, jumps, deeds)
@example([-1e5], [0.0], ["fails", "verify"] * 4 + ["works"])
@example([50.0], [0.001], ["verify", "invented", "fails"] * 3)
def test_clocks_that_disagree_cost_time_and_no_endless_verify(
    wall_jumps: list[float], monotonic_jumps: list[float], deeds: list[str]
) -> None:
    clock, endpoint = CrookedClock(wall_jumps, monotonic_jumps), Endpoint()
    verifier = verifier_of(jwks=endpoint, clock=clock, check_expiration=False)
    tokens = {
        "verify": POOL.access_token(),
        "invented": POOL.sign({"alg": "RS256", "kid": "invented"}, BASE),
        "badly signed": POOL.badly_signed_token(),
    }

    for deed in deeds:
        if deed in tokens:
            before = verifier.keys[0].fetches
            found = answer(verifier, tokens[deed])
            assert verifier.keys[0].fetches - before <= MOST_FETCHES_OF_A_CALL
            assert isinstance(found, dict) <= (deed == "verify")
            assert isinstance(found, dict) or issubclass(found, (InvalidTokenError, JWKSUnavailableError))  # type: ignore[arg-type]
        else:
            endpoint.works = deed == "works"

    last: object = None
    clock.agree()
    endpoint.works = True
    for _ in range(2):  # what began before may still fail once
        clock.elapsed += 86_400
        clock.wall += 86_400
        last = answer(verifier, tokens["verify"])
    assert isinstance(last, dict)
