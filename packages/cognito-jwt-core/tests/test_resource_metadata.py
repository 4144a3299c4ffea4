"""The metadata of a protected resource (RFC 9728)."""

from typing import Any

import pytest
from cognito_jwt_core import ConfigurationError, ResourceMetadata, UserPool

POOL = UserPool("eu-central-1_c3fea2")
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(
    "resource",
    [
        "",
        None,
        7,
        "urn:api",
        "api.example",
        "http://api.example/mcp",
        "https://api.example/#part",
        "https://api.example/mcp#",
        "https://user:secret@api.example/",
        "https://api.example/a b",
        "https://api.example/\r\nX: y",
        "https://api.example:99999/",
        "https:///mcp",
    ],
)
def test_resource_that_is_no_identifier_is_refused(resource: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ResourceMetadata(resource, [POOL])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"authorization_servers": []},
        {"authorization_servers": ISSUER},
        {"authorization_servers": None},
        {"authorization_servers": [7]},
        {"authorization_servers": ["http://issuer.example"]},
        {"authorization_servers": [f"{ISSUER}#x"]},
        {"scopes_supported": "mcp/read"},
        {"scopes_supported": ["mcp/read mcp/write"]},
        {"scopes_supported": [""]},
        {"scopes_supported": [7]},
        {"scopes_supported": {"mcp/read": "reads"}},
        {"name": ""},
        {"name": 7},
        {"bearer_methods_supported": ["cookie"]},
        {"bearer_methods_supported": "header"},
    ],
    ids=str,
)
def test_option_that_cannot_be_right_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ResourceMetadata("https://api.example", **{"authorization_servers": [POOL], **options})
    assert next(iter(options)) in str(caught.value)


@pytest.mark.parametrize(
    ("resource", "path", "url"),
    [
        ("https://api.example.com", WELL_KNOWN, f"https://api.example.com{WELL_KNOWN}"),
        ("https://api.example.com/", WELL_KNOWN, f"https://api.example.com{WELL_KNOWN}"),
        ("https://api.example.com/mcp", f"{WELL_KNOWN}/mcp", f"https://api.example.com{WELL_KNOWN}/mcp"),
        ("https://api.example.com:8443/a/b/", f"{WELL_KNOWN}/a/b/", f"https://api.example.com:8443{WELL_KNOWN}/a/b/"),
        ("https://api.example.com/?v=1", WELL_KNOWN, f"https://api.example.com{WELL_KNOWN}?v=1"),
        ("http://localhost:8000/mcp", f"{WELL_KNOWN}/mcp", f"http://localhost:8000{WELL_KNOWN}/mcp"),
        ("http://[::1]:8000", WELL_KNOWN, f"http://[::1]:8000{WELL_KNOWN}"),
    ],
)
def test_well_known_part_stands_before_the_path(resource: str, path: str, url: str) -> None:
    metadata = ResourceMetadata(resource, [POOL])

    assert (metadata.path, metadata.url) == (path, url)
    assert metadata.as_dict()["resource"] == resource


def test_members_are_those_of_the_rfc() -> None:
    metadata = ResourceMetadata(
        "https://api.example.com/mcp", [POOL, "https://issuer.example", POOL], ("mcp/read", "mcp/write"), name="Todos"
    )

    assert metadata.as_dict() == {
        "resource": "https://api.example.com/mcp",
        "resource_name": "Todos",
        "authorization_servers": [ISSUER, "https://issuer.example"],
        "scopes_supported": ["mcp/read", "mcp/write"],
        "bearer_methods_supported": ["header"],
    }
    assert "https://api.example.com/mcp" in repr(metadata)


def test_members_without_a_value_are_left_out() -> None:
    metadata = ResourceMetadata("https://api.example.com", {ISSUER}, bearer_methods_supported=())

    assert metadata.as_dict() == {"resource": "https://api.example.com", "authorization_servers": [ISSUER]}


def test_pool_of_an_emulator_is_named_as_it_is() -> None:
    emulated = UserPool("local_pool", "eu-central-1", issuer="http://cognito:9229/local_pool")

    assert ResourceMetadata("http://localhost/api", [emulated]).authorization_servers == (
        "http://cognito:9229/local_pool",
    )
