"""The security schemes of an app for an OpenAPI document."""

from __future__ import annotations

from flask import Flask

from flask_cognito.config.settings import Settings
from flask_cognito.state import app_state


def openapi_security_schemes(app: Flask) -> dict[str, dict[str, str]]:
    """Return the app's security schemes by name.

    They are ``cognito`` for the header, ``cognito_cookie`` for a cookie with a token, and ``cognito_session`` for the
    session cookie of `CognitoSignIn`. Each is a Security Scheme Object (OpenAPI 3.1 section 4.8.27). For apispec and
    flask-smorest, use:

    ```python
    for name, scheme in openapi_security_schemes(app).items():
        api.spec.components.security_scheme(name, scheme)
    ```

    With APIFlask, use ``app.security_schemes = openapi_security_schemes(app)``. Mark each protected operation with
    ``@blp.doc(security=[{"cognito": []}])``.

    Raises:
        RuntimeError: If the app has no `CognitoAuth`.
    """
    with app.app_context():
        state = app_state()
    settings = state.settings
    schemes = {
        "header": ("cognito", _header(settings)),
        "cookie": ("cognito_cookie", _cookie(settings.jwt_cookie_name)),
    }
    if state.sessions is not None:
        schemes["session"] = ("cognito_session", _cookie(state.sessions.cookie_name))
    return dict(schemes[location] for location in settings.locations if location in schemes)


def _header(settings: Settings) -> dict[str, str]:
    prefix = settings.jwt_header_prefixes[0]
    if settings.jwt_header_name.lower() == "authorization" and prefix.lower() == "bearer":
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    value = f"{prefix} and the token, with a space between them." if prefix else "The token."
    return {"type": "apiKey", "in": "header", "name": settings.jwt_header_name, "description": value}


def _cookie(name: str) -> dict[str, str]:
    return {"type": "apiKey", "in": "cookie", "name": name}
