"""Several pools: each token by the keys and the rules of its own pool, whatever it says besides."""

import asyncio
import itertools
from typing import Any

import pytest
from cognito_jwt_core import (
    AlgorithmNotAllowedError,
    Claims,
    CognitoJWTError,
    CognitoVerifier,
    ConfigurationError,
    GroupRequiredError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidTokenError,
    InvalidTokenUseError,
    JWKSResponse,
    JWKSUnavailableError,
    KeySettings,
    MalformedTokenError,
    MultiPoolVerifier,
    RevocationsUnavailableError,
    TokenExpiredError,
    UnavailableError,
    UnknownKeyError,
    UserPool,
)
from cognito_jwt_core.errors import shown
from cognito_jwt_core.testing import ABSENT, LocalUserPool, ManualClock, hostile_tokens
from cognito_test_kit.messages import Messages


@pytest.fixture
def staff(clock: ManualClock) -> LocalUserPool:
    return LocalUserPool("eu-central-1_staff", client_id="staffclient", clock=clock)


@pytest.fixture
def customers(clock: ManualClock) -> LocalUserPool:
    return LocalUserPool("us-east-1_customers", client_id="customerclient", clock=clock)


def verifier_of(pool: LocalUserPool, **options: Any) -> CognitoVerifier:
    settings: dict[str, Any] = {"client_id": pool.client_id, "token_use": "access", "jwks": pool.jwks}
    return CognitoVerifier(pool.id, clock=pool.clock, **settings | options)


