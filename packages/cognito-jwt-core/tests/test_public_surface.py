"""Names, parameters and defaults that callers build on."""

import inspect
import subprocess
import sys
from dataclasses import fields
from typing import Any

import cognito_jwt_core
import pytest
from cognito_jwt_core import (
    AlbClaims,
    AlbVerifier,
    Claims,
    CognitoVerifier,
    KeySettings,
    MultiPoolVerifier,
    UserPool,
    errors,
    integration,
    oauth,
)
from cognito_jwt_core.oauth import AuthorizationRequest, OAuthClient, TokenIdentity, TokenSet

NAMES = {
    "AccessDeniedError",
    "AlbClaims",
    "AlbVerifier",
    "AlgorithmNotAllowedError",
    "Answer",
    "Changes",
    "ClaimRequiredError",
    "Claims",
    "Clock",
    "CognitoJWTError",
    "CognitoVerifier",
    "ConfigurationError",
    "GroupRequiredError",
    "InsufficientAuthenticationError",
    "InvalidAudienceError",
    "InvalidClaimError",
    "InvalidClientError",
    "InvalidIssuerError",
    "InvalidSignatureError",
    "InvalidSignerError",
    "InvalidTokenError",
    "InvalidTokenUseError",
    "JWKSFetchError",
    "JWKSResponse",
    "JWKSUnavailableError",
    "KeySettings",
    "KeySource",
    "KeyStatus",
    "MalformedTokenError",
    "MissingClaimError",
    "MultiPoolVerifier",
    "ResourceMetadata",
    "Revocation",
    "RevocationList",
    "RevocationSource",
    "Revocations",
    "RevocationsUnavailableError",
    "ScopeRequiredError",
    "SignInError",
    "Stats",
    "TokenExpiredError",
    "TokenNotYetValidError",
    "TokenRevokedError",
    "TokenUse",
    "UNSET",
    "Unset",
    "UnavailableError",
    "UnknownKeyError",
    "UserPool",
    "answer_for",
    "doctor",
    "explain_token",
}


def defaults(function: Any) -> dict[str, object]:
    """Parameters by name, those without a default as "required"."""
    return {
        name: "required" if parameter.default is parameter.empty else parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }


def modules_after(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())  # noqa: S603  our own


def test_names_of_the_package_are_these() -> None:
    assert set(cognito_jwt_core.__all__) == NAMES
    assert all(hasattr(cognito_jwt_core, name) for name in NAMES)
    assert not hasattr(cognito_jwt_core, "__version__")


def test_every_error_is_a_name_of_the_package() -> None:
    of_the_tree = {name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}

    assert of_the_tree <= NAMES


def test_options_of_a_verifier_and_their_defaults() -> None:
    found = defaults(CognitoVerifier)

    assert found.pop("clock")
    assert found.pop("key_settings") == KeySettings()
    assert found == {
        "user_pool": "required",
        "client_id": "required",
        "token_use": "required",
        "audience": None,
        "groups": None,
        "scopes": None,
        "leeway": 0,
        "check_expiration": True,
        "custom_check": None,
        "revocations": None,
        "max_age": None,
        "acr_values": None,
        "require_audience": False,
        "jwks": None,
        "bundled_jwks": None,
        "session": None,
        "cache_size": 1024,
    }


def test_options_of_a_load_balancers_verifier_and_their_defaults() -> None:
    found = defaults(AlbVerifier)

    assert found.pop("clock")
    assert found.pop("key_settings") == KeySettings()
    assert found == {
        "load_balancer_arn": "required",
        "client_id": "required",
        "issuer": "required",
        "keys_url": None,
        "leeway": 0,
        "session": None,
        "cache_size": 1024,
        "revocations": None,
    }
    assert defaults(AlbVerifier.verify) == defaults(AlbVerifier.verify_async) == {"token": "required"}


def test_options_of_a_verifier_of_several_pools() -> None:
    assert defaults(MultiPoolVerifier) == {"verifiers": "required", "cache_size": 1024}


def test_options_of_a_call_are_left_out_by_default() -> None:
    for verifier in (CognitoVerifier, MultiPoolVerifier):
        for method in (verifier.verify, verifier.verify_async):
            found = defaults(method)
            assert found.pop("token") == "required"
            assert set(found) == {
                "groups",
                "scopes",
                "token_use",
                "client_id",
                "audience",
                "max_age",
                "acr_values",
            }
            assert None not in found.values()  # None is a value of its own: not required


