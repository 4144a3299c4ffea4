import copy
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from cognito_jwt_core import Claims, CognitoVerifier, MalformedTokenError, MissingClaimError
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from cognito_test_kit.messages import Messages

# The first and the last second that a datetime can hold.
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
PAYLOAD = {
    "sub": "a1b2",
    "username": "alice",
    "cognito:groups": ["admin", "dev"],
    "scope": "todo/read todo/write",
    "token_use": "access",
    "client_id": "abcdef123456",
    "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool",
    "iat": 1_700_000_000,
    "exp": 1_700_003_600,
    "address": {"street": ["1", {"x": [1, 2.5, True, None]}]},
}


@pytest.fixture
def claims() -> Claims:
    return Claims(copy.deepcopy(PAYLOAD))


def test_claims_of_an_access_token(claims: Claims) -> None:
    assert claims.sub == "a1b2"
    assert claims.username == "alice"
    assert claims.groups == ("admin", "dev")
    assert claims.scopes == ("todo/read", "todo/write")
    assert claims.token_use == "access"
    assert claims.client_id == "abcdef123456"
    assert claims.issuer == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
    assert claims.user_pool_id == "eu-central-1_testpool"
    assert claims.issued_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert claims.expires_at == datetime(2023, 11, 14, 23, 13, 20, tzinfo=timezone.utc)


def test_claims_of_an_id_token(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    claims = verifier.verify(
        pool.id_token("bob", groups=["dev"], claims={"scope": "todo/read", "username": "x"}), token_use="id"
    )

    assert claims.token_use == "id"
    assert claims.username == "bob"
    assert claims.groups == ("dev",)
    assert claims.scopes == ()  # an ID token entitles to nothing
    assert claims.client_id == "abcdef123456"


def test_claims_of_a_client_credentials_token(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    claims = verifier.verify(pool.client_credentials_token(scopes=["todo/read"]))

    assert claims.username is None
    assert claims.groups == ()
    assert claims.scopes == ("todo/read",)
    assert claims.sub == claims.client_id == "abcdef123456"


def test_what_is_absent_is_none_or_nothing(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    absent = {"iat": ABSENT, "scope": ABSENT, "username": ABSENT, "client_id": ABSENT}
    claims = verifier.verify(pool.access_token(claims=absent), client_id=None)

    assert (claims.issued_at, claims.username, claims.client_id) == (None, None, None)
    assert claims.groups == claims.scopes == ()


@pytest.mark.parametrize(
    "value", ["admin", "", None, 1, True, {"admin": 1}, [1], ["admin", 1], [None], [["admin"]], [{"admin": 1}]]
)
def test_groups_of_the_wrong_type_are_no_groups(claims: Claims, value: object) -> None:
    claims["cognito:groups"] = value

    assert claims.groups == ()


@pytest.mark.parametrize("value", [None, 1, True, ["todo/read"], {"todo/read": 1}, "", " ", "   "])
def test_scope_of_the_wrong_type_is_no_scope(claims: Claims, value: object) -> None:
    claims["scope"] = value

    assert claims.scopes == ()


def test_scopes_are_parted_by_spaces_alone(claims: Claims) -> None:
    """RFC 6749 section 3.3."""
    claims["scope"] = "  a/b  c\td/e\nf\u2003g\xa0h  "

    assert claims.scopes == ("a/b", "c\td/e\nf\u2003g\xa0h")


@pytest.mark.parametrize("name", ["username", "client_id"])
@pytest.mark.parametrize("value", [None, 1, True, ["alice"], {}])
def test_text_of_the_wrong_type_is_none(claims: Claims, name: str, value: object) -> None:
    claims[name] = value

    assert getattr(claims, name) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        (0.5, datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=timezone.utc)),
        (EARLIEST, datetime(1, 1, 1, tzinfo=timezone.utc)),
        (LATEST, datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        (float(LATEST), datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_time_is_aware_and_in_utc(value: float, expected: datetime) -> None:
    assert Claims({"exp": value}).expires_at == expected


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, None, "0", [], {}),
        *(LATEST + 1, LATEST + 0.5, EARLIEST - 1, 10**400, -(10**400), 1e300),
        *(float("nan"), float("inf"), float("-inf")),
    ],
)
def test_anything_else_is_no_time(value: object) -> None:
    assert Claims({"iat": value}).issued_at is None


def test_claims_are_a_dict(claims: Claims) -> None:
    assert isinstance(claims, dict)
    assert claims == PAYLOAD
    assert dict(claims) == PAYLOAD
    assert {**claims} == PAYLOAD
    assert json.loads(json.dumps(claims)) == PAYLOAD
    assert claims.get("x") is None
    assert claims.get("x", 1) == 1
    assert "x" not in claims
    assert claims | {"x": 1} == PAYLOAD | {"x": 1}


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, Claims.copy]
    + [lambda claims, n=n: pickle.loads(pickle.dumps(claims, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)],  # noqa: S301
    ids=["copy", "deepcopy", "method"] + [f"pickle-{n}" for n in range(pickle.HIGHEST_PROTOCOL + 1)],
)
def test_copy_of_claims_is_claims(claims: Claims, copied: Callable[[Claims], Claims]) -> None:
    again = copied(claims)

    assert type(again) is Claims
    assert again == PAYLOAD
    assert again is not claims
    assert again.groups == ("admin", "dev")


