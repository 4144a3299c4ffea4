"""What can be imported, and what importing costs."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import flask_cognito

PUBLIC = {
    "CognitoAuth",
    "CognitoAuthError",
    "CognitoSignIn",
    "MemorySessionStore",
    "Record",
    "RedisSessionStore",
    "SessionStore",
    "cognito_auth_optional",
    "cognito_auth_required",
    "cognito_check_groups",
    "cognito_claim_permissions",
    "cognito_group_permissions",
    "cognito_public",
    "cognito_scope_permissions",
    "cognito_step_up",
    "current_cognito_jwt",
    "current_session",
    "current_user",
    "openapi_security_schemes",
    "session_ended",
    "session_refreshed",
    "sign_in_failed",
    "signed_in",
    "signed_out",
    "token_rejected",
    "token_verified",
    "token_would_be_rejected",
    "verify_cognito_jwt",
}
OF_VERSION_1 = {"CognitoJWTException", "_cog", "_cognito_auth_required", "_cognito_check_groups"}


def test_the_public_names() -> None:
    assert set(flask_cognito.__all__) == PUBLIC | OF_VERSION_1
    assert all(hasattr(flask_cognito, name) for name in flask_cognito.__all__)


def test_a_star_import_has_them_all() -> None:
    names: dict[str, object] = {}
    exec("from flask_cognito import *", names)  # noqa: S102

    assert set(names) >= PUBLIC | OF_VERSION_1


def test_another_name_is_an_attribute_error() -> None:
    assert not hasattr(flask_cognito, "CognitoSignOut")


def test_importing_it_imports_nothing_that_only_some_need() -> None:
    heavy = [
        "flask_cognito.testing",
        "cognito_jwt_core.testing",
        "cognito_jwt_core.diagnostics.cli",
        "asyncio",
        "requests",
    ]
    script = f"""
import flask, sys
before = set(sys.modules)
import flask_cognito
print([name for name in {heavy} if name in set(sys.modules) - before])
"""

    printed = subprocess.run(  # noqa: S603 - a script of this file
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == "[]"


CORE = "cognito_jwt_core"
PUBLIC_OF_THE_CORE = {
    CORE,
    f"{CORE}.errors",
    f"{CORE}.integration",
    f"{CORE}.oauth",
    f"{CORE}.redis",
    f"{CORE}.testing",
}


def imports_from_the_core() -> Iterator[tuple[str, str]]:
    """Yield each module of the core that the source imports from, with the imported name."""
    for path in Path(flask_cognito.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == CORE:
                yield from ((str(node.module), alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == CORE)


def test_it_imports_only_public_names_of_the_core() -> None:
    found = set(imports_from_the_core())

    assert {module for module, _ in found} == PUBLIC_OF_THE_CORE
    for module, name in found:
        names = vars(importlib.import_module(module))
        assert name in names.get("__all__", names), f"{module}.{name}"
