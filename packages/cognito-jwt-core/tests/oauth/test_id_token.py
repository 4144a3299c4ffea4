"""The rules of OpenID Connect, one by one, for claims that the core has verified."""

from __future__ import annotations

import pytest
from cognito_jwt_core import Claims, SignInError
from cognito_jwt_core.oauth.id_token import (
    check_access_token_hash,
    check_audience,
    check_authorized_party,
    check_nonce,
    check_same_user,
)


@pytest.mark.parametrize("aud", ["other", ["abc"], ["abc", "other"], None, "", "abc "])
def test_another_audience(aud: object) -> None:
    with pytest.raises(SignInError) as caught:
        check_audience(Claims(aud=aud), "abc")

    assert caught.value.code == "token_rejected"
    check_audience(Claims(aud="abc"), "abc")


def test_another_authorized_party() -> None:
    with pytest.raises(SignInError):
        check_authorized_party(Claims(azp="other"), "abc")

    check_authorized_party(Claims(azp="abc"), "abc")
    check_authorized_party(Claims(), "abc")


def test_the_vector_of_the_hash() -> None:
    """The example of OpenID Connect Core, appendix A.4."""
    access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

    check_access_token_hash(Claims(at_hash="77QmUPtjPfzWtF2AnpK9RQ"), access_token)
    with pytest.raises(SignInError):
        check_access_token_hash(Claims(at_hash="77QmUPtjPfzWtF2AnpK9RQ"), access_token + "x")


def test_a_nonce_that_is_no_text_of_unicode() -> None:
    with pytest.raises(SignInError) as caught:
        check_nonce(Claims(nonce="\ud800"), "\udfff")

    assert caught.value.code == "nonce_mismatch"


@pytest.mark.parametrize("claim", ["iss", "sub"])
def test_tokens_of_two_users_or_issuers(claim: str) -> None:
    claims = Claims(iss="i", sub="s")

    with pytest.raises(SignInError):
        check_same_user(Claims({**claims, claim: "other"}), claims)
    check_same_user(claims, claims)
