"""Find the managed login: by the URL, host or prefix that an app passes, or by the pool's discovery document."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.errors import ConfigurationError, SignInError, shown
from cognito_jwt_core.http import checked_url

# The pattern in the Amazon Cognito API reference for CreateUserPoolDomain.
_PREFIX = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ISSUER_HOST = re.compile(r"(?:issuer-)?cognito-idp\.[^/]*\.amazonaws\.", re.IGNORECASE)
_WITHOUT_SUFFIX = re.compile(r"https?://[a-z0-9-]+\.auth(?:-fips)?\.[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2}/?")
_RESERVED = ("aws", "amazon", "cognito")
_OF_DISCOVERY = (
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "end_session_endpoint",
)


class Endpoints(NamedTuple):
    """The URLs of one managed login."""

    authorization: str
    token: str
    revocation: str
    user_info: str
    logout: str


def endpoints_of_domain(domain: object, pool: UserPool, *, allow_http: bool) -> Endpoints:
    """Return the endpoints below the app's domain.

    Args:
        domain: A URL (``https://auth.example.com``), a host, or the prefix of an Amazon Cognito domain.
        pool: The pool, whose Region completes a prefix.
        allow_http: Whether plain http to hosts other than loopback is allowed.

    Raises:
        ConfigurationError: If it is none of these, or a prefix in a partition whose domains are not known.

    Source: "Using your own domain" and "Using an Amazon Cognito prefix domain" in the Amazon Cognito developer guide.
    """
    if not isinstance(domain, str) or not domain:
        raise ConfigurationError(f"domain: expected a URL, a host, a prefix or None, found {shown(domain)}")
    if "://" in domain:
        url = domain
    elif "." in domain or ":" in domain:
        url = f"https://{domain}"
    else:
        url = f"https://{_host_of_prefix(domain, pool)}"
    if _WITHOUT_SUFFIX.fullmatch(url):
        raise ConfigurationError(f"domain: expected the whole host, with .amazoncognito.com, found {shown(domain)}")
    base = checked_url(url, allow_http=allow_http, what="domain")
    parts = urlsplit(base)
    if parts.path not in ("", "/") or "?" in base or "#" in base:
        raise ConfigurationError(f"domain: expected a URL without a path, found {shown(domain)}")
    if _ISSUER_HOST.match(parts.netloc):
        raise ConfigurationError(
            f"domain: expected the managed login, where users sign in, found the host of issuers {shown(domain)}"
        )
    base = f"{parts.scheme}://{parts.netloc}"
    return Endpoints(
        f"{base}/oauth2/authorize",
        f"{base}/oauth2/token",
        f"{base}/oauth2/revoke",
        f"{base}/oauth2/userInfo",
        f"{base}/logout",
    )


def endpoints_of_discovery(document: dict[str, object], pool: UserPool, *, allow_http: bool) -> Endpoints:
    """Return the endpoints in a pool's discovery document.

    Args:
        document: The parsed document.
        pool: The pool that it was fetched for.
        allow_http: Whether plain http is allowed.

    Raises:
        SignInError: With the code ``sign_in_misconfigured``, if the document belongs to another pool, or its endpoints
            are not https URLs on one host.
    """
    # Another pool's document would send the user's code, and the client's secret, to that pool's owner (Discovery 4.3).
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer not in pool.jwks_uris:
        raise _misconfigured(f"issuer: expected one of the pool's, found {shown(issuer)}")
    found = []
    for name in _OF_DISCOVERY:
        url = document.get(name)
        if not isinstance(url, str) or not url:
            raise _misconfigured(f"{name}: expected a URL, found none. If the pool has a domain, pass it as domain=")
        try:
            checked_url(url, allow_http=allow_http, what=name)
        except ConfigurationError as error:
            raise _misconfigured(str(error)) from error
        if "?" in url or "#" in url or (urlsplit(url).scheme != "https" and not allow_http):
            raise _misconfigured(f"{name}: expected an https URL without a query, found {shown(url)}")
        found.append(url)
    if len({urlsplit(url).netloc.lower() for url in found}) > 1:
        raise _misconfigured("endpoints: expected all on one host, found several")
    return Endpoints(*found)


def _host_of_prefix(prefix: str, pool: UserPool) -> str:
    if not re.fullmatch(_PREFIX, prefix) or any(word in prefix for word in _RESERVED):
        raise ConfigurationError(f"domain: expected a URL, a host or the prefix of a domain, found {shown(prefix)}")
    region = pool.region or ""
    # GovCloud has only FIPS endpoints. For other partitions, no such domains are documented.
    if region.startswith("us-gov-"):
        return f"{prefix}.auth-fips.{region}.amazoncognito.com"
    if not region or region.startswith(("cn-", "eusc-")):
        raise ConfigurationError(f"domain: a prefix is not enough for pool {pool.id}: pass the whole URL")
    return f"{prefix}.auth.{region}.amazoncognito.com"


def _misconfigured(message: str) -> SignInError:
    return SignInError(f"discovery document: {message}", code="sign_in_misconfigured")
