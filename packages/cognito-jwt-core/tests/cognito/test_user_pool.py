import copy
import itertools
import logging
import pickle
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError, InvalidIssuerError, UserPool
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.messages import Messages

JWKS = "/.well-known/jwks.json"


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-east-1", "amazonaws.com"),
        ("eu-central-1", "amazonaws.com"),
        ("ap-southeast-7", "amazonaws.com"),
        ("sa-east-1", "amazonaws.com"),
        ("ca-west-1", "amazonaws.com"),
        ("me-south-1", "amazonaws.com"),
        ("af-south-1", "amazonaws.com"),
        ("il-central-1", "amazonaws.com"),
        ("mx-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("cn-northwest-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_issuers_and_keys_of_every_partition(region: str, suffix: str) -> None:
    pool = UserPool(f"{region}_c3fea2")

    original = f"https://cognito-idp.{region}.{suffix}/{region}_c3fea2"
    updated = f"https://issuer-cognito-idp.{region}.{suffix}/{region}_c3fea2"
    assert pool.region == region
    assert pool.issuer == original
    assert pool.jwks_uris == {original: original + JWKS, updated: updated + JWKS}
    assert list(pool.jwks_uris) == [original, updated]


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "xx-nowhere-1"])
def test_region_of_no_known_partition_needs_an_issuer(messages: Messages, region: str) -> None:
    with messages.raises(ConfigurationError):
        UserPool(f"{region}_c3fea2")
    with messages.raises(ConfigurationError):
        UserPool("c3fea2", region)
    with messages.raises(ConfigurationError):
        UserPool("eu-central-1_c3fea2", replica_regions=[region])

    issuer = f"https://cognito-idp.{region}.example/{region}_c3fea2"
    assert UserPool(f"{region}_c3fea2", issuer=issuer).jwks_uris == {issuer: issuer + JWKS}


def test_replica_regions_add_their_original_issuers() -> None:
    pool = UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1", "ap-south-1"])

    assert list(pool.jwks_uris) == [
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2",
        "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2",
        "https://cognito-idp.us-east-1.amazonaws.com/eu-central-1_c3fea2",
        "https://cognito-idp.ap-south-1.amazonaws.com/eu-central-1_c3fea2",
    ]
    assert pool.replica_regions == ("us-east-1", "ap-south-1")


@pytest.mark.parametrize(
    ("home", "region"),
    [
        ("eu-central-1", "cn-north-1"),
        ("us-east-1", "us-gov-west-1"),
        ("us-gov-west-1", "us-west-2"),
        ("cn-north-1", "eusc-de-east-1"),
    ],
)
def test_no_pool_is_replicated_to_another_partition(home: str, region: str, messages: Messages) -> None:
    with messages.raises(ConfigurationError):
        UserPool(f"{home}_c3fea2", replica_regions=[region])
    with messages.raises(ConfigurationError):
        UserPool(f"{home}_c3fea2", region)


@pytest.mark.parametrize(("home", "region"), [("cn-north-1", "cn-northwest-1"), ("us-gov-west-1", "us-gov-east-1")])
def test_a_pool_is_replicated_in_its_partition(home: str, region: str) -> None:
    assert UserPool(f"{home}_c3fea2", replica_regions=[region]).replica_regions == (region,)


def test_replica_regions_are_each_counted_once_and_without_the_home() -> None:
    regions = ["us-east-1", "eu-central-1", "us-east-1"]

    assert UserPool("eu-central-1_c3fea2", replica_regions=regions).replica_regions == ("us-east-1",)
    assert UserPool("eu-central-1_c3fea2", replica_regions="us-east-1").replica_regions == ("us-east-1",)


def test_another_region_than_the_ids_is_a_replica_with_one_warning(
    messages: Messages, caplog: pytest.LogCaptureFixture
) -> None:
    pool = UserPool("eu-central-1_c3fea2", "us-east-1")

    assert pool.region == "eu-central-1"
    assert pool == UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"])
    assert [(record.levelno, record.name) for record in caplog.records] == [
        (logging.WARNING, "cognito_jwt_core.user_pool")
    ]
    messages.show(*caplog.messages)


