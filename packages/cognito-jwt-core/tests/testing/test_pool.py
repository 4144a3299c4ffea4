import base64
import json
import uuid

import pytest
from cognito_jwt_core.testing import ABSENT, LocalUserPool
from cognito_test_kit.key_servers import in_threads
from cognito_test_kit.messages import Messages
from jwcrypto.jwk import JWK

NOW = 1_700_000_000


def part(token: str, index: int) -> dict[str, object]:
    segment = token.split(".")[index]
    value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    assert isinstance(value, dict)
    return value


def payload(token: str) -> dict[str, object]:
    return part(token, 1)


def test_region_and_issuer_follow_from_the_id(pool: LocalUserPool) -> None:
    assert pool.region == "eu-central-1"
    assert pool.issuer == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"


@pytest.mark.parametrize(
    ("pool_id", "issuer"),
    [
        ("cn-north-1_a", "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a"),
        ("eusc-de-east-1_a", "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_a"),
    ],
)
def test_issuer_has_the_suffix_of_the_partition(pool_id: str, issuer: str) -> None:
    assert LocalUserPool(pool_id).issuer == issuer


def test_issuer_of_an_emulator_can_be_given() -> None:
    pool = LocalUserPool("local_abc", issuer="http://localhost:9229/local_abc")

    assert payload(pool.access_token())["iss"] == "http://localhost:9229/local_abc"


def test_header_says_alg_and_kid_and_nothing_else(pool: LocalUserPool) -> None:
    assert part(pool.access_token(), 0) == {"alg": "RS256", "kid": pool.signing_key.kid}


def test_groups_and_scopes_arrive_as_cognito_spells_them(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(groups=["admin", "dev"], scopes=["todo/read", "todo/write"]))

    assert claims["cognito:groups"] == ["admin", "dev"]
    assert claims["scope"] == "todo/read todo/write"


def test_plain_string_is_one_group_and_one_scope(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(groups="admin", scopes="todo/read"))

    assert claims["cognito:groups"] == ["admin"]
    assert claims["scope"] == "todo/read"


def test_user_in_no_group_has_no_groups_claim(pool: LocalUserPool) -> None:
    assert "cognito:groups" not in payload(pool.access_token())


def test_sub_is_a_uuid_and_stays_with_the_username(pool: LocalUserPool) -> None:
    subjects = {name: payload(pool.access_token(name))["sub"] for name in ("alice", "bob")}

    assert all(str(uuid.UUID(str(sub))) == sub for sub in subjects.values())
    assert subjects["alice"] != subjects["bob"]
    assert payload(pool.id_token("alice"))["sub"] == subjects["alice"]


def test_no_two_tokens_are_the_same(pool: LocalUserPool) -> None:
    assert len({pool.access_token() for _ in range(5)}) == 5


def test_times_follow_from_the_clock(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(expires_in=300))

    assert (claims["auth_time"], claims["iat"], claims["exp"]) == (NOW, NOW, NOW + 300)


def test_claim_can_be_set_by_keyword_and_by_mapping(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(device_key="d", claims={"cognito:roles": ["r"], "device_key": "e"}))

    assert claims["cognito:roles"] == ["r"]
    assert claims["device_key"] == "e"


def test_absent_claim_is_left_out(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(sub=ABSENT, claims={"username": ABSENT}))

    assert {"sub", "username"}.isdisjoint(claims)
    assert repr(ABSENT) == "ABSENT"


def test_claim_can_be_made_wrong(pool: LocalUserPool) -> None:
    claims = payload(pool.access_token(exp="soon", sub=None, client_id=["a"]))

    assert (claims["exp"], claims["sub"], claims["client_id"]) == ("soon", None, ["a"])


def test_id_token_has_the_email_that_was_given(pool: LocalUserPool) -> None:
    assert payload(pool.id_token("alice", email="alice@corp.example"))["email"] == "alice@corp.example"
    assert payload(pool.id_token("alice"))["email"] == "alice@example.com"


def test_client_credentials_token_belongs_to_the_client_and_to_no_user(pool: LocalUserPool) -> None:
    claims = payload(pool.client_credentials_token(scopes=["todo/read"]))

    assert claims["sub"] == claims["client_id"] == "abcdef123456"
    assert {"username", "cognito:groups", "origin_jti"}.isdisjoint(claims)
    assert (claims["token_use"], claims["scope"]) == ("access", "todo/read")


def test_expired_token_was_good_an_hour_ago(pool: LocalUserPool) -> None:
    claims = payload(pool.expired_token("bob", groups=["admin"], device_key="d"))

    assert claims["exp"] == NOW - 3600
    assert claims["iat"] == NOW - 7200
    assert (claims["username"], claims["cognito:groups"], claims["device_key"]) == ("bob", ["admin"], "d")


