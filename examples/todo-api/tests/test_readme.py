"""What the README says of the code."""

import ast
import re
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1]
CODE = EXAMPLE / "src" / "todo_api"
README = (EXAMPLE / "README.md").read_text("utf-8")

# Whole files of authentication, and parts that run a Cognito or the demo and belong to no deployment.
IN_FULL = {"identity.py", "config.py"}
LOCAL_ONLY = {"aws_sdk.py", "demo.py", "demo_table.py", "local_cognito.py"}
AUTHENTICATION_MAX_LINES = 150

ROWS = [line for line in README.splitlines() if line.startswith("|") and "](src/" in line]


def names_taken_from_the_library(code: ast.Module) -> set[str]:
    """Return the names that a module imports from the two packages, or from the module that builds the extension."""
    return {
        alias.asname or alias.name
        for node in ast.walk(code)
        if isinstance(node, ast.ImportFrom)
        and ((node.module or "").split(".")[0] in ("flask_cognito", "cognito_jwt_core") or node.module == "identity")
        for alias in node.names
    }


def lines_that_use_it(path: Path) -> set[int]:
    """Return the numbers of the lines that use, not import, one of these names."""
    code = ast.parse(path.read_text("utf-8"))
    names = names_taken_from_the_library(code)
    return {node.lineno for node in ast.walk(code) if isinstance(node, ast.Name) and node.id in names}


def test_authentication_is_as_short_as_the_readme_says() -> None:
    assert f"under {AUTHENTICATION_MAX_LINES} lines" in README
    app = [path for path in CODE.glob("*.py") if path.name not in LOCAL_ONLY]
    counted = {
        path.name: len(path.read_text("utf-8").splitlines()) if path.name in IN_FULL else len(lines_that_use_it(path))
        for path in app
    }

    assert sum(counted.values()) < AUTHENTICATION_MAX_LINES, counted
    assert counted["identity.py"] > 20
    assert counted["todos.py"] > 8


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_files_and_names_in_a_table_of_the_readme_exist(row: str) -> None:
    linked = [EXAMPLE / link for link in re.findall(r"\]\((src/[^)#]+)\)", row)]
    assert all(path.is_file() for path in linked)
    labels = {path.name for path in linked}
    names = {name for name in re.findall(r"`([\w.]+)`", row) if name not in labels}

    # Each name stands in one of the row's files: a function, a decorator or an attribute.
    code = "\n".join(path.read_text("utf-8") for path in linked)
    assert not [name for name in names if not re.search(rf"\b{re.escape(name)}\b", code)]


def test_the_readme_names_every_file_that_has_a_decorator_of_the_library() -> None:
    shown = {Path(path).name for row in ROWS for path in re.findall(r"\]\((src/[^)#]+)\)", row)}
    decorated = {
        path.name for path in CODE.glob("*.py") if re.search(r"^\s*@cognito", path.read_text("utf-8"), re.MULTILINE)
    }

    assert len(decorated) > 5
    assert decorated <= shown