def test_names_of_sign_in_are_these() -> None:
    assert oauth.__all__ == ["AuthorizationRequest", "OAuthClient", "TokenIdentity", "TokenSet"]
    assert TokenIdentity._fields == ("iss", "sub", "client", "auth_time", "iat", "nonce")
    assert {field.name for field in fields(TokenSet)} == {
        "access_token",
        "id_token",
        "refresh_token",
        "claims",
        "id_claims",
        "expires_at",
        "identity",
    }
    assert {field.name for field in fields(AuthorizationRequest)} == {
        "url",
        "redirect_uri",
        "state",
        "nonce",
        "code_verifier",
    }


def test_names_for_extensions_of_frameworks_are_these() -> None:
    assert set(integration.__all__) == {
        "MAX_CACHE_SIZE",
        "MAX_LEEWAY_SECONDS",
        "REAL_TIME",
        "HTTPRequestError",
        "HTTPResponse",
        "LocalKeySource",
        "NameSet",
        "PerProcess",
        "Request",
        "RevocationCheck",
        "SignInDemand",
        "Subject",
        "checked_url",
        "fingerprint",
        "lenient_verifier",
        "require_claim",
        "require_groups",
        "require_scopes",
        "require_sign_in",
        "sign_in_demand",
        "verifier_of_any_client",
    }
    assert all(hasattr(integration, name) for name in integration.__all__)
    assert not hasattr(integration, "private_session")


def test_options_of_sign_in() -> None:
    assert defaults(OAuthClient) == {
        "verifier": "required",
        "client_id": "required",
        "client_secret": None,
        "domain": None,
    }
    assert defaults(OAuthClient.authorization_request) == {
        "redirect_uri": "required",
        "scopes": ("openid",),
        "params": "required",
    }
    assert defaults(OAuthClient.read_callback) == {"query": "required", "state": "required"}
    assert defaults(OAuthClient.exchange_code) == {
        "code": "required",
        "redirect_uri": "required",
        "code_verifier": "required",
        "nonce": "required",
    }
    assert defaults(OAuthClient.refresh) == {"refresh_token": "required", "previous": None}


@pytest.mark.parametrize(
    "name", ["authorization_request", "exchange_code", "refresh", "revoke", "user_info", "logout_url"]
)
def test_each_method_of_sign_in_that_may_use_the_network_has_a_twin(name: str) -> None:
    twin = getattr(OAuthClient, f"{name}_async")

    assert inspect.iscoroutinefunction(twin)
    assert defaults(twin) == defaults(getattr(OAuthClient, name))


def test_options_of_a_user_pool() -> None:
    assert defaults(UserPool) == {
        "id": "required",
        "region": None,
        "replica_regions": (),
        "issuer": None,
        "jwks_uri": None,
    }


def test_options_have_names_and_few_have_a_place() -> None:
    positional = {
        cls: [
            name
            for name, parameter in inspect.signature(cls).parameters.items()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        for cls in (AlbVerifier, CognitoVerifier, MultiPoolVerifier, UserPool)
    }

    assert positional == {
        AlbVerifier: ["load_balancer_arn"],
        CognitoVerifier: ["user_pool"],
        MultiPoolVerifier: ["verifiers"],
        UserPool: ["id", "region"],
    }


def test_properties_of_claims_are_these() -> None:
    assert {name for name, value in vars(Claims).items() if isinstance(value, property)} == {
        "sub",
        "username",
        "groups",
        "scopes",
        "token_use",
        "client_id",
        "issuer",
        "user_pool_id",
        "issued_at",
        "expires_at",
        "auth_time",
        "acr",
        "amr",
    }


def test_properties_of_a_load_balancers_claims_are_these() -> None:
    assert {name for name, value in vars(AlbClaims).items() if isinstance(value, property)} == {
        "sub",
        "username",
        "email",
        "email_verified",
        "signer",
        "client_id",
        "issuer",
        "expires_at",
    }


@pytest.mark.parametrize("module", ["cognito_jwt_core", "cognito_jwt_core.integration"])
def test_import_leaves_the_network_and_the_event_loop_alone(module: str) -> None:
    """They are imported when they are needed: a Lambda pays for its imports at every cold start."""
    loaded = modules_after(f"import {module}")

    assert not loaded & {"asyncio", "requests", "urllib3", "http.client", "ssl", "flask", "werkzeug", "pytest"}
    assert not {name for name in loaded if name.startswith("cognito_jwt_core.testing")}
