"""Session cookies for a test client, without a sign-in."""

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
    """A user's session in a client's cookies. It cannot be refreshed.

    Args:
        client: The app's `test_client()`.
        state: The app's sign-in at this pool.
        pool: The pool that issues the tokens.
        username: The user.
        groups: The user's groups.
        claims: Further arguments of `LocalUserPool.access_token`.
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
        """Return the values of these cookies in the client."""
        kept = {name: self._client.get_cookie(name, self._domain) for name in self._cookies}
        return {name: cookie.value for name, cookie in kept.items() if cookie is not None}

    def put(self, token: str) -> None:
        """Put the session into the client."""
        self.restore(self._cookies)

    def restore(self, cookies: Any) -> None:
        """Replace the session's cookies in the client by these."""
        for name in self._cookies:
            self._client.delete_cookie(name, domain=self._domain)
        for name, value in cookies.items():
            self._client.set_cookie(name, value, domain=self._domain, max_size=0)


def pool_of(sign_in: AppSignIn, pool: LocalUserPool) -> PoolSignIn | None:
    """Return the app's pool that accepts the tokens of a local pool."""
    only = None if sign_in.has_names else sign_in.only
    return only or sign_in.of_issuer(pool.issuer)


def _claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