def test_claim_that_is_not_there_is_a_missing_claim(messages: Messages, claims: Claims) -> None:
    with messages.raises(MissingClaimError) as caught:
        claims["email"]

    assert (caught.value.code, caught.value.claim) == ("missing_claim", "email")
    assert (caught.value.expected, caught.value.actual) == (None, None)
    with pytest.raises(KeyError):
        claims["email"]
    assert claims["sub"] == "a1b2"


def test_repr_shows_no_personal_data(claims: Claims) -> None:
    assert repr(claims) == str(claims) == f"{claims}"
    assert re.fullmatch("<Claims of an access token [0-9a-f]{16}>", repr(claims))
    assert re.fullmatch("<Claims of an id token [0-9a-f]{16}>", repr(Claims(PAYLOAD | {"token_use": "id"})))


def test_repr_tells_claims_apart_in_this_process_only(claims: Claims) -> None:
    """Caches of functions make their keys of it. A reader of logs cannot compare it with that of known claims."""
    program = f"from cognito_jwt_core import Claims; print(Claims({PAYLOAD!r}))"
    elsewhere = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert repr(Claims(claims)) == repr(claims)
    assert repr(Claims(claims | {"sub": "c3d4"})) != repr(claims)
    assert elsewhere.stdout.startswith("<Claims of an access token ")
    assert elsewhere.stdout.strip() != repr(claims)


@pytest.mark.parametrize("payload", [{}, {"token_use": None}, {"token_use": ["x\n"]}, {"token_use": "a@b.example"}])
def test_repr_of_incomplete_claims_does_not_fail(payload: dict[str, object]) -> None:
    assert re.fullmatch("<Claims [0-9a-f]{16}>", repr(Claims(payload)))


@pytest.mark.parametrize("cache_size", [0, 1024])
def test_each_caller_gets_a_copy_down_to_the_nested_values(pool: LocalUserPool, cache_size: int) -> None:
    verifier = CognitoVerifier(
        pool.id, client_id=None, token_use=None, jwks=pool.jwks, clock=pool.clock, cache_size=cache_size
    )
    address = {"lines": ["1", {"x": [1, {"y": []}]}]}
    token = pool.access_token(groups=["dev"], claims={"address": address})

    for _ in range(4):
        claims = verifier.verify(token, groups="dev")
        assert claims["address"] == address
        assert claims.groups == ("dev",)
        claims["address"]["lines"][1]["x"][1]["y"].append("mine")
        claims["address"]["mine"] = 1
        claims["cognito:groups"].append("admin")  # type: ignore[attr-defined]
        claims["sub"] = "mine"
        del claims["iss"]
        claims.clear()


@pytest.mark.parametrize(("levels", "code"), [(63, None), (64, "malformed_token")])
def test_claims_may_nest_64_levels_deep(
    pool: LocalUserPool, verifier: CognitoVerifier, levels: int, code: str | None
) -> None:
    value: object = []
    for _ in range(levels - 1):
        value = [value]
    token = pool.access_token(tree=value)

    for _ in range(3):
        if code is None:
            assert verifier.verify(token)["tree"] == value
        else:
            with pytest.raises(MalformedTokenError) as caught:
                verifier.verify(token)
            assert (caught.value.code, caught.value.is_authentic) == (code, True)


def test_lone_surrogate_is_refused_although_it_is_signed(pool: LocalUserPool, verifier: CognitoVerifier) -> None:
    """An app could not store or send it: UTF-8 has no such character (RFC 3629 section 3)."""
    for value in ("\ud800", "x\udfff", "\udfff\ud800", ["\ud83d"], {"\ude42": 1}):
        with pytest.raises(MalformedTokenError) as caught:
            verifier.verify(pool.access_token(name=value))
        assert caught.value.is_authentic
    assert verifier.verify(pool.access_token(name="\U0001f642"))["name"] == "\U0001f642"
