"""Put the cookies of a session into a test client, without a login at Cognito."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cognito_jwt_core import Claims
from cognito_jwt_core.oauth import TokenIdentity
from cognito_jwt_core.testing import LocalUserPool
from flask.testing import FlaskClient

from flask_cognito.sign_in.sessions.session import Session, new_id
from flask_cognito.sign_in.state import AppSignIn, PoolSignIn


class SessionCookies:
    """A user's session in the cookies of a test client. It has no refresh token.

    Args:
        client: The app's `test_client()`.
        state: The app's sign-in at this pool.
        pool: Pool that issues the tokens.
        username: User to sign in.
        groups: The user's groups.
        claims: Other arguments of `LocalUserPool.access_token`.

    Attributes:
        access_token: The access token in the session.
    """

    def __init__(
        self,
        client: FlaskClient,
        state: PoolSignIn,
        pool: LocalUserPool,
        username: str,
        *,
        groups: Sequence[str],
        claims: Mapping[str, Any],
    ) -> None:
        self._client = client
        self._domain = str(client.application.config["SERVER_NAME"] or "localhost").partition(":")[0]
        self.access_token: str = pool.access_token(username, groups=groups, **claims)
        access = _claims_of(self.access_token)
        about_user = _claims_of(pool.id_token(username, groups=groups))
        with client.application.app_context():
            now = state.clock.time()
            session = Session(
                id=new_id(state.settings.name),
                access_token=self.access_token,
                refresh_token=None,
                id_claims=about_user,
                identity=tuple(TokenIdentity.of(Claims(access), None)),
                signed_in_at=now,
                ends_at=now + state.settings.session_lifetime,
                received_at=now,
                life_seconds=access["exp"] - access["iat"],
            )
            written = [cookie.partition(";")[0].partition("=") for cookie in state.keeper.begin(session)]
        self._cookies = {name: value for name, _, value in written}

    @property
    def value(self) -> dict[str, str]:
        """Return the values, by name, that the client has now for the cookies of the session."""
        kept = {name: self._client.get_cookie(name, self._domain) for name in self._cookies}
        return {name: cookie.value for name, cookie in kept.items() if cookie is not None}

    def put(self, token: str) -> None:
        """Set the cookies of the session in the client. The argument is not used."""
        self.restore(self._cookies)

    def restore(self, cookies: Any) -> None:
        """Delete the cookies of the session from the client, and set these instead.

        Args:
            cookies: Values by name, from `value`.
        """
        for name in self._cookies:
            self._client.delete_cookie(name, domain=self._domain)
        for name, value in cookies.items():
            self._client.set_cookie(name, value, domain=self._domain, max_size=0)


def pool_of(sign_in: AppSignIn, pool: LocalUserPool) -> PoolSignIn | None:
    """Return the app's sign-in that accepts the tokens of a local pool, or None if there is none."""
    only = None if sign_in.has_names else sign_in.only
    return only or sign_in.of_issuer(pool.issuer)


def _claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
