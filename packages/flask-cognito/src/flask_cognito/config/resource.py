"""Build an app's protected resource metadata from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_jwt_core import ConfigurationError, MultiPoolVerifier

if TYPE_CHECKING:
    from cognito_jwt_core import ResourceMetadata

    from flask_cognito.config.settings import Settings
    from flask_cognito.config.verifiers import Verifier


def resource_metadata(settings: Settings, verifier: Verifier) -> ResourceMetadata | None:
    """Return the metadata of an app with COGNITO_RESOURCE, or None.

    Raises:
        ConfigurationError: If the identifier is invalid.
    """
    if settings.resource is None:
        return None
    from cognito_jwt_core import ResourceMetadata  # imports `requests`, which few apps need at start-up

    verifiers = verifier.verifiers if isinstance(verifier, MultiPoolVerifier) else (verifier,)
    is_bearer = settings.jwt_header_name.lower() == "authorization" and "bearer" in settings.schemes
    try:
        return ResourceMetadata(
            settings.resource,
            [one.user_pool for one in verifiers],
            settings.resource_scopes,
            bearer_methods_supported=("header",) if is_bearer and "header" in settings.locations else (),
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"COGNITO_RESOURCE: {error}") from error
