"""What can be imported, and what importing costs."""

import subprocess
import sys

import flask_cognito

PUBLIC = {
    "CognitoAuth",
    "CognitoAuthError",
    "cognito_auth_optional",
    "cognito_auth_required",
    "cognito_check_groups",
    "cognito_group_permissions",
    "cognito_public",
    "cognito_scope_permissions",
    "current_cognito_jwt",
    "current_user",
    "openapi_security_schemes",
    "token_rejected",
    "token_verified",
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


def test_importing_it_imports_nothing_that_only_some_need() -> None:
    heavy = ["flask_cognito.testing", "cognito_jwt_core.testing", "cognito_jwt_core.cli", "asyncio", "requests"]
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
