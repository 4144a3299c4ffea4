"""`OAuthClient`: the authorization code flow with PKCE against a pool's managed login."""

from __future__ import annotations

import inspect
import math
import re
from base64 import b64encode
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NoReturn, TypeAlias
from urllib.parse import quote, urlencode

from cognito_jwt_core.clock import REAL_TIME
from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.verifier import CognitoVerifier
from cognito_jwt_core.errors import ConfigurationError, SignInError, shown
from cognito_jwt_core.event_loop import require_asyncio
from cognito_jwt_core.http import HTTPRequestError, HTTPResponse, Request
from cognito_jwt_core.oauth.answers import (
    Hidden,
    TokenAnswer,
    check_revocation_answer,
    parse_token_answer,
    parse_user_info,
    unavailable,
)
from cognito_jwt_core.oauth.authorization_request import (
    AuthorizationRequest,
    build_authorization_request,
    checked_app_uri,
    checked_verifier,
)
from cognito_jwt_core.oauth.backoff import RefreshBackoff
from cognito_jwt_core.oauth.callback import code_of_callback
from cognito_jwt_core.oauth.discovery import Discovery
from cognito_jwt_core.oauth.endpoints import Endpoints, endpoints_of_domain
from cognito_jwt_core.oauth.id_token import check_id_token, check_nonce, check_refreshed
from cognito_jwt_core.oauth.token_set import TokenIdentity, TokenSet
from cognito_jwt_core.oauth.unverified import UnverifiedAnswers
from cognito_jwt_core.oauth.verification import SignInVerifier

ClientSecret: TypeAlias = "str | Callable[[], str] | None"

_TOKEN = r"[\x21-\x7e]+"
_CODE = r"[\x20-\x7e]{1,2048}"  # RFC 6749, appendix A.11; the length is ours
_SIGN_OUT_SECONDS = 3  # a user who signs out waits for this
_LEAST_SECONDS = 0.1
_SECRET_FIELDS = ("code", "code_verifier", "refresh_token", "token")


