"""Verifies on a system without fork, as Windows is one. Called with the path of the keys, the pool's id and a token."""

import os
import sys

for name in ("fork", "register_at_fork"):
    delattr(os, name)

from cognito_jwt_core import CognitoVerifier  # noqa: E402  on that system

path, pool_id, token = sys.argv[1:]

CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=path).verify(token)
