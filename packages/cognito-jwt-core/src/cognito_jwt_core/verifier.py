"""`CognitoVerifier` and `MultiPoolVerifier`: Cognito's rules on the way of every token."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from .authentic import AuthenticToken
from .authorization import require_groups, require_scopes
from .claim_rules import check_claims, lifespan
from .claims import Claims
from .clock import Clock
from .errors import ConfigurationError, InvalidIssuerError, JWKSUnavailableError, TokenExpiredError, shown
from .key_settings import KeySettings
from .key_store import KeyFinder, KeyStatus
from .pipeline import Pipeline
from .policy import VerificationPolicy
from .pool_keys import JWKS, BundledJWKS, PoolKeys
from .pool_rules import UNSET, Names, PoolRules, TokenUse, Unset, ask_custom_check
from .signature import ALGORITHMS
from .user_pool import UserPool

if TYPE_CHECKING:
    from requests import Session


_DEFAULT_KEY_SETTINGS = KeySettings()


class _Verifier(ABC):
    """The steps, for one pool or many."""

    _pipeline: Pipeline
    _clock: Clock

    def verify(
        self,
        token: str | bytes,
        *,
        groups: Names | Unset = UNSET,
        scopes: Names | Unset = UNSET,
        token_use: TokenUse | Unset = UNSET,
        client_id: Names | Unset = UNSET,
        audience: Names | Unset = UNSET,
    ) -> Claims:
        """The claims of `token`, if it is genuine, meant for this application, valid now, and entitled.

        1. The size and the shape of the text.
        2. The header: `crit`, the algorithm (RFC 8725 section 3.1), `kid`.
        3. The key of that `kid`.
        4. The signature.
        5. The claims: issuer, time, token use, client, audience (RFC 8725 sections 3.8 to 3.12); the custom check.
        6. Groups and scopes.
        7. A copy of the claims.

        A token that came through step 5 before is remembered: of steps 1 to 4 only the key is looked for again.

        Args:
            token: The text alone, without "Bearer".
            groups: Any-of, for this call; None requires none.
            scopes: Any-of, for this call; None requires none.
            token_use: For this call; None accepts either.
            client_id: For this call; None accepts any app client of the pool.
            audience: For this call; None leaves the app client itself.

        Raises:
            InvalidTokenError: It must not be accepted (401).
            AccessDeniedError: It is authentic, but lacks a group or scope (403).
            JWKSUnavailableError: There are no keys to tell by (503).
            ConfigurationError: An option of this call is wrong.
        """
        opened = self._pipeline.open(token)  # 1, 2
        key = opened.store.at_hand(opened.kid) or opened.store.find(opened.kid)  # 3
        authentic = self._pipeline.authenticate(opened, key, token)  # 4
        return self._judge(authentic, groups, scopes, token_use, client_id, audience)  # 5, 6, 7

    async def verify_async(
        self,
        token: str | bytes,
        *,
        groups: Names | Unset = UNSET,
        scopes: Names | Unset = UNSET,
        token_use: TokenUse | Unset = UNSET,
        client_id: Names | Unset = UNSET,
        audience: Names | Unset = UNSET,
    ) -> Claims:
        """Like `verify`; while keys are fetched, the event loop goes on."""
        opened = self._pipeline.open(token)
        key = opened.store.at_hand(opened.kid) or await opened.store.find_async(opened.kid)
        authentic = self._pipeline.authenticate(opened, key, token)
        return self._judge(authentic, groups, scopes, token_use, client_id, audience)

    def _judge(
        self,
        authentic: AuthenticToken,
        groups: Names | Unset,
        scopes: Names | Unset,
        token_use: TokenUse | Unset,
        client_id: Names | Unset,
        audience: Names | Unset,
    ) -> Claims:
        payload = authentic.payload
        rules = self._rules_for(payload)
        policy, required_groups, required_scopes = rules.demands(groups, scopes, token_use, client_id, audience)
        is_new = authentic.met is None
        now = self._clock.time()
        # Of a token that met these very demands before, only time can have changed.
        if authentic.met is not policy or not authentic.begins <= now < authentic.ends:
            self._check_claims(authentic, policy, now)
        claims = authentic.claims()
        if rules.custom_check is not None:
            ask_custom_check(rules.custom_check, authentic.claims())  # a copy of its own: it may refuse, and not grant
        if is_new:
            self._pipeline.remember(authentic)
        if required_groups is not None:
            require_groups(claims, required_groups)
        if required_scopes is not None:
            require_scopes(claims, required_scopes)
        return claims

    def _check_claims(self, authentic: AuthenticToken, policy: VerificationPolicy, now: float) -> None:
        try:
            check_claims(authentic.payload, policy, now)
        except TokenExpiredError:
            self._pipeline.forget(authentic)
            raise
        authentic.begins, authentic.ends = lifespan(authentic.payload, policy)
        authentic.met = policy  # last: another thread may be asking

    @abstractmethod
    def _rules_for(self, payload: Mapping[str, object]) -> PoolRules:
        """The demands on the tokens of this payload's issuer."""


