"""Check which URLs may be requested."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from cognito_jwt_core.errors import ConfigurationError, shown


def checked_url(url: str, *, allow_http: bool = False, what: str = "URL") -> str:
    """Return `url` if it is an unambiguous https URL without credentials.

    Args:
        url: The URL to check.
        allow_http: Whether plain http is allowed for every host. If false, only loopback may use it.
        what: Name of the URL in the error.

    Raises:
        ConfigurationError: If it is not one. The message does not repeat a URL that may contain credentials.
    """
    scheme, host = _scheme_and_host(url)
    # The message shows no part of a URL that may contain credentials or that cannot be parsed.
    if not host or "@" in url or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        found = "another" if "://" in url else "no scheme; begin it with https://"
        raise ConfigurationError(f"expected a {what} of scheme, host and path, without credentials, found {found}")
    if scheme == "https" or (scheme == "http" and (allow_http or _is_loopback(host))):
        return url
    http = " (http only to loopback, or with allow_http=True)" if scheme == "http" else ""
    raise ConfigurationError(f"expected https in the {what}{http}, found {shown(url)}")


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Return both in lower case, or empty texts if the URL cannot be parsed."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises as well
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