def test_the_ids_own_region_draws_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert UserPool("eu-central-1_c3fea2", "eu-central-1") == UserPool("eu-central-1_c3fea2")
    assert not caplog.records


def test_id_without_its_region_works_with_one_warning(messages: Messages, caplog: pytest.LogCaptureFixture) -> None:
    pool = UserPool("eu-central-1c3fea2", "eu-central-1")

    assert next(iter(pool.jwks_uris)) == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1c3fea2"
    messages.show(*caplog.messages)


@pytest.mark.parametrize("id_", ["c3fea2", "eu-central-1c3fea2", "eu-central-1_", "_c3fea2", "EU-CENTRAL-1_x", "a"])
def test_id_without_its_region_needs_one_beside_it(messages: Messages, id_: str) -> None:
    with messages.raises(ConfigurationError):
        UserPool(id_)

    assert UserPool(id_, "eu-central-1").region == "eu-central-1"


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "eu-central-1_c3fea2/../eu-central-1_other",
        "eu-central-1_c3fea2#",
        "eu-central-1_c3fea2?x",
        "eu-central-1_c3fea2\n",
        "eu-central-1_c3fea2 ",
        "eu-central-1_c3f%2ea2",
        "eu-central-1_c3f.ea2",
        "attacker.example/eu-central-1_c3fea2",
        "@attacker.example_x",
        "eu-central-1_\u0441afe",  # a Cyrillic letter
        "eu-central-\u0661_c3fea2",  # an Arabic digit
        "eu-central-1_c3fea2\0",
        "x" * 56,
        None,
        b"eu-central-1_c3fea2",
        1,
        ["eu-central-1_c3fea2"],
    ],
)
def test_id_that_could_not_be_one_is_refused(messages: Messages, id_: object) -> None:
    with messages.raises(ConfigurationError):
        UserPool(id_)  # type: ignore[arg-type]
    with messages.raises(ConfigurationError):
        CognitoVerifier(id_, client_id=None, token_use=None)  # type: ignore[arg-type]


def test_id_of_every_allowed_character_and_length() -> None:
    assert UserPool("eu-central-1_Az09-_").id == "eu-central-1_Az09-_"
    assert UserPool("eu-central-1_" + "x" * 42).id == "eu-central-1_" + "x" * 42  # 55 characters


@pytest.mark.parametrize(
    "region",
    [
        "",
        "eu-central",
        "eu-central-1.attacker.example",
        "eu-central-1/x",
        "eu-central-1@",
        "EU-CENTRAL-1",
        "eu-central-1\n",
        "eu-central-\u0661",
        "eu-central-111",
        "eu--1",
        "-eu-central-1",
        1,
        b"eu-central-1",
        ["eu-central-1"],
    ],
)
def test_region_that_could_not_be_one_is_refused(messages: Messages, region: object) -> None:
    for id_ in ("c3fea2", "eu-central-1_c3fea2"):
        with messages.raises(ConfigurationError):
            UserPool(id_, region)  # type: ignore[arg-type]
    with messages.raises(ConfigurationError):
        UserPool("eu-central-1_c3fea2", replica_regions=[region])  # type: ignore[list-item]


@pytest.mark.parametrize("regions", [None, 1, True, iter(["eu-central-1"])])
def test_replica_regions_of_the_wrong_type_are_refused(messages: Messages, regions: object) -> None:
    with messages.raises(ConfigurationError):
        UserPool("eu-central-1_c3fea2", replica_regions=regions)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["issuer", "jwks_uri"])
