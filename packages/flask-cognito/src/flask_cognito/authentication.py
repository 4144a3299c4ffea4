"""Who is asking: from the request to an `Identity`, once per request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import CoroutineType
from typing import Any, TypeAlias

from cognito_jwt_core import (
    AccessDeniedError,
    Claims,
    CognitoJWTError,
    InvalidTokenError,
    JWKSUnavailableError,
    MissingClaimError,
)
from flask import Request, after_this_request, current_app

from flask_cognito.context import (
    AppState,
    Identity,
    app_state,
    current_request,
    establish,
    identity_of,
    let_pass,
    refusal_let_pass,
    the_current_app,
)
from flask_cognito.credentials import Credential, find_credential, is_among_cookies
from flask_cognito.cross_site import is_forged
from flask_cognito.errors import CognitoAuthError
from flask_cognito.refusal_log import log_refusal
from flask_cognito.responses import refusal, refusal_of
from flask_cognito.signals import token_rejected, token_verified

Later: TypeAlias = Coroutine[Any, Any, Identity | None]


def authenticate(*, optional: bool = False) -> Identity | None:
    """Establish who is asking, unless that has been done for this request.

    Args:
        optional: Whether nobody may ask too: a request without a token, or with a bad one in a cookie, which a user who
            wants to sign in anew cannot take away.

    Raises:
        CognitoAuthError: The answer to a request that is not let through.
    """
    request = current_request()
    known = identity_of(request)
    if known is not None:
        return known
    found = _identify(request, optional)
    if found is None or isinstance(found, tuple):
        return found
    return _run(found)


async def authenticate_async(*, optional: bool = False) -> Identity | None:
    """Do the same where an identity handler that is a coroutine function can be awaited.

    The token is verified as in any view: Flask runs each async view in a loop of its own, where nobody else waits.
    """
    request = current_request()
    known = identity_of(request)
    if known is not None:
        return known
    found = _identify(request, optional)
    return found if found is None or isinstance(found, tuple) else await found


def _run(found: Later) -> Identity | None:
    import asyncio  # only coroutines need it

    run: Callable[[Later], Identity | None] = current_app.async_to_sync(_awaited)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run(found)
    # Called by hand in a coroutine: its own event loop cannot run another one, one of another thread can.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, run, found).result()


async def _awaited(found: Later) -> Identity | None:
    return await found


def _identify(request: Request, is_optional: bool) -> Identity | Later | None:
    """Who is asking; a coroutine where the identity handler is one."""
    refused = refusal_let_pass(request)
    if refused is not None:
        if is_optional:
            return None
        raise refused
    state = app_state()
    after_this_request(state.add_vary)
    credential: Credential | None = None
    try:
        credential = _credential(request, state)
        claims = _verified_claims(request, state, credential)
        look_up = state.own_get_user or state.identity_handler
        user = None if look_up is None else look_up(claims)
        if isinstance(user, CoroutineType):
            return _identify_later(
                claims, user, request=request, state=state, credential=credential, is_optional=is_optional
            )
        return _admit(claims, user, request=request, state=state)
    except (CognitoAuthError, MissingClaimError) as error:
        _refuse(error, request=request, state=state, credential=credential, is_optional=is_optional)
        return None


async def _identify_later(
    claims: Claims,
    user: Coroutine[Any, Any, Any],
    *,
    request: Request,
    state: AppState,
    credential: Credential,
    is_optional: bool,
) -> Identity | None:
    try:
        return _admit(claims, await user, request=request, state=state)
    except (CognitoAuthError, MissingClaimError) as error:
        _refuse(error, request=request, state=state, credential=credential, is_optional=is_optional)
        return None


def _credential(request: Request, state: AppState) -> Credential:
    get_token = state.own_get_token
    if get_token is None:
        credential = find_credential(request, state.settings)
    else:
        token = get_token()
        credential = (token, is_among_cookies(request, token)) if token else None
    if credential is None:
        raise refusal("authorization_required", state.settings.realm)
    return credential


def _verified_claims(request: Request, state: AppState, credential: Credential) -> Claims:
    token, is_from_cookie = credential
    # Before the token is looked at: what another site sends deserves no work.
    if is_from_cookie and state.settings.csrf_protection and is_forged(request):
        raise refusal("cross_site_request", state.settings.realm)
    try:
        payload = (state.own_decode_token or state.verifier.verify)(token)
    except (InvalidTokenError, AccessDeniedError, JWKSUnavailableError) as error:
        raise _rejected(error, state) from error
    return payload if isinstance(payload, Claims) else Claims(payload)


def _rejected(error: CognitoJWTError, state: AppState) -> CognitoAuthError:
    if isinstance(error, InvalidTokenError) and token_rejected.receivers:
        token_rejected.send(the_current_app(), error=error)
    return refusal_of(error, state.settings.realm)


def _admit(claims: Claims, user: Any, *, request: Request, state: AppState) -> Identity:
    if user is None and state.settings.identity_required:
        raise refusal("unknown_user", state.settings.realm)
    identity = claims, user
    establish(request, identity)  # last: nobody may see half of it
    if token_verified.receivers:
        token_verified.send(the_current_app(), claims=claims, user=user)
    return identity


def _refuse(
    error: CognitoAuthError | MissingClaimError,
    *,
    request: Request,
    state: AppState,
    credential: Credential | None,
    is_optional: bool,
) -> None:
    """Raise the answer, unless nobody may ask too."""
    answer = error if isinstance(error, CognitoAuthError) else _rejected(error, state)
    if is_optional and credential is None and answer.error_code == "authorization_required":
        return
    log_refusal(request, answer)
    if is_optional and credential is not None and credential[1] and isinstance(answer.__cause__, InvalidTokenError):
        let_pass(request, answer)
        return
    raise answer
