"""Build the request that sends a browser to the managed login, with its one-time values."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from cognito_jwt_core.errors import ConfigurationError, shown

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]+"  # RFC 6749 section 3.3
_VERIFIER = r"[A-Za-z0-9._~-]{43,128}"  # RFC 7636 section 4.1
_URI = r"[A-Za-z][A-Za-z0-9+.-]*://[\x21-\x7e]+"
_MAX_URI_CHARACTERS = 1024  # CallbackURLs in the Amazon Cognito API reference
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
_LISTS = ("acr_values", "prompt")  # space-separated lists in OpenID Connect
_PARAMS = frozenset(
    ("identity_provider", "idp_identifier", "lang", "login_hint", "prompt", "resource", "max_age", "acr_values")
)


@dataclass(frozen=True, eq=False, repr=False)
class AuthorizationRequest:
    """The start of a sign-in: the URL for the browser, and the values to keep until the callback.

    Keep `state`, `nonce` and `code_verifier` on the server, or sealed in a cookie of that browser. Use each for
    one sign-in only. The `repr` shows none of them.

    Attributes:
        url: URL to send the browser to. It contains no secret of the app, and no code verifier.
        redirect_uri: Callback URL of the app. The exchange of the code must name the same one.
        state: Random value that Cognito returns with the callback. Compare it first (RFC 9700 section 4.7).
        nonce: Random value that the ID token must contain; None for a login without the scope ``openid``.
        code_verifier: Secret that proves that the exchange comes from the app that began the login (RFC 7636).
    """

    url: str
    redirect_uri: str
    state: str
    nonce: str | None
    code_verifier: str

    def __repr__(self) -> str:
        return f"<AuthorizationRequest to {urlsplit(self.url).netloc}>"


def build_authorization_request(
    endpoint: str, client_id: str, redirect_uri: str, scopes: Collection[str], params: Mapping[str, object]
) -> AuthorizationRequest:
    """Return a new request with fresh one-time values.

    Raises:
        ConfigurationError: If the redirect URI, a scope or a parameter is invalid.
    """
    checked_app_uri("redirect_uri", redirect_uri)
    scope = _joined_scopes(scopes)
    extra = {name: _param(name, value) for name, value in params.items() if value is not None}
    state = secrets.token_urlsafe(32)
    nonce = secrets.token_urlsafe(32) if "openid" in scope.split(" ") else None
    code_verifier = secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": _challenge(code_verifier),
        # PKCE is always used, although Cognito's metadata does not announce it. Without it, a stolen code is enough
        # (RFC 9700 2.1.1).
        "code_challenge_method": "S256",
        **({} if nonce is None else {"nonce": nonce}),
        **extra,
    }
    return AuthorizationRequest(
        f"{endpoint}?{urlencode(query, quote_via=quote)}", redirect_uri, state, nonce, code_verifier
    )


def checked_app_uri(name: str, uri: object) -> str:
    """Return a callback or sign-out URL of the app, which Cognito compares with its list.

    Raises:
        ConfigurationError: If it is not an absolute URI without a fragment, or is http off loopback.
    """
    if isinstance(uri, str) and len(uri) <= _MAX_URI_CHARACTERS and "#" not in uri and re.fullmatch(_URI, uri):
        try:
            parts = urlsplit(uri)
        except ValueError:  # a bracket that is never closed
            parts = urlsplit("")
        # Over plain http, anyone on the network path could read and use the code.
        if parts.netloc and (parts.scheme.lower() != "http" or parts.hostname in _LOOPBACK_HOSTS):
            return uri
    raise ConfigurationError(
        f"{name}: expected an absolute URI without a fragment (http only for localhost, 127.0.0.1 and [::1]),"
        f" found {shown(uri)}"
    )


def checked_verifier(code_verifier: object) -> str:
    """Return a code verifier if it has the form that RFC 7636 section 4.1 requires.

    Raises:
        ConfigurationError: If it is anything else, for example None from a lost session.
    """
    if isinstance(code_verifier, str) and re.fullmatch(_VERIFIER, code_verifier):
        return code_verifier
    # The message omits the value, which is a secret even if it is too short.
    raise ConfigurationError("code_verifier: expected 43 to 128 characters of RFC 7636, found another value")


def _challenge(code_verifier: str) -> str:
    """Return BASE64URL(SHA256(ASCII(code_verifier))), as RFC 7636 section 4.2 defines it."""
    return urlsafe_b64encode(hashlib.sha256(code_verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def _joined_scopes(scopes: object) -> str:
    names = (scopes,) if isinstance(scopes, str) else scopes
    # Without scopes, Cognito grants all scopes of the client. That must not happen by accident.
    if isinstance(names, (bytes, Mapping)) or not isinstance(names, Collection) or not names:
        raise ConfigurationError(f"scopes: expected at least one scope, found {shown(scopes)}")
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(_SCOPE, name):
            raise ConfigurationError(f"scopes: expected names of scopes, found {shown(name)}")
    return " ".join(dict.fromkeys(names))


def _param(name: str, value: object) -> str:
    if name not in _PARAMS:
        raise ConfigurationError(f"{shown(name)} is not a parameter of a sign-in; expected one of {sorted(_PARAMS)}")
    if name == "max_age":
        if type(value) is not int or value < 0:
            raise ConfigurationError(f"max_age: expected whole seconds from 0 up, found {shown(value)}")
        return str(value)
    if name in _LISTS and not isinstance(value, (str, bytes, Mapping)) and isinstance(value, Collection):
        text = " ".join(item if isinstance(item, str) else "" for item in value)
    else:
        text = value if isinstance(value, str) else ""
    if not text or not text.isprintable():
        raise ConfigurationError(f"{name}: expected a string, found {shown(value)}")
    return text
