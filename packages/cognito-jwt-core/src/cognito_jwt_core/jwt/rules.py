"""Rules for the registered claims (RFC 7519 section 4.1), one function each.

The verifier applies them until one raises. `explain_token` applies all of them. The caller passes the time as `now`, so
no rule reads a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cognito_jwt_core.errors import (
    InvalidAudienceError,
    InvalidClaimError,
    InvalidIssuerError,
    MissingClaimError,
    TokenExpiredError,
    TokenNotYetValidError,
    shown,
)
from cognito_jwt_core.jwt.claims import is_numeric_date
from cognito_jwt_core.jwt.policy import VerificationPolicy

A_TEXT = "a str"
_A_TIME = "seconds since 1970, before the year 10000"


def check_issuer(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Check that ``iss`` is one of the accepted issuers. The comparison is exact (RFC 8725 section 3.8)."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise wrong_or_missing(claims, "iss", A_TEXT)
    if issuer not in policy.issuers:
        expected = " or ".join(sorted(policy.issuers))
        raise InvalidIssuerError(
            f"iss: expected {expected}, found {shown(issuer)}", claim="iss", expected=expected, actual=issuer
        )


def check_expiration(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Reject a token from the time in ``exp``, plus leeway (RFC 7519 section 4.1.4)."""
    if "exp" not in claims and not policy.check_expiration:
        return
    expires_at = claims.get("exp")
    if not is_numeric_date(expires_at):
        raise wrong_or_missing(claims, "exp", _A_TIME)
    if policy.check_expiration and now >= expires_at + policy.leeway:
        raise TokenExpiredError(
            f"exp: expected a time after {now:.0f}, found {expires_at:.0f}: expired {now - expires_at:.0f} s ago",
            claim="exp",
            expected=now,
            actual=expires_at,
        )


def check_not_before(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Reject a token before the time in ``nbf``, if present, minus leeway (RFC 7519 section 4.1.5)."""
    if "nbf" not in claims:
        return
    not_before = claims["nbf"]
    if not is_numeric_date(not_before):
        raise wrong_or_missing(claims, "nbf", _A_TIME)
    if now < not_before - policy.leeway:
        raise TokenNotYetValidError(
            f"nbf: expected a time up to {now:.0f}, found {not_before:.0f}: valid in {not_before - now:.0f} s",
            claim="nbf",
            expected=now,
            actual=not_before,
        )


def check_issued_at(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Require that ``iat``, if present, is a time. Any time is accepted, because clocks differ."""
    if "iat" in claims and not is_numeric_date(claims["iat"]):
        raise wrong_or_missing(claims, "iat", _A_TIME)


def check_subject(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Require a ``sub`` that is not empty (RFC 7519 section 4.1.2)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise wrong_or_missing(claims, "sub", "a str that is not empty")


def check_audience(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Require that ``aud``, if present, names this API or the app client itself (RFC 7519 section 4.1.3).

    With `require_audience`, it must be present and name this API. The app client's id is not enough, because it is the
    audience of every API that this client calls (RFC 8707).
    """
    if policy.any_audience or ("aud" not in claims and not policy.require_audience):
        return
    audience = claims.get("aud")
    if "aud" not in claims:
        expected = " or ".join(sorted(policy.audiences or ()))
        raise InvalidAudienceError(f"aud: expected {expected}, found no such claim", claim="aud", expected=expected)
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(name, str) for name in audiences):
        raise wrong_or_missing(claims, "aud", "a str or a list of str")
    accepted = policy.audiences or frozenset()
    is_for_client = not policy.require_audience and claims.get("client_id") in audiences
    if accepted.isdisjoint(audiences) and not is_for_client:
        expected = " or ".join(sorted(accepted)) or "the app client itself, as no audience is configured"
        raise InvalidAudienceError(
            f"aud: expected {expected}, found {shown(audience)}", claim="aud", expected=expected, actual=audience
        )


def validity_period(claims: Mapping[str, Any], policy: VerificationPolicy) -> tuple[float, float]:
    """Return the period during which these claims stay valid: its first second, and the first second after it.

    Only time can change the result.
    """
    valid_from = claims["nbf"] - policy.leeway if "nbf" in claims else -math.inf
    valid_until = claims["exp"] + policy.leeway if policy.check_expiration else math.inf
    return valid_from, valid_until


def wrong_or_missing(claims: Mapping[str, object], claim: str, expected: str) -> InvalidClaimError:
    """Return the error for a claim that is absent or has the wrong type."""
    if claim not in claims:
        return MissingClaimError(f"{claim}: expected in the token, found no such claim", claim=claim)
    actual = claims[claim]
    return InvalidClaimError(
        f"{claim}: expected {expected}, found {shown(actual)}", claim=claim, expected=expected, actual=actual
    )
