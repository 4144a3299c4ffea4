"""What starting up may not cost, held as modules rather than as milliseconds: those are for `hatch run bench`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cognito_jwt_core.testing import LocalUserPool

HEAVY = {
    "argparse",
    "asyncio",
    "concurrent.futures",
    "http",
    "http.client",
    "importlib.metadata",
    "requests",
    "ssl",
    "subprocess",
    "tempfile",
    "unittest",
    "urllib.request",
    "urllib3",
}
FOR_OTHER_ENDS = {"cognito_jwt_core.diagnostics", "cognito_jwt_core.testing"}
# What jwcrypto does not import itself, and may yet be imported: what they import in turn comes with them.
SPARED = {"logging", "threading"}
BEFORE = ("import sys", "before = set(sys.modules)")  # measuring coverage has imported much already


def modules_after(*statements: str) -> set[str]:
    """The modules that running these brings."""
    code = "\n".join([*BEFORE, *statements, "print(*set(sys.modules) - before)"])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  our own
    return set(result.stdout.split())


@pytest.mark.parametrize("statement", ["import cognito_jwt_core", "from cognito_jwt_core import CognitoVerifier"])
def test_import_brings_no_heavy_module(statement: str) -> None:
    modules = modules_after(statement)

    assert not (HEAVY | FOR_OTHER_ENDS) & modules


def test_diagnostics_are_imported_when_first_used_and_are_not_heavy() -> None:
    modules = modules_after("from cognito_jwt_core import doctor, explain_token")

    assert "cognito_jwt_core.diagnostics" in modules
    assert not HEAVY & modules


def test_import_brings_little_that_jwcrypto_does_not() -> None:
    own = "cognito_jwt_core"
    needed = modules_after("import jwcrypto.common, jwcrypto.jwk", *(f"import {name}" for name in SPARED))

    assert {name for name in modules_after(f"import {own}") if not name.startswith(own)} <= needed


def test_first_token_brings_none_either_where_keys_are_in_a_file(tmp_path: Path) -> None:
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(pool.jwk_set), encoding="utf-8")
    token = pool.access_token()
    options = f"client_id={pool.client_id!r}, token_use='access', jwks={str(keys)!r}"

    modules = modules_after(
        "from cognito_jwt_core import CognitoVerifier",
        f"verifier = CognitoVerifier({pool.id!r}, {options})",
        f"assert verifier.verify({token!r}) == verifier.verify({token!r})",
    )

    assert not (HEAVY | FOR_OTHER_ENDS) & modules