def is_refused(verifier: MultiPoolVerifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except InvalidTokenError:
        return True
    return False


@pytest.fixture
def several(staff: LocalUserPool, customers: LocalUserPool) -> MultiPoolVerifier:
    return MultiPoolVerifier([verifier_of(staff, groups="admin"), verifier_of(customers, token_use="id")])


def test_token_of_each_pool_is_verified_by_its_own_rules(
    several: MultiPoolVerifier, staff: LocalUserPool, customers: LocalUserPool
) -> None:
    for _ in range(2):
        assert several.verify(staff.access_token(groups=["admin"])).user_pool_id == "eu-central-1_staff"
        assert several.verify(customers.id_token()).user_pool_id == "us-east-1_customers"
        with pytest.raises(GroupRequiredError):
            several.verify(staff.access_token())
        with pytest.raises(InvalidTokenUseError):
            several.verify(customers.access_token(groups=["admin"]))
        with pytest.raises(InvalidTokenUseError):
            several.verify(staff.id_token(groups=["admin"]))
        with pytest.raises(InvalidClientError):
            several.verify(customers.id_token(aud=staff.client_id))


def test_answers_are_the_same_for_tasks(
    several: MultiPoolVerifier, staff: LocalUserPool, customers: LocalUserPool
) -> None:
    async def check() -> None:
        token = staff.access_token(groups=["admin"])
        assert await several.verify_async(token) == several.verify(token)
        assert (await several.verify_async(customers.id_token("bob"))).username == "bob"
        with pytest.raises(InvalidIssuerError):
            await several.verify_async(LocalUserPool("eu-west-1_other").access_token())

    asyncio.run(check())


def test_token_never_passes_by_the_key_of_another_pool(
    several: MultiPoolVerifier, staff: LocalUserPool, customers: LocalUserPool
) -> None:
    for signer, named, key_of in itertools.product((staff, customers), repeat=3):
        claims = named.access_claims(groups=["admin"]) if named is staff else named.id_claims()
        token = signer.sign({"alg": "RS256", "kid": key_of.kids[0]}, claims)
        if signer is named is key_of:
            assert several.verify(token)
        else:
            with pytest.raises((UnknownKeyError, InvalidSignatureError)):
                several.verify(token)


@pytest.mark.parametrize("cache_size", [0, 1024])
def test_same_kid_in_two_pools_is_two_keys(clock: ManualClock, cache_size: int) -> None:
    def with_kid(pool: LocalUserPool) -> LocalUserPool:
        private = pool.signing_key.jwk.export(as_dict=True) | {"kid": "same"}
        return LocalUserPool(pool.id, client_id=pool.client_id, clock=clock, signing_key=private)

    one = with_kid(LocalUserPool("eu-central-1_one", client_id="one"))
    two = with_kid(LocalUserPool("eu-central-1_two", client_id="two"))
    assert one.kids == two.kids == ("same",)
    assert one.jwk_set != two.jwk_set
    several = MultiPoolVerifier([verifier_of(one), verifier_of(two)], cache_size=cache_size)

    for _ in range(2):
        for pool, other in ((one, two), (two, one)):
            assert several.verify(pool.access_token()).issuer == pool.issuer
            forged = other.sign(other.header, pool.access_claims())
            with pytest.raises(InvalidSignatureError):
                several.verify(forged)
            # Another kid's header, known from a good token, changes nothing.
            with pytest.raises(InvalidSignatureError):
                several.verify(pool.access_token().rpartition(".")[0] + "." + forged.rpartition(".")[2])


def test_same_key_in_two_pools_still_means_two_sets_of_rules(clock: ManualClock) -> None:
    """Emulators sign for all their pools with one key."""
    one = LocalUserPool("eu-central-1_one", client_id="one", clock=clock)
    private = one.signing_key.jwk.export(as_dict=True)
    two = LocalUserPool("eu-central-1_two", client_id="two", clock=clock, signing_key=private)
    several = MultiPoolVerifier([verifier_of(one), verifier_of(two)])

    assert several.verify(one.access_token()).client_id == "one"
    assert several.verify(two.access_token()).client_id == "two"
    for pool, other in ((one, two), (two, one)):
        with pytest.raises(InvalidClientError):
            several.verify(pool.access_token(client_id=other.client_id))


def test_custom_check_of_each_pool_sees_its_own_tokens_alone(staff: LocalUserPool, customers: LocalUserPool) -> None:
    seen: dict[str, list[str]] = {"staff": [], "customers": []}

    def note(who: str) -> Any:
        def check(claims: Claims) -> None:
            seen[who].append(claims.user_pool_id)

        return check

    several = MultiPoolVerifier(
        [verifier_of(staff, custom_check=note("staff")), verifier_of(customers, custom_check=note("customers"))]
    )
    tokens = [staff.access_token(), customers.access_token(), customers.access_token()]
    for token in tokens * 2:
        several.verify(token)

    assert seen == {"staff": ["eu-central-1_staff"] * 2, "customers": ["us-east-1_customers"] * 4}


@pytest.mark.parametrize("form", range(3))
def test_every_issuer_of_a_pool_leads_to_it(customers: LocalUserPool, clock: ManualClock, form: int) -> None:
    user_pool = UserPool("eu-central-1_staff", replica_regions=["eu-west-1"])
    staff = LocalUserPool(user_pool.id, issuer=list(user_pool.jwks_uris)[form], clock=clock)
    several = MultiPoolVerifier(
        [
            verifier_of(customers),
            CognitoVerifier(user_pool, client_id=None, token_use=None, jwks=staff.jwks, clock=clock),
        ]
    )

    assert several.verify(staff.access_token()).issuer == staff.issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "https://attacker.example",
        "",
        None,
        1,
        ["https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_staff"],
        ABSENT,
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_staff/",
        "https://cognito-idp.eu-central-1.amazonaws.com/us-east-1_customers",
    ],
)
def test_foreign_issuer_is_refused_and_nothing_of_the_token_told(
    messages: Messages, several: MultiPoolVerifier, staff: LocalUserPool, issuer: object
) -> None:
    with messages.raises(InvalidIssuerError) as caught:
        several.verify(staff.access_token(iss=issuer))

    assert caught.value.claim == "iss"
    assert caught.value.actual is None  # nothing of it is verified
    assert not caught.value.is_authentic
    assert staff.issuer in str(caught.value)
    assert not isinstance(issuer, str) or shown(issuer) in str(caught.value)


