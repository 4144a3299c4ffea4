"""The rules of the claims, one function a rule, in the order in which they are asked.

The verifier runs them until one raises; `explain` runs them all. Nothing here reads a clock: `now` is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .claims import is_numeric_date
from .errors import (
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidTokenUseError,
    MissingClaimError,
    TokenExpiredError,
    TokenNotYetValidError,
    shown,
)
from .policy import TOKEN_USES, VerificationPolicy

Rule: TypeAlias = Callable[[Mapping[str, object], VerificationPolicy, float], None]


def check_issuer(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``iss`` is an issuer of the pool, letter for letter (RFC 8725 section 3.8)."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise _no_text(claims, "iss")
    if issuer not in policy.issuers:
        expected = " or ".join(sorted(policy.issuers))
        raise InvalidIssuerError(
            f"iss: expected {expected}, found {shown(issuer)}", claim="iss", expected=expected, actual=issuer
        )


def check_expiration(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``exp`` is to come: refused from the second that it names on, plus leeway (RFC 7519 section 4.1.4)."""
    if "exp" not in claims and not policy.check_expiration:
        return
    expires_at = claims.get("exp")
    if not is_numeric_date(expires_at):
        raise _no_time(claims, "exp")
    if policy.check_expiration and now >= expires_at + policy.leeway:
        raise TokenExpiredError(
            f"exp: expected a time after {now:.0f}, found {expires_at:.0f}: expired {now - expires_at:.0f} s ago",
            claim="exp",
            expected=now,
            actual=expires_at,
        )


def check_not_before(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``nbf``, where present, has come, minus leeway (RFC 7519 section 4.1.5)."""
    if "nbf" not in claims:
        return
    not_before = claims["nbf"]
    if not is_numeric_date(not_before):
        raise _no_time(claims, "nbf")
    if now < not_before - policy.leeway:
        raise TokenNotYetValidError(
            f"nbf: expected a time up to {now:.0f}, found {not_before:.0f}: valid in {not_before - now:.0f} s",
            claim="nbf",
            expected=now,
            actual=not_before,
        )


def check_issued_at(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``iat``, where present, is a time; which one is no reason to refuse, since clocks differ."""
    if "iat" in claims and not is_numeric_date(claims["iat"]):
        raise _no_time(claims, "iat")


def check_token_use(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``token_use`` is the one that is expected: an ID token opens no API (RFC 8725 section 3.12)."""
    token_use = claims.get("token_use")
    if not isinstance(token_use, str):
        raise _no_text(claims, "token_use")
    if token_use not in TOKEN_USES or policy.token_use not in (None, token_use):
        expected = policy.token_use or " or ".join(TOKEN_USES)
        raise InvalidTokenUseError(
            f"token_use: expected {expected}, found {shown(token_use)}",
            claim="token_use",
            expected=expected,
            actual=token_use,
        )


def check_subject(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """``sub`` is there (RFC 7519 section 4.1.2)."""
    if not isinstance(claims.get("sub"), str):
        raise _no_text(claims, "sub")


def check_client(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """The token was issued to one of the app clients: ``client_id`` of an access token, ``aud`` of an ID token."""
    if policy.client_ids is None:
        return
    claim = "client_id" if claims.get("token_use") == "access" else "aud"
    client_id = claims.get(claim)
    if not isinstance(client_id, str):
        raise _no_text(claims, claim)
    if client_id not in policy.client_ids:
        expected = " or ".join(sorted(policy.client_ids))
        raise InvalidClientError(
            f"{claim}: expected app client {expected}, found {shown(client_id)}",
            claim=claim,
            expected=expected,
            actual=client_id,
        )


def check_audience(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """An access token that carries ``aud`` is meant for this API, or its app client itself (RFC 7519 section 4.1.3)."""
    if "aud" not in claims or claims.get("token_use") != "access":
        return
    audience = claims["aud"]
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(name, str) for name in audiences):
        raise _wrong_type("aud", "a str or a list of str", audience)
    accepted = policy.audiences or frozenset()
    if accepted.isdisjoint(audiences) and claims.get("client_id") not in audiences:
        expected = " or ".join(sorted(accepted)) or "the app client itself, as no audience is configured"
        raise InvalidAudienceError(
            f"aud: expected {expected}, found {shown(audience)}", claim="aud", expected=expected, actual=audience
        )


RULES: tuple[Rule, ...] = (
    check_issuer,
    check_expiration,
    check_not_before,
    check_issued_at,
    check_token_use,
    check_subject,
    check_client,
    check_audience,
)


def check_claims(claims: Mapping[str, object], policy: VerificationPolicy, now: float) -> None:
    """Ask every rule, up to the first that is broken.

    Raises:
        InvalidClaimError: The first broken rule's.
    """
    for rule in RULES:
        rule(claims, policy, now)


def lifespan(claims: Mapping[str, Any], policy: VerificationPolicy) -> tuple[float, float]:
    """From which moment to which claims that are met now are met: of all that the rules ask, only time goes on."""
    begins = claims["nbf"] - policy.leeway if "nbf" in claims else -math.inf
    ends = claims["exp"] + policy.leeway if policy.check_expiration else math.inf
    return begins, ends


def _no_text(claims: Mapping[str, object], claim: str) -> InvalidClaimError:
    return _wrong_or_missing(claims, claim, "a str")


def _no_time(claims: Mapping[str, object], claim: str) -> InvalidClaimError:
    return _wrong_or_missing(claims, claim, "seconds since 1970, before the year 10000")


def _wrong_or_missing(claims: Mapping[str, object], claim: str, expected: str) -> InvalidClaimError:
    if claim not in claims:
        return MissingClaimError(f"{claim}: expected in the token, found no such claim", claim=claim)
    return _wrong_type(claim, expected, claims[claim])


def _wrong_type(claim: str, expected: str, actual: object) -> InvalidClaimError:
    return InvalidClaimError(
        f"{claim}: expected {expected}, found {shown(actual)}", claim=claim, expected=expected, actual=actual
    )
