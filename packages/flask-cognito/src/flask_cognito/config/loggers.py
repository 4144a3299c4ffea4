"""Find loggers that the app has disabled, probably without knowing."""

from __future__ import annotations

import logging

_LOGGERS = (
    "flask_cognito.config",
    "flask_cognito.refusals",
    "flask_cognito.sign_in",
    "cognito_jwt_core.keys",
    "cognito_jwt_core.oauth",
    "cognito_jwt_core.revocations",
)


def disabled_loggers() -> str:
    """Return a sentence about disabled loggers, or an empty text.

    By default, `logging.config` disables every logger that exists, such as those of the packages that an app imports
    before it configures its logging.
    """
    manager = logging.root.manager
    found = [name for name in _LOGGERS if getattr(manager.loggerDict.get(name), "disabled", False)]
    if not found:
        return ""
    return (
        f"these loggers are disabled, so warnings about the setup are lost: {', '.join(found)};"
        " write disable_existing_loggers=False into the configuration of logging.config"
    )
