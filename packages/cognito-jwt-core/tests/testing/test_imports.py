import pkgutil
import subprocess
import sys

import cognito_jwt_core
from cognito_jwt_core import testing


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())  # noqa: S603 - our own


def test_no_module_of_production_imports_the_kit() -> None:
    modules = [
        name
        for _, name, _ in pkgutil.walk_packages(cognito_jwt_core.__path__, "cognito_jwt_core.")
        if not name.startswith("cognito_jwt_core.testing") and name != "cognito_jwt_core.__main__"
    ]
    assert "cognito_jwt_core.cognito.verifier" in modules

    loaded = modules_after("import " + ", ".join(modules))

    assert not {name for name in loaded if name.startswith("cognito_jwt_core.testing")}
    assert not {"http.server", "pytest", "_pytest"} & loaded


def test_the_kit_itself_needs_no_pytest() -> None:
    assert not {"pytest", "_pytest"} & modules_after("import cognito_jwt_core.testing")


def test_public_names_are_these() -> None:
    assert set(testing.__all__) == {
        "ABSENT",
        "MISBEHAVIOURS",
        "Behaviour",
        "HostileToken",
        "JWKSServer",
        "LocalKeys",
        "LocalLoadBalancer",
        "LocalManagedLogin",
        "LocalUserPool",
        "ManualClock",
        "ReceivedRequest",
        "hostile_tokens",
    }
