"""Report-only mode: which tokens are accepted although a check fails, and which requests continue without a user."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_jwt_core import (
    UNSET,
    Claims,
    InvalidAudienceError,
    InvalidClaimError,
    InvalidClientError,
    InvalidTokenUseError,
)
from flask import Request

from flask_cognito.authentication.claims import RequestClaims
from flask_cognito.authentication.credentials import Credential
from flask_cognito.authentication.demand import TokenDemand
from flask_cognito.authentication.session import is_session_in_use
from flask_cognito.config.balancer import BalancerVerifier
from flask_cognito.errors import CognitoAuthError
from flask_cognito.responses.refusals import refusal_of
from flask_cognito.responses.report import report
from flask_cognito.state import AppState

# The name of each check in COGNITO_REPORT_ONLY, its error, and the option of `verify` that controls it.
_DEMANDS = (
    ("token_use", InvalidTokenUseError, "token_use"),
    ("client", InvalidClientError, "client_id"),
    ("audience", InvalidAudienceError, "audience"),
)


# What routes demand of Cognito's own tokens. A load balancer signs whatever the user info endpoint returns, which must
# never meet such a demand: the audit of routes calls them closed to load balancers.
_NEVER_OF_A_BALANCER = frozenset({"token_use", "cognito:groups", "scope", "auth_time", "acr", "amr"})


def verified(token: str, state: AppState, demand: TokenDemand, request: Request) -> Claims:
    """Return the claims of a token that the app accepts, or that fails only checks that are reported.

    Raises:
        CognitoJWTError: If the token is rejected.
    """
    options = demand.options()
    try:
        return state.verifier.verify(token, **options)
    except InvalidClaimError as error:
        lenient = state.lenient_verifier
        if lenient is None or not _is_tolerated(error, state, request):
            raise
        left_out = {option for name, _, option in _DEMANDS if name in state.settings.reported_demands}
        claims = lenient.verify(token, **{name: value for name, value in options.items() if name not in left_out})
        report(request, refusal_of(error, state.settings.challenge))
        return claims


def verified_by_balancer(
    token: str, balancer: BalancerVerifier, state: AppState, demand: TokenDemand, request: Request
) -> RequestClaims:
    """Return the claims of a load balancer's token that the app accepts, or that fails only a demand that is reported.

    Raises:
        CognitoJWTError: If it is neither.
    """
    any_client = demand.client_id is not UNSET  # the route's own demand replaces the app's
    try:
        claims = claims_of_balancer(balancer.verify(token, any_client=any_client))
    except InvalidClientError as error:
        if not _is_tolerated(error, state, request):
            raise
        claims = claims_of_balancer(balancer.verify(token, any_client=True))
        report(request, refusal_of(error, state.settings.challenge))
    check_demand(claims, state, demand, request, client_claim="client_id")
    return claims


def claims_of_balancer(claims: Mapping[str, object]) -> RequestClaims:
    """Return the claims of a load balancer's token, without those that only Cognito's own tokens have."""
    return RequestClaims({name: value for name, value in claims.items() if name not in _NEVER_OF_A_BALANCER})


def check_demand(
    claims: Claims, state: AppState, demand: TokenDemand, request: Request, *, client_claim: str | None = None
) -> None:
    """Check claims from another verifier against the route's requirements.

    Raises:
        InvalidClaimError: If they fail a check that is enforced.
    """
    try:
        demand.check(claims, client_claim=client_claim)
    except InvalidClaimError as error:
        if not _is_tolerated(error, state, request):
            raise
        report(request, refusal_of(error, state.settings.challenge))


def _is_tolerated(error: InvalidClaimError, state: AppState, request: Request) -> bool:
    """Return whether a token has failed only checks that are reported."""
    reported = state.settings.reported_demands
    is_reported = any(isinstance(error, kind) and name in reported for name, kind, _ in _DEMANDS)
    # Never let a session's token through, because its user can sign in again.
    return is_reported and not is_session_in_use(request)


def may_go_on(error: CognitoAuthError, state: AppState, request: Request, credential: Credential | None) -> bool:
    """Return whether a request that would be rejected continues without a user."""
    if not state.settings.reports_all or is_session_in_use(request):
        return False
    if credential is not None and credential.session is not None:
        return False
    if credential is None and error.status_code == 503:  # the session store is down
        return False
    # Another site, not the user, sends a forged request. It is always rejected.
    return error.error_code != "cross_site_request"
