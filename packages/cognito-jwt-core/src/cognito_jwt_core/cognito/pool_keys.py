"""Select the keys for an issuer: each issuer of a user pool has a key store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from cognito_jwt_core.clock import Clock
from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.errors import ConfigurationError, InvalidIssuerError, shown
from cognito_jwt_core.jose.algorithms import Algorithm, allowed
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jose.key_set import KeySet, load_key_set
from cognito_jwt_core.keys.file import JWKSFile, JWKSMapping
from cognito_jwt_core.keys.freshness import one_line
from cognito_jwt_core.keys.local import LocalKeyStore
from cognito_jwt_core.keys.settings import KeySettings, check_transport
from cognito_jwt_core.keys.source import JWKSFetchError, KeySource, LocalKeySource
from cognito_jwt_core.keys.store import KeyFinder, KeyStatus, KeyStore

if TYPE_CHECKING:
    from requests import Session

BundledJWKS: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"
JWKS: TypeAlias = "BundledJWKS | KeySource"

COGNITO_ALGORITHMS: Final[Mapping[str, Algorithm]] = allowed("RS256")
"""Cognito signs only with this algorithm ("Verifying JSON web tokens" in the Amazon Cognito developer guide)."""

_MAX_SHOWN_ISSUERS = 8  # any client can cause this message, which goes to the log


class PoolKeys:
    """The keys of one pool.

    Args:
        pool: The user pool.
        jwks: Source of the keys for every issuer of the pool. None uses each issuer's own URL.
        bundled_jwks: Keys that serve until the first fetch.
        session: Session for URLs.
        settings: When to fetch, how long to trust.
        clock: Clock for the times in `settings`.

    Raises:
        ConfigurationError: If the source is invalid, or an argument has the wrong type.
    """

    def __init__(
        self,
        pool: UserPool,
        jwks: JWKS | None,
        *,
        bundled_jwks: BundledJWKS | None,
        session: Session | None,
        settings: KeySettings,
        clock: Clock,
    ) -> None:
        check_transport(session, settings, clock)
        locations: dict[str, JWKS] = dict(pool.jwks_uris) if jwks is None else dict.fromkeys(pool.jwks_uris, jwks)
        bundled = None if bundled_jwks is None else _bundled(bundled_jwks, settings)
        self._stores: dict[str, KeyStore] = {}
        opened: dict[int | str, KeyStore] = {}
        for issuer, location in locations.items():
            name = location if isinstance(location, str) else id(location)
            if name not in opened:
                opened[name] = _store(
                    location,
                    session,
                    settings,
                    clock,
                    bundled=None if opened else bundled,
                    optional_issuer=issuer if opened else None,
                )
            self._stores[issuer] = opened[name]
        self._original = next(iter(self._stores.values()))

    def keys_for(self, issuer: str | None) -> KeyFinder:
        """Return the keys that verify tokens of `issuer`. A foreign issuer never causes a fetch."""
        store = self._stores.get(issuer) if issuer else None
        return store or ForeignIssuerKeys(self._original, tuple(self._stores), issuer)

    def prefetch(self) -> None:
        """Fetch the keys of the original issuer now.

        Raises:
            JWKSUnavailableError: If the fetch fails.
        """
        self._original.prefetch()

    def status(self) -> tuple[KeyStatus, ...]:
        """Return the state of each source."""
        stores = dict.fromkeys(self._stores.values())
        return tuple(
            store.status(tuple(issuer for issuer, other in self._stores.items() if other is store)) for store in stores
        )


class ForeignIssuerKeys:
    """Keys for a token whose issuer is not the pool's. They come from the cache only: such a token causes no fetch.

    Args:
        store: The pool's keys.
        issuers: The pool's issuers.
        unverified_issuer: Issuer in the token, not verified.
    """

    algorithms = COGNITO_ALGORITHMS

    def __init__(self, store: KeyStore, issuers: tuple[str, ...], unverified_issuer: str | None) -> None:
        self._store = store
        self._issuers = issuers
        self._unverified_issuer = unverified_issuer

    def get_fresh(self, kid: str) -> VerificationKey | None:
        return self._store.cached(kid)

    def get(self, kid: str) -> VerificationKey:
        """Return a cached key.

        Raises:
            InvalidIssuerError: If the key is not cached. The error must name the wrong pool, not a missing key.
        """
        key = self._store.cached(kid)
        if key is None:
            raise foreign_issuer(self._issuers, self._unverified_issuer)
        return key

    async def get_async(self, kid: str) -> VerificationKey:
        return self.get(kid)


def foreign_issuer(issuers: tuple[str, ...], unverified_issuer: str | None) -> InvalidIssuerError:
    """Return the error for a token from another issuer, before anything in the token is verified."""
    more = len(issuers) - _MAX_SHOWN_ISSUERS
    expected = " or ".join([*issuers[:_MAX_SHOWN_ISSUERS], *([f"one of {more} more"] if more > 0 else [])])
    found = shown(unverified_issuer) if unverified_issuer is not None else "none that is a str"
    return InvalidIssuerError(f"iss: expected {expected}, found {found} (unverified)", claim="iss", expected=expected)


def _look_every_seconds(source: LocalKeySource) -> float:
    """Return how long keys serve without a check of their source. For a file, each check is a slow system call."""
    return 1.0 if isinstance(source, JWKSFile) else 0.0


def _store(
    location: JWKS,
    session: Session | None,
    settings: KeySettings,
    clock: Clock,
    *,
    bundled: KeySet | None,
    optional_issuer: str | None,
) -> KeyStore:
    is_url = isinstance(location, str) and "://" in location
    source = None if is_url else _local_source(location, settings)
    local = source or location
    if isinstance(local, LocalKeySource):
        return LocalKeyStore(local, COGNITO_ALGORITHMS, settings, clock, _look_every_seconds(local))
    # Imported here, because keys in a file need neither threads nor requests. Not imported with the first fetch,
    # because a child forked while another thread imports a module could never finish that import.
    from cognito_jwt_core.keys.remote import RemoteKeyStore

    return RemoteKeyStore(
        _url_source(location, session, settings) if isinstance(location, str) else _own_source(location),
        COGNITO_ALGORITHMS,
        settings,
        clock,
        bundled=bundled,
        optional_issuer=optional_issuer,
        is_bounded=is_url,
    )


def _url_source(url: str, session: Session | None, settings: KeySettings) -> KeySource:
    from cognito_jwt_core.keys.url import JWKSURL  # as above

    return JWKSURL(url, session=session, allow_http=settings.allow_http, max_bytes=settings.max_response_bytes)


def _own_source(location: object) -> KeySource:
    if not isinstance(location, KeySource) or isinstance(location, type):  # a class has the method, but no keys
        raise ConfigurationError(f"jwks: expected a URL, a path, a mapping or a KeySource, found {shown(location)}")
    return location


def _local_source(location: JWKS, settings: KeySettings) -> JWKSFile | JWKSMapping | None:
    if isinstance(location, (str, os.PathLike)) and str(location):
        return JWKSFile(location, max_bytes=settings.max_response_bytes)
    return JWKSMapping(location) if isinstance(location, Mapping) else None


def _bundled(location: BundledJWKS, settings: KeySettings) -> KeySet:
    source = None if isinstance(location, str) and "://" in location else _local_source(location, settings)
    if source is None:
        raise ConfigurationError(f"bundled_jwks: expected a path or a mapping, found {shown(location)}")
    try:
        return load_key_set(source.fetch(settings.timeout_seconds).jwks, COGNITO_ALGORITHMS)
    except (JWKSFetchError, OSError, ValueError) as error:
        raise ConfigurationError(f"bundled_jwks: {source!r}: {one_line(error)}") from error
