"""The settings of one app, read from environment variables."""

from collections.abc import Mapping

DEFAULT_DATABASE_URL = "sqlite:///todo.db"  # a relative file lies in the app's instance folder
MAX_BODY_BYTES = 64 * 1024

OPTIONAL_COGNITO_KEYS = ("COGNITO_ISSUER", "COGNITO_JWKS_URI", "COGNITO_BUNDLED_JWKS")


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the Flask configuration that the environment variables ask for."""
    return {
        "COGNITO_REGION": environ.get("COGNITO_REGION", ""),
        "COGNITO_USERPOOL_ID": environ.get("COGNITO_USERPOOL_ID", ""),
        # An unset variable becomes "", which the extension refuses: the API never takes tokens of just any app client.
        "COGNITO_APP_CLIENT_ID": environ.get("COGNITO_APP_CLIENT_ID", ""),
        "COGNITO_TOKEN_USE": "access",
        **{key: environ[key] for key in OPTIONAL_COGNITO_KEYS if environ.get(key)},
        # Where the page signs in. The variable is that of the AWS SDKs, for a Cognito that is elsewhere.
        "SIGN_IN_URL": environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER")
        or f"https://cognito-idp.{environ.get('COGNITO_REGION')}.amazonaws.com/",
        "SQLALCHEMY_DATABASE_URI": environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
    }
