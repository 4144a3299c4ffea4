"""Sign users in with Amazon Cognito's managed login: the OAuth 2.0 authorization code flow with PKCE."""

from cognito_jwt_core.oauth.authorization_request import AuthorizationRequest
from cognito_jwt_core.oauth.client import OAuthClient
from cognito_jwt_core.oauth.token_set import TokenIdentity, TokenSet

__all__ = ["AuthorizationRequest", "OAuthClient", "TokenIdentity", "TokenSet"]
