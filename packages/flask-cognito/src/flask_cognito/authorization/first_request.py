"""Check an app's set-up at its first request, when Flask's own set-up has ended."""

from __future__ import annotations

import logging
from itertools import chain

from cognito_jwt_core import ConfigurationError
from flask import Flask

from flask_cognito.authorization.decorators import is_decorator, verify_cognito_jwt
from flask_cognito.authorization.misplaced import misplaced_in
from flask_cognito.authorization.route_demand import require_no_contradiction
from flask_cognito.config.advice import changed_keys
from flask_cognito.config.loggers import disabled_loggers
from flask_cognito.state import app_state, the_current_app

_log = logging.getLogger("flask_cognito.config")

_LOOKED = "cognito_auth.looked_at_routes"
_WARNED = "cognito_auth.warned_of_set_up"


def check_set_up() -> None:
    """Run as the app's first ``before_request`` function. Check at the first request, and again if views were added.

    Raises:
        ConfigurationError: If a hook is a decorator, or a route contradicts the app's requirements. Each request
            raises this until it is fixed.
    """
    app = the_current_app()
    if not app.extensions.get(_WARNED):
        app.extensions[_WARNED] = True
        _warn_of_set_up(app)
    count = len(app.view_functions)
    if app.extensions.get(_LOOKED) != count:
        misplaced_in(app)
        _require_hooks(app)
        # A context in a test or script may have asked earlier, while the app was still being set up.
        app_state().route_demands.clear()
        require_no_contradiction(app)
        app.extensions[_LOOKED] = count


def _warn_of_set_up(app: Flask) -> None:
    if disabled := disabled_loggers():
        app.logger.warning(disabled)
    changed = changed_keys(app_state().read, app.config)
    if changed:
        _log.warning("CognitoAuth had read the configuration before these keys changed, without effect: %s", changed)


def _require_hooks(app: Flask) -> None:
    """Require that no decorator has been registered in place of a function that it decorates.

    Raises:
        ConfigurationError: If one has. The app could answer no request.
    """
    for hook in chain.from_iterable(app.before_request_funcs.values()):
        if hook is verify_cognito_jwt or is_decorator(hook):
            raise ConfigurationError(
                f"before_request: expected a function, found {hook.__name__} of flask-cognito itself;"
                " call cogauth.protect(app), or decorate a function of your own"
            )
