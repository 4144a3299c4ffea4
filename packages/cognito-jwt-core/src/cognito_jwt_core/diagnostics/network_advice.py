"""Advice for a key endpoint that cannot be used, by the message of the failed request."""

from __future__ import annotations

import re
from typing import NamedTuple


class Endpoint(NamedTuple):
    """The names that advice uses for an endpoint.

    Attributes:
        name: Owner of the endpoint.
        id: Setting that names it and contains the Region.
        setting: Setting for another URL.
        way_out: Remedy for a network that never reaches the endpoint.
    """

    name: str
    id: str
    setting: str
    way_out: str


OF_A_POOL = Endpoint(
    name="pool",
    id="pool id",
    setting="`jwks_uri`",
    way_out="If this network never allows it, bundle the keys: `cognito-jwt jwks` prints them.",
)
OF_A_LOAD_BALANCER = Endpoint(
    name="load balancer",
    id="ARN",
    setting="`keys_url`",
    way_out="If this network never allows it, serve the keys through your own proxy, and set `keys_url`.",
)

_PROXY = "Check HTTPS_PROXY and NO_PROXY, and what the proxy allows."
_ELSEWHERE = (
    "Something other than AWS answered, for example a proxy's or a guest network's page, or {0.setting} is wrong."
)

# The first pattern found in the message decides, so special ones come before general ones.
_ADVICE = (
    (
        r"TLS (?:certificate|key) file",
        "The file of the client certificate is missing. Check `session.cert`.",
    ),
    (
        r"[Nn]o certificate or crl|no start line|PEM lib",
        "The file of CA certificates has none in PEM form. Check REQUESTS_CA_BUNDLE and `session.verify`.",
    ),
    (
        r"CA bundle|invalid path|certificate bundle",
        "The file of CA certificates is missing. Check REQUESTS_CA_BUNDLE and `session.verify`.",
    ),
    (
        r"certificate is not yet valid|certificate has expired",
        "Check this machine's clock first, then the certificate.",
    ),
    (
        r"[Hh]ostname mismatch|IP address mismatch|doesn't match|not valid for",
        "The certificate belongs to another host. Check DNS, the proxy and {0.setting}.",
    ),
    (
        r"[Kk]ey [Uu]sage|Key Identifier|Basic Constraints|too weak",
        "A certificate breaks a rule of this Python's OpenSSL, which is strict from Python 3.13 on. Have the company's"
        " CA, or the proxy that inspects TLS, issue a certificate that meets it.",
    ),
    (
        r"wrong version number|WRONG_VERSION|EOF occurred|http request",
        "The other side does not speak TLS on that port. Check the URL, and whether HTTPS_PROXY is right.",
    ),
    (
        r"protocol version|handshake failure|UNSUPPORTED_PROTOCOL",
        "The two sides have no version of TLS or no cipher in common. Check the proxy, and this machine's OpenSSL.",
    ),
    (
        r"certificate verify failed|SSL|TLS",
        "A proxy that inspects TLS has its own CA. Set REQUESTS_CA_BUNDLE or `session.verify` to its certificate.",
    ),
    (r"ProxyError|[Pp]roxy|[Tt]unnel|SOCKS|status 200, found 407", _PROXY),
    (
        r"gaierror|[Nn]ame or service|nodename|name resolution|[Nn]o address|[Nn]ame ?[Rr]esolution|getaddrinfo",
        "The host's name cannot be resolved. Check the Region in the {0.id}, DNS, and in a private subnet the VPC"
        " endpoint.",
    ),
    (r"refused", "Nothing listens on that port. Check the URL and the firewall, or start the emulator."),
    (
        r"unreachable|[Nn]o route|timed out|[Tt]imeout|in time|within [\d.]+ s",
        "No response arrives. Check the route to the internet (NAT gateway or VPC endpoint), the security group, and"
        " the proxy.",
    ),
    (
        r"status 200, found (?:400|403|404)",
        "The endpoint does not know this {0.name}. Check the {0.id} and its Region.",
    ),
    (r"status 200, found (?:3\d\d|4(?!29)\d\d)", _ELSEWHERE),
    (
        r"status 200, found (?:429|5\d\d)",
        "The endpoint fails, not this machine. Try again, and check the AWS Health Dashboard.",
    ),
    (
        r"[Pp]ermission|not permitted",
        "This process may not connect. Check the firewall, and the network rules of the container or sandbox.",
    ),
    (
        r"Too many open files|new thread|assign requested address",
        "This process has no files, threads or ports left. Check its limits.",
    ),
    (
        r"[Rr]eset|[Aa]borted|closed|[Dd]isconnected|cut off|Incomplete|Protocol",
        "The connection was closed on the way. Check the firewall and the proxy.",
    ),
    (r"JWK Set|JSON|keys|Content-Encoding|UTF-8|bytes", _ELSEWHERE),
)


def network_advice(message: str, endpoint: Endpoint = OF_A_POOL) -> str:
    """Return what to check after a fetch from `endpoint` failed with `message`."""
    if re.search(r"expected https in|of scheme, host and path", message):  # nothing was requested
        return "Check the URL. Keys come by https, except from this machine."
    found = next(
        (advice for pattern, advice in _ADVICE if re.search(pattern, message)),
        "Check the network between this machine and the endpoint.",
    )
    return f"{found.format(endpoint)} {endpoint.way_out}"
