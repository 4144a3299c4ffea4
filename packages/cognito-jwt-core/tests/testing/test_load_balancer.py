"""The local load balancer against what is known of real tokens, read by another library."""

import base64
import json
import uuid

import jwt
import pytest
import requests
from cognito_jwt_core.testing import ABSENT, LocalLoadBalancer, LocalUserPool

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/mine/0123456789abcdef"


def parts_of(token: str) -> list[dict[str, object]]:
    return [json.loads(base64.urlsafe_b64decode(part)) for part in token.split(".")[:2]]


def test_token_has_the_members_and_types_of_a_real_one(pool: LocalUserPool) -> None:
    """Compare with the token in awslabs/aws-jwt-verify#109."""
    balancer = LocalLoadBalancer(pool, arn=ARN)

    header, claims = parts_of(balancer.token("bob", email="bob@example.org", expires_in=60))

    assert header == {
        "typ": "JWT",
        "kid": str(uuid.UUID(balancer.kid)),
        "alg": "ES256",
        "iss": pool.issuer,
        "client": pool.client_id,
        "signer": ARN,
        "exp": 1_700_000_060,
    }
    assert claims == {
        "sub": pool.access_claims("bob")["sub"],
        "email_verified": "true",
        "email": "bob@example.org",
        "username": "bob",
        "exp": 1_700_000_060,
        "iss": pool.issuer,
    }


def test_each_part_is_padded(pool: LocalUserPool) -> None:
    balancer = LocalLoadBalancer(pool)

    for length in range(4):
        assert [len(part) % 4 for part in balancer.token(name="x" * length).split(".")] == [0, 0, 0]


def test_members_and_claims_can_be_changed_and_left_out(pool: LocalUserPool) -> None:
    balancer = LocalLoadBalancer(pool)

    header, claims = parts_of(
        balancer.token(header={"client": "other", "typ": ABSENT}, claims={"custom:a": 1}, email_verified=ABSENT)
    )

    assert (header["client"], "typ" in header) == ("other", False)
    assert (claims["custom:a"], "email_verified" in claims) == (1, False)


def test_keys_are_served_by_kid_and_verify_the_signature(pool: LocalUserPool) -> None:
    with LocalLoadBalancer(pool) as balancer:
        token = balancer.token("alice")
        answer = requests.get(f"{balancer.keys_url}/{balancer.kid}", timeout=5)
        missing = requests.get(f"{balancer.keys_url}/{uuid.uuid4()}", timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "binary/octet-stream")
    options = {"verify_exp": False}
    assert jwt.decode(token, answer.text, algorithms=["ES256"], options=options)["username"] == "alice"  # type: ignore[arg-type]
    assert missing.status_code == 404
    assert balancer.requests == 2


@pytest.mark.parametrize(("keep_old", "status"), [(True, 200), (False, 404)])
def test_rotation_keeps_or_withdraws_the_old_key(pool: LocalUserPool, keep_old: bool, status: int) -> None:
    with LocalLoadBalancer(pool) as balancer:
        old = balancer.kid

        balancer.rotate_key(keep_old=keep_old)

        assert requests.get(f"{balancer.keys_url}/{old}", timeout=5).status_code == status
        assert requests.get(f"{balancer.keys_url}/{balancer.kid}", timeout=5).status_code == 200
        assert balancer.kid != old


def test_it_can_misbehave_and_counts_requests(pool: LocalUserPool) -> None:
    with LocalLoadBalancer(pool) as balancer:
        url = f"{balancer.keys_url}/{balancer.kid}"
        balancer.behave(status=500, times=1)
        statuses = [requests.get(url, timeout=5).status_code for _ in range(2)]
        balancer.misbehave("redirect", times=1)
        redirected = requests.get(url, timeout=5)

    assert statuses == [500, 200]
    assert redirected.url.endswith("?redirected")
    assert redirected.text.startswith("-----BEGIN PUBLIC KEY-----")
    assert [request.method for request in balancer.received] == ["GET"] * 4


def test_repr_names_pool_and_arn(pool: LocalUserPool) -> None:
    assert repr(LocalLoadBalancer(pool, arn=ARN)) == f"LocalLoadBalancer({pool!r}, arn={ARN!r})"
