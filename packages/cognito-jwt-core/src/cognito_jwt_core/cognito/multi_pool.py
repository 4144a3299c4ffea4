"""`MultiPoolVerifier`: verify the tokens of several user pools."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.pool_keys import foreign_issuer
from cognito_jwt_core.cognito.pool_policy import NO_OVERRIDES, Overrides, PoolPolicy, Requirements
from cognito_jwt_core.cognito.verifier import CognitoVerifier, UserPoolVerifier, lenient_twin
from cognito_jwt_core.errors import (
    ConfigurationError,
    JWKSUnavailableError,
    RevocationsUnavailableError,
    UnavailableError,
    shown,
)
from cognito_jwt_core.jwt.stats import Stats
from cognito_jwt_core.keys.store import KeyFinder, KeyStatus


class MultiPoolVerifier(UserPoolVerifier):
    """Verify the tokens of several user pools, each with the keys and requirements of its own verifier.

    Args:
        verifiers: One verifier per pool. The first one's clock is used.
        cache_size: Number of verified tokens to cache, for all pools together; 0 disables the cache.

    Raises:
        ConfigurationError: If there is no verifier, or two share an issuer.
    """

    def __init__(self, verifiers: Iterable[CognitoVerifier], *, cache_size: int = 1024) -> None:
        if not isinstance(verifiers, Iterable):
            raise ConfigurationError(f"MultiPoolVerifier: expected CognitoVerifiers, found {shown(verifiers)}")
        self._verifiers = tuple(verifiers)
        self._by_issuer: dict[str, CognitoVerifier] = {}
        for verifier in self._verifiers:
            if not isinstance(verifier, CognitoVerifier):
                raise ConfigurationError(f"MultiPoolVerifier: expected CognitoVerifiers, found {shown(verifier)}")
            for issuer in verifier.user_pool.jwks_uris:
                if issuer in self._by_issuer:
                    raise ConfigurationError(
                        f"MultiPoolVerifier: expected one verifier per issuer, found two of {issuer}"
                    )
                self._by_issuer[issuer] = verifier
        if not self._verifiers:
            raise ConfigurationError("MultiPoolVerifier: expected at least one verifier, found none")
        super().__init__(Claims, cache_size, self._verifiers[0].clock)

    def __repr__(self) -> str:
        return f"<MultiPoolVerifier of {', '.join(verifier.user_pool.id for verifier in self._verifiers)}>"

    def prefetch(self) -> None:
        """Fetch the keys of every pool now.

        Raises:
            JWKSUnavailableError: If a pool's keys could not be fetched. The message names each such pool. Keys of the
                other pools are cached.
            RevocationsUnavailableError: If only revocations could not be loaded.
        """
        failures: list[UnavailableError] = []
        for verifier in self._verifiers:
            try:
                verifier.prefetch()
            except UnavailableError as error:
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            lacks_keys = any(isinstance(error, JWKSUnavailableError) for error in failures)
            kind = JWKSUnavailableError if lacks_keys else RevocationsUnavailableError
            # Pools often share a list of revocations.
            message = "; ".join(dict.fromkeys(map(str, failures)))
            raise kind(message, retry_after=max(error.retry_after for error in failures))

    @property
    def verifiers(self) -> tuple[CognitoVerifier, ...]:
        """Return the verifiers in the given order."""
        return self._verifiers

    @property
    def is_ready(self) -> bool:
        """Return whether tokens of every pool could be verified now. Never fetch."""
        return all(verifier.is_ready for verifier in self._verifiers)

    @property
    def revocations_age(self) -> float | None:
        """Return the greatest age of a pool's revocation list; None if no list was read."""
        ages = [verifier.revocations_age for verifier in self._verifiers]
        return max((age for age in ages if age is not None), default=None)

    @property
    def stats(self) -> Stats:
        """Return the counts of all pools since this verifier was built."""
        return self._counted(self.keys)

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """Return the state of the keys of each source, for an operator."""
        return tuple(status for verifier in self._verifiers for status in verifier.keys)

    def keys_for(self, issuer: str | None) -> KeyFinder:
        """Return the keys for the tokens of an issuer.

        Raises:
            InvalidIssuerError: If it is not an issuer of any of the pools.
        """
        return self._verifier_of(issuer).keys_for(issuer)

    def policy_for(self, issuer: str | None) -> PoolPolicy:
        """Return the requirements on an issuer's tokens.

        Raises:
            InvalidIssuerError: If it is not an issuer of any of the pools.
        """
        return self._verifier_of(issuer).policy_for(issuer)

    def _requirements(self, issuer: str | None, overrides: Overrides) -> Requirements:
        policy = self.policy_for(issuer)
        return policy.own if overrides is NO_OVERRIDES else policy.for_call(overrides)

    def _verifier_of(self, issuer: str | None) -> CognitoVerifier:
        verifier = self._by_issuer.get(issuer) if issuer else None
        if verifier is None:
            raise foreign_issuer(tuple(self._by_issuer), issuer)
        return verifier


def lenient_verifier(
    verifier: CognitoVerifier | MultiPoolVerifier, demands: Collection[str]
) -> CognitoVerifier | MultiPoolVerifier:
    """Return a verifier that does not enforce some requirements of `verifier`, for an app that only reports them.

    It has the same keys, and checks everything else: the signature, issuer, times, revocations and the custom check.

    Args:
        verifier: The app's verifier.
        demands: Requirements to drop, any of `"token_use"`, `"client"` and `"audience"`.

    Returns:
        A verifier of the same type. Its results are not counted.
    """
    if isinstance(verifier, MultiPoolVerifier):
        return MultiPoolVerifier([lenient_twin(one, demands) for one in verifier.verifiers])
    return lenient_twin(verifier, demands)