@pytest.mark.parametrize("value", ["", 1, b"https://x.example", ["https://x.example"], True])
def test_issuer_and_key_url_must_be_texts(messages: Messages, option: str, value: object) -> None:
    with messages.raises(ConfigurationError):
        UserPool("eu-central-1_c3fea2", **{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "issuer",
    [
        *("eu-central-1_c3fea2", "cognito-idp.eu-central-1.amazonaws.com/x", "ftp://x.example", "https:///pool"),
        *("https://x.example/po ol", "https://x.example/pool\n", "https://x.example/?a", "https://x.example/#a"),
        *("https://todo.auth.eu-central-1.amazoncognito.com", "https://Todo.AmazonCognito.com:443/eu-central-1_c3fea2"),
    ],
)
def test_issuer_that_no_token_can_name_is_refused(messages: Messages, issuer: str) -> None:
    with messages.raises(ConfigurationError):
        UserPool("eu-central-1_c3fea2", issuer=issuer)


def test_host_that_only_begins_like_a_sign_in_domain_can_issue_tokens() -> None:
    issuer = "https://todo.amazoncognito.com.example/pool"

    assert UserPool("eu-central-1_c3fea2", issuer=issuer).issuer == issuer


def test_issuer_of_ones_own_is_the_only_one() -> None:
    issuer = "https://proxy.example/POOLX"

    assert UserPool("eu-central-1_c3fea2", issuer=issuer).jwks_uris == {issuer: issuer + JWKS}
    assert UserPool("eu-central-1_c3fea2", issuer=issuer + "/").jwks_uris == {issuer + "/": issuer + JWKS}
    assert UserPool("anything", issuer=issuer).jwks_uris == {issuer: issuer + JWKS}


def test_key_url_of_ones_own_serves_every_issuer() -> None:
    pool = UserPool("eu-central-1_c3fea2", jwks_uri="https://proxy.example/keys", replica_regions=["us-east-1"])

    assert len(pool.jwks_uris) == 3
    assert set(pool.jwks_uris.values()) == {"https://proxy.example/keys"}


def test_issuer_and_key_url_may_be_set_apart() -> None:
    pool = UserPool("local_abc", issuer="http://cognito:9229/local_abc", jwks_uri="http://127.0.0.1:9229/keys")

    assert pool.jwks_uris == {"http://cognito:9229/local_abc": "http://127.0.0.1:9229/keys"}


def test_pool_of_an_emulator_needs_no_region() -> None:
    issuer = "http://localhost:9229/local_abc"

    assert UserPool("local_abc", issuer=issuer).jwks_uris == {issuer: issuer + JWKS}
    assert UserPool("local_abc", jwks_uri=issuer + JWKS).jwks_uris == {issuer: issuer + JWKS}
    assert UserPool("local_abc", "eu-central-1", issuer=issuer).region is None  # the deployment's, not the pool's


@pytest.mark.parametrize("region", [None, "eu-central-1"])
def test_pool_of_an_emulator_needs_an_issuer_or_a_key_url(messages: Messages, region: str | None) -> None:
    with messages.raises(ConfigurationError):
        UserPool("local_abc", region)


def test_key_url_of_an_emulator_that_tells_no_issuer_needs_one(messages: Messages) -> None:
    with messages.raises(ConfigurationError):
        UserPool("local_abc", jwks_uri="http://localhost:9229/keys")


def test_pool_is_a_value() -> None:
    pool = UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"])

    assert pool == UserPool("eu-central-1_c3fea2", replica_regions=("us-east-1",))
    assert hash(pool) == hash(copy.deepcopy(pool))
    assert pickle.loads(pickle.dumps(pool)).jwks_uris == pool.jwks_uris  # noqa: S301  its own
    assert pool != UserPool("eu-central-1_c3fea2")
    with pytest.raises(AttributeError):
        pool.region = "us-east-1"  # type: ignore[misc]


def test_no_part_of_an_id_reaches_another_part_of_a_url() -> None:
    for id_ in ("eu-central-1_c3fea2", "eu-central-1_-", "eu-central-1___"):
        for url in UserPool(id_).jwks_uris.values():
            parts = urlsplit(url)
            assert parts.path == f"/{id_}{JWKS}"
            assert parts.scheme == "https"
            assert (parts.hostname or "").endswith("cognito-idp.eu-central-1.amazonaws.com")
            assert parts.username is None
            assert parts.port is None
            assert parts.query == parts.fragment == ""


@pytest.mark.parametrize("form", range(4))
def test_token_of_every_issuer_of_the_pool_is_accepted(form: int) -> None:
    clock = ManualClock()
    user_pool = UserPool("eu-central-1_testpool", replica_regions=["us-east-1", "eu-west-1"])
    issuer = list(user_pool.jwks_uris)[form]
    pool = LocalUserPool(user_pool.id, issuer=issuer, clock=clock)
    verifier = CognitoVerifier(user_pool, client_id=None, token_use="access", jwks=pool.jwks, clock=clock)

    claims = verifier.verify(pool.access_token())

    assert claims.issuer == issuer
    assert claims.user_pool_id == "eu-central-1_testpool"


def test_token_of_a_replica_that_is_not_named_is_refused() -> None:
    issuer = "https://cognito-idp.us-east-1.amazonaws.com/eu-central-1_testpool"
    pool = LocalUserPool("eu-central-1_testpool", issuer=issuer)
    verifier = CognitoVerifier(pool.id, client_id=None, token_use="access", jwks=pool.jwks)

    with pytest.raises(InvalidIssuerError) as caught:
        verifier.verify(pool.access_token())

    assert caught.value.actual == issuer
    assert caught.value.expected == (
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool or "
        "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_testpool"
    )


def issuers_of(pool: UserPool) -> list[str]:
    return list(pool.jwks_uris)


def test_replace_keeps_what_it_does_not_change() -> None:
    pool = UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"])

    assert replace(pool) == pool
    assert issuers_of(replace(pool)) == issuers_of(pool)
    assert issuers_of(replace(pool, jwks_uri="https://proxy.example/keys")) == issuers_of(pool)
    assert issuers_of(replace(pool, replica_regions=())) == issuers_of(UserPool("eu-central-1_c3fea2"))
    other = UserPool("us-west-2_c3fea2", replica_regions=["us-east-1"])
    assert replace(pool, id=other.id) == other
    assert issuers_of(replace(pool, id=other.id)) == issuers_of(other)
    proxied = UserPool("eu-central-1_c3fea2", issuer="https://proxy.example")
    assert issuers_of(replace(proxied, jwks_uri="https://keys.example")) == ["https://proxy.example"]
    local = UserPool("local_abc", jwks_uri="http://localhost:9229/local_abc" + JWKS)
    assert replace(local) == local
    assert issuers_of(replace(pool, id=other.id, region=None)) == issuers_of(other)
    without_region = UserPool("eu-central-1c3fea2", "eu-central-1")
    assert issuers_of(replace(without_region)) == issuers_of(without_region)


def test_own_original_issuer_counts_as_not_given() -> None:
    pool = UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"])

    given = UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"], issuer=str(pool.issuer))

    assert given == pool
    assert issuers_of(given) == issuers_of(pool)


def test_equal_pools_have_equal_issuers() -> None:
    pools = [
        UserPool("eu-central-1_c3fea2"),
        UserPool("eu-central-1_c3fea2", "eu-central-1"),
        UserPool("eu-central-1_c3fea2", "us-east-1"),
        UserPool("eu-central-1_c3fea2", replica_regions=["us-east-1"]),
        UserPool("eu-central-1_c3fea2", issuer="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2"),
        UserPool("eu-central-1_c3fea2", issuer="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2/"),
        UserPool("eu-central-1_c3fea2", issuer="https://cognito-idp.us-east-1.amazonaws.com/eu-central-1_c3fea2"),
        UserPool("eu-central-1_c3fea2", jwks_uri="https://proxy.example/keys"),
    ]

    for one, other in itertools.product(pools, repeat=2):
        assert (one == other) == (dict(one.jwks_uris) == dict(other.jwks_uris))
        assert one != other or hash(one) == hash(other)


def test_nothing_of_a_pool_can_be_altered() -> None:
    regions = ["us-east-1"]
    pool = UserPool("eu-central-1_c3fea2", replica_regions=regions)
    before = issuers_of(pool)

    regions.append("us-west-2")
    with pytest.raises(TypeError):
        pool.jwks_uris["https://attacker.example"] = "https://attacker.example/keys"  # type: ignore[index]
    assert issuers_of(pool) == before
    assert pool.replica_regions == ("us-east-1",)
