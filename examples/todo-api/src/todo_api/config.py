"""The settings of one app, read from environment variables."""

from collections.abc import Mapping

from cognito_jwt_core import RevocationList

DEFAULT_DATABASE_URL = "sqlite:///todo.db"  # a relative file lies in the app's instance folder
MAX_BODY_BYTES = 64 * 1024

OPTIONAL_KEYS = (
    "SECRET_KEY",
    "COGNITO_ISSUER",
    "COGNITO_JWKS_URI",
    "COGNITO_BUNDLED_JWKS",
    "COGNITO_DOMAIN",
    "COGNITO_CLIENT_SECRET",
    "COGNITO_REDIRECT_URI",
    "COGNITO_LOGOUT_URI",
    "COGNITO_RESOURCE",
)
# What clients of 1.x never had to get right. With COGNITO_REPORT_ONLY it is logged at first, and enforced later.
REPORTED = ("token_use", "client", "audience")


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the Flask configuration that the environment variables ask for."""
    return {
        "COGNITO_REGION": environ.get("COGNITO_REGION", ""),
        "COGNITO_USERPOOL_ID": environ.get("COGNITO_USERPOOL_ID", ""),
        # An unset variable becomes "", which the extension refuses: the API never takes tokens of just any app client.
        "COGNITO_APP_CLIENT_ID": environ.get("COGNITO_APP_CLIENT_ID", ""),
        "COGNITO_TOKEN_USE": "access",
        **{key: environ[key] for key in OPTIONAL_KEYS if environ.get(key)},
        "COGNITO_ALLOW_HTTP_JWKS": is_on(environ, "COGNITO_ALLOW_HTTP_JWKS"),
        **({"COGNITO_REPORT_ONLY": REPORTED} if is_on(environ, "COGNITO_REPORT_ONLY") else {}),
        **session_lifetime(environ.get("COGNITO_SESSION_LIFETIME")),
        **sessions_and_revocations(environ.get("REDIS_URL")),
        "SQLALCHEMY_DATABASE_URI": environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
    }


def is_on(environ: Mapping[str, str], name: str) -> bool:
    """Return whether a variable switches something on."""
    return environ.get(name, "").lower() in ("1", "true")


def session_lifetime(seconds: str | None) -> dict[str, object]:
    """Return how long a user stays signed in, if it is set. The extension refuses anything but a number, by name."""
    return {"COGNITO_SESSION_LIFETIME": int(seconds) if seconds.isdecimal() else seconds} if seconds else {}


def sessions_and_revocations(redis_url: str | None) -> dict[str, object]:
    """Return where sessions and revoked tokens are kept: in Redis, or in cookies and in this process."""
    if not redis_url:
        return {"COGNITO_REVOCATIONS": RevocationList()}
    from cognito_jwt_core.redis import RedisRevocations

    return {
        "COGNITO_SESSION_STORE": redis_url,
        "COGNITO_REVOCATIONS": RevocationList(RedisRevocations(redis_url)),
    }
