"""The whole way of a token: the order of the checks, and what holds of a token that came through before."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest
import requests
from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSResponse,
    KeySettings,
    MalformedTokenError,
    MissingClaimError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
)
from cognito_jwt_core.cognito.verifier import sign_in_verifier
from cognito_jwt_core.testing import ABSENT, JWKSServer, LocalUserPool, ManualClock

NOW = 1_700_000_000


class DeniedError(Exception):
    """The custom check's own."""


# In the order in which they must be found: what is broken, the error that says so, and what its message begins with.
FLAWS: list[tuple[str, type[Exception], str]] = [
    ("too long", MalformedTokenError, "token: expected at most"),
    ("padding", MalformedTokenError, "token: expected three parts"),
    ("header twice", MalformedTokenError, "header: "),
    ("crit", MalformedTokenError, "crit: "),
    ("alg", AlgorithmNotAllowedError, "alg: "),
    ("kid absent", MalformedTokenError, "kid: "),
    ("kid unknown", UnknownKeyError, "kid: "),
    ("signature", InvalidSignatureError, "signature: "),
    ("payload twice", MalformedTokenError, "payload: "),
    ("iss", InvalidIssuerError, "iss: "),
    ("exp", TokenExpiredError, "exp: "),
    ("nbf", TokenNotYetValidError, "nbf: "),
    ("iat", InvalidClaimError, "iat: "),
    ("token_use", InvalidTokenUseError, "token_use: "),
    ("sub", MissingClaimError, "sub: "),
    ("client_id", InvalidClientError, "client_id: "),
    ("aud", InvalidAudienceError, "aud: "),
    ("custom check", DeniedError, "denied"),
    ("groups", GroupRequiredError, "cognito:groups: "),
    ("scopes", ScopeRequiredError, "scope: "),
]
# A token with an issuer that is foreign or cannot be read, and an unknown key, is a foreign token.
FOREIGN = {"payload twice", "iss"}
_CLAIMS: dict[str, dict[str, object]] = {
    "too long": {"filler": "x" * 65536},
    "iss": {"iss": "https://attacker.example"},
    "exp": {"exp": NOW},
    "nbf": {"nbf": NOW + 1},
    "iat": {"iat": "now"},
    "token_use": {"token_use": "refresh"},
    "sub": {"sub": ABSENT},
    "client_id": {"client_id": "other"},
    "aud": {"aud": "other"},
    "custom check": {"denied": True},
    "groups": {"cognito:groups": "admin"},
    "scopes": {"scope": "todo"},
}


def deny(claims: Claims) -> None:
    if "denied" in claims:
        raise DeniedError("denied")


@pytest.fixture
def demanding(pool: LocalUserPool) -> CognitoVerifier:
    return CognitoVerifier(
        pool.id,
        client_id=pool.client_id,
        token_use="access",
        groups="admin",
        scopes="todo/read",
        custom_check=deny,
        jwks=pool.jwks,
        clock=pool.clock,
    )


def flawed(pool: LocalUserPool, *flaws: str) -> str:
    """A token that is good but for these flaws."""
    claims = pool.access_claims(groups=["admin"], scopes=["todo/read"])
    for flaw in flaws:
        claims |= _CLAIMS.get(flaw, {})
    payload = {name: value for name, value in claims.items() if value is not ABSENT}
    token = pool.sign(_header(pool, flaws), _twice(payload) if "payload twice" in flaws else payload)
    if "signature" in flaws:
        signing_input, _, signature = token.rpartition(".")
        token = f"{signing_input}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    return token + ("=" if "padding" in flaws else "")


def _header(pool: LocalUserPool, flaws: tuple[str, ...]) -> object:
    header = pool.header
    if "crit" in flaws:
        header["crit"] = ["exp"]
    if "alg" in flaws:
        header["alg"] = "none"
    if "kid unknown" in flaws:
        header["kid"] = "unknown"
    if "kid absent" in flaws:
        del header["kid"]
    return _twice(header) if "header twice" in flaws else header


