"""`AlbVerifier`: verify the tokens of Application Load Balancers."""

from __future__ import annotations

import copy
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from cognito_jwt_core.alb.arns import checked_arns, key_url
from cognito_jwt_core.alb.claims import AlbClaims
from cognito_jwt_core.alb.header import ALB_HEADER_RULES, AlbHeader, check_same
from cognito_jwt_core.alb.policy import AlbPolicy, AlbRequirements
from cognito_jwt_core.clock import Clock
from cognito_jwt_core.errors import ConfigurationError, InvalidTokenError, shown
from cognito_jwt_core.jose.algorithms import Algorithm, allowed
from cognito_jwt_core.jose.compact import UnverifiedToken, parse_padded
from cognito_jwt_core.jose.header import check_header
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.pipeline import verify_signature
from cognito_jwt_core.jwt.policy import name_set
from cognito_jwt_core.jwt.revocations.check import RevocationCheck, Revocations
from cognito_jwt_core.jwt.stats import Counter, Stats
from cognito_jwt_core.jwt.token_cache import TokenCache
from cognito_jwt_core.jwt.verified_token import VerifiedToken
from cognito_jwt_core.jwt.verifier import ParsedToken, Verifier
from cognito_jwt_core.keys.by_kid import KeyLookup, KeysByKid
from cognito_jwt_core.keys.settings import KeySettings, check_transport

if TYPE_CHECKING:
    from requests import Session

ALB_ALGORITHMS: Final[Mapping[str, Algorithm]] = allowed("ES256")
"""Load balancers sign only with this algorithm."""

_DEFAULT_KEY_SETTINGS = KeySettings()


class HasIssuers(Protocol):
    """A `UserPool`, which has an issuer in several forms."""

    @property
    def jwks_uris(self) -> Mapping[str, str]:
        """Return every issuer, with the URL of its keys."""


class AlbVerifier(Verifier[AlbClaims]):
    """Verify the tokens in the header ``x-amzn-oidc-data`` that Application Load Balancers sign.

    Threads, event loops and forked processes can share it.

    Args:
        load_balancer_arn: The ARN of the load balancer, or several. ``signer`` in a token must be one of them.
        client_id: The app client or clients that the load balancer signs in with; None accepts any.
        issuer: The `UserPool`, or the issuer exactly as the listener is configured.
        keys_url: URL of the keys, without ``/KID``. None uses the Region's endpoint, which is known for AWS's
            commercial Regions and GovCloud.
        leeway: Seconds of clock skew allowed on ``exp`` and ``nbf``, at most a day.
        key_settings: When keys are fetched and how long they are trusted.
        session: Your own `requests.Session`, for a proxy, a CA bundle or headers.
        cache_size: Number of verified tokens to cache; 0 disables the cache.
        revocations: Object that knows which tokens are revoked, such as a `RevocationList`. It is asked on every call.
        clock: Source of time.

    Raises:
        ConfigurationError: If an argument is invalid, or `keys_url` is required but missing.

    Source: "Authenticate users using an Application Load Balancer", Elastic Load Balancing guide.
    """

    def __init__(
        self,
        load_balancer_arn: str | Collection[str],
        *,
        client_id: str | Collection[str] | None,
        issuer: HasIssuers | str,
        keys_url: str | None = None,
        leeway: float = 0,
        key_settings: KeySettings = _DEFAULT_KEY_SETTINGS,
        session: Session | None = None,
        cache_size: int = 1024,
        revocations: Revocations | None = None,
        clock: Clock = time,
    ) -> None:
        arns = checked_arns(load_balancer_arn)
        clients = name_set("client_id", client_id)
        check_transport(session, key_settings, clock)
        policy = AlbPolicy(
            issuers=_issuers(issuer),
            audiences=None,
            leeway=leeway,
            check_expiration=True,
            signers=frozenset(arns),
            client_ids=None if clients is None else clients.as_set,
        )
        self._required = AlbRequirements(policy, None if revocations is None else RevocationCheck(revocations, leeway))
        self._keys = KeysByKid(
            key_url(arns, keys_url, allow_http=key_settings.allow_http),
            ALB_ALGORITHMS,
            key_settings,
            session=session,
            clock=clock,
        )
        super().__init__(AlbClaims, cache_size, clock)

    def __repr__(self) -> str:
        return f"<AlbVerifier of {', '.join(sorted(self._required.policy.signers))}>"

    def verify(self, token: str | bytes) -> AlbClaims:
        """Return the claims of a token that one of the load balancers signed and that is valid now.

        The checks run in this order: size and syntax of the text; algorithm, ``kid``, ``signer``, ``iss``, ``client``
        and ``exp`` of the header; key; signature; that header and claims agree; issuer, times and subject;
        revocations.

        Args:
            token: The value of the header ``x-amzn-oidc-data``, unchanged, because its padding is signed.

        Raises:
            InvalidTokenError: If the token must be rejected (401).
            UnavailableError: If the token cannot be verified now (503).
        """
        return self._verify(token, None)

    async def verify_async(self, token: str | bytes) -> AlbClaims:
        """Like `verify`, without blocking the event loop, which must be asyncio's.

        Raises:
            ConfigurationError: If no asyncio event loop runs, for example under Trio.
        """
        return await self._verify_async(token, None)

    @property
    def revocations_age(self) -> float | None:
        """Return seconds since the revocation list was last read. None without a list, or before the first read."""
        revocations = self._required.revocations
        return None if revocations is None else revocations.age

    @property
    def stats(self) -> Stats:
        """Return the counts since the verifier was built, in this process."""
        return self._counter.stats(fetches=self._keys.fetches, fetch_failures=self._keys.failed_fetches)

    @property
    def required(self) -> AlbRequirements:
        """Return the requirements of every call on a token."""
        return self._required

    @property
    def keys_url(self) -> str:
        """Return the URL of the keys, without ``/KID``."""
        return self._keys.base_url

    def keys_for(self, issuer: str | None) -> KeyLookup:
        """Return the finder for one token's key. The load balancer signs for all issuers."""
        return self._keys.lookup()

    def _requirements(self, issuer: str | None, overrides: object) -> AlbRequirements:
        return self._required

    def _parse(self, text: bytes) -> ParsedToken:
        header, unverified = parse_padded(text, AlbHeader)
        keys = self._keys.lookup()
        algorithm, kid = check_header(header, keys.algorithms)
        now = self.clock.time()
        for rule in ALB_HEADER_RULES:
            rule(header, self._required.policy, now)
        return keys, kid, partial(_verify_signature, header, unverified, algorithm, keys)

    def _remembered(self, digest: bytes) -> VerifiedToken | None:
        token = super()._remembered(digest)
        if token is not None:
            self._keys.mark_used(token.key.kid)
        return token


