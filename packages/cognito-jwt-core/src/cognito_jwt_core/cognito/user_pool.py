"""`UserPool`: derives a pool's issuers and key URLs from its id."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cognito_jwt_core.errors import ConfigurationError, shown

_log = logging.getLogger("cognito_jwt_core.user_pool")

# No part of an id may change the host or the path of a URL. At most 55 characters, as for CreateUserPool in the API
# reference.
_ID = r"[A-Za-z0-9_-]{1,55}"
_REGION = r"[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}"
_ISSUER = r"https?://[^\s/?#]+(/[^\s?#]*)?"
_SIGN_IN_PAGE = r"https?://[^/]+\.amazoncognito\.com(:[0-9]+)?(/.*)?"
_JWKS_PATH = "/.well-known/jwks.json"

# The start of the Region's name decides, as in botocore's endpoint data.
_DNS_SUFFIXES = (
    (r"cn-.+", "amazonaws.com.cn"),
    (r"eusc-.+", "amazonaws.eu"),
    (r"(us|eu|ap|sa|ca|me|af|il|mx|us-gov)-[a-z]+-[0-9]+", "amazonaws.com"),
)

# Pools are not replicated between these partitions. All other Regions form one partition.
_PARTITIONS = ("cn-", "eusc-", "us-gov-")


class _Derived(str):
    """A value that a pool computed for itself. `dataclasses.replace` passes it back, and it is computed again."""

    __slots__ = ()


@dataclass(frozen=True)
class UserPool:
    """A user pool and all its issuers.

    A pool is immutable, and equal pools have equal issuers. `dataclasses.replace` returns a pool that differs only in
    the fields that you pass.

    Args:
        id: The user pool id, such as ``eu-central-1_c3fea2``.
        region: The pool's Region, if the id does not name it. A Region that differs from that of the id is added to
            `replica_regions`.
        replica_regions: Regions to which the pool is replicated.
        issuer: The only issuer, compared exactly, for an emulator or proxy. The pool's own original
            issuer has no effect.
        jwks_uri: URL at which an emulator or proxy serves the keys, for every issuer of the pool.

    Raises:
        ConfigurationError: If the id or issuer is invalid, or a Region is unknown and there is no `issuer`.

    Source: "Verifying JSON web tokens" and "Multi-Region replication" in the Amazon Cognito developer guide.
    """

    id: str
    region: str | None = None
    replica_regions: Collection[str] = field(default=(), kw_only=True)
    issuer: str | None = field(default=None, kw_only=True)
    jwks_uri: str | None = field(default=None, kw_only=True)
    _jwks_uris: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(_ID, self.id):
            raise ConfigurationError(f"user pool id: expected one like eu-central-1_c3fea2, found {shown(self.id)}")
        for name in ("region", "issuer", "jwks_uri"):
            value = getattr(self, name)
            if isinstance(value, _Derived):
                object.__setattr__(self, name, None)
            elif value is not None and (type(value) is not str or not value):
                raise ConfigurationError(f"UserPool.{name}: expected a string or None, found {shown(value)}")
        _check_issuer(self.issuer)
        replicas = _regions(self.replica_regions)
        home = _region_of(self.id)
        if self.id.startswith("local_"):
            self._needs_no_region()
            home = None
        elif home is None:
            home = self._region_beside_the_id()
        elif self.region is not None and self.region != home:
            replicas = (*replicas, _checked_region(self.region))
            _log.warning(
                "user pool %s: region %s differs from the id's and is treated as a replica; if the pool has none there,"
                " set %s",
                self.id,
                shown(self.region),
                home,
            )
        _check_partitions(home, replicas)
        set_ = object.__setattr__  # set once on a frozen instance
        set_(self, "region", _Derived(home) if home is not None and _region_of(self.id) == home else home)
        set_(self, "replica_regions", tuple(dict.fromkeys(region for region in replicas if region != home)))
        issuers = self._issuers()
        set_(self, "_jwks_uris", tuple((issuer, self._jwks_uri_of(issuer)) for issuer in issuers))
        set_(self, "issuer", self.issuer if [self.issuer] == issuers else _Derived(issuers[0]))

    @property
    def jwks_uris(self) -> Mapping[str, str]:
        """Return each issuer of the pool with the URL of its keys, the original form first. Read-only."""
        return MappingProxyType(dict(self._jwks_uris))

    def _needs_no_region(self) -> None:
        """Return whether the pool is one of cognito-local, which has no Region."""
        if self.issuer is None and self.jwks_uri is None:
            raise ConfigurationError(
                f"user pool {self.id} belongs to an emulator: pass an issuer or a jwks_uri as well"
            )

    def _region_beside_the_id(self) -> str | None:
        if self.region is None and self.issuer is not None:
            return None
        if self.region is None:
            raise ConfigurationError(
                f"user pool id {self.id} contains no Region: expected an id like eu-central-1_c3fea2, or a region"
                " as well"
            )
        _log.warning(
            "user pool id %s is not of the form REGION_NAME, as Cognito's ids are; copy it from the pool's overview in"
            " the console",
            self.id,
        )
        return _checked_region(self.region)

    def _jwks_uri_of(self, issuer: str) -> str:
        return self.jwks_uri or issuer.rstrip("/") + _JWKS_PATH

    def _issuers(self) -> list[str]:
        if self.issuer is not None and self.issuer != self._own_original():
            return [self.issuer]
        if self.region is None:  # for an emulator's pool, the issuer is where its keys are
            assert self.jwks_uri is not None
            if not self.jwks_uri.endswith(_JWKS_PATH):
                raise ConfigurationError(
                    f"user pool {self.id} needs an issuer, since its jwks_uri does not end in {_JWKS_PATH}"
                )
            return [self.jwks_uri.removesuffix(_JWKS_PATH)]
        original, *replicas = (self._original(region) for region in (self.region, *self.replica_regions))
        updated = f"https://issuer-cognito-idp.{self.region}.{_dns_suffix(self.region)}/{self.id}"
        return [original, updated, *replicas]

    def _own_original(self) -> str | None:
        """Return the original form of the pool's issuer, or None if its Region or partition is unknown."""
        if self.region is None or _dns_suffix_or_none(self.region) is None:
            return None
        return self._original(self.region)

    def _original(self, region: str) -> str:
        return f"https://cognito-idp.{region}.{_dns_suffix(region)}/{self.id}"


