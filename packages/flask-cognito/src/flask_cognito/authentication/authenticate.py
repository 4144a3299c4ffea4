"""Authenticate the current request once, from its headers to an `Identity`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from inspect import isawaitable
from typing import Any, TypeAlias

from cognito_jwt_core import (
    AccessDeniedError,
    Claims,
    InvalidTokenError,
    TokenExpiredError,
    TokenRevokedError,
    UnavailableError,
)
from flask import Request, after_this_request, current_app

from flask_cognito.authentication.claims import RequestClaims
from flask_cognito.authentication.credentials import Credential, OtherSchemeError, find_credential, header_of
from flask_cognito.authentication.csrf import is_forged
from flask_cognito.authentication.demand import NO_DEMAND, TokenDemand, set_demand
from flask_cognito.authentication.identity import (
    Identity,
    forget_identity,
    identity_of,
    ignore_refusal,
    ignored_refusal,
    is_unknown,
    set_identity,
)
from flask_cognito.authentication.session import adopt_session, hold_session
from flask_cognito.authentication.tolerance import check_demand, may_go_on, verified, verified_by_balancer
from flask_cognito.errors import AbsentClaimError, CognitoAuthError
from flask_cognito.responses.log import log_refusal
from flask_cognito.responses.refusals import no_token, refusal, refusal_of
from flask_cognito.responses.report import go_on_as_nobody, refusal_of_nobody
from flask_cognito.responses.uncaught import rejected
from flask_cognito.responses.vary import keep_private, vary_on
from flask_cognito.signals import token_verified
from flask_cognito.state import AppState, app_state, the_current_app

Later: TypeAlias = Awaitable[Identity | None]


def authenticate(request: Request, *, optional: bool = False, demand: TokenDemand = NO_DEMAND) -> Identity | None:
    """Authenticate the current request, unless it is already authenticated.

    Args:
        request: The current request.
        optional: Let requests without a token through. A header with another scheme, and an invalid token in a cookie,
            count as none, because the user cannot remove either.
        demand: The route's requirements on the token.

    Raises:
        CognitoAuthError: If the request is rejected.
    """
    known = identity_of(request)
    if known is not None and known.demand == demand:
        return known
    found = _identify(request, optional, demand)
    return found if found is None or isinstance(found, Identity) else _run(found)


async def authenticate_async(
    request: Request, *, optional: bool = False, demand: TokenDemand = NO_DEMAND
) -> Identity | None:
    """Like `authenticate`, and await an identity handler that is a coroutine function.

    The token is verified without awaiting, because Flask runs each async view in its own event loop, which has no other
    task.
    """
    known = identity_of(request)
    if known is not None and known.demand == demand:
        return known
    found = _identify(request, optional, demand)
    return found if found is None or isinstance(found, Identity) else await found


def _run(found: Later) -> Identity | None:
    import asyncio  # only coroutines need it

    run: Callable[[Later], Identity | None] = current_app.async_to_sync(_awaited)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run(found)
    # Called directly in a coroutine, whose event loop cannot run another one; another thread's can.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, run, found).result()


async def _awaited(found: Later) -> Identity | None:
    return await found


def _identify(request: Request, is_optional: bool, demand: TokenDemand) -> Identity | Later | None:
    """Return the identity, or an awaitable if the identity handler returned one."""
    if refusal_of_nobody(request) is not None:
        return None
    state = app_state()
    ignored = ignored_refusal(request)
    if ignored is not None:
        if not is_optional:
            _refuse_or_report(ignored, request=request, state=state, credential=None)
        return None
    set_demand(request, demand)
    after_this_request(vary_on(state.settings.vary, request))
    credential: Credential | None = None
    try:
        credential = _credential(request, state)
        claims = _verified_claims(request, state, credential, demand)
        user = state.hooks.get_user(claims)
        if user is not None and isawaitable(user):
            return _identify_later(
                claims, user, demand, request=request, state=state, credential=credential, is_optional=is_optional
            )
        return _admit(claims, user, demand, request=request, state=state)
    except CognitoAuthError as error:
        _refuse(error, request=request, credential=credential, is_optional=is_optional)
        return None


async def _identify_later(
    claims: Claims,
    user: Awaitable[Any],
    demand: TokenDemand,
    *,
    request: Request,
    state: AppState,
    credential: Credential,
    is_optional: bool,
) -> Identity | None:
    try:
        return _admit(claims, await user, demand, request=request, state=state)
    except CognitoAuthError as error:
        _refuse(error, request=request, credential=credential, is_optional=is_optional)
        return None


def _credential(request: Request, state: AppState) -> Credential:
    found = (
        _own_credential(request, state)
        if state.is_overridden("get_token")
        else find_credential(request, state.settings, state.sessions)
    )
    if found is None:
        raise no_token(state.settings.challenge)
    return found


def _own_credential(request: Request, state: AppState) -> Credential | None:
    """Return the token from the app's own `get_token`, and where it was found.

    A cookie may contain part of the token, or an encoded form. Therefore check whether a header contains it.
    """
    header: str | None = None
    try:
        token = state.hooks.get_token()
        header = header_of(request, token) if token else None
    finally:
        after_this_request(keep_private if header is None else vary_on((header,), request))
    return Credential(token, is_from_browser=header is None) if token else None


def _verified_claims(request: Request, state: AppState, credential: Credential, demand: TokenDemand) -> Claims:
    settings = state.settings
    # Reject forged requests before verifying the token, which would waste work.
    if credential.is_from_browser and settings.csrf_protection and is_forged(request, settings.trusted_origins):
        raise refusal("cross_site_request", settings.challenge)
    token = credential.token
    if credential.session is not None:
        session = credential.session.use(request)
        token = session.access_token
        hold_session(request, session)
    try:
        return _decoded(token, state, demand, request, is_from_balancer=credential.is_from_balancer)
    except (InvalidTokenError, AccessDeniedError, UnavailableError) as error:
        if credential.session is not None and isinstance(error, TokenExpiredError):  # it could not be refreshed
            raise no_token(settings.challenge) from error
        if credential.session is not None and isinstance(error, TokenRevokedError):
            credential.session.end_as_revoked(request)
            raise no_token(settings.challenge) from error
        refused = refusal_of(error, settings.challenge)
        if may_go_on(refused, state, request, credential):
            raise refused from error
        raise rejected(error, state) from error


def _decoded(
    token: str, state: AppState, demand: TokenDemand, request: Request, *, is_from_balancer: bool
) -> RequestClaims:
    """Return the verified claims, from the app's own `decode_token` if it has one."""
    if is_from_balancer and state.balancer is not None and not state.is_overridden("decode_token"):
        return verified_by_balancer(token, state.balancer, state, demand, request)
    if not state.is_overridden("decode_token"):
        return RequestClaims(verified(token, state, demand, request))
    payload: Any = state.hooks.decode_token(token)
    if not isinstance(payload, Mapping):
        raise TypeError(f"decode_token: expected a mapping of claims, found {type(payload).__name__}")
    if not payload:  # such as from `except CognitoJWTException: return {}`, which must not let the request in
        raise TypeError(
            "decode_token: expected claims, found none; raise CognitoJWTException for a token that must be rejected"
        )
    claims = RequestClaims(payload)
    check_demand(claims, state, demand, request)
    return claims


