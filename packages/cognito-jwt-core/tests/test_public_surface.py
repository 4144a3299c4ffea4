"""Names, parameters and defaults that callers build on."""

import inspect
import subprocess
import sys
from typing import Any

import cognito_jwt_core
from cognito_jwt_core import Claims, CognitoVerifier, KeySettings, MultiPoolVerifier, UserPool, errors

NAMES = {
    "AccessDeniedError",
    "AlgorithmNotAllowedError",
    "Claims",
    "CognitoJWTError",
    "CognitoVerifier",
    "ConfigurationError",
    "GroupRequiredError",
    "InvalidAudienceError",
    "InvalidClaimError",
    "InvalidClientError",
    "InvalidIssuerError",
    "InvalidSignatureError",
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
    "ScopeRequiredError",
    "TokenExpiredError",
    "TokenNotYetValidError",
    "UnknownKeyError",
    "UserPool",
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
    assert sorted(cognito_jwt_core.__all__) == cognito_jwt_core.__all__
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
        "jwks": None,
        "bundled_jwks": None,
        "session": None,
        "cache_size": 1024,
    }


def test_options_of_a_verifier_of_several_pools() -> None:
    assert defaults(MultiPoolVerifier) == {"verifiers": "required", "cache_size": 1024}


def test_options_of_a_call_are_left_out_by_default() -> None:
    for verifier in (CognitoVerifier, MultiPoolVerifier):
        for method in (verifier.verify, verifier.verify_async):
            found = defaults(method)
            assert found.pop("token") == "required"
            assert set(found) == {"groups", "scopes", "token_use", "client_id", "audience"}
            assert None not in found.values()  # None is a value of its own: not required


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
        for cls in (CognitoVerifier, MultiPoolVerifier, UserPool)
    }

    assert positional == {CognitoVerifier: ["user_pool"], MultiPoolVerifier: ["verifiers"], UserPool: ["id", "region"]}


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
    }


def test_import_leaves_the_network_and_the_event_loop_alone() -> None:
    """They are imported when they are needed: a Lambda pays for its imports at every cold start."""
    loaded = modules_after("import cognito_jwt_core")

    assert not loaded & {"asyncio", "requests", "urllib3", "http.client", "ssl", "flask", "werkzeug", "pytest"}
    assert not {name for name in loaded if name.startswith("cognito_jwt_core.testing")}