class OAuthClient:
    """Signs users in with the managed login of a user pool. Threads and event loops can share it.

    Every request has the time and size limits of the verifier's `KeySettings`, uses only https (http on loopback), and
    follows no redirect. Every token is verified before you see it. Each method that may use the network has a
    twin whose name ends in ``_async``.

    Args:
        verifier: Verifier of the pool. Its pool, keys, session, clock, revocations and `KeySettings` are used. Its
            groups, scopes, custom check, token use and audience have no effect here, because they apply to requests.
        client_id: App client of the sign-in; one of the verifier's, if it has any.
        client_secret: Secret of a confidential app client, or a function that returns it: Cognito lets a client have
            two secrets during a rotation. None for a public client.
        domain: URL or host of the managed login, or the prefix of an Amazon Cognito domain. None reads the pool's
            discovery document, with the first call that needs it.

    Raises:
        ConfigurationError: If an argument is invalid.

    Spec: RFC 6749, RFC 7636, RFC 9700, OpenID Connect Core.
    """

    def __init__(
        self,
        verifier: CognitoVerifier,
        *,
        client_id: str,
        client_secret: ClientSecret = None,
        domain: str | None = None,
    ) -> None:
        if not isinstance(verifier, CognitoVerifier):
            raise ConfigurationError(f"verifier: expected a CognitoVerifier, found {shown(verifier)}")
        if not isinstance(client_id, str):  # its form is checked together with the token requirements
            raise ConfigurationError(f"client_id: expected the id of an app client, found {shown(client_id)}")
        self._verifier = SignInVerifier(verifier, client_id)
        self._pool = verifier.user_pool
        self._client_id = client_id
        self._client_secret = _checked_secret(client_secret)
        self._session, self._settings, clock = verifier.transport
        self._backoff = RefreshBackoff(self._settings, clock)
        self._unverified = UnverifiedAnswers()
        self._fixed: Endpoints | None = None
        self._discovery: Discovery | None = None
        if domain is None:
            self._discovery = Discovery(self._pool, session=self._session, settings=self._settings, clock=clock)
        else:
            self._fixed = endpoints_of_domain(domain, self._pool, allow_http=self._settings.allow_http)

    def __repr__(self) -> str:
        kind = "public" if self._client_secret is None else "confidential"
        return f"<OAuthClient of {kind} app client {self._client_id} of {self._pool.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OAuthClient holds a secret and cannot be pickled: build one in each process")

    # Begin a sign-in.

    def authorization_request(
        self, redirect_uri: str, *, scopes: Collection[str] = ("openid",), **params: object
    ) -> AuthorizationRequest:
        """Return the URL to send a browser to, with fresh one-time values to keep until the callback.

        Args:
            redirect_uri: Callback URL of the app, exactly as the app client lists it.
            scopes: OAuth scopes to ask for. Without ``openid`` there is no ID token and no nonce. Cognito grants only
                those of the app client, so check the ``scope`` claim for what was granted.
            **params: Further parameters: ``identity_provider``, ``idp_identifier``, ``lang``, ``login_hint``,
                ``prompt``, ``resource``, ``max_age`` (whole seconds) and ``acr_values``. The last two are requests:
                check ``auth_time`` and ``acr`` of the token. None leaves a parameter out.

        Raises:
            ConfigurationError: If an argument is invalid.
            SignInError: If the discovery document is needed and cannot be used.

        Spec: RFC 6749 section 4.1.1, RFC 7636 section 4.3.
        """
        endpoint = self._endpoints().authorization
        return build_authorization_request(endpoint, self._client_id, redirect_uri, scopes, params)

    async def authorization_request_async(
        self, redirect_uri: str, *, scopes: Collection[str] = ("openid",), **params: object
    ) -> AuthorizationRequest:
        """Like `authorization_request`, without blocking the event loop."""
        endpoint = (await self._endpoints_async()).authorization
        return build_authorization_request(endpoint, self._client_id, redirect_uri, scopes, params)

    # Complete the sign-in.

    def read_callback(self, query: str, *, state: str) -> str:
        """Return the authorization code of a callback that belongs to this login.

        Args:
            query: Query string as the browser sent it: percent-encoded, without the ``?``.
            state: `AuthorizationRequest.state` of the login that this browser began.

        Raises:
            SignInError: ``state_mismatch`` if the callback belongs to another login; ``sign_in_denied``,
                ``login_required``, ``sign_in_misconfigured`` or ``provider_error`` if Cognito reports an error;
                ``code_rejected`` if the code is missing, repeated or from another issuer.
            ConfigurationError: If `state` is not a text.

        Spec: RFC 6749 sections 3.1 and 4.1.2, RFC 9207 section 2.4.
        """
        return code_of_callback(query, state, self._pool.jwks_uris)

    def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str, nonce: str | None) -> TokenSet:
        """Return the verified tokens for an authorization code. A code works once, for five minutes.

        If a token is rejected, the refresh token that came with it is revoked, because no session uses it.

        Args:
            code: The code from the callback.
            redirect_uri: The same as in the request.
            code_verifier: `AuthorizationRequest.code_verifier` of this login.
            nonce: `AuthorizationRequest.nonce` of this login. It is None only for a login without ``openid``: then an
                ID token is ignored.

        Raises:
            SignInError: ``code_rejected``, ``token_rejected``, ``nonce_mismatch``, ``sign_in_misconfigured``,
                ``provider_error`` or ``sign_in_unavailable``.
            ConfigurationError: If an argument is invalid.

        Spec: RFC 6749 section 4.1.3, RFC 7636 section 4.5, OpenID Connect Core section 3.1.3.7.
        """
        form = _code_form(code, redirect_uri, code_verifier, nonce)
        self._verifier.prepare()
        request, hidden = self._post(self._endpoints().token, form, self._secret())
        answer = self._code_answer(_send(request, "token endpoint", hidden), hidden, nonce)
        try:
            claims = self._verifier.verify(answer.access_token, "access")
            id_claims = self._verifier.verify(answer.id_token, "id") if answer.id_token else None
            return self._signed_in(answer, claims, id_claims, nonce)
        except SignInError as error:
            error.is_code_spent = True
            if answer.refresh_token is not None:
                with suppress(SignInError):  # the caller learns why the sign-in failed
                    self.revoke(answer.refresh_token)
            raise

    async def exchange_code_async(
        self, code: str, *, redirect_uri: str, code_verifier: str, nonce: str | None
    ) -> TokenSet:
        """Like `exchange_code`, without blocking the event loop."""
        form = _code_form(code, redirect_uri, code_verifier, nonce)
        await self._verifier.prepare_async()
        request, hidden = self._post((await self._endpoints_async()).token, form, await self._secret_async())
        answer = self._code_answer(await _send_async(request, "token endpoint", hidden), hidden, nonce)
        try:
            claims = await self._verifier.verify_async(answer.access_token, "access")
            id_claims = await self._verifier.verify_async(answer.id_token, "id") if answer.id_token else None
            return self._signed_in(answer, claims, id_claims, nonce)
        except SignInError as error:
            error.is_code_spent = True
            if answer.refresh_token is not None:
                with suppress(SignInError):
                    await self.revoke_async(answer.refresh_token)
            raise

    # Keep the session.

    def refresh(self, refresh_token: str | None, *, previous: TokenSet | TokenIdentity | None = None) -> TokenSet:
        """Return new verified tokens for a refresh token.

        Keep the `TokenSet.refresh_token` of the answer: with rotation it is a new one, and the old one ends. While
        Cognito gives no answer, further refreshes fail at once, for 1 s after the first failure, doubling to 30 s.

        If the new tokens cannot be verified because keys cannot be fetched, the response is kept in this process for
        the next call with the same refresh token.

        Args:
            refresh_token: The newest refresh token of the session.
            previous: The previous tokens, or their `TokenSet.identity`. The new ones must continue the same login: same
                issuer, user, client and ``auth_time``. None compares nothing.

        Raises:
            SignInError: ``session_expired`` if the refresh token no longer works; ``token_rejected`` if a token does
                not verify or belongs to another login; ``sign_in_misconfigured``, ``provider_error`` or
                ``sign_in_unavailable``.
            ConfigurationError: If an argument is invalid.

        Spec: RFC 6749 section 6, OpenID Connect Core section 12.2.
        """
        form, identity = _refresh_form(refresh_token), _identity(previous)
        sent = form["refresh_token"]
        self._verifier.prepare()
        answer = self._unverified.take(sent)
        if answer is None:
            with self._backoff.attempt():
                request, hidden = self._post(self._endpoints().token, form, self._secret())
                answer = self._refresh_answer(_send(request, "token endpoint", hidden), hidden, identity)
        try:
            claims = self._verifier.verify(answer.access_token, "access")
            id_claims = self._verifier.verify(answer.id_token, "id") if answer.id_token else None
        except SignInError as error:
            if error.retryable:
                self._unverified.hold(sent, answer)
            raise
        return self._refreshed(answer, claims, id_claims, sent, identity)

    async def refresh_async(
        self, refresh_token: str | None, *, previous: TokenSet | TokenIdentity | None = None
    ) -> TokenSet:
        """Like `refresh`, without blocking the event loop."""
        form, identity = _refresh_form(refresh_token), _identity(previous)
        sent = form["refresh_token"]
        await self._verifier.prepare_async()
        answer = self._unverified.take(sent)
        if answer is None:
            with self._backoff.attempt():
                request, hidden = self._post((await self._endpoints_async()).token, form, await self._secret_async())
                answer = self._refresh_answer(await _send_async(request, "token endpoint", hidden), hidden, identity)
        try:
            claims = await self._verifier.verify_async(answer.access_token, "access")
            id_claims = await self._verifier.verify_async(answer.id_token, "id") if answer.id_token else None
        except SignInError as error:
            if error.retryable:
                self._unverified.hold(sent, answer)
            raise
        return self._refreshed(answer, claims, id_claims, sent, identity)

    def user_info(self, access_token: str) -> dict[str, object]:
        """Return the user's claims from the userInfo endpoint. The access token needs the scope ``openid``.

        It also tells cheaply whether Cognito still accepts the token. Cognito rejects it if the user signed out
        everywhere or was disabled. `email_verified` is the text ``"true"`` or ``"false"``. Compare `sub`
        with that of your tokens.

        Raises:
            SignInError: ``session_expired`` if Cognito rejects the token; ``provider_error`` or
                ``sign_in_unavailable``.
            ConfigurationError: If the token is not a text that a header can carry.

        Spec: OpenID Connect Core section 5.3.
        """
        request = self._get_user_info(self._endpoints().user_info, access_token)
        hidden = Hidden((access_token,))
        return parse_user_info(_send(request, "userInfo endpoint", hidden), hidden)

    async def user_info_async(self, access_token: str) -> dict[str, object]:
        """Like `user_info`, without blocking the event loop."""
        request = self._get_user_info((await self._endpoints_async()).user_info, access_token)
        hidden = Hidden((access_token,))
        return parse_user_info(await _send_async(request, "userInfo endpoint", hidden), hidden)

    # End the session.

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token. This also succeeds for a revoked or unknown token.

        Cognito's own APIs then reject the access tokens that came from it. Your API accepts them until they expire,
        unless it uses a `RevocationList`. This takes at most 3 seconds, even if `KeySettings` allows more.

        Raises:
            SignInError: ``sign_in_misconfigured``, ``provider_error`` or ``sign_in_unavailable``.
            ConfigurationError: If the token is not a text.

        Spec: RFC 7009 section 2.
        """
        form = {"token": _checked_text("refresh_token", refresh_token)}
        began_at = REAL_TIME.monotonic()
        url, secret = self._endpoints(_SIGN_OUT_SECONDS).revocation, self._secret()
        request, hidden = self._post(url, form, secret, _sign_out_seconds_left(began_at))
        check_revocation_answer(_send(request, "revocation endpoint", hidden), hidden)

    async def revoke_async(self, refresh_token: str) -> None:
        """Like `revoke`, without blocking the event loop."""
        form = {"token": _checked_text("refresh_token", refresh_token)}
        began_at = REAL_TIME.monotonic()
        url, secret = (await self._endpoints_async(_SIGN_OUT_SECONDS)).revocation, await self._secret_async()
        request, hidden = self._post(url, form, secret, _sign_out_seconds_left(began_at))
        check_revocation_answer(await _send_async(request, "revocation endpoint", hidden), hidden)

    def logout_url(self, logout_uri: str) -> str:
        """Return the URL that ends the browser's session at Cognito. Send the browser there, not a script.

        It waits at most 3 seconds for the discovery document, together with a `revoke` right before.

        Args:
            logout_uri: URL to which Cognito sends the browser afterwards, exactly as the app client lists it.

        Raises:
            ConfigurationError: If the URL is invalid.
            SignInError: If the discovery document is needed and cannot be used.

        Source: "Logout endpoint" in the Amazon Cognito developer guide.
        """
        return self._logout_url(self._endpoints(_SIGN_OUT_SECONDS).logout, logout_uri)

    async def logout_url_async(self, logout_uri: str) -> str:
        """Like `logout_url`, without blocking the event loop."""
        return self._logout_url((await self._endpoints_async(_SIGN_OUT_SECONDS)).logout, logout_uri)

    # Send requests.

    def _endpoints(self, most_seconds: float = math.inf) -> Endpoints:
        return self._fixed or self._discovered().get(most_seconds)

    async def _endpoints_async(self, most_seconds: float = math.inf) -> Endpoints:
        return self._fixed or await self._discovered().get_async(most_seconds)

    def _discovered(self) -> Discovery:
        assert self._discovery is not None
        return self._discovery

    def _secret(self) -> str | None:
        secret = self._client_secret
        return _called(secret) if callable(secret) else secret

    async def _secret_async(self) -> str | None:
        secret = self._client_secret
        if not callable(secret):
            return secret
        require_asyncio()
        import asyncio

        return await asyncio.to_thread(_called, secret)  # the function may read a file or call a service

    def _post(
        self, url: str, form: dict[str, str], secret: str | None, most_seconds: float = math.inf
    ) -> tuple[Request, Hidden]:
        """Return a request, and the values of it that no message may show."""
        headers = {"Accept": "application/json"}
        hidden = [form[name] for name in _SECRET_FIELDS if name in form]
        if secret is not None:
            # Sent in a header, so that logs of request bodies do not contain it. Cognito expects it raw, not
            # form-encoded.
            credentials = b64encode(f"{self._client_id}:{secret}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {credentials}"
            hidden += [secret, credentials]
        form = {**form, "client_id": self._client_id}
        return self._request("POST", url, headers, form, most_seconds), Hidden(tuple(hidden))

    def _get_user_info(self, url: str, access_token: str) -> Request:
        token = _checked_text("access_token", access_token)
        return self._request("GET", url, {"Accept": "application/json", "Authorization": f"Bearer {token}"}, None)

    def _request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        form: dict[str, str] | None,
        most_seconds: float = math.inf,
    ) -> Request:
        return Request(
            method,
            url,
            headers=headers,
            form=form,
            timeout_seconds=min(self._settings.timeout_seconds, most_seconds),
            max_bytes=self._settings.max_response_bytes,
            session=self._session,
        )

    def _logout_url(self, endpoint: str, logout_uri: str) -> str:
        query = {"client_id": self._client_id, "logout_uri": checked_app_uri("logout_uri", logout_uri)}
        return f"{endpoint}?{urlencode(query, quote_via=quote)}"

    # Read responses.

    def _code_answer(self, response: HTTPResponse, hidden: Hidden, nonce: str | None) -> TokenAnswer:
        return parse_token_answer(response, "authorization_code", hidden, with_id_token=nonce is not None)

    def _refresh_answer(self, response: HTTPResponse, hidden: Hidden, previous: TokenIdentity | None) -> TokenAnswer:
        with_id_token = previous is None or previous.nonce is not None
        answer = parse_token_answer(response, "refresh_token", hidden, with_id_token=with_id_token)
        if previous is not None and previous.nonce is not None and answer.id_token is None:
            raise SignInError("id_token: expected one in the answer, found none", code="token_rejected")
        return answer

    def _signed_in(self, answer: TokenAnswer, claims: Claims, id_claims: Claims | None, nonce: str | None) -> TokenSet:
        if nonce is not None:
            if id_claims is None:
                raise SignInError("id_token: expected one in the answer, found none", code="token_rejected")
            check_id_token(id_claims, claims, answer.access_token, self._client_id)
            check_nonce(id_claims, nonce)
        return _token_set(answer, claims, id_claims, answer.refresh_token, nonce)

    def _refreshed(
        self,
        answer: TokenAnswer,
        claims: Claims,
        id_claims: Claims | None,
        refresh_token: str,
        previous: TokenIdentity | None,
    ) -> TokenSet:
        nonce = previous.nonce if previous else None
        if id_claims is not None:
            check_id_token(id_claims, claims, answer.access_token, self._client_id)
        for found in (claims, id_claims):
            if previous is not None and found is not None:
                check_refreshed(found, previous)
        return _token_set(answer, claims, id_claims, answer.refresh_token or refresh_token, nonce)


def _token_set(
    answer: TokenAnswer, claims: Claims, id_claims: Claims | None, refresh_token: str | None, nonce: str | None
) -> TokenSet:
    expires_at = claims.expires_at
    assert expires_at is not None  # `exp` has been checked
    return TokenSet(
        access_token=answer.access_token,
        id_token=answer.id_token,
        refresh_token=refresh_token,
        claims=claims,
        id_claims=id_claims,
        expires_at=expires_at,
        identity=TokenIdentity.of(claims, nonce),
    )


def _code_form(code: object, redirect_uri: str, code_verifier: str, nonce: str | None) -> dict[str, str]:
    if nonce is not None and (not isinstance(nonce, str) or not nonce):
        raise ConfigurationError("nonce: expected that of the login, or None for a login without openid")
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": checked_app_uri("redirect_uri", redirect_uri),
        "code_verifier": checked_verifier(code_verifier),
    }
    # The code comes from a browser, so an invalid one is not the caller's fault.
    if not isinstance(code, str) or not re.fullmatch(_CODE, code):
        raise SignInError("code: expected one from the callback, found none or another text", code="code_rejected")
    return {**form, "code": code}


def _refresh_form(refresh_token: object) -> dict[str, str]:
    if refresh_token is None:  # as in a `TokenSet` without a refresh token
        raise SignInError("refresh_token: expected one, found None", code="session_expired")
    return {"grant_type": "refresh_token", "refresh_token": _checked_text("refresh_token", refresh_token)}


def _identity(previous: object) -> TokenIdentity | None:
    if isinstance(previous, TokenSet):
        return previous.identity
    if previous is None or isinstance(previous, TokenIdentity):
        return previous
    raise ConfigurationError(
        f"previous: expected a TokenSet, its identity or None, found {shown(type(previous).__name__)}"
    )


def _checked_text(name: str, token: object) -> str:
    # Allow only visible ASCII, because a line break in a token would start a new header.
    if isinstance(token, str) and re.fullmatch(_TOKEN, token):
        return token
    raise ConfigurationError(f"{name}: expected a token, found another value")


def _checked_secret(secret: object) -> ClientSecret:
    if secret is None or _is_secret(secret):
        return secret  # type: ignore[return-value]
    if (
        callable(secret)
        and not isinstance(secret, type)
        and not any(map(inspect.iscoroutinefunction, (secret, type(secret).__call__)))
    ):
        return secret
    # The message omits the value. An empty one is an unset variable, and would turn a confidential client into a public
    # one.
    raise ConfigurationError(
        "client_secret: expected an ASCII string without white space, a function that returns one, or None"
        " for a public client; found another value or an empty string"
    )


def _is_secret(value: object) -> bool:
    # Cognito's secrets are ASCII, and a lone surrogate could not be sent.
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


def _called(secret: Callable[[], object]) -> str:
    try:
        found = secret()
    except Exception as error:  # noqa: BLE001  the app's own function may raise anything
        reason = f"client_secret: expected the function to return it, found {type(error).__name__}"
    else:
        if _is_secret(found):
            return str(found)
        raise SignInError(
            "client_secret: expected an ASCII string from the function, found another value",
            code="sign_in_misconfigured",
        )
    raise SignInError(reason, code="sign_in_unavailable")


def _sign_out_seconds_left(began_at: float) -> float:
    return max(_LEAST_SECONDS, began_at + _SIGN_OUT_SECONDS - REAL_TIME.monotonic())


def _send(request: Request, endpoint: str, hidden: Hidden) -> HTTPResponse:
    try:
        return request.send()
    except HTTPRequestError as error:
        reason = str(error)
    # Raised outside the `except` block, because the original error may contain the request with the secret.
    raise unavailable(endpoint, hidden.checked(reason))


async def _send_async(request: Request, endpoint: str, hidden: Hidden) -> HTTPResponse:
    try:
        return await request.send_async()
    except HTTPRequestError as error:
        reason = str(error)
    raise unavailable(endpoint, hidden.checked(reason))
