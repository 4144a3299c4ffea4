"""`ResourceMetadata`: tells clients how to get tokens for an API (RFC 9728)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cognito_jwt_core.answers import is_scope
from cognito_jwt_core.errors import ConfigurationError, shown

if TYPE_CHECKING:
    from cognito_jwt_core.cognito.user_pool import UserPool

WELL_KNOWN_PATH: Final = "/.well-known/oauth-protected-resource"

_METHODS: Final = ("header", "body", "query")


class ResourceMetadata:
    """The metadata of a protected resource. Serve `as_dict` as JSON at `path`, and name `url` in every challenge.

    A client whose request was rejected reads it to learn where its user can sign in and which scopes to request.

    Args:
        resource: Identifier of the API: an https URL without a fragment, or an http one on loopback. The claim
            ``aud`` in tokens for this API must equal it.
        authorization_servers: Accepted user pools, or the URLs of issuers.
        scopes_supported: Scopes that a client may request. Cognito rejects a login with a scope that the app client
            does not have.
        name: Display name of the API.
        bearer_methods_supported: Where a request carries the token: "header", "body" and "query" of RFC 6750.

    Raises:
        ConfigurationError: If an argument is invalid.

    Example:
        ```python
        metadata = ResourceMetadata(
            "https://api.example.com/mcp", [UserPool("eu-central-1_c3fea2")], scopes_supported=["mcp/read"]
        )
        assert metadata.path == "/.well-known/oauth-protected-resource/mcp"
        ```

    Spec: RFC 9728 sections 1.2, 2 and 3.1.
    """

    def __init__(
        self,
        resource: str,
        authorization_servers: Collection[UserPool | str],
        scopes_supported: Collection[str] = (),
        *,
        name: str | None = None,
        bearer_methods_supported: Collection[str] = ("header",),
    ) -> None:
        self.resource: str = _checked_url("resource", resource)
        servers = _collection("authorization_servers", authorization_servers)
        if not servers:
            raise ConfigurationError("authorization_servers: expected at least one, found none")
        # An issuer of a pool may be an emulator's over plain http, which `UserPool` was told to accept.
        self.authorization_servers: tuple[str, ...] = tuple(
            str(getattr(server, "issuer", None) or _checked_url("authorization_servers", server)) for server in servers
        )
        self.scopes_supported: tuple[str, ...] = _collection("scopes_supported", scopes_supported)
        for scope in self.scopes_supported:
            if not isinstance(scope, str) or not is_scope(scope):
                raise ConfigurationError(f"scopes_supported: expected names of OAuth scopes, found {shown(scope)}")
        self.bearer_methods_supported: tuple[str, ...] = _collection(
            "bearer_methods_supported", bearer_methods_supported
        )
        for method in self.bearer_methods_supported:
            if method not in _METHODS:
                raise ConfigurationError(
                    f"bearer_methods_supported: expected header, body or query, found {shown(method)}"
                )
        if name is not None and (not isinstance(name, str) or not name):
            raise ConfigurationError(f"name: expected a string or None, found {shown(name)}")
        self.name: str | None = name

    def __repr__(self) -> str:
        return f"<ResourceMetadata of {self.resource}>"

    @property
    def path(self) -> str:
        """Return the path of the metadata on the host of the API. The well-known part precedes the path of the API."""
        # RFC 9728 section 3.1: a lone slash after the host is removed.
        path = urlsplit(self.resource).path
        return WELL_KNOWN_PATH + ("" if path == "/" else path)

    @property
    def url(self) -> str:
        """Return the URL of the metadata, for the challenge."""
        parts = urlsplit(self.resource)
        return parts._replace(path=self.path).geturl()

    def as_dict(self) -> dict[str, Any]:
        """Return the metadata as a JSON object, without members that have no value (RFC 9728 section 3.2)."""
        members = {
            "resource": self.resource,
            "resource_name": self.name,
            "authorization_servers": list(self.authorization_servers),
            "scopes_supported": list(self.scopes_supported),
            "bearer_methods_supported": list(self.bearer_methods_supported),
        }
        return {name: value for name, value in members.items() if value}


def _checked_url(option: str, value: object) -> str:
    from cognito_jwt_core.http.url import checked_url  # needs `requests`, which would slow down start-up

    if not isinstance(value, str):
        raise ConfigurationError(f"{option}: expected a URL, found {shown(value)}")
    if "#" in value:
        raise ConfigurationError(f"{option}: expected a URL without a fragment, found {shown(value)}")
    try:
        return checked_url(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {error}") from error


def _collection(option: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Collection):
        raise ConfigurationError(f"{option}: expected a list, found {shown(values)}")
    return tuple(dict.fromkeys(values))