class CognitoVerifier(_Verifier):
    """Verifies the tokens of one user pool. Safe to share between threads, event loops and forked processes.

    Args:
        user_pool: The pool's id, or a `UserPool`.
        client_id: The app client or clients whose tokens are accepted; None accepts any of the pool.
        token_use: "access" or "id"; None accepts either.
        audience: The API's own identifiers, for access tokens that carry ``aud`` (RFC 8707).
        groups: Any-of: at least one of these groups.
        scopes: Any-of: at least one of these OAuth scopes; only access tokens have any.
        leeway: Seconds of clock skew allowed on ``exp`` and ``nbf``.
        check_expiration: False accepts expired tokens: for tests alone.
        custom_check: Called with a copy of the `Claims` of every answer; raises to reject, and must return None.
        jwks: Where the keys are: None for the pool's own URLs; a URL, a path, a mapping, or a `KeySource`.
        bundled_jwks: Keys of the cold start (a path or a mapping); the network refreshes them later.
        session: A `requests.Session` of your own: proxy, CA bundle, headers.
        key_settings: When keys are fetched and how long they are trusted.
        cache_size: How many verified tokens are remembered; 0 for none.
        clock: Where time comes from.

    Raises:
        ConfigurationError: A value that cannot be meant.
    """

    def __init__(
        self,
        user_pool: str | UserPool,
        *,
        client_id: str | Collection[str] | None,
        token_use: TokenUse,
        audience: str | Collection[str] | None = None,
        groups: Names = None,
        scopes: Names = None,
        leeway: float = 0,
        check_expiration: bool = True,
        custom_check: Callable[[Claims], None] | None = None,
        jwks: JWKS | None = None,
        bundled_jwks: BundledJWKS | None = None,
        session: Session | None = None,
        key_settings: KeySettings = _DEFAULT_KEY_SETTINGS,
        cache_size: int = 1024,
        clock: Clock = time,
    ) -> None:
        self.user_pool = user_pool if isinstance(user_pool, UserPool) else UserPool(user_pool)
        self._rules = PoolRules(
            self.user_pool,
            token_use=token_use,
            client_id=client_id,
            audience=audience,
            groups=groups,
            scopes=scopes,
            leeway=leeway,
            check_expiration=check_expiration,
            custom_check=custom_check,
        )
        self._keys = PoolKeys(
            self.user_pool, jwks, bundled_jwks=bundled_jwks, session=session, settings=key_settings, clock=clock
        )
        self._clock = clock
        self._pipeline = Pipeline(ALGORITHMS, self._keys.store_for, cache_size)

    def __repr__(self) -> str:
        return f"<CognitoVerifier of {self.user_pool.id}>"

    def prefetch(self) -> None:
        """Fetch the keys now, at start-up, instead of with the first token.

        Raises:
            JWKSUnavailableError: They could not be had.
        """
        self._keys.prefetch()

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """What is known about the keys of each source, for an operator."""
        return self._keys.status()

    def _rules_for(self, payload: Mapping[str, object]) -> PoolRules:
        return self._rules


class MultiPoolVerifier(_Verifier):
    """Verifies the tokens of several user pools, each by the keys and rules of its own verifier.

    Args:
        verifiers: One per pool. The time is that of the first one's clock.
        cache_size: How many verified tokens are remembered, of all pools together; 0 for none.

    Raises:
        ConfigurationError: No verifier, or two of one issuer.
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
                        f"MultiPoolVerifier: expected one verifier an issuer, found two of {issuer}"
                    )
                self._by_issuer[issuer] = verifier
        if not self._verifiers:
            raise ConfigurationError("MultiPoolVerifier: expected at least one verifier, found none")
        self._clock = self._verifiers[0]._clock  # noqa: SLF001  of the same module
        self._pipeline = Pipeline(ALGORITHMS, self._store_for, cache_size)

    def __repr__(self) -> str:
        return f"<MultiPoolVerifier of {', '.join(verifier.user_pool.id for verifier in self._verifiers)}>"

    def prefetch(self) -> None:
        """Fetch the keys of every pool now.

        Raises:
            JWKSUnavailableError: Those of a pool could not be had; the others are there.
        """
        failures = []
        for verifier in self._verifiers:
            try:
                verifier.prefetch()
            except JWKSUnavailableError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    @property
    def keys(self) -> tuple[KeyStatus, ...]:
        """What is known about the keys of each source, for an operator."""
        return tuple(status for verifier in self._verifiers for status in verifier.keys)

    def _store_for(self, issuer: str | None) -> KeyFinder:
        verifier = self._by_issuer.get(issuer) if issuer else None
        if verifier is None:
            raise InvalidIssuerError(
                f"iss: expected an issuer of {len(self._verifiers)} user pools, found {shown(issuer)}", claim="iss"
            )
        return verifier._keys.store_for(issuer)  # noqa: SLF001  of the same module

    def _rules_for(self, payload: Mapping[str, object]) -> PoolRules:
        return self._by_issuer[str(payload["iss"])]._rules  # noqa: SLF001  of the same module