def _check_issuer(issuer: str | None) -> None:
    """Check that tokens can name this issuer."""
    if issuer is None:
        return
    if not re.fullmatch(_ISSUER, issuer):
        raise ConfigurationError(f"UserPool.issuer: expected an http or https URL, found {shown(issuer)}")
    if re.fullmatch(_SIGN_IN_PAGE, issuer, re.IGNORECASE):
        raise ConfigurationError(
            f"UserPool.issuer: expected the issuer of tokens, found the sign-in domain {shown(issuer)}; without an"
            " issuer, it follows from the pool id"
        )


def _region_of(pool_id: str) -> str | None:
    region, separator, name = pool_id.partition("_")
    return region if separator and name and re.fullmatch(_REGION, region) else None


def _regions(regions: Collection[str]) -> tuple[str, ...]:
    if isinstance(regions, str):
        regions = (regions,)
    if not isinstance(regions, Collection):
        raise ConfigurationError(f"replica_regions: expected a collection of regions, found {shown(regions)}")
    return tuple(_checked_region(region) for region in regions)


def _checked_region(region: object) -> str:
    if not isinstance(region, str) or not re.fullmatch(_REGION, region):
        raise ConfigurationError(f"region: expected one like eu-central-1, found {shown(region)}")
    return region


def _check_partitions(home: str | None, replicas: tuple[str, ...]) -> None:
    for region in replicas:
        if home is not None and _partition(region) != _partition(home):
            raise ConfigurationError(
                f"region {shown(region)} cannot hold a replica of a pool in {home}: it is in another AWS partition"
            )


def _partition(region: str) -> str:
    return next((prefix for prefix in _PARTITIONS if region.startswith(prefix)), "aws")


def _dns_suffix(region: str) -> str:
    suffix = _dns_suffix_or_none(region)
    if suffix is None:
        raise ConfigurationError(f"region {shown(region)} is in no known AWS partition: pass the pool's issuer")
    return suffix


def _dns_suffix_or_none(region: str) -> str | None:
    return next((suffix for regions, suffix in _DNS_SUFFIXES if re.fullmatch(regions, region)), None)
