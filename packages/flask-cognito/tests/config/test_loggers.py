"""The dictionary of Flask's own documentation disables the loggers of everything that was imported before."""

import logging
import logging.config
from collections.abc import Callable, Iterator

import pytest
from flask import Flask


@pytest.fixture
def only_root() -> Iterator[None]:
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    were_disabled = [each.disabled for each in loggers]
    for each in loggers:
        each.disabled = each.name.startswith(("flask_cognito.", "cognito_jwt_core."))
    yield
    for each, was_disabled in zip(loggers, were_disabled, strict=True):
        each.disabled = was_disabled


@pytest.mark.usefixtures("only_root")
def test_disabled_loggers_are_told_to_the_apps_own(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(COGNITO_CHECK_TOKEN_EXPIRATION=False)

    for _ in range(2):
        app.test_client().get("/open")

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("app", logging.WARNING)
    assert "flask_cognito.config" in record.getMessage()
    assert "disable_existing_loggers=False" in record.getMessage()


@pytest.mark.usefixtures("only_root")
def test_disabled_loggers_are_told_by_check(make_app: Callable[..., Flask]) -> None:
    output = make_app().test_cli_runner().invoke(args=["cognito", "check"]).output

    assert "warning           these loggers are disabled" in output


def test_others_are_not(make_app: Callable[..., Flask]) -> None:
    assert "disabled" not in make_app().test_cli_runner().invoke(args=["cognito", "check"]).output
