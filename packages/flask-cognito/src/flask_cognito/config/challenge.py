"""`Challenge`: the app's values for ``WWW-Authenticate``."""

from __future__ import annotations

from typing import NamedTuple

from cognito_jwt_core import Answer, CognitoJWTError, answer_for

from flask_cognito.config.values import Names


class Challenge(NamedTuple):
    """The app's values for a challenge. They contain nothing from a request.

    Attributes:
        realm: The realm; None for the core's default.
        resource_metadata: URL of the protected resource metadata; None if the app has none.
        scopes: Scopes that a client without a token should request.
    """

    realm: str | None = None
    resource_metadata: str | None = None
    scopes: Names = ()

    def answer_for(self, error: CognitoJWTError | None) -> Answer:
        """Return the response to an error of the core, with this challenge."""
        return answer_for(error, realm=self.realm, resource_metadata=self.resource_metadata, scope=self.scopes)
