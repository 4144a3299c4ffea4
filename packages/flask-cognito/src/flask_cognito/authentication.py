"""Who is asking: from the request to an `Identity`, once per request."""

from __future__ import annotations

from collections.abc import Coroutine
from inspect import iscoroutine
from typing import Any

from cognito_jwt_core import (
    AccessDeniedError,
    Claims,
    CognitoJWTError,
    InvalidTokenError,
    JWKSUnavailableError,
    MissingClaimError,
)
from flask import Request, after_this_request, current_app

from flask_cognito.context import Identity, app_state, current_request, establish, identity_of, the_current_app
from flask_cognito.credentials import Credential, find_credential, is_among_cookies
from flask_cognito.cross_site import is_forged
from flask_cognito.errors import CognitoAuthError
from flask_cognito.refusal_log import log_refusal
from flask_cognito.responses import refusal, refusal_of
from flask_cognito.signals import token_rejected, token_verified


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
    found = _Attempt(request, optional).identity()
    return current_app.async_to_sync(_awaited)(found) if iscoroutine(found) else found  # type: ignore[return-value]


async def authenticate_async(*, optional: bool = False) -> Identity | None:
    """Do the same where an identity handler that is a coroutine function can be awaited.

    The token is verified as in any view: Flask runs each async view in a loop of its own, where nobody else waits.
    """
    request = current_request()
    known = identity_of(request)
    if known is not None:
        return known
    found = _Attempt(request, optional).identity()
    return await found if iscoroutine(found) else found  # type: ignore[return-value]


async def _awaited(found: Coroutine[Any, Any, Identity | None]) -> Identity | None:
    return await found


class _Attempt:
    """One try to establish who makes a request."""

    __slots__ = ("_credential", "_is_optional", "_request", "_state")

    def __init__(self, request: Request, is_optional: bool) -> None:
        self._request = request
        self._is_optional = is_optional
        self._state = app_state()
        self._credential: Credential | None = None

    def identity(self) -> Identity | Coroutine[Any, Any, Identity | None] | None:
        """Who is asking; a coroutine where the identity handler is one."""
        state = self._state
        after_this_request(state.add_vary)
        try:
            claims = self._verified_claims()
            look_up = state.own_get_user or state.identity_handler
            user = None if look_up is None else look_up(claims)
            return self._identity_later(claims, user) if iscoroutine(user) else self._admit(claims, user)
        except CognitoAuthError as answer:
            self._refuse(answer)
        except MissingClaimError as error:
            self._refuse(self._rejected(error))
        return None

    async def _identity_later(self, claims: Claims, user: Coroutine[Any, Any, Any]) -> Identity | None:
        try:
            return self._admit(claims, await user)
        except CognitoAuthError as answer:
            self._refuse(answer)
        except MissingClaimError as error:
            self._refuse(self._rejected(error))
        return None

    def _verified_claims(self) -> Claims:
        state = self._state
        self._credential = credential = self._find_credential()
        if credential is None:
            raise refusal("authorization_required", state.settings.realm)
        # Before the token is looked at: what another site sends deserves no work.
        if credential.from_cookie and state.settings.csrf_protection and is_forged(self._request):
            raise refusal("cross_site_request", state.settings.realm)
        try:
            payload = (state.own_decode_token or state.verifier.verify)(credential.token)
        except (InvalidTokenError, AccessDeniedError, JWKSUnavailableError) as error:
            raise self._rejected(error) from error
        return payload if isinstance(payload, Claims) else Claims(payload)

    def _find_credential(self) -> Credential | None:
        get_token = self._state.own_get_token
        if get_token is None:
            return find_credential(self._request, self._state.settings)
        token = get_token()
        return Credential(token, is_among_cookies(self._request, token)) if token else None

    def _rejected(self, error: CognitoJWTError) -> CognitoAuthError:
        if isinstance(error, InvalidTokenError) and token_rejected.receivers:
            token_rejected.send(the_current_app(), error=error)
        return refusal_of(error, self._state.settings.realm)

    def _admit(self, claims: Claims, user: Any) -> Identity:
        if user is None and self._state.settings.identity_required:
            raise refusal("unknown_user", self._state.settings.realm)
        identity = Identity(claims, user)
        establish(self._request, identity)  # last: nobody may see half of it
        if token_verified.receivers:
            token_verified.send(the_current_app(), claims=claims, user=user)
        return identity

    def _refuse(self, answer: CognitoAuthError) -> None:
        if self._is_optional and self._credential is None and answer.error_code == "authorization_required":
            return
        log_refusal(self._request, answer)
        is_rejected = isinstance(answer.__cause__, InvalidTokenError)
        if self._is_optional and is_rejected and self._credential is not None and self._credential.from_cookie:
            return
        raise answer
