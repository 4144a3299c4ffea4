"""`Verifier`: the numbered steps from a token to its claims, for any issuer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, TypeAlias

from cognito_jwt_core.clock import Clock
from cognito_jwt_core.errors import CognitoJWTError, TokenExpiredError
from cognito_jwt_core.event_loop import require_asyncio
from cognito_jwt_core.jose.compact import as_ascii
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.pipeline import parse_token, verify_signature
from cognito_jwt_core.jwt.policy import AnyClaims, Requirements, ask_custom_check
from cognito_jwt_core.jwt.stats import Counter, Stats
from cognito_jwt_core.jwt.token_cache import TokenCache, digest_of
from cognito_jwt_core.jwt.verified_token import VerifiedToken
from cognito_jwt_core.keys.store import KeyFinder, KeyStatus

ParsedToken: TypeAlias = "tuple[KeyFinder, str, Callable[[VerificationKey], VerifiedToken]]"
"""The key finder for a token's issuer, the `kid`, and a function that verifies the signature with the key."""


class Verifier(ABC, Generic[AnyClaims]):
    """Run the steps of verification. A subclass provides the keys, the policy and the type of the claims.

    Args:
        claims_type: Type of the returned claims.
        cache_size: Number of verified tokens to cache; 0 disables the cache.
        clock: Source of the time for checking claims.
    """

    def __init__(self, claims_type: type[AnyClaims], cache_size: int, clock: Clock) -> None:
        self.clock = clock
        self._claims_type = claims_type
        self._cache = TokenCache(cache_size)
        self._counter = Counter()

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """Return the state of the keys of each source. Keys that are fetched one by one are not included."""
        return ()

    @property
    def cached_tokens(self) -> int:
        """Return the number of verified tokens in the cache."""
        return len(self._cache)

    @abstractmethod
    def keys_for(self, issuer: str | None) -> KeyFinder:
        """Return the keys and algorithms for the tokens of an issuer. `issuer` is not verified.

        Raises:
            InvalidIssuerError: If this verifier has no keys that could verify the issuer's tokens.
        """

    @abstractmethod
    def _requirements(self, issuer: str | None, overrides: Any) -> Requirements[AnyClaims]:
        """Return the requirements of a call with these overrides on tokens of an issuer."""

    def _counted(self, keys: Iterable[KeyStatus]) -> Stats:
        statuses = tuple(keys)
        return self._counter.stats(
            fetches=sum(status.fetches for status in statuses),
            fetch_failures=sum(status.failed_fetches for status in statuses),
        )

    def _verify(self, token: object, overrides: Any) -> AnyClaims:
        """Return the claims of a token.

        1. Check size and syntax of the text.
        2. Check the header: ``crit``, the algorithm (RFC 8725 section 3.1), ``kid``.
        3. Find the key with that ``kid``.
        4. Verify the signature.
        5. Check the claims.
        6. Check for revocation, then call the custom check.
        7. Check what the user may do.

        A token that has passed steps 5 and 6 is cached. For a cached token, steps 2 to 4 only check that its key is
        still current. All other steps run every time.
        """
        try:
            text = as_ascii(token)  # 1
            digest = digest_of(text)
            verified = self._remembered(digest)
            if verified is None:
                keys, kid, verify_with = self._parse(text)  # 1, 2
                key = keys.get_fresh(kid) or keys.get(kid)  # 3
                verified = verify_with(key)  # 4
            required = self._requirements(verified.issuer, overrides)
            try:
                now = self.clock.time()
                verified.check(required.policy, now)  # 5
                claims = verified.claims(self._claims_type)
                revocations = required.revocations
                if revocations is not None:
                    revocations.check(claims)  # 6
                return self._admitted(claims, verified, digest, required, now)  # 6, 7
            except CognitoJWTError as error:
                self._mark_authentic(error, digest)
                raise
        except CognitoJWTError as error:
            self._counter.count(error)
            raise

    async def _verify_async(self, token: object, overrides: Any) -> AnyClaims:
        """Like `_verify`, without blocking the event loop while waiting for keys and revocations."""
        require_asyncio()
        try:
            text = as_ascii(token)
            digest = digest_of(text)
            verified = self._remembered(digest)
            if verified is None:
                keys, kid, verify_with = self._parse(text)
                key = keys.get_fresh(kid) or await keys.get_async(kid)
                verified = verify_with(key)
            required = self._requirements(verified.issuer, overrides)
            try:
                now = self.clock.time()
                verified.check(required.policy, now)
                claims = verified.claims(self._claims_type)
                revocations = required.revocations
                if revocations is not None:
                    await revocations.check_async(claims)
                return self._admitted(claims, verified, digest, required, now)
            except CognitoJWTError as error:
                self._mark_authentic(error, digest)
                raise
        except CognitoJWTError as error:
            self._counter.count(error)
            raise

    def _parse(self, text: bytes) -> ParsedToken:
        """Parse a token and check its header. Return its key finder, its `kid`, and a function that verifies it."""
        unverified, keys, algorithm, kid = parse_token(text, self.keys_for)
        return keys, kid, partial(verify_signature, unverified, algorithm)

    def _remembered(self, digest: bytes) -> VerifiedToken | None:
        """Return the cached token, if the key that verified it is still among its issuer's fresh keys."""
        token = self._cache.get(digest)
        if token is None or self.keys_for(token.issuer).get_fresh(token.key.kid) is not token.key:
            return None
        return token

    def _admitted(
        self, claims: AnyClaims, token: VerifiedToken, digest: bytes, required: Requirements[AnyClaims], now: float
    ) -> AnyClaims:
        if required.custom_check is not None:
            # Pass a copy, because the check may reject the token but must not change what the caller gets.
            ask_custom_check(required.custom_check, token.claims(self._claims_type))
        is_new = not token.is_remembered
        if is_new:
            token.is_remembered = True
            self._cache.add(digest, token)
        required.check_access(claims, now)
        counter = self._counter
        counter.accepted += 1
        counter.remembered += not is_new
        return claims

    def _mark_authentic(self, error: CognitoJWTError, digest: bytes) -> None:
        error.is_authentic = True  # the signature is valid: see step 4
        if isinstance(error, TokenExpiredError):
            self._cache.forget(digest)
