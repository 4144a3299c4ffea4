"""Validate settings: one function per kind of value, from the raw value of a key to the one that is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from os import PathLike, fspath
from typing import TypeAlias

from cognito_jwt_core import Claims, ConfigurationError, KeySettings, KeySource, Revocations
from cognito_jwt_core.errors import shown
from cognito_jwt_core.integration import MAX_CACHE_SIZE, MAX_LEEWAY_SECONDS

Names: TypeAlias = tuple[str, ...]
Check: TypeAlias = Callable[[str, object], object]
"""A function from a key's name and value to the value to use. It raises `ConfigurationError` with the name."""


# RFC 9110 section 5.6.2: allowed names of headers and cookies.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_WORD = re.compile(r"[\x21-\x7e]{1,100}")
_REALM = re.compile(r"[\x20-\x7e]{1,200}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_+.-]{1,128}")
_AUDIENCE = re.compile(r"[\x21-\x7e]+")
# Characters that a URL need not encode, so that a route's path equals the path in the URL.
_RESOURCE_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
SIGN_IN_HOST = re.compile(r"https?://[^/]*\.amazoncognito\.com(?::[0-9]+)?(?:/|$)", re.IGNORECASE)
# Its issuers and key URLs have one form each. FIPS endpoints serve keys, and have no issuers of their own.
_AWS_HOST = re.compile(
    r"https?://(?:issuer-)?cognito-(?:idp|identity)[a-z0-9.-]*\.amazonaws\.[a-z.]+(?:[:/]|$)", re.IGNORECASE
)
_AWS_ISSUER = re.compile(r"https://(?:issuer-)?cognito-idp\.[a-z0-9-]+\.amazonaws\.[a-z.]+/([A-Za-z0-9_-]+)")
_AWS_KEYS = re.compile(
    r"https://(?:issuer-)?cognito-idp[a-z0-9.-]*\.amazonaws\.[a-z.]+/([A-Za-z0-9_-]+)/\.well-known/jwks\.json"
)
_POOL_ID = re.compile(r"[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2}_[A-Za-z0-9]+")
_PLACEHOLDER = re.compile(r"\$\{.*|\$\(.*|\{\{.*|<.*>|%\w+%")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?::([0-9]{1,5}))?", re.ASCII)
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OF_OAUTH2_PROXY = ("x-forwarded-access-token", "x-auth-request-access-token")
_LOOPBACK = re.compile(r"(?:(?:.+\.)?localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")
_LOCATIONS = ("header", "cookie", "session", "alb")
_MAX_BALANCER_SESSION_SECONDS = 7 * 86_400  # "Session timeout" in the Elastic Load Balancing guide
_NEVER_READ = "x-amzn-oidc-identity"
_OTHER_HEADERS = frozenset(
    {"accept", "content-length", "content-type", "host", "origin", "referer", "set-cookie", "user-agent"}
)
DEMANDS = ("token_use", "client", "audience")
"""The checks of a token that can be reported without being enforced."""
_REPORT_ONLY = "True, False, or some of 'token_use', 'client' and 'audience'"


def refused(key: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for a key's value. It names the key, the expected value, and the type or short value found."""
    found = type(value).__name__
    if isinstance(value, (str, int, float)):
        found += f" {shown(value)}"
    elif isinstance(value, Collection) and not value:
        found = f"an empty {found}"
    return ConfigurationError(f"{key}: expected {expected}, found {found}")


def instead_of_a_value(text: str) -> str:
    """Return what a setting has instead of a value, such as a placeholder; empty if it has a value."""
    if text.lower() in ("none", "null", "undefined", "nan"):
        return "the text of a value that is missing"
    if _PLACEHOLDER.fullmatch(text):
        return "a placeholder that was not filled in"
    if text[:1] in ("'", '"'):
        return "quotes around it"
    return ""


def text(key: str, value: object) -> str:
    """Accept any text but an empty one, which comes from an unset variable."""
    if not isinstance(value, str) or not value:
        raise refused(key, "a string (None leaves it unset)", value)
    return value


def flag(key: str, value: object) -> bool:
    """Accept True or False, but no text, because "false" would be true."""
    if not isinstance(value, bool):
        raise refused(key, "True or False", value)
    return value


def names(key: str, value: object, remark: str = "") -> Names:
    """Accept one name, or a collection of names."""
    found = (value,) if isinstance(value, str) and value else value
    if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Collection) or not found:
        raise refused(key, f"a name or a collection of names{remark}", value)
    for name in found:
        if not isinstance(name, str) or not name:
            raise refused(f"one of {key}", "a name", name)
    return tuple(found)


