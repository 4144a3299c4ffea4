"""`UserPool`: from a pool's id to its issuers and where their keys are."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .errors import ConfigurationError, shown

_log = logging.getLogger(__name__)

# Nothing of an id may change the host or the path of a URL. 55 characters: CreateUserPool in the API reference.
_ID = r"[A-Za-z0-9_-]{1,55}"
_REGION = r"[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}"
_JWKS_PATH = "/.well-known/jwks.json"

# By the beginning of the region's name, as in botocore's endpoint data.
_DNS_SUFFIXES = (
    (r"cn-.+", "amazonaws.com.cn"),
    (r"eusc-.+", "amazonaws.eu"),
    (r"(us|eu|ap|sa|ca|me|af|il|mx|us-gov)-[a-z]+-[0-9]+", "amazonaws.com"),
)


@dataclass(frozen=True)
class UserPool:
    """A user pool and every issuer that Cognito gives it.

    Args:
        id: The user pool id, like ``eu-central-1_c3fea2``.
        region: Only where the id does not name it; another region than the id's is taken for a replica.
        replica_regions: Regions that the pool is replicated to.
        issuer: The one issuer of an emulator or proxy, compared exactly.
        jwks_uri: Where an emulator or proxy keeps the keys, for every issuer of the pool.

    Raises:
        ConfigurationError: The id could not be one, a region is not known and no `issuer` is given.

    Source: "Verifying JSON web tokens" and "Multi-Region replication" in the Amazon Cognito developer guide.
    """

    id: str
    region: str | None = None
    replica_regions: Collection[str] = field(default=(), kw_only=True)
    issuer: str | None = field(default=None, kw_only=True)
    jwks_uri: str | None = field(default=None, kw_only=True)
    jwks_uris: Mapping[str, str] = field(init=False, repr=False, compare=False, hash=False)
    """Every issuer of the pool, the original form first, with the URL of its keys."""

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(_ID, self.id):
            raise ConfigurationError(f"user pool id: expected one like eu-central-1_c3fea2, found {shown(self.id)}")
        for name in ("region", "issuer", "jwks_uri"):
            value = getattr(self, name)
            if value is not None and (type(value) is not str or not value):
                raise ConfigurationError(f"UserPool.{name}: expected a text or None, found {shown(value)}")
        replicas = _regions(self.replica_regions)
        home = _region_of(self.id)
        if self.id.startswith("local_"):
            self._needs_no_region()
            home = None
        elif home is None:
            home = self._region_beside_the_id()
        elif self.region is not None and self.region != home:
            _log.warning(
                "user pool %s: region %s is not the id's and is taken for a replica", self.id, shown(self.region)
            )
            replicas = (*replicas, _checked_region(self.region))
        set_ = object.__setattr__  # what is computed once of a frozen value
        set_(self, "region", home)
        set_(self, "replica_regions", tuple(dict.fromkeys(region for region in replicas if region != home)))
        set_(self, "jwks_uris", self._jwks_uris())
        set_(self, "issuer", next(iter(self.jwks_uris)))

    def _needs_no_region(self) -> None:
        """cognito-local's pools are in no region, whatever the deployment's region is."""
        if self.issuer is None and self.jwks_uri is None:
            raise ConfigurationError(
                f"user pool {self.id} is an emulator's: expected an issuer or a jwks_uri beside it"
            )

    def _region_beside_the_id(self) -> str | None:
        if self.region is None and self.issuer is not None:
            return None
        if self.region is None:
            raise ConfigurationError(
                f"user pool id {self.id} names no region: expected one like eu-central-1_c3fea2, or a region beside it"
            )
        _log.warning("user pool id %s lacks the form REGION_NAME of an id by Cognito", self.id)
        return _checked_region(self.region)

    def _jwks_uris(self) -> dict[str, str]:
        issuers = [self.issuer] if self.issuer is not None else self._issuers()
        return {issuer: self.jwks_uri or issuer.rstrip("/") + _JWKS_PATH for issuer in issuers}

    def _issuers(self) -> list[str]:
        if self.region is None:  # an emulator's pool: its issuer is where its keys are
            assert self.jwks_uri is not None
            if not self.jwks_uri.endswith(_JWKS_PATH):
                raise ConfigurationError(
                    f"user pool {self.id} needs an issuer, since its jwks_uri does not end in {_JWKS_PATH}"
                )
            return [self.jwks_uri.removesuffix(_JWKS_PATH)]
        original, *replicas = (
            f"https://cognito-idp.{region}.{_dns_suffix(region)}/{self.id}"
            for region in (self.region, *self.replica_regions)
        )
        updated = f"https://issuer-cognito-idp.{self.region}.{_dns_suffix(self.region)}/{self.id}"
        return [original, updated, *replicas]


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


def _dns_suffix(region: str) -> str:
    for regions, suffix in _DNS_SUFFIXES:
        if re.fullmatch(regions, region):
            return suffix
    raise ConfigurationError(f"region {shown(region)} is of no known AWS partition: give the pool's issuer")
