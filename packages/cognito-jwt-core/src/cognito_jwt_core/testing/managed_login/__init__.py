"""A managed login on loopback: Cognito's sign-in page and OAuth 2.0 endpoints, with the rules that AWS documents."""

from cognito_jwt_core.testing.managed_login.login import LocalManagedLogin

__all__ = ["LocalManagedLogin"]
