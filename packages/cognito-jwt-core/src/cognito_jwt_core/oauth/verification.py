"""Verify the tokens of a response with the pool's own verifier."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.verifier import CognitoVerifier, sign_in_verifier
from cognito_jwt_core.errors import InvalidTokenError, SignInError, UnavailableError

TokenUse: TypeAlias = Literal["access", "id"]

_TOKEN_USES: Final[tuple[TokenUse, ...]] = ("access", "id")


class SignInVerifier:
    """A `CognitoVerifier` with the rules of a sign-in instead of the app's own.

    Groups, scopes and other requirements of the app apply to requests, not to sign-ins. This verifier checks that a
    token is authentic, valid now, issued to this client and not revoked.

    Args:
        verifier: The verifier of the pool.
        client_id: App client of the sign-in.

    Raises:
        ConfigurationError: If `verifier` accepts no tokens of this app client.
    """

    def __init__(self, verifier: CognitoVerifier, client_id: str) -> None:
        self._verifier = verifier
        self._verifiers = {use: sign_in_verifier(verifier, client_id, use) for use in _TOKEN_USES}
        self._revocations = verifier.policy_for(verifier.user_pool.issuer).own.revocations

    def prepare(self) -> None:
        """Get keys and revocations if needed, before a code or refresh token is used that works only once.

        Raises:
            SignInError: ``sign_in_unavailable``.
        """
        try:
            if not self._has_keys():
                self._verifier.prefetch()
            elif self._revocations is not None and not self._revocations.is_ready:
                self._revocations.prepare()
        except UnavailableError as error:
            raise _unavailable(error) from error

    async def prepare_async(self) -> None:
        """Like `prepare`, without blocking the event loop."""
        if not self._has_keys() or (self._revocations is not None and not self._revocations.is_ready):
            import asyncio

            await asyncio.to_thread(self.prepare)

    def _has_keys(self) -> bool:
        return any(status.kids for status in self._verifier.keys)

    def verify(self, token: str, token_use: TokenUse) -> Claims:
        """Return the claims of a token that this client may use.

        Raises:
            SignInError: ``token_rejected`` or ``sign_in_unavailable``.
        """
        try:
            return self._verifiers[token_use].verify(token)
        except InvalidTokenError as error:
            raise _rejected(token_use, error) from error
        except UnavailableError as error:
            raise _unavailable(error) from error

    async def verify_async(self, token: str, token_use: TokenUse) -> Claims:
        """Like `verify`, without blocking the event loop."""
        try:
            return await self._verifiers[token_use].verify_async(token)
        except InvalidTokenError as error:
            raise _rejected(token_use, error) from error
        except UnavailableError as error:
            raise _unavailable(error) from error


def _rejected(token_use: str, error: InvalidTokenError) -> SignInError:
    return SignInError(f"{token_use} token of the answer: {error}", code="token_rejected")


def _unavailable(error: UnavailableError) -> SignInError:
    return SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after)