def _admit(claims: Claims, user: Any, demand: TokenDemand, *, request: Request, state: AppState) -> Identity:
    if state.settings.identity_required and is_unknown(user):
        raise refusal("unknown_user", state.settings.challenge)
    identity = Identity(claims, user, demand)
    adopt_session(request)
    set_identity(request, identity)  # set last, so that no other code sees a partial result
    if token_verified.receivers:
        token_verified.send(the_current_app(), claims=claims, user=user)
    return identity


def _refuse(error: CognitoAuthError, *, request: Request, credential: Credential | None, is_optional: bool) -> None:
    """Raise the error, unless the request may be anonymous."""
    has_no_token = credential is None or credential.session is not None  # an ended session counts as none
    if is_optional and has_no_token and _has_no_token(error):
        return
    if is_optional and credential is not None and credential.is_from_browser and _is_of_a_bad_token(error):
        log_refusal(request, error)
        ignore_refusal(request, error)
        return
    _refuse_or_report(error, request=request, state=app_state(), credential=credential)


def _refuse_or_report(
    error: CognitoAuthError, *, request: Request, state: AppState, credential: Credential | None
) -> None:
    """Raise the error, unless the app only reports it."""
    if may_go_on(error, state, request, credential):
        forget_identity(request)
        go_on_as_nobody(request, error)
        return
    if not isinstance(error, AbsentClaimError):  # otherwise it is logged with its response, since the app may catch it
        log_refusal(request, error)
    sessions = state.sessions
    if sessions is not None and _has_no_token(error):
        raise sessions.challenge(request, error)
    raise error


def _is_of_a_bad_token(error: CognitoAuthError) -> bool:
    return isinstance(error, AbsentClaimError) or isinstance(error.__cause__, InvalidTokenError)


def _has_no_token(error: CognitoAuthError) -> bool:
    """Return whether the request has no token. A browser sends ``Basic`` by itself to a site behind a password."""
    return error.error_code == "authorization_required" or isinstance(error.__cause__, OtherSchemeError)
