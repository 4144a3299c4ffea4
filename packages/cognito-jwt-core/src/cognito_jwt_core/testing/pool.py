"""A local user pool: real keys and tokens, without a network or AWS."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from cognito_jwt_core.clock import Clock
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.keys.source import JWKSResponse
from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.answering import Serving
from cognito_jwt_core.testing.keys import SigningKey, cached_key, load_key
from cognito_jwt_core.testing.server import JWKSServer
from cognito_jwt_core.testing.tokens import DEFAULT_SCOPE


class LocalUserPool:
    """A user pool in this process that issues tokens with the same claims as Cognito's.

    It signs them with a real RSA key, so the code under test verifies them as in production, with every check on.

    Args:
        id: The pool's id. The Region is the part before the first underscore.
        client_id: App client that the tokens are issued to.
        region: The Region, if the id does not begin with one.
        issuer: The `iss` claim of the tokens. The default is the issuer that Cognito uses for this id.
        clock: Source of time. With a `ManualClock`, a test decides when a token expires.
        signing_key: Your own private RSA key (a JWK mapping, or PEM), instead of a generated one.

    Raises:
        ConfigurationError: If the id is invalid, or its Region is unknown and there is no `issuer`.
        ValueError: If `signing_key` is another kind of key, or only a public key.

    Example:
        ```python
        pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
        verifier = CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=pool.jwks)
        claims = verifier.verify(pool.access_token("alice", groups=["admin"]))
        ```
    """

    def __init__(
        self,
        id: str = "eu-central-1_testpool",  # noqa: A002 - the word that Cognito and UserPool use
        *,
        client_id: str = "abcdef123456",
        region: str | None = None,
        issuer: str | None = None,
        clock: Clock = time,
        signing_key: Mapping[str, object] | str | bytes | None = None,
    ) -> None:
        self.id = id
        self.client_id = client_id
        user_pool = UserPool(id, region, issuer=issuer)
        self.region: str | None = user_pool.region
        self.issuer: str = next(iter(user_pool.jwks_uris))
        self.clock = clock
        self.jwks: LocalKeys = LocalKeys(self)
        self._generation = 0
        self._keys = [cached_key(id, 0) if signing_key is None else load_key(signing_key)]
        self._servers: list[JWKSServer] = []

    def __repr__(self) -> str:
        return f"LocalUserPool({self.id!r}, client_id={self.client_id!r})"

    def access_token(
        self,
        username: str = "alice",
        *,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (DEFAULT_SCOPE,),
        expires_in: float = 3600,
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an access token for a user.

        Args:
            username: User who signed in. The same name always has the same `sub`.
            groups: The user's groups.
            scopes: Granted OAuth scopes.
            expires_in: Seconds until the token expires. A negative number makes an expired token.
            claims: Claims to set whose names are not Python identifiers: `{"cognito:groups": "admin"}`.
            **any_claim: Claims to set: `device_key="x"`; `ABSENT` leaves a claim out.
        """
        payload = self.access_claims(username, groups=groups, scopes=scopes, expires_in=expires_in)
        return self.sign(self.header, tokens.changed(payload, any_claim, claims))

    def id_token(
        self,
        username: str = "alice",
        *,
        email: str | None = None,
        groups: Iterable[str] = (),
        expires_in: float = 3600,
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an ID token for a user.

        Args:
            username: User who signed in. The same name always has the same `sub`.
            email: The user's verified email address. The default is the username at example.com.
            groups: The user's groups.
            expires_in: Seconds until the token expires. A negative number makes an expired token.
            claims: Claims to set whose names are not Python identifiers: `{"custom:tenant": "acme"}`.
            **any_claim: Claims to set: `phone_number="+49…"`; `ABSENT` leaves a claim out.
        """
        payload = self.id_claims(username, email=email, groups=groups, expires_in=expires_in)
        return self.sign(self.header, tokens.changed(payload, any_claim, claims))

    def client_credentials_token(
        self,
        *,
        scopes: Iterable[str] = ("todo/read",),
        expires_in: float = 3600,
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an access token of the app client itself, as in the client credentials grant.

        It has no `username`, and its `sub` is the client's id. The arguments are as in `access_token`.
        """
        payload = self._common("access", expires_in) | {"sub": self.client_id, "client_id": self.client_id}
        payload |= {"scope": tokens.joined_scopes(scopes), "version": 2}
        return self.sign(self.header, tokens.changed(payload, any_claim, claims))

    def expired_token(
        self,
        username: str = "alice",
        *,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (DEFAULT_SCOPE,),
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an access token that expired an hour ago. The arguments are as in `access_token`."""
        return self.access_token(username, groups=groups, scopes=scopes, expires_in=-3600, claims=claims, **any_claim)

    def not_yet_valid_token(
        self,
        username: str = "alice",
        *,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (DEFAULT_SCOPE,),
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an access token whose `nbf` is in half an hour. The arguments are as in `access_token`."""
        payload = self.access_claims(username, groups=groups, scopes=scopes) | {"nbf": int(self.clock.time()) + 1800}
        return self.sign(self.header, tokens.changed(payload, any_claim, claims))

    def badly_signed_token(
        self,
        username: str = "alice",
        *,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (DEFAULT_SCOPE,),
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return an access token with this pool's `kid`, signed with another key.

        The arguments are as in `access_token`.
        """
        payload = self.access_claims(username, groups=groups, scopes=scopes)
        return tokens.sign(cached_key("an attacker", 0), self.header, tokens.changed(payload, any_claim, claims))

    def access_claims(
        self,
        username: str = "alice",
        *,
        groups: Iterable[str] = (),
        scopes: Iterable[str] = (DEFAULT_SCOPE,),
        expires_in: float = 3600,
    ) -> dict[str, object]:
        """Return the payload of an access token. You can change it and pass it to `sign`.

        The arguments are as in `access_token`.
        """
        return {
            **self._common("access", expires_in),
            **tokens.session_ids(),
            **tokens.group_claims(groups),
            "sub": tokens.subject(self.id, username),
            "client_id": self.client_id,
            "scope": tokens.joined_scopes(scopes),
            "username": username,
            "version": 2,
        }

    def id_claims(
        self,
        username: str = "alice",
        *,
        email: str | None = None,
        groups: Iterable[str] = (),
        expires_in: float = 3600,
    ) -> dict[str, object]:
        """Return the payload of an ID token. You can change it and pass it to `sign`.

        The arguments are as in `id_token`.
        """
        return {
            **self._common("id", expires_in),
            **tokens.session_ids(),
            **tokens.group_claims(groups),
            "sub": tokens.subject(self.id, username),
            "aud": self.client_id,
            "cognito:username": username,
            "email": email or f"{username}@example.com",
            "email_verified": True,
        }

    def sign(self, header: object, payload: object) -> str:
        """Return a token with exactly this header and payload, signed with the pool's current key.

        Args:
            header: A mapping, or JSON as text or bytes, which may be malformed. The property `header` is a valid one.
            payload: The same. It can be any value that JSON can represent.
        """
        return tokens.sign(self.signing_key, header, payload)

    @property
    def header(self) -> dict[str, object]:
        """Return the header of a valid token: `alg` and the `kid` of the current key."""
        return {"alg": "RS256", "kid": self.signing_key.kid}

    @property
    def signing_key(self) -> SigningKey:
        """Return the key that signs new tokens."""
        return self._keys[0]

    @property
    def jwk_set(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys as Cognito publishes them, newest first, as a new mapping on each call."""
        return {"keys": [dict(key.public_jwk) for key in self._keys]}

    @property
    def kids(self) -> tuple[str, ...]:
        """Return the ids of the public keys, newest first."""
        return tuple(key.kid for key in self._keys)

    def rotate_key(self, *, keep_old: bool = True) -> str:
        """Switch to a new signing key, as Cognito does.

        Args:
            keep_old: Whether the earlier keys stay published, so that tokens signed with them are still valid.

        Returns:
            The `kid` of the new key.
        """
        self._generation += 1
        self._keys = [cached_key(self.id, self._generation), *(self._keys if keep_old else ())]
        return self.signing_key.kid

    def serve(self) -> AbstractContextManager[str]:
        """Publish the keys on an HTTP server on loopback. Use it in a `with` statement, which returns the JWKS URL.

        Inside the `with` block, `server` counts the requests, and you can make it fail.
        """
        return Serving(self._started)

    @property
    def server(self) -> JWKSServer:
        """Return the server of the innermost active `serve()`.

        Raises:
            RuntimeError: If the pool is not being served.
        """
        if not self._servers:
            raise RuntimeError("the pool is not being served: use `with pool.serve() as url:`")
        return self._servers[-1]

    def _started(self) -> tuple[str, Callable[[], None]]:
        server = JWKSServer(self)

        def stop() -> None:
            self._servers.remove(server)
            server.__exit__(None, None, None)

        server.__enter__()
        self._servers.append(server)
        return server.url, stop

    def _common(self, token_use: str, expires_in: float) -> dict[str, object]:
        return {
            "iss": self.issuer,
            "token_use": token_use,
            **tokens.times(self.clock.time(), expires_in),
            **tokens.token_id(),
        }


class LocalKeys:
    """The keys of a local pool, for `CognitoVerifier(jwks=…)` and `COGNITO_JWKS`. A rotation takes effect immediately.

    Attributes:
        pool: The pool.
    """

    def __init__(self, pool: LocalUserPool) -> None:
        self.pool = pool

    def __repr__(self) -> str:
        return f"the keys of {self.pool!r}"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        """Return the pool's current keys without waiting."""
        return JWKSResponse(self.pool.jwk_set)

    def revision(self) -> object:
        """Return a value that changes whenever the keys do."""
        return self.pool.kids
