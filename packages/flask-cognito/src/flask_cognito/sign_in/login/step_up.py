"""`StepUp`: requirements on a login, after a route has rejected the sign-in of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cognito_jwt_core import AccessDeniedError, Claims, SignInError
from cognito_jwt_core.integration import NameSet, require_sign_in, sign_in_demand

_MAX_SKEW_SECONDS = 60


class StepUp(NamedTuple):
    """A route's requirements on the sign-in, and the user of the session.

    Attributes:
        sub: The user.
        max_age: Maximum seconds since the user signed in; None for any age.
        acr_values: Accepted levels; empty for any level.
    """

    sub: str
    max_age: int | None
    acr_values: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Sequence[Any] | None) -> StepUp | None:
        """Return the requirements that JSON has turned into a list."""
        if value is None:
            return None
        sub, max_age, acr_values = value
        return cls(sub, max_age, tuple(acr_values))

    def params(self) -> dict[str, Any]:
        """Return the parameters that request such a sign-in from Cognito."""
        params = {"prompt": "login", "max_age": self.max_age, "acr_values": self.acr_values or None}
        return {name: value for name, value in params.items() if value is not None}

    def check(self, claims: Claims, *, begun_at: float, now: float, leeway: float) -> None:
        """Check that a login meets the requirements, because Cognito may have ignored a parameter.

        Args:
            claims: Verified claims of the new access token.
            begun_at: When the login began, in seconds since 1970.
            now: The time, in seconds since 1970.
            leeway: Seconds of clock skew that the app allows.

        Raises:
            SignInError: ``step_up_failed`` if it does not.

        Spec: RFC 9470 section 4, OpenID Connect Core sections 3.1.2.1 and 3.1.3.7.
        """
        if claims.get("sub") != self.sub:  # another user's sign-in proves nothing about this one
            raise SignInError("sub: expected the user of the session, found another", code="step_up_failed")
        signed_in_at = claims.auth_time
        # A session at Cognito's domain may have answered without asking the user.
        if signed_in_at is None or signed_in_at.timestamp() < begun_at - _MAX_SKEW_SECONDS:
            raise SignInError("auth_time: expected a sign-in since this login began, found none", code="step_up_failed")
        demand = sign_in_demand(self.max_age, NameSet(self.acr_values) if self.acr_values else None)
        try:
            require_sign_in(claims, demand, now, leeway)
        except AccessDeniedError as error:  # otherwise the route would send the user to sign in again, endlessly
            raise SignInError(str(error), code="step_up_failed") from error