def test_shape_comes_before_the_issuer_and_that_before_the_header(
    several: MultiPoolVerifier, staff: LocalUserPool
) -> None:
    """Which algorithms are allowed depends on the issuer."""
    foreign = {"iss": "https://attacker.example"}

    with pytest.raises(MalformedTokenError):
        several.verify("x.y")
    with pytest.raises(InvalidIssuerError):
        several.verify(staff.sign(staff.header | {"alg": "none"}, foreign))
    with pytest.raises(AlgorithmNotAllowedError):
        several.verify(staff.sign(staff.header | {"alg": "none"}, staff.access_claims()))


def test_message_names_a_few_issuers_of_many_pools(messages: Messages) -> None:
    pools = [LocalUserPool(f"eu-central-1_pool{number}") for number in range(5)]
    several = MultiPoolVerifier([verifier_of(pool) for pool in pools])

    with messages.raises(InvalidIssuerError):
        several.verify(pools[0].access_token(iss="https://attacker.example"))


class FailingSource:
    def __init__(self, message: str) -> None:
        self.message = message

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        raise OSError(self.message)


@pytest.mark.parametrize("backoffs", [(5, 20), (5, 20, 10)])
def test_prefetch_names_every_pool_that_failed(clock: ManualClock, backoffs: tuple[int, ...]) -> None:
    failing = [
        CognitoVerifier(
            f"eu-central-1_pool{number}",
            client_id=None,
            token_use=None,
            jwks=FailingSource(f"no {number}"),
            key_settings=KeySettings(backoff_initial_seconds=seconds),
            clock=clock,
        )
        for number, seconds in enumerate(backoffs)
    ]

    expected = "s; keys of .*".join(f"no {number}.*" for number in range(len(backoffs)))
    with pytest.raises(JWKSUnavailableError, match=expected) as caught:
        MultiPoolVerifier(failing).prefetch()
    assert caught.value.retry_after == 20  # the first moment at which no pool is known to fail


class NotReady:
    """Revocations that cannot be loaded."""

    def is_revoked(self, claims: Claims) -> bool:
        raise NotImplementedError

    def ready(self) -> None:
        raise OSError


@pytest.mark.parametrize(
    ("sources", "error", "told"),
    [
        ((FailingSource, dict), JWKSUnavailableError, "no 0.*revocations"),
        ((dict, FailingSource), JWKSUnavailableError, "revocations.*no 1"),
        ((dict, dict), RevocationsUnavailableError, "^revocations: expected an answer, found OSError$"),
    ],
)
def test_prefetch_names_pools_and_revocations_that_failed(
    staff: LocalUserPool, sources: tuple[type, type], error: type[UnavailableError], told: str
) -> None:
    failing = [
        CognitoVerifier(
            f"eu-central-1_pool{number}",
            client_id=None,
            token_use=None,
            jwks=FailingSource(f"no {number}") if source is FailingSource else staff.jwks,
            revocations=None if source is FailingSource else NotReady(),
        )
        for number, source in enumerate(sources)
    ]

    with pytest.raises(error, match=told):
        MultiPoolVerifier(failing).prefetch()


def test_hostile_tokens_of_every_pool_are_refused(staff: LocalUserPool, customers: LocalUserPool) -> None:
    several = MultiPoolVerifier([verifier_of(staff), verifier_of(customers)])

    for pool in (staff, customers):
        for name, token, _ in hostile_tokens(pool):
            assert is_refused(several, token), name
        assert several.verify(pool.access_token())


def test_options_of_a_call_hold_for_whichever_pool(
    several: MultiPoolVerifier, staff: LocalUserPool, customers: LocalUserPool
) -> None:
    options: dict[str, Any] = {"token_use": None, "client_id": None, "groups": None}

    for token in (staff.id_token(), customers.access_token(client_id="x")):
        assert several.verify(token, **options)
        with pytest.raises(CognitoJWTError):
            several.verify(token)
    with pytest.raises(ConfigurationError):
        several.verify(staff.access_token(groups=["admin"]), groups=[])


