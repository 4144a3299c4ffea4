"""Parse load balancer ARNs, and find the URL where AWS publishes a Region's keys."""

from __future__ import annotations

import re
from collections.abc import Collection

from cognito_jwt_core.errors import ConfigurationError, shown
from cognito_jwt_core.http import checked_url
from cognito_jwt_core.jwt.policy import name_set

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):elasticloadbalancing:(?P<region>[a-z]{2,8}(-[a-z]+)+-[0-9]{1,2}):[0-9]{12}"
    r":loadbalancer/app/[A-Za-z0-9-]{1,32}/[A-Za-z0-9]{1,64}"
)

# "Authenticate users using an Application Load Balancer", Elastic Load Balancing guide. It documents no other
# partitions.
_KEY_URLS = {
    "aws": "https://public-keys.auth.elb.{region}.amazonaws.com",
    "aws-us-gov": "https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}",
}
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")  # their regions begin so


def checked_arns(value: str | Collection[str]) -> tuple[str, ...]:
    """Return the ARNs of an option.

    Raises:
        ConfigurationError: If there is none, or one is not that of an Application Load Balancer.
    """
    arns = name_set("load_balancer_arn", value)
    if arns is None:
        raise ConfigurationError("load_balancer_arn: expected the ARN of the load balancer, found None")
    for arn in arns.names:
        if not _ARN.fullmatch(arn):
            raise ConfigurationError(
                "load_balancer_arn: expected ARNs of Application Load Balancers, such as"
                " arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188,"
                f" found {shown(arn)}"
            )
    return tuple(dict.fromkeys(arns.names))


def key_url(arns: tuple[str, ...], keys_url: str | None, *, allow_http: bool) -> str:
    """Return the base URL of the load balancers' keys.

    Args:
        arns: The result of `checked_arns`.
        keys_url: URL to use instead of the Region's.
        allow_http: Whether plain http is allowed to hosts other than loopback.

    Raises:
        ConfigurationError: If `keys_url` is invalid, or required but missing.
    """
    if keys_url is not None:
        if not isinstance(keys_url, str) or "?" in keys_url or "#" in keys_url:
            raise ConfigurationError("keys_url: expected a URL without a query, to which /KID can be added")
        return checked_url(keys_url, allow_http=allow_http, what="keys_url").rstrip("/")
    places = {_place(arn) for arn in arns}
    if len(places) > 1:
        raise ConfigurationError(
            "keys_url: expected one, since the load balancers are in several Regions; or one verifier for each Region"
        )
    (partition, region) = places.pop()
    is_known = partition in _KEY_URLS and (partition == "aws") != region.startswith(_OTHER_PARTITIONS)
    if not is_known:
        raise ConfigurationError(
            f"keys_url: expected one, since no key endpoint is documented for Region {region} of partition {partition}"
        )
    return _KEY_URLS[partition].format(region=region)


def _place(arn: str) -> tuple[str, str]:
    _, partition, _, region, _ = arn.split(":", 4)
    return partition, region