def test_not_yet_valid_token_becomes_valid_before_it_expires(pool: LocalUserPool) -> None:
    claims = payload(pool.not_yet_valid_token("bob"))

    assert (claims["nbf"], claims["exp"]) == (NOW + 1800, NOW + 3600)


def test_badly_signed_token_names_the_pools_key_and_differs_in_the_signature_alone(pool: LocalUserPool) -> None:
    token = pool.badly_signed_token("bob", jti="1", origin_jti="2", event_id="3")
    good = pool.access_token("bob", jti="1", origin_jti="2", event_id="3")

    assert part(token, 0) == part(good, 0)
    assert payload(token) == payload(good)
    assert token.rpartition(".")[2] != good.rpartition(".")[2]


def test_sign_takes_header_and_payload_as_they_are(pool: LocalUserPool) -> None:
    header, body, _ = pool.sign({"alg": "none"}, b'{"a":1,"a":2}').split(".")

    assert base64.urlsafe_b64decode(header + "==") == b'{"alg":"none"}'
    assert base64.urlsafe_b64decode(body + "==").startswith(b'{"a":1,"a":2}')


def test_rotation_publishes_the_new_key_before_the_old_one(pool: LocalUserPool) -> None:
    (old,) = pool.kids

    new = pool.rotate_key()

    assert pool.kids == (new, old)
    assert pool.signing_key.kid == new


def test_rotation_can_withdraw_the_old_key(pool: LocalUserPool) -> None:
    new = pool.rotate_key(keep_old=False)

    assert pool.kids == (new,)


def test_key_source_shows_rotations_by_its_revision(pool: LocalUserPool) -> None:
    before = pool.jwks.revision()
    assert pool.jwks.revision() == before

    pool.rotate_key()

    assert pool.jwks.revision() != before
    assert pool.jwks.fetch(1.0).jwks == pool.jwk_set


def test_jwk_set_is_cognitos_form_and_holds_nothing_private(pool: LocalUserPool) -> None:
    (key,) = pool.jwk_set["keys"]

    assert {name: key[name] for name in ("alg", "e", "kty", "use")} == {
        "alg": "RS256",
        "e": "AQAB",
        "kty": "RSA",
        "use": "sig",
    }
    assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}


def test_changing_a_published_set_changes_nothing(pool: LocalUserPool) -> None:
    pool.jwk_set["keys"][0]["kid"] = "changed"

    assert pool.jwk_set["keys"][0]["kid"] == pool.signing_key.kid


def test_two_pools_share_no_key() -> None:
    assert set(LocalUserPool("eu-west-1_a").kids).isdisjoint(LocalUserPool("eu-west-1_b").kids)


def test_pools_of_one_id_cost_one_key_for_the_whole_process() -> None:
    assert LocalUserPool("eu-west-1_a").signing_key is LocalUserPool("eu-west-1_a").signing_key


def test_pools_of_one_id_made_at_once_in_many_threads_share_their_key() -> None:
    pools = in_threads(8, lambda: LocalUserPool("eu-central-1_manythreads"))

    assert len({pool.kids for pool in pools if isinstance(pool, LocalUserPool)}) == 1


def test_signing_key_can_be_a_jwk_with_its_kid() -> None:
    jwk = JWK.generate(kty="RSA", size=2048, kid="my-key")

    pool = LocalUserPool(signing_key=jwk.export(as_dict=True))

    assert pool.kids == ("my-key",)


def test_signing_key_can_be_pem() -> None:
    jwk = JWK.generate(kty="RSA", size=2048)
    pem = jwk.export_to_pem(private_key=True, password=None)

    as_bytes, as_text = LocalUserPool(signing_key=pem), LocalUserPool(signing_key=pem.decode())

    assert as_bytes.signing_key.public_jwk["n"] == jwk.export_public(as_dict=True)["n"]
    assert as_text.kids == as_bytes.kids


@pytest.mark.parametrize(
    "key",
    [
        JWK.generate(kty="RSA", size=2048).export_public(as_dict=True),
        JWK.generate(kty="EC", crv="P-256").export(as_dict=True),
    ],
    ids=["public", "elliptic-curve"],
)
def test_signing_key_must_be_able_to_sign(messages: Messages, key: dict[str, str]) -> None:
    with messages.raises(ValueError):
        LocalUserPool(signing_key=key)


def test_repr_says_which_pool_it_is(pool: LocalUserPool) -> None:
    assert repr(pool) == "LocalUserPool('eu-central-1_testpool', client_id='abcdef123456')"
    assert repr(pool.jwks) == f"the keys of {pool!r}"


def test_server_is_there_only_while_serving(messages: Messages, pool: LocalUserPool) -> None:
    with pool.serve() as outer, pool.serve() as inner:
        assert pool.server.url == inner != outer

    with messages.raises(RuntimeError):
        _ = pool.server