def optional_names(key: str, value: object) -> Names:
    """Accept the same as `names`, for an optional key."""
    return names(key, value, " (None leaves it unset)")


def one_of(*choices: str) -> Check:
    """Accept one of a few words."""

    def check(key: str, value: object) -> str:
        if value not in choices:
            raise refused(key, f"{' or '.join(map(repr, choices))} (None leaves it unset)", value)
        return str(value)

    return check


def leeway(key: str, value: object) -> float:
    """Accept seconds of clock skew. More than a token's lifetime would accept tokens of any age."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_LEEWAY_SECONDS:
        raise refused(key, f"a number of seconds from 0 to {MAX_LEEWAY_SECONDS}, which is a day", value)
    return value


def cache_size(key: str, value: object) -> int:
    """Accept a number of tokens to cache."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_CACHE_SIZE:
        raise refused(key, f"a whole number from 0 to {MAX_CACHE_SIZE}", value)
    return value


def header_name(key: str, value: object) -> str:
    """Accept the name of a header or cookie (RFC 9110 section 5.6.2)."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise refused(key, "a name of letters, digits and hyphens", value)
    if value.lower() == _NEVER_READ:
        raise refused(key, "a header with a token; the load balancer does not sign this one", value)
    return value


def token_header_name(key: str, value: object) -> str:
    """Accept the name of a header that can have a token."""
    found = header_name(key, value)
    if found.lower().startswith("http_"):
        raise refused(key, "the header's own name, such as Authorization, and not WSGI's", value)
    if found.lower() in _OTHER_HEADERS:
        raise refused(key, "a header with a token, which this one never has", value)
    return found


def header_prefixes(key: str, value: object) -> Names:
    """Accept the words that may precede the token, in order. An empty one means the token without a prefix."""
    if isinstance(value, (list, tuple)) and value:
        return tuple(dict.fromkeys(_header_prefix(f"one of {key}", prefix) for prefix in value))
    return (_header_prefix(key, value),)


def _header_prefix(key: str, value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise refused(key, "one word like Bearer, None if the whole value is the token, or a list of both", value)
    return value


def locations(key: str, value: object) -> Names:
    """Accept the places to look for a token, in this order."""
    found = names(key, value)
    if len(set(found)) < len(found) or not set(found) <= set(_LOCATIONS):
        raise refused(key, "some of 'header', 'cookie', 'session' and 'alb', in the order to read them", value)
    return found


def report_only(key: str, value: object) -> bool | Names:
    """Accept True for every check, False for none, or the checks that are only reported."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Collection) and not value:
        raise refused(key, _REPORT_ONLY, value)
    found = names(key, value)
    if not set(found) <= set(DEMANDS):
        raise refused(key, _REPORT_ONLY, value if isinstance(value, str) else ", ".join(found))
    return tuple(dict.fromkeys(found))


def origins(key: str, value: object) -> Names:
    """Accept origins (RFC 6454): scheme and host, and the port unless it is the scheme's default."""
    found = []
    for origin in optional_names(key, value):
        normal = origin_of(origin)
        if normal is None:
            raise refused(f"one of {key}", "an origin like https://app.example, without a path", origin)
        found.append(normal)
    return tuple(found)


