"""Check the header of a load balancer's token. A check can only reject, so all of them run before a key is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cognito_jwt_core.alb.policy import AlbPolicy
from cognito_jwt_core.errors import (
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignerError,
    MalformedTokenError,
    TokenExpiredError,
    shown,
)
from cognito_jwt_core.jose.header import UnverifiedHeader
from cognito_jwt_core.jwt.claims import is_numeric_date

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class AlbHeader(UnverifiedHeader):
    """The header members that are read. The load balancer signs them together with the claims."""

    __slots__ = ("client", "exp", "has_exp", "iss", "signer")

    def __init__(self, members: Mapping[str, object]) -> None:
        super().__init__(members)
        self.signer: object = members.get("signer")
        self.client: object = members.get("client")
        self.iss: object = members.get("iss")
        self.exp: object = members.get("exp")
        self.has_exp: bool = "exp" in members


def check_uuid(header: AlbHeader, policy: AlbPolicy, now: float) -> None:
    """Require a UUID as ``kid``. It becomes part of a URL, and must not select another host or path."""
    if not isinstance(header.kid, str) or not _UUID.fullmatch(header.kid):
        raise MalformedTokenError(f"kid: expected a UUID, found {shown(header.kid)}")


def check_signer(header: AlbHeader, policy: AlbPolicy, now: float) -> None:
    """Check ``signer`` against the ARNs, because a Region's keys sign for every AWS account."""
    if not isinstance(header.signer, str) or header.signer not in policy.signers:
        expected = " or ".join(sorted(policy.signers))
        raise InvalidSignerError(
            f"signer: expected {expected}, found {shown(header.signer)}", claim="signer", expected=expected
        )


def check_header_issuer(header: AlbHeader, policy: AlbPolicy, now: float) -> None:
    """Check ``iss`` against the issuers. The comparison is exact (RFC 8725 section 3.8)."""
    if not isinstance(header.iss, str) or header.iss not in policy.issuers:
        expected = " or ".join(sorted(policy.issuers))
        raise InvalidIssuerError(
            f"iss: expected {expected} in the header, found {shown(header.iss)}", claim="iss", expected=expected
        )


def check_header_client(header: AlbHeader, policy: AlbPolicy, now: float) -> None:
    """Check ``client`` against the app clients (RFC 8725 section 3.9). One load balancer can serve several apps."""
    if policy.client_ids is None:
        return
    if not isinstance(header.client, str) or header.client not in policy.client_ids:
        expected = " or ".join(sorted(policy.client_ids))
        raise InvalidClientError(
            f"client: expected {expected}, found {shown(header.client)}", claim="client", expected=expected
        )


def check_header_expiration(header: AlbHeader, policy: AlbPolicy, now: float) -> None:
    """Reject a token from the time in the header's ``exp``, plus leeway."""
    if not header.has_exp:
        return
    if not is_numeric_date(header.exp):
        raise InvalidClaimError(
            f"exp: expected seconds since 1970 in the header, found {shown(header.exp)}",
            claim="exp",
            expected="seconds since 1970",
        )
    if now >= header.exp + policy.leeway:
        raise TokenExpiredError(
            f"exp: expected a time after {now:.0f} in the header, found {header.exp:.0f}:"
            f" expired {now - header.exp:.0f} s ago",
            claim="exp",
            expected=now,
        )


ALB_HEADER_RULES: tuple[Callable[[AlbHeader, AlbPolicy, float], None], ...] = (
    check_uuid,
    check_signer,
    check_header_issuer,
    check_header_client,
    check_header_expiration,
)
"""Rules in the order in which they apply, after the rules for any header."""


def check_same(header: AlbHeader, payload: Mapping[str, object]) -> None:
    """Require that header and claims agree, so that two readers of a token see the same issuer and expiry.

    Raises:
        InvalidIssuerError: If ``iss`` differs.
        InvalidClaimError: If both have ``exp``, and it differs.
    """
    if "iss" in payload and payload["iss"] != header.iss:
        raise InvalidIssuerError(
            f"iss: expected {shown(header.iss)} as in the header, found {shown(payload['iss'])}",
            claim="iss",
            expected=header.iss,
            actual=payload["iss"],
        )
    if header.has_exp and "exp" in payload and payload["exp"] != header.exp:
        raise InvalidClaimError(
            f"exp: expected {shown(header.exp)} as in the header, found {shown(payload['exp'])}",
            claim="exp",
            expected=header.exp,
            actual=payload["exp"],
        )
