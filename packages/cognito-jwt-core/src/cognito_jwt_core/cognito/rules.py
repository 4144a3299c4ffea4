"""Rules for claims that are specific to Cognito, and the order of all rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cognito_jwt_core.cognito.claims import TOKEN_USES
from cognito_jwt_core.errors import InvalidClientError, InvalidTokenUseError, shown
from cognito_jwt_core.jwt import rules
from cognito_jwt_core.jwt.policy import Rule
from cognito_jwt_core.jwt.rules import A_TEXT, wrong_or_missing

if TYPE_CHECKING:
    from cognito_jwt_core.cognito.pool_policy import TokenPolicy


def check_token_use(claims: Mapping[str, object], policy: TokenPolicy, now: float) -> None:
    """Require the expected ``token_use``, because ID tokens are not meant for APIs (RFC 8725 section 3.12)."""
    token_use = claims.get("token_use")
    if not isinstance(token_use, str):
        raise wrong_or_missing(claims, "token_use", A_TEXT)
    if token_use not in TOKEN_USES or policy.token_use not in (None, token_use):
        expected = policy.token_use or " or ".join(TOKEN_USES)
        raise InvalidTokenUseError(
            f"token_use: expected {expected}, found {shown(token_use)}",
            claim="token_use",
            expected=expected,
            actual=token_use,
        )


def check_client(claims: Mapping[str, object], policy: TokenPolicy, now: float) -> None:
    """Check the app client: ``client_id`` of an access token, ``aud`` of an ID token (RFC 8725 section 3.9)."""
    if policy.client_ids is None:
        return
    claim = "client_id" if claims.get("token_use") == "access" else "aud"
    client_id = claims.get(claim)
    if not isinstance(client_id, str):
        raise wrong_or_missing(claims, claim, A_TEXT)
    if client_id not in policy.client_ids:
        expected = " or ".join(sorted(policy.client_ids))
        raise InvalidClientError(
            f"{claim}: expected app client {expected}, found {shown(client_id)}",
            claim=claim,
            expected=expected,
            actual=client_id,
        )


def check_audience(claims: Mapping[str, object], policy: TokenPolicy, now: float) -> None:
    """Check ``aud`` of an access token, which restricts it to an API. In an ID token, ``aud`` is the app client."""
    if claims.get("token_use") == "access":
        rules.check_audience(claims, policy, now)


RULES: tuple[Rule, ...] = (
    rules.check_issuer,
    rules.check_expiration,
    rules.check_not_before,
    rules.check_issued_at,
    check_token_use,
    rules.check_subject,
    check_client,
    check_audience,
)