def origin_of(text: str) -> str | None:
    """Return an origin in its normal form: lower case, without the default port. Return None if it is not an origin."""
    match = _ORIGIN.fullmatch(text.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port and not 0 < int(port) <= _MAX_PORT:
        return None
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")


def is_from_a_cookie(header: str) -> bool:
    """Return whether a load balancer or proxy sets this header because of its own cookie, which any page can use."""
    name = header.lower()
    return name.startswith("x-amzn-oidc-") or name in _OF_OAUTH2_PROXY


def is_loopback(host: str) -> bool:
    """Return whether this host, with or without a port, is this machine."""
    return _LOOPBACK.fullmatch(host) is not None


def app_clients(key: str, value: object) -> Names:
    """Accept app client ids. An impossible one would reject every token."""
    found = names(key, value, " (None accepts any app client)")
    for client_id in found:
        if not _CLIENT_ID.fullmatch(client_id) or instead_of_a_value(client_id) or _POOL_ID.fullmatch(client_id):
            raise refused(f"one of {key}", _expected_client_id(client_id), client_id)
    return found


def _expected_client_id(client_id: str) -> str:
    expected = "an app client id of 1 to 128 letters, digits and _ + . -"
    if client_id[:1] == "[":
        return f"{expected}; give a Python list instead of JSON"
    if "," in client_id:
        return f"{expected}; give a list of ids instead of a string with commas"
    if client_id.strip() != client_id:
        return f"{expected}, without white space around it"
    if len(client_id.replace(";", " ").split()) > 1:
        return f"{expected}; give several as a list"
    if _POOL_ID.fullmatch(client_id):
        return f"{expected}, and not a user pool id"
    other = instead_of_a_value(client_id)
    return f"{expected}, and not {other}" if other else expected


def audiences(key: str, value: object) -> Names:
    """Accept identifiers of the API, without white space."""
    found = optional_names(key, value)
    for audience in found:
        if audience[:1] == "[":
            raise refused(f"one of {key}", "an identifier (give a Python list instead of JSON)", audience)
        if not _AUDIENCE.fullmatch(audience):
            raise refused(f"one of {key}", "an identifier of ASCII characters without white space", audience)
        if other := instead_of_a_value(audience):
            raise refused(f"one of {key}", f"an identifier, and not {other}", audience)
    return found


def issuer(key: str, value: object) -> str:
    """Accept the issuer of an emulator or proxy: a URL, equal to ``iss`` in its tokens."""
    url = _url(key, value, "the http or https URL that tokens have as iss")
    if SIGN_IN_HOST.match(url):
        raise refused(
            key, "the issuer of the pool; *.amazoncognito.com is its sign-in page, which is not an issuer", value
        )
    if "/.well-known/" in url:
        raise refused(key, "an issuer (the URL of its keys goes to COGNITO_JWKS_URI)", value)
    if _AWS_HOST.match(url) and not _AWS_ISSUER.fullmatch(url):
        raise refused(
            key,
            "an issuer like https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2 (without the key, it"
            " follows from the pool id)",
            value,
        )
    return url


def is_pool_id(text: str) -> bool:
    """Return whether a text has the form of a user pool id, ``REGION_NAME``."""
    return _POOL_ID.fullmatch(text) is not None


def pool_named_by(url: str | None) -> str:
    """Return the id of the user pool in an issuer or key URL of AWS; empty if the URL is another one."""
    found = _AWS_ISSUER.fullmatch(url or "") or _AWS_KEYS.fullmatch(url or "")
    return found[1] if found and is_pool_id(found[1]) else ""


def jwks_uri(key: str, value: object) -> str:
    """Accept a URL of keys, or the path of a file."""
    found = url_or_path(key, value)
    if "://" not in found:
        return found
    url = _url(key, found, "an http or https URL")
    if SIGN_IN_HOST.match(url):
        raise refused(key, "a URL of keys; *.amazoncognito.com is the sign-in page, which has none", value)
    if url.endswith("/.well-known/openid-configuration") or (_AWS_HOST.match(url) and not _AWS_KEYS.fullmatch(url)):
        raise refused(
            key,
            "the URL of the keys, like https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2/.well-known/"
            "jwks.json (without the key, it follows from the pool id)",
            value,
        )
    return url


def _url(key: str, value: object, expected: str) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise refused(
            key, f"{expected}, with http or https and a host, without white space (None leaves it unset)", value
        )
    return readable_url(key, value)


def readable_url(key: str, value: str) -> str:
    """Accept an unambiguous URL. Another key decides whether plain http is allowed."""
    # imports `requests`, which an app with local keys does not need
    from cognito_jwt_core.integration import checked_url

    try:
        return checked_url(value, allow_http=True)
    except ConfigurationError as error:
        raise ConfigurationError(f"{key}: {error}") from error


def resource(key: str, value: object) -> str:
    """Accept the API's identifier: an https URL, or http on loopback (RFC 8707), with a path that a route can have."""
    found = readable_url(key, text(key, value))
    scheme, _, rest = found.partition("://")
    host, slash, path = rest.partition("/")
    if not _RESOURCE_PATH.fullmatch(slash + path) or (scheme != "https" and not is_loopback(host)):
        raise refused(
            key,
            "an https URL (http on loopback only) with a path of letters, digits and marks, without ?, # and %",
            value,
        )
    return found


def scopes(key: str, value: object) -> Names:
    """Accept names of OAuth scopes (RFC 6749 section 3.3)."""
    found = names(key, value)
    for scope in found:
        if not _SCOPE.fullmatch(scope):
            raise refused(f"one of {key}", "a scope without white space (give several as a list)", scope)
    return found


def key_settings(key: str, value: object) -> KeySettings:
    """Accept the times and sizes of key retrieval."""
    if not isinstance(value, KeySettings):
        raise refused(key, "a cognito_jwt_core.KeySettings", value)
    return value


def custom_check(key: str, value: object) -> Callable[[Claims], None]:
    """Accept a function that raises to reject a token."""
    if not callable(value):
        raise refused(key, "a function that takes the claims", value)
    return value


def revocations(key: str, value: object) -> Revocations:
    """Accept an object that knows which tokens are revoked."""
    if isinstance(value, type) or not callable(getattr(value, "is_revoked", None)):
        raise refused(key, "an object with a method is_revoked(claims), such as a RevocationList", value)
    return value  # type: ignore[return-value]  # a protocol of one method, which is there


def balancer_keys_url(key: str, value: object) -> str:
    """Accept the base URL of a load balancer's keys."""
    return _url(key, text(key, value), "an http or https URL")


def balancer_session_seconds(key: str, value: object) -> float:
    """Accept the session timeout of a load balancer's listener."""
    found = value.total_seconds() if isinstance(value, timedelta) else value
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not is_number or not 0 < found <= _MAX_BALANCER_SESSION_SECONDS:  # type: ignore[operator]
        raise refused(key, "seconds or a timedelta, more than 0 and at most 7 days", value)
    return float(found)  # type: ignore[arg-type]


def session(key: str, value: object) -> object:
    """Accept a session for key retrieval."""
    if isinstance(value, type) or not callable(getattr(value, "get", None)) or isinstance(value, Mapping):
        raise refused(key, "a requests.Session", value)
    return value


def realm(key: str, value: object) -> str:
    """Accept a realm for the challenge. It is printable ASCII: a header allows no line break and has no charset."""
    if not isinstance(value, str) or not _REALM.fullmatch(value):
        raise refused(key, "a string of 1 to 200 printable ASCII characters", value)
    return value


def url_or_path(key: str, value: object, expected: str = "a URL or a path") -> str:
    """Accept a URL, or the path of a file."""
    path = fspath(value) if isinstance(value, PathLike) else value
    if not isinstance(path, str) or not path:
        raise refused(key, f"{expected} (None leaves it unset)", value)
    return path


def bundled_jwks(key: str, value: object) -> object:
    """Accept the path of a file, or a JWK Set."""
    return value if isinstance(value, Mapping) and value else url_or_path(key, value, "a path or a JWK Set")


def key_source(key: str, value: object) -> Mapping[str, object] | KeySource:
    """Accept a JWK Set, or an object of the `KeySource` protocol."""
    if isinstance(value, Mapping):
        return value
    if callable(getattr(value, "fetch", None)):
        return value  # type: ignore[return-value]  # a protocol of one method, which is there
    raise refused(key, "a JWK Set or a key source (a URL or a path goes to COGNITO_JWKS_URI)", value)


POOL: Mapping[str, Check] = {
    "region": text,
    "userpool_id": text,
    "app_client_id": app_clients,
    "token_use": one_of("access", "id"),
    "check_token_expiration": flag,
    "audience": audiences,
    "require_audience": flag,
    "leeway": leeway,
    "issuer": issuer,
    "replica_regions": optional_names,
    "jwks": key_source,
    "jwks_uri": jwks_uri,
    "bundled_jwks": bundled_jwks,
    "allow_http_jwks": flag,
    "key_settings": key_settings,
    "requests_session": session,
    "custom_check": custom_check,
    "revocations": revocations,
    "token_cache_size": cache_size,
}
"""The settings of one pool, by name in ``COGNITO_USERPOOLS``. In upper case after ``COGNITO_``, they are the keys."""

APP: Mapping[str, Check] = {
    "jwt_header_name": token_header_name,
    "jwt_header_prefix": header_prefixes,
    "jwt_cookie_name": header_name,
    "token_locations": locations,
    "csrf_protection": flag,
    "trusted_origins": origins,
    "identity_required": flag,
    "realm": realm,
    "report_only": report_only,
    "resource": resource,
    "resource_scopes": scopes,
    "alb_arn": optional_names,
    "alb_keys_url": balancer_keys_url,
    "alb_session_seconds": balancer_session_seconds,
}
"""The settings of the app that do not depend on the pool."""
