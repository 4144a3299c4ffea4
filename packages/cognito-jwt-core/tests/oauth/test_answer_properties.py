"""Any change of a good answer is refused, or changes nothing that we promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from cognito_jwt_core import SignInError
from cognito_jwt_core.oauth import OAuthClient, TokenSet
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.scripted_login import CODE, NONCE, REDIRECT_URI, VERIFIER, Answer, ScriptedLogin
from hypothesis import given
from hypothesis import strategies as st

CODES = {"token_rejected", "nonce_mismatch", "sign_in_unavailable", "provider_error", "sign_in_misconfigured"} | {
    "code_rejected"
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


class Exchange:
    """A login whose answers are changed, and the good answer."""

    def __init__(self, scripted: ScriptedLogin) -> None:
        self.scripted = scripted
        self.client: OAuthClient = scripted.client()
        self.good = scripted.tokens()
        self.tokens = self.answered(json.dumps(self.good).encode())
        assert isinstance(self.tokens, TokenSet)

    def answered(self, body: bytes) -> TokenSet | str:
        """Return the tokens, or the code of the refusal."""
        self.scripted.answers["/oauth2/token"] = Answer(body=body)
        try:
            return self.client.exchange_code(CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)
        except SignInError as error:
            return error.code

    def check(self, body: bytes) -> None:
        found = self.answered(body)
        if isinstance(found, str):
            assert found in CODES
            return
        # A refresh token is opaque: nothing of it is promised, other than that it is a text.
        assert isinstance(self.tokens, TokenSet)
        assert found.claims == self.tokens.claims
        assert found.id_claims == self.tokens.id_claims
        assert found.identity == self.tokens.identity
        assert found.expires_at == self.tokens.expires_at
        assert found.refresh_token is None or isinstance(found.refresh_token, str)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with ScriptedLogin(ManualClock(1_700_000_000)).serve() as scripted:
        yield Exchange(scripted)


@given(data=st.data())
def test_bytes_of_the_answer_are_changed(exchange: Exchange, data: st.DataObject) -> None:
    body = bytearray(json.dumps(exchange.good).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 4))
        body[place : place + length] = data.draw(st.binary(max_size=4))

    exchange.check(bytes(body))


@given(
    changes=st.dictionaries(
        st.sampled_from(["access_token", "id_token", "refresh_token", "token_type", "expires_in", "error", "scope"])
        | st.text(max_size=12),
        JSON,
        max_size=3,
    ),
    left_out=st.sets(st.sampled_from(["access_token", "id_token", "refresh_token", "token_type", "expires_in"])),
)
def test_members_are_changed_added_and_left_out(
    exchange: Exchange, changes: dict[str, Any], left_out: set[str]
) -> None:
    members = {name: value for name, value in {**exchange.good, **changes}.items() if name not in left_out}

    exchange.check(json.dumps(members).encode())


@given(JSON)
def test_something_else_is_answered(exchange: Exchange, value: object) -> None:
    assert exchange.answered(json.dumps(value).encode()) in CODES


@given(
    which=st.sampled_from(["access_token", "id_token"]),
    claims=st.dictionaries(
        st.sampled_from(["sub", "iss", "aud", "client_id", "exp", "token_use", "nonce", "at_hash", "auth_time"]),
        JSON,
        min_size=1,
        max_size=2,
    ),
)
def test_claims_that_an_attacker_signs(exchange: Exchange, which: str, claims: dict[str, Any]) -> None:
    pool = exchange.scripted.pool
    attacker = LocalUserPool("eu-central-1_attacker", client_id=pool.client_id, clock=exchange.scripted.clock)
    payload = (pool.access_claims() if which == "access_token" else pool.id_claims()) | claims

    forged = attacker.sign(pool.header, payload)

    assert exchange.answered(json.dumps({**exchange.good, which: forged}).encode()) == "token_rejected"


@given(
    which=st.sampled_from(["access", "identity"]),
    name=st.sampled_from(["sub", "iss", "aud", "client_id", "exp", "token_use", "nonce", "at_hash", "azp", "iat"]),
    value=JSON,
)
def test_claims_that_the_pool_signs(exchange: Exchange, which: str, name: str, value: object) -> None:
    """A pool never signs such claims; if one did, they could sign in only the user of both tokens."""
    changes: dict[str, Any] = {which: {name: value}}
    found = exchange.answered(json.dumps(exchange.scripted.tokens(**changes)).encode())

    if isinstance(found, str):
        assert found in CODES
    else:
        assert found.id_claims is not None
        assert found.claims.sub == found.id_claims.sub
        assert found.claims.issuer == found.id_claims.issuer == exchange.scripted.user_pool.issuer
        assert found.claims.client_id == found.id_claims["aud"] == exchange.scripted.pool.client_id
        assert found.id_claims["nonce"] == NONCE


@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["code", "state", "error", "iss", "error_description"]) | st.text(max_size=5),
            st.sampled_from(["the-state", "c0de", ""]) | st.text(max_size=12),
        ),
        max_size=6,
    ),
    noise=st.text(alphabet="&=;%+0aÿ", max_size=6),
)
def test_only_a_callback_of_this_login_gives_a_code(
    exchange: Exchange, pairs: list[tuple[str, str]], noise: str
) -> None:
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs) + noise
    try:
        code = exchange.client.read_callback(query, state="the-state")
    except SignInError:
        return

    found = parse_qsl(query, keep_blank_values=True)
    assert [value for name, value in found if name == "state"] == ["the-state"]
    assert [value for name, value in found if name == "code"] == [code]
    assert not [value for name, value in found if name in ("error", "iss")]