def verifier_of_any_client(verifier: AlbVerifier) -> AlbVerifier:
    """Return a verifier with the same keys that accepts every app client.

    It has its own cache. `verifier` compares the client only before it caches a token, so a token of another client
    must not get into its cache. The results of the new verifier are not counted.

    Args:
        verifier: The app's verifier of load balancer tokens.
    """
    twin = copy.copy(verifier)
    required = verifier.required
    twin._required = required._replace(policy=replace(required.policy, client_ids=None))  # noqa: SLF001  of this module
    twin._cache = TokenCache(verifier._cache.size)  # noqa: SLF001
    twin._counter = Counter()  # noqa: SLF001
    return twin


def _verify_signature(
    header: AlbHeader, unverified: UnverifiedToken, algorithm: Algorithm, keys: KeyLookup, key: VerificationKey
) -> VerifiedToken:
    """Return the claims of a token that `key` signed, with values that only the header contains."""
    verified = verify_signature(unverified, algorithm, key)
    keys.confirm()
    try:
        check_same(header, verified.payload)
    except InvalidTokenError as error:
        error.is_authentic = True
        raise
    return VerifiedToken(verified.issuer, merged(header, verified.payload), key)


def merged(header: AlbHeader, payload: Mapping[str, object]) -> dict[str, object]:
    """Return the claims with values that only the header contains. The header's values were checked, so they win."""
    claims = {name: value for name, value in payload.items() if name != "client_id"}
    if header.has_exp:
        claims["exp"] = header.exp
    if isinstance(header.client, str):
        claims["client_id"] = header.client
    return {**claims, "signer": header.signer}


def _issuers(issuer: HasIssuers | str) -> frozenset[str]:
    if not isinstance(issuer, str):
        issuers = getattr(issuer, "jwks_uris", None)
        if not isinstance(issuers, Mapping):
            raise ConfigurationError(f"issuer: expected a UserPool or a URL, found {shown(issuer)}")
        return frozenset(issuers)
    if "://" not in issuer:
        raise ConfigurationError(f"issuer: expected a UserPool or a URL, found {shown(issuer)}")
    return frozenset((issuer,))
