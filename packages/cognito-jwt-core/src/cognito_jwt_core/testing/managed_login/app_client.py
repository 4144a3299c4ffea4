"""The app client of a local managed login: the scopes it may request, and its authentication."""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

# "System-reserved scopes" in AWS "authorization-endpoint".
STANDARD_SCOPES: Final = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")
NEED_OPENID: Final = frozenset({"email", "phone", "profile"})

_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_URLS: Final = 100
_MAX_URL_LENGTH: Final = 1024
_MAX_GRACE_SECONDS: Final = 60
_SECRET: Final = re.compile(r"[\w+]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppClient:
    """The settings of an app client.

    Attributes:
        id: The client id.
        secrets: Valid secrets. A public client has none, and a client may have two during a rotation of its secret.
        callback_urls: Allowed values of `redirect_uri`.
        logout_urls: Allowed values of `logout_uri`.
        scopes: Scopes that the client may request.
        rotation: Whether a refresh returns a new refresh token.
        grace_seconds: How long the previous refresh token still works after a rotation, 0 to 60 seconds.
        revocation: Whether refresh tokens can be revoked.
        access_seconds: Lifetime of access and ID tokens.
        refresh_seconds: Lifetime of refresh tokens, counted from the sign-in.

    Raises:
        ValueError: If a URL, secret or number of seconds is one that Cognito does not accept, or if there is no
            callback URL.

    Source: CreateUserPoolClient in the Amazon Cognito user pools API reference.
    """

    id: str
    secrets: tuple[str, ...] = field(repr=False)
    callback_urls: tuple[str, ...]
    logout_urls: tuple[str, ...]
    scopes: tuple[str, ...]
    rotation: bool
    grace_seconds: float
    revocation: bool
    access_seconds: float
    refresh_seconds: float

    def __post_init__(self) -> None:
        for name in ("callback_urls", "logout_urls"):
            _check_urls(name, getattr(self, name))
        if not self.callback_urls:
            raise ValueError("callback_urls: expected at least one URL")
        if not all(_SECRET.fullmatch(secret) for secret in self.secrets):
            raise ValueError("client_secret: expected 1 to 64 letters, digits, '_' or '+'")
        if not 0 <= self.grace_seconds <= _MAX_GRACE_SECONDS:
            raise ValueError(f"grace_seconds: expected 0 to 60, found {self.grace_seconds}")
        for name in ("access_seconds", "refresh_seconds"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, found {getattr(self, name)}")

    def granted_scopes(self, requested: str | None) -> tuple[str, ...] | None:
        """Return the scopes that a request gets, or None if the answer is `invalid_scope`.

        Without scopes, the request gets all scopes of the client. Known scopes that are not the client's are ignored.
        An unknown scope is invalid. `email`, `phone` and `profile` need `openid`. Source: AWS
        "authorization-endpoint".

        Args:
            requested: The request's `scope` parameter; None if it has none.
        """
        if requested is None or not requested.strip():
            return self.scopes
        names = tuple(dict.fromkeys(requested.split(" ")))
        granted = tuple(name for name in names if name in self.scopes)
        exist = all(name in self.scopes or name in STANDARD_SCOPES for name in names)
        if not exist or not granted or (NEED_OPENID.intersection(granted) and "openid" not in granted):
            return None
        return granted

    def authentication_error(self, form: Mapping[str, str], authorization: str | None) -> str | None:
        """Return the OAuth error of a request's client authentication, or None if it is valid.

        A confidential client sends its secret by HTTP Basic or in the form, never both (RFC 6749 section 2.3). A
        public client sends its `client_id` and no secret. Source: AWS "token-endpoint".

        Args:
            form: The form in the request's body.
            authorization: The `Authorization` header; None if it is absent.
        """
        client_id: str | None
        secret: str | None
        if authorization is not None:
            if "client_secret" in form:
                return "invalid_request"
            client_id, secret = _basic_credentials(authorization)
            if form.get("client_id", client_id) != client_id:
                return "invalid_client"
        elif "client_id" not in form:
            return "invalid_client" if self.secrets else "invalid_request"
        else:
            client_id, secret = form["client_id"], form.get("client_secret")
        return None if client_id == self.id and self._accepts(secret) else "invalid_client"

    def _accepts(self, secret: str | None) -> bool:
        if not self.secrets:
            return secret is None
        given = (secret or "").encode()
        return any(hmac.compare_digest(given, valid.encode()) for valid in self.secrets)


def _basic_credentials(authorization: str) -> tuple[str | None, str]:
    """Return id and secret from an Authorization header, or None and "" if it is malformed.

    Cognito does not form-encode them before Base64.
    """
    scheme, _, value = authorization.partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    client_id, separator, secret = text.partition(":")
    return (client_id, secret) if separator and scheme.lower() == "basic" else (None, "")


def as_texts(name: str, values: str | Iterable[str]) -> tuple[str, ...]:
    """Return texts as a tuple.

    Args:
        name: Name of the argument, for the error.
        values: The texts.

    Raises:
        ValueError: If `values` is a plain string, which would be split into letters.
    """
    if isinstance(values, str):
        raise ValueError(f"{name}: expected several strings, found one: put it in [...]")
    return tuple(values)


def _check_urls(name: str, urls: tuple[str, ...]) -> None:
    """Check that Cognito would register these callback or sign-out URLs.

    A URL is absolute, without a fragment, and uses https, http on loopback, or an app's own scheme. There are at most
    100 URLs of at most 1,024 characters. Source: AWS "authorization-endpoint", `redirect_uri`; CallbackURLs in
    CreateUserPoolClient.

    Raises:
        ValueError: If it would not.
    """
    if len(urls) > _MAX_URLS:
        raise ValueError(f"{name}: expected at most {_MAX_URLS} URLs, found {len(urls)}")
    for url in urls:
        parts = urlsplit(url)
        plain_http = parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS
        if not parts.scheme or not parts.netloc or "#" in url or plain_http or len(url) > _MAX_URL_LENGTH:
            raise ValueError(f"{name}: expected an absolute https URL (http on loopback only), found {url[:200]!r}")
