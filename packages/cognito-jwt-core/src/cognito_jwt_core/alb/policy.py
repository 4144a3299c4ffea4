"""`AlbPolicy`: an application's requirements on a load balancer's tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cognito_jwt_core.jwt import rules
from cognito_jwt_core.jwt.policy import Rule, VerificationPolicy
from cognito_jwt_core.jwt.revocations.check import RevocationCheck

if TYPE_CHECKING:
    from cognito_jwt_core.alb.claims import AlbClaims

RULES: tuple[Rule, ...] = (
    rules.check_issuer,
    rules.check_expiration,
    rules.check_not_before,
    rules.check_issued_at,
    rules.check_subject,
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AlbPolicy(VerificationPolicy):
    """Requirements on header and claims of a load balancer's token.

    Attributes:
        signers: The ARNs of the load balancers.
        client_ids: The accepted app clients; None accepts any.
    """

    rules: ClassVar[tuple[Rule, ...]] = RULES

    signers: frozenset[str]
    client_ids: frozenset[str] | None


class AlbRequirements(NamedTuple):
    """Requirements of every call on a token.

    Attributes:
        policy: Requirements on header and claims.
        revocations: Object that knows which tokens are revoked.
        custom_check: Always None.
    """

    policy: AlbPolicy
    revocations: RevocationCheck | None
    custom_check: Callable[[AlbClaims], object] | None = None

    def check_access(self, claims: AlbClaims, now: float) -> None:
        """Check nothing, because a load balancer's token has neither groups nor scopes."""
