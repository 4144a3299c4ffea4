"""A local Application Load Balancer that signs `x-amzn-oidc-data` for the users of a local pool."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from jwcrypto.jwk import JWK

from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.answering import ReceivedRequest
from cognito_jwt_core.testing.behaviour import Behaviour
from cognito_jwt_core.testing.keys import ec_key, sign_with
from cognito_jwt_core.testing.pool import LocalUserPool
from cognito_jwt_core.testing.server import KeyServer

_ARN: Final = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/local/50dc6c495c0c9188"


class LocalLoadBalancer(KeyServer):
    """A load balancer that signs tokens as an Application Load Balancer does, and serves its keys on loopback.

    It signs with ES256, pads each part of a token, and writes `email_verified` as text. You can create tokens at any
    time. The keys are served inside a `with` statement, each at its `kid`.

    Args:
        pool: Pool whose users sign in.
        arn: ARN of the load balancer, which is the `signer` of its tokens.

    Example:
        ```python
        pool = LocalUserPool()
        with LocalLoadBalancer(pool) as balancer:
            verifier = AlbVerifier(
                balancer.arn, client_id=pool.client_id, issuer=pool.issuer, keys_url=balancer.keys_url
            )
            claims = verifier.verify(balancer.token("alice"))
        ```
    """

    def __init__(self, pool: LocalUserPool, *, arn: str = _ARN) -> None:
        super().__init__()
        self.pool: LocalUserPool = pool
        self._generation = 0
        self._served: list[int] = [0]
        self.arn: str = arn

    def __repr__(self) -> str:
        return f"LocalLoadBalancer({self.pool!r}, arn={self.arn!r})"

    @property
    def keys_url(self) -> str:
        """Return the base URL of the keys, for `AlbVerifier(keys_url=…)` and `COGNITO_ALB_KEYS_URL`."""
        return f"{self._origin}/keys"

    @property
    def kid(self) -> str:
        """Return the `kid` of the current signing key, a UUID."""
        return self._kid(self._generation)

    @property
    def public_pem(self) -> bytes:
        """Return the public part of the current signing key as PEM, as it is served."""
        return self._key(self._generation).export_to_pem()

    @property
    def header(self) -> dict[str, object]:
        """Return the header of a token that expires in two minutes. You can change it and pass it to `sign`."""
        return self._header(120)

    def token(
        self,
        username: str = "alice",
        *,
        email: str | None = None,
        expires_in: float = 120,
        header: Mapping[str, object] | None = None,
        claims: Mapping[str, object] | None = None,
        **any_claim: object,
    ) -> str:
        """Return a value of the header `x-amzn-oidc-data` for a user of the pool.

        Args:
            username: User who signed in. The `sub` is the same as in the pool's own tokens.
            email: The user's verified email address. The default is the username at example.com.
            expires_in: Seconds until the token expires. A negative number makes an expired token.
            header: Members of the token's header to set: `{"signer": other.arn}`; `ABSENT` leaves one out.
            claims: Claims to set whose names are not Python identifiers: `{"custom:tenant": "acme"}`.
            **any_claim: Claims to set: `name="Alice"`; `ABSENT` leaves a claim out.
        """
        payload = self.claims(username, email=email, expires_in=expires_in)
        return self.sign(tokens.changed(self._header(expires_in), header), tokens.changed(payload, any_claim, claims))

    def claims(
        self, username: str = "alice", *, email: str | None = None, expires_in: float = 120
    ) -> dict[str, object]:
        """Return the payload of a token. You can change it and pass it to `sign`.

        Args:
            username: User who signed in.
            email: The user's verified email address. The default is the username at example.com.
            expires_in: Seconds until the token expires. A negative number makes an expired token.
        """
        return {
            "sub": tokens.subject(self.pool.id, username),
            "email_verified": "true",
            "email": email or f"{username}@example.com",
            "username": username,
            "exp": self._expiry(expires_in),
            "iss": self.pool.issuer,
        }

    def sign(self, header: object, payload: object) -> str:
        """Return a token with exactly this header and payload, signed with the current key. Each part is padded.

        Args:
            header: A mapping, or JSON as text or bytes, which may be malformed.
            payload: The same. It can be any value that JSON can represent.
        """
        parts = [_padded(tokens.json_bytes(part)) for part in (header, payload)]
        signature = sign_with(self._key(self._generation), "ES256", ".".join(parts).encode("ascii"))
        return ".".join([*parts, _padded(signature)])

    def rotate_key(self, *, keep_old: bool = True) -> None:
        """Switch to a new signing key.

        Args:
            keep_old: Whether the old keys are still served.
        """
        self._generation += 1
        self._served = [*(self._served if keep_old else ()), self._generation]

    def _good_body(self, path: str) -> bytes | None:
        served = {f"/keys/{self._kid(generation)}": generation for generation in self._served}
        return self._key(served[path]).export_to_pem() if path in served else None

    def _next_behaviour(self, request: ReceivedRequest, *, is_found: bool) -> Behaviour:
        behaviour = super()._next_behaviour(request, is_found=is_found)
        return replace(behaviour, headers={"Content-Type": "binary/octet-stream", **behaviour.headers})

    def _header(self, expires_in: float) -> dict[str, object]:
        return {
            "typ": "JWT",
            "kid": self.kid,
            "alg": "ES256",
            "iss": self.pool.issuer,
            "client": self.pool.client_id,
            "signer": self.arn,
            "exp": self._expiry(expires_in),
        }

    def _expiry(self, expires_in: float) -> int:
        return int(self.pool.clock.time() + expires_in)

    def _key(self, generation: int) -> JWK:
        return ec_key(self.arn, generation)

    def _kid(self, generation: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.arn}#{generation}"))


def _padded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")