def test_tokens_expire_by_the_clock_of_the_verifiers(
    several: MultiPoolVerifier, staff: LocalUserPool, clock: ManualClock
) -> None:
    token = staff.access_token(groups=["admin"], expires_in=300)
    several.verify(token)

    clock.advance(300)
    with pytest.raises(TokenExpiredError):
        several.verify(token)


def test_rotation_in_one_pool_leaves_the_other_alone(
    several: MultiPoolVerifier, staff: LocalUserPool, customers: LocalUserPool
) -> None:
    old, other = staff.access_token(groups=["admin"]), customers.id_token()
    several.verify(old)
    several.verify(other)

    staff.rotate_key(keep_old=False)
    with pytest.raises(UnknownKeyError):
        several.verify(old)
    assert several.verify(other)
    assert several.verify(staff.access_token(groups=["admin"]))


def test_two_verifiers_of_one_issuer_are_a_configuration_error(messages: Messages, staff: LocalUserPool) -> None:
    replica = CognitoVerifier(
        UserPool("eu-central-1_staff", replica_regions=["eu-west-1"]), client_id=None, token_use=None, jwks=staff.jwks
    )
    by_hand = CognitoVerifier(UserPool("other", issuer=staff.issuer), client_id=None, token_use=None, jwks=staff.jwks)

    for second in (verifier_of(staff), replica, by_hand):
        with messages.raises(ConfigurationError):
            MultiPoolVerifier([verifier_of(staff), second])


@pytest.mark.parametrize("verifiers", [[], (), iter([])])
def test_no_verifier_is_a_configuration_error(messages: Messages, verifiers: list[CognitoVerifier]) -> None:
    with messages.raises(ConfigurationError):
        MultiPoolVerifier(verifiers)


@pytest.mark.parametrize(
    "verifiers",
    [
        None,
        1,
        [None],
        ["eu-central-1_staff"],
        "eu-central-1_staff",
        {"a": 1},
    ],
)
def test_anything_else_than_verifiers_is_a_configuration_error(messages: Messages, verifiers: object) -> None:
    with messages.raises(ConfigurationError):
        MultiPoolVerifier(verifiers)  # type: ignore[arg-type]


def test_verifiers_may_be_any_iterable(staff: LocalUserPool, customers: LocalUserPool) -> None:
    several = MultiPoolVerifier(verifier_of(pool) for pool in (staff, customers))

    assert several.verify(customers.access_token())
    assert repr(several) == "<MultiPoolVerifier of eu-central-1_staff, us-east-1_customers>"


def test_keys_of_every_pool_are_fetched_at_start_up(staff: LocalUserPool, customers: LocalUserPool) -> None:
    with staff.serve() as staff_url, customers.serve() as customers_url:
        several = MultiPoolVerifier([verifier_of(staff, jwks=staff_url), verifier_of(customers, jwks=customers_url)])

        several.prefetch()

        assert (staff.server.requests, customers.server.requests) == (1, 1)
        assert [status.kids for status in several.keys] == [staff.kids, customers.kids]
        assert several.verify(staff.access_token())
        assert several.verify(customers.access_token())
        assert (staff.server.requests, customers.server.requests) == (1, 1)


def test_pool_whose_keys_cannot_be_had_does_not_keep_the_others_from_theirs(
    staff: LocalUserPool, customers: LocalUserPool
) -> None:
    with staff.serve() as staff_url, customers.serve() as customers_url:
        staff.server.behave(status=500)
        several = MultiPoolVerifier([verifier_of(staff, jwks=staff_url), verifier_of(customers, jwks=customers_url)])

        with pytest.raises(JWKSUnavailableError):
            several.prefetch()

        assert several.verify(customers.access_token())
        with pytest.raises(JWKSUnavailableError):
            several.verify(staff.access_token())


def test_foreign_issuer_causes_no_fetch(staff: LocalUserPool, customers: LocalUserPool) -> None:
    with staff.serve() as url:
        several = MultiPoolVerifier([verifier_of(staff, jwks=url)])

        with pytest.raises(InvalidIssuerError):
            several.verify(customers.access_token())

        assert staff.server.requests == 0
