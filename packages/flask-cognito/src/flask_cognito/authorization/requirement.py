"""`Access`: what a view requires of the user and the token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from cognito_jwt_core import (
    AccessDeniedError,
    ClaimRequiredError,
    Claims,
    ConfigurationError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidIssuerError,
    answer_for,
)
from cognito_jwt_core.errors import shown
from cognito_jwt_core.integration import (
    NameSet,
    SignInDemand,
    require_claim,
    require_groups,
    require_scopes,
    require_sign_in,
    sign_in_demand,
)
from flask import Request

from flask_cognito.authentication.authenticate import authenticate, authenticate_async
from flask_cognito.authentication.claims import where_else
from flask_cognito.authentication.demand import NO_DEMAND, TokenDemand
from flask_cognito.authentication.identity import Identity
from flask_cognito.authentication.session import is_session_in_use
from flask_cognito.authorization.route_demand import demand_of_route
from flask_cognito.config.values import Names
from flask_cognito.responses.log import log_refusal
from flask_cognito.responses.refusals import refusal_of
from flask_cognito.responses.report import report
from flask_cognito.state import AppState, app_state, current_request

if TYPE_CHECKING:
    from flask_cognito.authentication.session import SessionSource


@dataclass(frozen=True, kw_only=True)
class Access:
    """Requirements on a request: a token, a user, a recent or strong sign-in, groups, scopes or claim values.

    Attributes:
        max_age: Maximum seconds since the user signed in; None for any age.
        acr_values: Accepted levels of the sign-in; empty for any level.
    """

    is_optional: bool = False
    max_age: int | None = None
    acr_values: Names = ()
    groups: Names = ()
    scopes: Names = ()
    claim: str = ""
    values: Names = ()
    require: Literal["any", "all"] = "any"
    token: TokenDemand = NO_DEMAND

    def __post_init__(self) -> None:
        if self.require not in ("any", "all"):
            raise ConfigurationError(
                f"require: expected 'any' or 'all', found {shown(self.require)}; pass several names as a list"
            )
        answer_for(None, scope=self.scopes)  # raises for a name that cannot be part of the challenge
        self.sign_in  # noqa: B018  raises for values that no sign-in has

    def __str__(self) -> str:
        labels = (("group", self.groups), ("scope", self.scopes), (f"claim {self.claim}", self.values))
        demands = [] if self.max_age is None else [f"sign-in at most {self.max_age} s ago"]
        demands += [f"level {NameSet(self.acr_values)}"] if self.acr_values else []
        demands += [f"{label} {self._joined(names)}" for label, names in labels if names]
        demands += filter(None, [self.token.described()])
        if self.is_optional:
            return ", ".join(["any caller, signed in or not", *demands])
        return ", ".join(demands) or "signed in"

    @property
    def demands_more(self) -> bool:
        """Return whether this can reject a token that the app accepts."""
        return self.names_something or bool(self.token.options())

    @property
    def is_closed_to_balancers(self) -> bool:
        """Whether every load balancer's token is refused here: it has no groups, scopes and sign-in."""
        return bool(self.sign_in or self.groups or self.scopes)

    @property
    def names_something(self) -> bool:
        """Return whether it requires a sign-in, groups, scopes or a claim."""
        return bool(self.sign_in or self.groups or self.scopes or self.claim)

    @cached_property
    def sign_in(self) -> SignInDemand | None:
        """Return the requirements on the user's sign-in.

        Raises:
            ConfigurationError: If no sign-in can meet them.
        """
        return sign_in_demand(self.max_age, NameSet(self.acr_values) if self.acr_values else None)

    def _joined(self, names: Names) -> str:
        return str(self._set_of(names))

    def enforce(self, request: Request, demand: TokenDemand | None = None) -> None:
        """Let the current request through, or raise the error for it.

        Args:
            request: The current request.
            demand: Requirements of the route on the token; by default, this access first, then the rest of the route.

        Raises:
            CognitoAuthError: If the request is rejected.
        """
        demand = self._demand(request) if demand is None else demand
        self._check_identity(authenticate(request, optional=self.is_optional, demand=demand))

    async def enforce_async(self, request: Request) -> None:
        """Like `enforce`, in a view that is a coroutine."""
        self._check_identity(await authenticate_async(request, optional=self.is_optional, demand=self._demand(request)))

    def _demand(self, request: Request) -> TokenDemand:
        return self.token.over(demand_of_route(request))

    def _check_identity(self, identity: Identity | None) -> None:
        if identity is None:
            return
        try:
            self.check(identity.claims)
        except AccessDeniedError as error:
            error.is_authentic = True
            state, request = app_state(), current_request()
            refused = refusal_of(error, state.settings.challenge)
            if state.settings.reports_all and not is_session_in_use(request):
                report(request, refused)
                return
            log_refusal(request, refused)
            if isinstance(error, InsufficientAuthenticationError) and is_session_in_use(request):
                raise cast("SessionSource", state.sessions).step_up(request, refused, error) from error
            raise refused from error

    def check(self, claims: Claims) -> None:
        """Check the sign-in, then groups, scopes and the claim, exactly and case-sensitively.

        Raises:
            AccessDeniedError: If the user or the token lacks one. Its subclass and message say which.
        """
        if self.sign_in is not None:
            state = app_state()
            require_sign_in(claims, self.sign_in, state.verifier.clock.time(), _leeway(state, claims))
        try:
            if self.groups:
                require_groups(claims, self._set_of(self.groups))
            if self.scopes:
                require_scopes(claims, self._set_of(self.scopes))
            if self.claim:
                require_claim(claims, self.claim, self._set_of(self.values))
        except (GroupRequiredError, ClaimRequiredError) as error:
            claim = self.claim or "cognito:groups"
            if claim not in claims:
                error.args = (f"{error}{where_else(claim, claims)}",)
            raise

    def _set_of(self, names: Names) -> NameSet:
        return NameSet(names, self.require)


def _leeway(state: AppState, claims: Claims) -> float:
    """Return the clock skew allowed for the pool that issued a token."""
    try:
        return state.verifier.policy_for(str(claims.get("iss"))).own.policy.leeway
    except InvalidIssuerError:  # the app's own `decode_token` may accept tokens of other issuers
        return 0
