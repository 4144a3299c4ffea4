import pytest
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import verifier_of


@pytest.fixture
def verifier(pool: LocalUserPool, server: JWKSServer) -> CognitoVerifier:
    """A verifier that has fetched its keys from the server."""
    verifier = verifier_of(pool, server.url)
    verifier.prefetch()
    return verifier
