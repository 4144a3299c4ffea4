"""Who is asking: from the request to an `Identity`, once per request."""

from __future__ import annotations

from collections.abc import Coroutine
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

from flask_cognito.context import Identity, app_state, current_request, establish, identity_of, the_current_app
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
    found = _Attempt(request, optional).identity()
    if found is None or isinstance(found, tuple):
        return found
    identity: Identity | None = current_app.async_to_sync(_awaited)(found)
    return identity


async def authenticate_async(*, optional: bool = False) -> Identity | None:
    """Do the same where an identity handler that is a coroutine function can be awaited.

    The token is verified as in any view: Flask runs each async view in a loop of its own, where nobody else waits.
    """
    request = current_request()
    known = identity_of(request)
    if known is not None:
        return known
    found = _Attempt(request, optional).identity()
    return found if found is None or isinstance(found, tuple) else await found


async def _awaited(found: Later) -> Identity | None:
    return await found


class _Attempt:
    """One try to establish who makes a request."""

    __slots__ = ("_is_from_cookie", "_is_optional", "_request", "_state")

    def __init__(self, request: Request, is_optional: bool) -> None:
        self._request = request
        self._is_optional = is_optional
        self._state = app_state()
        self._is_from_cookie: bool | None = None  # of no token

    def identity(self) -> Identity | Later | None:
        """Who is asking; a coroutine where the identity handler is one."""
        state = self._state
        after_this_request(state.add_vary)
        try:
            claims = self._verified_claims()
            look_up = state.own_get_user or state.identity_handler
            user = None if look_up is None else look_up(claims)
            if isinstance(user, CoroutineType):
                return self._identity_later(claims, user)
            return self._admit(claims, user)
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
        request, state = self._request, self._state
        credential = find_credential(request, state.settings) if state.own_get_token is None else self._own_credential()
        if credential is None:
            raise refusal("authorization_required", state.settings.realm)
        token, self._is_from_cookie = credential
        # Before the token is looked at: what another site sends deserves no work.
        if self._is_from_cookie and state.settings.csrf_protection and is_forged(request):
            raise refusal("cross_site_request", state.settings.realm)
        try:
            payload = (state.own_decode_token or state.verifier.verify)(token)
        except (InvalidTokenError, AccessDeniedError, JWKSUnavailableError) as error:
            raise self._rejected(error) from error
        return payload if isinstance(payload, Claims) else Claims(payload)

    def _own_credential(self) -> Credential | None:
        token = self._state.own_get_token() if self._state.own_get_token else None
        return (token, is_among_cookies(self._request, token)) if token else None

    def _rejected(self, error: CognitoJWTError) -> CognitoAuthError:
        if isinstance(error, InvalidTokenError) and token_rejected.receivers:
            token_rejected.send(the_current_app(), error=error)
        return refusal_of(error, self._state.settings.realm)

    def _admit(self, claims: Claims, user: Any) -> Identity:
        if user is None and self._state.settings.identity_required:
            raise refusal("unknown_user", self._state.settings.realm)
        identity = claims, user
        establish(self._request, identity)  # last: nobody may see half of it
        if token_verified.receivers:
            token_verified.send(the_current_app(), claims=claims, user=user)
        return identity

    def _refuse(self, answer: CognitoAuthError) -> None:
        """Raise the answer, unless nobody may ask too."""
        if self._is_optional and answer.error_code == "authorization_required" and self._is_from_cookie is None:
            return
        log_refusal(self._request, answer)
        if self._is_optional and self._is_from_cookie and isinstance(answer.__cause__, InvalidTokenError):
            return
        raise answer