def _twice(members: Mapping[str, object]) -> bytes:
    return json.dumps(dict(members)).encode()[:-1] + b',"x":1,"x":1}'


def test_token_without_flaws_is_accepted(pool: LocalUserPool, demanding: CognitoVerifier) -> None:
    assert demanding.verify(flawed(pool)).username == "alice"


@pytest.mark.parametrize(("flaw", "error", "message"), FLAWS, ids=[flaw for flaw, _, _ in FLAWS])
def test_each_flaw_is_found(
    pool: LocalUserPool, demanding: CognitoVerifier, flaw: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"^{message}") as caught:
        demanding.verify(flawed(pool, flaw))

    assert type(caught.value) is error


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(range(len(FLAWS)), 2)])
def test_of_two_flaws_the_earlier_is_found(
    pool: LocalUserPool, demanding: CognitoVerifier, first: int, second: int
) -> None:
    flaw, error, message = FLAWS[first]
    if flaw == "kid unknown" and FLAWS[second][0] in FOREIGN:
        error, message = InvalidIssuerError, "iss: "

    with pytest.raises(error, match=rf"^{message}") as caught:
        demanding.verify(flawed(pool, FLAWS[second][0], flaw))

    assert type(caught.value) is error


def test_of_all_flaws_the_earliest_is_found_and_repaired_in_turn(
    pool: LocalUserPool, demanding: CognitoVerifier
) -> None:
    for index, (first, error, message) in enumerate(FLAWS):
        later = (flaw for flaw, _, _ in FLAWS[index:] if first != "kid unknown" or flaw not in FOREIGN)
        with pytest.raises(error, match=rf"^{message}"):
            demanding.verify(flawed(pool, *later))


def test_order_is_the_same_for_tasks(pool: LocalUserPool, demanding: CognitoVerifier) -> None:
    async def found(*flaws: str) -> type[Exception]:
        try:
            await demanding.verify_async(flawed(pool, *flaws))
        except (CognitoJWTError, DeniedError) as error:
            return type(error)
        raise AssertionError

    async def check() -> None:
        for index, (first, error, _) in enumerate(FLAWS):
            later = (flaw for flaw, _, _ in FLAWS[index:] if first != "kid unknown" or flaw not in FOREIGN)
            assert await found(*later) is error

    asyncio.run(check())


@pytest.mark.parametrize("flaw", ["iss", "exp", "token_use", "client_id", "aud", "groups", "custom check"])
def test_what_failed_is_not_remembered_as_good(pool: LocalUserPool, demanding: CognitoVerifier, flaw: str) -> None:
    token = flawed(pool, flaw)

    for _ in range(3):
        with pytest.raises((CognitoJWTError, DeniedError)):
            demanding.verify(token)


def test_remembered_token_expires(pool: LocalUserPool, verifier: CognitoVerifier, clock: ManualClock) -> None:
    token = pool.access_token(expires_in=300)
    verifier.verify(token)

    clock.advance(299)
    assert verifier.verify(token)
    clock.advance(1)
    for _ in range(2):
        with pytest.raises(TokenExpiredError) as caught:
            verifier.verify(token)
        assert (caught.value.actual, caught.value.expected) == (NOW + 300, NOW + 300)


def test_remembered_token_begins_anew_when_the_clock_is_put_back(
    pool: LocalUserPool, verifier: CognitoVerifier, clock: ManualClock
) -> None:
    token = pool.access_token(nbf=NOW)
    verifier.verify(token)

    clock.set_time(NOW - 1)
    with pytest.raises(TokenNotYetValidError):
        verifier.verify(token)
    clock.set_time(NOW)
    assert verifier.verify(token)


