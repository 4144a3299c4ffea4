"""What the code has, the reference has; what the reference has, the code has."""

from __future__ import annotations

import argparse
import ast
import builtins
import dataclasses
import importlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cognito_jwt_core
import pytest
from cognito_jwt_core import CognitoJWTError, SignInError, answer_for, errors
from cognito_jwt_core.diagnostics.cli import _parser as core_commands
from cognito_test_kit.docs.page import PAGES, ROOT
from cognito_test_kit.docs.tables import code, rows
from flask_cognito.cli import cognito as flask_commands
from flask_cognito.config.settings import PoolSettings, Settings
from flask_cognito.config.sign_in import SIGN_IN_SETTINGS, SignInSettings
from flask_cognito.config.spelling import KEYS, SIGN_IN_KEYS
from flask_cognito.responses.refusals import ROWS

REFERENCE = ROOT / "docs" / "reference"
SOURCES = sorted(ROOT.glob("packages/*/src"))
PUBLIC_MODULES = (
    "cognito_jwt_core",
    "cognito_jwt_core.integration",
    "cognito_jwt_core.oauth",
    "cognito_jwt_core.otel",
    "cognito_jwt_core.redis",
    "cognito_jwt_core.testing",
    "flask_cognito",
    "flask_cognito.testing",
)
OF_OTHER_LIBRARIES = {"JwtExpiredError"}
# A default that depends on another key, or that there is none of.
SAID_IN_WORDS = {"COGNITO_USERPOOL_ID", "COGNITO_REGION", "COGNITO_TOKEN_LOCATIONS", "COGNITO_USERPOOLS"}
SAID_IN_WORDS |= {"COGNITO_JWT_HEADER_PREFIX"}  # several forms, of which the default is one


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


# Config keys


def config_rows() -> dict[str, dict[str, str]]:
    return {code(row["Key"]): row for row in rows(read("config-keys.md"), "Key")}


def test_every_config_key_is_in_the_reference_and_no_other() -> None:
    assert sorted(config_rows()) == sorted(KEYS)


def test_every_config_key_has_its_type_and_the_release_that_brought_it() -> None:
    for key, row in config_rows().items():
        assert row["Type"], key
        assert row["Since"] in ("1.x", "2.0"), key


def test_defaults_are_those_of_the_code() -> None:
    fields = [*dataclasses.fields(PoolSettings), *dataclasses.fields(Settings)]
    defaults = {"COGNITO_" + field.name.upper(): field.default for field in fields}

    for key, row in config_rows().items():
        if key not in SAID_IN_WORDS:
            assert ast.literal_eval(code(row["Default"])) == defaults[key], key


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_page_names_a_config_key_that_does_not_exist(path: Path) -> None:
    words = re.findall(r"\bCOGNITO_[A-Z_]+\b", (ROOT / path).read_text(encoding="utf-8"))

    assert set(words) - KEYS - SIGN_IN_KEYS == set()


def test_every_key_of_sign_in_is_in_the_reference_with_its_default_and_no_other() -> None:
    said = {code(row["Sign-in key"]): row for row in rows(read("sign-in.md"), "Sign-in key")}
    defaults = {field.name: field.default for field in dataclasses.fields(SignInSettings)}
    attributes = {key: attribute for key, (attribute, _) in SIGN_IN_SETTINGS.items()}

    assert sorted(said) == sorted(SIGN_IN_KEYS) == sorted(attributes)
    for key, row in said.items():
        if key != "COGNITO_SIGN_IN_CLIENT_ID":  # it is that of another key
            assert ast.literal_eval(code(row["Default"])) == defaults[attributes[key]], key


# Errors


def error_classes(kind: type[CognitoJWTError] = CognitoJWTError) -> Iterator[type[CognitoJWTError]]:
    yield kind
    for sub in kind.__subclasses__():
        if sub.__module__.startswith("cognito_jwt_core"):
            yield from error_classes(sub)


def error_rows() -> dict[str, dict[str, str]]:
    found = {}
    for row in rows(read("errors.md"), "Code and error"):
        name, error = map(code, row["Code and error"].split("<br>"))
        found[name] = {**row, "Error": error}
    return found


OF_THE_EXTENSION = {"authorization_required": 401, **{code: row.status for code, row in ROWS.items()}}


def test_every_error_is_in_the_reference_with_its_code_and_no_other() -> None:
    said = {name: row["Error"] for name, row in error_rows().items()}
    # The codes of a sign-in have a table of their own.
    of_the_core = {kind.code: kind.__name__ for kind in error_classes() if kind is not SignInError}

    assert said == {**dict.fromkeys(OF_THE_EXTENSION, "CognitoAuthError"), **of_the_core}


def test_every_error_has_the_status_of_its_answer() -> None:
    classes: dict[str, Any] = {kind.code: kind for kind in error_classes()}
    for name, row in error_rows().items():
        if name in OF_THE_EXTENSION:
            expected = OF_THE_EXTENSION[name]
        else:
            kind = classes[name]
            of_a_claim = issubclass(kind, (errors.InvalidClaimError, errors.ClaimRequiredError))
            error = kind("", claim="c") if of_a_claim else kind("")
            try:
                expected = answer_for(error).status
            except TypeError:
                expected = 500  # a wrong set-up is not the client's fault
        assert int(row["HTTP status"]) == expected, name


