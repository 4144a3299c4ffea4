"""Which keys judge which issuer: for every issuer of a user pool, the store of its keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from .clock import Clock
from .errors import ConfigurationError, shown
from .jwks import KeySet, load_key_set
from .jwks_cache import RemoteKeys
from .jwks_local import LocalKeys
from .jwks_sources import JWKSURL, JWKSFetchError, JWKSFile, JWKSMapping, KeySource, LocalKeySource
from .key_settings import KeySettings
from .key_store import HeldOnly, KeyFinder, KeyStatus, KeyStore
from .signature import ALGORITHMS
from .user_pool import UserPool

if TYPE_CHECKING:
    from requests import Session

BundledJWKS: TypeAlias = "str | os.PathLike[str] | Mapping[str, object]"
JWKS: TypeAlias = "BundledJWKS | KeySource"


class PoolKeys:
    """The keys of one pool.

    Args:
        pool: Whose keys.
        jwks: Where they are, for every issuer of the pool; None asks each issuer's own URL.
        bundled_jwks: Keys of the cold start.
        session: The session for URLs.
        settings: When to fetch, how long to trust.
        clock: The time that the settings count in.

    Raises:
        ConfigurationError: A source that cannot be used, or no session, settings or clock where one was expected.
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
        _check_options(session, settings, clock)
        locations: dict[str, JWKS] = dict(pool.jwks_uris) if jwks is None else dict.fromkeys(pool.jwks_uris, jwks)
        bundled = None if bundled_jwks is None else _bundled(bundled_jwks, settings)
        self._stores: dict[str, KeyStore] = {}
        opened: dict[int | str, KeyStore] = {}
        for issuer, location in locations.items():
            name = location if isinstance(location, str) else id(location)
            if name not in opened:
                source = _source(location, session, settings)
                opened[name] = (
                    LocalKeys(source, ALGORITHMS, settings, clock, _look_every_seconds(source))
                    if isinstance(source, LocalKeySource)
                    else RemoteKeys(
                        source,
                        ALGORITHMS,
                        settings,
                        clock,
                        bundled=None if opened else bundled,
                        optional_issuer=issuer if opened else None,
                    )
                )
            self._stores[issuer] = opened[name]
        self._original = next(iter(self._stores.values()))
        self._for_foreign_issuers = HeldOnly(self._original)

    def store_for(self, issuer: str | None) -> KeyFinder:
        """The keys that judge tokens of `issuer`; those of a foreign one meet held keys, and cause no fetch."""
        return self._stores.get(issuer, self._for_foreign_issuers) if issuer else self._for_foreign_issuers

    def prefetch(self) -> None:
        """Fetch the keys of the original issuer now.

        Raises:
            JWKSUnavailableError: They could not be had.
        """
        self._original.prefetch()

    def status(self) -> tuple[KeyStatus, ...]:
        """What is known about each source."""
        stores = dict.fromkeys(self._stores.values())
        return tuple(
            store.status(tuple(issuer for issuer, other in self._stores.items() if other is store)) for store in stores
        )


def _look_every_seconds(source: LocalKeySource) -> float:
    """To ask for a file's status takes longer than all else that is done for a token seen before."""
    return 1.0 if isinstance(source, JWKSFile) else 0.0


def _check_options(session: object, settings: object, clock: object) -> None:
    # Found now, rather than as an outage with the first token.
    for option, value, is_one, expected in (
        ("session", session, session is None or _has(session, "get", "close"), "a requests.Session"),
        ("key_settings", settings, isinstance(settings, KeySettings), "KeySettings"),
        ("clock", clock, _has(clock, "time", "monotonic"), "time() and monotonic(), as the module time has them"),
    ):
        if not is_one:
            raise ConfigurationError(f"{option}: expected {expected}, found {shown(value)}")


def _has(value: object, *methods: str) -> bool:
    """Whether it has the methods: a class has none without an instance."""
    return not isinstance(value, type) and all(callable(getattr(value, method, None)) for method in methods)


def _source(location: JWKS, session: Session | None, settings: KeySettings) -> KeySource:
    if isinstance(location, str) and "://" in location:
        return JWKSURL(location, session=session, allow_http=settings.allow_http, max_bytes=settings.max_response_bytes)
    source = _local_source(location, settings)
    if source is not None:
        return source
    if isinstance(location, KeySource):
        return location
    raise ConfigurationError(f"jwks: expected a URL, a path, a mapping or a KeySource, found {shown(location)}")


def _local_source(location: JWKS, settings: KeySettings) -> JWKSFile | JWKSMapping | None:
    if isinstance(location, (str, os.PathLike)) and str(location):
        return JWKSFile(location, max_bytes=settings.max_response_bytes)
    return JWKSMapping(location) if isinstance(location, Mapping) else None


def _bundled(location: BundledJWKS, settings: KeySettings) -> KeySet:
    source = None if isinstance(location, str) and "://" in location else _local_source(location, settings)
    if source is None:
        raise ConfigurationError(f"bundled_jwks: expected a path or a mapping, found {shown(location)}")
    try:
        return load_key_set(source.fetch(settings.timeout_seconds).jwks, ALGORITHMS)
    except (JWKSFetchError, OSError, ValueError) as error:
        raise ConfigurationError(f"bundled_jwks: {source!r}: {error}") from error