def test_remembered_token_meets_the_demands_of_each_call(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.access_token(groups=["dev"], scopes=["todo/read"], aud="https://api.example")
    refusals: list[tuple[dict[str, Any], type[CognitoJWTError]]] = [
        ({"audience": None}, InvalidAudienceError),
        ({"audience": "https://api.example", "client_id": "other"}, InvalidClientError),
        ({"audience": "https://api.example", "token_use": "id"}, InvalidTokenUseError),
        ({"audience": "https://api.example", "groups": "admin"}, GroupRequiredError),
        ({"audience": "https://api.example", "scopes": "todo/write"}, ScopeRequiredError),
    ]

    for _ in range(2):
        assert verifier.verify(token, audience="https://api.example", groups="dev", scopes="todo/read")
        for options, error in refusals:
            with pytest.raises(error):
                verifier.verify(token, **options)
        with pytest.raises(InvalidAudienceError):
            verifier.verify(token)


def test_tasks_may_ask_for_something_else_too(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    refusals: list[tuple[dict[str, Any], type[CognitoJWTError]]] = [
        ({"token_use": "id"}, InvalidTokenUseError),
        ({"client_id": "other"}, InvalidClientError),
        ({"groups": "admin"}, GroupRequiredError),
        ({"scopes": "todo/write"}, ScopeRequiredError),
        ({"audience": "other"}, InvalidAudienceError),
    ]

    async def check() -> None:
        token = pool.access_token(aud="https://api.example")
        for options, error in refusals:
            with pytest.raises(error):
                await verifier.verify_async(token, **{"audience": "https://api.example"} | options)
        assert await verifier.verify_async(token, audience="https://api.example")

    asyncio.run(check())


def test_keys_come_from_where_the_verifier_is_told(pool: LocalUserPool) -> None:
    session = requests.Session()
    session.headers["X-From"] = "a session of your own"
    with pool.serve() as url, session:
        options: dict[str, Any] = {"client_id": None, "token_use": None, "jwks": url, "clock": pool.clock}

        assert CognitoVerifier(pool.id, session=session, **options).verify(pool.access_token())
        assert pool.server.received[-1].headers["x-from"] == "a session of your own"
        pool.server.behave(status=500)
        assert CognitoVerifier(pool.id, bundled_jwks=pool.jwk_set, **options).verify(pool.access_token())


def test_remembered_token_falls_with_its_key(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.access_token()
    verifier.verify(token)

    pool.rotate_key(keep_old=True)
    assert verifier.verify(token)
    assert verifier.verify(pool.access_token())
    pool.rotate_key(keep_old=False)
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)
    assert verifier.verify(pool.access_token())


class Published:
    """A live source of one key set."""

    def __init__(self, jwks: dict[str, Any]) -> None:
        self.jwks = jwks

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(self.jwks)

    def revision(self) -> object:
        return id(self.jwks)


def test_remembered_token_falls_when_its_kid_names_another_key(pool: LocalUserPool) -> None:
    """The very same key must still be there: its material, not its name."""
    source = Published(pool.jwk_set)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=source, clock=pool.clock)
    token = pool.access_token()
    verifier.verify(token)

    other = LocalUserPool("eu-central-1_another").jwk_set["keys"][0] | {"kid": pool.kids[0]}
    good, source.jwks = source.jwks, {"keys": [other]}
    with pytest.raises(InvalidSignatureError):
        verifier.verify(token)
    source.jwks = good
    assert verifier.verify(token)
    source.jwks = pool.jwk_set  # the same again, in another mapping
    assert verifier.verify(token)
    source.jwks = {"keys": [other]}
    with pytest.raises(InvalidSignatureError):
        asyncio.run(verifier.verify_async(token))


def test_key_that_is_not_there_is_named(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    token = pool.sign(pool.header | {"kid": "invented"}, pool.access_claims())

    with pytest.raises(UnknownKeyError, match=r"found 'invented'$"):
        verifier.verify(token)
    with pytest.raises(UnknownKeyError, match=r"found 'invented'$"):
        asyncio.run(verifier.verify_async(token))


def test_header_that_is_known_lets_no_other_token_pass(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    verifier.verify(pool.access_token())

    with pytest.raises(InvalidSignatureError):
        verifier.verify(pool.badly_signed_token())
    with pytest.raises(InvalidSignatureError):
        verifier.verify(pool.access_token().rpartition(".")[0] + ".")


def test_key_that_the_token_brings_is_never_looked_at(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    """CVE-2018-0114: the key of the header verified the token."""
    attacker = LocalUserPool("eu-central-1_attacker", issuer=pool.issuer, clock=pool.clock)
    claims = pool.access_claims()

    for kid in (attacker.kids[0], pool.kids[0]):
        for member in ("jwk", "jku", "x5u", "x5c"):
            header = {"alg": "RS256", "kid": kid, member: dict(attacker.signing_key.public_jwk)}
            with pytest.raises((UnknownKeyError, InvalidSignatureError)):
                verifier.verify(attacker.sign(header, claims))
            assert verifier.verify(pool.sign(header | {"kid": pool.kids[0]}, claims))


def test_token_of_another_pool_with_the_same_key_is_refused(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    """Emulators sign for all their pools with one key."""
    twin = LocalUserPool(
        "eu-central-1_twin",
        client_id=pool.client_id,
        clock=pool.clock,
        signing_key=pool.signing_key.jwk.export(as_dict=True),
    )
    assert twin.kids == pool.kids

    with pytest.raises(InvalidIssuerError) as caught:
        verifier.verify(twin.access_token())

    assert caught.value.actual == twin.issuer


def test_every_refusal_is_an_error_of_the_tree_with_a_code(pool: LocalUserPool, demanding: CognitoVerifier) -> None:
    for flaw, expected, _ in FLAWS:
        if expected is DeniedError:
            continue
        with pytest.raises(CognitoJWTError) as caught:
            demanding.verify(flawed(pool, flaw))
        assert isinstance(caught.value, (InvalidTokenError, GroupRequiredError, ScopeRequiredError))
        assert caught.value.code == type(caught.value).code


def test_repr_names_the_pool(verifier: CognitoVerifier) -> None:
    assert repr(verifier) == "<CognitoVerifier of eu-central-1_testpool>"


def test_status_of_the_keys_is_there_for_operators(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    (status,) = verifier.keys

    assert status.kids == pool.kids
    assert status.issuers == tuple(verifier.user_pool.jwks_uris)
    assert verifier.prefetch() is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(("flaw", "error"), [(flaw, error) for flaw, error, _ in FLAWS])
def test_error_says_whether_the_signature_held(
    pool: LocalUserPool, demanding: CognitoVerifier, flaw: str, error: type[Exception]
) -> None:
    is_signed = [name for name, _, _ in FLAWS].index(flaw) > [name for name, _, _ in FLAWS].index("signature")

    for _ in range(2):  # the second time some of them are remembered
        with pytest.raises((CognitoJWTError, DeniedError)) as caught:
            demanding.verify(flawed(pool, flaw))
        assert getattr(caught.value, "is_authentic", True) is is_signed


def test_wrong_option_of_a_call_says_nothing_about_the_signature(
    pool: LocalUserPool, demanding: CognitoVerifier
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        demanding.verify(flawed(pool), groups=[])

    assert not caught.value.is_authentic


def test_error_of_a_custom_check_of_this_library_is_authentic(pool: LocalUserPool) -> None:
    def check(claims: Claims) -> None:
        claims["absent"]

    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use=None, jwks=pool.jwks, custom_check=check, clock=pool.clock
    )
    with pytest.raises(MissingClaimError) as caught:
        verifier.verify(pool.access_token())

    assert caught.value.is_authentic


def test_what_an_error_carries_is_the_callers_own(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    """Changing it must not change the verdict on a token that is remembered."""
    token = pool.access_token(aud=["https://other.example"])
    accepted = verifier.verify(token, audience="https://other.example")

    for _ in range(2):
        with pytest.raises(InvalidAudienceError) as caught:
            verifier.verify(token, audience="https://api.example")
        assert isinstance(caught.value.actual, list)
        caught.value.actual.append("https://api.example")
    assert verifier.verify(token, audience="https://other.example") == accepted


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_coroutine_that_asyncio_does_not_run_is_refused_at_once(pool: LocalUserPool, is_warm: bool) -> None:
    """As under Trio. If only a cold start failed, any token with an invented key id would be an error of the app."""
    with JWKSServer(pool) as server:
        verifier = CognitoVerifier(
            pool.id, client_id=pool.client_id, token_use="access", jwks=server.url, clock=pool.clock
        )
        if is_warm:
            verifier.verify(pool.access_token())

        with pytest.raises(ConfigurationError):
            verifier.verify_async(pool.access_token()).send(None)

        assert server.requests == is_warm


@pytest.mark.parametrize("client_id", ["abcdef123456", ["abcdef123456", "other"], None])
def test_verifier_of_a_sign_in_leaves_the_users_rights_to_requests(pool: LocalUserPool, client_id: Any) -> None:
    own = CognitoVerifier(
        pool.id,
        client_id=client_id,
        token_use="access",
        groups="admin",
        scopes="todo/read",
        audience="https://api.example",
        custom_check=deny,
        jwks=pool.jwks,
        clock=pool.clock,
    )
    access = pool.access_token(scopes=["openid"], aud="https://other.example", denied=True)

    assert sign_in_verifier(own, pool.client_id, "access").verify(access).username == "alice"
    assert sign_in_verifier(own, pool.client_id, "access").verify(access, token_use=None).username == "alice"
    assert sign_in_verifier(own, pool.client_id, "id").verify(pool.id_token(denied=True)).username == "alice"
    with pytest.raises(InvalidAudienceError):
        own.verify(access)


def test_verifier_of_a_sign_in_accepts_one_kind_of_token_of_one_client(pool: LocalUserPool) -> None:
    own = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock)

    kinds: tuple[tuple[Literal["access", "id"], str, str], ...] = (
        ("access", pool.access_token(), pool.id_token()),
        ("id", pool.id_token(), pool.access_token()),
    )
    for use, good, other in kinds:
        verifier = sign_in_verifier(own, pool.client_id, use)
        assert verifier.verify(good)
        with pytest.raises(InvalidTokenUseError):
            verifier.verify(other)
        with pytest.raises(InvalidClientError):
            sign_in_verifier(own, "another", use).verify(good)
        assert own.verify(other)


def test_verifier_of_a_sign_in_keeps_the_leeway(pool: LocalUserPool) -> None:
    own = CognitoVerifier(
        pool.id, client_id=pool.client_id, token_use="access", leeway=10, jwks=pool.jwks, clock=pool.clock
    )
    verifier = sign_in_verifier(own, pool.client_id, "access")

    assert verifier.verify(pool.access_token(expires_in=-9))
    with pytest.raises(TokenExpiredError):
        verifier.verify(pool.access_token(expires_in=-10))


def test_verifier_of_a_sign_in_with_a_client_that_is_not_accepted(pool: LocalUserPool) -> None:
    own = CognitoVerifier(pool.id, client_id=["web", "mobile"], token_use=None, jwks=pool.jwks, clock=pool.clock)

    with pytest.raises(ConfigurationError, match=r"mobile or web .*'other'"):
        sign_in_verifier(own, "other", "access")


def test_sign_in_uses_the_network_in_the_same_way(pool: LocalUserPool) -> None:
    settings = KeySettings(timeout_seconds=2)
    with requests.Session() as session:
        verifier = CognitoVerifier(
            pool.id, client_id=None, token_use=None, session=session, key_settings=settings, clock=pool.clock
        )

        assert verifier.transport == (session, settings, pool.clock)


OPTIONS = ("groups", "scopes", "token_use", "client_id", "audience", "max_age", "acr_values")


@pytest.mark.parametrize("count", range(1, len(OPTIONS) + 1))
def test_none_is_an_option_of_its_own_however_many_options_are_none(pool: LocalUserPool, count: int) -> None:
    verifier = CognitoVerifier(
        pool.id, client_id=pool.client_id, token_use="access", groups=["admin"], jwks=pool.jwks, clock=pool.clock
    )
    token, options = pool.access_token(), dict.fromkeys(OPTIONS[:count])

    with pytest.raises(GroupRequiredError):
        verifier.verify(token)
    assert verifier.verify(token, **options)
    assert asyncio.run(verifier.verify_async(token, **options))