def test_every_code_of_a_sign_in_is_in_the_reference_with_its_status_and_no_other() -> None:
    said = {
        code(row["Code of a sign-in"]): int(row["`status`"]) for row in rows(read("errors.md"), "Code of a sign-in")
    }

    assert said == errors.SIGN_IN_STATUSES


def test_every_error_has_a_cause() -> None:
    assert [name for name, row in error_rows().items() if not row["Cause"]] == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_page_names_an_error_that_does_not_exist(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    known = {*cognito_jwt_core.__all__, "CognitoAuthError", *vars(builtins), *OF_OTHER_LIBRARIES}
    names = set(re.findall(r"`([A-Z]\w+Error)\b", text))

    assert {name for name in names - known if not re.search(rf"import .*\b{name}\b", text)} == set()


# Log records


def values_as_dots(template: str) -> str:
    return re.sub(r"%(\.\d)?[rsdf]", "…", template)


def logged(module: Path) -> Iterator[tuple[str, str, str]]:
    """Return logger, level and message of every call of `_log` in a module."""
    text = module.read_text(encoding="utf-8")
    found = re.search(r'^_log = logging.getLogger\("([\w.]+)"\)$', text, re.MULTILINE)
    name = found[1] if found else "a logger without a name of its own"
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("_log"), attr=level), args=[ast.Constant(str(template)), *_]
            ):
                yield name, "ERROR" if level == "exception" else level.upper(), values_as_dots(template)
            case ast.Call(func=ast.Attribute(ast.Name("_log"), "log"), args=[_, ast.Constant(str(template)), *_]):
                yield name, "WARNING", values_as_dots(template)  # or a lower level, which is computed


def test_every_log_record_is_in_the_reference_and_no_other() -> None:
    said = [(code(row["Logger"]), row["Level"], code(row["Message"])) for row in rows(read("log-records.md"), "Logger")]
    modules = [path for source in SOURCES for path in source.rglob("*.py")]
    written = {record for module in modules for record in logged(module)}

    assert sorted(said) == sorted(written)


def with_dots(line: ast.expr) -> str:
    parts = line.values if isinstance(line, ast.JoinedStr) else [line]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def test_every_line_of_advice_at_start_up_is_in_the_reference_and_no_other() -> None:
    said = [code(row["Line"]) for row in rows(read("log-records.md"), "Line")]
    (source,) = ROOT.glob("packages/*/src/flask_cognito/config/advice.py")
    functions = {node.name: node for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
    written = [
        with_dots(node.value) for node in ast.walk(functions["advice"]) if isinstance(node, ast.Yield) and node.value
    ]

    assert sorted(said) == sorted(written)


# Commands


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    return dict(commands.choices)


def test_every_command_is_in_the_reference_and_no_other() -> None:
    said = [" ".join(code(row["Command"]).split()[:3]) for row in rows(read("command-line.md"), "Command")]
    of_the_core = [f"cognito-jwt {name}" for name in commands_of(core_commands())]
    of_flask = [f"flask cognito {name}" for name in flask_commands.commands]

    assert sorted(name.removesuffix(" TOKEN").removesuffix(" USER_POOL_ID") for name in said) == sorted(
        of_the_core + of_flask
    )


def test_every_option_is_in_the_reference_and_no_other() -> None:
    said = {
        (code(row["Option"]), command)
        for row in rows(read("command-line.md"), "Option")
        for command in (("explain", "jwks", "doctor") if row["Of"] == "all" else re.findall(r"`(\w+)`", row["Of"]))
    }
    options = {
        (option, name)
        for name, parser in commands_of(core_commands()).items()
        for action in parser._actions  # noqa: SLF001  argparse has no other way to ask
        for option in action.option_strings
    }

    assert said == options - {(help_, name) for help_ in ("-h", "--help") for _, name in options}


# Public names


def described(site: Path, module: str) -> set[str]:
    """The names of a module that the built reference has a place for; others are listed there as well, as aliases."""
    *_, body = (site / "objects.inv").read_bytes().split(b"\n", 4)
    found = set()
    for line in zlib.decompress(body).decode().splitlines():
        name, _, _, uri, _ = line.split(maxsplit=4)
        owner, _, own = name.rpartition(".")
        if owner == module and uri.endswith(("#$", f"#{name}")):
            found.add(own)
    return found


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_every_public_name_is_described_and_no_other(name: str, site: Path) -> None:
    public = {one for one in importlib.import_module(name).__all__ if not one.startswith("_")}

    assert described(site, name) - {module.rpartition(".")[2] for module in PUBLIC_MODULES} == public


def test_every_name_kept_from_1_x_is_on_the_page_about_the_move() -> None:
    page = (ROOT / "docs" / "how-to" / "migrate-from-1x.md").read_text(encoding="utf-8")

    for name in importlib.import_module("flask_cognito").__all__:
        if name.startswith("_") or name == "CognitoJWTException":
            assert f"`{name}`" in page, name
